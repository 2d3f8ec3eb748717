"""Brings our own database to the shape this version needs; never without being asked when it already holds something."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from receivables.errors import ConfigurationError
from storage.engine import Connection, Database

_FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"  # where Alembic keeps it


def ensure_current(database: Database) -> None:
    """Makes the tables of an empty database; refuses one of another version, saying what to run."""
    with database.read() as connection:
        held, wanted = _held(connection), newest()
    if held is None:
        migrate(database)
    elif held != wanted:
        raise ConfigurationError(
            f"the database is at version {held} and this program needs {wanted}; "
            "stop every process that uses it and run: resolve-now migrate"
        )


def migrate(database: Database) -> tuple[str | None, str]:
    """Brings the database to the newest version, in one transaction. Returns (version before, version now)."""
    from alembic import command  # noqa: PLC0415  # a tenth of a second that only a migration needs
    from alembic.config import Config  # noqa: PLC0415

    with database.work() as connection:
        if database.dialect == "postgresql":  # two processes starting on an empty database migrate one after the other
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264012)"))
        before = _held(connection)
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest()


def newest() -> str:
    """The version this program needs: the highest number among the migrations."""
    return max(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _held(connection: Connection) -> str | None:
    """The version that the database is at, or None when it holds nothing of ours."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()
    return None if version is None else str(version)
