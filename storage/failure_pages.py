"""Failures as they are listed: a page at a time, which costs what it shows, and how many are open, counted by an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import failures, schema
from storage.failures import StoredFailure

_TABLE = schema.failure
_IS_OPEN = schema.is_in(_TABLE.c.state, "open")
_PLACE = (_TABLE.c.opened_at, _TABLE.c.transaction_number, _TABLE.c.about, _TABLE.c.id)  # as `ix_failure_open` has them


def page(
    connection: Connection, company: str, *, limit: int, after: StoredFailure | None = None, resolved_too: bool = False
) -> Sequence[StoredFailure]:
    """Some failures of a company, those of longest ago first; `after` is the last of the page before."""
    conditions = [_TABLE.c.company == company]
    if not resolved_too:
        conditions.append(_IS_OPEN)
    if after is not None:
        last = (sa.literal(after.opened_at, schema.Moment), after.transaction_number, after.about, after.id)
        conditions.append(sa.tuple_(*_PLACE) > sa.tuple_(*last))
    return failures.select(connection, sa.and_(*conditions), limit, _PLACE)


def count_open(connection: Connection, companies: Collection[str]) -> Mapping[str, int]:
    """How many failures are open, of each of these companies that has one."""
    query = sa.select(_TABLE.c.company, sa.func.count()).where(_TABLE.c.company.in_(companies), _IS_OPEN)
    rows = connection.execute(query.group_by(_TABLE.c.company).order_by(_TABLE.c.company))
    return {row[0]: row[1] for row in rows}


def open_among(connection: Connection, payments: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], StoredFailure]:
    """The open failure of each of these payments that has one, by company and transaction number."""
    if not payments:
        return {}
    here = sa.tuple_(_TABLE.c.company, _TABLE.c.transaction_number).in_(payments)
    found = failures.select(connection, sa.and_(here, _TABLE.c.about == "payment", _IS_OPEN))
    return {(failure.company, failure.transaction_number): failure for failure in found}
