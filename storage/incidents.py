"""Incidents: many failures with one root are one thing to people, with one card and one remedy for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Cause, Remedy
from receivables.ports import Ids
from storage import audit, failures, outbox, schema
from storage.failures import StoredFailure


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
    def bulk_remedy(self) -> Remedy:
        """The remedy for all of it: what is recommended for every open one, otherwise trying again."""
        return next(iter(self.remedies)) if len(self.remedies) == 1 else Remedy.RETRY


def root(cause: Cause, about: str) -> str:
    """How failures remember what they have in common."""
    return f"{cause.value} {about}"


def begin(connection: Connection, ids: Ids, company: str, cause: Cause, about: str, at: datetime) -> str:
    """Opens an incident, or finds the open one of the same root. Returns its id."""
    table = schema.incident
    known = connection.execute(
        sa.select(table.c.id).where(
            table.c.company == company, table.c.cause == cause, table.c.about == about, table.c.state == "open"
        )
    ).scalar()
    if known is not None:
        return str(known)
    incident_id = ids.new()
    connection.execute(
        sa.insert(table).values(company=company, id=incident_id, cause=cause, about=about, state="open", opened_at=at)
    )
    body = {"incident": incident_id, "cause": cause.value, "about": about}
    audit.record(connection, company=company, at=at, actor="sync", action="incident.opened", body=body)
    _want_card(connection, ids, company, incident_id, at)
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


def join(connection: Connection, ids: Ids, company: str, incident_id: str, of_root: str, *, at: datetime, limit: int) -> int:
    """Takes a bounded number of open failures of this root into the incident; returns how many."""
    table, shown = schema.failure, schema.card
    found = connection.execute(
        sa.select(table.c.id)
        .where(table.c.company == company, table.c.state == "open", table.c.root == of_root, table.c.incident_id.is_(None))
        .order_by(table.c.id)
        .limit(limit)
    ).scalars()
    members = list(found)
    if members:
        here = sa.and_(table.c.company == company, table.c.id.in_(members))
        connection.execute(sa.update(table).where(here).values(incident_id=incident_id))
        standing = connection.execute(
            sa.select(shown.c.subject).where(
                shown.c.company == company, shown.c.subject_kind == "failure", shown.c.subject.in_(members)
            )
        ).scalars()
        for failure_id in standing.all():  # cards that people already see say now that they are part of something
            outbox.want(connection, ids, company=company, subject_kind="failure", subject=failure_id, at=at)
        _want_card(connection, ids, company, incident_id, at)
    return len(members)


def leave(connection: Connection, ids: Ids, one: StoredFailure, at: datetime) -> None:
    """A failure that needs a decision of its own gets its own card again."""
    table = schema.failure
    connection.execute(
        sa.update(table).where(table.c.company == one.company, table.c.id == one.id).values(incident_id=None, root="")
    )
    outbox.want(connection, ids, company=one.company, subject_kind="failure", subject=one.id, at=at)


def leave_all_of_another_root(connection: Connection, company: str) -> int:
    """Open failures whose newest diagnosis has another root than their incident stand alone again."""
    table, incident = schema.failure, schema.incident
    same = sa.exists().where(
        incident.c.company == table.c.company,
        incident.c.id == table.c.incident_id,
        sa.type_coerce(incident.c.cause, sa.Text) + " " + incident.c.about == table.c.root,
    )
    left = connection.execute(
        sa.update(table)
        .where(table.c.company == company, table.c.state == "open", table.c.incident_id.is_not(None), ~same)
        .values(incident_id=None)
    )
    return left.rowcount


def close(connection: Connection, ids: Ids, one: StoredIncident, at: datetime) -> bool:
    """Says that it is over. False when somebody else was quicker."""
    table = schema.incident
    closed = connection.execute(
        sa.update(table).where(*_is(one.company, one.id), table.c.state == "open").values(state="closed", closed_at=at)
    )
    if closed.rowcount == 1:
        audit.record(connection, company=one.company, at=at, actor="sync", action="incident.closed", body={"incident": one.id})
        _want_card(connection, ids, one.company, one.id, at)
    return closed.rowcount == 1


def take(connection: Connection, ids: Ids, one: StoredIncident, *, by: str, at: datetime) -> bool:
    """A person says that they look after it. False when somebody already does."""
    table = schema.incident
    taken = connection.execute(
        sa.update(table).where(*_is(one.company, one.id), table.c.state == "open", table.c.taken_by.is_(None)).values(taken_by=by)
    )
    if taken.rowcount == 1:
        audit.record(connection, company=one.company, at=at, actor=by, action="incident.taken", body={"incident": one.id})
        _want_card(connection, ids, one.company, one.id, at)
    return taken.rowcount == 1


def want_bulk(connection: Connection, ids: Ids, one: StoredIncident, remedy: Remedy, *, by: str, at: datetime) -> bool:
    """A person chose one remedy for all of it. False while an earlier choice is still being carried out."""
    table = schema.incident
    wanted = connection.execute(
        sa.update(table)
        .where(*_is(one.company, one.id), table.c.state == "open", table.c.bulk_at.is_(None))
        .values(bulk_remedy=remedy, bulk_by=by, bulk_at=at)
    )
    if wanted.rowcount == 1:
        body = {"incident": one.id, "remedy": remedy.value}
        audit.record(connection, company=one.company, at=at, actor=by, action="incident.decided", body=body)
        _want_card(connection, ids, one.company, one.id, at)
    return wanted.rowcount == 1


def end_bulk(connection: Connection, ids: Ids, one: StoredIncident, at: datetime) -> None:
    """Every payment that was in it has its decision; what is still open may be decided again."""
    connection.execute(
        sa.update(schema.incident).where(*_is(one.company, one.id)).values(bulk_remedy=None, bulk_by=None, bulk_at=None)
    )
    _want_card(connection, ids, one.company, one.id, at)


def undecided(connection: Connection, one: StoredIncident, *, limit: int) -> Sequence[StoredFailure]:
    """Open failures of the incident about which nothing was decided since its remedy was chosen."""
    table, decision = schema.failure, schema.decision
    decided = sa.exists().where(
        decision.c.company == table.c.company,
        decision.c.failure_id == table.c.id,
        decision.c.requested_at >= (one.bulk_at or one.opened_at),
    )
    return failures.select(
        connection,
        sa.and_(
            table.c.company == one.company,
            table.c.incident_id == one.id,
            table.c.state == "open",
            table.c.opened_at <= (one.bulk_at or one.opened_at),
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
        remedies={Remedy(row[0]): row[1] for row in remedies},
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


def _want_card(connection: Connection, ids: Ids, company: str, incident_id: str, at: datetime) -> None:
    outbox.want(connection, ids, company=company, subject_kind="incident", subject=incident_id, at=at)


def _is(company: str, incident_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (schema.incident.c.company == company, schema.incident.c.id == incident_id)


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredIncident:
    values = dict(row._mapping)
    values["cause"] = Cause(values["cause"])
    values["bulk_remedy"] = Remedy(values["bulk_remedy"]) if values["bulk_remedy"] else None
    return StoredIncident(**values)
