"""What people said of receipts entered by hand: that one is other money than a payment

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "other_money",
        sa.Column("company", sa.String(40), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("transaction_number", sa.String(64), nullable=False),
        sa.Column("receipt_id", sa.String(64), nullable=False),
        sa.Column("cash_reference", sa.Text(), nullable=False),
        sa.Column("receipt_hash", sa.String(64), nullable=False),
        sa.Column("said_at", moment, nullable=False),
        sa.Column("decision_id", sa.String(26), nullable=False),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.CheckConstraint("cash_reference <> ''", name=op.f("ck_other_money_says_which")),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"],
            ["decision.company", "decision.id"],
            name=op.f("fk_other_money_company_decision_id_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_other_money_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_other_money")),
    )
    held = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_other_money_held",
        "other_money",
        ["company", "transaction_number", "receipt_id"],
        unique=True,
        sqlite_where=held,
        postgresql_where=held,
    )
