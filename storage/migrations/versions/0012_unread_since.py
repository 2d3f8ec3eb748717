"""Since when the books could not be read to the end about a failure, so that what is shown of it is older than that."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("failure", sa.Column("unread_since", sa.DateTime(timezone=True), nullable=True))
