"""Rows to search in, and what search does not know yet; open failures and hidden payments are found by index."""

import sqlalchemy as sa
from alembic import op

from storage.schema.searching import NOTES_POSTGRESQL, NOTES_SQLITE, SEARCHABLE_SQLITE

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    counted = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "searchable",
        sa.Column("id", counted, primary_key=True),
        sa.Column("company", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("doc", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_searchable_company_company")),
        sa.CheckConstraint(
            "kind IN ('payment', 'customer', 'invoice', 'credit_memo', 'receipt')", name=op.f("ck_searchable_kind_known")
        ),
    )
    op.create_index("uq_searchable_document", "searchable", ["company", "document_id", "kind"], unique=True)
    op.create_index("ix_searchable_by_number", "searchable", ["company", "number"])
    op.create_index("ix_searchable_by_amount", "searchable", ["company", "amount_minor"])
    op.create_index("ix_searchable_newest_of", "searchable", ["company", "at"])
    op.create_index("ix_searchable_newest", "searchable", ["at"])
    op.create_table(
        "search_due",
        sa.Column("id", counted, primary_key=True),
        sa.Column("company", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("document_id", sa.String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_due_of", "search_due", ["company", "kind", "id"])
    for statement in (*SEARCHABLE_SQLITE, *NOTES_SQLITE) if on_sqlite else NOTES_POSTGRESQL:
        op.execute(statement)
    note = "INSERT INTO search_due (company, kind, document_id) SELECT company, "
    op.execute(note + "'payment', transaction_number FROM payment ORDER BY company, transaction_number")
    op.execute(note + "kind, document_id FROM mirror ORDER BY company, kind, document_id")
    hidden, is_open = sa.text("hidden_by IS NOT NULL"), sa.text("state = 'open'")
    op.create_index(
        "ix_payment_hidden", "payment", ["company", "transaction_number"], sqlite_where=hidden, postgresql_where=hidden
    )
    op.create_index(
        "ix_failure_open",
        "failure",
        ["company", "opened_at", "transaction_number", "about", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
