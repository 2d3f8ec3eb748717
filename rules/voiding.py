"""Which receipt of ours may be voided: no cash ever moved for it, and neither a deposit nor a closed month holds it. Pure."""

from __future__ import annotations

from receivables.books_records import Receipt
from receivables.evidence import Evidence
from receivables.payment import FeedStatus
from rules.reading import Reading


def kept_by_the_books(receipt: Receipt, evidence: Evidence) -> str:
    """Why the books must keep a receipt as it is, in words that follow "it is"; "" where they need not."""
    through = evidence.settings.closed_through
    if receipt.deposited:
        return "in a bank deposit"
    return "dated in a closed period" if through is not None and receipt.received_on <= through else ""


def voidable(reading: Reading) -> tuple[Receipt, ...]:
    """Our receipts that may be voided: of money that never came all that are free; of one payment recorded twice the second.

    The one that stays is deposited, or else the one that we recorded; of two that are deposited neither is a double.
    """
    evidence = reading.evidence
    free = [receipt for receipt in reading.marked if not kept_by_the_books(receipt, evidence)]
    if evidence.payment.status is FeedStatus.FAILED:
        return tuple(free) if len(free) == len(reading.marked) else ()
    if not reading.paid or not reading.doubled:
        return ()
    recorded = {part.source.document_id for part in reading.parts}
    copies = [receipt for receipt in free if receipt.id not in recorded]
    staying = sum(receipt.amount_minor for receipt in reading.marked if receipt not in copies)
    return tuple(copies) if staying == evidence.payment.amount_minor else ()
