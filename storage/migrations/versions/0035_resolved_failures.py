"""Resolved failures of a company are listed a page at a time beside the open ones, without sorting them all."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    resolved = sa.text("state = 'resolved'")
    columns = ["company", "opened_at", "transaction_number", "about", "id"]
    op.create_index("ix_failure_resolved", "failure", columns, sqlite_where=resolved, postgresql_where=resolved)
