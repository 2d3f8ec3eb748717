"""Which receipts of the books carry a marker of ours, as the mirror holds them: asked by key, never read through.

Written with the mirror (`storage.mirror`): the key of a receipt there is the stem of its marker.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.books_records import Receipt
from receivables.effects import markers_in, stem_of, stems_in
from receivables.reference_keys import key_of
from storage import codec, schema
from storage.engine import Database

STEMS_AT_ONCE = 50  # in one statement
SEVERAL = "several"  # the key of a receipt whose memo names several payments: asked for with every stem
LAST = "\U0010ffff"  # after every text that begins alike


def key_of_marks(memo: str) -> str:
    """The stem of the marker in a memo, or ""."""
    stems = stems_in(memo)
    return SEVERAL if len(stems) > 1 else "".join(stems)


def living(connection: Connection, company: str, stems: Collection[str]) -> dict[str, set[str]]:
    """By stem, the markers on receipts that were in the books when they were last seen; stems of none are left out."""
    return marks_of(seen(connection, company, stems))


def marks_of(receipts: Collection[Receipt]) -> dict[str, set[str]]:
    """By stem, the markers on those of the receipts that are not voided."""
    found = dict[str, set[str]]()
    for mark in (mark for receipt in receipts if not receipt.voided for mark in markers_in(receipt.memo)):
        found.setdefault(stem_of(mark), set()).add(mark)
    return found


def seen(connection: Connection, company: str, stems: Collection[str]) -> Sequence[Receipt]:
    """The receipts with one of these stems as last seen, voided ones included, but none that was deleted."""
    table = schema.mirror
    here = (table.c.company == company, table.c.kind == "receipt", table.c.deleted_at.is_(None))
    if not stems:
        return ()
    rows = connection.execute(sa.select(table.c.body).where(*here, table.c.key.in_([*sorted(stems), SEVERAL])))
    receipts = [codec.document_from_json("receipt", row.body) for row in rows]
    return [of for of in receipts if isinstance(of, Receipt) and not stems_in(of.memo).isdisjoint(stems)]


class StoredMarks:
    """Implements `receivables.ports.MarkIndex` for one company."""

    def __init__(self, db: Database, company: str) -> None:
        self._db = db
        self._company = company

    def carrying(self, stems: Collection[str]) -> tuple[str, dict[str, set[str]]]:
        """The cursor up to which the books were read, and by stem the ids of the receipts that carry or carried it."""
        found: dict[str, set[str]] = {stem: set() for stem in stems}
        asked, company = sorted(found), schema.company
        with self._db.read() as connection:
            cursor = connection.scalar(sa.select(company.c.books_cursor).where(company.c.id == self._company)) or ""
            for start in range(0, len(asked), STEMS_AT_ONCE):
                self._add(connection, asked[start : start + STEMS_AT_ONCE], found)
        return cursor, found

    def _add(self, connection: Connection, stems: Collection[str], found: dict[str, set[str]]) -> None:
        table = schema.mirror
        keyed = sa.and_(table.c.company == self._company, table.c.kind == "receipt", table.c.key.in_([*stems, SEVERAL]))
        for row in connection.execute(sa.select(table.c.key, table.c.document_id).where(keyed)):
            for stem in stems if row.key == SEVERAL else (row.key,):
                found[stem].add(row.document_id)
        keys = schema.receipt_key  # of receipts that could not be read whole, which the mirror leaves out
        for stem in stems:
            begins = sa.and_(keys.c.company == self._company, keys.c.start >= key_of(stem), keys.c.start < key_of(stem) + LAST)
            found[stem] |= set(connection.scalars(sa.select(keys.c.document_id).where(begins)))
