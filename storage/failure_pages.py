"""Failures as they are listed: a page at a time, which costs what it shows, and how many are open, counted by an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Cause, Remedy
from storage import care, failures, schema
from storage.failures import StoredFailure
from storage.schema.decisions import UNDER_WAY

_TABLE = schema.failure
_IS_OPEN = schema.is_in(_TABLE.c.state, "open")
_IS_RESOLVED = schema.is_in(_TABLE.c.state, "resolved")
_PLACE = (_TABLE.c.opened_at, _TABLE.c.transaction_number, _TABLE.c.about, _TABLE.c.id)  # as `ix_failure_open` has them


def page(
    connection: Connection,
    company: str,
    *,
    limit: int,
    after: StoredFailure | None = None,
    resolved_too: bool = False,
    without_snoozed_at: datetime | None = None,
) -> Sequence[StoredFailure]:
    """Some failures of a company, those of longest ago first; `after` is the last of the page before."""
    conditions = [_TABLE.c.company == company]
    if without_snoozed_at is not None:
        conditions.append(~sa.exists().where(care.is_aside(without_snoozed_at)))
    if after is not None:
        last = (sa.literal(after.opened_at, schema.Moment), after.transaction_number, after.about, after.id)
        conditions.append(sa.tuple_(*_PLACE) > sa.tuple_(*last))
    if not resolved_too:
        return failures.select(connection, sa.and_(_IS_OPEN, *conditions), limit, _PLACE)
    first = [  # of each state, which has an index in this order
        sa.select(_TABLE.c.id).where(state, *conditions).order_by(*_PLACE).limit(limit).subquery()
        for state in (_IS_OPEN, _IS_RESOLVED)
    ]
    among = _TABLE.c.id.in_(sa.union_all(*(sa.select(some.c.id) for some in first)))
    return failures.select(connection, sa.and_(_TABLE.c.company == company, among), limit, _PLACE)


def count_open(connection: Connection, companies: Collection[str]) -> Mapping[str, int]:
    """How many failures are open, of each of these companies that has one."""
    query = sa.select(_TABLE.c.company, sa.func.count()).where(_TABLE.c.company.in_(companies), _IS_OPEN)
    rows = connection.execute(query.group_by(_TABLE.c.company).order_by(_TABLE.c.company))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Group:
    """Open failures of payments with one cause and one recommended remedy; money is currency -> minor units."""

    company: str
    cause: Cause
    remedy: Remedy
    many: int
    money: Mapping[str, int]


def groups(connection: Connection, companies: Collection[str]) -> Sequence[Group]:
    """The reasons for which several payments fail, the most frequent first."""
    payment = schema.payment
    its = sa.and_(payment.c.company == _TABLE.c.company, payment.c.transaction_number == _TABLE.c.transaction_number)
    rows = connection.execute(
        sa.select(_TABLE.c.company, _TABLE.c.cause, _TABLE.c.remedy, payment.c.currency)
        .add_columns(sa.func.count().label("many"), sa.func.sum(payment.c.amount_minor).label("total"))
        .join(payment, its)
        .where(_TABLE.c.company.in_(companies), _IS_OPEN, _TABLE.c.about == "payment", _TABLE.c.remedy.is_not(None))
        .group_by(_TABLE.c.company, _TABLE.c.cause, _TABLE.c.remedy, payment.c.currency)
    )
    found: dict[tuple[str, Cause, Remedy], Group] = {}
    for row in rows:
        key = (row.company, Cause(row.cause), Remedy(row.remedy))
        before = found.get(key, Group(*key, 0, {}))
        found[key] = Group(*key, before.many + row.many, {**before.money, row.currency: int(row.total)})
    return sorted(
        (group for group in found.values() if group.many > 1), key=lambda group: (-group.many, group.cause, group.company)
    )


def of_group(connection: Connection, company: str, cause: Cause, remedy: Remedy, *, limit: int) -> Sequence[StoredFailure]:
    """The failures of one group about which nothing is decided yet, those of longest ago first."""
    decision = schema.decision
    decided = sa.exists().where(
        decision.c.company == _TABLE.c.company, decision.c.failure_id == _TABLE.c.id, decision.c.state.in_(UNDER_WAY)
    )
    here = (
        _TABLE.c.company == company,
        _IS_OPEN,
        _TABLE.c.about == "payment",
        _TABLE.c.cause == cause,
        _TABLE.c.remedy == remedy,
    )
    return failures.select(connection, sa.and_(*here, ~decided), limit, (_TABLE.c.opened_at, _TABLE.c.id))


def open_among(connection: Connection, payments: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], StoredFailure]:
    """The open failure of each of these payments that has one, by company and transaction number."""
    if not payments:
        return {}
    here = sa.tuple_(_TABLE.c.company, _TABLE.c.transaction_number).in_(payments)
    found = failures.select(connection, sa.and_(here, _TABLE.c.about == "payment", _IS_OPEN))
    return {(failure.company, failure.transaction_number): failure for failure in found}
