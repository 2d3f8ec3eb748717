"""A payment that is in the books in part, because they refused the rest: whether that can be sent again, and nothing else.

Books that need a receipt for each invoice, and one more for money on account, can take one and refuse the next.
"""

from __future__ import annotations

from collections import Counter

from receivables.books_records import Invoice
from rules.invoice_lines import Flaw
from rules.reading import CustomerState, Reading


def rest_refused(reading: Reading) -> bool:
    """Our receipts stand as they were meant, the books refused what is missing, and nothing is in its way now."""
    evidence = reading.evidence
    unclear = evidence.unread or evidence.twins or evidence.vanished or reading.suspects or reading.doubled or reading.repeated
    if evidence.refusal is None or not reading.paid or unclear or not _stand_as_meant(reading):
        return False
    recorded = sum(receipt.amount_minor for receipt in reading.marked)
    open_day = not evidence.received_on_closed and reading.customer is CustomerState.READY
    return 0 < recorded < evidence.payment.amount_minor and open_day and _fits(reading)


def _stand_as_meant(reading: Reading) -> bool:
    ours = {part.live.id for part in reading.parts if part.live is not None}
    as_meant = not any(part.live is None or part.changed or part.swallowed for part in reading.parts)
    return as_meant and ours == {receipt.id for receipt in reading.marked}


def _fits(reading: Reading) -> bool:
    """What our receipts leave of each invoice's part fits on it."""
    needed: Counter[str] = Counter()
    for line in reading.lines:
        needed[line.source.invoice_id] += line.source.amount_minor
    for receipt in reading.marked:
        needed.subtract({applied.invoice_id: applied.amount_minor for applied in receipt.lines})
    return all(
        isinstance(invoice := line.source.invoice, Invoice)
        and line.flaw in (Flaw.FITS, Flaw.SHORT)
        and invoice.open_minor >= needed[invoice.id]
        for line in reading.lines
        if needed[line.source.invoice_id] > 0
    )
