"""Books that an earlier version made, brought up to date in place when they are opened; nothing in them is lost."""

from __future__ import annotations

from collections.abc import Iterator

from pysqlite3 import dbapi2 as sqlite
from pysqlite3.dbapi2 import Connection

from accounting.embedded.schema import MONEY_OUT, MONEY_OUT_TRIGGERS, SCHEMA_VERSION

_BEFORE_MONEY_OUT, _BEFORE_DUE_DAYS, _BEFORE_VOIDED_CREDITS = 1, 2, 3
_COLUMNS = """
ALTER TABLE invoices ADD COLUMN item TEXT NOT NULL DEFAULT '';
ALTER TABLE receipt_lines ADD COLUMN applied_on TEXT CHECK (applied_on IS date(applied_on));
ALTER TABLE customers ADD COLUMN parent_id TEXT REFERENCES customers (id) CHECK (parent_id <> id);
ALTER TABLE customers ADD COLUMN full_name TEXT NOT NULL DEFAULT '';
ALTER TABLE credit_memos ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE credit_memos ADD COLUMN memo TEXT NOT NULL DEFAULT '';
"""
_VOIDED_CREDITS = "ALTER TABLE credit_memos ADD COLUMN voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1))"


def bring_up_to_date(connection: Connection) -> None:
    """Makes books of an earlier version those of now, once, whoever opens them first. Others are left alone."""
    if _version(connection) not in (_BEFORE_MONEY_OUT, _BEFORE_DUE_DAYS, _BEFORE_VOIDED_CREDITS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # asked again, because another process may have been faster
        if version == _BEFORE_MONEY_OUT:
            _allow_another_kind(connection)
            for statement in statements(_COLUMNS + MONEY_OUT + MONEY_OUT_TRIGGERS):
                connection.execute(statement)
        if version in (_BEFORE_MONEY_OUT, _BEFORE_DUE_DAYS):
            connection.execute("ALTER TABLE invoices ADD COLUMN due_on TEXT CHECK (due_on IS date(due_on))")
        if version in (_BEFORE_MONEY_OUT, _BEFORE_DUE_DAYS, _BEFORE_VOIDED_CREDITS):
            connection.execute(_VOIDED_CREDITS)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, because `executescript` would commit before it runs."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite.complete_statement(statement):
            yield statement
            statement = ""


def _allow_another_kind(connection: Connection) -> None:
    """Widens the CHECK of `documents` as SQLite's manual says under "Making Other Kinds Of Table Schema Changes"."""
    schema_version = int(connection.execute("PRAGMA schema_version").fetchone()[0])
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'documents'",
        ("'credit_application', 'receipt')", "'credit_application', 'receipt', 'money_out')"),
    )
    connection.execute(f"PRAGMA schema_version = {schema_version + 1}")
    connection.execute("PRAGMA writable_schema = RESET")


def _version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
