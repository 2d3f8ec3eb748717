"""By which ways money of a payment went out again, as the feed told them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("ways_out", sa.JSON(), nullable=False, server_default="[]"))
