"""What Xero knows about its documents and the embedded ledger does not: kept in tables of its own beside the ledger's.

The tables lie in the ledger's own file, so that a change and what Xero makes of it are one transaction. Triggers
note what the ledger forgets, whoever changes it: what a payment was applied to and what a deleted document was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import simplejson
from pysqlite3.dbapi2 import Connection

from accounting.embedded.ledger import Ledger

KEY_LIFE_SECONDS = 6 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TABLES = (
    """CREATE TABLE IF NOT EXISTS xero_lines (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, receipt_id TEXT NOT NULL, invoice_id TEXT NOT NULL,
        amount_minor INTEGER NOT NULL, standing INTEGER NOT NULL, UNIQUE (receipt_id, invoice_id)) STRICT""",
    "CREATE INDEX IF NOT EXISTS xero_lines_on_invoice ON xero_lines (invoice_id)",
    """CREATE TABLE IF NOT EXISTS xero_receipts (
        receipt_id TEXT PRIMARY KEY, form TEXT NOT NULL CHECK (form IN ('payment', 'overpayment', 'prepayment')),
        batch_id TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE TABLE IF NOT EXISTS xero_last_seen (id TEXT PRIMARY KEY, figures TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS xero_accounts (
        code TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0,
        payments INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE IF NOT EXISTS xero_spent (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, fields TEXT NOT NULL) STRICT""",
    "CREATE TABLE IF NOT EXISTS xero_words (receipt_id TEXT PRIMARY KEY, words TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS xero_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS xero_keys (
        key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL, until TEXT NOT NULL) STRICT""",
    """CREATE TRIGGER IF NOT EXISTS xero_line_on AFTER INSERT ON receipt_lines BEGIN
        INSERT INTO xero_lines (receipt_id, invoice_id, amount_minor, standing)
        VALUES (NEW.receipt_id, NEW.invoice_id, NEW.amount_minor, 1)
        ON CONFLICT (receipt_id, invoice_id) DO UPDATE SET amount_minor = excluded.amount_minor, standing = 1; END""",
    """CREATE TRIGGER IF NOT EXISTS xero_line_off AFTER DELETE ON receipt_lines BEGIN
        UPDATE xero_lines SET standing = 0 WHERE receipt_id = OLD.receipt_id AND invoice_id = OLD.invoice_id; END""",
    """CREATE TRIGGER IF NOT EXISTS xero_invoice_gone BEFORE DELETE ON invoices BEGIN
        INSERT OR IGNORE INTO xero_last_seen VALUES (OLD.id, json_object('customer_id', OLD.customer_id,
            'currency', OLD.currency, 'total_minor', OLD.total_minor, 'issued_on', OLD.issued_on)); END""",
    """CREATE TRIGGER IF NOT EXISTS xero_invoice_voided BEFORE UPDATE OF standing ON invoices WHEN NEW.standing = 'voided' BEGIN
        INSERT OR IGNORE INTO xero_last_seen VALUES (OLD.id, json_object('customer_id', OLD.customer_id,
            'currency', OLD.currency, 'total_minor', OLD.total_minor, 'issued_on', OLD.issued_on)); END""",
    """CREATE TRIGGER IF NOT EXISTS xero_memo_gone BEFORE DELETE ON credit_memos BEGIN
        INSERT OR IGNORE INTO xero_last_seen VALUES (OLD.id, json_object('customer_id', OLD.customer_id,
            'currency', OLD.currency, 'total_minor', OLD.total_minor, 'issued_on', OLD.issued_on)); END""",
    *(
        f"""CREATE TRIGGER IF NOT EXISTS xero_receipt_{word} BEFORE {event} ON receipts {when} BEGIN
        INSERT OR IGNORE INTO xero_last_seen VALUES (OLD.id, json_object('customer_id', OLD.customer_id,
            'currency', OLD.currency, 'total_minor', OLD.amount_minor, 'received_on', OLD.received_on,
            'reference', OLD.reference, 'memo', OLD.memo, 'deposit_account', OLD.deposit_account,
            'unapplied_minor', OLD.unapplied_minor, 'was_voided', OLD.voided)); END"""
        for word, event, when in (("gone", "DELETE", ""), ("voided", "UPDATE OF voided", "WHEN NEW.voided = 1"))
    ),
)

#: Code, name, type, archived, payments enabled. Payments go to bank accounts and to accounts that allow them.
_CHART = (
    ("090", "Checking", "BANK", 0, 0),
    ("091", "Portal Clearing", "CURRENT", 0, 1),
    ("095", "Old Bank", "BANK", 1, 0),
    ("200", "Sales", "REVENUE", 0, 0),
    ("610", "Accounts Receivable", "CURRENT", 0, 0),
)
DEFAULT_ACCOUNT = "090"


def lay(ledger: Ledger) -> None:
    """Lays the tables where they are missing."""
    with ledger.changing("Xero") as change:
        for statement in _TABLES:
            change.connection.execute(statement)
        change.connection.executemany("INSERT OR IGNORE INTO xero_accounts VALUES (?, ?, ?, ?, ?)", _CHART)


@dataclass(frozen=True)
class Named:
    """What one of Xero's UUIDs stands for: kind ("invoice", "payment" ...), the ledger's id, and for a payment its invoice."""

    kind: str
    id: str
    invoice_id: str = ""


#: The kinds of Xero's documents that one record of the ledger can be.
_KINDS = {
    "customer": ("customer",),
    "invoice": ("invoice",),
    "credit_memo": ("credit_memo",),
    "credit_application": ("allocation",),
    "receipt": ("overpayment", "prepayment", "bank_transaction", "batch"),
    "money_out": (),  # shown on the overpayment that it refunds
}


class Names:
    """Stable UUIDs for everything in one organisation, both ways."""

    def __init__(self, organisation: str) -> None:
        self.organisation = organisation
        self._known: dict[str, Named] = {}
        self._seen_change = 0
        self._seen_line = 0

    def uuid(self, kind: str, id: str, invoice_id: str = "") -> str:
        return str(uuid5(UUID(self.organisation), f"{kind}/{id}/{invoice_id}"))

    def payment(self, receipt_id: str, invoice_id: str) -> str:
        return self.uuid("payment", receipt_id, invoice_id)

    def account(self, code: str) -> str:
        return self.uuid("account", code)

    def meant(self, connection: Connection, uuid: str) -> Named | None:
        """What the UUID stands for, or None where this organisation never had it."""
        if uuid.lower() not in self._known:
            self._learn(connection)
        return self._known.get(uuid.lower())

    def _learn(self, connection: Connection) -> None:
        for row in connection.execute(
            "SELECT id, kind, last_change FROM documents WHERE last_change > ? ORDER BY last_change", (self._seen_change,)
        ):
            self._seen_change = row["last_change"]
            for kind in _KINDS[row["kind"]]:
                self._know(kind, row["id"])
        for row in connection.execute(
            "SELECT seq, receipt_id, invoice_id FROM xero_lines WHERE seq > ? ORDER BY seq", (self._seen_line,)
        ):
            self._seen_line = row["seq"]
            for kind in ("payment", "allocation"):
                self._know(kind, row["receipt_id"], row["invoice_id"])
        for row in connection.execute("SELECT code FROM xero_accounts"):
            self._know("account", row["code"])

    def _know(self, kind: str, id: str, invoice_id: str = "") -> None:
        self._known[self.uuid(kind, id, invoice_id)] = Named(kind, id, invoice_id)


def organisation_of(name: str) -> str:
    """A stable organisation id for a name."""
    return str(uuid5(NAMESPACE_URL, f"https://books.example/{name}"))


def settle_forms(ledger: Ledger) -> None:
    """Says of each new receipt what it is in Xero: payments of invoices, or money on account (an overpayment)."""
    missing = "SELECT id FROM receipts WHERE id NOT IN (SELECT receipt_id FROM xero_receipts)"
    with ledger.reading() as connection:
        if connection.execute(f"{missing} LIMIT 1").fetchone() is None:
            return
    with ledger.changing("Xero") as change:
        change.connection.execute(
            "INSERT INTO xero_receipts (receipt_id, form)"
            " SELECT id, CASE WHEN amount_minor > 0 AND unapplied_minor = amount_minor"
            f" THEN 'overpayment' ELSE 'payment' END FROM receipts WHERE id IN ({missing})"
        )


def last_seen(connection: Connection, id: str) -> dict[str, Any]:
    row = connection.execute("SELECT figures FROM xero_last_seen WHERE id = ?", (id,)).fetchone()
    return dict(json.loads(row["figures"])) if row else {}


def spent(connection: Connection, kind: str) -> list[dict[str, Any]]:
    """Money spent, or credit notes refunded, by hand: the fields that were typed in."""
    rows = connection.execute("SELECT fields FROM xero_spent WHERE kind = ? ORDER BY number", (kind,)).fetchall()
    return [dict(simplejson.loads(row["fields"], use_decimal=True)) for row in rows]


def spend(connection: Connection, kind: str, typed: Mapping[str, Any]) -> None:
    connection.execute("INSERT INTO xero_spent (kind, fields) VALUES (?, ?)", (kind, simplejson.dumps(typed, use_decimal=True)))


def words_on(connection: Connection, receipt_id: str) -> dict[str, Any]:
    """Fields of a receipt that the ledger has no place for, as they were entered with it."""
    row = connection.execute("SELECT words FROM xero_words WHERE receipt_id = ?", (receipt_id,)).fetchone()
    return dict(json.loads(row["words"])) if row else {}


def keep_words(connection: Connection, receipt_id: str, words: Mapping[str, Any]) -> None:
    connection.execute("INSERT OR REPLACE INTO xero_words VALUES (?, ?)", (receipt_id, json.dumps(words)))


def setting(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT value FROM xero_settings WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else ""


def set_setting(connection: Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO xero_settings VALUES (?, ?)", (name, value))


def end_of_year_lock(connection: Connection) -> date | None:
    text = setting(connection, "end_of_year_lock")
    return date.fromisoformat(text) if text else None


@contextmanager
def one_of_several(connection: Connection) -> Iterator[None]:
    """A savepoint: what is begun inside is undone when it is refused, and the others of the request stay."""
    connection.execute("SAVEPOINT xero_one")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO xero_one")
        raise
    finally:
        connection.execute("RELEASE xero_one")


def net_date(moment: datetime | date) -> str:
    """A moment, or the beginning of a day, as .NET writes it: "/Date(1552431874205+0000)/"."""
    at = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({(at - EPOCH) // timedelta(milliseconds=1)}+0000)/"
