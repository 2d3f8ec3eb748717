"""Escalations: opened when a company's failure rate reaches its limit, cleared when it is well under it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import outbox, schema
from storage.engine import Connection
from storage.work import Work


@dataclass(frozen=True)
class StoredEscalation:
    """One time of too many failures. `figures` hold the rate that opened it and the open causes."""

    company: str
    id: str
    state: str
    opened_at: datetime
    cleared_at: datetime | None
    taken_by: str | None
    figures: Mapping[str, Any]
    reminders: int = 0
    reminded_at: datetime | None = None


def open_now(connection: Connection, company: str) -> StoredEscalation | None:
    """The company's open escalation, if there is one."""
    table = schema.escalation
    row = connection.execute(sa.select(table).where(table.c.company == company, table.c.state == "open")).first()
    return None if row is None else StoredEscalation(**row._mapping)


def get(connection: Connection, company: str, escalation_id: str) -> StoredEscalation:
    table = schema.escalation
    row = connection.execute(sa.select(table).where(table.c.company == company, table.c.id == escalation_id)).one()
    return StoredEscalation(**row._mapping)


def begin(work: Work, figures: Mapping[str, Any]) -> None:
    """Opens one, unless another process just did, and wants its message."""
    if open_now(work.connection, work.company) is not None:
        return
    escalation_id = work.ids.new()
    work.connection.execute(
        sa.insert(schema.escalation).values(
            company=work.company, id=escalation_id, state="open", opened_at=work.at, figures=dict(figures)
        )
    )
    work.record("escalation.opened", body=figures)
    outbox.want(work, "escalation", escalation_id)


def clear(work: Work, escalation: StoredEscalation) -> None:
    """Says that it is over."""
    if _change(work, escalation, state="cleared", cleared_at=work.at):
        work.record("escalation.cleared")
        outbox.want(work, "escalation", escalation.id)


def refresh(work: Work, escalation: StoredEscalation, figures: Mapping[str, Any]) -> None:
    """Shows how it stands now, where that is something else than before."""
    if dict(figures) != dict(escalation.figures):
        _change(work, escalation, figures=dict(figures))
        outbox.want(work, "escalation", escalation.id)


def take(work: Work, escalation: StoredEscalation) -> bool:
    """The person who acts takes ownership; nobody is reminded any more. False when it has an owner already."""
    taken = _change(work, escalation, schema.escalation.c.taken_by.is_(None), taken_by=work.actor)
    if taken:
        _tell(work, escalation, "escalation.taken")
    return taken


def remind(work: Work, escalation: StoredEscalation) -> bool:
    """Counts one more reminder and wants it told. False when another process did."""
    table = schema.escalation
    unchanged = sa.and_(table.c.taken_by.is_(None), table.c.reminders == escalation.reminders)
    reminded = _change(work, escalation, unchanged, reminders=escalation.reminders + 1, reminded_at=work.at)
    if reminded:
        _tell(work, escalation, "escalation.reminded")
    return reminded


def _change(work: Work, escalation: StoredEscalation, *still: sa.ColumnElement[bool], **values: object) -> bool:
    """Changes an escalation while it is open and the conditions still hold; False when they no longer do."""
    work.only_for(escalation.company)
    table = schema.escalation
    here = (table.c.company == escalation.company, table.c.id == escalation.id, table.c.state == "open")
    return work.connection.execute(sa.update(table).where(*here, *still).values(**values)).rowcount == 1


def _tell(work: Work, escalation: StoredEscalation, action: str) -> None:
    work.record(action, body={"escalation": escalation.id})
    outbox.want(work, "escalation", escalation.id)


def find(connection: Connection, escalation_id: str) -> StoredEscalation | None:
    """The escalation of that id, of whatever company."""
    row = connection.execute(sa.select(schema.escalation).where(schema.escalation.c.id == escalation_id)).first()
    return None if row is None else StoredEscalation(**row._mapping)


def open_causes(connection: Connection, company: str) -> list[tuple[str, int]]:
    """The causes of open failures with how many each has, most first."""
    table = schema.failure
    rows = connection.execute(
        sa.select(table.c.cause, sa.func.count().label("count"))
        .where(table.c.company == company, table.c.state == "open", table.c.cause.is_not(None))
        .group_by(table.c.cause)
        .order_by(sa.text("count DESC"), table.c.cause)
    )
    return [(row[0], row[1]) for row in rows]


def open_money(connection: Connection, company: str) -> Mapping[str, Mapping[str, int]]:
    """What the open failures of each cause are worth: cause -> currency -> minor units."""
    table, payment = schema.failure, schema.payment
    its_payment = sa.and_(table.c.company == payment.c.company, table.c.transaction_number == payment.c.transaction_number)
    rows = connection.execute(
        sa.select(table.c.cause, payment.c.currency, sa.func.sum(payment.c.amount_minor))
        .join(payment, its_payment)
        .where(table.c.company == company, table.c.state == "open", table.c.cause.is_not(None))
        .group_by(table.c.cause, payment.c.currency)
        .order_by(table.c.cause, payment.c.currency)
    )
    found: dict[str, dict[str, int]] = {}
    for cause, currency, total in rows:
        found.setdefault(cause, {})[currency] = int(total)
    return found


def open_roots(connection: Connection, company: str) -> list[tuple[str, int]]:
    """What open failures have in common, with how many share it, most first; and the failures that share nothing as ""."""
    table = schema.failure
    rows = connection.execute(
        sa.select(table.c.root, sa.func.count().label("count"))
        .where(table.c.company == company, table.c.state == "open")
        .group_by(table.c.root)
        .order_by(sa.text("count DESC"), table.c.root)
    )
    return [(row[0], row[1]) for row in rows]


def oldest_open(connection: Connection, company: str) -> datetime | None:
    """Since when the oldest open failure fails."""
    table = schema.failure
    return connection.execute(
        sa.select(sa.func.min(table.c.opened_at, type_=table.c.opened_at.type)).where(
            table.c.company == company, table.c.state == "open"
        )
    ).scalar()
