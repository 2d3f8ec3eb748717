"""A company's own row: how far its books were mirrored, when it last synced, and whether its books can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from receivables.diagnosis import Cause
from storage import schema
from storage.audit import CLOCKS_DIFFER
from storage.work import Work

Moment = datetime | sa.ColumnElement[datetime]


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
    mirrored_whole_at: datetime | None  # None until the books were read to the end once
    synced_at: datetime | None
    pause: Pause | None


def ensure_all(connection: Connection, ids: Sequence[str]) -> None:
    """Makes the rows of those companies that have none."""
    there = set(connection.execute(sa.select(schema.company.c.id).where(schema.company.c.id.in_(ids))).scalars())
    for company in ids:
        if company not in there:
            ensure(connection, company)


def ensure(connection: Connection, company: str) -> None:
    """Makes the company's row where there is none."""
    if connection.execute(sa.select(schema.company.c.id).where(schema.company.c.id == company)).one_or_none() is None:
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(schema.company).values(id=company))
        except IntegrityError:  # another process was quicker
            pass


def one_at_a_time(work: Work) -> None:
    """Nobody else who asks for this goes on for the company until the work ends: two must not miss what the other adds.

    On SQLite every work is alone anyway.
    """
    here = sa.select(schema.company.c.id).where(schema.company.c.id == work.company)
    if work.connection.dialect.name != "sqlite":
        work.connection.execute(here.with_for_update(key_share=True))


def get(connection: Connection, company: str) -> CompanyRow:
    row = connection.execute(sa.select(schema.company).where(schema.company.c.id == company)).one()
    pause = Pause(Cause(row.paused_cause), row.paused_message, row.paused_at, row.paused_until) if row.paused_cause else None
    return CompanyRow(row.id, row.books_cursor, row.mirrored_at, row.mirrored_whole_at, row.synced_at, pause)


def latest_now(now: datetime) -> datetime:
    """The latest moment that the clock of another machine may take for now."""
    return now + CLOCKS_DIFFER


def sync_is_due(before: Moment, latest: Moment) -> sa.ColumnElement[bool]:
    """Whether the last sync was before a moment, was never, or bears a moment to come: a clock was wrong then."""
    synced_at = schema.company.c.synced_at
    return sa.or_(synced_at.is_(None), synced_at <= before, synced_at > latest)


def claim_sync(work: Work, *, due_before: datetime) -> bool:
    """Takes the company's turn: True for exactly one of several processes that ask at the same time."""
    table = schema.company
    taken = work.connection.execute(
        sa.update(table).where(table.c.id == work.company, sync_is_due(due_before, latest_now(work.at))).values(synced_at=work.at)
    )
    return taken.rowcount == 1


def want_sync(work: Work) -> None:
    """Makes the company's next sync due now."""
    _set(work, synced_at=None)


def summary_due_at(connection: Connection, company: str) -> datetime | None:
    """When the next daily summary is due; None where none is wanted."""
    query = sa.select(schema.company.c.summary_due_at).where(schema.company.c.id == company)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def move_summary(work: Work, *, before: datetime | None, to: datetime | None) -> bool:
    """Says when the next daily summary is due. True for exactly one of several processes that ask at the same time."""
    table = schema.company
    was = table.c.summary_due_at.is_(None) if before is None else table.c.summary_due_at == before
    moved = work.connection.execute(sa.update(table).where(table.c.id == work.company, was).values(summary_due_at=to))
    return moved.rowcount == 1


def set_reconciled(work: Work) -> None:
    """The company was proven just now."""
    _set(work, reconciled_at=work.at)


def set_mirrored_whole(work: Work) -> None:
    """The books were read to the end: from now on receipts may be sent."""
    table = schema.company
    work.connection.execute(
        sa.update(table).where(table.c.id == work.company, table.c.mirrored_whole_at.is_(None)).values(mirrored_whole_at=work.at)
    )


def set_synced(work: Work) -> None:
    _set(work, synced_at=work.at)


def pause(work: Work, *, cause: Cause, message: str, until: datetime | None) -> None:
    """Stops the company's journey until the books answer again; said once in the record, however often they fail."""
    before = get(work.connection, work.company).pause
    same = before is not None and before.cause is cause
    since = before.since if before is not None and same else work.at
    _set(work, paused_cause=cause, paused_message=message, paused_at=since, paused_until=until)
    if not same:
        work.record("company.paused", body={"cause": cause, "message": message})


def resume(work: Work) -> None:
    """The books answered: the journey goes on."""
    if get(work.connection, work.company).pause is None:
        return
    _set(work, paused_cause=None, paused_message="", paused_at=None, paused_until=None)
    work.record("company.resumed")


def _set(work: Work, **values: object) -> None:
    work.connection.execute(sa.update(schema.company).where(schema.company.c.id == work.company).values(**values))


def begin_run(work: Work, run_id: str) -> None:
    """Remembers that a sync began."""
    work.connection.execute(sa.insert(schema.run).values(company=work.company, id=run_id, started_at=work.at, counts={}))


def end_run(work: Work, run_id: str, *, counts: Mapping[str, object], problem: str) -> None:
    """Remembers how a sync ended."""
    work.connection.execute(
        sa.update(schema.run)
        .where(schema.run.c.company == work.company, schema.run.c.id == run_id)
        .values(finished_at=work.at, counts=dict(counts), problem=problem)
    )


def intake_done(connection: Connection, company: str, digest: str) -> tuple[int, bool]:
    """How many payments of a file were taken in already, and whether that was all of them."""
    table = schema.intake_file
    row = connection.execute(
        sa.select(table.c.payments_done, table.c.finished_at).where(table.c.company == company, table.c.digest == digest)
    ).one_or_none()
    return (0, False) if row is None else (row.payments_done, row.finished_at is not None)


def record_intake(work: Work, digest: str, *, name: str, done: int, finished: bool) -> None:
    """Remembers how far the intake of a file has come, so that it resumes there."""
    table = schema.intake_file
    values = {"payments_done": done, "finished_at": work.at if finished else None}
    updated = work.connection.execute(
        sa.update(table).where(table.c.company == work.company, table.c.digest == digest).values(**values)
    )
    if updated.rowcount == 0:
        work.connection.execute(
            sa.insert(table).values(company=work.company, digest=digest, name=name, started_at=work.at, **values)
        )


def are_not_cards(connection: Connection, company: str, digest: str) -> bool:
    """Whether a person said of this file that its numbers only look like card numbers."""
    table = schema.intake_file
    query = sa.select(table.c.not_cards_by).where(table.c.company == company, table.c.digest == digest)
    return connection.execute(query).scalar_one_or_none() is not None


def record_not_cards(work: Work, digest: str, *, name: str, lines: int) -> None:
    """Remembers for this file that the acting person said so, and on how many lines such numbers are."""
    done, finished = intake_done(work.connection, work.company, digest)
    record_intake(work, digest, name=name, done=done, finished=finished)
    table = schema.intake_file
    here = (table.c.company == work.company, table.c.digest == digest)
    work.connection.execute(sa.update(table).where(*here).values(not_cards_by=work.actor))
    work.record("intake.numbers_are_not_cards", body={"file": name, "digest": digest, "lines": lines})
