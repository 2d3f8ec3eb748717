"""When people work: weekdays from nine to five, on the company's own clock. What waits for a person is said again only then."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from receivables.company import Company

MORNING, EVENING = 9, 17
FRIDAY = 4


def next_morning(company: Company, after: datetime) -> datetime:
    """The moment (UTC) at which the next working day begins for this company."""
    day = company.day_of(after)
    while True:
        begins = _at(company, datetime.combine(day, time(MORNING)))
        if begins > after and day.weekday() <= FRIDAY:
            return begins
        day += timedelta(days=1)


def after_working_hours(company: Company, begun: datetime, hours: int) -> datetime:
    """The moment (UTC) at which people have worked so many hours since then."""
    left, at = timedelta(hours=hours), begun
    while True:
        day = company.day_of(at)
        ends = _at(company, datetime.combine(day, time(EVENING)))
        at = max(at, _at(company, datetime.combine(day, time(MORNING))))
        if day.weekday() <= FRIDAY and at < ends:
            if at + left <= ends:
                return at + left
            left -= ends - at
        at = next_morning(company, at)


def _at(company: Company, wall: datetime) -> datetime:
    return wall.replace(tzinfo=company.time_zone).astimezone(UTC)
