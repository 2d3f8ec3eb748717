"""The reversals of a payment are called so; before, the column was `ways_out`."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("payment", "ways_out", new_column_name="reversals")
