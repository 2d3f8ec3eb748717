"""How many payments of a company are in each bucket: counters, so that asking costs nothing however many payments there are.

They are written once, at the end of a unit of work, when the head of the company's record is locked: no two works of a company
wait for each other there.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from receivables.payment import Bucket
from storage import schema

_TABLE = schema.bucket_count


def _adding(new: sqlite.Insert | postgresql.Insert) -> sa.Insert:
    return new.on_conflict_do_update(
        index_elements=[_TABLE.c.company, _TABLE.c.bucket], set_={"payments": _TABLE.c.payments + new.excluded.payments}
    )


_ADD = {"sqlite": _adding(sqlite.insert(_TABLE)), "postgresql": _adding(postgresql.insert(_TABLE))}


def add(connection: Connection, company: str, more: Mapping[Bucket, int]) -> None:
    """So many payments more, or fewer, in these buckets."""
    rows = [{"company": company, "bucket": bucket, "payments": many} for bucket, many in sorted(more.items()) if many]
    if rows:
        connection.execute(_ADD[connection.dialect.name], rows)


def read(connection: Connection) -> Mapping[tuple[str, Bucket], int]:
    """By company and bucket."""
    return {(row.company, Bucket(row.bucket)): row.payments for row in connection.execute(sa.select(_TABLE))}
