"""Finding things by what people remember of them: part of a number, part of a name, an amount.

What reads exactly so comes first, then the newest. Each look goes by an index: a number by its B-tree, an amount by its own, the
inside of words by what three characters in a row stand in which row (`storage/searchable.py`). Before that the newest rows are
looked through, because what very many rows have is among them, and no index is quick for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from unicodedata import category

import sqlalchemy as sa

from receivables.twins import folded
from receivables.words import counted
from storage import schema, searchable
from storage.engine import Connection
from storage.schema import searching
from storage.schema.searching import PAYMENT, WORDS

PAYMENTS = (PAYMENT,)
DOCUMENTS = searching.DOCUMENTS
FOUND_AT_MOST = 50
ONLY_BEGINNINGS = (
    "Search finds only beginnings of numbers, and what is new: PostgreSQL does not let Resolve Now use the extensions "
    "pg_trgm and btree_gin."
)
LET_IT = (
    "Let an administrator of PostgreSQL run CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; in this database, then: "
    "resolve-now migrate"
)
NOT_ALL = f"There may be more than the {FOUND_AT_MOST} found. Type more of the number or the name to narrow the search."
NEWEST = 2_000  # rows looked through before an index is asked for all: a few milliseconds
LONGEST_END = "\U0010ffff"  # comes after every character: what begins with a text lies before the text and this
IN_A_ROW = 3  # characters that the indexes of the inside know
GRAMS = 12  # of a word are asked for at most; the rest is compared
SIGNS = 16  # companies whose signs are asked for; of more, the rows tell

_TABLE = schema.searchable
_STATE_OF_DOCUMENT = sa.case(
    (schema.mirror.c.deleted_at.is_not(None), "deleted"), else_=schema.mirror.c.body["status"].as_string()
)


@dataclass(frozen=True)
class Wanted:
    """What is searched. Of `text`, every word must be there, or it is the amount; what is empty does not narrow."""

    companies: Sequence[str]
    text: str = ""
    kinds: Collection[str] = (PAYMENT, *DOCUMENTS)
    amounts_minor: Collection[int] = ()
    after: datetime | None = None  # from this moment on
    before: datetime | None = None  # up to this moment, without it
    states: Collection[str] = ()  # of payments theirs; of documents as the books call it, or "deleted"
    include_hidden: bool = False


@dataclass(frozen=True)
class Found:
    """One thing found. `kind` is payment, customer, invoice, credit-memo or receipt; amounts are minor units."""

    company: str
    kind: str
    number: str
    id: str
    name: str
    amount_minor: int | None
    currency: str
    state: str
    hidden: bool = False


def caveats(connection: Connection, companies: Sequence[str]) -> list[str]:
    """What whoever searches these companies has to know: what is not searchable yet, and what this database cannot find."""
    due, table = schema.search_due, schema.payment
    here = (due.c.company.in_(companies), due.c.kind == PAYMENT)
    said = []
    if waiting := connection.execute(sa.select(sa.func.count()).select_from(due).where(*here)).scalar_one():
        all_of_them = sa.select(sa.func.count()).select_from(table).where(table.c.company.in_(companies))
        held = connection.execute(all_of_them).scalar_one()
        are = "is" if waiting == 1 else "are"
        said.append(f"{min(waiting, held):,} of {counted(held, 'payment')} {are} not searchable yet.")
    if not searchable.finds_inside(connection):
        said.append(ONLY_BEGINNINGS)
    return said


def find(connection: Connection, wanted: Wanted) -> list[Found]:
    """What was searched, a bounded number: what reads exactly so, then the newest."""
    found: dict[int, sa.Row[Any]] = {}
    if wanted.companies and wanted.kinds:
        for look in Looks(connection, wanted).in_turn():
            found |= {row.id: row for row in connection.execute(look) if row.id not in found}
            if len(found) >= FOUND_AT_MOST:
                break
    return _shown(connection, list(found.values())[:FOUND_AT_MOST], folded(_typed(wanted.text)))


class Looks:
    """The statements that find what is wanted, each by an index of its own."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._connection = connection
        self._on_sqlite = connection.dialect.name == "sqlite"
        self._wanted = wanted
        self.text = folded(_typed(wanted.text))
        self._words = self.text.split()
        self._amounts = _amounts(self.text)

    def in_turn(self) -> Iterator[sa.Select[Any]]:
        """One look after the other, until enough was found."""
        by_amount = not self.text and bool(self._wanted.amounts_minor)
        if self.text:
            yield self.exactly()
        if not by_amount:
            yield self.among_newest()
        yield self.everywhere() if self.text or by_amount else self._narrowed(_TABLE)

    def exactly(self) -> sa.Select[Any]:
        """What carries this number, or is this document of the books."""
        by_number = self._here.where(_TABLE.c.number == self.text)
        by_id = self._here.where(
            _TABLE.c.document_id == _typed(self._wanted.text).strip().removeprefix("#"), _TABLE.c.kind.in_(DOCUMENTS)
        )
        return self._narrowed(sa.union(by_number, by_id).subquery("exactly"))

    def beginning(self) -> sa.Select[Any]:
        """Some of what carries a number that begins so."""
        return self._narrowed(self._beginning.subquery("beginning"))

    def among_newest(self) -> sa.Select[Any]:
        """What of the newest rows fits: of one company, or of all that there are."""
        rows = self._here if len(self._wanted.companies) == 1 else sa.select(_TABLE)
        newest = rows.order_by(_TABLE.c.at.desc()).limit(NEWEST).subquery("newest")
        fits = [self._says(newest)] if self.text else []
        fits += [newest.c.amount_minor.in_(self._amounts)] if self._amounts else []
        return self._narrowed(newest, *([sa.or_(*fits)] if fits else []))

    def everywhere(self) -> sa.Select[Any]:
        """All that fits, as a whole before the newest of it are taken: a database would else go through a company in order."""
        ways = [self._inside() if self._finds_inside else self._beginning] if self.text else []
        if amounts := self._amounts if self.text else self._wanted.amounts_minor:
            ways.append(self._here.where(_TABLE.c.amount_minor.in_(amounts)))
        every = sa.union(*(sa.select(way.subquery()) for way in ways)) if len(ways) > 1 else ways[0]
        return self._narrowed(every.cte("every").prefix_with("MATERIALIZED"))

    @property
    def _here(self) -> sa.Select[Any]:
        return sa.select(_TABLE).where(_TABLE.c.company.in_(self._wanted.companies))

    @property
    def _beginning(self) -> sa.Select[Any]:
        begins = (_TABLE.c.number >= self.text, _TABLE.c.number < self.text + LONGEST_END)
        return sa.select(self._here.where(*begins).limit(FOUND_AT_MOST).subquery())

    @cached_property
    def _finds_inside(self) -> bool:
        if not any(len(word) >= IN_A_ROW for word in self._words) or not searchable.finds_inside(self._connection):
            return False
        if not self._on_sqlite:  # a plan made for every text would take each for a rare one
            self._connection.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
        return True

    def _inside(self) -> sa.Select[Any]:
        """The rows in which every word stands, by the index of what three characters in a row stand where."""
        if not self._on_sqlite:
            return self._here.where(self._says(_TABLE))
        grams = [_quoted(gram) for word in self._words for gram in _grams(word)]
        if len(self._wanted.companies) <= SIGNS:
            signs = " OR ".join(_quoted(searchable.sign_of(company)) for company in self._wanted.companies)
            grams.insert(0, f"({signs})")
        words = sa.table(WORDS, sa.column("rowid", sa.Integer))
        rows = sa.select(words.c.rowid).where(sa.literal_column(WORDS).op("MATCH")(" AND ".join(grams)))
        return self._here.where(_TABLE.c.id.in_(rows), self._says(_TABLE))

    def _says(self, rows: sa.FromClause) -> sa.ColumnElement[bool]:
        """Whether every word stands in a row; LIKE with ESCAPE is not known to PostgreSQL's index."""
        if self._on_sqlite:
            return sa.and_(*(sa.func.instr(rows.c.doc, word) > 0 for word in self._words))
        return sa.and_(*(rows.c.doc.like(_pattern(word)) for word in self._words))

    def _narrowed(self, rows: sa.FromClause, *fits: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """The newest of some rows, as far as they are wanted."""
        wanted, of, payment, mirror = self._wanted, rows.c, schema.payment, schema.mirror
        narrow = [of.company.in_(wanted.companies), *fits]
        if set(wanted.kinds) != {PAYMENT, *DOCUMENTS}:
            narrow.append(of.kind.in_(wanted.kinds))
        if wanted.amounts_minor:
            narrow.append(of.amount_minor.in_(wanted.amounts_minor))
        narrow += [of.at >= wanted.after] if wanted.after else []
        narrow += [of.at < wanted.before] if wanted.before else []
        is_payment = (of.kind == PAYMENT, payment.c.company == of.company, payment.c.transaction_number == of.document_id)
        if not wanted.include_hidden:
            narrow.append(~sa.exists().where(*is_payment, payment.c.hidden_by.is_not(None)))
        if wanted.states:
            is_document = (mirror.c.company == of.company, mirror.c.kind == of.kind, mirror.c.document_id == of.document_id)
            narrow.append(
                sa.exists().where(*is_payment, payment.c.state.in_(wanted.states))
                | sa.exists().where(*is_document, _STATE_OF_DOCUMENT.in_(wanted.states))
            )
        columns = (of.id, of.company, of.kind, of.document_id, of.number, of.at)
        return sa.select(*columns).where(*narrow).order_by(of.at.desc(), of.document_id).limit(FOUND_AT_MOST)


def _shown(connection: Connection, rows: Sequence[sa.Row[Any]], text: str) -> list[Found]:
    """What was found as it stands now: what reads exactly so, payments from the newest on, documents by kind and number."""
    exact = {(row.company, row.kind, row.document_id) for row in rows if row.number == text}
    found = [*_payments(connection, [row for row in rows if row.kind == PAYMENT])]
    found += _documents(connection, [row for row in rows if row.kind != PAYMENT])
    return sorted(found, key=lambda of: (of.company, of.kind.replace("-", "_"), of.id) not in exact)


def _payments(connection: Connection, rows: Sequence[sa.Row[Any]]) -> list[Found]:
    if not rows:
        return []
    table = schema.payment
    keys = [(row.company, row.document_id) for row in rows]
    query = sa.select(
        table.c.company,
        table.c.transaction_number,
        table.c.customer,
        table.c.amount_minor,
        table.c.currency,
        table.c.state,
        table.c.hidden_by,
    ).where(sa.tuple_(table.c.company, table.c.transaction_number).in_(keys))
    return [
        Found(
            row.company,
            PAYMENT,
            row.transaction_number,
            row.transaction_number,
            row.customer,
            row.amount_minor,
            row.currency,
            row.state,
            row.hidden_by is not None,
        )
        for row in connection.execute(query.order_by(table.c.paid_at.desc(), table.c.transaction_number))
    ]


def _documents(connection: Connection, rows: Sequence[sa.Row[Any]]) -> list[Found]:
    if not rows:
        return []
    table = schema.mirror
    keys = [(row.company, row.kind, row.document_id) for row in rows]
    query = sa.select(
        table.c.company, table.c.kind, table.c.document_id, table.c.number, table.c.name, table.c.body, table.c.deleted_at
    ).where(sa.tuple_(table.c.company, table.c.kind, table.c.document_id).in_(keys))
    return [
        Found(
            row.company,
            row.kind.replace("_", "-"),
            row.number,
            row.document_id,
            row.name,
            row.body.get("total_minor", row.body.get("amount_minor")),
            row.body.get("currency", ""),
            "deleted" if row.deleted_at else str(row.body.get("status", "")),
        )
        for row in connection.execute(query.order_by(table.c.kind, table.c.number, table.c.document_id))
    ]


def _grams(word: str) -> list[str]:
    """What three characters in a row it has; of a long word some, its end first: numbers differ in their ends."""
    every = [word[place : place + IN_A_ROW] for place in range(len(word) - IN_A_ROW + 1)]
    return list(dict.fromkeys(reversed(every)))[:GRAMS]


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'


def _pattern(word: str) -> str:
    """For LIKE without ESCAPE, where a backslash is what makes a character stand for itself."""
    return "%" + "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in word) + "%"


def _typed(text: str) -> str:
    """A text without what no database takes in one: control characters, and halves of characters."""
    return "".join(letter if category(letter) not in {"Cc", "Cs"} else " " for letter in text)


def _amounts(text: str) -> tuple[int, ...]:
    """The minor units that a text may mean, with two decimals or with none ("380.00" and "380"); none where it is no amount."""
    digits = text.lstrip("$€£ ").replace(",", "")
    whole, _, decimals = digits.partition(".")
    if not (digits.isascii() and whole.isdigit() and len(whole) <= 12 and (decimals == "" or decimals.isdigit())):
        return ()
    if decimals and len(decimals) <= 3:
        return (int(whole + decimals.ljust(2, "0")), int(whole + decimals.ljust(3, "0")))
    return (int(whole), int(whole) * 100, int(whole) * 1000)
