"""What people should be shown: one waiting row for each subject, however often it changed meanwhile."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.ports import Ids
from storage import schema


def want(connection: Connection, ids: Ids, *, company: str, subject_kind: str, subject: str, at: datetime) -> None:
    """Asks for the subject's card to be posted or rewritten; asked twice before it is sent, it is sent once."""
    table = schema.outbox
    waiting = connection.execute(
        sa.update(table)
        .where(
            table.c.company == company,
            table.c.subject_kind == subject_kind,
            table.c.subject == subject,
            schema.is_in(table.c.state, "waiting"),
        )
        .values(wanted_at=at)
    )
    if waiting.rowcount == 0:
        connection.execute(
            sa.insert(table).values(
                company=company,
                id=ids.new(),
                subject_kind=subject_kind,
                subject=subject,
                state="waiting",
                wanted_at=at,
                next_at=at,
                sendings=0,
            )
        )
