"""Finding things by what people remember of them: part of a number, part of a name, an amount.

What reads exactly so comes first, then the newest. Each look goes by an index: a number by its B-tree, an amount by its own, the
inside of words by what three characters in a row stand in which row (`storage/searchable.py`). Before that the newest rows are
looked through, because what very many rows have is among them, and no index is quick for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any
from unicodedata import category

import sqlalchemy as sa

from receivables.money import decimals_of
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
OWNED, OWNERS = frozenset(("invoice", "credit_memo", "receipt")), 10  # kinds, and customers whose documents are looked for
SIGNS = 16  # companies whose signs are asked for; of more, the rows tell

_TABLE = schema.searchable
_STATE_OF_DOCUMENT = sa.case(
    (schema.mirror.c.deleted_at.is_not(None), "deleted"),
    (schema.mirror.c.body["voided"].as_boolean(), "voided"),
    else_=schema.mirror.c.body["status"].as_string(),
)


class Hidden(StrEnum):
    """Whether hidden payments are wanted."""

    NO = "no"
    YES = "yes"
    ONLY = "only"


@dataclass(frozen=True)
class Wanted:
    """What is searched. Of `text`, every word must be there, or it is the amount; what is empty does not narrow."""

    companies: Sequence[str]
    text: str = ""
    kinds: Collection[str] = (PAYMENT, *DOCUMENTS)
    amounts_minor: Collection[int] = ()
    worth: Decimal | None = None  # the amount in its own currency, where `amounts_minor` is all that its digits may mean
    after: Mapping[str, datetime] = field(default_factory=dict)  # from this moment on, by company
    before: Mapping[str, datetime] = field(default_factory=dict)  # up to this moment, without it, by company
    states: Collection[str] = ()  # of payments theirs; of documents as the books call it, "voided" or "deleted"
    hidden: Hidden = Hidden.NO


@dataclass(frozen=True)
class Found:
    """One thing found. `kind` is payment, customer, invoice, credit-memo or receipt; `name` is the customer's; amounts are minor
    units."""

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
    waiting = connection.execute(sa.select(sa.func.count()).select_from(due).where(*here)).scalar_one()
    if waiting > searchable.AT_ONCE:  # fewer are found as they are
        all_of_them = sa.select(sa.func.count()).select_from(table).where(table.c.company.in_(companies))
        held = connection.execute(all_of_them).scalar_one()
        said.append(f"{min(waiting, held):,} of {counted(held, 'payment')} are not searchable yet.")
    if not searchable.finds_inside(connection):
        said.append(ONLY_BEGINNINGS)
    return said


def find(connection: Connection, wanted: Wanted) -> list[Found]:
    """What was searched, a bounded number: what reads exactly so, then the newest."""
    if not (wanted.companies and wanted.kinds):
        return []
    rows: dict[tuple[str, str, str], sa.Row[Any]] = {}
    for look in Looks(connection, wanted).in_turn():
        for row in connection.execute(look):
            rows.setdefault((row.company, row.kind, row.document_id), row)
        if len(rows) >= FOUND_AT_MOST:
            break
    text = folded(typed(wanted.text))
    news = {(row.company, row.kind, row.document_id): row for row in searchable.pending(connection, wanted.companies)}
    late = {key: row for key, row in news.items() if _fits(row, wanted, text)}
    known = {key: row for key, row in rows.items() if key not in news}  # what an index has of the others is older
    found = _shown(connection, [*late.values(), *known.values()], text)
    return [of for of in found if _is_wanted(of, wanted, late=(of.company, of.kind, of.id) in late)][:FOUND_AT_MOST]


def _fits(row: searchable.Pending, wanted: Wanted, text: str) -> bool:
    """Whether a payment that no index has yet is wanted, as far as its row tells."""
    since, until = wanted.after.get(row.company), wanted.before.get(row.company)
    in_time = (since is None or row.at >= since) and (until is None or row.at < until)
    of_amount = not wanted.amounts_minor or row.amount_minor in wanted.amounts_minor
    says = all(word in row.doc for word in text.split()) or row.amount_minor in amounts_of(text)
    return PAYMENT in wanted.kinds and in_time and of_amount and says


def _is_wanted(found: Found, wanted: Wanted, *, late: bool) -> bool:
    """What no statement asked: the amount in its own currency; and of what no index has, whether it is hidden and its state."""
    if late and wanted.states and found.state not in wanted.states:
        return False
    if late and wanted.hidden is not Hidden.YES and found.hidden is not (wanted.hidden is Hidden.ONLY):
        return False
    if wanted.worth is None:
        return True
    try:
        return found.amount_minor == wanted.worth.scaleb(decimals_of(found.currency))
    except ValueError:  # the books name no currency
        return True


def of_each(connection: Connection, wanted: Wanted) -> tuple[list[Found], list[Found]]:
    """Payments, and documents of the books: a bounded number of each."""
    payments = find(connection, replace(wanted, kinds=[kind for kind in wanted.kinds if kind == PAYMENT]))
    return payments, find(connection, replace(wanted, kinds=[kind for kind in wanted.kinds if kind != PAYMENT]))


def hidden_besides(connection: Connection, wanted: Wanted) -> int:
    """How many hidden payments fit that were not asked for."""
    if wanted.hidden is not Hidden.NO or PAYMENT not in wanted.kinds:
        return 0
    return len(find(connection, replace(wanted, kinds=PAYMENTS, hidden=Hidden.ONLY)))


def exactly(connection: Connection, wanted: Wanted) -> list[Found]:
    """What search knows that carries just this number, or is this document of the books ("#17" by its id)."""
    rows = connection.execute(Looks(connection, wanted).exactly()).all() if wanted.companies else []
    return _shown(connection, rows, folded(typed(wanted.text)))


def of_payments(connection: Connection, keys: Collection[tuple[str, str]]) -> list[Found]:
    """These payments as search shows them, by company and transaction number, the newest first."""
    if not keys:
        return []
    table = schema.payment
    columns = (table.c[name] for name in ("company", "transaction_number", "customer", "amount_minor", "currency", "state"))
    query = sa.select(*columns, table.c.hidden_by).where(sa.tuple_(table.c.company, table.c.transaction_number).in_(keys))
    return [
        Found(row[0], PAYMENT, row[1], row[1], *row[2:6], hidden=row.hidden_by is not None)
        for row in connection.execute(query.order_by(table.c.paid_at.desc(), table.c.transaction_number))
    ]


class Looks:
    """The statements that find what is wanted, each by an index of its own."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._connection = connection
        self._on_sqlite = connection.dialect.name == "sqlite"
        self._wanted = wanted
        self.text = folded(typed(wanted.text))
        self._words = self.text.split()
        self._amounts = amounts_of(self.text)

    def in_turn(self) -> Iterator[sa.Select[Any]]:
        """One look after the other, until enough was found."""
        by_amount = not self.text and bool(self._wanted.amounts_minor)
        if self._wanted.hidden is Hidden.ONLY:
            yield self.among_hidden()
            return
        if self.text:
            yield self.exactly()
        if not (by_amount or (self._amounts and not self.text.isdecimal())):  # "$380.00" is an amount and hardly a number
            yield self.among_newest()
        yield self.everywhere() if self.text or by_amount else self._narrowed(_TABLE)
        if self.text and OWNED.issuperset(self._wanted.kinds):
            yield from self.of_customers()

    def exactly(self) -> sa.Select[Any]:
        """What carries this number, or is this document of the books."""
        by_number = self._here.where(_TABLE.c.number == self.text)
        by_id = self._here.where(
            _TABLE.c.document_id == typed(self._wanted.text).strip().removeprefix("#"), _TABLE.c.kind.in_(DOCUMENTS)
        )
        return self._narrowed(sa.union(by_number, by_id).subquery("exactly"))

    def beginning(self) -> sa.Select[Any]:
        """Some of what carries a number that begins so."""
        return self._narrowed(self._beginning.subquery("beginning"))

    def among_newest(self) -> sa.Select[Any]:
        """What of the newest rows fits: of one company, or of all that there are."""
        rows = self._here if len(self._wanted.companies) == 1 else sa.select(_TABLE)
        newest = rows.order_by(_TABLE.c.at.desc()).limit(NEWEST).subquery("newest")
        return self._narrowed(newest, *self._fits(newest))

    def among_hidden(self) -> sa.Select[Any]:
        """What of the hidden payments fits; they are few, and have an index of their own."""
        payment = schema.payment
        hidden = (payment.c.company.in_(self._wanted.companies), payment.c.hidden_by.is_not(None))
        same = (_TABLE.c.company == payment.c.company, _TABLE.c.document_id == payment.c.transaction_number)
        rows = sa.select(_TABLE).join(payment, sa.and_(*same, _TABLE.c.kind == PAYMENT)).where(*hidden).subquery("hidden")
        return self._narrowed(rows, *self._fits(rows))

    def of_customers(self) -> Iterator[sa.Select[Any]]:
        """The documents of the customers that are called so, where documents are wanted and nothing else."""
        mirror, asked = schema.mirror, Wanted(self._wanted.companies, self._wanted.text, ("customer",))
        found = [row for look in Looks(self._connection, asked).in_turn() for row in self._connection.execute(look)]
        if found:
            of = [(mirror.c.company == row.company) & (mirror.c.customer_id == row.document_id) for row in found[:OWNERS]]
            same = [_TABLE.c[name] == mirror.c[name] for name in ("company", "kind", "document_id")]
            rows = sa.select(_TABLE).join(mirror, sa.and_(*same)).where(mirror.c.kind.in_(self._wanted.kinds), sa.or_(*of))
            yield self._narrowed(rows.subquery("owned"))

    def _fits(self, rows: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        fits = [self._says(rows)] if self.text else []
        fits += [rows.c.amount_minor.in_(self._amounts)] if self._amounts else []
        return [sa.or_(*fits)] if fits else []

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
        narrow += _by_company(rows, wanted.after, lambda moment: of.at >= moment)
        narrow += _by_company(rows, wanted.before, lambda moment: of.at < moment)
        is_payment = (of.kind == PAYMENT, payment.c.company == of.company, payment.c.transaction_number == of.document_id)
        if wanted.hidden is Hidden.NO:
            narrow.append(~sa.exists().where(*is_payment, payment.c.hidden_by.is_not(None)))
        if wanted.states:
            is_document = (mirror.c.company == of.company, mirror.c.kind == of.kind, mirror.c.document_id == of.document_id)
            narrow.append(
                sa.exists().where(*is_payment, payment.c.state.in_(wanted.states))
                | sa.exists().where(*is_document, _STATE_OF_DOCUMENT.in_(wanted.states))
            )
        columns = (of.id, of.company, of.kind, of.document_id, of.number, of.at)
        return sa.select(*columns).where(*narrow).order_by(of.at.desc(), of.document_id).limit(FOUND_AT_MOST)


def _by_company(
    rows: sa.FromClause,
    moments: Mapping[str, datetime],
    is_so: Callable[[datetime], sa.ColumnElement[bool]],
) -> list[sa.ColumnElement[bool]]:
    """A condition on moments, each company's own: its days begin when it is midnight there."""
    companies: dict[datetime, list[str]] = {}
    for company, moment in moments.items():
        companies.setdefault(moment, []).append(company)
    if len(companies) < 2:
        return [is_so(moment) for moment in companies]
    return [sa.or_(*(sa.and_(rows.c.company.in_(those), is_so(moment)) for moment, those in companies.items()))]


def _shown(connection: Connection, rows: Sequence[sa.Row[Any] | searchable.Pending], text: str) -> list[Found]:
    """What was found as it stands now: what reads exactly so, payments from the newest on, documents by kind and number."""
    exact = {(row.company, row.kind, row.document_id) for row in rows if row.number == text}
    found = of_payments(connection, [(row.company, row.document_id) for row in rows if row.kind == PAYMENT])
    found += _documents(connection, [row for row in rows if row.kind != PAYMENT])
    return sorted(found, key=lambda of: (of.company, of.kind.replace("-", "_"), of.id) not in exact)


def _documents(connection: Connection, rows: Sequence[sa.Row[Any] | searchable.Pending]) -> list[Found]:
    if not rows:
        return []
    table, owner = schema.mirror, schema.mirror.alias("owner")
    keys = [(row.company, row.kind, row.document_id) for row in rows]
    owns = (owner.c.company == table.c.company, owner.c.kind == "customer", owner.c.document_id == table.c.customer_id)
    columns = (table.c[name] for name in ("company", "kind", "document_id", "number", "name", "body", "deleted_at"))
    query = (
        sa.select(*columns, owner.c.name.label("owner"))
        .select_from(table.outerjoin(owner, sa.and_(*owns)))
        .where(sa.tuple_(table.c.company, table.c.kind, table.c.document_id).in_(keys))
    )
    return [
        Found(
            row.company,
            row.kind.replace("_", "-"),
            row.number,
            row.document_id,
            row.name or row.owner or "",
            row.body.get("total_minor", row.body.get("amount_minor")),
            row.body.get("currency", ""),
            "deleted" if row.deleted_at else "voided" if row.body.get("voided") else str(row.body.get("status", "")),
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


def typed(text: str) -> str:
    """A text without what no database takes in one: control characters, and halves of characters."""
    return "".join(letter if category(letter) not in {"Cc", "Cs"} else " " for letter in text)


def amounts_of(text: str) -> tuple[int, ...]:
    """The minor units that a text may mean, with two decimals or with none ("380.00" and "380"); none where it is no amount."""
    digits = text.lstrip("$€£ ").replace(",", "")
    whole, _, decimals = digits.partition(".")
    if not (digits.isascii() and whole.isdigit() and len(whole) <= 12 and (decimals == "" or decimals.isdigit())):
        return ()
    if decimals and len(decimals) <= 3:
        return (int(whole + decimals.ljust(2, "0")), int(whole + decimals.ljust(3, "0")))
    return (int(whole), int(whole) * 100, int(whole) * 1000)
