"""Incidents: many failures with one root are one thing to people, with one card and one remedy for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables import two_people
from receivables.diagnosis import Cause, Remedy
from storage import failures, outbox, schema
from storage.failures import StoredFailure
from storage.work import Work

#: What says something of one payment and one document is never said of many at once.
EACH_BY_ITSELF = (Remedy.MATCH, Remedy.NOT_DUPLICATE)


@dataclass(frozen=True)
class StoredIncident:
    """One root and what a person did about it. `about` tells it from others of the same cause: a day, a name, "books"."""

    company: str
    id: str
    cause: Cause
    about: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    taken_by: str | None
    bulk_remedy: Remedy | None
    bulk_by: str | None
    bulk_at: datetime | None


@dataclass(frozen=True)
class IncidentFigures:
    """What stands in it now: open and all payments, the money of the open ones (minor units by currency), a few of them."""

    open: int
    all: int
    money: Mapping[str, int]
    first: Sequence[StoredFailure]
    remedies: Mapping[Remedy, int]  # what is recommended for the open ones

    @property
    def takes_two_each(self) -> bool:
        """Whether what is recommended for every open one takes two people each time: then nothing is pressed for all of them."""
        return bool(self.remedies) and all(two_people.always(remedy) for remedy in self.remedies)

    @property
    def bulk_remedy(self) -> Remedy:
        """The remedy for all of it: what is recommended for every open one and one person may decide, otherwise trying again."""
        shared = next(iter(self.remedies)) if len(self.remedies) == 1 else Remedy.RETRY
        return Remedy.RETRY if two_people.always(shared) or shared in EACH_BY_ITSELF else shared


def root(cause: Cause, about: str) -> str:
    """How failures remember what they have in common."""
    return f"{cause.value} {about}"


def begin(work: Work, cause: Cause, about: str) -> str:
    """Opens an incident, or finds the open one of the same root. Returns its id."""
    table = schema.incident
    known = work.connection.execute(
        sa.select(table.c.id).where(
            table.c.company == work.company, table.c.cause == cause, table.c.about == about, table.c.state == "open"
        )
    ).scalar()
    if known is not None:
        return str(known)
    incident_id = work.ids.new()
    work.connection.execute(
        sa.insert(table).values(company=work.company, id=incident_id, cause=cause, about=about, state="open", opened_at=work.at)
    )
    work.record("incident.opened", body={"incident": incident_id, "cause": cause.value, "about": about})
    outbox.want(work, "incident", incident_id)
    return incident_id


def open_ones(connection: Connection, company: str) -> Sequence[StoredIncident]:
    table = schema.incident
    rows = connection.execute(
        sa.select(table).where(table.c.company == company, table.c.state == "open").order_by(table.c.opened_at, table.c.id)
    )
    return [_stored(row) for row in rows]


def get(connection: Connection, company: str, incident_id: str) -> StoredIncident:
    table = schema.incident
    return _stored(connection.execute(sa.select(table).where(*_is(company, incident_id))).one())


def find(connection: Connection, incident_id: str) -> StoredIncident | None:
    """The incident of that id, of whatever company."""
    row = connection.execute(sa.select(schema.incident).where(schema.incident.c.id == incident_id)).first()
    return None if row is None else _stored(row)


def alone(connection: Connection, company: str) -> Sequence[tuple[str, int]]:
    """(root, how many) of open failures that have a root and are in no incident yet."""
    table = schema.failure
    rows = connection.execute(
        sa.select(table.c.root, sa.func.count())
        .where(table.c.company == company, table.c.state == "open", table.c.root != "", table.c.incident_id.is_(None))
        .group_by(table.c.root)
        .order_by(table.c.root)
    )
    return [(row[0], row[1]) for row in rows]


def join(work: Work, incident_id: str, of_root: str, *, limit: int) -> int:
    """Takes a bounded number of open failures of this root into the incident; returns how many."""
    table, shown, company = schema.failure, schema.card, work.company
    found = work.connection.execute(
        sa.select(table.c.id)
        .where(table.c.company == company, table.c.state == "open", table.c.root == of_root, table.c.incident_id.is_(None))
        .order_by(table.c.id)
        .limit(limit)
    ).scalars()
    members = list(found)
    if members:
        here = sa.and_(table.c.company == company, table.c.id.in_(members))
        work.connection.execute(sa.update(table).where(here).values(incident_id=incident_id))
        standing = work.connection.execute(
            sa.select(shown.c.subject).where(
                shown.c.company == company, shown.c.subject_kind == "failure", shown.c.subject.in_(members)
            )
        ).scalars()
        for failure_id in standing.all():  # cards that people already see say now that they are part of something
            outbox.want(work, "failure", failure_id)
        outbox.want(work, "incident", incident_id)
    return len(members)


def leave(work: Work, failure: StoredFailure) -> None:
    """A failure that needs a decision of its own gets its own card again."""
    work.only_for(failure.company)
    table = schema.failure
    here = (table.c.company == failure.company, table.c.id == failure.id)
    work.connection.execute(sa.update(table).where(*here).values(incident_id=None, root=""))
    outbox.want(work, "failure", failure.id)


def leave_all_of_another_root(work: Work) -> int:
    """Open failures whose newest diagnosis has another root than their incident stand alone again."""
    table, incident = schema.failure, schema.incident
    same = sa.exists().where(
        incident.c.company == table.c.company,
        incident.c.id == table.c.incident_id,
        sa.type_coerce(incident.c.cause, sa.Text) + " " + incident.c.about == table.c.root,
    )
    left = work.connection.execute(
        sa.update(table)
        .where(table.c.company == work.company, table.c.state == "open", table.c.incident_id.is_not(None), ~same)
        .values(incident_id=None)
    )
    return left.rowcount


def close(work: Work, incident: StoredIncident) -> bool:
    """Says that it is over. False when somebody else was quicker."""
    closed = _change(work, incident, state="closed", closed_at=work.at)
    if closed:
        _tell(work, incident, "incident.closed")
    return closed


def take(work: Work, incident: StoredIncident) -> bool:
    """The person who acts takes ownership. False when it has an owner already."""
    taken = _change(work, incident, schema.incident.c.taken_by.is_(None), taken_by=work.actor)
    if taken:
        _tell(work, incident, "incident.taken")
    return taken


def want_bulk(work: Work, incident: StoredIncident, remedy: Remedy) -> bool:
    """A person chose one remedy for all of it. False while an earlier choice is still being carried out."""
    free = schema.incident.c.bulk_at.is_(None)
    wanted = _change(work, incident, free, bulk_remedy=remedy, bulk_by=work.actor, bulk_at=work.at)
    if wanted:
        _tell(work, incident, "incident.decided", remedy=remedy.value)
    return wanted


def end_bulk(work: Work, incident: StoredIncident) -> None:
    """Every payment that was in it has its decision; what is still open may be decided again."""
    work.only_for(incident.company)
    ended = sa.update(schema.incident).where(*_is(incident.company, incident.id))
    work.connection.execute(ended.values(bulk_remedy=None, bulk_by=None, bulk_at=None))
    outbox.want(work, "incident", incident.id)


def _change(work: Work, incident: StoredIncident, *still: sa.ColumnElement[bool], **values: object) -> bool:
    """Changes an incident while it is open and the conditions still hold; False when they no longer do."""
    work.only_for(incident.company)
    table = schema.incident
    here = (*_is(incident.company, incident.id), table.c.state == "open")
    return work.connection.execute(sa.update(table).where(*here, *still).values(**values)).rowcount == 1


def _tell(work: Work, incident: StoredIncident, action: str, **more: str) -> None:
    work.record(action, body={"incident": incident.id, **more})
    outbox.want(work, "incident", incident.id)


def undecided(connection: Connection, incident: StoredIncident, *, limit: int) -> Sequence[StoredFailure]:
    """Open failures of the incident about which nothing was decided since its remedy was chosen."""
    table, decision = schema.failure, schema.decision
    since = incident.bulk_at or incident.opened_at
    decided = sa.exists().where(
        decision.c.company == table.c.company,
        decision.c.failure_id == table.c.id,
        decision.c.requested_at >= since,
    )
    return failures.select(
        connection,
        sa.and_(
            table.c.company == incident.company,
            table.c.incident_id == incident.id,
            table.c.state == "open",
            table.c.opened_at <= since,
            ~decided,
        ),
        limit=limit,
    )


def figures(connection: Connection, company: str, incident_id: str, *, first: int = 5) -> IncidentFigures:
    """How much stands in it now."""
    table, payment = schema.failure, schema.payment
    here = sa.and_(table.c.company == company, table.c.incident_id == incident_id)
    still = sa.and_(here, table.c.state == "open")
    total = connection.execute(sa.select(sa.func.count()).where(here)).scalar_one()
    money = connection.execute(
        sa.select(payment.c.currency, sa.func.count(), sa.func.sum(payment.c.amount_minor))
        .join(table, _its_payment())
        .where(still)
        .group_by(payment.c.currency)
        .order_by(payment.c.currency)
    ).all()
    remedies = connection.execute(
        sa.select(table.c.remedy, sa.func.count()).where(still, table.c.remedy.is_not(None)).group_by(table.c.remedy)
    ).all()
    return IncidentFigures(
        open=sum(row[1] for row in money),
        all=total,
        money={row[0]: int(row[2]) for row in money},
        first=failures.select(connection, still, limit=first),
        remedies={row[0]: row[1] for row in remedies},
    )


def largest(connection: Connection, company: str, incident_id: str) -> Mapping[str, int]:
    """The largest open payment in it, in minor units by currency."""
    table, payment = schema.failure, schema.payment
    rows = connection.execute(
        sa.select(payment.c.currency, sa.func.max(payment.c.amount_minor))
        .join(table, _its_payment())
        .where(table.c.company == company, table.c.incident_id == incident_id, table.c.state == "open")
        .group_by(payment.c.currency)
    )
    return {row[0]: int(row[1]) for row in rows}


def _its_payment() -> sa.ColumnElement[bool]:
    table, payment = schema.failure, schema.payment
    return sa.and_(table.c.company == payment.c.company, table.c.transaction_number == payment.c.transaction_number)


def _is(company: str, incident_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (schema.incident.c.company == company, schema.incident.c.id == incident_id)


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredIncident:
    return StoredIncident(**row._mapping)
