"""Our own receipts, let stand again on the invoices they were meant for. Pure: what is shown before and planned after."""

from __future__ import annotations

from dataclasses import dataclass

from receivables.books_records import Receipt, ReceiptLine, by_invoice
from receivables.evidence import Evidence, PostedPart


@dataclass(frozen=True)
class Reapplied:
    """A receipt of ours and all that it is applied to then, in minor units of the payment's currency."""

    part: int
    receipt: Receipt
    lines: tuple[ReceiptLine, ...]

    @property
    def differs(self) -> bool:
        """Whether it is applied otherwise now."""
        return by_invoice(self.lines) != by_invoice(self.receipt.lines)

    @property
    def unapplied_minor(self) -> int:
        """What stays unapplied of it."""
        return self.receipt.amount_minor - sum(line.amount_minor for line in self.lines)

    @property
    def added_minor(self) -> int:
        """What comes onto invoices, whether it was unapplied or on others."""
        return sum(max(0, amount - self.receipt.applied_to(invoice)) for invoice, amount in by_invoice(self.lines).items())


def reapplied(evidence: Evidence) -> list[Reapplied]:
    """Each of our receipts that the books hold, with what it was meant for."""
    living = [(part, receipt) for part in evidence.posted if (receipt := part.living)]
    return [Reapplied(part.part, receipt, _meant(evidence, part, receipt, len(living) == 1)) for part, receipt in living]


def _meant(evidence: Evidence, part: PostedPart, receipt: Receipt, alone: bool) -> tuple[ReceiptLine, ...]:
    """Its invoices, and whatever its rest on account was applied to since."""
    lines = [ReceiptLine(line.invoice_id, line.amount_minor) for line in evidence.lines if line.invoice_id]
    meant = by_invoice(lines if alone else [ReceiptLine(*line) for line in part.lines])
    left = part.amount_minor - sum(meant.values())
    for invoice_id, amount in by_invoice(receipt.lines).items():
        more = min(left, amount - meant.get(invoice_id, 0))
        if more > 0:
            meant[invoice_id] = meant.get(invoice_id, 0) + more
            left -= more
    return tuple(ReceiptLine(*line) for line in meant.items())
