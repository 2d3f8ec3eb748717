"""Years of payments in moments: one payment that was posted and verified, copied row by row in the database itself."""

from __future__ import annotations

from pathlib import Path

import pysqlite3.dbapi2 as sqlite

WEEK_SECONDS = 7 * 86_400
_COPIED = {
    "payment": {"transaction_number": "'H-' || n.i", "number_key": "'h' || n.i"},
    "allocation": {"transaction_number": "'H-' || n.i", "invoice_number": "'HI' || n.i"},
    "binding": {"transaction_number": "'H-' || n.i", "invoice_id": "'hi' || n.i"},
    "effect": {
        "transaction_number": "'H-' || n.i",
        "id": "'e' || n.i",
        "key": "'k' || n.i",
        "marker": "'m' || n.i",
        "document_id": "'r' || n.i",
    },
    "attempt": {
        "transaction_number": "'H-' || n.i",
        "id": "'a' || n.i",
        "at": "strftime('%Y-%m-%d %H:%M:%S', t.at, '-' || (n.i * {seconds} / {count}) || ' seconds') || '.000000'",
    },
}
#: A failure whose payment names a customer and an invoice that the books do not have; each copy names its own.
_OPEN = {
    "payment": {
        "transaction_number": "'F-' || n.i",
        "number_key": "'f' || n.i",
        "customer": "'Nobody ' || n.i",
        "customer_key": "'nobody ' || n.i",
    },
    "allocation": {"transaction_number": "'F-' || n.i", "invoice_number": "'N-' || n.i"},
    "failure": {"transaction_number": "'F-' || n.i", "id": "'f' || n.i", "evidence_id": "'v' || n.i", "incident_id": "NULL"},
}
_OF_OPEN = {
    "evidence": {"id": "'v' || n.i", "failure_id": "'f' || n.i"},
    "diagnosis": {"id": "'d' || n.i", "failure_id": "'f' || n.i", "evidence_id": "'v' || n.i"},
}
_IN_MIRROR = {name: f"t.{name} || 'h' || n.i" for name in ("id", "document_id", "number", "key")}


def add_history(file: Path, count: int, number: str = "TXN-1") -> None:
    """So many verified payments more, with their attempts in the last seven days, and their documents in the mirror."""
    connection = _numbering(file, count)
    for table, changed in _COPIED.items():
        _copy(connection, table, changed, "t.transaction_number = ?", number, count)
    _copy(connection, "mirror", _IN_MIRROR, "t.kind IN ('invoice', 'receipt') AND ? <> ''", number, count)
    connection.commit()
    connection.close()


def add_failures(file: Path, count: int, number: str = "TXN-1", *, first: int = 1) -> None:
    """So many open failures more, diagnosed like the one of this payment; `first` is the number of the first."""
    connection = _numbering(file, count, first)
    for table, changed in _OPEN.items():
        _copy(connection, table, changed, "t.transaction_number = ?", number, count)
    for table, changed in _OF_OPEN.items():
        of_it = "t.failure_id = (SELECT id FROM failure WHERE transaction_number = ?)"
        _copy(connection, table, changed, of_it, number, count)
    connection.commit()
    connection.close()


def _numbering(file: Path, count: int, first: int = 1) -> sqlite.Connection:
    connection = sqlite.connect(str(file))
    connection.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;")
    connection.execute(
        "CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM c WHERE i < ?) SELECT i FROM c",
        (first, first + count - 1),
    )
    return connection


def _copy(connection: sqlite.Connection, table: str, changed: dict[str, str], where: str, number: str, count: int) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f't."{name}"').format(seconds=WEEK_SECONDS - 3600, count=count) for name in columns)
    connection.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, temp.n n WHERE {where}", (number,))
