"""Where our own database is opened: one on SQLite or PostgreSQL, with three ways in.

*read* never writes and never waits for a writer. *acknowledge* is for a person's press: it gives up after
1.5 seconds, because Slack gives up after three. *work* may wait half a minute. Both begin as writers at once
(BEGIN IMMEDIATE), because a reader that turns writer in the middle fails immediately on SQLite, whatever the
time-out. A write transaction touches at most 500 rows, because a press waits behind it and Slack gives up after three
seconds, and is never open across a call outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from time import monotonic
from typing import Any

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from receivables import boundary, private_files
from receivables.errors import ConfigurationError
from storage import dialects
from storage.turns import WriteTurns

__all__ = ["Connection", "Database"]  # other rooms pass a connection along and never use it themselves

SQLITE_OLDEST = (3, 51, 3)  # older ones can corrupt a WAL file that two connections write (sqlite.org/wal.html)
ACKNOWLEDGE_SECONDS = 1.5
GO_FIRST_SECONDS = 0.5  # behind the writer of this process, which may itself wait for another one
WORK_SECONDS = 30.0
RESTED_SECONDS = 5.0  # a connection that was used more recently is taken for alive


class Database:
    """Our own database. Every method gives a connection inside one transaction, committed when the block ends well."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self._read = _engine(self.url, WORK_SECONDS, "DEFERRED")
        self._acknowledge = _engine(self.url, ACKNOWLEDGE_SECONDS, "IMMEDIATE")
        self._work = _engine(self.url, WORK_SECONDS, "IMMEDIATE")
        self._turns = WriteTurns()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; writing through it fails."""
        with boundary.transaction(), self._read.begin() as connection:
            yield connection

    @contextmanager
    def acknowledge(self) -> Iterator[Connection]:
        """A short write for somebody who is waiting; it goes before the work of this process."""
        with boundary.transaction(), self._turn(urgent=True, seconds=GO_FIRST_SECONDS), self._acknowledge.begin() as connection:
            yield connection

    @contextmanager
    def work(self) -> Iterator[Connection]:
        """A write of the journey, at most 500 rows."""
        with boundary.transaction(), self._turn(urgent=False, seconds=WORK_SECONDS), self._work.begin() as connection:
            yield connection

    def _turn(self, *, urgent: bool, seconds: float) -> AbstractContextManager[None]:
        """PostgreSQL has locks for rows and hands them on in order; SQLite has one lock, and hands it to whoever tries next."""
        return self._turns.taken(urgent=urgent, seconds=seconds) if self.dialect == "sqlite" else nullcontext()

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """A change of the tables themselves, without foreign keys on SQLite, which changes a table by remaking it."""
        with boundary.transaction(), self._work.connect() as connection:
            connection.detach()  # closed at the end, so that nobody else gets it as it is
            if self.dialect == "sqlite":
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
                cursor.execute("PRAGMA legacy_alter_table = ON")  # a view that somebody made may name a remade table
            with connection.begin():
                yield connection

    @property
    def dialect(self) -> str:
        return self.url.get_backend_name()

    @property
    def address(self) -> dict[str, Any]:
        """How a connection outside these engines is opened on PostgreSQL: the arguments of `psycopg.connect`."""
        return dict(self._work.dialect.create_connect_args(self.url)[1])

    def close(self) -> None:
        for engine in (self._read, self._acknowledge, self._work):
            engine.dispose()


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None where it is on a server."""
    made = sa.make_url(url)
    return Path(made.database) if made.get_backend_name() == "sqlite" and made.database else None


def without_password(url: str) -> str:
    """The address of a database as it may be shown."""
    return sa.make_url(url).set(password=None).render_as_string()


def _engine(url: sa.URL, wait_seconds: float, begin: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, wait_seconds, begin)
    if url.get_backend_name() == "postgresql":
        return _postgresql_engine(url, wait_seconds, begin)
    raise ConfigurationError(
        f"database url: {url.drivername!r} is neither sqlite nor postgresql; write sqlite:///resolve-now.sqlite"
    )


def _postgresql_engine(url: sa.URL, wait_seconds: float, begin: str) -> Engine:
    """What every transaction would say anew is said once for each connection; only one that rested is asked whether it lives."""
    settings: dict[str, object] = {"lock_timeout": int(wait_seconds * 1000), "idle_in_transaction_session_timeout": 60_000}
    if begin == "DEFERRED":
        settings |= {"default_transaction_isolation": r"repeatable\ read", "default_transaction_read_only": "on"}
    engine = _created(url, connect_args={"options": " ".join(f"-c {name}={value}" for name, value in settings.items())})

    def used(_connection: object, record: Any) -> None:
        record.info["used_at"] = monotonic()

    def taken(connection: Any, record: Any, _proxy: object) -> None:
        if monotonic() - record.info.get("used_at", monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error  # the pool opens another one

    sa.event.listen(engine, "checkin", used)
    sa.event.listen(engine, "checkout", taken)
    return engine


def _created(url: sa.URL, **options: Any) -> Engine:
    ours = url.set(drivername=dialects.DRIVERS[url.get_backend_name()])
    return sa.create_engine(ours, execution_options={"compiled_cache": dialects.COMPILED}, **options)


def _sqlite_engine(url: sa.URL, wait_seconds: float, begin: str) -> Engine:
    if sqlite.sqlite_version_info < SQLITE_OLDEST:
        raise ConfigurationError(
            f"the SQLite library is {sqlite.sqlite_version}; install pysqlite3 with 3.51.3 or newer (WAL corruption before it)"
        )
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "database url: a database in memory forgets everything; name a file, sqlite:///resolve-now.sqlite"
        )
    if not Path(url.database).parent.is_dir():
        raise ConfigurationError(f"database url: the folder {Path(url.database).parent} does not exist; make it first")
    try:
        private_files.make_file(Path(url.database))  # SQLite gives what lies beside it the same rights
    except OSError as error:
        raise ConfigurationError(
            f"the database cannot be opened. {url.database} cannot be made: {error.strerror}. "
            "Give this account the right to write there."
        ) from error
    engine = _created(url, module=sqlite, connect_args={"timeout": wait_seconds, "check_same_thread": False})

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; Python's own habit begins too late
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # an intent lost at power loss after a receipt was sent would double it
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "journal_size_limit = 67108864",
            f"query_only = {'ON' if begin == 'DEFERRED' else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine
