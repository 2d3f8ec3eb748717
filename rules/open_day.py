"""The first open day of the books, on which a payment of a closed month is posted with its true date in the memo. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from receivables.evidence import Evidence


def first_open_day(evidence: Evidence) -> date | None:
    """The day after the last closed one; None where the payment's own day is open, or the books do not tell which are closed."""
    through = evidence.settings.closed_through
    return through + timedelta(days=1) if through is not None and evidence.received_on_closed else None
