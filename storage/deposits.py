"""Payments that a person recorded as a customer deposit because their invoice was not there yet, and that still wait for it.

Once an invoice came and a person kept the deposit on account beside it, it waits no more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from storage import payments, schema
from storage.engine import Connection
from storage.payments import StoredPayment

COMPANY: sa.BindParameter[str] = sa.bindparam("company")
AFTER: sa.BindParameter[str] = sa.bindparam("after")
MOST: sa.BindParameter[int] = sa.bindparam("most")
NUMBERS: sa.BindParameter[Collection[str]] = sa.bindparam("numbers")


def waiting(connection: Connection, company: str, *, limit: int, after: str = "") -> Sequence[StoredPayment]:
    """A bounded batch of them, in the order of their numbers; `after` continues a walk."""
    numbers = connection.execute(_WAITING, {"company": company, "after": after, "most": limit}).scalars()
    found = payments.by_numbers(connection, company, list(numbers))
    return [found[number] for number in sorted(found)]


def among(connection: Connection, company: str, numbers: Collection[str]) -> frozenset[str]:
    """Those of these payments that are such a deposit, whatever became of them since."""
    return frozenset(connection.execute(_AMONG, {"company": company, "numbers": list(numbers)}).scalars())


def _waits(number: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Kept on account as their invoice was not there, and not kept again when one came."""
    return _kept(number, Cause.INVOICE_NOT_READY), sa.not_(_kept(number, Cause.INVOICE_LATE))


def _kept_by_a_person(decision: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    """In the words of the index that holds these alone."""
    return schema.is_in(decision.c.remedy, Remedy.KEEP_ON_ACCOUNT), schema.is_in(decision.c.state, "done")


def _kept(number: sa.ColumnElement[str], cause: Cause) -> sa.ColumnElement[bool]:
    decision, failure = schema.decision.alias("kept"), schema.failure
    of_cause = sa.and_(failure.c.company == COMPANY, failure.c.id == decision.c.failure_id, failure.c.cause == cause)
    return (
        sa.select(sa.literal(1))
        .select_from(decision.join(failure, of_cause))
        .where(decision.c.company == COMPANY, decision.c.transaction_number == number, *_kept_by_a_person(decision))
        .exists()
    )


def _of_the_few_decisions() -> sa.Select[str]:
    """Not of the many payments."""
    payment, decision = schema.payment, schema.decision
    number = decision.c.transaction_number
    on_account = sa.exists().where(
        payment.c.company == COMPANY,
        payment.c.transaction_number == number,
        payment.c.state == PaymentState.VERIFIED,
        payment.c.on_account_minor > 0,
    )
    asked = (decision.c.company == COMPANY, number > AFTER, *_kept_by_a_person(decision), on_account, *_waits(number))
    return sa.select(number).where(*asked).group_by(number).order_by(number).limit(MOST)


def _of_these_payments() -> sa.Select[str]:
    number = schema.payment.c.transaction_number
    return sa.select(number).where(schema.payment.c.company == COMPANY, number.in_(NUMBERS), *_waits(number))


_WAITING, _AMONG = _of_the_few_decisions(), _of_these_payments()  # put together once: every sync asks both
