"""What we know of feeds: how far each was read, which messages were taken, and which of its records wait to be read again.

Everything here is written in the transaction that takes the payments in, so that a message or a page counts as
taken exactly when its payments are durable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage import schema
from storage.work import Work

MESSAGES_KEPT = timedelta(days=30)  # senders give up after days; a later copy finds the payments themselves known
PRUNED_AT_ONCE = 100

#: What a database that is locked, full or away raises; the sender who waits is asked to come again.
DATABASE_SILENT = (OperationalError, InterfaceError, PoolTimeout)


@dataclass(frozen=True)
class KeptRecord:
    """A record of a feed that is not a payment yet: told of and not read, not complete, or refused (`problem` says why)."""

    feed: str
    record_id: str
    problem: str
    noticed_at: datetime
    looked_at: datetime | None


def first_time(work: Work, feed: str, message_id: str) -> bool:
    """Remembers a message; False when it was taken before. Of two at the same moment exactly one gets True."""
    try:
        with work.savepoint():
            work.connection.execute(
                sa.insert(schema.seen_message).values(company=work.company, feed=feed, message_id=message_id, received_at=work.at)
            )
    except IntegrityError:
        return False
    return True


def prune_messages(work: Work, feed: str) -> int:
    """Forgets some messages that nobody sends any more; returns how many (at most 100)."""
    table = schema.seen_message
    mine = (table.c.company == work.company, table.c.feed == feed)
    old = work.connection.execute(
        sa.select(table.c.message_id)
        .where(*mine, table.c.received_at < work.at - MESSAGES_KEPT)
        .order_by(table.c.received_at)
        .limit(PRUNED_AT_ONCE)
    ).scalars()
    gone = list(old)
    if gone:
        work.connection.execute(sa.delete(table).where(*mine, table.c.message_id.in_(gone)))
    return len(gone)


def cursor(connection: Connection, company: str, feed: str) -> str:
    """How far a feed was read, in its own words; "" is not at all."""
    table = schema.feed_cursor
    query = sa.select(table.c.cursor).where(table.c.company == company, table.c.feed == feed)
    return connection.execute(query).scalar_one_or_none() or ""


def set_cursor(work: Work, feed: str, cursor: str) -> None:
    table = schema.feed_cursor
    values = {"cursor": cursor, "read_at": work.at}
    moved = work.connection.execute(
        sa.update(table).where(table.c.company == work.company, table.c.feed == feed).values(**values)
    )
    if moved.rowcount == 0:
        work.connection.execute(sa.insert(table).values(company=work.company, feed=feed, **values))


def keep(work: Work, feed: str, record_id: str, *, problem: str, looked: bool) -> None:
    """Keeps a record to be read again. `looked` says that it was read just now, and `problem` what is wrong with it."""
    table = schema.feed_record
    here = (table.c.company == work.company, table.c.feed == feed, table.c.record_id == record_id)
    values = {"problem": problem, "looked_at": work.at} if looked else {"looked_at": None}
    known = work.connection.execute(sa.update(table).where(*here).values(**values)).rowcount
    if not known:
        row = {"company": work.company, "feed": feed, "record_id": record_id, "problem": problem, "noticed_at": work.at}
        work.connection.execute(sa.insert(table).values(**row, looked_at=work.at if looked else None))


def let_go(work: Work, feed: str, record_ids: Collection[str]) -> None:
    """These records were taken in, or will never be payments."""
    table = schema.feed_record
    work.connection.execute(
        sa.delete(table).where(table.c.company == work.company, table.c.feed == feed, table.c.record_id.in_(record_ids))
    )


def to_read(connection: Connection, company: str, feed: str, *, limit: int) -> Sequence[KeptRecord]:
    """Kept records, those never read first, then those read longest ago."""
    table = schema.feed_record
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.feed == feed)
        .order_by(table.c.looked_at.is_not(None), table.c.looked_at, table.c.record_id)
        .limit(limit)
    )
    return [_kept(row) for row in connection.execute(query)]


def refused(connection: Connection, company: str, *, limit: int = 100) -> Sequence[KeptRecord]:
    """Records that cannot become payments until somebody corrects them at their source, oldest first."""
    table = schema.feed_record
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.problem != "")
        .order_by(table.c.noticed_at, table.c.record_id)
        .limit(limit)
    )
    return [_kept(row) for row in connection.execute(query)]


def _kept(row: sa.Row[tuple[object, ...]]) -> KeptRecord:
    return KeptRecord(row.feed, row.record_id, row.problem, row.noticed_at, row.looked_at)
