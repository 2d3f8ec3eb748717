"""The first check of each payment before posting, and the failure rate that comes of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.payment import Payment
from storage import schema
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


def record(work: Work, payment: Payment, *, run_id: str, failed: bool, code: str, message: str) -> None:
    """Remembers that a payment was checked, and what came of it."""
    work.only_for(payment.company)
    table = schema.attempt
    before = work.connection.execute(
        sa.select(sa.func.count()).where(
            table.c.company == payment.company, table.c.transaction_number == payment.transaction_number
        )
    ).scalar_one()
    work.connection.execute(
        sa.insert(table).values(
            company=payment.company,
            id=work.ids.new(),
            transaction_number=payment.transaction_number,
            run_id=run_id,
            at=work.at,
            first=before == 0,
            failed=failed,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            code=code,
            message=message,
        )
    )


def turned_out_failed(work: Work, number: str, *, code: str, message: str) -> None:
    """What was planned did not land: the payment's newest attempt, and so perhaps its first, failed."""
    table = schema.attempt
    newest = (
        sa.select(table.c.id)
        .where(table.c.company == work.company, table.c.transaction_number == number)
        .order_by(table.c.at.desc(), table.c.first)
        .limit(1)
        .scalar_subquery()
    )
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.id == newest)
        .values(failed=True, code=code, message=message)
    )


def of_payment(connection: Connection, company: str, number: str) -> list[Attempt]:
    """The checks of one payment, oldest first."""
    table = schema.attempt
    query = (
        sa.select(table).where(table.c.company == company, table.c.transaction_number == number).order_by(table.c.at, table.c.id)
    )
    return [
        Attempt(row.transaction_number, row.at, row.first, row.failed, row.code, row.message) for row in connection.execute(query)
    ]


def counts(connection: Connection, company: str, numbers: Collection[str]) -> dict[str, int]:
    """How often each payment was checked."""
    table = schema.attempt
    rows = connection.execute(
        sa.select(table.c.transaction_number, sa.func.count())
        .where(table.c.company == company, table.c.transaction_number.in_(numbers))
        .group_by(table.c.transaction_number)
    )
    return {row[0]: row[1] for row in rows}


_FAILED = sa.case((schema.attempt.c.failed, 1), else_=0)
_TALLIED = (
    sa.select(
        schema.attempt.c.currency,
        sa.func.count(),
        sa.func.sum(_FAILED),
        sa.func.sum(schema.attempt.c.amount_minor),
        sa.func.sum(_FAILED * schema.attempt.c.amount_minor),
    )
    .group_by(schema.attempt.c.currency)
    .order_by(schema.attempt.c.currency)
)


def tally_since(connection: Connection, company: str, since: datetime) -> Tally:
    """First checks since a moment."""
    table = schema.attempt
    return _tally(connection, sa.and_(table.c.company == company, table.c.first, table.c.at >= since))


def tally_of_last_run(connection: Connection, company: str) -> Tally:
    """First checks of the newest sync that checked anything for the first time."""
    table = schema.attempt
    newest = connection.execute(
        sa.select(table.c.run_id).where(table.c.company == company, table.c.first).order_by(table.c.at.desc()).limit(1)
    ).scalar()
    return _tally(connection, sa.and_(table.c.company == company, table.c.first, table.c.run_id == (newest or "")))


def _tally(connection: Connection, condition: sa.ColumnElement[bool]) -> Tally:
    rows = connection.execute(_TALLIED.where(condition)).all()
    money = {row[0]: (int(row[3]), int(row[4])) for row in rows}
    return Tally(sum(row[1] for row in rows), sum(int(row[2]) for row in rows), money)


def landed_after_all(work: Work, number: str) -> None:
    """What counted as failed because nobody knew was found in the books: it is no failure of the rate."""
    table = schema.attempt
    unknown = sa.and_(table.c.first, table.c.code == "outcome_unknown")
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.transaction_number == number, unknown)
        .values(failed=False, code="landed", message="")
    )
