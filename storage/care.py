"""Who takes care of a failure, and until when somebody set it aside: assigned, taken, snoozed. Never: a payment changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Cause
from storage import failures, outbox, schema
from storage.failures import StoredFailure
from storage.given import is_given
from storage.work import Work

NOTE_AT_MOST = 500  # characters of what somebody is told to do


@dataclass(frozen=True)
class Care:
    """Who takes care of a failure, and until when it is set aside."""

    company: str
    failure_id: str
    assignee: str | None = None
    assigned_by: str | None = None
    assigned_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snoozed_cause: Cause | None = None

    def is_snoozed(self, found: StoredFailure, now: datetime) -> bool:
        """Whether it is set aside now: until its moment, and as long as it fails for the same reason."""
        return self.snoozed_until is not None and now < self.snoozed_until and found.cause is self.snoozed_cause


_TABLE, _FAILURE = schema.care, schema.failure
_OF = sa.select(_TABLE).where(_TABLE.c.company == sa.bindparam("of_company"), is_given(_TABLE.c.failure_id, "ids"))
_OF_FAILURE = sa.and_(_FAILURE.c.company == _TABLE.c.company, _FAILURE.c.id == _TABLE.c.failure_id)
_IS_OPEN = schema.is_in(_FAILURE.c.state, "open")
_SAME_CAUSE = _FAILURE.c.cause.is_not_distinct_from(_TABLE.c.snoozed_cause)


def of_failures(connection: Connection, company: str, ids: Collection[str]) -> Mapping[str, Care]:
    """What is known of these failures' care, by failure; nothing of most."""
    rows = connection.execute(_OF, {"of_company": company, "ids": list(ids)}) if ids else ()
    return {row.failure_id: Care(**row._mapping) for row in rows}


def of_failure(connection: Connection, company: str, failure_id: str) -> Care:
    """The same of one; nobody's and not set aside where nothing is known."""
    return of_failures(connection, company, [failure_id]).get(failure_id) or Care(company, failure_id)


def assign(work: Work, found: StoredFailure, to: str | None, *, by: str, note: str = "") -> None:
    """Gives a failure to somebody, or to nobody."""
    _keep(work, found, {"assignee": to, "assigned_by": by, "assigned_at": work.at})
    body = {"failure": found.id, "to": to or "", "note": note, "person": by}
    action = "failure.assigned" if to else "failure.unassigned"
    work.record(action, transaction_number=found.transaction_number, body=body)


def snooze(work: Work, found: StoredFailure, until: datetime | None, *, by: str) -> None:
    """Sets a failure aside until a moment, as long as it fails for the same reason; None brings it back."""
    aside = until is not None
    values = {"snoozed_until": until, "snoozed_by": by if aside else None, "snoozed_cause": found.cause if aside else None}
    _keep(work, found, values)
    body = {"failure": found.id, "until": until.isoformat() if until else "", "person": by}
    action = "failure.snoozed" if aside else "failure.unsnoozed"
    work.record(action, transaction_number=found.transaction_number, body=body)


def _keep(work: Work, found: StoredFailure, values: Mapping[str, Any]) -> None:
    work.only_for(found.company)
    here = sa.and_(_TABLE.c.company == work.company, _TABLE.c.failure_id == found.id)
    if work.connection.execute(sa.update(_TABLE).where(here).values(**values)).rowcount == 0:
        work.connection.execute(sa.insert(_TABLE).values(company=work.company, failure_id=found.id, **values))
    outbox.want(work, "failure", found.id)


def come_back(work: Work, number: str) -> None:
    """What was set aside of a payment is due now: something new was told of it."""
    found = failures.open_of(work.connection, work.company, number)
    if found is not None:
        aside = (_TABLE.c.company == work.company, _TABLE.c.failure_id == found.id, _TABLE.c.snoozed_until > work.at)
        work.connection.execute(sa.update(_TABLE).where(*aside).values(snoozed_until=work.at))


def over(connection: Connection, company: str, now: datetime, *, limit: int) -> Sequence[tuple[Care, StoredFailure]]:
    """What was set aside and is no longer: its moment came, it fails for another reason, or it was settled."""
    rows = connection.execute(
        sa.select(_TABLE)
        .join(_FAILURE, _OF_FAILURE)
        .where(_TABLE.c.company == company, _TABLE.c.snoozed_until.is_not(None))
        .where(sa.or_(_TABLE.c.snoozed_until <= now, ~_SAME_CAUSE, ~_IS_OPEN))
        .order_by(_TABLE.c.failure_id)
        .limit(limit)
    )
    held = [Care(**row._mapping) for row in rows]
    return [(care, failures.get(connection, company, care.failure_id)) for care in held]


def wake(work: Work, of: Care, found: StoredFailure) -> bool:
    """Ends its being set aside. False where somebody else did, or set it aside anew."""
    here = (_TABLE.c.company == of.company, _TABLE.c.failure_id == of.failure_id, _TABLE.c.snoozed_until == of.snoozed_until)
    ended = sa.update(_TABLE).where(*here).values(snoozed_until=None, snoozed_by=None, snoozed_cause=None)
    if work.connection.execute(ended).rowcount != 1:
        return False
    if found.state == "open":
        work.record("failure.back", transaction_number=found.transaction_number, body={"failure": found.id})
        outbox.want(work, "failure", found.id)
    return True


def assigned_to(connection: Connection, company: str, person: str, *, limit: int) -> Sequence[StoredFailure]:
    """The open failures that somebody has, those of longest ago first."""
    theirs = sa.select(_TABLE.c.failure_id).where(_TABLE.c.company == company, _TABLE.c.assignee == person)
    here = sa.and_(_FAILURE.c.company == company, _IS_OPEN, _FAILURE.c.id.in_(theirs))
    return failures.select(connection, here, limit, (_FAILURE.c.opened_at, _FAILURE.c.id))


def owned(connection: Connection, company: str, begins: datetime, ends: datetime) -> Sequence[tuple[str, StoredFailure]]:
    """Who has which open failure of a payment that was paid between two moments, those of longest ago first."""
    payment = schema.payment
    rows = connection.execute(
        sa.select(_TABLE.c.assignee, _FAILURE.c.id)
        .select_from(_TABLE.join(_FAILURE, _OF_FAILURE))
        .join(
            payment,
            sa.and_(payment.c.company == _FAILURE.c.company, payment.c.transaction_number == _FAILURE.c.transaction_number),
        )
        .where(_TABLE.c.company == company, _TABLE.c.assignee.is_not(None), _IS_OPEN)
        .where(payment.c.paid_at >= begins, payment.c.paid_at < ends)
        .order_by(_FAILURE.c.opened_at, _FAILURE.c.id)
    ).all()
    found = failures.select(connection, sa.and_(_FAILURE.c.company == company, _FAILURE.c.id.in_([row.id for row in rows])))
    by_id = {failure.id: failure for failure in found}
    return [(row.assignee, by_id[row.id]) for row in rows]


def is_aside(now: datetime) -> sa.ColumnElement[bool]:
    """That a failure's care sets it aside at this moment, for `failure` joined with `care` or inside an EXISTS."""
    return sa.and_(_OF_FAILURE, _TABLE.c.snoozed_until > now, _SAME_CAUSE)


def count_snoozed(connection: Connection, companies: Collection[str], now: datetime) -> int:
    """How many open failures are set aside now."""
    here = (_TABLE.c.company.in_(companies), _IS_OPEN)
    query = sa.select(sa.func.count()).select_from(_TABLE.join(_FAILURE, is_aside(now))).where(*here)
    return connection.execute(query).scalar_one()


def snoozed(connection: Connection, company: str, now: datetime, *, limit: int) -> Sequence[tuple[Care, StoredFailure]]:
    """The open failures that are set aside now, those that come back first, first."""
    rows = connection.execute(
        sa.select(_TABLE)
        .join(_FAILURE, is_aside(now))
        .where(_TABLE.c.company == company, _IS_OPEN)
        .order_by(_TABLE.c.snoozed_until, _TABLE.c.failure_id)
        .limit(limit)
    )
    held = [Care(**row._mapping) for row in rows]
    return [(care, failures.get(connection, company, care.failure_id)) for care in held]
