"""What a version left in its databases, as rows that two versions can be compared by: no ids of ours, no moments, no words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

Key = tuple[object, ...]
Row = Mapping[str, object]
Rows = Mapping[str, Mapping[Key, Row]]  # by table, then by key


def nth(*columns: str, table: str) -> str:
    """Counts the rows of a table that have the same values in these columns, in the order in which they were written."""
    return f"ROW_NUMBER() OVER (PARTITION BY {', '.join(columns)} ORDER BY {table}.rowid) AS nth"


#: Table to how many of the first columns are its key, and the query. Our own database.
OURS: Mapping[str, tuple[int, str]] = {
    "payment": (
        1,
        """SELECT transaction_number, state, bucket, status, amount_minor, currency, on_account_minor, generation, excluded_by,
           hidden_by FROM payment""",
    ),
    "binding": (3, "SELECT transaction_number, line, version, invoice_id, customer_id, bound_by FROM binding"),
    "effect": (
        4,
        """SELECT transaction_number, kind, part, generation, "key", marker, "write", state, attended, fence, sendings,
           document_id, outcome_code, after_id IS NOT NULL AS after, compensates_id IS NOT NULL AS compensates,
           decision_id IS NOT NULL AS decided FROM effect""",
    ),
    "attempt": (
        2,
        f"SELECT transaction_number, {nth('transaction_number', table='attempt')}, first, failed, code FROM attempt",  # noqa: S608
    ),
    "failure": (
        3,
        f"""SELECT transaction_number, about, {nth("transaction_number", "about", table="failure")}, state, cause, remedy,
            confidence, opened_because, refusal_code, held, resolution, root, incident_id IS NOT NULL AS in_incident,
            json_extract(diagnosis, '$.primary.alternatives') AS alternatives,
            json_extract(diagnosis, '$.primary.applications') AS applications,
            json_extract(diagnosis, '$.primary.successors') AS successors, json_extract(diagnosis, '$.primary.proof') AS proof,
            (SELECT count(*) FROM evidence WHERE evidence.failure_id = failure.id) AS evidence_taken,
            (SELECT group_concat(state) FROM diagnosis WHERE diagnosis.failure_id = failure.id) AS diagnoses
            FROM failure""",  # noqa: S608
    ),
    "decision": (
        2,
        f"""SELECT transaction_number, {nth("transaction_number", table="decision")}, remedy, requested_by, approved_by, channel,
            options, amount_minor, currency, state FROM decision""",  # noqa: S608
    ),
    "proof": (2, "SELECT transaction_number, receipt_id, amount_minor, withdrawn_at IS NOT NULL AS withdrawn FROM proof"),
    "receipt_claim": (1, "SELECT receipt_id, amount_minor, claimed_minor FROM receipt_claim"),
    "incident": (
        3,
        f"""SELECT cause, about, {nth("cause", "about", table="incident")}, state, bulk_remedy, bulk_by,
            (SELECT count(*) FROM failure WHERE failure.incident_id = incident.id) AS failures FROM incident""",  # noqa: S608
    ),
    "escalation": (1, f"SELECT {nth('company', table='escalation')}, state, reminders FROM escalation"),  # noqa: S608
    "outbox": (2, "SELECT subject_kind, state, count(*) AS count FROM outbox GROUP BY subject_kind, state"),
    "mirror": (2, "SELECT kind, document_id, number, customer_id, version, deleted_at IS NOT NULL AS deleted FROM mirror"),
    "company": (1, "SELECT id, books_cursor, paused_cause FROM company"),
    "record": (
        2,
        f"SELECT transaction_number, {nth('transaction_number', table='audit')}, actor, action FROM audit",  # noqa: S608
    ),
}
#: The same of the embedded books' own file.
BOOKS: Mapping[str, tuple[int, str]] = {
    "receipt in the books": (
        1,
        """SELECT id, number, customer_id, currency, amount_minor, unapplied_minor, received_on, method, reference, memo, marker,
           deposit_account, deposited_on, voided, deleted, version FROM receipts JOIN documents USING (id)""",
    ),
    "line of a receipt in the books": (2, "SELECT receipt_id, invoice_id, amount_minor FROM receipt_lines"),
    "credit applied in the books": (
        1,
        "SELECT id, credit_memo_id, invoice_id, amount_minor, applied_on FROM credit_applications",
    ),
    "invoice in the books": (
        1,
        "SELECT id, number, customer_id, total_minor, open_minor, standing, deleted FROM invoices JOIN documents USING (id)",
    ),
}


def rows_of(folder: Path) -> Rows:
    """Everything comparable in the databases of a folder: our own, and the books beside it."""
    found: dict[str, Mapping[Key, Row]] = {}
    for file in sorted(folder.glob("*.sqlite")):
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "receipts" in tables:
                found.update(_read(connection, BOOKS))
            elif "payment" in tables:
                found.update(_read(connection, OURS))
        finally:
            connection.close()
    return found


def _read(connection: sqlite3.Connection, queries: Mapping[str, tuple[int, str]]) -> Iterator[tuple[str, Mapping[Key, Row]]]:
    for table, (key_columns, query) in queries.items():
        read = connection.execute(query)
        names = [column[0] for column in read.description]
        yield table, {row[:key_columns]: dict(zip(names[key_columns:], row[key_columns:], strict=True)) for row in read}
