"""What the embedded books hold, as the records every room knows. Reads only; each read is of one moment."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pysqlite3.dbapi2 import Connection

from accounting.embedded.change import Kind
from receivables.books_records import (
    BooksSettings,
    Changes,
    CreditApplication,
    CreditMemo,
    Customer,
    Document,
    Gone,
    Invoice,
    InvoiceStatus,
    Receipt,
    ReceiptLine,
    Stamp,
)

CHANGES_PER_PAGE = 200

_HEAD = "d.id, d.number, d.version, d.created_by, d.created_at, d.changed_by, d.changed_at"
_OF_IDS = "d.id IN (SELECT value FROM json_each(:ids))"

Row = Any  # a row of the database, read by column name


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the books' history: who did what with which document, when (UTC)."""

    seq: int
    kind: str
    document_id: str
    number: str
    what: str
    person: str
    at: datetime


def settings(connection: Connection) -> BooksSettings:
    row = connection.execute("SELECT home_currency, closed_through, auto_apply_credits FROM settings").fetchone()
    closed_through = date.fromisoformat(row["closed_through"]) if row["closed_through"] else None
    opened = connection.execute(
        "SELECT person, at FROM history WHERE document_id = 'books' AND kind = 'settings' AND what LIKE '%open%'"
        " ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    stamp = Stamp(opened["person"], datetime.fromisoformat(opened["at"])) if opened else None
    return BooksSettings(row["home_currency"], closed_through, bool(row["auto_apply_credits"]), stamp)


def customers(connection: Connection, ids: Collection[str] | None = None) -> list[Customer]:
    """The living customers with these ids, or all; by name."""
    return _customers(connection, *_living(ids))


def invoices(connection: Connection, ids: Collection[str] | None = None) -> list[Invoice]:
    """The living invoices with these ids, or all; by number."""
    return _invoices(connection, *_living(ids))


def invoices_numbered(connection: Connection, numbers: Collection[str]) -> list[Invoice]:
    return _invoices(connection, "d.number IN (SELECT value FROM json_each(:numbers))", {"numbers": _array(numbers)})


def invoices_open(connection: Connection, customer_id: str) -> list[Invoice]:
    """The customer's invoices with something to pay, oldest first."""
    where = "i.customer_id = :customer AND i.standing = 'issued' AND i.open_minor > 0"
    return sorted(_invoices(connection, where, {"customer": customer_id}), key=lambda found: (found.issued_on, found.id))


def credit_memos(connection: Connection, ids: Collection[str] | None = None) -> list[CreditMemo]:
    """The living credit memos with these ids, or all; by number."""
    return _credit_memos(connection, *_living(ids))


def credit_memos_on(connection: Connection, invoice_ids: Collection[str]) -> list[CreditMemo]:
    where = (
        "d.id IN (SELECT credit_memo_id FROM credit_applications WHERE invoice_id IN (SELECT value FROM json_each(:invoices)))"
    )
    return _credit_memos(connection, where, {"invoices": _array(invoice_ids)})


def credit_memos_open(connection: Connection, customer_id: str) -> list[CreditMemo]:
    """The customer's credit memos with something left, oldest first."""
    found = _credit_memos(connection, "m.customer_id = :customer AND m.open_minor > 0", {"customer": customer_id})
    return sorted(found, key=lambda memo: (memo.issued_on, memo.id))


def receipts(connection: Connection, ids: Collection[str] | None = None) -> list[Receipt]:
    """The living receipts with these ids, or all, voided ones included; by number."""
    return _receipts(connection, *_living(ids))


def receipts_of(connection: Connection, customer_ids: Collection[str], received_from: date) -> list[Receipt]:
    """The receipts of these customers from that day on that are not voided."""
    where = "r.customer_id IN (SELECT value FROM json_each(:customers)) AND r.received_on >= :day AND NOT r.voided"
    return _receipts(connection, where, {"customers": _array(customer_ids), "day": received_from.isoformat()})


def receipts_with_stem(connection: Connection, stems: Collection[str]) -> list[tuple[str, Receipt]]:
    """(stem, receipt) for every receipt not voided that carries a marker with one of these stems."""
    return _receipts_marked(connection, "marker_stem", stems)


def receipts_with_marker(connection: Connection, markers: Collection[str]) -> list[tuple[str, Receipt]]:
    """(marker, receipt) for every receipt not voided that carries exactly one of these markers."""
    return _receipts_marked(connection, "marker", markers)


def applications(connection: Connection, ids: Collection[str]) -> list[CreditApplication]:
    """The credit applications with these ids that still stand."""
    return [found for _, found in _applications(connection, _OF_IDS, {"ids": _array(ids)})]


def applications_marked(connection: Connection, markers: Collection[str]) -> list[tuple[str, CreditApplication]]:
    """(marker, application) for every credit application that carries exactly one of these markers."""
    where = "a.marker <> '' AND a.marker IN (SELECT value FROM json_each(:markers))"
    return _applications(connection, where, {"markers": _array(markers)})


def gone(connection: Connection, kind: Kind, ids: Collection[str]) -> list[Gone]:
    """The tombstones with these ids of this kind."""
    return _gone(connection, f"{_OF_IDS} AND d.kind = :kind", {"ids": _array(ids), "kind": kind.value})


def changes(connection: Connection, cursor: str) -> Changes:
    """The next page of documents changed since the cursor, each once in its latest state, oldest change first.

    A cursor holds a change and its moment. Where the books know no such change, they were restored from a copy, and are told
    from the beginning.
    """
    since = _place_of(connection, cursor)
    rows = connection.execute(
        "SELECT id, kind, deleted, last_change FROM documents"
        " WHERE last_change > ? AND kind NOT IN ('credit_application', 'money_out') ORDER BY last_change LIMIT ?",
        (since, CHANGES_PER_PAGE + 1),
    ).fetchall()
    page, more = rows[:CHANGES_PER_PAGE], len(rows) > CHANGES_PER_PAGE
    place = {row["id"]: row["last_change"] for row in page}
    ids = {kind: [row["id"] for row in page if row["kind"] == kind and not row["deleted"]] for kind in Kind}
    documents: list[Document] = [
        *customers(connection, ids[Kind.CUSTOMER]),
        *invoices(connection, ids[Kind.INVOICE]),
        *credit_memos(connection, ids[Kind.CREDIT_MEMO]),
        *receipts(connection, ids[Kind.RECEIPT]),
    ]
    tombstones = _gone(connection, _OF_IDS, {"ids": _array(row["id"] for row in page if row["deleted"])})
    return Changes(
        documents=tuple(sorted(documents, key=lambda document: place[document.id])),
        gone=tuple(sorted(tombstones, key=lambda tombstone: place[tombstone.id])),
        cursor=_cursor_at(connection, page[-1]["last_change"]) if page else cursor,
        more=more,
    )


def _cursor_at(connection: Connection, seq: int) -> str:
    row = connection.execute("SELECT at FROM history WHERE seq = ?", (seq,)).fetchone()
    return f"{seq} {row['at']}"


def _place_of(connection: Connection, cursor: str) -> int:
    """The number of the change up to which the cursor tells; 0 for the beginning. One of version 0.1.0 has no moment."""
    seq, _, at = cursor.partition(" ")
    found = connection.execute("SELECT at FROM history WHERE seq = ?", (int(seq or 0),)).fetchone()
    return int(seq) if found and at in ("", found["at"]) else 0


def history(connection: Connection, document_ids: Collection[str]) -> list[HistoryEntry]:
    """Everything that happened to these documents, oldest first."""
    rows = connection.execute(
        "SELECT h.*, coalesce(d.number, '') AS number FROM history h LEFT JOIN documents d ON d.id = h.document_id"
        " WHERE h.document_id IN (SELECT value FROM json_each(:ids)) ORDER BY h.seq",
        {"ids": _array(document_ids)},
    )
    return [
        HistoryEntry(
            row["seq"],
            row["kind"],
            row["document_id"],
            row["number"],
            row["what"],
            row["person"],
            datetime.fromisoformat(row["at"]),
        )
        for row in rows
    ]


def _living(ids: Collection[str] | None) -> tuple[str, dict[str, str]]:
    return ("1", {}) if ids is None else (_OF_IDS, {"ids": _array(ids)})


def _array(words: Iterable[str]) -> str:
    """Many values as one parameter, because SQL has no list parameters."""
    return json.dumps(list(words))


def _customers(connection: Connection, where: str, values: dict[str, str]) -> list[Customer]:
    rows = connection.execute(
        f"SELECT {_HEAD}, c.active, c.merged_into, c.parent_id, c.full_name"  # noqa: S608 (our own words)
        " FROM documents d JOIN customers c ON c.id = d.id"
        f" WHERE {where} ORDER BY d.number, d.id",
        values,
    )
    return [
        Customer(
            id=row["id"],
            name=row["number"],
            active=bool(row["active"]),
            version=str(row["version"]),
            created=_created(row),
            changed=_changed(row),
            merged_into=row["merged_into"] or "",
            parent_id=row["parent_id"] or "",
            full_name=row["full_name"],
        )
        for row in rows
    ]


def _invoices(connection: Connection, where: str, values: dict[str, str]) -> list[Invoice]:
    rows = connection.execute(
        f"SELECT {_HEAD}, i.customer_id, i.currency, i.total_minor, i.open_minor, i.issued_on, i.standing, i.due_on, i.item"  # noqa: S608
        f" FROM documents d JOIN invoices i ON i.id = d.id WHERE {where} ORDER BY d.number, d.id",
        values,
    )
    return [
        Invoice(
            id=row["id"],
            number=row["number"],
            customer_id=row["customer_id"],
            currency=row["currency"],
            total_minor=row["total_minor"],
            open_minor=row["open_minor"],
            status=_status(row),
            issued_on=date.fromisoformat(row["issued_on"]),
            version=str(row["version"]),
            created=_created(row),
            changed=_changed(row),
            due_on=date.fromisoformat(row["due_on"]) if row["due_on"] else None,
            items=(row["item"],) if row["item"] else (),
        )
        for row in rows
    ]


def _credit_memos(connection: Connection, where: str, values: dict[str, str]) -> list[CreditMemo]:
    rows = connection.execute(
        f"SELECT {_HEAD}, m.customer_id, m.currency, m.total_minor, m.open_minor, m.issued_on, m.reason, m.memo, m.voided"  # noqa: S608
        f" FROM documents d JOIN credit_memos m ON m.id = d.id WHERE {where} ORDER BY d.number, d.id",
        values,
    ).fetchall()
    of_memo: dict[str, list[CreditApplication]] = {row["id"]: [] for row in rows}
    on_these = "a.credit_memo_id IN (SELECT value FROM json_each(:memos))"
    for _, application in _applications(connection, on_these, {"memos": _array(of_memo)}):
        of_memo[application.credit_memo_id].append(application)
    return [
        CreditMemo(
            id=row["id"],
            number=row["number"],
            customer_id=row["customer_id"],
            currency=row["currency"],
            total_minor=row["total_minor"],
            open_minor=row["open_minor"],
            issued_on=date.fromisoformat(row["issued_on"]),
            version=str(row["version"]),
            created=_created(row),
            changed=_changed(row),
            applications=tuple(of_memo[row["id"]]),
            reason=row["reason"],
            memo=row["memo"],
            voided=bool(row["voided"]),
        )
        for row in rows
    ]


def _applications(connection: Connection, where: str, values: dict[str, str]) -> list[tuple[str, CreditApplication]]:
    rows = connection.execute(
        f"SELECT {_HEAD}, a.credit_memo_id, memo.number AS memo_number, a.invoice_id, a.amount_minor, a.marker"  # noqa: S608
        " FROM documents d JOIN credit_applications a ON a.id = d.id JOIN documents memo ON memo.id = a.credit_memo_id"
        f" WHERE {where} ORDER BY d.last_change",
        values,
    )
    return [
        (
            row["marker"],
            CreditApplication(
                id=row["id"],
                credit_memo_id=row["credit_memo_id"],
                credit_memo_number=row["memo_number"],
                invoice_id=row["invoice_id"],
                amount_minor=row["amount_minor"],
                applied=_created(row),
            ),
        )
        for row in rows
    ]


def _receipts_marked(connection: Connection, column: str, marks: Collection[str]) -> list[tuple[str, Receipt]]:
    rows = connection.execute(
        f"SELECT {column} AS mark, id FROM receipts WHERE marker <> '' AND NOT voided"  # noqa: S608 (a column of ours)
        f" AND {column} IN (SELECT value FROM json_each(:marks))",
        {"marks": _array(marks)},
    ).fetchall()
    mark_of = {row["id"]: row["mark"] for row in rows}
    return [(mark_of[receipt.id], receipt) for receipt in receipts(connection, list(mark_of))]


def _receipts(connection: Connection, where: str, values: dict[str, str]) -> list[Receipt]:
    rows = connection.execute(
        f"SELECT {_HEAD}, r.* FROM documents d JOIN receipts r ON r.id = d.id WHERE {where} ORDER BY d.number, d.id",  # noqa: S608
        values,
    ).fetchall()
    lines_of: dict[str, list[ReceiptLine]] = {row["id"]: [] for row in rows}
    for line in connection.execute(
        "SELECT receipt_id, invoice_id, amount_minor FROM receipt_lines"
        " WHERE receipt_id IN (SELECT value FROM json_each(:receipts)) ORDER BY position",
        {"receipts": _array(lines_of)},
    ):
        lines_of[line["receipt_id"]].append(ReceiptLine(line["invoice_id"], line["amount_minor"]))
    return [
        Receipt(
            id=row["id"],
            number=row["number"],
            customer_id=row["customer_id"],
            currency=row["currency"],
            amount_minor=row["amount_minor"],
            unapplied_minor=row["unapplied_minor"],
            received_on=date.fromisoformat(row["received_on"]),
            method=row["method"],
            reference=row["reference"],
            memo=row["memo"],
            deposit_account=row["deposit_account"],
            deposited=row["deposited_on"] is not None,
            voided=bool(row["voided"]),
            version=str(row["version"]),
            created=_created(row),
            changed=_changed(row),
            lines=tuple(lines_of[row["id"]]),
        )
        for row in rows
    ]


def _gone(connection: Connection, where: str, values: dict[str, str]) -> list[Gone]:
    rows = connection.execute(f"SELECT {_HEAD}, d.kind FROM documents d WHERE d.deleted AND {where}", values)  # noqa: S608
    return [Gone(kind=row["kind"], id=row["id"], deleted=_changed(row), number=row["number"]) for row in rows]


def _status(row: Row) -> InvoiceStatus:
    if row["standing"] == "issued":
        return InvoiceStatus.OPEN if row["open_minor"] else InvoiceStatus.PAID
    return InvoiceStatus(row["standing"])


def _created(row: Row) -> Stamp:
    return Stamp(row["created_by"], datetime.fromisoformat(row["created_at"]))


def _changed(row: Row) -> Stamp:
    return Stamp(row["changed_by"], datetime.fromisoformat(row["changed_at"]))
