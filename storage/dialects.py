"""How our statements are put into SQL: compiled once for each kind of database, whichever engine runs them.

A database has three engines (see `storage/engine.py`), and SQLAlchemy keeps what it compiled apart for each dialect object.
Ours are equal when they are of one kind, so what one engine compiled is found by all.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

COMPILED: LRUCache[Any, Any] = LRUCache(1000)
DRIVERS = {"sqlite": "sqlite+ours", "postgresql": "postgresql+ours"}


class _Alike:
    """Equal to every other of its class, and to nothing else."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class OurSQLite(_Alike, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class OurPostgreSQL(_Alike, PGDialect_psycopg):
    supports_statement_cache = True


registry.register("sqlite.ours", __name__, "OurSQLite")
registry.register("postgresql.ours", __name__, "OurPostgreSQL")
