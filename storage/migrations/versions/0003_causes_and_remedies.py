"""Causes and remedies are checked by the code that writes and reads them

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHECKS = {
    "company": ("ck_company_paused_cause_known",),
    "incident": ("ck_incident_cause_known",),
    "failure": ("ck_failure_cause_known", "ck_failure_remedy_known"),
    "decision": ("ck_decision_remedy_known",),
    "offer": ("ck_offer_remedy_known",),
}


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, checks in CHECKS.items():
        if on_sqlite:
            _rebuild(table, checks)
        else:
            for check in checks:
                op.drop_constraint(op.f(check), table, type_="check")


def _rebuild(table: str, checks: tuple[str, ...]) -> None:
    """SQLite drops no CHECK: the table is rebuilt from its own text without them, then its indexes and triggers.

    These are the steps of section 7 of https://www.sqlite.org/lang_altertable.html; `storage.migrating` does its first and last.
    """
    connection = op.get_bind()
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    held = connection.execute(query, {"table": table}).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    for check in checks:
        text, found = re.subn(rf",\s*CONSTRAINT {check} CHECK \(.*\)(?=,? *$)", "", text, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"table {table} does not have the constraint {check} as version 0002 made it")
    op.execute(text.replace(f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1))
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 (names of ours)
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
