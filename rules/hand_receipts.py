"""Receipts that somebody entered in the books by hand: how likely each is to be the money of this payment.

All amounts are minor units. A receipt is dated by whoever enters it, so its day is a hint; the moment at which it
was entered is the books' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from receivables.books_records import Receipt
from receivables.evidence import Evidence, ReceiptEvidence

NEAR_DAYS = 3  # whoever records a payment by hand dates it within a long weekend of it


class Reference(StrEnum):
    """Whether a receipt's reference names the payment's transaction number."""

    EQUAL = "equal"
    CONTAINED = "contained"
    NONE = "none"


class Standing(StrEnum):
    """How the lines of a receipt lie on the invoices of the payment."""

    EXACTLY = "exactly"  # on all of them, for the allocated amounts, and on nothing else
    PARTLY = "partly"
    NOT = "not"


@dataclass(frozen=True)
class ReceiptReading:
    """One receipt of the evidence. `tie` says how strongly it belongs to the payment: 0 not at all, 4 by reference."""

    source: ReceiptEvidence
    by_hand: bool  # living, without a marker of ours, of the payment's customer and currency
    reference: Reference
    standing: Standing
    days_apart: int
    entered_after: bool  # into the books, after the client paid
    tie: int
    telling: bool  # leaves no doubt, if no other receipt competes
    covers: bool  # larger than the payment and standing on all its invoices for the allocated amounts
    alone_on: str  # the one invoice of the payment it was entered for, amount for amount, or ""
    suspect: bool  # may be this money in any way: then nothing is posted on a guess

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
    """What stands on each invoice, in minor units, without those where it comes to nothing."""
    sums: dict[str, int] = {}
    for invoice_id, amount_minor in pairs:
        sums[invoice_id] = sums.get(invoice_id, 0) + amount_minor
    return {invoice_id: amount_minor for invoice_id, amount_minor in sums.items() if amount_minor}


def lines_of(receipt: Receipt) -> dict[str, int]:
    """What of the receipt stands on each invoice, in minor units."""
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
    days_apart = abs((receipt.received_on - payment.paid_at.date()).days)
    entered_after = receipt.created.at >= payment.paid_at
    tie = _tie(reference, standing, receipt.unapplied_minor)
    covers = by_hand and _covers(source, evidence, needs)
    alone_on = next(iter(stands_on)) if by_hand and _for_one_invoice(source, needs) else ""
    return ReceiptReading(
        source,
        by_hand,
        reference,
        standing,
        days_apart,
        entered_after,
        tie,
        # A receipt that was there before the client paid, or is dated far away, is as well another check of theirs.
        telling=reference is Reference.EQUAL or (standing is Standing.EXACTLY and entered_after and days_apart <= NEAR_DAYS),
        covers=covers,
        alone_on=alone_on,
        suspect=by_hand
        and source.free_minor > 0
        and (
            reference is not Reference.NONE
            or (receipt.amount_minor == payment.amount_minor and tie > 0)
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
    wanted = (evidence.customer.id, evidence.payment.currency)
    return (source.receipt.customer_id, source.receipt.currency) == wanted


def _tie(reference: Reference, standing: Standing, unapplied_minor: int) -> int:
    if reference is Reference.EQUAL:
        return 4
    if standing is Standing.EXACTLY:
        return 3
    if reference is Reference.CONTAINED:
        return 2
    return 1 if standing is Standing.PARTLY or unapplied_minor > 0 else 0


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
