"""Receipts of ours in the books that our rows do not know, as after an older copy of our database was restored. Pure.

They are taken up as after a crash: `posting` plans what the payment would have been posted by as a write that may have reached
the books, and it is looked for there. Receipts that are more, in other parts, or voided wait for a person.
"""

from __future__ import annotations

from collections.abc import Iterable

from receivables.books_records import Receipt
from receivables.effects import marker_stem, markers_in, place_of
from receivables.evidence import Evidence, Vanished
from receivables.payment import FeedStatus
from storage.effects import StoredEffect
from storage.payments import StoredPayment


def generation_in_books(evidence: Evidence) -> int | None:
    """The generation of the receipts that the books hold of a payment and that our rows do not know; None where there are
    none, or where they are more than one for each of its parts.
    """
    unbound = any(not line.invoice_id for line in evidence.lines)
    if unbound or evidence.posted or evidence.payment.status is not FeedStatus.PAID:
        return None
    found = places(evidence)
    generations = {generation for _, generation in found}
    doubled = len({part for part, _ in found}) < len(found)
    return generations.pop() if len(generations) == 1 and not doubled else None


def places(evidence: Evidence) -> list[tuple[int, int]]:
    """Part and generation of each living receipt in the books that carries the payment's own mark."""
    stem = marker_stem(evidence.payment.company, evidence.payment.transaction_number)
    return [
        place_of(mark)
        for found in evidence.receipts
        if found.this_payment and not found.receipt.voided and not found.other_money
        for mark in markers_in(found.receipt.memo)
        if mark.startswith(stem)
    ]


def voided(stored: StoredPayment, carrying: Iterable[Receipt], chain: Iterable[StoredEffect]) -> tuple[Vanished, ...]:
    """Receipts of the payment that our rows do not know and that somebody voided: it is not posted anew by itself."""
    stem, known = marker_stem(stored.payment.company, stored.number), {effect.marker for effect in chain}
    return tuple(
        Vanished(receipt, receipt.changed)
        for receipt in carrying
        if receipt.voided and any(mark.startswith(stem) and mark not in known for mark in markers_in(receipt.memo))
    )
