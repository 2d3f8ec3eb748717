"""Payments that are probably another one again: which, since when, and what a person said of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.twins import Alike, Settled, Twin
from storage import schema
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class Settlement:
    """What a person said of a twin: it is the other payment again, or other money. `decision_id` names who and why."""

    transaction_number: str
    other_number: str
    settled: Settled
    settled_at: datetime
    decision_id: str


def remember(work: Work, others_of: Mapping[str, Mapping[str, Alike]]) -> None:
    """Payments that came in are probably others again: by number, those that were there before."""
    rows = [
        {"company": work.company, "transaction_number": number, "other_number": other, "alike": why, "noticed_at": work.at}
        for number, others in others_of.items()
        for other, why in sorted(others.items())
    ]
    work.connection.execute(sa.insert(schema.twin), rows)
    for number, others in others_of.items():
        body = {"others": {other: why.value for other, why in others.items()}}
        work.record("payment.twin", transaction_number=number, body=body)


def known_of(connection: Connection, company: str, number: str) -> set[str]:
    """The payments of which it was noticed, either way round, that they are probably this one."""
    table = schema.twin
    pairs = sa.or_(table.c.transaction_number == number, table.c.other_number == number)
    rows = connection.execute(
        sa.select(table.c.transaction_number, table.c.other_number).where(table.c.company == company, pairs)
    )
    return {name for row in rows for name in (row.transaction_number, row.other_number)} - {number}


def forget(work: Work, number: str, *, but: Collection[str]) -> None:
    """It is not probably another payment any more, except these; what a person settled stays."""
    table = schema.twin
    here = (table.c.company == work.company, table.c.transaction_number == number, table.c.settled.is_(None))
    gone = work.connection.execute(sa.delete(table).where(*here, table.c.other_number.not_in(list(but)))).rowcount
    if gone:
        work.record("payment.no_twin", transaction_number=number, body={"others": gone})


_SHOWN = ("transaction_number", "customer", "amount_minor", "currency", "paid_at", "has_time")
_OTHER = sa.and_(
    schema.payment.c.company == schema.twin.c.company, schema.payment.c.transaction_number == schema.twin.c.other_number
)
_UNSETTLED = (
    sa.select(
        schema.twin.c.transaction_number.label("twin_number"),
        schema.twin.c.alike,
        *(schema.payment.c[name] for name in _SHOWN),
    )
    .join(schema.payment, _OTHER)
    .where(schema.twin.c.company == sa.bindparam("of_company"), is_given(schema.twin.c.transaction_number, "numbers"))
    .where(schema.twin.c.settled.is_(None))
    .order_by(schema.payment.c.received_at, schema.payment.c.transaction_number)
)


def unsettled(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, tuple[Twin, ...]]:
    """For each payment that nobody settled yet, the payments it probably is again, those that came first before the others."""
    found: dict[str, tuple[Twin, ...]] = {}
    for row in connection.execute(_UNSETTLED, {"of_company": company, "numbers": numbers}):
        twin = Twin(
            number=row.transaction_number,
            alike=Alike(row.alike),
            customer=row.customer,
            amount_minor=row.amount_minor,
            currency=row.currency,
            paid_at=row.paid_at,
            has_time=row.has_time,
        )
        found[row.twin_number] = (*found.get(row.twin_number, ()), twin)
    return found


def settle(work: Work, number: str, settled: Settled, decision_id: str, other: str = "") -> bool:
    """Remembers what a person said: that it is this other payment again, or that it is none of those it was held for.

    False where nothing was left to settle.
    """
    table = schema.twin
    here = [table.c.company == work.company, table.c.transaction_number == number, table.c.settled.is_(None)]
    if other:
        here.append(table.c.other_number == other)
    values = {"settled": settled, "settled_at": work.at, "decision_id": decision_id}
    changed = work.connection.execute(sa.update(table).where(*here).values(**values)).rowcount
    if changed:
        work.record(
            "payment.twin_settled",
            transaction_number=number,
            body={"settled": settled, "decision": decision_id, **({"other": other} if other else {})},
        )
    return bool(changed)


def unsettle(work: Work, number: str) -> None:
    """Takes back that it is another payment again, as a dismissal is undone."""
    table = schema.twin
    work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.transaction_number == number, table.c.settled == Settled.DISMISSED)
        .values(settled=None, settled_at=None, decision_id=None)
    )


def settlements(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Sequence[Settlement]]:
    """What people said of these payments, by transaction number."""
    table = schema.twin
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.transaction_number.in_(numbers), table.c.settled.is_not(None))
        .order_by(table.c.transaction_number, table.c.other_number)
    )
    found: dict[str, list[Settlement]] = {}
    for row in connection.execute(query):
        said = Settlement(row.transaction_number, row.other_number, Settled(row.settled), row.settled_at, row.decision_id or "")
        found.setdefault(said.transaction_number, []).append(said)
    return found
