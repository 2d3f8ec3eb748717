"""Direct messages that nobody is there to get are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    given_up = sa.text("state = 'given_up'")
    op.create_index("ix_outbox_given_up", "outbox", ["company", "subject"], sqlite_where=given_up, postgresql_where=given_up)
