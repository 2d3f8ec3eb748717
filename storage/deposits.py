"""Payments that a person recorded as a customer deposit because their invoice was not there yet, and that still wait for it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from storage import payments, schema
from storage.engine import Connection
from storage.payments import StoredPayment


def waiting(connection: Connection, company: str, *, limit: int, after: str = "") -> Sequence[StoredPayment]:
    """A bounded batch of them, in the order of their numbers; `after` continues a walk."""
    decision, failure, payment = schema.decision, schema.failure, schema.payment
    kept = sa.and_(decision.c.company == company, decision.c.state == "done", decision.c.remedy == Remedy.KEEP_ON_ACCOUNT)
    awaited = sa.and_(
        failure.c.company == company, failure.c.id == decision.c.failure_id, failure.c.cause == Cause.INVOICE_NOT_READY
    )
    recorded = sa.and_(
        payment.c.company == company,
        payment.c.transaction_number == decision.c.transaction_number,
        payment.c.state == PaymentState.VERIFIED,
        payment.c.on_account_minor > 0,
    )
    query = (
        sa.select(payment.c.transaction_number)
        .distinct()
        .select_from(decision.join(failure, awaited).join(payment, recorded))
        .where(kept, payment.c.transaction_number > after)
        .order_by(payment.c.transaction_number)
        .limit(limit)
    )
    found = payments.by_numbers(connection, company, list(connection.execute(query).scalars()))
    return [found[number] for number in sorted(found)]
