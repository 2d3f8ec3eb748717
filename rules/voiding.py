"""Which receipt of ours may be voided: no cash ever moved for it, and neither a deposit nor a closed month holds it. Pure.

Of two that are both in bank deposits neither is voided: the bank has the money twice, so they are two payments.
"""

from __future__ import annotations

from collections.abc import Sequence

from receivables.books_records import Receipt
from receivables.effects import OPEN_STATES
from receivables.evidence import Evidence
from receivables.payment import FeedStatus
from rules.reading import Reading


def kept_by_the_books(receipt: Receipt, evidence: Evidence) -> str:
    """Why the books must keep a receipt as it is, in words that follow "it is"; "" where they need not."""
    through = evidence.settings.closed_through
    if evidence.is_banked(receipt):
        return "in a bank deposit"
    return "dated in a closed period" if through is not None and receipt.received_on <= through else ""


def voidable(reading: Reading) -> tuple[Receipt, ...]:
    """Our receipts that may be voided: of money that never came all that are free; of one payment recorded twice the second.

    The one that stays is the one that we recorded, unless only the other one is deposited: then that stays and ours goes.
    """
    evidence = reading.evidence
    free = [receipt for receipt in reading.marked if not kept_by_the_books(receipt, evidence)]
    if evidence.payment.status is FeedStatus.FAILED:
        return tuple(free) if len(free) == len(reading.marked) else ()
    if not _is_twice(reading):
        return ()
    for some in (_copies(reading, free), free):
        staying = sum(receipt.amount_minor for receipt in reading.marked if receipt not in some)
        if some and staying == evidence.payment.amount_minor:
            return tuple(some)
    return ()


def second_payments(reading: Reading) -> tuple[Receipt, ...]:
    """Copies of our receipt that are in bank deposits as ours is: other money, of which a person says which it is."""
    deposited = [receipt for receipt in reading.marked if reading.evidence.is_banked(receipt)]
    if not _is_twice(reading) or len(deposited) < 2:
        return ()
    return tuple(_copies(reading, deposited) or deposited[1:])


def _is_twice(reading: Reading) -> bool:
    """Whether one payment is recorded twice. While what was sent for it is not settled yet, nothing new is planned."""
    is_open = any(part.source.state in OPEN_STATES for part in reading.parts)
    return reading.paid and reading.doubled and not is_open


def _copies(reading: Reading, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Those that we did not record."""
    recorded = {part.source.document_id for part in reading.parts}
    return [receipt for receipt in receipts if receipt.id not in recorded]
