"""What Slack sent us already, and where our app is installed; neither belongs to a company."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slack_request",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_slack_request")),
    )
    op.create_index("ix_slack_request_by_time", "slack_request", ["expires_at"])
    op.create_table(
        "slack_place",
        sa.Column("id", sa.String(length=21), nullable=False),
        sa.Column("enterprise", sa.String(length=21), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("bot_user", sa.String(length=21), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("installed_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_place")),
    )
