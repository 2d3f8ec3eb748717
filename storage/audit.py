"""The record an auditor reads: one row for each change, chained so that any tampering shows.

Each row's hash covers its company, its number, its moment and its words together with the hash before it; rows
are written in the same transaction as the change they tell of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from storage import schema
from storage.canonical import canonical, is_simple, quick

GENESIS = "0" * 64
CLOCKS_DIFFER = timedelta(hours=1)  # between machines, at most; a clock set back by less delays a sync by as much


@dataclass(frozen=True)
class AuditRow:
    """One change: who, what, when (UTC), about which payment, and the words exactly as hashed."""

    company: str
    seq: int
    at: datetime
    actor: str
    action: str
    transaction_number: str | None
    body: str
    prev_hash: str
    hash: str


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold."""

    company: str
    seq: int
    problem: str


class Entry(NamedTuple):
    """What a step tells of a change, before it has its place in the chain; `body` is as it will be hashed."""

    at: datetime
    actor: str
    action: str
    transaction_number: str | None
    body: str


_ADD = sa.insert(schema.audit)
_MOVE_HEAD = (
    sa.update(schema.audit_head)
    .where(schema.audit_head.c.company == sa.bindparam("of_company"))
    .values(seq=sa.bindparam("to_seq"), hash=sa.bindparam("to_hash"))
)
_THE_HEAD = (
    sa.select(schema.audit_head.c.seq, schema.audit_head.c.hash)
    .where(schema.audit_head.c.company == sa.bindparam("of_company"))
    .with_for_update()
)


def words(body: Mapping[str, object]) -> str:
    """The body of a row as it is stored and hashed."""
    plain = dict(body)
    return quick(plain) if is_simple(plain) else canonical(json.loads(json.dumps(plain, default=str))).decode()


def append(connection: Connection, company: str, entries: Sequence[Entry]) -> None:
    """Adds rows to the company's record, in this order. The head is locked once, at the end of the work, until it commits."""
    if not entries:
        return
    seq, previous = _head(connection, company)
    added = []
    for entry in entries:
        seq += 1
        row: dict[str, object] = {"company": company, "seq": seq, **entry._asdict(), "prev_hash": previous}
        previous = row["hash"] = _hash_of(row)
        added.append(row)
    connection.execute(_ADD, added)
    connection.execute(_MOVE_HEAD, {"of_company": company, "to_seq": seq, "to_hash": previous})


def _head(connection: Connection, company: str) -> tuple[int, str]:
    """The last row's number and hash, locked until the transaction ends."""
    head, here = schema.audit_head, {"of_company": company}
    row = connection.execute(_THE_HEAD, here).one_or_none()
    if row is None:
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(head).values(company=company, seq=0, hash=GENESIS))
        except IntegrityError:  # another process began the record a moment ago
            pass
        row = connection.execute(_THE_HEAD, here).one()
    return row.seq, row.hash


def row_hash(row: AuditRow) -> str:
    """SHA-256 over the canonical JSON of the whole row and the hash before it, as hexadecimal."""
    return _hash_of(vars(row))


def _hash_of(row: Mapping[str, Any]) -> str:
    whole = [row["company"], row["seq"], row["at"].isoformat(timespec="microseconds"), *map(row.__getitem__, _TOLD)]
    return hashlib.sha256(quick(whole).encode()).hexdigest()


_TOLD = ("actor", "action", "transaction_number", "body", "prev_hash")


def rows(connection: Connection, company: str, transaction_number: str | None = None) -> Iterator[AuditRow]:
    """The record of a company, or of one payment, oldest first."""
    table = schema.audit
    query = sa.select(table).where(table.c.company == company).order_by(table.c.seq)
    if transaction_number is not None:
        query = query.where(table.c.transaction_number == transaction_number)
    for row in connection.execute(query):
        yield AuditRow(**row._mapping)


def head(connection: Connection, company: str) -> tuple[int, str]:
    """The number and the hash of the newest row: with them anybody can tell later whether the record up to it is the same."""
    table = schema.audit_head
    row = connection.execute(sa.select(table.c.seq, table.c.hash).where(table.c.company == company)).one_or_none()
    return (row.seq, row.hash) if row else (0, GENESIS)


def between(
    connection: Connection, company: str, actions: Collection[str], begins: datetime, ends: datetime
) -> Sequence[AuditRow]:
    """The rows with one of these actions from one moment up to before another, oldest first.

    Rows are in the order of their moments, but for clocks that differ: where to begin is looked for by number.
    """
    first = _first_since(connection, company, begins - CLOCKS_DIFFER)
    last = _first_since(connection, company, ends + CLOCKS_DIFFER)
    table = schema.audit
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.seq >= first, table.c.seq < last)
        .where(table.c.action.in_(actions), table.c.at >= begins, table.c.at < ends)
        .order_by(table.c.seq)
    )
    return [AuditRow(**row._mapping) for row in connection.execute(query)]


def _first_since(connection: Connection, company: str, moment: datetime) -> int:
    """The number of the first row at this moment or after it; one more than the last where there is none."""
    table, low, high = schema.audit, 1, head(connection, company)[0] + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.execute(sa.select(table.c.at).where(table.c.company == company, table.c.seq == middle)).scalar()
        if at is None or at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def of_actions(connection: Connection, company: str, actions: Collection[str], after_seq: int) -> Sequence[AuditRow]:
    """The rows with one of these actions after a row, oldest first."""
    table = schema.audit
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.seq > after_seq, table.c.action.in_(actions))
        .order_by(table.c.seq)
    )
    return [AuditRow(**row._mapping) for row in connection.execute(query)]


def closed_until_the_end(connection: Connection) -> Connection:
    """The connection of a unit of work, on which nobody may ask for the record's last number: its own rows are not there yet."""
    return connection.execution_options(**{_UNFINISHED: True})


def last_seq(connection: Connection, company: str) -> int:
    """The number of the newest row, 0 where there is none. Refused inside a unit of work, whose rows come at its end."""
    if connection.get_execution_options().get(_UNFINISHED):
        raise AssertionError("the record's last number is not known before the work ends")
    table = schema.audit_head
    return connection.execute(sa.select(table.c.seq).where(table.c.company == company)).scalar() or 0


_UNFINISHED = "record_unfinished"


def verify(connection: Connection, company: str) -> Break | None:
    """The first place where the record was edited, deleted, inserted, reordered or cut short; None when it holds."""
    expected_seq, previous = 1, GENESIS
    for row in rows(connection, company):
        if row.seq != expected_seq:
            return Break(company, expected_seq, f"row {expected_seq} is missing")
        if row.prev_hash != previous:
            return Break(company, row.seq, "it does not continue the row before it")
        if row.hash != row_hash(row):
            return Break(company, row.seq, "its words are not those that were recorded")
        expected_seq, previous = row.seq + 1, row.hash
    head = connection.execute(sa.select(schema.audit_head).where(schema.audit_head.c.company == company)).one_or_none()
    written, last = (head.seq, head.hash) if head else (0, GENESIS)
    if (written, last) != (expected_seq - 1, previous):
        return Break(company, expected_seq, f"the record ends at row {expected_seq - 1} but {written} were written")
    return None
