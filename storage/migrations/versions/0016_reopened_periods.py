"""Through which day the books were closed at most, and what of that somebody opened again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("company", sa.Column("closed_through", sa.Date(), nullable=True))
    op.add_column("company", sa.Column("open_from", sa.Date(), nullable=True))
    op.add_column("company", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("company", sa.Column("reopened_by", sa.Text(), nullable=False, server_default=""))
