"""A merger that the books do not tell: they show the customer as inactive, and its documents as another customer's.

Nothing is taken for a merger by itself: two people say it, of each payment. Pure.
"""

from __future__ import annotations

from receivables.as_meant import Change
from receivables.books_records import Gone, Invoice, Receipt
from receivables.evidence import Evidence
from rules.reading import Reading


def may_be_merged(evidence: Evidence) -> bool:
    """Whether the payment's customer, inactive in the books, may have been merged into another."""
    of = evidence.customer
    return evidence.merges_untold and of is not None and not of.active and not of.merged_into


def followed(evidence: Evidence, into: str) -> tuple[tuple[int, str], ...]:
    """The lines, each with its invoice, that go along with a merger into that customer: the invoice is theirs now, or gone."""
    if not may_be_merged(evidence):
        return ()
    return tuple(
        (line.line, line.invoice_id)
        for line in evidence.lines
        if isinstance(line.invoice, Gone) or (isinstance(line.invoice, Invoice) and line.invoice.customer_id == into)
    )


def only_moved(reading: Reading) -> tuple[Receipt, ...]:
    """Our receipts of the payment where a merger may be all that changed them: one customer has them and their invoices now,
    and each is for its amount, on its day, in its account, and on no other invoice than its own. None where it is not so.

    Whether it is applied is another matter: what is unapplied of it is the money of the payment as well.
    """
    evidence, receipts = reading.evidence, reading.marked
    if not (may_be_merged(evidence) and reading.paid and reading.complete and receipts) or reading.doubled or reading.repeated:
        return ()
    invoices = [line.invoice for line in evidence.lines if isinstance(line.invoice, Invoice)]
    owners = {receipt.customer_id for receipt in receipts} | {invoice.customer_id for invoice in invoices}
    live = [part for part in reading.parts if part.live is not None]
    as_meant = all(set(part.changes) <= {Change.CUSTOMER} and part.off_minor <= max(0, part.excess_minor) for part in live)
    moved = any(part.changes for part in live)
    return receipts if len(owners) == 1 and as_meant and moved and len(live) == len(receipts) else ()
