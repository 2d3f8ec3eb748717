"""What an error of our own database means to whoever runs the program: what is wrong in one line, and what to do about it.

Whatever is no trouble of the database itself, such as a mistake of ours, gets no words here and is never hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pysqlite3.dbapi2 as sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


@dataclass(frozen=True)
class Trouble:
    """`passes` says that the same command may work later without anybody changing the configuration."""

    message: str
    passes: bool


_BUSY = Trouble(
    "The database is in use by another process and did not become free; nothing was changed by this step. Run it again; if it "
    "stays so, look for a process that holds it.",
    passes=True,
)
_FULL = Trouble("The disk of the database is full; nothing was changed by this step. Make room, then run it again.", passes=True)
_READ_ONLY = Trouble(
    "The database can be read but not written. Give this account the right to write to it, and for SQLite to its folder too.",
    passes=False,
)
_NOT_THERE = Trouble(
    "The database cannot be opened. Check that its folder exists and that this account may read and write there.", passes=False
)
_NO_DATABASE = Trouble(
    "The database's file is damaged, or is no database. Restore it from a backup (docs/operations.md), or name another file.",
    passes=False,
)
_FAULTY = Trouble(
    "The disk of the database reported an error, or has no room left; nothing was changed by this step. Check the disk, "
    "then run it again.",
    passes=True,
)
_AWAY = Trouble(
    "The database server does not answer; nothing was changed by this step. Start it or check its address, then run it again.",
    passes=True,
)
_NO_CONNECTION_LEFT = Trouble(
    "The database server accepts no more connections. Close some or raise its max_connections, then run it again.", passes=True
)
_REFUSED = Trouble(
    "The database server refused the connection. Check the name of the database, the account and its password.", passes=False
)

#: What SQLite's own names of errors begin with.
_OF_SQLITE = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_CANTOPEN": _NOT_THERE,
    "SQLITE_NOTADB": _NO_DATABASE,
    "SQLITE_CORRUPT": _NO_DATABASE,
    "SQLITE_IOERR": _FAULTY,
}
#: What PostgreSQL's SQLSTATEs begin with, the longer ones first.
_OF_POSTGRESQL = {
    "53300": _NO_CONNECTION_LEFT,
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "55P03": _BUSY,
    "40P01": _BUSY,
    "57014": _BUSY,
    "3D": _REFUSED,
    "28": _REFUSED,
    "57P": _AWAY,
    "08": _AWAY,
    "58": _FAULTY,
}
#: A server that refuses a connection tells why in words only: psycopg gives no SQLSTATE then.
_IN_WORDS = {
    "too many clients": _NO_CONNECTION_LEFT,
    "too many connections": _NO_CONNECTION_LEFT,
    "remaining connection slots": _NO_CONNECTION_LEFT,
    "password authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "pg_hba.conf": _REFUSED,
    "does not exist": _REFUSED,
}


def trouble_of(error: BaseException) -> Trouble | None:
    """What this error, or what it came from, says of the database; None where it says nothing of it."""
    if isinstance(error, PoolTimeout):
        return _BUSY
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite.Error):
        return _of_sqlite(cause)
    if isinstance(cause, psycopg.Error):
        return _of_postgresql(cause)
    return None


def _of_sqlite(error: sqlite.Error) -> Trouble | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    return next((trouble for prefix, trouble in _OF_SQLITE.items() if name.startswith(prefix)), None)


def _of_postgresql(error: psycopg.Error) -> Trouble | None:
    if error.sqlstate:
        return next((trouble for prefix, trouble in _OF_POSTGRESQL.items() if error.sqlstate.startswith(prefix)), None)
    if not isinstance(error, psycopg.OperationalError):
        return None
    text = str(error)
    return next((trouble for words, trouble in _IN_WORDS.items() if words in text), _AWAY)
