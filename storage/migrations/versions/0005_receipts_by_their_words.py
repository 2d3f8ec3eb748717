"""Receipts are found by their words; the books are read anew for them before anything is sent

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_receipt",
        sa.Column("company", sa.String(40), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("customer_id", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_by", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_hand_receipt_company_company")),
        sa.PrimaryKeyConstraint("company", "document_id", name=op.f("pk_hand_receipt")),
    )
    op.create_index("ix_hand_receipt_by_amount", "hand_receipt", ["company", "customer_id", "amount_minor"])
    op.create_table(
        "receipt_key",
        sa.Column("company", sa.String(40), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("start", sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company", "document_id"],
            ["hand_receipt.company", "hand_receipt.document_id"],
            name=op.f("fk_receipt_key_company_document_id_hand_receipt"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("company", "document_id", "start", name=op.f("pk_receipt_key")),
    )
    op.create_index("ix_receipt_key_by_start", "receipt_key", ["company", "start"])
    op.add_column("company", sa.Column("mirrored_whole_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE company SET books_cursor = ''")
