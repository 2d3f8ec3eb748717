"""What the causes `receipt_deposited` and `accepted_unapplied` share: a receipt of ours that the books left unapplied."""

from __future__ import annotations

from receivables.diagnosis import Fact
from rules import observations
from rules.patterns import a
from rules.reading import Reading

#: Our receipts must add up to the payment, or a remedy for one of them leaves the rest unposted.
ALL_POSTED = (a("payment", complete=True),)


def unapplied(reading: Reading) -> tuple[Fact, ...]:
    """The receipts that are unapplied, and their invoices with the credits that may have been the reason."""
    swallowed = [part for part in reading.parts if part.swallowed]
    meant = {invoice_id for part in swallowed for invoice_id, _ in part.source.lines}
    facts = [fact for part in swallowed for fact in observations.part(reading, part)]
    for line in reading.lines:
        if line.invoice_key in meant:
            facts += observations.line(reading, line)
    return tuple(facts)
