"""Work for several machines: Procrastinate's own tables on PostgreSQL, and which of its jobs has a company's piece of work."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slot",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=20), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger()),
        sa.Column("handed_out_at", Moment()),
        sa.ForeignKeyConstraint(["company"], ["company.id"], name=op.f("fk_slot_company_company")),
        sa.PrimaryKeyConstraint("company", "slot", name=op.f("pk_slot")),
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # noqa: PLC0415

        # Through the driver's own cursor: SQLAlchemy would look for parameters in it.
        connection.connection.cursor().execute(SchemaManager.get_schema())
