"""Receipts that somebody entered in the books by hand: how likely each is to be the money of this payment.

All amounts are minor units. A receipt is dated by whoever enters it, so its day is a hint; the moment at which it
was entered is the books' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from receivables.books_records import Receipt
from receivables.evidence import Evidence, ReceiptEvidence
from receivables.money import LEAST_FEE_MINOR
from receivables.payment import Payment
from receivables.words import day_of
from rules import matching
from rules.matching import Score, Signal
from rules.ties import Reference, Tie, sought, tie


class Standing(StrEnum):
    """How a receipt is applied to the invoices of the payment."""

    EXACTLY = "exactly"  # on all of them, for the allocated amounts, and on nothing else
    PARTLY = "partly"
    NOT = "not"


class Form(StrEnum):
    """What a receipt entered by hand would be of the payment."""

    WHOLE = "whole"
    INSTALLMENT = "installment"  # its amount on its invoices, which have room for both
    LESS_FEE = "less_fee"
    SEVERAL = "several"  # larger: several payments in one
    PART = "part"
    OTHER_CURRENCY = "other_currency"


class Elsewhere(StrEnum):
    """Where it is recorded, if not where the payment belongs."""

    INVOICE = "invoice"
    CUSTOMER = "customer"
    NOWHERE = ""


@dataclass(frozen=True)
class ReceiptReading:
    """One receipt of the evidence. `score` says how strongly it belongs to the payment (`matching`)."""

    source: ReceiptEvidence
    tie: Tie
    by_hand: bool  # counts, without a marker of ours, of the payment's customer and currency
    standing: Standing
    days_apart: int
    entered_after: bool  # into the books, after the customer paid
    score: Score
    form: Form
    elsewhere: Elsewhere
    named: bool  # by hand, for whatever customer and currency, with the payment's long number in a text
    telling: bool  # leaves no doubt, if no other receipt competes
    whole: bool  # could be the whole payment: its amount and currency, not yet the proof of another
    less: bool  # for less than was paid, by as much as a fee may be
    less_fee: bool  # nearly the payment's amount, and named or on nothing but its invoices
    covers: bool  # larger than the payment, and named or standing on all its invoices for the allocated amounts
    part: bool  # smaller, free, and named: several may add up to the payment
    alone_on: str  # the one invoice of the payment it was entered for, amount for amount, or ""
    suspect: bool  # may be this money in any way: then nothing is posted on a guess

    @property
    def of_other_payment(self) -> bool:
        """A living receipt that we recorded for another payment."""
        return self.source.ours and not self.source.this_payment and not self.source.receipt.voided

    @property
    def by_text(self) -> bool:
        """A text of it says that it is or may be this payment, and not all of it stands for dismissed ones."""
        return self.suspect and self.tie.reference is not Reference.NONE and self.source.free_minor > 0

    @property
    def otherwise(self) -> bool:
        """It names the payment, and is neither all of it nor explained by a fee or by other payments in it."""
        return self.named and not (self.whole or self.less_fee or self.covers)

    @property
    def receipt(self) -> Receipt:
        return self.source.receipt


def distinct(receipts: tuple[ReceiptEvidence, ...]) -> list[ReceiptEvidence]:
    """Each receipt once, in the order of ids; of two accounts of one receipt the more cautious."""
    cautious = sorted(receipts, key=lambda r: (r.receipt.id, not r.this_payment, not r.ours, -r.claimed_minor, r.receipt.version))
    found: dict[str, ReceiptEvidence] = {}
    for receipt in cautious:
        found.setdefault(receipt.receipt.id, receipt)
    return list(found.values())


def totals(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """What is applied to each invoice, in minor units, without those where it adds up to nothing."""
    sums: dict[str, int] = {}
    for invoice_id, amount_minor in pairs:
        sums[invoice_id] = sums.get(invoice_id, 0) + amount_minor
    return {invoice_id: amount_minor for invoice_id, amount_minor in sums.items() if amount_minor}


def lines_of(receipt: Receipt) -> dict[str, int]:
    """What of the receipt is applied to each invoice, in minor units."""
    return totals((line.invoice_id, line.amount_minor) for line in receipt.lines)


def read_receipts(evidence: Evidence, needs: Mapping[str, int], room: bool) -> tuple[ReceiptReading, ...]:
    """Every receipt of the evidence. `needs` is what the payment means for each of its invoices, in minor units; `room`
    says that all of them are open for that much.
    """
    of, paid_on = sought(evidence), day_of(evidence.payment.paid_at, ZoneInfo(evidence.time_zone))
    found = tuple(
        _read_receipt(source, evidence, needs, room, tie(source.receipt, of, source.rivals), paid_on)
        for source in distinct(evidence.receipts)
    )
    parts = split(found, evidence.payment.amount_minor)
    return tuple(replace(receipt, suspect=True) if receipt in parts else receipt for receipt in found)


def split(receipts: Sequence[ReceiptReading], amount_minor: int) -> tuple[ReceiptReading, ...]:
    """The receipts that name the payment in part and together are all of it, in minor units; none where they are not."""
    parts = tuple(receipt for receipt in receipts if receipt.part)
    return parts if len(parts) > 1 and sum(part.receipt.amount_minor for part in parts) == amount_minor else ()


def _read_receipt(
    source: ReceiptEvidence, evidence: Evidence, needs: Mapping[str, int], room: bool, tied: Tie, paid_on: date
) -> ReceiptReading:
    receipt, payment = source.receipt, evidence.payment
    counts = not (source.ours or source.this_payment or receipt.voided or source.other_money)
    stands_on = lines_of(receipt)
    # A parent's receipt on the invoice of its job or branch counts as the customer's: it took what the invoice had open.
    same_customer = is_customers(receipt.customer_id, evidence) or any(invoice_id in needs for invoice_id in stands_on)
    same_currency = receipt.currency == payment.currency
    by_hand = counts and same_customer and same_currency
    named = counts and tied.telling
    # A short number is an invoice's or a check's as well: it counts beside the amount, not by itself.
    mentioned = counts and same_currency and tied.reference is not Reference.NONE and source.free_minor > 0
    standing = Standing.NOT
    if any(invoice_id in needs for invoice_id in stands_on):
        standing = Standing.EXACTLY if stands_on == needs else Standing.PARTLY
    days_apart = abs((receipt.received_on - paid_on).days)
    entered_after = receipt.created.at >= payment.paid_at
    score = matching.score(_signals(source, evidence, tied, standing, days_apart, entered_after))
    equal = receipt.amount_minor == payment.amount_minor
    near = matching.is_near_amount(receipt.amount_minor, payment.amount_minor) and not source.claimed_minor
    near_here = by_hand and near and entered_after and set(stands_on) <= set(needs)
    covers = same_currency and _covers(source, evidence, needs, stands_on, named=named, by_hand=by_hand)
    alone_on = _alone_on(source, needs, stands_on) if by_hand else ""
    whole = same_currency and equal and source.free_minor >= payment.amount_minor and (by_hand or named or mentioned)
    resembles = (
        (equal and (standing is not Standing.NOT or receipt.unapplied_minor > 0))
        or (standing is not Standing.NOT and entered_after and (near_here or not room))
        or covers
        or bool(alone_on)
    )
    # An earlier installment of an invoice that has room for both is other money.
    earlier = room and not entered_after and days_apart > matching.FAR_DAYS
    return ReceiptReading(
        source,
        tied,
        by_hand,
        standing,
        days_apart,
        entered_after,
        score,
        _form(receipt, payment, installment=by_hand and standing is not Standing.NOT and room and not tied.to_cash),
        _elsewhere(same_customer=same_customer, other_invoices=standing is Standing.NOT and bool(stands_on)),
        named,
        telling=whole and score.points >= matching.RECEIPT_CERTAIN and tied.to_cash and not (tied.contested or tied.against),
        whole=whole,
        less=payment.amount_minor - receipt.amount_minor >= LEAST_FEE_MINOR,
        less_fee=same_currency and near and (named or (mentioned and same_customer) or (near_here and not source.names_payment)),
        covers=covers,
        part=(named or (mentioned and same_customer))
        and same_currency
        and not source.claimed_minor
        and receipt.amount_minor < payment.amount_minor,
        alone_on=alone_on,
        suspect=named
        or (mentioned and (equal or (near and same_customer)))
        or (by_hand and source.free_minor > 0 and resembles and not earlier),
    )


def _form(receipt: Receipt, payment: Payment, *, installment: bool) -> Form:
    if receipt.currency != payment.currency:
        return Form.OTHER_CURRENCY
    if receipt.amount_minor == payment.amount_minor:
        return Form.INSTALLMENT if installment else Form.WHOLE
    if matching.is_near_amount(receipt.amount_minor, payment.amount_minor):
        return Form.LESS_FEE
    return Form.SEVERAL if receipt.amount_minor > payment.amount_minor else Form.PART


def _elsewhere(*, same_customer: bool, other_invoices: bool) -> Elsewhere:
    if not same_customer:
        return Elsewhere.CUSTOMER
    return Elsewhere.INVOICE if other_invoices else Elsewhere.NOWHERE


def is_customers(customer_id: str, evidence: Evidence) -> bool:
    """Whether this is the payment's customer, or one that it was merged into: the books move documents along."""
    customer, remaining = evidence.customer, evidence.merged_into
    if customer is None:
        return False
    return customer_id in {customer.id, customer.merged_into or customer.id, remaining.id if remaining else customer.id}


def _signals(
    source: ReceiptEvidence,
    evidence: Evidence,
    tied: Tie,
    standing: Standing,
    days_apart: int,
    entered_after: bool,
) -> list[Signal]:
    """What speaks for and against this receipt being the payment; nothing speaks against its own long number."""
    receipt, payment = source.receipt, evidence.payment
    found = [Signal.ENTERED_AFTER] if entered_after else [] if tied.telling else [Signal.ENTERED_BEFORE]
    if receipt.amount_minor == payment.amount_minor:
        found.append(Signal.AMOUNT_EQUAL)
    if tied.reference is not Reference.NONE:
        found.append(Signal.REFERENCE_EQUAL if tied.to_cash else Signal.REFERENCE_CONTAINED)
    elif source.names_payment:
        found.append(Signal.REFERENCE_OF_ANOTHER)
    if standing is Standing.EXACTLY:
        found.append(Signal.STANDS_EXACTLY)
    elif standing is Standing.PARTLY or receipt.unapplied_minor > 0:
        found.append(Signal.STANDS_BESIDE)
    elif not tied.telling:
        found.append(Signal.STANDS_ELSEWHERE)
    if days_apart <= matching.NEAR_DAYS:
        found.append(Signal.DATED_NEAR)
    elif days_apart > matching.FAR_DAYS and not tied.telling:
        found.append(Signal.DATED_FAR)
    if receipt.method.strip().casefold() == payment.method.strip().casefold():
        found.append(Signal.METHOD_EQUAL)
    return found


def _covers(
    source: ReceiptEvidence,
    evidence: Evidence,
    needs: Mapping[str, int],
    stands_on: Mapping[str, int],
    *,
    named: bool,
    by_hand: bool,
) -> bool:
    """One check for several payments, entered as one receipt; enough of it must be unclaimed."""
    payment, receipt = evidence.payment, source.receipt
    if receipt.amount_minor <= payment.amount_minor or source.free_minor < payment.amount_minor:
        return False
    if named and not matching.is_near_amount(receipt.amount_minor, payment.amount_minor):
        return True
    return (
        by_hand
        and bool(needs)
        and receipt.unapplied_minor >= payment.on_account_minor
        and all(stands_on.get(invoice_id) == need_minor for invoice_id, need_minor in needs.items())
    )


def _alone_on(source: ReceiptEvidence, needs: Mapping[str, int], stands_on: Mapping[str, int]) -> str:
    """The invoice of one of several receipts, one for each invoice, that record one payment; or ""."""
    if len(stands_on) != 1 or source.free_minor < source.receipt.amount_minor:
        return ""
    ((invoice_id, amount_minor),) = stands_on.items()
    return invoice_id if needs.get(invoice_id) == amount_minor == source.receipt.amount_minor else ""
