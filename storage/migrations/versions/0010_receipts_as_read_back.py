"""How a receipt of ours stood in the books when it was last found to be as meant: its deposit account, and what it is applied to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("effect", sa.Column("read_back", sa.JSON(none_as_null=True), nullable=True))
