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
