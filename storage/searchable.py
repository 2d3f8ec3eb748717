"""Brings the rows of search up to date, a few at a time, in transactions of their own: no payment waits for search.

Triggers note in `search_due` what is new or reads differently (`storage/schema/searching.py`). What is noted is read and put
into words before the write begins. A note goes in the transaction that writes its row: whatever changes later is noted anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from receivables.twins import folded
from storage import schema
from storage.schema import searching
from storage.schema.searching import PAYMENT
from storage.work import Work

AT_ONCE = 200  # rows of a step: they are written in well under a tenth of a second, and a press waits no longer
_PRIVATE, _PRIVATES = 0xE000, 6_400  # characters that nobody types: a company's sign is three of them

Row = dict[str, Any]  # of the table of search

_WORDS = sa.table(searching.WORDS, sa.column("rowid", sa.Integer), sa.column("words", sa.Text))
_DUE, _PAYMENT, _LINE, _MIRROR = schema.search_due, schema.payment, schema.allocation, schema.mirror
_COMPANY: sa.BindParameter[str] = sa.bindparam("company")
_NUMBERS: sa.BindParameter[str] = sa.bindparam("numbers", expanding=True)
_NOTED = (
    sa.select(_DUE.c.id, _DUE.c.kind, _DUE.c.document_id)
    .where(_DUE.c.company == _COMPANY)
    .order_by(_DUE.c.kind, _DUE.c.id)
    .limit(sa.bindparam("limit"))
)
_THESE = _DUE.c.id.in_(sa.bindparam("ids", expanding=True))
_STILL_NOTED = sa.select(_DUE.c.id).where(_THESE).order_by(_DUE.c.id).with_for_update()
_KNOWN_NOW = sa.delete(_DUE).where(_THESE)
_PAYMENTS = sa.select(_PAYMENT.c.transaction_number, _PAYMENT.c.customer, _PAYMENT.c.amount_minor, _PAYMENT.c.paid_at).where(
    _PAYMENT.c.company == _COMPANY, _PAYMENT.c.transaction_number.in_(_NUMBERS)
)
_LINES = (
    sa.select(_LINE.c.transaction_number, _LINE.c.invoice_number)
    .where(_LINE.c.company == _COMPANY, _LINE.c.transaction_number.in_(_NUMBERS))
    .order_by(_LINE.c.transaction_number, _LINE.c.line)
)
_DOCUMENTS = sa.select(
    _MIRROR.c.kind, _MIRROR.c.document_id, _MIRROR.c.number, _MIRROR.c.name, _MIRROR.c.created_at, _MIRROR.c.body
).where(
    _MIRROR.c.company == _COMPANY,
    sa.tuple_(_MIRROR.c.kind, _MIRROR.c.document_id).in_(sa.bindparam("documents", expanding=True)),
)


def _putting(new: sqlite.Insert | postgresql.Insert) -> sa.sql.dml.ReturningInsert[Any]:
    table = schema.searchable
    return new.on_conflict_do_update(
        index_elements=[table.c.company, table.c.document_id, table.c.kind],
        set_={name: new.excluded[name] for name in ("number", "doc", "amount_minor", "at")},
    ).returning(table.c.id, table.c.company, table.c.doc)


_PUT = {"sqlite": _putting(sqlite.insert(schema.searchable)), "postgresql": _putting(postgresql.insert(schema.searchable))}
_PUT_WORDS = sa.insert(_WORDS).prefix_with("OR REPLACE")


@dataclass(frozen=True)
class Pending:
    """A row that search does not know yet, as it will be; `doc` is folded, `amount_minor` minor units."""

    company: str
    kind: str
    document_id: str
    number: str
    doc: str
    amount_minor: int
    at: datetime


@dataclass(frozen=True)
class Noted:
    """Some of what search does not know yet of one company, and the rows that it becomes."""

    notes: Sequence[tuple[int, str, str]]  # number of the note, kind, document
    rows: Sequence[Row]


def read(connection: Connection, company: str, day_begins: Callable[[date], datetime]) -> Noted:
    """What was noted first, with the rows that search will have of it. `day_begins` is the company's calendar."""
    notes = [(row.id, row.kind, row.document_id) for row in connection.execute(_NOTED, {"company": company, "limit": AT_ONCE})]
    numbers = {number for _, kind, number in notes if kind == PAYMENT}
    documents = {(kind, document_id) for _, kind, document_id in notes if kind != PAYMENT}
    rows = [*_of_payments(connection, company, numbers), *_of_documents(connection, company, documents, day_begins)]
    return Noted(notes, sorted(rows, key=lambda row: (row["kind"], row["document_id"])))


def pending(connection: Connection, companies: Collection[str]) -> list[Pending]:
    """The payments of these companies that came last and that search does not know yet, as many as a step learns."""
    newest = (
        sa.select(_DUE.c.company, _DUE.c.document_id)
        .where(_DUE.c.company.in_(companies), _DUE.c.kind == PAYMENT)
        .order_by(_DUE.c.id.desc())
        .limit(AT_ONCE)
    )
    numbers: dict[str, set[str]] = {}
    for row in connection.execute(newest):
        numbers.setdefault(row.company, set()).add(row.document_id)
    return [Pending(**row) for company, of in numbers.items() for row in _of_payments(connection, company, of)]


def write(work: Work, noted: Noted) -> int:
    """Writes the rows of what is still noted, and takes the notes away. Returns how many it were.

    A note that is gone was handled by another process, which may have seen something newer.
    """
    held = set(work.connection.execute(_STILL_NOTED, {"ids": [note for note, _, _ in noted.notes]}).scalars())
    if not held:
        return 0
    work.connection.execute(_KNOWN_NOW, {"ids": list(held)})
    mine = {(kind, document_id) for note, kind, document_id in noted.notes if note in held}
    rows = [row for row in noted.rows if (row["kind"], row["document_id"]) in mine]
    if rows:
        _put(work.connection, rows)
    return len(held)


def sign_of(company: str) -> str:
    """Three characters that stand for a company among what is looked for inside on SQLite."""
    number = int.from_bytes(sha256(company.encode()).digest()[:8])
    return "".join(chr(_PRIVATE + number // _PRIVATES**place % _PRIVATES) for place in range(3))


def _put(connection: Connection, rows: Sequence[Row]) -> None:
    """New rows, and the words of those that are there."""
    written = connection.execute(_PUT[connection.dialect.name], rows).all()
    if connection.dialect.name == "sqlite":
        connection.execute(_PUT_WORDS, [{"rowid": row.id, "words": f"{sign_of(row.company)} {row.doc}"} for row in written])


def _of_payments(connection: Connection, company: str, numbers: Collection[str]) -> list[Row]:
    if not numbers:
        return []
    asked = {"company": company, "numbers": sorted(numbers)}
    invoices: dict[str, list[str]] = {}
    for line in connection.execute(_LINES, asked):
        invoices.setdefault(line.transaction_number, []).append(line.invoice_number)
    return [
        {
            "company": company,
            "kind": PAYMENT,
            "document_id": row.transaction_number,
            "number": folded(row.transaction_number),
            "doc": _doc(row.transaction_number, row.customer, *invoices.get(row.transaction_number, ())),
            "amount_minor": row.amount_minor,
            "at": row.paid_at,
        }
        for row in connection.execute(_PAYMENTS, asked)
    ]


def _of_documents(
    connection: Connection, company: str, documents: Collection[tuple[str, str]], day_begins: Callable[[date], datetime]
) -> list[Row]:
    if not documents:
        return []
    rows = []
    for row in connection.execute(_DOCUMENTS, {"company": company, "documents": sorted(documents)}):
        day = row.body.get("issued_on") or row.body.get("received_on")
        rows.append(
            {
                "company": company,
                "kind": row.kind,
                "document_id": row.document_id,
                "number": folded(row.number or row.name),
                "doc": _doc(row.number, row.name),
                "amount_minor": row.body.get("total_minor", row.body.get("amount_minor")),
                "at": day_begins(date.fromisoformat(day)) if day else row.created_at,
            }
        )
    return rows


def _doc(*texts: str) -> str:
    """What is looked for inside: each text once, as names are compared."""
    return " ".join(dict.fromkeys(folded(text) for text in texts if text))


def make_inside(connection: Connection) -> None:
    """PostgreSQL: makes what finds the inside of words, where the server lets us; without it only beginnings are found."""
    if connection.dialect.name != "postgresql" or finds_inside(connection):
        return
    try:
        with connection.begin_nested():
            for statement in searching.MAKE_INSIDE_POSTGRESQL:
                connection.execute(sa.text(statement))
    except SQLAlchemyError:
        return  # whoever migrates, searches or asks the doctor is told


def finds_inside(connection: Connection) -> bool:
    """Whether the inside of words is found by index."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.text(f"SELECT to_regclass('{searching.INSIDE_POSTGRESQL}') IS NOT NULL")).scalar_one())
