"""Brings our own database to the shape this version needs; never without being asked when it already holds something."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from receivables.errors import ConfigurationError
from storage.engine import Connection, Database

_FOLDER = Path(__file__).parent / "migrations"


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
    with database.work() as connection:
        if database.dialect == "postgresql":  # two processes starting on an empty database migrate one after the other
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264012)"))
        before = _held(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest()


def newest() -> str:
    """The version this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError("the program carries no migrations")
    return head


def _held(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
