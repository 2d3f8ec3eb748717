"""How many payments fail: the rate per company that decides whether advice case by case is still right.

Attempted means checked by `posting` for the first time; an outage checks nothing. The limit is inclusive, as the
support page writes it ("10%+"), and needs enough payments to mean anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receivables.company import Company
from storage import attempts, escalations
from storage.attempts import Tally
from storage.engine import Connection
from storage.work import Work
from sync.desk import Desk

ATTEMPTED_AT_LEAST = 10  # under ten, one failure is ten per cent and means nothing
CLEARED_UNDER = 7  # tenths of the limit: with 10 %, cleared under 7 %, so that it does not flicker
FAILED_AT_LEAST = 3  # one or two failures are cases, not a pattern
#: Between reminders while nobody takes ownership; the last one holds from then on.
REMINDER_PAUSES = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 24))
WINDOWS = {"24 hours": timedelta(hours=24), "7 days": timedelta(days=7)}


@dataclass(frozen=True)
class Rate:
    """Failed and attempted payments of one window; `over` when together they reach the company's limit.

    `money` is currency -> (attempted, failed) in minor units: the same rate by amounts, for people to see.
    """

    window: str
    attempted: int
    failed: int
    limit_percentage: int
    money: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Exact in integers: 10 of 100 is over a limit of 10 %, 9,999 of 100,000 is not."""
        enough = self.attempted >= ATTEMPTED_AT_LEAST and self.failed >= FAILED_AT_LEAST
        return enough and self.failed * 100 >= self.attempted * self.limit_percentage

    @property
    def calm(self) -> bool:
        """Well under the limit: seven tenths of it, or too few failures to mean anything."""
        if self.failed < FAILED_AT_LEAST or self.attempted < ATTEMPTED_AT_LEAST:
            return True
        return self.failed * 1000 < self.attempted * self.limit_percentage * CLEARED_UNDER


def run_once(desk: Desk) -> tuple[str, tuple[Rate, ...]]:
    """Opens or clears the company's escalation by its rates now, or shows how it stands.

    Returns "opened", "cleared" or "", and the rates.
    """
    with desk.work() as work:
        measured = rates(work.connection, desk.company, work.at)
        current = escalations.open_now(work.connection, work.company)
        if current is not None and all(rate.calm for rate in measured):
            escalations.clear(work, current)
            return "cleared", measured
        if current is not None:
            escalations.refresh(work, current, _figures(work, max(measured, key=_share)))
        elif any(rate.over for rate in measured):
            worst = max((rate for rate in measured if rate.over), key=_share)
            escalations.begin(work, _figures(work, worst))
            return "opened", measured
    return "", measured


def remind(desk: Desk) -> bool:
    """Says again that nobody took ownership of an open escalation, with growing pauses. True when it did."""
    with desk.db.read() as connection:
        current = escalations.open_now(connection, desk.company.id)
    if current is None or current.taken_by is not None:
        return False
    pause = REMINDER_PAUSES[min(current.reminders, len(REMINDER_PAUSES) - 1)]
    if desk.clock.now() < (current.reminded_at or current.opened_at) + pause:
        return False
    with desk.work() as work:
        return escalations.remind(work, current)


def _share(rate: Rate) -> int:
    """Failed per million attempted."""
    return rate.failed * 1_000_000 // rate.attempted if rate.attempted else 0


def _figures(work: Work, rate: Rate) -> dict[str, object]:
    """What its message says, as plain values: the rate, the causes with their money, since when, and the probable setting."""
    connection, company = work.connection, work.company
    roots = escalations.open_roots(connection, company)
    since = escalations.oldest_open(connection, company)
    return {
        "window": rate.window,
        "attempted": rate.attempted,
        "failed": rate.failed,
        "limit_percentage": rate.limit_percentage,
        "money": {currency: list(amounts) for currency, amounts in rate.money.items()},
        "causes": [list(counted) for counted in escalations.open_causes(connection, company)],
        "causes_money": {cause: dict(money) for cause, money in escalations.open_money(connection, company).items()},
        "since": since.isoformat() if since else "",
        "setting": probable_setting(roots),
    }


def probable_setting(roots: Sequence[tuple[str, int]]) -> str:
    """The root that most of the open failures share, "" where no root explains half of them. Pure."""
    total = sum(count for _, count in roots)
    for root, count in roots:
        if root and count * 2 >= total:
            return root
    return ""


def rates(connection: Connection, company: Company, now: datetime) -> tuple[Rate, ...]:
    """The failure rate of the last run, of 24 hours and of 7 days."""
    tallies: dict[str, Tally] = {"last run": attempts.tally_of_last_run(connection, company.id)}
    tallies |= {name: attempts.tally_since(connection, company.id, now - length) for name, length in WINDOWS.items()}
    limit = company.large_percentage
    return tuple(Rate(name, tally.attempted, tally.failed, limit, tally.money) for name, tally in tallies.items())


def is_isolated(connection: Connection, company: Company, now: datetime) -> bool:
    """Whether failures are few enough for the remedy of an unidentified one; never while an escalation is open."""
    if escalations.open_now(connection, company.id) is not None:
        return False
    return not any(rate.over for rate in rates(connection, company, now))
