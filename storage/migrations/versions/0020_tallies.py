"""Counters of first checks, kept by the database beside the attempts themselves; those there are counted once. And an index of what people kept on account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema.tallies import TALLY_KEEPERS_POSTGRESQL, TALLY_KEEPERS_SQLITE, count_what_is_there

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tally",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("begins_at", moment, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("attempted", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("attempted_minor", sa.BigInteger(), nullable=False),
        sa.Column("failed_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company", "run_id"], ["run.company", "run.id"], name=op.f("fk_tally_company_run_id_run")),
        sa.PrimaryKeyConstraint("company", "run_id", "begins_at", "currency", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_by_time", "tally", ["company", "begins_at"])
    op.create_index("ix_tally_by_last", "tally", ["company", "last_at"])
    kept = sa.text("remedy = 'keep_on_account' AND state = 'done'")
    here = ["company", "transaction_number"]
    op.create_index("ix_decision_kept", "decision", here, sqlite_where=kept, postgresql_where=kept)
    dialect = op.get_bind().dialect.name
    op.execute(count_what_is_there(dialect))
    for statement in TALLY_KEEPERS_SQLITE if dialect == "sqlite" else TALLY_KEEPERS_POSTGRESQL:
        op.execute(statement)
