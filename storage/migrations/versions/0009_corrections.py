"""A failure may be about the feed's correction of a payment

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = "about IN ('payment', 'intake')"
NOW = "about IN ('payment', 'intake', 'correction')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild("failure")
        return
    name = op.f("ck_failure_about_known")
    op.drop_constraint(name, "failure", type_="check")
    op.create_check_constraint(name, "failure", NOW)


def _rebuild(table: str) -> None:
    """SQLite changes no CHECK: the table is rebuilt from its own text with the new one, then its indexes and triggers.

    These are the steps of section 7 of https://www.sqlite.org/lang_altertable.html; `storage.migrating` does its first and last.
    """
    connection = op.get_bind()
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    held = connection.execute(query, {"table": table}).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    if text.count(BEFORE) != 1:
        raise ValueError(f"table {table} does not have the constraint on what it is about as version 0001 made it")
    new = re.sub(rf'^CREATE TABLE "?{table}"? ', f"CREATE TABLE new_{table} ", text, count=1)  # renamed before, it is quoted
    op.execute(new.replace(BEFORE, NOW))
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 (names of ours)
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
