"""What stands in the way of posting a payment as it is: the one answer, for whoever is about to post and for the rules.

It needs nothing that only a diagnosis reads (credits, successors, other payments), so that posting and diagnosing a
payment never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from receivables.books_records import Gone, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Fact, Money
from receivables.effects import LIVE_STATES
from receivables.evidence import BindingProblem, Evidence, PostedPart
from receivables.words import Words
from rules import fact_kinds, observations, ours
from rules.invoice_lines import Flaw, LineReading
from rules.kinds import fact_sentence
from rules.reading import CustomerState, Reading, read


class InTheWay(StrEnum):
    """The kinds of obstacles. They are stored with failures and attempts: the names are stable for ever."""

    UNREAD = "unread"
    PAYMENT_RETURNED = "payment_returned"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_CHARGED_BACK = "payment_charged_back"
    PAYMENT_FAILED = "payment_failed"
    ALREADY_POSTED = "already_posted"
    TWIN = "twin"
    NO_CUSTOMER = "no_customer"
    CUSTOMER_CHANGED = "customer_changed"
    CUSTOMER_INACTIVE = "customer_inactive"
    NO_SUCH_INVOICE = "no_such_invoice"
    ONLY_NEWER = "only_newer"
    SEVERAL_INVOICES = "several_invoices"
    SEVERAL_CUSTOMERS = "several_customers"
    NO_SUCH_CUSTOMER = "no_such_customer"
    INVOICE_GONE = "invoice_gone"
    INVOICE_VOIDED = "invoice_voided"
    INVOICE_DRAFT = "invoice_draft"
    CURRENCY_MISMATCH = "currency_mismatch"
    SHORT = "short"
    PERIOD_CLOSED = "period_closed"
    RECEIPT_FOUND = "receipt_found"
    RECEIPT_VANISHED = "receipt_vanished"


#: What no person's decision about receipts, invoices or amounts sets aside: the books cannot or must not take a receipt.
NOBODY_DECIDES = frozenset(
    {
        InTheWay.UNREAD,
        InTheWay.PAYMENT_RETURNED,
        InTheWay.PAYMENT_REFUNDED,
        InTheWay.PAYMENT_CHARGED_BACK,
        InTheWay.PAYMENT_FAILED,
        InTheWay.ALREADY_POSTED,
        InTheWay.TWIN,  # but the one that says that it is none
        InTheWay.NO_CUSTOMER,
        InTheWay.CUSTOMER_CHANGED,
        InTheWay.CUSTOMER_INACTIVE,
        InTheWay.CURRENCY_MISMATCH,
        InTheWay.PERIOD_CLOSED,
        InTheWay.RECEIPT_FOUND,  # but the one that says that it is other money
    }
)


@dataclass(frozen=True)
class Obstacle:
    """Why a payment may not be posted as it is. `receipt_id` is the receipt in the books that it is about, if any."""

    code: InTheWay
    fact: Fact
    receipt_id: str = ""

    def sentence(self, words: Words) -> str:
        """It in words, for people."""
        return fact_sentence(self.fact, words)


def obstacles(of: Evidence | Reading) -> tuple[Obstacle, ...]:
    """Everything in the way, worst first; none means that it may be posted. Pure."""
    reading = of if isinstance(of, Reading) else read(of)
    return tuple(dict.fromkeys(Obstacle(code, fact(), receipt_id) for code, fact, receipt_id in _all(reading)))


def in_the_way(reading: Reading) -> frozenset[InTheWay]:
    """The kinds of everything in the way, for whoever needs no facts. Pure."""
    return frozenset(code for code, _, _ in _all(reading))


#: The kind of an obstacle, what makes its fact, and the receipt that it is about, if any.
_Found = tuple[InTheWay, Callable[[], Fact], str]


def _all(reading: Reading) -> Iterator[_Found]:
    evidence = reading.evidence
    for what in sorted(set(evidence.unread)):
        yield InTheWay.UNREAD, partial(fact_kinds.not_read, what=what), ""
    if not reading.paid:
        yield InTheWay(f"payment_{evidence.payment.status}"), lambda: observations.money_back(reading)[0], ""
    yield from _posted(reading)
    for before in reading.evidence.twins:
        yield InTheWay.TWIN, partial(observations.twin, before), ""
    yield from _customer(reading)
    lines = [(_code(line), line) for line in reading.lines if line.flaw is not Flaw.FITS]
    for code, line in sorted(lines, key=lambda found: found[0] is InTheWay.SHORT):  # what is wrong with an invoice itself first
        yield code, partial(observations.state, reading, line), ""
    if evidence.received_on_closed:
        yield InTheWay.PERIOD_CLOSED, lambda: observations.period(reading)[0], ""
    for found in reading.suspects:
        yield InTheWay.RECEIPT_FOUND, partial(observations.hand_receipt, found), found.receipt.id
    for gone in reading.evidence.vanished:
        yield InTheWay.RECEIPT_VANISHED, partial(observations.vanished, gone), gone.receipt.id


def _posted(reading: Reading) -> Iterator[_Found]:
    """A receipt of ours that is in the books, or may be, or is about to be."""
    for receipt in reading.marked:
        yield InTheWay.ALREADY_POSTED, partial(ours.receipt, reading, receipt), receipt.id
    for part in reading.evidence.posted:
        if part.state in LIVE_STATES and not isinstance(part.receipt, Receipt | Gone):
            yield InTheWay.ALREADY_POSTED, partial(_may_be_there, reading, part), part.document_id


def _may_be_there(reading: Reading, part: PostedPart) -> Fact:
    label = f"receipt part {part.part}" if not part.document_id else f"receipt {part.document_id}"
    return fact_kinds.outcome_unknown(label, amount=Money(part.amount_minor, reading.evidence.payment.currency))


def _customer(reading: Reading) -> Iterator[_Found]:
    if reading.customer is CustomerState.UNKNOWN:
        if not any(line.source.problem for line in reading.lines):  # they say it better
            yield InTheWay.NO_CUSTOMER, lambda: observations.customer(reading)[0], ""
    elif reading.customer is not CustomerState.READY:
        merged = reading.customer is CustomerState.MERGED
        code = InTheWay.CUSTOMER_CHANGED if merged else InTheWay.CUSTOMER_INACTIVE
        yield code, lambda: observations.customer(reading)[0], ""


_WRONG: Mapping[Flaw, InTheWay] = {
    Flaw.CURRENCY: InTheWay.CURRENCY_MISMATCH,
    Flaw.MOVED: InTheWay.CUSTOMER_CHANGED,
    Flaw.NOT_READY: InTheWay.INVOICE_DRAFT,
}


def _code(line: LineReading) -> InTheWay:
    """What is wrong with an invoice that does not fit."""
    match line.source.invoice:
        case None if line.source.problem is BindingProblem.NONE:
            return InTheWay.UNREAD
        case None if line.source.problem is BindingProblem.ONLY_DRAFT:
            return InTheWay.INVOICE_DRAFT
        case None:
            return InTheWay(line.source.problem.value)
        case Gone():
            return InTheWay.INVOICE_GONE
        case Invoice(status=InvoiceStatus.VOIDED):
            return InTheWay.INVOICE_VOIDED
    return _WRONG.get(line.flaw, InTheWay.SHORT)
