"""A decision says whether somebody who made the document is among those who decided

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("by_maker", sa.Boolean(), server_default=sa.false(), nullable=False))
