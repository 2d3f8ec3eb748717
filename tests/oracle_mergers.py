"""The second opinion on a merger that the books do not tell: whether it may be all that changed our receipts."""

from __future__ import annotations

from dataclasses import replace

from oracle_rest import Oracle

from receivables.books_records import Invoice, Receipt
from receivables.evidence import PostedPart


def went_along(oracle: Oracle, living: list[tuple[PostedPart, Receipt]]) -> frozenset[tuple[str, int]]:
    """Our receipts, where they and their invoices are one customer's now and nothing else was changed; else none."""
    e, ours = oracle.e, oracle.ours.values()
    of = e.customer
    if of is None or of.active or of.merged_into or not e.merges_untold or len(living) != len(ours):
        return frozenset()
    owners = {line.invoice.customer_id for line in e.lines if isinstance(line.invoice, Invoice)}
    owners |= {receipt.customer_id for receipt in ours}
    back = [(part, replace(receipt, customer_id=part.customer_id or receipt.customer_id)) for part, receipt in living]
    otherwise = any(
        oracle.is_other(part, was)
        or oracle.off(part, was) > max(part.on_account_minor, was.unapplied_minor)  # on an invoice that it was not meant for
        for part, was in back
    )
    if len(owners) != 1 or otherwise or sum(receipt.amount_minor for receipt in ours) != oracle.amount:
        return frozenset()
    return frozenset((receipt.id, receipt.amount_minor) for receipt in ours)
