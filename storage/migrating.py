"""Brings our own database to the shape this version needs; never without being asked when it already holds something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from receivables.errors import ConfigurationError
from storage import searchable
from storage.engine import Connection, Database
from storage.troubles import trouble_of

_FOLDER = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"  # where Alembic keeps it


def ensure_current(database: Database) -> None:
    """Makes the tables of an empty database; refuses one of another version, saying what to run."""
    held, wanted = _version(database), newest()
    if held is None:
        migrate(database)
    elif held != wanted:
        raise ConfigurationError(
            f"the database is at version {held} and this program needs {wanted}; "
            "stop every process that uses it and run: resolve-now migrate"
        )


def migrate(database: Database) -> tuple[str | None, str]:
    """Brings the database to the newest version, in one transaction. Returns (version before, version now).

    Raises ConfigurationError, and changes nothing, where a row refers to one that is not there.
    """
    _version(database)
    from alembic import command  # noqa: PLC0415  # a tenth of a second that only a migration needs
    from alembic.config import Config  # noqa: PLC0415

    with database.migration() as connection:
        if database.dialect == "postgresql":  # two processes starting on an empty database migrate one after the other
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264012)"))
        before = _held(connection)
        config = Config()
        config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        searchable.make_inside(connection)
        if database.dialect == "sqlite":
            _refuse_dangling_references(connection)
    return before, newest()


def _refuse_dangling_references(connection: Connection) -> None:
    """What SQLite did not enforce while tables were remade. Raises ConfigurationError."""
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if not dangling:
        return
    table, row_id, parent, _ = dangling[0]
    keys = sa.inspect(connection).get_pk_constraint(table)["constrained_columns"]
    found = connection.exec_driver_sql(f"SELECT {', '.join(keys)} FROM {table} WHERE rowid = ?", (row_id,)).one()  # noqa: S608
    row = ", ".join(f"{key} {value}" for key, value in zip(keys, found, strict=True))
    raise ConfigurationError(
        f"the database was not migrated: table {table} has a row ({row}) that refers to a row of table {parent} which does not "
        f"exist ({len(dangling)} such rows in all). Restore a backup from before they were deleted, then run: resolve-now migrate"
    )


def newest() -> str:
    """The version this program needs: the highest number among the migrations."""
    return max(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def _version(database: Database) -> str | None:
    """What `_held` says. Raises ConfigurationError where the database cannot be opened or was made by a newer program."""
    with _opening(), database.read() as connection:
        held = _held(connection)
    if held is not None and held > newest():
        raise ConfigurationError(
            f"the database is at version {held} and this program knows versions up to {newest()}: "
            "a newer program made it; use that one, or restore a backup from before the upgrade"
        )
    return held


@contextmanager
def _opening() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite.Error) as error:
        trouble = trouble_of(error)
        if trouble is not None and trouble.passes:
            raise
        cause = getattr(error, "orig", None) or error  # its text may carry the address with a password
        why = trouble.message if trouble else f"{type(cause).__name__}; check its address and rights"
        raise ConfigurationError(f"the database cannot be opened. {why}") from None


def _held(connection: Connection) -> str | None:
    """The version that the database is at, or None when it holds nothing of ours."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()
    return None if version is None else str(version)
