"""Hiding keeps a payment out of lists and search, and changes nothing else; its card then says so."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.errors import StaleDecision
from storage import failures, outbox, schema
from storage.work import Work


def hide(work: Work, number: str, *, hidden: bool) -> None:
    """Hides a known payment or brings it back. Raises StaleDecision while a failure of it is open, with nothing hidden."""
    if hidden and failures.open_of(work.connection, work.company, number) is not None:
        raise StaleDecision(f"Payment {number} has an open failure. Resolve or dismiss it before hiding it.")
    table = schema.payment
    values = {"hidden_by": work.actor, "hidden_at": work.at} if hidden else {"hidden_by": None, "hidden_at": None}
    is_it = (table.c.company == work.company) & (table.c.transaction_number == number)
    work.connection.execute(sa.update(table).where(is_it).values(**values))
    work.record("payment.hidden" if hidden else "payment.unhidden", transaction_number=number)
    for failure in failures.of_payment(work.connection, work.company, number)[-1:]:
        outbox.want(work, "failure", failure.id)


def count(connection: Connection, companies: Collection[str]) -> int:
    """How many payments are hidden."""
    table = schema.payment
    here = (table.c.company.in_(companies), table.c.hidden_by.is_not(None))
    return connection.execute(sa.select(sa.func.count()).where(*here)).scalar_one()
