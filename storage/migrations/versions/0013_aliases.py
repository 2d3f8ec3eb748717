"""What is spelled differently is found by its key, and what a spelling means is remembered

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from receivables.reference_keys import key_of, name_key

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
BY_KEY = "ix_mirror_by_key"


def upgrade() -> None:
    _make_aliases()
    for name in ("key", "full_key"):
        op.add_column("mirror", sa.Column(name, sa.String(200), server_default="", nullable=False))
    _fill()
    op.create_index(BY_KEY, "mirror", ["company", "kind", "key"])
    full = sa.text("full_key <> ''")
    op.create_index("ix_mirror_by_full_key", "mirror", ["company", "full_key"], sqlite_where=full, postgresql_where=full)


def _make_aliases() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "alias",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("spelling", sa.Text(), nullable=False),
        sa.Column("spelling_key", sa.String(length=600), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("transaction_number", sa.String(length=64), nullable=True),
        sa.Column("said_by", sa.String(length=80), nullable=False),
        sa.Column("said_at", moment, nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=False),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_alias_withdrawn_whole")),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_alias_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "transaction_number"],
            ["payment.company", "payment.transaction_number"],
            name=op.f("fk_alias_company_transaction_number_payment"),
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_alias")),
    )
    held = sa.text("withdrawn_at IS NULL")
    op.create_index("ix_alias_held", "alias", ["company", "spelling_key"], sqlite_where=held, postgresql_where=held)


def _fill() -> None:
    """The keys of the invoices and customers that were seen, a few at a time: there may be millions."""
    connection = op.get_bind()
    mirror = sa.table("mirror", *(sa.column(name) for name in ("company", "kind", "document_id", "number", "name", "key")))
    place = (mirror.c.company, mirror.c.kind, mirror.c.document_id)
    query = sa.select(*place, mirror.c.number, mirror.c.name).where(mirror.c.kind.in_(("customer", "invoice")))
    change = (
        sa.update(mirror)
        .where(*(column == sa.bindparam(f"of_{column.name}") for column in place))
        .values(key=sa.bindparam("its_key"))
    )
    after: tuple[Any, ...] = ("", "", "")
    while rows := connection.execute(query.where(sa.tuple_(*place) > after).order_by(*place).limit(AT_ONCE)).all():
        connection.execute(
            change,
            [
                {
                    "of_company": row.company,
                    "of_kind": row.kind,
                    "of_document_id": row.document_id,
                    "its_key": name_key(row.name) if row.kind == "customer" else key_of(row.number),
                }
                for row in rows
            ],
        )
        after = (rows[-1].company, rows[-1].kind, rows[-1].document_id)
