"""Tables of search: one row for each payment and each document of the mirror, and what search does not know yet.

Nothing of this is written by whoever writes a payment or a document: triggers note what is new or reads differently now, and
`storage/searchable.py` brings the rows up to date in transactions of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.schema.columns import Moment, metadata, one_of, refers_to

PAYMENT = "payment"
DOCUMENTS = ("customer", "invoice", "credit_memo", "receipt")  # as the mirror calls them

_Counted = sa.BigInteger().with_variant(Integer, "sqlite")  # what SQLite counts up by itself is an INTEGER
_ByBytes = Text().with_variant(Text(collation="C"), "postgresql")  # beginnings are a range of an index in the order of bytes

searchable = Table(
    "searchable",
    metadata,
    Column("id", _Counted, primary_key=True),
    Column("company", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("document_id", String(64), nullable=False),  # of a payment its transaction number
    Column("number", _ByBytes, nullable=False),  # folded; of a customer its name
    Column("doc", Text, nullable=False),  # all that is looked for inside, folded
    Column("amount_minor", sa.BigInteger),
    Column("at", Moment, nullable=False),  # a payment's moment, the beginning of a document's day
    refers_to("company", "company", key=("id",)),
    one_of("kind", (PAYMENT, *DOCUMENTS)),
)
Index("uq_searchable_document", searchable.c.company, searchable.c.document_id, searchable.c.kind, unique=True)
Index("ix_searchable_by_number", searchable.c.company, searchable.c.number)
Index("ix_searchable_by_amount", searchable.c.company, searchable.c.amount_minor)
Index("ix_searchable_newest_of", searchable.c.company, searchable.c.at)
Index("ix_searchable_newest", searchable.c.at)

#: What became new or reads differently, in the order in which it did; a row goes when search knows it.
search_due = Table(
    "search_due",
    metadata,
    Column("id", _Counted, primary_key=True),
    Column("company", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("document_id", String(64), nullable=False),
    sqlite_autoincrement=True,  # a number that was handled is never given to another row
)
Index("ix_search_due_of", search_due.c.company, search_due.c.kind, search_due.c.id)

#: SQLite: which rows have which three characters in a row. Ours holds no text, only that.
WORDS = "searchable_words"
SEARCHABLE_SQLITE = (
    f"CREATE VIRTUAL TABLE {WORDS} USING fts5(words, content='', contentless_delete=1, detail='none', "
    "tokenize='trigram case_sensitive 1')",
)
#: PostgreSQL: the same, where the server has its extensions and lets us have them.
INSIDE_POSTGRESQL = "ix_searchable_inside"
EXTENSIONS_POSTGRESQL = ("pg_trgm", "btree_gin")
MAKE_INSIDE_POSTGRESQL = (
    *(f"CREATE EXTENSION IF NOT EXISTS {name}" for name in EXTENSIONS_POSTGRESQL),
    # Without its list of what is pending, which each search would have to read through.
    f"CREATE INDEX {INSIDE_POSTGRESQL} ON searchable USING gin (company, doc gin_trgm_ops) WITH (fastupdate = off)",
)

_NOTE = "INSERT INTO search_due (company, kind, document_id) VALUES (NEW.company, {kind}, NEW.{key})"
_WRITTEN = "OLD.number <> NEW.number", "OLD.name <> NEW.name"
_READS = ("total_minor", "amount_minor", "issued_on", "received_on")  # what of a document's body a row is made of


def _sqlite_trigger(table: str, when: str, kind: str, key: str, condition: str = "") -> str:
    name, given = f"search_{table}_{'changed' if condition else 'new'}", f" WHEN {condition}" if condition else ""
    return f"CREATE TRIGGER {name} AFTER {when} ON {table}{given} BEGIN {_NOTE.format(kind=kind, key=key)}; END"


def _postgresql_function(table: str, kind: str, key: str) -> str:
    note = _NOTE.format(kind=kind, key=key)
    return f"CREATE FUNCTION search_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {note}; RETURN NULL; END $$"


def _postgresql_trigger(table: str, when: str, condition: str = "") -> str:
    name, given = f"search_{table}_{'changed' if condition else 'new'}", f" WHEN ({condition})" if condition else ""
    return f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW{given} EXECUTE FUNCTION search_{table}()"


_PAYMENT_CHANGES = "UPDATE OF content_hash", "OLD.content_hash <> NEW.content_hash"
_MIRROR_UPDATE = "UPDATE OF number, name, body"
_MIRROR_SQLITE = " OR ".join(
    (
        *_WRITTEN,
        *(f"json_extract(OLD.body, '$.{name}') IS NOT json_extract(NEW.body, '$.{name}')" for name in _READS),
    )
)
_MIRROR_POSTGRESQL = " OR ".join((*_WRITTEN, *(f"OLD.body->>'{name}' IS DISTINCT FROM NEW.body->>'{name}'" for name in _READS)))
NOTES_SQLITE = (
    _sqlite_trigger("payment", "INSERT", "'payment'", "transaction_number"),
    _sqlite_trigger("payment", _PAYMENT_CHANGES[0], "'payment'", "transaction_number", _PAYMENT_CHANGES[1]),
    _sqlite_trigger("mirror", "INSERT", "NEW.kind", "document_id"),
    _sqlite_trigger("mirror", _MIRROR_UPDATE, "NEW.kind", "document_id", _MIRROR_SQLITE),
)
NOTES_POSTGRESQL = (
    _postgresql_function("payment", "'payment'", "transaction_number"),
    _postgresql_trigger("payment", "INSERT"),
    _postgresql_trigger("payment", *_PAYMENT_CHANGES),
    _postgresql_function("mirror", "NEW.kind", "document_id"),
    _postgresql_trigger("mirror", "INSERT"),
    _postgresql_trigger("mirror", _MIRROR_UPDATE, _MIRROR_POSTGRESQL),
)
