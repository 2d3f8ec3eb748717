"""What stands in the way of posting a payment as it is: the one answer, for whoever is about to post and for the rules.

It needs nothing that only a diagnosis reads (credits, successors, other payments), so that posting and diagnosing a
payment never disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from receivables.books_records import Gone, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Fact, Money
from receivables.effects import LIVE_STATES
from receivables.evidence import BindingProblem, Evidence, PostedPart
from receivables.words import Words
from rules import fact_kinds, observations
from rules.invoice_lines import Flaw, LineReading
from rules.kinds import fact_sentence
from rules.reading import Reading, read


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
    return tuple(dict.fromkeys(_all(reading)))


def _all(reading: Reading) -> Iterator[Obstacle]:
    evidence = reading.evidence
    yield from (Obstacle(InTheWay.UNREAD, fact_kinds.not_read(what=what)) for what in sorted(set(evidence.unread)))
    yield from (Obstacle(InTheWay(f"payment_{evidence.payment.status}"), fact) for fact in observations.money_back(reading))
    yield from _posted(reading)
    yield from (Obstacle(InTheWay.TWIN, observations.twin(before)) for before in reading.evidence.twins)
    yield from _customer(reading)
    lines = [_line(reading, line) for line in reading.lines if line.flaw is not Flaw.FITS]
    yield from sorted(lines, key=lambda obstacle: obstacle.code is InTheWay.SHORT)  # what is wrong with an invoice itself first
    yield from (Obstacle(InTheWay.PERIOD_CLOSED, fact) for fact in observations.period(reading))
    for found in reading.suspects:
        yield Obstacle(InTheWay.RECEIPT_FOUND, observations.hand_receipt(found), found.receipt.id)
    for gone in reading.evidence.vanished:
        yield Obstacle(InTheWay.RECEIPT_VANISHED, observations.vanished(gone), gone.receipt.id)


def _posted(reading: Reading) -> Iterator[Obstacle]:
    """A receipt of ours that is in the books, or may be, or is about to be."""
    for receipt, fact in zip(reading.marked, observations.our_receipts(reading), strict=True):
        yield Obstacle(InTheWay.ALREADY_POSTED, fact, receipt.id)
    for part in reading.evidence.posted:
        if part.state in LIVE_STATES and not isinstance(part.receipt, Receipt | Gone):
            yield Obstacle(InTheWay.ALREADY_POSTED, _may_be_there(reading, part), part.document_id)


def _may_be_there(reading: Reading, part: PostedPart) -> Fact:
    label = f"receipt part {part.part}" if not part.document_id else f"receipt {part.document_id}"
    return fact_kinds.outcome_unknown(label, amount=Money(part.amount_minor, reading.evidence.payment.currency))


def _customer(reading: Reading) -> Iterator[Obstacle]:
    customer = reading.evidence.customer
    facts = observations.customer(reading)
    if customer is None:
        if not any(line.source.problem for line in reading.lines):  # they say it better
            yield Obstacle(InTheWay.NO_CUSTOMER, facts[0])
    elif facts:
        yield Obstacle(InTheWay.CUSTOMER_CHANGED if customer.merged_into else InTheWay.CUSTOMER_INACTIVE, facts[0])


def _line(reading: Reading, line: LineReading) -> Obstacle:
    """What is wrong with an invoice that does not fit."""
    return Obstacle(_code(line), observations.state(reading, line))


_WRONG: Mapping[Flaw, InTheWay] = {
    Flaw.CURRENCY: InTheWay.CURRENCY_MISMATCH,
    Flaw.MOVED: InTheWay.CUSTOMER_CHANGED,
    Flaw.NOT_READY: InTheWay.INVOICE_DRAFT,
}


def _code(line: LineReading) -> InTheWay:
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
