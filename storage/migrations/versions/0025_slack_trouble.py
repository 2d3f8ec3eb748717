"""Where Slack takes nothing, when each card was last looked for, and what was given up and should be shown after all."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

#: The newest wish of each subject, where it was given up; what a newer one replaced says nothing.
GIVEN_UP = """
SELECT company, id FROM (
    SELECT company, id, state, subject_kind, subject,
        ROW_NUMBER() OVER (PARTITION BY company, subject_kind, subject ORDER BY wanted_at DESC, id DESC) AS age,
        MAX(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) OVER (PARTITION BY company, subject_kind, subject) AS waits
    FROM outbox WHERE problem <> 'a newer wish replaced it'
) AS wish
WHERE state = 'given_up' AND age = 1 AND waits = 0 AND (
    EXISTS (SELECT 1 FROM failure WHERE company = wish.company AND id = wish.subject AND state = 'open')
    OR EXISTS (SELECT 1 FROM incident WHERE company = wish.company AND id = wish.subject AND state = 'open')
    OR EXISTS (SELECT 1 FROM escalation WHERE company = wish.company AND id = wish.subject AND state = 'open')
)
"""


def upgrade() -> None:
    op.create_table(
        "slack_trouble",
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("since_at", Moment(), nullable=False),
        sa.Column("try_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_slack_trouble")),
    )
    op.add_column("card", sa.Column("looked_at", Moment(), nullable=True))
    op.execute(f"UPDATE outbox SET state = 'waiting', problem = '' WHERE (company, id) IN ({GIVEN_UP})")  # noqa: S608
