"""A company's own row: how far its books were mirrored, when it last synced, and whether its books can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from receivables.diagnosis import Cause
from storage import audit, schema


@dataclass(frozen=True)
class Pause:
    """Why a company's journey waits; `until` is when to ask the books again, None waits for a person."""

    cause: Cause
    message: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class CompanyRow:
    id: str
    books_cursor: str
    mirrored_at: datetime | None
    synced_at: datetime | None
    pause: Pause | None


def ensure(connection: Connection, company: str) -> None:
    """Makes the company's row where there is none."""
    if connection.execute(sa.select(schema.company.c.id).where(schema.company.c.id == company)).one_or_none() is None:
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(schema.company).values(id=company))
        except IntegrityError:  # another process was quicker
            pass


def get(connection: Connection, company: str) -> CompanyRow:
    row = connection.execute(sa.select(schema.company).where(schema.company.c.id == company)).one()
    pause = Pause(Cause(row.paused_cause), row.paused_message, row.paused_at, row.paused_until) if row.paused_cause else None
    return CompanyRow(row.id, row.books_cursor, row.mirrored_at, row.synced_at, pause)


def claim_sync(connection: Connection, company: str, *, now: datetime, due_before: datetime) -> bool:
    """Takes the company's turn: True for exactly one of several processes that ask at the same time."""
    table = schema.company
    taken = connection.execute(
        sa.update(table)
        .where(table.c.id == company, sa.or_(table.c.synced_at.is_(None), table.c.synced_at <= due_before))
        .values(synced_at=now)
    )
    return taken.rowcount == 1


def want_sync(connection: Connection, company: str) -> None:
    """Makes the company's next sync due now."""
    connection.execute(sa.update(schema.company).where(schema.company.c.id == company).values(synced_at=None))


def claim_reconciliation(connection: Connection, company: str, *, now: datetime, due_before: datetime) -> bool:
    """Takes the company's turn to prove itself: True for exactly one of several processes that ask at the same time.

    A company that was never proven counts from now on.
    """
    table = schema.company
    here = table.c.id == company
    connection.execute(sa.update(table).where(here, table.c.reconciled_at.is_(None)).values(reconciled_at=now))
    taken = connection.execute(sa.update(table).where(here, table.c.reconciled_at < due_before).values(reconciled_at=now))
    return taken.rowcount == 1


def set_reconciled(connection: Connection, company: str, now: datetime) -> None:
    connection.execute(sa.update(schema.company).where(schema.company.c.id == company).values(reconciled_at=now))


def set_synced(connection: Connection, company: str, now: datetime) -> None:
    connection.execute(sa.update(schema.company).where(schema.company.c.id == company).values(synced_at=now))


def pause(connection: Connection, company: str, *, cause: Cause, message: str, at: datetime, until: datetime | None) -> None:
    """Stops the company's journey until the books answer again; said once in the record, however often they fail."""
    before = get(connection, company).pause
    connection.execute(
        sa.update(schema.company)
        .where(schema.company.c.id == company)
        .values(
            paused_cause=cause,
            paused_message=message,
            paused_at=before.since if before and before.cause is cause else at,
            paused_until=until,
        )
    )
    if before is None or before.cause is not cause:
        audit.record(
            connection, company=company, at=at, actor="sync", action="company.paused", body={"cause": cause, "message": message}
        )


def resume(connection: Connection, company: str, at: datetime) -> None:
    """The books answered: the journey goes on."""
    if get(connection, company).pause is None:
        return
    connection.execute(
        sa.update(schema.company)
        .where(schema.company.c.id == company)
        .values(paused_cause=None, paused_message="", paused_at=None, paused_until=None)
    )
    audit.record(connection, company=company, at=at, actor="sync", action="company.resumed")


def begin_run(connection: Connection, company: str, run_id: str, at: datetime) -> None:
    """Remembers that a sync began."""
    connection.execute(sa.insert(schema.run).values(company=company, id=run_id, started_at=at, counts={}))


def end_run(
    connection: Connection, company: str, run_id: str, *, at: datetime, counts: Mapping[str, object], problem: str
) -> None:
    """Remembers how a sync ended."""
    connection.execute(
        sa.update(schema.run)
        .where(schema.run.c.company == company, schema.run.c.id == run_id)
        .values(finished_at=at, counts=dict(counts), problem=problem)
    )


def intake_done(connection: Connection, company: str, digest: str) -> tuple[int, bool]:
    """How many payments of a file were taken in already, and whether that was all of them."""
    table = schema.intake_file
    row = connection.execute(
        sa.select(table.c.payments_done, table.c.finished_at).where(table.c.company == company, table.c.digest == digest)
    ).one_or_none()
    return (0, False) if row is None else (row.payments_done, row.finished_at is not None)


def record_intake(
    connection: Connection, company: str, digest: str, *, name: str, done: int, at: datetime, finished: bool
) -> None:
    """Remembers how far the intake of a file has come, so that it resumes there."""
    table = schema.intake_file
    ended = at if finished else None
    updated = connection.execute(
        sa.update(table).where(table.c.company == company, table.c.digest == digest).values(payments_done=done, finished_at=ended)
    )
    if updated.rowcount == 0:
        connection.execute(
            sa.insert(table).values(
                company=company, digest=digest, name=name, payments_done=done, started_at=at, finished_at=ended
            )
        )
