"""Receipts that somebody entered in the books by hand: how likely each is to be the money of this payment.

All amounts are minor units. A receipt is dated by whoever enters it, so its day is a hint; the moment at which it
was entered is the books' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from receivables.books_records import Receipt
from receivables.evidence import Evidence, ReceiptEvidence
from receivables.words import day_of
from rules import matching
from rules.matching import Score, Signal


class Reference(StrEnum):
    """Whether a receipt's reference names the payment's transaction number."""

    EQUAL = "equal"
    CONTAINED = "contained"
    NONE = "none"


class Standing(StrEnum):
    """How a receipt is applied to the invoices of the payment."""

    EXACTLY = "exactly"  # on all of them, for the allocated amounts, and on nothing else
    PARTLY = "partly"
    NOT = "not"


@dataclass(frozen=True)
class ReceiptReading:
    """One receipt of the evidence. `score` says how strongly it belongs to the payment (`matching`)."""

    source: ReceiptEvidence
    by_hand: bool  # living, without a marker of ours, of the payment's customer and currency
    reference: Reference
    standing: Standing
    days_apart: int
    entered_after: bool  # into the books, after the customer paid
    score: Score
    telling: bool  # leaves no doubt, if no other receipt competes
    less_fee: bool  # nearly the payment's amount, and on nothing but its invoices or on account
    covers: bool  # larger than the payment and standing on all its invoices for the allocated amounts
    alone_on: str  # the one invoice of the payment it was entered for, amount for amount, or ""
    suspect: bool  # may be this money in any way: then nothing is posted on a guess

    @property
    def of_other_payment(self) -> bool:
        """A living receipt that we recorded for another payment."""
        return self.source.ours and not self.source.this_payment and not self.source.receipt.voided

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


def totals(pairs: tuple[tuple[str, int], ...]) -> dict[str, int]:
    """What is applied to each invoice, in minor units, without those where it adds up to nothing."""
    sums: dict[str, int] = {}
    for invoice_id, amount_minor in pairs:
        sums[invoice_id] = sums.get(invoice_id, 0) + amount_minor
    return {invoice_id: amount_minor for invoice_id, amount_minor in sums.items() if amount_minor}


def lines_of(receipt: Receipt) -> dict[str, int]:
    """What of the receipt is applied to each invoice, in minor units."""
    return totals(tuple((line.invoice_id, line.amount_minor) for line in receipt.lines))


def read_receipt(source: ReceiptEvidence, evidence: Evidence, needs: Mapping[str, int]) -> ReceiptReading:
    """`needs` is what the payment means for each of its invoices, in minor units."""
    receipt, payment = source.receipt, evidence.payment
    by_hand = _by_hand(source, evidence)
    stands_on = lines_of(receipt)
    standing = Standing.NOT
    if any(invoice_id in needs for invoice_id in stands_on):
        standing = Standing.EXACTLY if stands_on == needs else Standing.PARTLY
    reference = reference_match(receipt.reference, payment.transaction_number)
    days_apart = abs((receipt.received_on - day_of(payment.paid_at, ZoneInfo(evidence.time_zone))).days)
    entered_after = receipt.created.at >= payment.paid_at
    tied = reference is not Reference.NONE or standing is not Standing.NOT or receipt.unapplied_minor > 0
    score = matching.score(_signals(source, evidence, reference, standing, days_apart, entered_after))
    covers = by_hand and _covers(source, evidence, needs)
    alone_on = next(iter(stands_on)) if by_hand and _for_one_invoice(source, needs) else ""
    return ReceiptReading(
        source,
        by_hand,
        reference,
        standing,
        days_apart,
        entered_after,
        score,
        # One receipt cannot be two payments: where another payment waits for it too, only a reference tells whose it is.
        telling=score.points >= matching.RECEIPT_CERTAIN and (reference is Reference.EQUAL or not source.rivals),
        less_fee=by_hand and entered_after and _less_fee(source, evidence, needs),
        covers=covers,
        alone_on=alone_on,
        suspect=by_hand
        and source.free_minor > 0
        and (
            reference is not Reference.NONE
            or (receipt.amount_minor == payment.amount_minor and tied)
            or (standing is not Standing.NOT and entered_after)
            or covers
            or bool(alone_on)
        ),
    )


def reference_match(reference: str, transaction_number: str) -> Reference:
    """Whether the reference is the transaction number, or contains it as a word of its own; case does not matter."""
    said, wanted = reference.strip().casefold(), transaction_number.strip().casefold()
    if not wanted:
        return Reference.NONE
    if said == wanted:
        return Reference.EQUAL
    start = said.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not said[max(0, start - 1) : start].isalnum() and not said[end : end + 1].isalnum():
            return Reference.CONTAINED
        start = said.find(wanted, start + 1)
    return Reference.NONE


def _by_hand(source: ReceiptEvidence, evidence: Evidence) -> bool:
    if source.ours or source.this_payment or source.receipt.voided or evidence.customer is None:
        return False
    return is_customers(source.receipt.customer_id, evidence) and source.receipt.currency == evidence.payment.currency


def is_customers(customer_id: str, evidence: Evidence) -> bool:
    """Whether this is the payment's customer, or the one that it was merged into: the books move documents along."""
    customer = evidence.customer
    return customer is not None and customer_id in {customer.id, customer.merged_into or customer.id}


def _signals(
    source: ReceiptEvidence,
    evidence: Evidence,
    reference: Reference,
    standing: Standing,
    days_apart: int,
    entered_after: bool,
) -> list[Signal]:
    """What speaks for and against this receipt being the payment."""
    receipt, payment = source.receipt, evidence.payment
    found = [Signal.ENTERED_AFTER if entered_after else Signal.ENTERED_BEFORE]
    if receipt.amount_minor == payment.amount_minor:
        found.append(Signal.AMOUNT_EQUAL)
    if reference is not Reference.NONE:
        found.append(Signal.REFERENCE_EQUAL if reference is Reference.EQUAL else Signal.REFERENCE_CONTAINED)
    elif source.names_payment:
        found.append(Signal.REFERENCE_OF_ANOTHER)
    if standing is Standing.EXACTLY:
        found.append(Signal.STANDS_EXACTLY)
    elif standing is Standing.PARTLY or receipt.unapplied_minor > 0:
        found.append(Signal.STANDS_BESIDE)
    else:
        found.append(Signal.STANDS_ELSEWHERE)
    if days_apart <= matching.NEAR_DAYS:
        found.append(Signal.DATED_NEAR)
    elif days_apart > matching.FAR_DAYS:
        found.append(Signal.DATED_FAR)
    if receipt.method.strip().casefold() == payment.method.strip().casefold():
        found.append(Signal.METHOD_EQUAL)
    return found


def _less_fee(source: ReceiptEvidence, evidence: Evidence, needs: Mapping[str, int]) -> bool:
    """Nearly this payment's amount, unclaimed, and standing on nothing that is not the payment's."""
    receipt = source.receipt
    if source.claimed_minor or source.names_payment:
        return False
    near = matching.is_near_amount(receipt.amount_minor, evidence.payment.amount_minor)
    return near and set(lines_of(receipt)) <= set(needs)


def _covers(source: ReceiptEvidence, evidence: Evidence, needs: Mapping[str, int]) -> bool:
    """One check for several payments, entered as one receipt; enough of it must be unclaimed."""
    payment, stands_on = evidence.payment, lines_of(source.receipt)
    return (
        bool(needs)
        and source.receipt.amount_minor > payment.amount_minor
        and source.free_minor >= payment.amount_minor
        and source.receipt.unapplied_minor >= payment.on_account_minor
        and all(stands_on.get(invoice_id) == need_minor for invoice_id, need_minor in needs.items())
    )


def _for_one_invoice(source: ReceiptEvidence, needs: Mapping[str, int]) -> bool:
    """One payment entered as several receipts, one for each invoice."""
    stands_on = lines_of(source.receipt)
    if len(stands_on) != 1 or source.free_minor < source.receipt.amount_minor:
        return False
    return all(needs.get(key) == amount_minor == source.receipt.amount_minor for key, amount_minor in stands_on.items())
