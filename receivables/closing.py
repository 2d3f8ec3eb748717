"""Whether the last month is about to be closed, as a company says or as its books tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from receivables.company import Company

WARNED_DAYS = 3  # before the day on which a company closes a month
OPEN_DAYS = 5  # of the next month, where a company does not say: most books are closed by then


@dataclass(frozen=True)
class Closing:
    """The month before this one, which is still open, and in how many days it is closed; None where only the books tell."""

    first: date
    next_first: date
    days: int | None

    def is_closed(self, closed_through: date | None) -> bool:
        """Whether the books are closed through its last day."""
        return closed_through is not None and closed_through >= self.next_first - timedelta(days=1)


def the_month_before(today: date) -> Closing:
    """The last month, whether it is closed or not."""
    next_first = today.replace(day=1)
    return Closing((next_first - timedelta(days=1)).replace(day=1), next_first, None)


def closing(company: Company, today: date, closed_through: date | None) -> Closing | None:
    """The month to warn of today; None at other times, and once the books are closed through it.

    Books that were never closed, at a company that names no day, tell nothing of months.
    """
    month = the_month_before(today)
    if month.is_closed(closed_through):
        return None
    if company.close_day:
        days = company.close_day - today.day
        return replace(month, days=days) if 0 <= days <= WARNED_DAYS else None
    return month if closed_through is not None and today.day <= OPEN_DAYS else None
