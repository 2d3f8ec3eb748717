"""How our own database stands, and what is known of a company's feeds, for the administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import schema
from storage.engine import Database
from storage.migrating import ensure_current, newest


@dataclass(frozen=True)
class FeedRead:
    """A feed and when it was read last: a file by name, or a feed that is asked."""

    name: str
    at: datetime


def check_database(url: str) -> tuple[Database, str]:
    """The open database, and its version. Raises ConfigurationError where it cannot be reached or has another version."""
    database = Database(url)
    ensure_current(database)
    return database, newest()


def last_feed(connection: Connection, company: str) -> FeedRead | None:
    """The feed that was read last; None where nothing was ever taken in."""
    files, cursors = schema.intake_file, schema.feed_cursor
    named = sa.select(files.c.name, files.c.started_at.label("at")).where(files.c.company == company)
    asked = sa.select(cursors.c.feed, cursors.c.read_at).where(cursors.c.company == company)
    row = connection.execute(named.union_all(asked).order_by(sa.desc("at")).limit(1)).one_or_none()
    return None if row is None else FeedRead(row[0], row[1])
