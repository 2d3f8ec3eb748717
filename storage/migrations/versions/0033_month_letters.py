"""Whoever has failed payments of a month is told directly before it is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BEFORE = "kind IN ('approval', 'assigned', 'back')"
NOW = "kind IN ('approval', 'assigned', 'back', 'month')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        name = op.f("ck_letter_kind_known")
        op.drop_constraint(name, "letter", type_="check")
        op.create_check_constraint(name, "letter", NOW)


def _rebuild() -> None:
    """SQLite changes no CHECK: the table is rebuilt from its own text with the new one, as version 0026 did it."""
    connection = op.get_bind()
    held = connection.execute(sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'letter' AND sql IS NOT NULL")).all()
    (text,) = [sql for kind, sql in held if kind == "table"]
    if text.count(BEFORE) != 1:
        raise ValueError("table letter does not have the constraint on its kinds as version 0026 made it")
    op.execute(text.replace(BEFORE, NOW).replace("CREATE TABLE letter ", "CREATE TABLE new_letter ", 1))
    columns = ", ".join(row[0] for row in connection.execute(sa.text("SELECT name FROM pragma_table_info('letter')")))
    op.execute(f"INSERT INTO new_letter ({columns}) SELECT {columns} FROM letter")  # noqa: S608 (names of ours)
    op.execute("DROP TABLE letter")
    op.execute("ALTER TABLE new_letter RENAME TO letter")
    for sql in [sql for kind, sql in held if kind != "table"]:
        op.execute(sql)
