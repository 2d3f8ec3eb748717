"""Payments as QuickBooks Online shows them: a receipt of our ledger, credit applications, or both in one document.

A credit application is a Payment of zero with a line for the invoice and a line for the credit memo. What a person
applied by hand in the ledger is a Payment of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pysqlite3.dbapi2 import Connection

from accounting.embedded import reading
from receivables.books_records import Receipt, Stamp
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_side import Head


@dataclass(frozen=True)
class Application:
    """One living application of a credit memo to an invoice, in minor units."""

    id: str
    payment_id: str
    credit_memo_id: str
    invoice_id: str
    amount_minor: int


@dataclass
class Payment:
    """One Payment; ids are the ledger's. `version` counts from 0."""

    id: str
    receipt: Receipt | None = None
    head: Head | None = None
    applications: list[Application] = field(default_factory=list)
    stamps: list[tuple[Stamp, Stamp]] = field(default_factory=list)  # (created, changed) of everything it is made of
    versions: int = 0
    customer_id: str = ""
    currency: str = ""
    txn_date: str = ""

    @property
    def voided(self) -> bool:
        return self.receipt.voided if self.receipt else bool(self.head and self.head.voided)

    @property
    def deposited(self) -> bool:
        return bool(self.receipt and self.receipt.deposited)

    @property
    def total_minor(self) -> int:
        return self.receipt.amount_minor if self.receipt else 0

    @property
    def unapplied_minor(self) -> int:
        return self.receipt.unapplied_minor if self.receipt else 0

    @property
    def note(self) -> str:
        note = self.receipt.memo if self.receipt else self.head.note if self.head else ""
        return f"Voided - {note}".removesuffix(" - ") if self.voided else note

    @property
    def reference(self) -> str:
        return self.receipt.reference if self.receipt else self.head.reference if self.head else ""

    @property
    def version(self) -> int:
        return self.versions + (self.head.changes if self.head else 0)

    @property
    def created(self) -> Stamp:
        return min((created for created, _ in self.stamps), key=lambda stamp: stamp.at)

    @property
    def changed(self) -> Stamp:
        stamps = [changed for _, changed in self.stamps]
        if self.head and self.head.changes:
            stamps.append(Stamp(self.head.changed_by, datetime.fromisoformat(self.head.changed_at)))
        return max(stamps, key=lambda stamp: stamp.at)

    @property
    def on_invoices(self) -> dict[str, int]:
        """Invoice id to what money and credits of this Payment stand on it."""
        amounts = {line.invoice_id: line.amount_minor for line in self.receipt.lines} if self.receipt else {}
        return _added(amounts, ((application.invoice_id, application.amount_minor) for application in self.applications))

    @property
    def from_memos(self) -> dict[str, int]:
        """Credit memo id to what this Payment takes of it."""
        return _added({}, ((application.credit_memo_id, application.amount_minor) for application in self.applications))


@dataclass(frozen=True)
class GonePayment:
    """What is left of a deleted Payment."""

    id: str
    deleted: Stamp


def payments(connection: Connection, ids: Collection[str] | None = None) -> tuple[dict[str, Payment], list[GonePayment]]:
    """Every Payment there is, by the ledger's id, and every one that was deleted; with `ids` only those."""
    found: dict[str, Payment] = {}
    for receipt in reading.receipts(connection, ids):
        made = found.setdefault(receipt.id, Payment(receipt.id, receipt=receipt, versions=int(receipt.version) - 1))
        made.stamps.append((receipt.created, receipt.changed))
        made.customer_id, made.currency, made.txn_date = receipt.customer_id, receipt.currency, receipt.received_on.isoformat()
    gone = {row["id"]: _stamps(row)[1] for row in _deleted_receipts(connection, ids)}
    for row in _applications(connection, ids):
        made = found.setdefault(row["payment_id"], Payment(row["payment_id"]))
        made.versions += row["version"] - 1
        made.stamps.append(_stamps(row))
        if row["deleted"]:
            continue
        made.applications.append(
            Application(row["id"], made.id, row["credit_memo_id"], row["invoice_id"], int(row["amount_minor"]))
        )
        if made.receipt is None:
            made.customer_id, made.currency, made.txn_date = row["customer_id"], row["currency"], row["applied_on"]
    for payment_id, kept in side.heads(connection).items():
        if payment_id in found:
            _headed(found[payment_id], kept)
    for payment_id in [payment.id for payment in found.values() if not _is_there(payment)]:
        gone[payment_id] = max([found.pop(payment_id).changed, *filter(None, [gone.get(payment_id)])], key=lambda stamp: stamp.at)
    return found, [GonePayment(payment_id, stamp) for payment_id, stamp in gone.items() if payment_id not in found]


def payment(connection: Connection, payment_id: str) -> Payment | None:
    """The Payment with this id of the ledger's, if it is there."""
    return payments(connection, [payment_id])[0].get(payment_id)


def payers(connection: Connection, invoice_ids: Collection[str] | None = None) -> dict[str, list[str]]:
    """Invoice id to the ids of the Payments that stand on it, oldest line first; of these invoices or of all."""
    only = "" if invoice_ids is None else "WHERE invoice_id IN (SELECT value FROM json_each(:ids))"
    rows = connection.execute(
        f"SELECT DISTINCT invoice_id, payment_id FROM (SELECT invoice_id, receipt_id AS payment_id FROM receipt_lines {only}"
        " UNION ALL SELECT a.invoice_id, coalesce(l.payment_id, a.id) FROM credit_applications a"
        f" LEFT JOIN quickbooks_applications l ON l.application_id = a.id {only})",
        {"ids": json.dumps(sorted(invoice_ids or ()))},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["invoice_id"], []).append(row["payment_id"])
    return found


def _is_there(found: Payment) -> bool:
    return found.receipt is not None or bool(found.applications) or found.voided


def _headed(found: Payment, kept: Head) -> None:
    found.head = kept
    if found.receipt is None:
        found.customer_id = found.customer_id or kept.customer_id
        found.currency = found.currency or kept.currency
        found.txn_date = kept.txn_date


def _applications(connection: Connection, ids: Collection[str] | None) -> list[Any]:
    """Every application there ever was, with the Payment it belongs to; with `ids` of those Payments only."""
    own = "(SELECT value FROM json_each(:ids))"
    only = "" if ids is None else f"AND (d.id IN {own} OR l.payment_id IN {own}) AND coalesce(l.payment_id, d.id) IN {own}"
    rows: list[Any] = connection.execute(
        "SELECT d.id, d.version, d.deleted, d.created_by, d.created_at, d.changed_by, d.changed_at, a.credit_memo_id,"
        " a.invoice_id, a.amount_minor, a.applied_on, m.customer_id, m.currency, coalesce(l.payment_id, d.id) AS payment_id"
        " FROM documents d LEFT JOIN credit_applications a ON a.id = d.id LEFT JOIN credit_memos m ON m.id = a.credit_memo_id"
        " LEFT JOIN quickbooks_applications l ON l.application_id = d.id"
        f" WHERE d.kind = 'credit_application' {only} ORDER BY d.rowid",
        {"ids": json.dumps(sorted(ids or ()))},
    ).fetchall()
    return rows


def _deleted_receipts(connection: Connection, ids: Collection[str] | None) -> list[Any]:
    only = "" if ids is None else "AND id IN (SELECT value FROM json_each(:ids))"
    query = f"SELECT * FROM documents WHERE deleted AND kind = 'receipt' {only}"
    rows: list[Any] = connection.execute(query, {"ids": json.dumps(sorted(ids or ()))}).fetchall()
    return rows


def _stamps(row: Any) -> tuple[Stamp, Stamp]:
    created = Stamp(row["created_by"], datetime.fromisoformat(row["created_at"]))
    return created, Stamp(row["changed_by"], datetime.fromisoformat(row["changed_at"]))


def _added(amounts: dict[str, int], more: Iterable[tuple[str, int]]) -> dict[str, int]:
    for name, amount_minor in more:
        amounts[name] = amounts.get(name, 0) + amount_minor
    return amounts
