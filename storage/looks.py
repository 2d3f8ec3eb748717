"""When a company's open failures were last read about, and what changed since in the books, as mirrored, and in our own rows.

Everything that changes a payment, its documents or what people said of it leaves a row of the record or of the mirror; both
are asked from where they stood. What is asked here is asked by index, however many failures are open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.reference_keys import name_key
from storage import audit, marks, schema
from storage.work import Work

#: What another process mirrors commits a while after the moment that it bears, and clocks differ.
OVERLAP = timedelta(minutes=2)
#: Of these, told of no single payment, any payment may be read otherwise.
OF_ALL = ("alias.remembered", "alias.taken_back", "company.connected")
OWN = "failure.diagnosed"  # comes of a look, and gives no reason for another


@dataclass(frozen=True)
class Look:
    """How far a look went: from when (UTC), the record's last row then, what held for all, the last failure read by turns."""

    at: datetime
    seq: int
    rests_on: str
    after: str = ""


@dataclass(frozen=True)
class Held:
    """What tells whether news concern an open failure: its payment's names and amount, and what its lines are bound to."""

    number: str
    number_key: str
    names: frozenset[str]
    amount: tuple[int, str]
    customers: set[str] = field(default_factory=set)  # ids of the books
    invoices: set[str] = field(default_factory=set)
    invoice_numbers: set[str] = field(default_factory=set)  # as the payment writes them
    receipts: set[str] = field(default_factory=set)  # ours, by their ids


@dataclass(frozen=True)
class News:
    """What changed: whose documents, which invoices and receipts, and receipts without our marker by their amounts and words."""

    of_all: bool = False
    payments: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    invoices: frozenset[str] = frozenset()
    invoice_keys: frozenset[str] = frozenset()
    receipts: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()  # of receipts, by their stems
    amounts: frozenset[tuple[int, str]] = frozenset()
    starts: Sequence[str] = ()  # sorted
    cut: frozenset[str] = frozenset()


def last(connection: Connection, company: str) -> Look | None:
    """The last look, or None where there was none."""
    table = schema.look
    row = connection.execute(sa.select(table).where(table.c.company == company)).one_or_none()
    return None if row is None else Look(row.at, row.seq, row.rests_on, row.after)


def keep(work: Work, look: Look) -> None:
    """Remembers a look, instead of the one before it."""
    table = schema.look
    work.connection.execute(sa.delete(table).where(table.c.company == work.company))
    work.connection.execute(sa.insert(table).values(company=work.company, **vars(look)))


def begun(connection: Connection, company: str, at: datetime, rests_on: str) -> Look:
    """A look that begins now."""
    return Look(at, audit.last_seq(connection, company), rests_on)


def periods(connection: Connection, company: str) -> tuple[date | None, date | None]:
    """Through which day the books are closed, and from which they are open again, as last seen."""
    table = schema.company
    row = connection.execute(sa.select(table.c.closed_through, table.c.open_from).where(table.c.id == company)).one_or_none()
    return (None, None) if row is None else (row.closed_through, row.open_from)


_OPEN = (
    schema.failure.c.company == sa.bindparam("of_company"),
    schema.is_in(schema.failure.c.state, "open"),
    schema.failure.c.about == "payment",
)
_NUMBERS = (
    sa.select(schema.failure.c.id, schema.failure.c.transaction_number)
    .where(*_OPEN, schema.failure.c.id > sa.bindparam("after"))
    .order_by(schema.failure.c.id)
)
_SOME = _NUMBERS.limit(sa.bindparam("most"))
_NOT_READ = _NUMBERS.where(sa.or_(schema.failure.c.evidence_id.is_(None), schema.failure.c.unread_since.is_not(None)))


def numbers(connection: Connection, company: str, *, limit: int | None = None, after: str = "") -> list[tuple[str, str]]:
    """The ids and payments of open failures, in the order of the ids; `after` continues a walk."""
    given: dict[str, object] = {"of_company": company, "after": after}
    found = connection.execute(_NUMBERS, given) if limit is None else connection.execute(_SOME, given | {"most": limit})
    return [(row.id, row.transaction_number) for row in found]


def not_read(connection: Connection, company: str) -> set[str]:
    """The payments of open failures about which nothing is known yet, or not as of now."""
    rows = connection.execute(_NOT_READ, {"of_company": company, "after": ""})
    return {row.transaction_number for row in rows}


def _of_open(table: sa.Table, *columns: str) -> sa.Select[Any]:
    """These columns of the rows that belong to the payments of open failures."""
    same = (table.c.company == schema.failure.c.company, table.c.transaction_number == schema.failure.c.transaction_number)
    chosen = sa.select(*(table.c[name] for name in ("transaction_number", *columns)))
    return chosen.select_from(schema.failure.join(table, sa.and_(*same))).where(*_OPEN)


_HELD = _of_open(schema.payment, "number_key", "customer", "customer_key", "customer_id", "amount_minor", "currency")
_LINES = _of_open(schema.allocation, "invoice_number", "invoice_id")
_BOUND = _of_open(schema.binding, "invoice_id", "customer_id")
_OURS = _of_open(schema.effect, "document_id").where(schema.effect.c.kind == "receipt")


def held(connection: Connection, company: str) -> Iterable[Held]:
    """What every open failure is about, in four statements."""
    given = {"of_company": company}
    found: dict[str, Held] = {}
    for row in connection.execute(_HELD, given):
        names = frozenset({row.customer_key, name_key(row.customer)} - {""})
        customers = {row.customer_id} - {""}
        amount = (row.amount_minor, row.currency)
        found[row.transaction_number] = Held(row.transaction_number, row.number_key, names, amount, customers)
    for number, invoice_number, invoice_id in connection.execute(_LINES, given):
        found[number].invoice_numbers.add(invoice_number)
        found[number].invoices.add(invoice_id)
    for number, invoice_id, customer_id in connection.execute(_BOUND, given):
        found[number].invoices.add(invoice_id)
        found[number].customers.add(customer_id)
    for number, document_id in connection.execute(_OURS, given):
        found[number].receipts.add(document_id)
    return found.values()


_CHANGED = sa.select(schema.audit.c.transaction_number).where(
    schema.audit.c.company == sa.bindparam("of_company"),
    schema.audit.c.seq > sa.bindparam("seq"),
    schema.audit.c.action != OWN,
)
_PAYMENTS = (
    sa.select(schema.payment.c.transaction_number, schema.payment.c.customer_key, schema.payment.c.customer_id)
    .where(schema.payment.c.company == sa.bindparam("of_company"))
    .where(schema.payment.c.transaction_number.in_(_CHANGED))
)
#: What a dismissal rests on, or rested on, is no candidate for others, or is one again.
_CLAIMED = sa.select(schema.hand_receipt.c.customer_id, schema.hand_receipt.c.amount_minor, schema.hand_receipt.c.currency).where(
    schema.hand_receipt.c.company == sa.bindparam("of_company"),
    schema.hand_receipt.c.document_id.in_(
        sa.select(schema.proof.c.receipt_id).where(
            schema.proof.c.company == sa.bindparam("of_company"), schema.proof.c.transaction_number.in_(_CHANGED)
        )
    ),
)
_SAID_OF_ALL = (
    sa.select(schema.audit.c.seq)
    .where(schema.audit.c.company == sa.bindparam("of_company"), schema.audit.c.seq > sa.bindparam("seq"))
    .where(schema.audit.c.action.in_(OF_ALL))
    .limit(1)
)
_SEEN = (schema.mirror.c.company == sa.bindparam("of_company"), schema.mirror.c.seen_at >= sa.bindparam("since"))
_DOCUMENTS = sa.select(schema.mirror.c.kind, schema.mirror.c.document_id, schema.mirror.c.customer_id, schema.mirror.c.key).where(
    *_SEEN
)
_WHOSE = sa.select(schema.mirror.c.name_folded, schema.mirror.c.key, schema.mirror.c.full_key).where(
    schema.mirror.c.company == sa.bindparam("of_company"),
    schema.mirror.c.kind == "customer",
    schema.mirror.c.document_id.in_(sa.select(schema.mirror.c.customer_id).where(*_SEEN)),
)
_RECEIPTS = sa.select(schema.mirror.c.document_id).where(*_SEEN, schema.mirror.c.kind == "receipt")
_AMOUNTS = sa.select(schema.hand_receipt.c.amount_minor, schema.hand_receipt.c.currency).where(
    schema.hand_receipt.c.company == sa.bindparam("of_company"), schema.hand_receipt.c.document_id.in_(_RECEIPTS)
)
_STARTS = sa.select(schema.receipt_key.c.start, schema.receipt_key.c.cut).where(
    schema.receipt_key.c.company == sa.bindparam("of_company"), schema.receipt_key.c.document_id.in_(_RECEIPTS)
)


def news(connection: Connection, company: str, look: Look) -> News:
    """What changed since a look."""
    given = {"of_company": company, "seq": look.seq, "since": look.at - OVERLAP}
    if connection.execute(_SAID_OF_ALL, given).scalar() is not None:
        return News(of_all=True)
    changed = connection.execute(_PAYMENTS, given).all()
    documents = connection.execute(_DOCUMENTS, given).all()
    whose = connection.execute(_WHOSE, given).all() if documents else []
    amounts = connection.execute(_AMOUNTS, given).all() if documents else []
    starts = connection.execute(_STARTS, given).all() if amounts else []
    claimed = connection.execute(_CLAIMED, given).all() if changed else []
    receipts = [row for row in documents if row.kind == "receipt"]
    if any(row.key == marks.SEVERAL for row in receipts):
        return News(of_all=True)
    return News(
        payments=frozenset(row.transaction_number for row in changed),
        customers=frozenset(row.customer_id for row in (*documents, *changed, *claimed)) - {""},
        names=frozenset(name for row in whose for name in row) | frozenset(row.customer_key for row in changed) - {""},
        invoices=frozenset(row.document_id for row in documents if row.kind == "invoice"),
        invoice_keys=frozenset(row.key for row in documents if row.kind == "invoice") - {""},
        receipts=frozenset(row.document_id for row in receipts),
        marks=frozenset(row.key for row in receipts) - {""},
        amounts=frozenset((row.amount_minor, row.currency) for row in (*amounts, *claimed)),
        starts=sorted(row.start for row in starts),
        cut=frozenset(row.start for row in starts if row.cut),
    )
