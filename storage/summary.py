"""What a company's day was like, as counts: for the summary each morning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from receivables.payment import NOT_SETTLED
from storage import escalations, nights, schema
from storage.companies import Pause
from storage.companies import get as company_row
from storage.engine import Connection
from storage.nights import StoredNight

MORNING_LASTS = timedelta(hours=6)  # a summary that could not be written by then is not written any more


@dataclass(frozen=True)
class Day:
    """How a company stands. Money is currency -> minor units."""

    failing: int
    failing_money: Mapping[str, int]
    causes: list[tuple[str, int]]  # most first
    causes_money: Mapping[str, Mapping[str, int]]
    oldest_at: datetime | None
    opened: int  # since the moment asked for
    resolved: int
    to_approve: int
    synced_at: datetime | None
    pause: Pause | None
    night: StoredNight | None  # the newest proven one


def day(connection: Connection, company: str, since: datetime) -> Day:
    """How the company stands now, and what came and went since that moment."""
    failure, payment, decision, night = schema.failure, schema.payment, schema.decision, schema.night
    here = failure.c.company == company
    its_payment = sa.and_(failure.c.company == payment.c.company, failure.c.transaction_number == payment.c.transaction_number)
    money = connection.execute(
        sa.select(payment.c.currency, sa.func.count().label("many"), sa.func.sum(payment.c.amount_minor).label("total"))
        .join(failure, its_payment)
        .where(here, schema.is_in(failure.c.state, "open"))
        .group_by(payment.c.currency)
        .order_by(sa.text("many DESC"), payment.c.currency)
    ).all()
    row = company_row(connection, company)
    proven = connection.execute(
        sa.select(night.c.id)
        .where(night.c.company == company, night.c.state == "proven")
        .order_by(night.c.due_at.desc())
        .limit(1)
    ).scalar()
    return Day(
        failing=sum(row.many for row in money),
        failing_money={row.currency: int(row.total) for row in money},
        causes=escalations.open_causes(connection, company),
        causes_money=escalations.open_money(connection, company),
        oldest_at=escalations.oldest_open(connection, company),
        opened=_count(connection, here, failure.c.opened_at >= since),
        resolved=_count(connection, here, failure.c.resolved_at >= since),
        to_approve=_count(connection, decision.c.company == company, decision.c.state == "waiting_approval"),
        synced_at=row.synced_at,
        pause=row.pause,
        night=nights.get(connection, company, proven) if proven else None,
    )


def not_recorded(connection: Connection, company: str, begins: datetime, ends: datetime) -> Mapping[str, tuple[int, int]]:
    """Of the payments paid between two moments those that are not settled: how many and how much, by currency, most first."""
    table = schema.payment
    rows = connection.execute(
        sa.select(table.c.currency, sa.func.count().label("many"), sa.func.sum(table.c.amount_minor).label("total"))
        .where(table.c.company == company, table.c.paid_at >= begins, table.c.paid_at < ends)
        .where(table.c.state.in_(NOT_SETTLED))
        .group_by(table.c.currency)
        .order_by(sa.text("many DESC"), table.c.currency)
    )
    return {row.currency: (int(row.many), int(row.total)) for row in rows}


def _count(connection: Connection, *where: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).where(*where)).scalar_one())
