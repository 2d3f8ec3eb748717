"""Who takes care of a failure, direct messages to people, a company's daily summary, and decisions by their day."""

import sqlalchemy as sa
from alembic import op

from storage.schema import Moment

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BEFORE = "subject_kind IN ('failure', 'incident', 'escalation', 'digest', 'night')"
NOW = "subject_kind IN ('failure', 'incident', 'escalation', 'digest', 'night', 'direct', 'summary')"


def upgrade() -> None:
    _care()
    _letter()
    op.create_index("ix_decision_by_day", "decision", ["company", "currency", "requested_at"])
    op.add_column("company", sa.Column("summary_due_at", Moment(), nullable=True))
    _index("ix_company_summary", "company", ["summary_due_at"], "summary_due_at IS NOT NULL")
    for table in ("card", "outbox"):
        if op.get_bind().dialect.name == "sqlite":
            _rebuild(table)
        else:
            name = op.f(f"ck_{table}_subject_kind_known")
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, NOW)


def _care() -> None:
    op.create_table(
        "care",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=False),
        sa.Column("assignee", sa.String(length=80), nullable=True),
        sa.Column("assigned_by", sa.String(length=80), nullable=True),
        sa.Column("assigned_at", Moment(), nullable=True),
        sa.Column("snoozed_until", Moment(), nullable=True),
        sa.Column("snoozed_by", sa.String(length=80), nullable=True),
        sa.Column("snoozed_cause", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(snoozed_until IS NULL) = (snoozed_by IS NULL)", name=op.f("ck_care_snoozed_whole")),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_care_company_failure_id_failure")
        ),
        sa.PrimaryKeyConstraint("company", "failure_id", name=op.f("pk_care")),
    )
    _index("ix_care_snoozed", "care", ["company", "snoozed_until"], "snoozed_until IS NOT NULL")
    _index("ix_care_assignee", "care", ["company", "assignee"], "assignee IS NOT NULL")


def _letter() -> None:
    op.create_table(
        "letter",
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("failure_id", sa.String(length=26), nullable=False),
        sa.Column("decision_id", sa.String(length=26), nullable=True),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("written_by", sa.String(length=80), nullable=False),
        sa.Column("written_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("reminds_of", sa.String(length=26), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("remind_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("kind IN ('approval', 'assigned', 'back')", name=op.f("ck_letter_kind_known")),
        sa.CheckConstraint("(kind = 'approval') = (decision_id IS NOT NULL)", name=op.f("ck_letter_approval_whole")),
        sa.ForeignKeyConstraint(
            ["company", "decision_id"], ["decision.company", "decision.id"], name=op.f("fk_letter_company_decision_id_decision")
        ),
        sa.ForeignKeyConstraint(
            ["company", "failure_id"], ["failure.company", "failure.id"], name=op.f("fk_letter_company_failure_id_failure")
        ),
        sa.PrimaryKeyConstraint("company", "id", name=op.f("pk_letter")),
    )
    _index("ix_letter_remind", "letter", ["company", "remind_at"], "remind_at IS NOT NULL")
    _index("ix_letter_open", "letter", ["company", "failure_id"], "ended_at IS NULL")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _rebuild(table: str) -> None:
    """SQLite changes no CHECK: the table is rebuilt from its own text with the new one, as version 0008 did it."""
    connection = op.get_bind()
    query = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    held = connection.execute(query, {"table": table}).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    if text.count(BEFORE) != 1:
        raise ValueError(f"table {table} does not have the constraint on its subjects as version 0008 made it")
    changed = text.replace(BEFORE, NOW)
    for named in (f"CREATE TABLE {table} ", f'CREATE TABLE "{table}" '):  # SQLite quotes the name of a table that was renamed
        changed = changed.replace(named, f"CREATE TABLE new_{table} ", 1)
    op.execute(changed)
    columns = ", ".join(row[0] for row in connection.execute(sa.text(f"SELECT name FROM pragma_table_info('{table}')")))  # noqa: S608
    op.execute(f"INSERT INTO new_{table} ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 (names of ours)
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
