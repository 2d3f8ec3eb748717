"""How long cash waits for its invoice before it is recorded without. Pure."""

from __future__ import annotations

from datetime import date, timedelta

LONGEST = timedelta(days=3)


def is_long(paid_on: date, today: date) -> bool:
    """Whether cash of that day has waited for its invoice for over three days, or through the end of a month."""
    month_end = (today + timedelta(days=1)).month != paid_on.month
    return today > paid_on and (month_end or today - paid_on > LONGEST)
