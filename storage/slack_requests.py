"""What Slack sent us already: a request that comes again, to whichever process, has no effect."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from storage import schema

KEPT = timedelta(hours=1)  # a signature is good for five minutes; Slack sends an event again for about six


def first_time(connection: Connection, digest: str, now: datetime) -> bool:
    """Remembers a request by its hash; of several at the same moment exactly one gets True. Forgets what is old."""
    table = schema.slack_request
    connection.execute(sa.delete(table).where(table.c.expires_at < now))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = insert(table).values(digest=digest, expires_at=now + KEPT).on_conflict_do_nothing()
    return connection.execute(new.returning(table.c.digest)).first() is not None


def forget(connection: Connection, digest: str) -> None:
    """A request that failed on our side may come again."""
    connection.execute(sa.delete(schema.slack_request).where(schema.slack_request.c.digest == digest))
