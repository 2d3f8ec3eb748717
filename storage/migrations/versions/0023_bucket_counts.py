"""How many payments are in each bucket, counted once for those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bucket_count",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("bucket", sa.String(length=16), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_bucket_count_company_company")),
        sa.PrimaryKeyConstraint("company", "bucket", name=op.f("pk_bucket_count")),
    )
    op.execute(
        "INSERT INTO bucket_count (company, bucket, payments) SELECT company, bucket, COUNT(*) FROM payment GROUP BY company, bucket"
    )
