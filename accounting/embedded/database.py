"""The file the embedded books lie in: opened safely by several processes, written by one at a time.

Write-ahead logging with full synchronization: what was committed survives a power cut, and readers never
wait for a writer. Each thread has a connection of its own. A file that was taken away is never written to, and
never recreated in passing: books that are not there are unavailable, not empty.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from pysqlite3 import dbapi2 as sqlite
from pysqlite3.dbapi2 import Connection

from accounting.embedded import upgrading
from accounting.embedded.schema import MONEY_OUT_TRIGGERS, SCHEMA_VERSION, TABLES, TRIGGERS
from receivables import private_files
from receivables.errors import BooksUnavailable, ConfigurationError, OutcomeUnknown

# Switching a new file to write-ahead logging does not wait for other openers, so that is tried again this often.
OPENING_TRIES = 100
OPENING_PAUSE_SECONDS = 0.05


class Database:
    """One SQLite file. `busy_timeout_seconds` is how long a write waits for another writer before it gives up."""

    def __init__(self, path: Path, busy_timeout_seconds: float) -> None:
        self.path = path
        self._busy_timeout_seconds = busy_timeout_seconds
        self._of_thread = threading.local()

    def create_if_new(self, temper: str, home_currency: str) -> None:
        """Lays the tables once; a file that is there already keeps its own temper and currency.

        Raises ConfigurationError for a file that is not ours, BooksUnavailable while it cannot be locked.
        """
        try:
            private_files.make_folder(self.path.parent)
            private_files.make_file(self.path)  # an empty file is an empty database
            self._is_a_database()
            with self.reading() as connection:
                if not self._is_empty(connection):
                    return  # laid before; nothing of a file that is there already is changed
            self._switch_to_write_ahead_logging()
            with self.writing() as connection:
                if self._is_empty(connection):  # asked again, because another process may have been faster
                    self._lay_tables(connection, temper, home_currency)
        except (sqlite.DatabaseError, OSError) as problem:
            raise ConfigurationError(
                f"{self.path} cannot be opened as embedded books ({problem}). Name another file, or restore this one."
            ) from problem

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the books: whatever is read inside belongs together. Raises BooksUnavailable."""
        try:
            connection = self._connection()
            connection.execute("BEGIN")
        except sqlite.DatabaseError as problem:
            raise _unavailable(problem) from problem
        try:
            yield connection
        except sqlite.OperationalError as problem:
            raise _unavailable(problem) from problem
        finally:
            _roll_back(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One change of the books: all of it or none. No other writer comes between.

        Raises BooksUnavailable when nothing was done, OutcomeUnknown when the COMMIT itself went wrong.
        """
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
        except sqlite.DatabaseError as problem:
            raise _unavailable(problem) from problem
        try:
            yield connection
        except sqlite.OperationalError as problem:
            _roll_back(connection)
            raise _unavailable(problem) from problem
        except BaseException:
            _roll_back(connection)
            raise
        try:
            connection.execute("COMMIT")
        except BaseException as problem:
            _roll_back(connection)
            raise OutcomeUnknown("The books did not confirm the change; it may or may not be in them.") from problem

    def close(self) -> None:
        """Closes this thread's connection; those of other threads close when their threads end."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is not None:
            connection.close()
        self._of_thread = threading.local()

    def _connection(self) -> Connection:
        """This thread's connection to the file that lies there now. Raises BooksUnavailable when none does."""
        connection: Connection | None = getattr(self._of_thread, "connection", None)
        there = self._identity()
        if connection is not None and self._of_thread.identity != there:
            # The file was replaced: what is written into the old one would be lost with it.
            self.close()
            connection = None
        if connection is None:
            address = f"file:{quote(str(self.path))}?mode=rw"  # never made in passing
            connection = sqlite.connect(address, uri=True, timeout=self._busy_timeout_seconds, isolation_level=None)
            connection.row_factory = sqlite.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            upgrading.bring_up_to_date(connection)
            self._of_thread.connection, self._of_thread.identity = connection, there
        return connection

    def _identity(self) -> tuple[int, int]:
        """Which file lies at the path. Raises BooksUnavailable when none does."""
        try:
            found = os.stat(self.path)
        except OSError as problem:
            message = f"The file of the books, {self.path.name}, cannot be found ({problem.strerror}); nothing was done."
            raise BooksUnavailable(message) from problem
        return found.st_dev, found.st_ino

    def _is_a_database(self) -> None:
        """Reads the beginning of the file. Raises DatabaseError where it is something else, BooksUnavailable when locked."""
        try:
            self._connection().execute("PRAGMA user_version")
        except sqlite.OperationalError as problem:
            raise _unavailable(problem) from problem

    def _switch_to_write_ahead_logging(self) -> None:
        for _ in range(OPENING_TRIES):
            try:
                if self._connection().execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                    return
            except sqlite.OperationalError as problem:
                if "locked" not in str(problem):
                    raise
            time.sleep(OPENING_PAUSE_SECONDS)
        raise BooksUnavailable(f"{self.path} is in use and could not be opened. Try again in a moment.")

    def _is_empty(self, connection: Connection) -> bool:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if version == SCHEMA_VERSION or (version, tables) == (0, 0):
            return version == 0
        raise ConfigurationError(
            f"{self.path} does not hold embedded books of version {SCHEMA_VERSION}. "
            "Name another file for this company's embedded books."
        )

    @staticmethod
    def _lay_tables(connection: Connection, temper: str, home_currency: str) -> None:
        for statement in upgrading.statements(TABLES + TRIGGERS + MONEY_OUT_TRIGGERS):
            connection.execute(statement)
        connection.execute("INSERT INTO settings (one, temper, home_currency) VALUES (1, ?, ?)", (temper, home_currency))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _roll_back(connection: Connection) -> None:
    with suppress(sqlite.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _unavailable(problem: Exception) -> BooksUnavailable:
    text = str(problem)
    if "locked" in text or "busy" in text:
        return BooksUnavailable("The books are in use by another process; nothing was done.", retry_after_seconds=1.0)
    return BooksUnavailable(f"The file of the books cannot be used right now ({text}); nothing was done.")
