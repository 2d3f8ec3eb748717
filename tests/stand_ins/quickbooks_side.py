"""What QuickBooks Online knows and the embedded ledger does not: kept in tables of its own beside the ledger's.

The tables lie in the ledger's own file, so that a change and what QuickBooks makes of it are one transaction. The
main thing they hold is which credit applications belong to one Payment: there it is one document with a line for
each invoice and each credit memo, and it may carry money besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from pysqlite3.dbapi2 import Connection

from accounting.embedded.change import Change, Kind, utc_text
from accounting.embedded.ledger import Ledger

REQUEST_LIFE = timedelta(hours=24)  # how long a requestid is remembered, about

_TABLES = (
    "CREATE TABLE IF NOT EXISTS quickbooks_settings (one INTEGER PRIMARY KEY CHECK (one = 1), settings TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS quickbooks_applications (
        application_id TEXT PRIMARY KEY REFERENCES documents (id), payment_id TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS quickbooks_payments (
        payment_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, currency TEXT NOT NULL, txn_date TEXT NOT NULL,
        note TEXT NOT NULL, reference TEXT NOT NULL, changes INTEGER NOT NULL, voided INTEGER NOT NULL,
        changed_by TEXT NOT NULL, changed_at TEXT NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS quickbooks_entries (
        id TEXT PRIMARY KEY, entity TEXT NOT NULL, body TEXT NOT NULL, made_by TEXT NOT NULL, made_at TEXT NOT NULL,
        paid_out TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE TABLE IF NOT EXISTS quickbooks_notes (document_id TEXT PRIMARY KEY, note TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS quickbooks_words (document_id TEXT PRIMARY KEY, words TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS quickbooks_requests (
        request_id TEXT PRIMARY KEY, asked TEXT NOT NULL, answer TEXT NOT NULL, until TEXT NOT NULL) STRICT""",
)

ACCOUNTS = {  # id: name, type, sub type, classification
    "4": ("Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset"),
    "35": ("Checking", "Bank", "Checking", "Asset"),
    "36": ("Card Clearing", "Bank", "CashOnHand", "Asset"),
    "79": ("Sales", "Income", "SalesOfProductIncome", "Revenue"),
    "90": ("Bank Charges", "Expense", "BankCharges", "Expense"),
    "84": ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset"),
}
PAYMENT_METHODS = {"1": "Cash", "2": "Check", "3": "Credit Card", "4": "ACH"}
UNDEPOSITED = "4"


@dataclass(frozen=True)
class Settings:
    """How this company and this stand-in are set; what is not decided by an observation can be switched."""

    refuse_duplicate_numbers: bool = False  # the preference that warns of a number used twice: fault 6140
    show_close_date: bool = True  # whether Preferences tell the closing date; Intuit's help says they do not
    eat_freed_credit_at_once: bool = False  # with AutoApplyCredit: a credit set free is applied again in the same moment
    void_takes_sparse: bool = False  # Intuit's page voids a Payment with Id and SyncToken; a live company refused that
    refuse_void_of_paid: bool = False  # voiding a paid invoice was allowed in a sandbox and refused in production
    show_authors: bool = False  # whether MetaData says who; the schema has a place for it
    enforce_limits: bool = False  # 10 requests a second, 500 and 40 batches a minute
    reject_deleted_link_as_transaction: bool = False  # which text of fault 610 a line on a deleted invoice gets


def lay(ledger: Ledger) -> None:
    """Lays the tables where they are missing."""
    with ledger.changing("QuickBooks") as change:
        for statement in _TABLES:
            change.connection.execute(statement)
        change.connection.execute("INSERT OR IGNORE INTO quickbooks_settings VALUES (1, ?)", (json.dumps(asdict(Settings())),))


def settings(connection: Connection) -> Settings:
    held = json.loads(connection.execute("SELECT settings FROM quickbooks_settings").fetchone()[0])
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in held.items() if name in known})


def set_settings(change: Change, changed: dict[str, bool]) -> None:
    after = replace(settings(change.connection), **changed)
    change.connection.execute("UPDATE quickbooks_settings SET settings = ?", (json.dumps(asdict(after)),))


def api_id(ledger_id: str) -> str:
    """The id as QuickBooks tells it: a number. Ids that customers brought from elsewhere stay as they are."""
    return ledger_id[1:] if ledger_id[:1] in "CIMARE" and ledger_id[1:].isdigit() else ledger_id


def ledger_ids(connection: Connection, ids: Iterable[str], *kinds: Kind) -> list[str]:
    """The ledger's ids of documents of these kinds, as far as there ever were such."""
    return [found for found in (ledger_id(connection, document_id, *kinds) for document_id in ids) if found]


def ledger_id(connection: Connection, document_id: str, *kinds: Kind) -> str:
    """The ledger's id of a document of one of these kinds, living or deleted; "" where there never was one."""
    for kind in kinds:
        for candidate in (f"{kind.letter}{document_id}", document_id):
            row = connection.execute("SELECT 1 FROM documents WHERE id = ? AND kind = ?", (candidate, kind.value)).fetchone()
            if row:
                return candidate
    return ""


@dataclass(frozen=True)
class Head:
    """What a Payment says of itself beside its receipt; only those made or changed over the API have one."""

    payment_id: str
    customer_id: str
    currency: str
    txn_date: str
    note: str
    reference: str
    changes: int = 0  # changes of the head that no record of the ledger shows
    voided: bool = False
    changed_by: str = ""
    changed_at: str = ""


def head(connection: Connection, payment_id: str) -> Head | None:
    row = connection.execute("SELECT * FROM quickbooks_payments WHERE payment_id = ?", (payment_id,)).fetchone()
    return Head(**{**dict(row), "voided": bool(row["voided"])}) if row else None


def heads(connection: Connection) -> dict[str, Head]:
    rows = connection.execute("SELECT * FROM quickbooks_payments")
    return {row["payment_id"]: Head(**{**dict(row), "voided": bool(row["voided"])}) for row in rows}


def keep_head(change: Change, kept: Head) -> None:
    stamped = replace(kept, changed_by=change.by, changed_at=utc_text(change.at))
    names = [field.name for field in fields(Head)]
    change.connection.execute(
        f"INSERT OR REPLACE INTO quickbooks_payments ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})",
        [int(value) if isinstance(value, bool) else value for value in asdict(stamped).values()],
    )


def link(change: Change, application_id: str, payment_id: str) -> None:
    """Says that an application of a credit is a line of this Payment."""
    change.connection.execute("INSERT OR REPLACE INTO quickbooks_applications VALUES (?, ?)", (application_id, payment_id))


def note_of(connection: Connection, document_id: str) -> str:
    row = connection.execute("SELECT note FROM quickbooks_notes WHERE document_id = ?", (document_id,)).fetchone()
    return str(row["note"]) if row else ""


def keep_note(change: Change, document_id: str, note: str) -> None:
    change.connection.execute("INSERT OR REPLACE INTO quickbooks_notes VALUES (?, ?)", (document_id, note))


def words_on(connection: Connection, document_id: str) -> dict[str, Any]:
    """Fields of a Payment that the ledger has no place for, as they were entered with it."""
    row = connection.execute("SELECT words FROM quickbooks_words WHERE document_id = ?", (document_id,)).fetchone()
    return dict(json.loads(row["words"])) if row else {}


def keep_words(change: Change, document_id: str, words: Mapping[str, Any]) -> None:
    change.connection.execute("INSERT OR REPLACE INTO quickbooks_words VALUES (?, ?)", (document_id, json.dumps(words)))


def remembered(connection: Connection, request_id: str, now: datetime) -> tuple[str, str] | None:
    """(what was asked, what was answered) under this requestid within its life."""
    row = connection.execute(
        "SELECT asked, answer FROM quickbooks_requests WHERE request_id = ? AND until > ?", (request_id, utc_text(now))
    ).fetchone()
    return (str(row["asked"]), str(row["answer"])) if row else None


def remember(change: Change, request_id: str, asked: str, answer: str) -> None:
    change.connection.execute(
        "INSERT OR REPLACE INTO quickbooks_requests VALUES (?, ?, ?, ?)",
        (request_id, asked, answer, utc_text(change.at + REQUEST_LIFE)),
    )
