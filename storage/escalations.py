"""Escalations: opened when a company's failure rate reaches its limit, cleared when it is well under it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from receivables.ports import Ids
from storage import audit, outbox, schema
from storage.engine import Connection


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


def begin(connection: Connection, ids: Ids, company: str, figures: Mapping[str, Any], at: datetime) -> None:
    """Opens one, unless another process just did, and wants its message."""
    if open_now(connection, company) is not None:
        return
    escalation_id = ids.new()
    connection.execute(
        sa.insert(schema.escalation).values(company=company, id=escalation_id, state="open", opened_at=at, figures=dict(figures))
    )
    audit.record(connection, company=company, at=at, actor="sync", action="escalation.opened", body=figures)
    outbox.want(connection, ids, company=company, subject_kind="escalation", subject=escalation_id, at=at)


def clear(connection: Connection, ids: Ids, one: StoredEscalation, at: datetime) -> None:
    """Says that it is over."""
    table = schema.escalation
    cleared = connection.execute(
        sa.update(table)
        .where(table.c.company == one.company, table.c.id == one.id, table.c.state == "open")
        .values(state="cleared", cleared_at=at)
    )
    if cleared.rowcount == 1:
        audit.record(connection, company=one.company, at=at, actor="sync", action="escalation.cleared")
        outbox.want(connection, ids, company=one.company, subject_kind="escalation", subject=one.id, at=at)


def refresh(connection: Connection, ids: Ids, one: StoredEscalation, figures: Mapping[str, Any], at: datetime) -> None:
    """Shows how it stands now, where that is something else than before."""
    if dict(figures) == dict(one.figures):
        return
    table = schema.escalation
    connection.execute(
        sa.update(table)
        .where(table.c.company == one.company, table.c.id == one.id, table.c.state == "open")
        .values(figures=dict(figures))
    )
    outbox.want(connection, ids, company=one.company, subject_kind="escalation", subject=one.id, at=at)


def take(connection: Connection, ids: Ids, one: StoredEscalation, *, by: str, at: datetime) -> bool:
    """Somebody looks after it; nobody is reminded any more. False when somebody already does."""
    table = schema.escalation
    taken = connection.execute(
        sa.update(table)
        .where(table.c.company == one.company, table.c.id == one.id, table.c.state == "open", table.c.taken_by.is_(None))
        .values(taken_by=by)
    )
    if taken.rowcount == 1:
        _tell(connection, ids, one, "escalation.taken", actor=by, at=at)
    return taken.rowcount == 1


def remind(connection: Connection, ids: Ids, one: StoredEscalation, at: datetime) -> bool:
    """Counts one more reminder and wants it told. False when another process did."""
    table = schema.escalation
    reminded = connection.execute(
        sa.update(table)
        .where(
            table.c.company == one.company,
            table.c.id == one.id,
            table.c.state == "open",
            table.c.taken_by.is_(None),
            table.c.reminders == one.reminders,
        )
        .values(reminders=one.reminders + 1, reminded_at=at)
    )
    if reminded.rowcount == 1:
        _tell(connection, ids, one, "escalation.reminded", actor="sync", at=at)
    return reminded.rowcount == 1


def _tell(connection: Connection, ids: Ids, one: StoredEscalation, action: str, *, actor: str, at: datetime) -> None:
    audit.record(connection, company=one.company, at=at, actor=actor, action=action, body={"escalation": one.id})
    outbox.want(connection, ids, company=one.company, subject_kind="escalation", subject=one.id, at=at)


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
