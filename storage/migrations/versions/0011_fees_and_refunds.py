"""What the feed says that a processor kept of a payment, and what the portal gave back of it

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("fee_minor", "refunded_minor"):
        op.add_column("payment", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
