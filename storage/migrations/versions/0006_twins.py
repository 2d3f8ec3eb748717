"""Payments that are probably another one again, who imported a payment, and files whose numbers only look like card numbers

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from receivables.reference_keys import key_of
from receivables.twins import folded

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT_ONCE = 1_000


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("intake_file", sa.Column("not_cards_by", sa.String(80), nullable=True))
    for name, length in (("number_key", 64), ("customer_key", 600), ("taken_in_by", 80)):
        op.add_column("payment", sa.Column(name, sa.String(length), server_default="", nullable=False))
    op.add_column("payment", sa.Column("has_time", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_index("ix_payment_by_key", "payment", ["company", "number_key"])
    op.create_index("ix_payment_by_moment", "payment", ["company", "amount_minor", "paid_at"])
    op.create_table(
        "twin",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=False),
        sa.Column("other_number", sa.String(length=64), nullable=False),
        sa.Column("alike", sa.String(length=10), nullable=False),
        sa.Column("noticed_at", moment, nullable=False),
        sa.Column("settled", sa.String(length=20), nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("decision_id", sa.String(length=26), nullable=True),
        sa.CheckConstraint("alike IN ('number', 'moment')", name=op.f("ck_twin_alike_known")),
        sa.CheckConstraint("settled IS NULL OR settled IN ('dismissed', 'not_duplicate')", name=op.f("ck_twin_settled_known")),
        sa.CheckConstraint("(settled IS NULL) = (settled_at IS NULL)", name=op.f("ck_twin_settled_whole")),
        sa.CheckConstraint("transaction_number <> other_number", name=op.f("ck_twin_two_payments")),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_twin_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "other_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_twin_company_other_number_payment"),
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_twin_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "transaction_number", "other_number", name=op.f("pk_twin")),
    )
    op.create_index("ix_twin_by_other", "twin", ["company", "other_number"])
    _fill()


def _fill() -> None:
    """The keys of the payments that are there. Whether one had a time was not kept: a whole quarter of an hour passes for a day."""
    connection = op.get_bind()
    payment = sa.table(
        "payment",
        sa.column("company", sa.String),
        sa.column("transaction_number", sa.String),
        sa.column("customer", sa.String),
        sa.column("paid_at", sa.DateTime(timezone=True)),
        sa.column("number_key", sa.String),
        sa.column("customer_key", sa.String),
        sa.column("has_time", sa.Boolean),
    )
    change = (
        sa.update(payment)
        .where(payment.c.company == sa.bindparam("of"), payment.c.transaction_number == sa.bindparam("number"))
        .values(number_key=sa.bindparam("key"), customer_key=sa.bindparam("name"), has_time=sa.bindparam("timed"))
    )
    columns = (payment.c.company, payment.c.transaction_number, payment.c.customer, payment.c.paid_at)
    rows = connection.execute(sa.select(*columns)).all()
    for start in range(0, len(rows), AT_ONCE):
        connection.execute(
            change,
            [
                {
                    "of": row.company,
                    "number": row.transaction_number,
                    "key": key_of(row.transaction_number),
                    "name": folded(row.customer),
                    "timed": bool(row.paid_at.minute % 15 or row.paid_at.second or row.paid_at.microsecond),
                }
                for row in rows[start : start + AT_ONCE]
            ],
        )
