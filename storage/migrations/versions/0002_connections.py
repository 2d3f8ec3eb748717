"""What connects a company to the world

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (("bulk_remedy", sa.String(30)), ("bulk_by", sa.String(80)), ("bulk_at", sa.DateTime(timezone=True))):
        op.add_column("incident", sa.Column(name, kind, nullable=True))
    op.add_column("failure", sa.Column("root", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_failure_by_root", "failure", ["company", "state", "root"], unique=False)
    op.create_index("ix_failure_by_incident", "failure", ["company", "incident_id", "id"], unique=False)
    op.add_column("escalation", sa.Column("reminders", sa.Integer(), server_default="0", nullable=False))
    op.add_column("escalation", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("company", sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "call_budget",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_call_budget_reserved_from_zero")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_call_budget_company_company")),
        sa.PrimaryKeyConstraint("company", "name", name=op.f("pk_call_budget")),
    )
    op.create_table(
        "feed_cursor",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_feed_cursor_company_company")),
        sa.PrimaryKeyConstraint("company", "feed", name=op.f("pk_feed_cursor")),
    )
    op.create_table(
        "feed_record",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.String(length=255), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_feed_record_company_company")),
        sa.PrimaryKeyConstraint("company", "feed", "record_id", name=op.f("pk_feed_record")),
    )
    op.create_table(
        "seen_message",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("feed", sa.String(length=40), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_seen_message_company_company")),
        sa.PrimaryKeyConstraint("company", "feed", "message_id", name=op.f("pk_seen_message")),
    )
    op.create_index("ix_seen_message_by_time", "seen_message", ["company", "feed", "received_at"], unique=False)
    op.create_table(
        "token",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), server_default="", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_token_version_from_one")),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_token_company_company")),
        sa.PrimaryKeyConstraint("company", "purpose", name=op.f("pk_token")),
    )
