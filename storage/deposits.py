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


def waiting(connection: Connection, company: str, *, limit: int, after: str = "") -> Sequence[StoredPayment]:
    """A bounded batch of them, in the order of their numbers; `after` continues a walk."""
    payment, decision = schema.payment, schema.decision
    on_account = sa.exists().where(
        payment.c.company == company,
        payment.c.transaction_number == decision.c.transaction_number,
        payment.c.state == PaymentState.VERIFIED,
        payment.c.on_account_minor > 0,
    )
    number = decision.c.transaction_number
    query = (  # from the few decisions, not from the many payments
        sa.select(number)
        .where(decision.c.company == company, number > after, *_kept_by_a_person(decision), on_account, *_waits(company, number))
        .group_by(number)
        .order_by(number)
        .limit(limit)
    )
    found = payments.by_numbers(connection, company, list(connection.execute(query).scalars()))
    return [found[number] for number in sorted(found)]


def among(connection: Connection, company: str, numbers: Collection[str]) -> frozenset[str]:
    """Those of these payments that are such a deposit, whatever became of them since."""
    number = schema.payment.c.transaction_number
    here = (schema.payment.c.company == company, number.in_(numbers))
    return frozenset(connection.execute(sa.select(number).where(*here, *_waits(company, number))).scalars())


def _waits(company: str, number: sa.ColumnElement[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Kept on account as their invoice was not there, and not kept again when one came."""
    return _kept(company, number, Cause.INVOICE_NOT_READY), sa.not_(_kept(company, number, Cause.INVOICE_LATE))


def _kept_by_a_person(decision: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    """In the words of the index that holds these alone."""
    return schema.is_in(decision.c.remedy, Remedy.KEEP_ON_ACCOUNT), schema.is_in(decision.c.state, "done")


def _kept(company: str, number: sa.ColumnElement[str], cause: Cause) -> sa.ColumnElement[bool]:
    decision, failure = schema.decision.alias("kept"), schema.failure
    of_cause = sa.and_(failure.c.company == company, failure.c.id == decision.c.failure_id, failure.c.cause == cause)
    return (
        sa.select(sa.literal(1))
        .select_from(decision.join(failure, of_cause))
        .where(
            decision.c.company == company,
            decision.c.transaction_number == number,
            *_kept_by_a_person(decision),
        )
        .exists()
    )
