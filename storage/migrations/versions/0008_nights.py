"""Who proves a company now, whether each night was proven, and a card that says so

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BEFORE = "subject_kind IN ('failure', 'incident', 'escalation', 'digest')"
NOW = "subject_kind IN ('failure', 'incident', 'escalation', 'digest', 'night')"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("company", sa.Column("proof_owner", sa.String(80), server_default="", nullable=False))
    op.add_column("company", sa.Column("proof_until", moment, nullable=True))
    op.add_column("company", sa.Column("proof_turn", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "night",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("last_proven_at", moment, nullable=True),
        sa.Column("proven_at", moment, nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("news", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('trying', 'missed', 'proven')", name=op.f("ck_night_state_known")),
        sa.CheckConstraint("(state = 'proven') = (proven_at IS NOT NULL)", name=op.f("ck_night_proven_whole")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_night_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_night")),
    )
    op.create_index("uq_night", "night", ["company", "due_at"], unique=True)
    for table in ("card", "outbox"):
        if op.get_bind().dialect.name == "sqlite":
            _rebuild(table)
        else:
            name = op.f(f"ck_{table}_subject_kind_known")
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, NOW)


def _rebuild(table: str) -> None:
    """SQLite changes no CHECK: the table is rebuilt from its own text with the new one, then its indexes and triggers.

    These are the steps of section 7 of https://www.sqlite.org/lang_altertable.html; `storage.migrating` does its first and last.
    """
    connection = op.get_bind()
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    held = connection.execute(query, {"table": table}).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    if text.count(BEFORE) != 1:
        raise ValueError(f"table {table} does not have the constraint on its subjects as version 0001 made it")
    op.execute(text.replace(BEFORE, NOW).replace(f"CREATE TABLE {table} ", f"CREATE TABLE new_{table} ", 1))
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 (names of ours)
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
