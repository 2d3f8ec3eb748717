"""What people decided. What their dismissals rest on is in `storage/receipt_claims.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from receivables.authority import BY_ITS_MAKER
from receivables.diagnosis import Remedy
from storage import letters, schema
from storage.schema.decisions import BEING_CARRIED_OUT, NOT_CARRIED_OUT, UNDER_WAY
from storage.work import Work


@dataclass(frozen=True)
class StoredDecision:
    """A person (or a policy) chose a remedy. `options` may name a successor, proof, and what to reapply."""

    company: str
    id: str
    failure_id: str | None
    transaction_number: str
    remedy: Remedy
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    channel: str
    os_account: str
    reason: str
    options: Mapping[str, Any]
    amount_minor: int
    currency: str
    evidence_id: str | None
    state: str
    outcome: str
    changed_at: datetime
    by_maker: bool = False  # one of those who decided made the document, in an office of one

    @property
    def stands(self) -> str:
        """How it stands, in words that follow "it is"."""
        return STANDS[self.state]

    @property
    def is_under_way(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in UNDER_WAY

    @property
    def is_being_carried_out(self) -> bool:
        """Whether nobody is asked any more, and it is not over yet."""
        return self.state in BEING_CARRIED_OUT

    @property
    def changed_nothing(self) -> bool:
        """Whether it is over without a change."""
        return self.state in NOT_CARRIED_OUT


#: How a decision stands, in words that follow "it is".
STANDS = {
    "waiting_approval": "waiting for a second person",
    "accepted": "about to be carried out",
    "carrying_out": "being carried out",
    "done": "carried out",
    "refused": "refused",
    "stale": "not carried out, because the books changed",
    "failed": "not carried out",
}


class AlreadyDecided(Exception):
    """Another decision about the same failure is under way; carries it."""

    def __init__(self, other: StoredDecision) -> None:
        super().__init__(other.id)
        self.other = other


def record(work: Work, made: StoredDecision) -> None:
    """Keeps a decision. Raises AlreadyDecided when the failure has one under way: the first one wins."""
    work.only_for(made.company)
    values = {name: getattr(made, name) for name in StoredDecision.__dataclass_fields__} | {"options": dict(made.options)}
    try:
        with work.savepoint():
            work.connection.execute(sa.insert(schema.decision).values(**values))
    except IntegrityError:
        other = under_way(work.connection, made.company, made.failure_id or "")
        if other is None:
            raise
        raise AlreadyDecided(other) from None
    work.record(
        "decision.made",
        transaction_number=made.transaction_number,
        body={
            "decision": made.id,
            "failure": made.failure_id,
            "remedy": made.remedy,
            "reason": made.reason,
            "options": dict(made.options),
            "channel": made.channel,
            "os_account": made.os_account,
            "state": made.state,
            "evidence": made.evidence_id,
            "person": made.requested_by,
            **({"note": BY_ITS_MAKER} if made.by_maker else {}),
        },
    )


def move(work: Work, held: StoredDecision, state: str, *, outcome: str) -> bool:
    """Moves a decision on, if nobody did since it was read."""
    work.only_for(held.company)
    table = schema.decision
    moved = work.connection.execute(
        sa.update(table)
        .where(table.c.company == held.company, table.c.id == held.id, table.c.state == held.state)
        .values(state=state, outcome=outcome, changed_at=work.at)
    )
    if moved.rowcount != 1:
        return False
    work.record(
        f"decision.{state}",
        transaction_number=held.transaction_number,
        body={"decision": held.id, "remedy": held.remedy, "outcome": outcome},
    )
    _asks_nobody(work, held)
    return True


def _asks_nobody(work: Work, held: StoredDecision) -> None:
    """Whoever was asked to approve it is told that they need not any more."""
    if held.state == "waiting_approval" and held.failure_id:
        letters.end(work, held.failure_id, decision_id=held.id)


def approve(work: Work, held: StoredDecision, *, by_maker: bool = False) -> bool:
    """A second person agrees. The database refuses the first one."""
    work.only_for(held.company)
    table = schema.decision
    approved = work.connection.execute(
        sa.update(table)
        .where(table.c.company == held.company, table.c.id == held.id, table.c.state == "waiting_approval")
        .values(
            state="accepted",
            approved_by=work.actor,
            approved_at=work.at,
            changed_at=work.at,
            by_maker=by_maker or held.by_maker,
        )
    )
    if approved.rowcount != 1:
        return False
    work.record(
        "decision.approved",
        transaction_number=held.transaction_number,
        body={"decision": held.id, "remedy": held.remedy, **({"note": BY_ITS_MAKER} if by_maker else {})},
    )
    _asks_nobody(work, held)
    return True


def get(connection: Connection, company: str, decision_id: str) -> StoredDecision:
    table = schema.decision
    return select(connection, sa.and_(table.c.company == company, table.c.id == decision_id))[0]


def find(connection: Connection, company: str, decision_id: str) -> StoredDecision | None:
    """A decision by id, or None: the press that would make it has not been seen yet."""
    table = schema.decision
    return next(iter(select(connection, sa.and_(table.c.company == company, table.c.id == decision_id))), None)


def company_of(connection: Connection, decision_id: str) -> str | None:
    """The company of a decision, looked up from our own row and never from what a button says."""
    table = schema.decision
    return connection.execute(sa.select(table.c.company).where(table.c.id == decision_id)).scalar_one_or_none()


def in_state(
    connection: Connection, company: str, state: str, *, limit: int, remedy: Remedy | None = None
) -> Sequence[StoredDecision]:
    """Decisions in one state, oldest first; those for one remedy, or all."""
    table = schema.decision
    condition = sa.and_(table.c.company == company, table.c.state == state)
    return select(connection, condition if remedy is None else sa.and_(condition, table.c.remedy == remedy), limit)


def by_ids(connection: Connection, company: str, ids: Collection[str]) -> Sequence[StoredDecision]:
    """Several decisions by id, in the order in which they were asked for."""
    table = schema.decision
    return select(connection, sa.and_(table.c.company == company, table.c.id.in_(ids))) if ids else []


def under_way(connection: Connection, company: str, failure_id: str) -> StoredDecision | None:
    """The decision about a failure that is not yet carried out, if there is one."""
    return next(iter(select(connection, sa.and_(_is_under_way(company), schema.decision.c.failure_id == failure_id))), None)


def all_under_way(connection: Connection, company: str, failure_ids: Collection[str]) -> Mapping[str, StoredDecision]:
    """The decisions about these failures that are not yet carried out, by failure; each failure has at most one."""
    here = sa.and_(_is_under_way(company), schema.decision.c.failure_id.in_(failure_ids))
    return {made.failure_id: made for made in select(connection, here) if made.failure_id}


def _is_under_way(company: str) -> sa.ColumnElement[bool]:
    table = schema.decision
    return sa.and_(table.c.company == company, table.c.state.in_(UNDER_WAY))


def of_payment(connection: Connection, company: str, number: str) -> Sequence[StoredDecision]:
    """Every decision about one payment, oldest first."""
    table = schema.decision
    return select(connection, sa.and_(table.c.company == company, table.c.transaction_number == number))


def alone_on(
    connection: Connection, company: str, currency: str, since: datetime, before: tuple[datetime, str] | None
) -> Mapping[tuple[str, Remedy], int]:
    """What each person decided alone by each remedy since a moment, in minor units; `before` is a moment and a decision's id.

    What was not carried out does not count, nor what two people agreed on. Those of one moment count in the order of their ids.
    """
    table = schema.decision
    earlier: sa.ColumnElement[bool] = sa.true()
    if before is not None:
        at, id_ = before
        earlier = sa.or_(table.c.requested_at < at, sa.and_(table.c.requested_at == at, table.c.id < id_))
    query = (
        sa.select(table.c.requested_by, table.c.remedy, sa.func.sum(table.c.amount_minor).label("amount_minor"))
        .where(table.c.company == company, table.c.requested_at >= since, table.c.currency == currency, earlier)
        .where(table.c.approved_by.is_(None), table.c.state.in_((*BEING_CARRIED_OUT, "done")))
        .group_by(table.c.requested_by, table.c.remedy)
    )
    rows = connection.execute(query)
    return {(row.requested_by, Remedy(row.remedy)): int(row.amount_minor) for row in rows}


def by_makers(connection: Connection, company: str) -> Sequence[StoredDecision]:
    """Decisions by whoever made the document, which only an office of one may take; for the owner, oldest first."""
    table = schema.decision
    return select(connection, sa.and_(table.c.company == company, table.c.by_maker, table.c.state == "done"))


def shared_accounts(connection: Connection) -> Mapping[str, Sequence[str]]:
    """The accounts of the operating system from which more than one person decided, with those people's ids."""
    table = schema.decision
    rows = connection.execute(
        sa.select(table.c.os_account, table.c.requested_by)
        .where(table.c.os_account != "")
        .distinct()
        .order_by(table.c.os_account, table.c.requested_by)
    )
    people: dict[str, list[str]] = {}
    for row in rows:
        people.setdefault(row.os_account, []).append(row.requested_by)
    return {account: ids for account, ids in people.items() if len(ids) > 1}


def returns_named(connection: Connection, company: str, numbers: Collection[str]) -> frozenset[str]:
    """The payments of which people named the entry of the return, in books whose entries are not read.

    What they named of money that went out beside, as the feed told it, is no entry of the payment's own.
    """
    table, failure = schema.decision, schema.failure
    here = (table.c.company == company, table.c.remedy == Remedy.RECORD_RETURN, table.c.state == "done")
    of_failure = sa.and_(failure.c.company == table.c.company, failure.c.id == table.c.failure_id, failure.c.about == "payment")
    rows = connection.execute(
        sa.select(table.c.transaction_number, table.c.options)
        .join(failure, of_failure)
        .where(*here, table.c.transaction_number.in_(numbers))
    )
    return frozenset(row.transaction_number for row in rows if row.options.get("entry"))


def select(connection: Connection, condition: sa.ColumnElement[bool], limit: int | None = None) -> list[StoredDecision]:
    """Decisions by a condition, also of another file of this room, in the order in which they were asked for."""
    table = schema.decision
    rows = connection.execute(sa.select(table).where(condition).order_by(table.c.requested_at, table.c.id).limit(limit))
    return [StoredDecision(**{**row._mapping, "remedy": Remedy(row.remedy)}) for row in rows]
