"""What the feed says of money that went back: when, why, how a chargeback stands, and what it had said before

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

#: By table, the check that the code makes from now on, and what else of the table's own text changes.
CHECKS = {
    "payment": ("ck_payment_status_known", "status VARCHAR(10)", "status VARCHAR(20)"),
    "effect": ("ck_effect_kind_known", "", ""),
}


def upgrade() -> None:
    for table, (check, before, now) in CHECKS.items():
        if op.get_bind().dialect.name == "sqlite":
            _rebuild(table, check, before, now)
        else:
            op.drop_constraint(op.f(check), table, type_="check")
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("payment", "status", type_=sa.String(20))
    op.add_column("payment", sa.Column("status_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payment", sa.Column("reason_code", sa.String(40), server_default="", nullable=False))
    op.add_column("payment", sa.Column("dispute", sa.String(10), server_default="", nullable=False))
    op.add_column("payment", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("payment", sa.Column("told_before", sa.String(20), server_default="", nullable=False))


def _rebuild(table: str, check: str, before: str, now: str) -> None:
    """SQLite drops no CHECK: the table is rebuilt from its own text without it, then its indexes and triggers.

    These are the steps of section 7 of https://www.sqlite.org/lang_altertable.html; `storage.migrating` does its first and last.
    """
    connection = op.get_bind()
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    held = connection.execute(query, {"table": table}).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    text, found = re.subn(rf",\s*CONSTRAINT {check} CHECK \(.*\)(?=,? *$)", "", text, flags=re.MULTILINE)
    if found != 1 or before not in text:
        raise ValueError(f"table {table} does not have the constraint {check} as version 0001 made it")
    text = text.replace(before, now) if before else text
    op.execute(text.replace(f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1))
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 (names of ours)
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
