"""What is due is asked of all companies at once: indexes that hold only what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('planned', 'sending', 'unknown', 'needs_person')")
POSTED = sa.text("state = 'posted'")
LEAVING = sa.text("state IN ('waiting', 'sending')")


def upgrade() -> None:
    op.create_index("ix_effect_open", "effect", ["company", "next_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_payment_posted", "payment", ["company"], sqlite_where=POSTED, postgresql_where=POSTED)
    op.create_index("ix_outbox_leaving", "outbox", ["company", "next_at"], sqlite_where=LEAVING, postgresql_where=LEAVING)
