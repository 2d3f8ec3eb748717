"""What people in Slack started and wait to hear the end of."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "awaited",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=26), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.CheckConstraint("what IN ('decision', 'bulk', 'sync')", name=op.f("ck_awaited_what_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_awaited_company_company")),
        sa.PrimaryKeyConstraint("company", "what", "subject", "account", name=op.f("pk_awaited")),
    )
