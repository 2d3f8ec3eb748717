"""How much of a payment is in dispute, where that is not all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("disputed_minor", sa.BigInteger(), nullable=False, server_default="0"))
