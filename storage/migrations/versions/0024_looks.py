"""How far the last look at a company's many open failures went, and the mirror by when a document was last seen to change."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("rests_on", sa.String(length=64), nullable=False),
        sa.Column("after", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_look_company_company")),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_look")),
    )
    op.create_index("ix_mirror_by_seen", "mirror", ["company", "seen_at"])
