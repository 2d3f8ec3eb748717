"""By which rows of the portal's files a part of a payment was told to be given back."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment", sa.Column("refunds", sa.JSON(), nullable=False, server_default="[]"))
