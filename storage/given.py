"""Rows, and texts, that are given to a statement as one value, so that it is put into SQL once, however many they are.

SQLAlchemy puts a table of VALUES and a list of IN into SQL anew each time; both kinds of database read one value as a table.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage import schema


class _Rows(FunctionElement[Any]):
    """The rows as a table with the one column `value`."""

    inherit_cache = True
    name = "rows"


class _Text(FunctionElement[str]):
    """One text of a row, by its place."""

    inherit_cache = True
    name = "text_of_row"
    type = sa.String()


class _Number(FunctionElement[int]):
    """One integer of a row, by its place."""

    inherit_cache = True
    name = "number_of_row"
    type = sa.BigInteger()


class _Moment(FunctionElement[datetime]):
    """One moment of a row, by its place, to be compared with what is stored."""

    inherit_cache = True
    name = "moment_of_row"
    type = schema.Moment()


@compiles(_Rows, "sqlite")
def _rows_in_sqlite(element: _Rows, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Rows, "postgresql")
def _rows_in_postgresql(element: _Rows, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **kw)} AS json))"


@compiles(_Text, "sqlite")
@compiles(_Number, "sqlite")
@compiles(_Moment, "sqlite")
def _item_in_sqlite(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    row, place = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"json_extract({row}, '$[' || {place} || ']')"


@compiles(_Text, "postgresql")
@compiles(_Number, "postgresql")
@compiles(_Moment, "postgresql")
def _item_in_postgresql(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    row, place = (compiler.process(clause, **kw) for clause in element.clauses)
    text = f"({row} ->> {place})"
    if isinstance(element, _Moment):
        return f"(CAST({text} AS timestamp) AT TIME ZONE 'UTC')"
    return f"CAST({text} AS bigint)" if isinstance(element, _Number) else text


class _Texts(sa.types.TypeDecorator[Collection[str]]):
    """Texts as one value."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(postgresql.ARRAY(sa.String) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: sa.Dialect) -> Any:
        given = list(value or ())
        return given if dialect.name == "postgresql" else json.dumps(given)


class _IsGiven(FunctionElement[bool]):
    """Whether a text is one of those that are given."""

    inherit_cache = True
    name = "is_given"
    type = sa.Boolean()

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002
        """As it is: with "= 1" behind it, SQLite would use no index."""
        return self


@compiles(_IsGiven, "sqlite")
def _is_given_in_sqlite(element: _IsGiven, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 (made of a column and a parameter)


@compiles(_IsGiven, "postgresql")
def _is_given_in_postgresql(element: _IsGiven, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY({texts})"


def is_given(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """Whether the column is one of the texts that are given as the parameter of this name."""
    return _IsGiven(column, sa.bindparam(name, type_=_Texts))


class Given:
    """Rows given as the parameter of this name, as a table of this name; their items are had by their places."""

    def __init__(self, name: str) -> None:
        self.table = _Rows(sa.bindparam(name, type_=sa.Text)).table_valued(sa.column("value", sa.Text), name=name)

    def text(self, place: int) -> sa.ColumnElement[str]:
        return _Text(self.table.c.value, sa.literal_column(str(place)))

    def number(self, place: int) -> sa.ColumnElement[int]:
        return _Number(self.table.c.value, sa.literal_column(str(place)))

    def instant(self, place: int) -> sa.ColumnElement[datetime]:
        return _Moment(self.table.c.value, sa.literal_column(str(place)))


def as_given(rows: Iterable[Sequence[object]]) -> str:
    """The rows as they are handed to such a statement."""
    return json.dumps([list(row) for row in rows], default=_in_utc)


def _in_utc(value: datetime) -> str:
    """A moment of UTC as both kinds of database compare it with what is stored."""
    return value.replace(tzinfo=None).isoformat(sep=" ")
