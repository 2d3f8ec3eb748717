"""How a company stands, for its overview page: counted by the database, so that it costs the same few statements whatever fails.

Money is minor units by currency; moments are UTC. What is listed is a page, or bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Cause
from storage import care, companies, decisions, escalations, failures, hiding, incidents, letters, payments, schema
from storage.care import Care
from storage.companies import CompanyRow
from storage.decisions import StoredDecision
from storage.escalations import StoredEscalation
from storage.failures import StoredFailure
from storage.incidents import StoredIncident
from storage.payments import StoredPayment
from storage.schema.messages import LEAVING

RUNS = 30  # of the newest, from which the course of the rate is taken
WAITING_AT_MOST = 50  # decisions that wait for a second person
APART_AT_MOST = 5  # failures of one person, and snoozed ones, that are listed


@dataclass(frozen=True)
class Asked:
    """Whose page it is, of which company and when. `ages` are moments, the newest first: failures since the first are of age 0,
    those before all of the last age. `place` and `rows` say which page of the open failures, the oldest first.
    """

    company: str
    person: str
    now: datetime
    ages: Sequence[datetime]
    window: str  # of the rate
    place: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Waiting:
    """A decision that waits for a second person; `asked` are those who were told, where anybody was."""

    decision: StoredDecision
    payment: StoredPayment
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Listed:
    """An open failure with its payment, and who takes care of it."""

    failure: StoredFailure
    payment: StoredPayment
    care: Care


@dataclass(frozen=True)
class Failing:
    """Open failures that share a cause, an age, an incident and a currency; `age` is a place in the ages that were asked for."""

    cause: Cause | None
    age: int
    incident_id: str | None
    currency: str
    count: int
    money_minor: int
    oldest_at: datetime


@dataclass(frozen=True)
class Measured:
    """The failure rate as a sync measured it."""

    at: datetime
    attempted: int
    failed: int
    limit_percentage: int


@dataclass(frozen=True)
class Standing:
    """When the company was last synced and proven, and how its connections are."""

    company: CompanyRow
    ended_at: datetime | None  # when the newest sync that ended did so
    problem: str  # why it could not go on, if it could not
    proven_at: datetime | None
    discrepancies: int  # that the newest proof found
    unproven_on: datetime | None  # the newest night, where it has no proof
    feeds: Mapping[str, datetime]  # when each feed that is asked was last read
    undelivered: int  # messages for Slack that wait
    undelivered_since: datetime | None
    hidden: int
    unreached: Mapping[str, int]  # how many direct messages never reached whom


@dataclass(frozen=True)
class Overview:
    """Everything that the page shows of a company."""

    standing: Standing
    course: Sequence[Measured]  # oldest first; a sync that measured the same as the one before is left out
    failing: Sequence[Failing]
    escalation: StoredEscalation | None
    incidents: Sequence[StoredIncident]
    waiting: Sequence[Waiting]
    mine: Sequence[Listed]
    more_mine: bool  # whether there are more than those
    snoozed: Sequence[Listed]
    snoozed_count: int
    page: Sequence[Listed]  # without what is snoozed
    open: int


_FAILURE, _CARE = schema.failure, schema.care
_PLACE = (_FAILURE.c.opened_at, _FAILURE.c.transaction_number, _FAILURE.c.about, _FAILURE.c.id)  # as `ix_failure_open` has them


def read(connection: Connection, asked: Asked) -> Overview:
    """Reads it: as many statements for one failure as for ten thousand."""
    company = asked.company
    failing = _failing(connection, company, asked.ages)
    waiting = decisions.in_state(connection, company, "waiting_approval", limit=WAITING_AT_MOST)
    snoozed, snoozed_count = _snoozed(connection, asked)
    page = _page(connection, asked) if asked.rows else []
    mine = care.assigned_to(connection, company, asked.person, limit=APART_AT_MOST + 1)
    held = care.of_failures(connection, company, [found.id for found in (*page, *mine, *snoozed)])
    numbers = {found.transaction_number for found in (*page, *mine, *snoozed)}
    stored = payments.by_numbers(connection, company, numbers | {decision.transaction_number for decision in waiting})

    def listed(found: Sequence[StoredFailure]) -> list[Listed]:
        return [Listed(of, stored[of.transaction_number], held.get(of.id) or Care(company, of.id)) for of in found]

    told = _told(connection, company, [decision.id for decision in waiting])
    return Overview(
        standing=_standing(connection, company),
        course=_course(connection, company, asked.window),
        failing=failing,
        escalation=escalations.open_now(connection, company),
        incidents=incidents.open_ones(connection, company),
        waiting=[Waiting(of, stored[of.transaction_number], told.get(of.id, frozenset())) for of in waiting],
        mine=listed(mine[:APART_AT_MOST]),
        more_mine=len(mine) > APART_AT_MOST,
        snoozed=listed(snoozed),
        snoozed_count=snoozed_count,
        page=listed(page),
        open=sum(of.count for of in failing),
    )


def _page(connection: Connection, asked: Asked) -> list[StoredFailure]:
    here = (
        _FAILURE.c.company == asked.company,
        schema.is_in(_FAILURE.c.state, "open"),
        ~sa.exists().where(care.is_aside(asked.now)),
    )
    ids = sa.select(_FAILURE.c.id).where(*here).order_by(*_PLACE).limit(asked.rows).offset(asked.place)  # from the index alone
    return _these(connection, asked, connection.execute(ids).scalars().all(), _PLACE)


def _snoozed(connection: Connection, asked: Asked) -> tuple[list[StoredFailure], int]:
    """Those that come back first, and how many there are."""
    here = (_CARE.c.company == asked.company, schema.is_in(_FAILURE.c.state, "open"))
    query = sa.select(_FAILURE.c.id, sa.func.count().over()).select_from(_CARE.join(_FAILURE, care.is_aside(asked.now)))
    rows = connection.execute(query.where(*here).order_by(_CARE.c.snoozed_until, _FAILURE.c.id).limit(APART_AT_MOST)).all()
    found = _these(connection, asked, [row[0] for row in rows], (_FAILURE.c.id,))
    return found, rows[0][1] if rows else 0


def _these(
    connection: Connection, asked: Asked, ids: Sequence[str], order: Sequence[sa.ColumnElement[Any]]
) -> list[StoredFailure]:
    here = sa.and_(_FAILURE.c.company == asked.company, _FAILURE.c.id.in_(ids))
    return failures.select(connection, here, len(ids), order) if ids else []


def _told(connection: Connection, company: str, decision_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Who was asked to approve each of these decisions."""
    table, told = schema.letter, dict[str, frozenset[str]]()
    if decision_ids:
        query = sa.select(table.c.decision_id, table.c.person).where(
            table.c.company == company, table.c.decision_id.in_(decision_ids)
        )
        for row in connection.execute(query):
            told[row.decision_id] = told.get(row.decision_id, frozenset()) | {row.person}
    return told


def _failing(connection: Connection, company: str, ages: Sequence[datetime]) -> list[Failing]:
    table, payment = schema.failure, schema.payment
    since = [(table.c.opened_at >= sa.literal(moment, schema.Moment), place) for place, moment in enumerate(ages)]
    age = sa.case(*since, else_=len(ages)).label("age") if since else sa.literal(0).label("age")
    its_payment = sa.and_(table.c.company == payment.c.company, table.c.transaction_number == payment.c.transaction_number)
    by = (table.c.cause, age, table.c.incident_id, payment.c.currency)
    oldest = sa.func.min(table.c.opened_at, type_=table.c.opened_at.type)
    query = (
        sa.select(*by, sa.func.count(), sa.func.sum(payment.c.amount_minor), oldest)
        .select_from(table.join(payment, its_payment))
        .where(table.c.company == company, schema.is_in(table.c.state, "open"))
        .group_by(*(sa.text("age") if column is age else column for column in by))
    )
    return [
        Failing(cause, place, incident_id, currency, count, int(money), at)
        for cause, place, incident_id, currency, count, money, at in connection.execute(query)
    ]


def _course(connection: Connection, company: str, window: str) -> list[Measured]:
    run = schema.run
    query = (
        sa.select(run.c.finished_at, run.c.counts)
        .where(run.c.company == company, run.c.finished_at.is_not(None))
        .order_by(run.c.started_at.desc())
        .limit(RUNS)
    )
    course: list[Measured] = []
    for row in reversed(connection.execute(query).all()):
        for rate in (row.counts or {}).get("rates", ()):
            if rate["window"] == window and rate["attempted"]:
                measured = Measured(row.finished_at, rate["attempted"], rate["failed"], rate["limit_percentage"])
                if not course or (course[-1].attempted, course[-1].failed) != (measured.attempted, measured.failed):
                    course.append(measured)
    return course


def _standing(connection: Connection, company: str) -> Standing:
    run, night, feed, outbox = schema.run, schema.night, schema.feed_cursor, schema.outbox
    ended = (run.c.company == company, run.c.finished_at.is_not(None))
    last = connection.execute(
        sa.select(run.c.finished_at, run.c.problem).where(*ended).order_by(run.c.started_at.desc()).limit(1)
    ).first()
    nights = connection.execute(
        sa.select(night.c.state, night.c.due_at, night.c.proven_at, night.c.found)
        .where(night.c.company == company, night.c.state.in_(("proven", "missed")))
        .order_by(night.c.due_at.desc())
        .limit(10)
    ).all()
    proven = next((of for of in nights if of.state == "proven"), None)
    feeds = connection.execute(sa.select(feed.c.feed, feed.c.read_at).where(feed.c.company == company).order_by(feed.c.feed))
    leaving = connection.execute(
        sa.select(sa.func.count(), sa.func.min(outbox.c.wanted_at, type_=outbox.c.wanted_at.type)).where(
            outbox.c.company == company, schema.among(outbox.c.state, LEAVING)
        )
    ).one()
    return Standing(
        company=companies.get(connection, company),
        ended_at=last.finished_at if last else None,
        problem=last.problem if last else "",
        proven_at=proven.proven_at if proven else None,
        discrepancies=len(proven.found) if proven else 0,
        unproven_on=nights[0].due_at if nights and nights[0].state == "missed" else None,
        feeds={row.feed: row.read_at for row in feeds},
        undelivered=leaving[0],
        undelivered_since=leaving[1],
        hidden=hiding.count(connection, [company]),
        unreached=letters.unreached(connection, [company]).get(company, {}),
    )
