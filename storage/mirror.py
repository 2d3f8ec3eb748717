"""What we last saw in the books, with tombstones: enough to bind, search and remember, never to decide upon."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from receivables.books_records import Changes, Customer, Document, Gone, Invoice, InvoiceStatus, Receipt, Stamp
from receivables.reference_keys import key_of, name_key
from receivables.twins import folded
from receivables.words import day_of
from storage import codec, hand_receipts, schema
from storage.given import is_given
from storage.marks import key_of_marks
from storage.work import Work

CUSTOMERS_AT_ONCE = 500  # in one statement
SPELLED_AT_MOST = 50  # documents alike but for their form; nobody chooses among more


@dataclass(frozen=True)
class Seen:
    """A document as last seen; `deleted_at` is when the books say it went."""

    document: Document
    deleted_at: datetime | None
    deleted_by: str


def remember(work: Work, changes: Changes, *, time_zone: ZoneInfo, longest_reference: int = 0) -> None:
    """Takes over one page of changes, and the cursor to go on from, in one transaction.

    An invoice that was deleted before anybody saw it is remembered by its number: another of that number came after it.
    """
    table = schema.company
    work.connection.execute(  # first: two processes that mirror at once do so one after the other
        sa.update(table).where(table.c.id == work.company).values(books_cursor=changes.cursor, mirrored_at=work.at)
    )
    take_over(work, changes.documents, changes.gone, longest_reference=longest_reference)
    unseen = _unseen_invoices(work, changes.gone)
    _put(work, [_never_seen(tombstone, tombstone.deleted or Stamp("", work.at), time_zone) for tombstone in unseen])
    _bury(work, unseen)
    hand_receipts.remember_unreadable(work, changes.unreadable)


def take_over(work: Work, documents: Sequence[Document], gone: Sequence[Gone], *, longest_reference: int = 0) -> None:
    """What was just read of some documents; each at most once."""
    _put(work, documents)
    _bury(work, gone)
    hand_receipts.remember(work, [of for of in documents if isinstance(of, Receipt)], longest_reference)
    hand_receipts.bury(work, {tombstone.id: tombstone.deleted for tombstone in gone if tombstone.kind == "receipt"})


_HERE = (
    schema.mirror.c.company == sa.bindparam("of_company"),
    schema.mirror.c.kind == sa.bindparam("of_kind"),
    schema.mirror.c.document_id == sa.bindparam("of_id"),
)


def _last_seen_is(new: sqlite.Insert | postgresql.Insert) -> sa.Insert:
    """A document seen again takes the place of its row. An UPDATE would have PostgreSQL choose an index, and while the table is
    new to it, it chooses one that reads all documents of the kind.
    """
    key = schema.mirror.primary_key.columns.keys()
    as_read = {column.name: new.excluded[column.name] for column in schema.mirror.columns if column.name not in key}
    return new.on_conflict_do_update(index_elements=key, set_=as_read)


_SEEN = {"sqlite": _last_seen_is(sqlite.insert(schema.mirror)), "postgresql": _last_seen_is(postgresql.insert(schema.mirror))}
_ENDED = (
    sa.update(schema.mirror)
    .where(*_HERE)
    .values(deleted_at=sa.bindparam("ended_at"), deleted_by=sa.bindparam("ended_by"), seen_at=sa.bindparam("now"))
)


def _put(work: Work, documents: Sequence[Document]) -> None:
    if not documents:
        return
    rows = {(codec.kind_of(document), document.id): _row(work, document) for document in documents}
    keyed = [{"company": work.company, "kind": kind, "document_id": id_, **row} for (kind, id_), row in rows.items()]
    work.connection.execute(_SEEN[work.connection.dialect.name], keyed)


def _row(work: Work, document: Document) -> dict[str, object]:
    name = document.name if isinstance(document, Customer) else ""
    return {
        "number": "" if isinstance(document, Customer) else document.number,
        "customer_id": document.id if isinstance(document, Customer) else document.customer_id,
        "name": name,
        "name_folded": folded(name),
        "key": _key(document),
        "full_key": name_key(document.full_name) if isinstance(document, Customer) else "",
        "created_at": document.created.at.astimezone(UTC),
        "changed_at": document.changed.at.astimezone(UTC),
        "deleted_at": None,
        "deleted_by": "",
        "seen_at": work.at,
        "version": document.version,
        "body": codec.document_to_json(document),
    }


def _key(document: Document) -> str:
    """By what it is found where it is spelled differently; "" for what is never looked for in this way."""
    match document:
        case Customer():
            return name_key(document.name)
        case Invoice():
            return key_of(document.number)
        case Receipt():
            return key_of_marks(document.memo)
    return ""


def _bury(work: Work, gone: Sequence[Gone]) -> None:
    """A deleted document keeps its row, so that payments meant for it can still be understood."""
    rows = []
    for tombstone in gone:
        deleted = tombstone.deleted or Stamp("", work.at)
        key = {"of_company": work.company, "of_kind": tombstone.kind, "of_id": tombstone.id}
        rows.append(key | {"ended_at": deleted.at, "ended_by": deleted.person, "now": work.at})
    if rows:
        work.connection.execute(_ENDED, rows)


def _unseen_invoices(work: Work, gone: Sequence[Gone]) -> list[Gone]:
    """The deleted invoices that are known by their number alone."""
    numbered = {tombstone.id: tombstone for tombstone in gone if tombstone.kind == "invoice" and tombstone.number}
    seen = documents(work.connection, work.company, "invoice", numbered) if numbered else ()
    known = {found.document.id for found in seen}
    return [tombstone for id_, tombstone in numbered.items() if id_ not in known]


def _never_seen(gone: Gone, deleted: Stamp, time_zone: ZoneInfo) -> Invoice:
    """What is known of an invoice that was deleted before it was read: its number, and neither its customer nor its amount.

    Its day is the one on which it was deleted, on the company's calendar: no later one can have been its own.
    """
    began, day = Stamp("", datetime(1970, 1, 1, tzinfo=UTC)), day_of(deleted.at, time_zone)
    return Invoice(gone.id, gone.number, "", "", 0, 0, InvoiceStatus.VOIDED, day, "", began, deleted)


def customers_called(connection: Connection, company: str, names: Collection[str]) -> Sequence[Customer]:
    """The customers with one of these names, upper and lower case alike, and those of which it is the full name."""
    wanted = {folded(name) for name in names}
    called = _seen(connection.execute(_CALLED, {"of_company": company, "names": wanted}))
    by_full_name = [of for of in _customers_keyed(connection, company, names, full=True) if folded(of.full_name) in wanted]
    return _each_once([*_customers_of(called), *by_full_name])


def customers_spelled_like(connection: Connection, company: str, names: Collection[str]) -> Sequence[Customer]:
    """The customers whose name or full name differs from one of these only in form: case, accents' encoding, punctuation."""
    found = [of for full in (False, True) for of in _customers_keyed(connection, company, names, full=full)]
    return _each_once(found)


def _customers_keyed(connection: Connection, company: str, names: Collection[str], *, full: bool) -> list[Customer]:
    keys = {name_key(name) for name in names} - {""}
    given = {"of_company": company, "keys": keys, "most": SPELLED_AT_MOST}
    return _customers_of(_seen(connection.execute(_KEYED_FULL if full else _KEYED, given))) if keys else []


def _customers_of(found: Sequence[Seen]) -> list[Customer]:
    return [seen.document for seen in found if isinstance(seen.document, Customer)]


def _each_once(customers: Sequence[Customer]) -> list[Customer]:
    return list({customer.id: customer for customer in customers}.values())


def invoices_numbered(connection: Connection, company: str, numbers: Collection[str]) -> Sequence[Seen]:
    """Every invoice ever seen with one of these numbers, deleted ones included."""
    given = {"of_company": company, "numbers": list(numbers)}
    return _seen(connection.execute(_NUMBERED, given)) if numbers else ()


def invoices_spelled_like(
    connection: Connection, company: str, number: str, customer_ids: Collection[str] | None = None
) -> Sequence[Invoice]:
    """Living invoices whose number differs from this one only in form, of these customers or of any; a bounded number of them."""
    table, key = schema.mirror, key_of(number)
    if not key:
        return ()
    condition = sa.and_(table.c.kind == "invoice", table.c.key == key, table.c.deleted_at.is_(None))
    if customer_ids is not None:
        condition = sa.and_(condition, table.c.customer_id.in_(customer_ids))
    found = _load(connection, company, condition, limit=SPELLED_AT_MOST)
    return [seen.document for seen in found if isinstance(seen.document, Invoice)]


def documents(connection: Connection, company: str, kind: str, ids: Collection[str]) -> Sequence[Seen]:
    """Documents of one kind by id, deleted ones included."""
    given = {"of_company": company, "of_kind": kind, "ids": list(ids)}
    return _seen(connection.execute(_DOCUMENTS, given)) if ids else ()


def customers_and_heirs(connection: Connection, company: str, ids: Collection[str]) -> Mapping[str, Customer]:
    """These customers as last seen, and those that they were merged into, however often."""
    found: dict[str, Customer] = {}
    wanted = sorted(ids)
    while wanted:
        some, wanted = wanted[:CUSTOMERS_AT_ONCE], wanted[CUSTOMERS_AT_ONCE:]
        customers = [seen.document for seen in documents(connection, company, "customer", some)]
        found |= {customer.id: customer for customer in customers if isinstance(customer, Customer)}
        wanted += [of.merged_into for of in customers if isinstance(of, Customer) and of.merged_into not in {"", *found}]
    return found


def named(
    connection: Connection, company: str, invoices: Collection[str], customers: Collection[str]
) -> Sequence[Customer | Invoice]:
    """The living invoices and customers that a person names, by number, name or #id, with whose they are, and the parents."""
    if not (invoices or customers):
        return ()
    ids = {name.removeprefix("#") for name in (*invoices, *customers) if name.startswith("#")}
    by_number = invoices_numbered(connection, company, invoices) if invoices else ()
    seen_ones = [seen for seen in (*documents(connection, company, "invoice", ids), *by_number) if seen.deleted_at is None]
    found = {seen.document.id: seen.document for seen in seen_ones if isinstance(seen.document, Invoice)}
    owners = {invoice.customer_id for invoice in found.values()}
    whose = _customers_of(documents(connection, company, "customer", ids | owners))
    if customers:
        whose += customers_called(connection, company, customers)
    return [*found.values(), *with_parents(connection, company, whose).values()]


def with_parents(connection: Connection, company: str, customers: Sequence[Customer]) -> Mapping[str, Customer]:
    """These customers and the parents above them, as last seen, by id."""
    found = {customer.id: customer for customer in customers}
    wanted = {customer.parent_id for customer in customers} - {"", *found}
    while wanted:
        parents = _customers_of(documents(connection, company, "customer", wanted))
        found |= {parent.id: parent for parent in parents}
        wanted = {parent.parent_id for parent in parents} - {"", *found}
    return found


def open_invoices_of(connection: Connection, company: str, customer_ids: Collection[str]) -> Sequence[Invoice]:
    """The living invoices of these customers, as last seen."""
    table = schema.mirror
    condition = sa.and_(table.c.kind == "invoice", table.c.customer_id.in_(customer_ids), table.c.deleted_at.is_(None))
    return [seen.document for seen in _load(connection, company, condition) if isinstance(seen.document, Invoice)]


def receipts(connection: Connection, company: str, *, limit: int, after: str = "") -> Sequence[Receipt]:
    """A bounded batch of the living receipts, as last seen, in the order of their ids."""
    found = living(connection, company, "receipt", limit=limit, after=after)
    return [receipt for receipt in found if isinstance(receipt, Receipt)]


def living(connection: Connection, company: str, kind: str, *, limit: int, after: str = "") -> Sequence[Document]:
    """A bounded batch of the living documents of one kind, as last seen, in the order of their ids."""
    table = schema.mirror
    rows = connection.execute(
        sa.select(table.c.kind, table.c.body)
        .where(
            table.c.company == company,
            table.c.kind == kind,
            table.c.deleted_at.is_(None),
            table.c.document_id > after,
        )
        .order_by(table.c.document_id)
        .limit(limit)
    )
    return [codec.document_from_json(row.kind, row.body) for row in rows]


_LAST_SEEN = (
    sa.select(schema.mirror)
    .where(schema.mirror.c.company == sa.bindparam("of_company"))
    .order_by(schema.mirror.c.created_at, schema.mirror.c.document_id)
)
_NUMBERED = _LAST_SEEN.where(schema.mirror.c.kind == "invoice", is_given(schema.mirror.c.number, "numbers"))
_DOCUMENTS = _LAST_SEEN.where(schema.mirror.c.kind == sa.bindparam("of_kind"), is_given(schema.mirror.c.document_id, "ids"))

_CUSTOMERS = _LAST_SEEN.where(schema.mirror.c.kind == "customer")
_CALLED = _CUSTOMERS.where(is_given(schema.mirror.c.name_folded, "names"))
_KEYED = _CUSTOMERS.where(is_given(schema.mirror.c.key, "keys")).limit(sa.bindparam("most"))
_KEYED_FULL = _CUSTOMERS.where(sa.text("full_key <> ''"), is_given(schema.mirror.c.full_key, "keys")).limit(sa.bindparam("most"))


def _load(connection: Connection, company: str, condition: sa.ColumnElement[bool], *, limit: int | None = None) -> list[Seen]:
    return _seen(connection.execute(_LAST_SEEN.where(condition).limit(limit), {"of_company": company}))


def _seen(rows: Iterable[sa.Row[tuple[object, ...]]]) -> list[Seen]:
    return [Seen(codec.document_from_json(row.kind, row.body), row.deleted_at, row.deleted_by) for row in rows]
