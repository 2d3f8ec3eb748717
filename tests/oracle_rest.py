"""The second opinion about a payment of which the books took one receipt and refused another."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from oracle_money import stands

from receivables.books_records import Invoice, Receipt
from receivables.evidence import Evidence, LineEvidence, PostedPart


class Oracle(Protocol):
    """What is asked of the one who has the opinions."""

    e: Evidence
    ours: dict[str, Receipt]
    amount: int

    def may_be_this_money(self) -> bool: ...
    def can_post(self) -> bool: ...
    def trouble(self, line: LineEvidence) -> str: ...
    def is_other(self, part: PostedPart, receipt: Receipt) -> bool: ...
    def off(self, part: PostedPart, receipt: Receipt) -> int: ...


def refused(oracle: Oracle) -> bool:
    """Some of the payment is in the books as meant, they refused what is missing, and that would fit now."""
    e = oracle.e
    held = [part.receipt for part in e.posted if isinstance(part.receipt, Receipt) and not part.receipt.voided]
    whole = len(held) == len(e.posted) and {receipt.id for receipt in held} == set(oracle.ours)
    whole = whole and all(
        not oracle.is_other(part, receipt) and max(receipt.unapplied_minor, oracle.off(part, receipt)) <= part.on_account_minor
        for part, receipt in zip(e.posted, held, strict=True)
    )
    unclear = e.unread or e.twins or e.received_on_closed or oracle.may_be_this_money()
    if e.refusal is None or unclear or not whole or not 0 < sum(receipt.amount_minor for receipt in held) < oracle.amount:
        return False
    missing: Counter[str] = Counter()
    for line in e.lines:
        missing[line.invoice_id] += line.amount_minor
    for receipt in held:
        missing.subtract(stands(receipt))
    return oracle.can_post() and all(
        isinstance(line.invoice, Invoice)
        and oracle.trouble(line) in ("", "short")
        and line.invoice.open_minor >= missing[line.invoice_id]
        for line in e.lines
        if missing[line.invoice_id] > 0
    )
