"""Mails: what was worth one, once each, and whether the mail server took it."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("wanted_at", Moment(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'sent')", name=op.f("ck_mail_state_known")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_mail_company_company")),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_mail")),
    )
    op.create_index("uq_mail", "mail", ["company", "kind", "about"], unique=True)
    unsent = sa.text("state IN ('waiting', 'sending')")
    op.create_index("ix_mail_unsent", "mail", ["next_at"], sqlite_where=unsent, postgresql_where=unsent)
