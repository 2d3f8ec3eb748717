"""Since when the books could not be read to the end about a failure: what is shown of it is as of that moment."""

from __future__ import annotations

import sqlalchemy as sa

from storage import outbox, schema
from storage.failures import StoredFailure
from storage.work import Work


def remember(work: Work, found: StoredFailure, *, unread: bool) -> None:
    """Keeps the first such moment, or forgets it when everything was read again; the card says so."""
    work.only_for(found.company)
    if unread is (found.unread_since is not None):
        return
    table = schema.failure
    here = sa.and_(table.c.company == found.company, table.c.id == found.id)
    work.connection.execute(sa.update(table).where(here).values(unread_since=work.at if unread else None))
    outbox.want(work, "failure", found.id)
