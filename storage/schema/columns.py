"""What every table is made of: moments in UTC, closed lists, money in range, keys that begin with the company."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC; one without a zone, or in another, is a bug and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() != timedelta(0):
            raise ValueError(f"not a moment in UTC: {value!r}")
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        """SQLite keeps texts, and rows are full of the same few moments: each text is read once, and straight into UTC."""
        return _read if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


@lru_cache(4096)
def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Word(sa.types.TypeDecorator[StrEnum]):
    """A word of a closed list that grows with the product, such as the causes: an unknown one is refused, written or read."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.words = words

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:  # noqa: ARG002
        return None if value is None else self.words(value)


def is_in(column: sa.ColumnElement[str], state: str) -> sa.ColumnElement[bool]:
    """A condition on a state with the word in the statement itself: SQLite uses a partial index for nothing else."""
    return column == sa.literal(str(state), literal_execute=True)


def among(column: sa.ColumnElement[str], states: Iterable[str]) -> sa.ColumnElement[bool]:
    """The same for several states; the words must be those of the index, in its order."""
    return column.in_(sa.bindparam(None, [str(state) for state in states], expanding=True, literal_execute=True))


def in_words(states: Iterable[str]) -> sa.TextClause:
    """The condition of a partial index on these states."""
    return sa.text(f"state IN ({', '.join(repr(str(state)) for state in states)})")


def one_of(column: str, values: Iterable[str], *, optional: bool = False) -> CheckConstraint:
    """The column holds one of these words, or, where `optional`, nothing."""
    listed = ", ".join(f"'{value}'" for value in values)
    condition = f"{column} IN ({listed})"
    return CheckConstraint(f"{column} IS NULL OR {condition}" if optional else condition, name=f"{column}_known")


def money_in_range(column: str, condition: str = "> 0") -> CheckConstraint:
    return CheckConstraint(f"{column} {condition}", name=f"{column}_in_range")


def company_column() -> Column[str]:
    return Column("company", String(40), primary_key=True)


def id_column() -> Column[str]:
    return Column("id", String(26), primary_key=True)


def refers_to(table: str, *columns: str, key: tuple[str, ...] = ("company", "id")) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in key])


PAYMENT_KEY = ("company", "transaction_number")
