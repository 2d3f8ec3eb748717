"""How many payments fail: the rate per company that decides whether advice case by case is still right.

Attempted means judged by `posting` for the first time; outages are not judgements. The limit is inclusive, as the
support page writes it ("10%+"), and needs enough payments to mean anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from receivables.company import Company
from storage import attempts, escalations
from storage.attempts import Tally
from storage.engine import Connection
from sync.desk import Desk

ATTEMPTED_AT_LEAST = 10  # under ten, one failure is ten per cent and means nothing
CLEARED_UNDER = 7  # tenths of the limit: with 10 %, cleared under 7 %, so that it does not flicker
FAILED_AT_LEAST = 3  # one or two failures are cases, not a pattern
WINDOWS = {"24 hours": timedelta(hours=24), "7 days": timedelta(days=7)}


@dataclass(frozen=True)
class Rate:
    """Failed and attempted payments of one window; `over` when together they reach the company's limit."""

    window: str
    attempted: int
    failed: int
    limit_percentage: int

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


def run_once(desk: Desk) -> str:
    """Opens or clears the company's escalation by its rates now. Returns "opened", "cleared" or ""."""
    now = desk.clock.now()
    with desk.db.work() as connection:
        measured = rates(connection, desk.company, now)
        current = escalations.open_now(connection, desk.company.id)
        if current is None and any(rate.over for rate in measured):
            worst = max((rate for rate in measured if rate.over), key=lambda rate: rate.failed * 1_000_000 // rate.attempted)
            figures = asdict(worst) | {"causes": escalations.open_causes(connection, desk.company.id)}
            escalations.begin(connection, desk.ids, desk.company.id, figures, now)
            return "opened"
        if current is not None and all(rate.calm for rate in measured):
            escalations.clear(connection, desk.ids, current, now)
            return "cleared"
    return ""


def rates(connection: Connection, company: Company, now: datetime) -> tuple[Rate, ...]:
    """The failure rate of the last run, of 24 hours and of 7 days."""
    tallies: dict[str, Tally] = {"last run": attempts.tally_of_last_run(connection, company.id)}
    tallies |= {name: attempts.tally_since(connection, company.id, now - length) for name, length in WINDOWS.items()}
    return tuple(Rate(name, tally.attempted, tally.failed, company.large_percentage) for name, tally in tallies.items())


def is_isolated(connection: Connection, company: Company, now: datetime) -> bool:
    """Whether failures are few enough for the remedy of an unidentified one."""
    return not any(rate.over for rate in rates(connection, company, now))
