"""How our own rows stand, for whoever watches the service: a few figures of each company, read by index, and one small write.

Numbers, moments and the ids of companies only: no customer, invoice, person or amount is in any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from receivables.diagnosis import Cause
from receivables.effects import EffectState
from receivables.payment import Bucket, PaymentState
from storage import bucket_counts, schema
from storage.engine import Connection, Database
from storage.feeds import DATABASE_SILENT
from storage.schema.messages import LEAVING

_RUN, _NIGHT = schema.run.alias(), schema.night.alias()
_LAST_RUN = (
    sa.select(_RUN.c.id)
    .where(_RUN.c.company == schema.company.c.id, _RUN.c.finished_at.is_not(None))
    .order_by(_RUN.c.started_at.desc())
    .limit(1)
    .scalar_subquery()
)
_LAST_PROOF = (
    sa.select(_NIGHT.c.id)
    .where(_NIGHT.c.company == schema.company.c.id, _NIGHT.c.state == "proven")
    .order_by(_NIGHT.c.due_at.desc())
    .limit(1)
    .scalar_subquery()
)


@dataclass
class Vitals:
    """One company's figures. A moment is None where nothing of the kind is there."""

    company: str
    last_sync_at: datetime | None = None  # when the newest sync that ended did so
    last_sync_failed: bool = False  # its books could not be read, or its clock not be trusted
    last_proof_at: datetime | None = None
    last_proof_found: int = 0  # discrepancies of the newest proven night
    paused: Cause | None = None
    buckets: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    oldest_to_do_at: datetime | None = None
    open_failures: int = 0
    unknown: int = 0
    oldest_unknown_at: datetime | None = None
    needing_person: int = 0
    undelivered: int = 0
    oldest_undelivered_at: datetime | None = None
    rates: tuple[Mapping[str, Any], ...] = ()  # window, attempted, failed, limit_percentage, over: as the newest sync measured


def writable(database: Database) -> bool:
    """Whether the database takes a write at this moment: one row is written as it is. False where it does not."""
    table = schema.company
    first = sa.select(table.c.id).order_by(table.c.id).limit(1).scalar_subquery()
    try:
        with database.acknowledge() as connection:
            connection.execute(sa.update(table).where(table.c.id == first).values(synced_at=table.c.synced_at))
    except DATABASE_SILENT:
        return False
    return True


def moments(connection: Connection) -> dict[str, Vitals]:
    """The last sync and the last proof of each company, and whether its books are paused."""
    table, run, night = schema.company, schema.run, schema.night
    rows = connection.execute(
        sa.select(
            table.c.id, table.c.paused_cause, run.c.finished_at, run.c.problem, run.c.counts, night.c.proven_at, night.c.found
        )
        .select_from(table)
        .outerjoin(run, sa.and_(run.c.company == table.c.id, run.c.id == _LAST_RUN))
        .outerjoin(night, sa.and_(night.c.company == table.c.id, night.c.id == _LAST_PROOF))
    )
    return {
        row.id: Vitals(
            row.id,
            last_sync_at=row.finished_at,
            last_sync_failed=bool(row.problem),
            last_proof_at=row.proven_at,
            last_proof_found=len(row.found or ()),
            paused=row.paused_cause,
            rates=tuple((row.counts or {}).get("rates", ())),
        )
        for row in rows
    }


def read(connection: Connection) -> dict[str, Vitals]:
    """Every figure of every company: as many statements for one company as for a thousand."""
    found = moments(connection)
    _payments(connection, found)
    _effects(connection, found)
    _failures(connection, found)
    _messages(connection, found)
    return found


def _payments(connection: Connection, found: Mapping[str, Vitals]) -> None:
    table = schema.payment
    for (company, bucket), many in bucket_counts.read(connection).items():
        found[company].buckets[bucket] = many
    waiting = (
        sa.select(table.c.company, sa.func.min(table.c.received_at).label("oldest"))
        .where(table.c.company.in_(list(found)), table.c.state == PaymentState.RECEIVED)
        .group_by(table.c.company)
    )
    for row in connection.execute(waiting):
        found[row.company].oldest_to_do_at = row.oldest


def _effects(connection: Connection, found: Mapping[str, Vitals]) -> None:
    table = schema.effect
    query = (
        sa.select(table.c.company, table.c.state, sa.func.count().label("many"), sa.func.min(table.c.planned_at).label("oldest"))
        .where(table.c.company.in_(list(found)), table.c.state.in_([EffectState.UNKNOWN, EffectState.NEEDS_PERSON]))
        .group_by(table.c.company, table.c.state)
    )
    for row in connection.execute(query):
        of_company = found[row.company]
        if row.state == EffectState.UNKNOWN:
            of_company.unknown, of_company.oldest_unknown_at = row.many, row.oldest
        else:
            of_company.needing_person = row.many


def _failures(connection: Connection, found: Mapping[str, Vitals]) -> None:
    table = schema.failure
    query = (
        sa.select(table.c.company, sa.func.count().label("many"))
        .where(table.c.company.in_(list(found)), schema.is_in(table.c.state, "open"))
        .group_by(table.c.company)
    )
    for row in connection.execute(query):
        found[row.company].open_failures = row.many


def _messages(connection: Connection, found: Mapping[str, Vitals]) -> None:
    for company, waiting in undelivered(connection).items():
        if company in found:
            found[company].undelivered, found[company].oldest_undelivered_at = waiting.messages, waiting.oldest_at


@dataclass(frozen=True)
class Undelivered:
    """What Slack does not have yet of one company."""

    messages: int
    oldest_at: datetime


def undelivered(connection: Connection) -> dict[str, Undelivered]:
    """The companies for which messages wait."""
    table = schema.outbox
    rows = connection.execute(
        sa.select(table.c.company, sa.func.count().label("many"), sa.func.min(table.c.wanted_at).label("oldest"))
        .where(schema.among(table.c.state, LEAVING))
        .group_by(table.c.company)
    )
    return {row.company: Undelivered(row.many, row.oldest) for row in rows}
