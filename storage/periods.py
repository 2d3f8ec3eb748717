"""Which day the books were closed through at most, and what of that somebody opened again, until it is closed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from receivables.books_records import BooksSettings
from receivables.effects import EffectKind, EffectState
from receivables.reopened import Reopened
from storage import schema
from storage.engine import Connection
from storage.work import Work


def closed_through(connection: Connection, company: str) -> date | None:
    """The last day through which the books are closed, as they said last; None where nothing is closed."""
    row = _row(connection, company)
    if row is None or row.reopened_at is None:
        return None if row is None else row.closed_through
    return row.open_from - timedelta(days=1) if row.open_from else None


def is_news(connection: Connection, company: str, settings: BooksSettings) -> bool:
    """Whether the books are closed through another day than when they were last read."""
    row = _row(connection, company)
    return row is not None and _differs(row, settings.closed_through)


def seen(work: Work, settings: BooksSettings) -> None:
    """Remembers through which day the books are closed, and says once in the record what was reopened or closed again."""
    table, here, through = schema.company, schema.company.c.id == work.company, settings.closed_through
    row = _row(work.connection, work.company)
    if row is None or not _differs(row, through):
        return
    if through is not None and (row.closed_through is None or through >= row.closed_through):
        nobody = {"reopened_at": None, "reopened_by": "", "open_from": None}
        work.connection.execute(sa.update(table).where(here).values(closed_through=through, **nobody))
        if row.reopened_at:
            work.record("period.closed_again", body={"closed_through": through.isoformat()})
        return
    stamp, first = settings.last_reopened, _day_after(through)
    at, by = (stamp.at, stamp.person) if stamp else (work.at, "")
    work.connection.execute(sa.update(table).where(here).values(reopened_at=at, reopened_by=by, open_from=first))
    body = {"from": first.isoformat() if first else "", "through": row.closed_through.isoformat(), "by": by}
    work.record("period.reopened", body=body)


def _differs(row: sa.Row[Any], through: date | None) -> bool:
    """Whether that they are closed through this day is not what was remembered last."""
    if row.reopened_at is None:
        return bool(through != row.closed_through)
    return bool(_day_after(through) != row.open_from)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _row(connection: Connection, company: str) -> sa.Row[Any] | None:
    return connection.execute(sa.select(schema.company).where(schema.company.c.id == company)).one_or_none()


def reopened(connection: Connection, company: str) -> Reopened | None:
    """What was closed and is open again, with the payments posted into it since."""
    row = _row(connection, company)
    if row is None or row.reopened_at is None:
        return None
    found = Reopened(row.open_from, row.closed_through, row.reopened_at, row.reopened_by)
    return replace(found, payments=tuple(_posted_into(connection, company, found)))


def _posted_into(connection: Connection, company: str, period: Reopened) -> Sequence[str]:
    table, received_on = schema.effect, schema.effect.c.write["received_on"].as_string()
    query = sa.select(table.c.transaction_number).where(
        table.c.company == company,
        table.c.kind == EffectKind.RECEIPT,
        table.c.state == EffectState.DONE,
        table.c.settled_at >= period.since,
        received_on <= period.last.isoformat(),
        received_on >= (period.first.isoformat() if period.first else ""),
    )
    return connection.execute(query.distinct().order_by(table.c.transaction_number)).scalars().all()
