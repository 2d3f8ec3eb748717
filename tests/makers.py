"""Makers shared by the tests: a clock driven by hand, ids that count, and records with defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.company import Company
from receivables.payment import Allocation, Payment
from storage import schema

CHICAGO = ZoneInfo("America/Chicago")
START = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
COMPANY_IN_SLACK = """\
[[company]]
id = "{id}"
name = "{name}"
time_zone = "America/Chicago"
start_on = 2026-01-01
books = {{ kind = "embedded", file = "{id}.sqlite" }}
slack = {{ {slack} }}
"""


def two_companies(acme: str, globex: str) -> str:
    """A configuration with two companies, and what each says of Slack."""
    of_acme = COMPANY_IN_SLACK.format(id="acme", name="Acme Networks", slack=acme)
    return of_acme + COMPANY_IN_SLACK.format(id="globex", name="Globex", slack=globex)


class ManualClock:
    """Time that stands still until it is advanced; `monotonic` moves with it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the wall clock; no time passes."""
        self._now += timedelta(seconds=seconds)


class OwnClock:
    """The clock of one process beside others: its wall clock can be set, at its next reading but so many; nothing else is."""

    def __init__(self, shared: ManualClock) -> None:
        self._shared = shared
        self._readings_left = 0
        self._step = timedelta(0)
        self.off = timedelta(0)

    def set_by(self, step: timedelta, *, readings_left: int = 1) -> None:
        """Sets the wall clock by a step, when it has been read so many times more."""
        self._step, self._readings_left = step, readings_left

    def now(self) -> datetime:
        if self._readings_left:
            self._readings_left -= 1
            if not self._readings_left:
                self.off += self._step
        return self._shared.now() + self.off

    def monotonic(self) -> float:
        return self._shared.monotonic()


class CountingIds:
    """Ids of 26 characters that count up, so that a failing test reads the same every time."""

    def __init__(self) -> None:
        self._given = 0

    def new(self) -> str:
        self._given += 1
        return f"id{self._given:024d}"


def a_company(
    *,
    id: str = "acme",
    name: str = "Acme Networks",
    time_zone: str = "America/Chicago",
    start_on: date = date(2026, 1, 1),
    writes: bool = True,
    deposit_accounts: dict[str, str] | None = None,
) -> Company:
    return Company(
        id=id,
        name=name,
        time_zone=ZoneInfo(time_zone),
        start_on=start_on,
        writes=writes,
        deposit_accounts=deposit_accounts or {},
    )


def a_payment(
    *,
    company: str = "acme",
    transaction_number: str = "TXN-1",
    customer: str = "Hooli",
    customer_id: str = "",
    amount_minor: int = 50_000,
    currency: str = "USD",
    paid_at: datetime = START,
    method: str = "card",
    allocations: tuple[Allocation, ...] = (),
    has_time: bool = False,  # tests write many payments of one moment that are not meant to be one payment
) -> Payment:
    return Payment(
        company=company,
        transaction_number=transaction_number,
        customer=customer,
        amount_minor=amount_minor,
        currency=currency,
        paid_at=paid_at,
        method=method,
        allocations=allocations,
        customer_id=customer_id,
        has_time=has_time,
    )


def messages_waiting(connection: Connection, company: str = "acme") -> int:
    """How many messages wait in the outbox; 0 means that Slack shows what we know."""
    table = schema.outbox
    wait = (table.c.company == company) & table.c.state.in_(("waiting", "sending"))
    return connection.execute(sa.select(sa.func.count()).where(wait)).scalar_one()
