"""The first check of each payment before posting, and the failure rate that comes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.payment import Payment
from storage import schema
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class Attempt:
    """One check of a payment by `posting`; only the first of a payment counts in the rate."""

    transaction_number: str
    at: datetime
    first: bool
    failed: bool
    code: str
    message: str


@dataclass(frozen=True)
class Tally:
    """Payments checked for the first time in a window: how many, how many failed, and their money in minor units."""

    attempted: int
    failed: int
    money: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # currency -> (attempted, failed), minor units


@dataclass(frozen=True)
class Attempted:
    """What came of checking a payment."""

    payment: Payment
    failed: bool
    code: str
    message: str


_RECORD = sa.insert(schema.attempt)


def record_many(work: Work, run_id: str, checked: Sequence[Attempted]) -> None:
    """Remembers that payments were checked, each once, and what came of it."""
    if not checked:
        return
    before = counts(work.connection, work.company, [each.payment.transaction_number for each in checked])
    rows = []
    for each in checked:
        work.only_for(each.payment.company)
        rows.append(
            {
                "company": work.company,
                "id": work.ids.new(),
                "transaction_number": each.payment.transaction_number,
                "run_id": run_id,
                "at": work.at,
                "first": each.payment.transaction_number not in before,
                "failed": each.failed,
                "amount_minor": each.payment.amount_minor,
                "currency": each.payment.currency,
                "code": each.code,
                "message": each.message,
            }
        )
    work.connection.execute(_RECORD, rows)


_NEWEST = schema.attempt.alias("newest")
_TURNED_OUT = (
    sa.update(schema.attempt)
    .where(schema.attempt.c.company == sa.bindparam("of_company"))
    .where(
        schema.attempt.c.id
        == sa.select(_NEWEST.c.id)
        .where(_NEWEST.c.company == sa.bindparam("of_company"), _NEWEST.c.transaction_number == sa.bindparam("number"))
        .order_by(_NEWEST.c.at.desc(), _NEWEST.c.first)
        .limit(1)
        .scalar_subquery()
    )
    .values(failed=True, code=sa.bindparam("because"), message=sa.bindparam("told"))
)


def turned_out_failed(work: Work, failed: Sequence[Attempted]) -> None:
    """What was planned did not land: each payment's newest attempt, and so perhaps its first, failed."""
    rows = [
        {"of_company": work.company, "number": of.payment.transaction_number, "because": of.code, "told": of.message}
        for of in failed
    ]
    if rows:
        work.connection.execute(_TURNED_OUT, rows)


def of_payment(connection: Connection, company: str, number: str) -> list[Attempt]:
    """The checks of one payment, oldest first."""
    table = schema.attempt
    query = (
        sa.select(table).where(table.c.company == company, table.c.transaction_number == number).order_by(table.c.at, table.c.id)
    )
    return [
        Attempt(row.transaction_number, row.at, row.first, row.failed, row.code, row.message) for row in connection.execute(query)
    ]


_COUNTS = (
    sa.select(schema.attempt.c.transaction_number, sa.func.count())
    .where(schema.attempt.c.company == sa.bindparam("of_company"), is_given(schema.attempt.c.transaction_number, "numbers"))
    .group_by(schema.attempt.c.transaction_number)
)


def counts(connection: Connection, company: str, numbers: Collection[str]) -> dict[str, int]:
    """How often each payment was checked."""
    return {row[0]: row[1] for row in connection.execute(_COUNTS, {"of_company": company, "numbers": numbers})}


def tally_since(connection: Connection, company: str, since: datetime) -> Tally:
    """First checks since a moment: whole ten minutes from the counters, and the part of ten before them counted."""
    table, counted = schema.attempt, schema.tally
    whole = since.replace(minute=since.minute // 10 * 10, second=0, microsecond=0)
    if whole < since:
        whole += timedelta(minutes=10)
    part = sa.and_(table.c.company == company, table.c.first, table.c.at >= since, table.c.at < whole)
    tens = sa.and_(counted.c.company == company, counted.c.begins_at >= whole)
    return _tally([*connection.execute(_IN_ATTEMPTS.where(part)), *connection.execute(_IN_TALLIES.where(tens))])


def tally_of_last_run(connection: Connection, company: str) -> Tally:
    """First checks of the newest sync that checked anything for the first time."""
    counted = schema.tally
    newest = (
        sa.select(counted.c.run_id)
        .where(counted.c.company == company, counted.c.attempted > 0)
        .order_by(counted.c.last_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return _tally(connection.execute(_IN_TALLIES.where(counted.c.company == company, counted.c.run_id == newest)))


def _failed(value: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((schema.attempt.c.failed, value), else_=0))


_IN_ATTEMPTS = sa.select(
    schema.attempt.c.currency,
    sa.func.count(),
    _failed(sa.literal_column("1", sa.Integer)),
    sa.func.sum(schema.attempt.c.amount_minor),
    _failed(schema.attempt.c.amount_minor),
).group_by(schema.attempt.c.currency)
_IN_TALLIES = sa.select(
    schema.tally.c.currency,
    sa.func.sum(schema.tally.c.attempted),
    sa.func.sum(schema.tally.c.failed),
    sa.func.sum(schema.tally.c.attempted_minor),
    sa.func.sum(schema.tally.c.failed_minor),
).group_by(schema.tally.c.currency)


def _tally(rows: Iterable[sa.Row[str, int, int, int, int]]) -> Tally:
    """The sum of counted rows; what none of was checked is left out."""
    found: dict[str, list[int]] = {}
    for currency, *numbers in rows:
        held = found.setdefault(currency, [0, 0, 0, 0])
        found[currency] = [before + int(more) for before, more in zip(held, numbers, strict=True)]
    held_by = {currency: numbers for currency, numbers in sorted(found.items()) if numbers[0]}
    money = {currency: (numbers[2], numbers[3]) for currency, numbers in held_by.items()}
    return Tally(sum(numbers[0] for numbers in held_by.values()), sum(numbers[1] for numbers in held_by.values()), money)


_LANDED = (
    sa.update(schema.attempt)
    .where(schema.attempt.c.company == sa.bindparam("of_company"), schema.attempt.c.first)
    .where(is_given(schema.attempt.c.transaction_number, "numbers"))
    .where(schema.attempt.c.code == "outcome_unknown")
    .values(failed=False, code="landed", message="")
)


def landed_after_all(work: Work, numbers: Collection[str]) -> None:
    """What counted as failed because nobody knew was found in the books: it is no failure of the rate."""
    if numbers:
        work.connection.execute(_LANDED, {"of_company": work.company, "numbers": list(numbers)})
