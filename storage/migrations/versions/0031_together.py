"""What was chosen together is told together; who waits for an end is known with their workspace."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "together",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_together_company_company")),
        sa.PrimaryKeyConstraint("company", "subject", "decision_id", name=op.f("pk_together")),
    )
    _awaited()


def _awaited() -> None:
    """SQLite changes neither a CHECK nor a key: the table, which never has many rows, is made anew."""
    connection = op.get_bind()
    old = ("company", "what", "subject", "account", "channel", "asked_at", "next_at")
    waiting = [dict(row._mapping) for row in connection.execute(sa.select(_rows(old)))]
    op.drop_table("awaited")
    op.create_table(
        "awaited",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.CheckConstraint("what IN ('decision', 'bulk', 'chosen', 'sync')", name=op.f("ck_awaited_what_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_awaited_company_company")),
        sa.PrimaryKeyConstraint("company", "what", "subject", "account", "place", name=op.f("pk_awaited")),
    )
    if waiting:
        new = _rows((*old, "place", "enterprise"))
        connection.execute(sa.insert(new), [{**row, "place": "", "enterprise": ""} for row in waiting])


def _rows(columns: Sequence[str]) -> sa.TableClause:
    return sa.table("awaited", *(sa.column(name, Moment() if name.endswith("_at") else sa.String()) for name in columns))
