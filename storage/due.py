"""What waits at all companies at once: one statement, which costs what is due and not how many companies there are.

Each row says of one company that there is something of a kind. It is a hint: whoever takes the work up claims it, and
finds nothing where another process was quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.diagnosis import Remedy
from receivables.effects import OPEN_STATES
from storage import companies, schema
from storage.schema.decisions import UNDER_WAY
from storage.sending import IS_READY, LONGEST_REST


class Waits(StrEnum):
    """What waits to be taken up."""

    SYNC = "sync"  # since when it was last synced; None: never, or somebody wants it now
    RESUMED = "resumed"  # the books asked to be left alone until then
    PAUSED = "paused"  # and they still do; None: until somebody acts
    PROOF = "proof"  # since when it was last proven; None: never
    PLANNED = "planned"  # an effect to be sent
    IN_FLIGHT = "in_flight"  # an effect that was sent and is to be looked for
    POSTED = "posted"  # a payment whose receipts are to be read back
    DECISION = "decision"  # one to be carried out, or one for many payments
    READ_BACK = "read_back"  # a dismissal whose proof was applied
    REMINDER = "reminder"  # an escalation that nobody took, an approval or an assignment
    BACK = "back"  # a failure that was set aside until now
    SUMMARY = "summary"  # what a company is told each morning
    SEARCH = "search"  # a payment or document that search does not know yet


@dataclass(frozen=True)
class Waiting:
    """Something waits at a company. `since` is told of the first four."""

    company: str
    what: Waits
    since: datetime | None


def look(
    connection: Connection, now: datetime, *, synced_before: datetime, proven_before: datetime, reminders: Sequence[timedelta]
) -> Sequence[Waiting]:
    """Everything that waits; companies synced or proven later are left out, and escalations until their next reminder."""
    values = {"now": now, "resting": now + LONGEST_REST, "synced_before": synced_before, "proven_before": proven_before}
    values["latest_now"] = companies.latest_now(now)
    values |= {_reminded(number): now - pause for number, pause in enumerate(reminders)}
    rows = connection.execute(_statement(len(reminders)), values)
    return [Waiting(row.company, Waits(row.what), row.since) for row in rows]


def _reminded(number: int) -> str:
    return f"reminded_before_{number}"


def _moment(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=schema.Moment())


def _rows(what: Waits, company: sa.ColumnElement[str], *where: sa.ColumnElement[bool]) -> sa.Select[str, str, datetime]:
    """One row for each company that has any."""
    never = sa.cast(sa.null(), schema.Moment()).label("since")
    return sa.select(company.label("company"), sa.literal(what.value).label("what"), never).where(*where).distinct()


@cache
def _statement(reminders: int) -> sa.CompoundSelect[str, str, datetime]:
    return sa.union_all(*_of_companies(), *_of_effects(), *_of_people(reminders), _of_search())


def _of_companies() -> Sequence[sa.Select[str, str, datetime]]:
    table, payment = schema.company, schema.payment
    over = sa.case((table.c.paused_until <= _moment("now"), Waits.RESUMED.value), else_=Waits.PAUSED.value)
    return [
        sa.select(
            table.c.id.label("company"), sa.literal(Waits.SYNC.value).label("what"), table.c.synced_at.label("since")
        ).where(companies.sync_is_due(_moment("synced_before"), _moment("latest_now"))),
        sa.select(table.c.id, sa.literal(Waits.PROOF.value), table.c.reconciled_at).where(
            sa.or_(table.c.reconciled_at.is_(None), table.c.reconciled_at < _moment("proven_before"))
        ),
        sa.select(table.c.id, over, table.c.paused_until).where(table.c.paused_cause.is_not(None)),
        _rows(Waits.POSTED, payment.c.company, schema.is_in(payment.c.state, "posted")),
    ]


def _of_effects() -> Sequence[sa.Select[str, str, datetime]]:
    table = schema.effect
    asked = sa.or_(table.c.next_at <= _moment("now"), table.c.next_at > _moment("resting"))
    here = (schema.among(table.c.state, OPEN_STATES), asked, IS_READY)
    return [
        _rows(Waits.PLANNED, table.c.company, *here, table.c.state == "planned"),
        _rows(Waits.IN_FLIGHT, table.c.company, *here, table.c.state != "planned"),
    ]


def _of_people(reminders: int) -> Sequence[sa.Select[str, str, datetime]]:
    table, effect, incident, escalation = schema.decision, schema.effect, schema.incident, schema.escalation
    letter, care, company = schema.letter, schema.care, schema.company
    here = (schema.among(table.c.state, UNDER_WAY), table.c.failure_id.is_not(None))
    under_way = sa.exists().where(
        effect.c.company == table.c.company, effect.c.decision_id == table.c.id, effect.c.state.in_(OPEN_STATES)
    )
    read_back = (table.c.state == "carrying_out", table.c.remedy == Remedy.DISMISS, ~under_way)
    told_at = sa.func.coalesce(escalation.c.reminded_at, escalation.c.opened_at, type_=schema.Moment())
    before = [_moment(_reminded(number)) for number in range(reminders)]
    told_before = sa.case(*[(escalation.c.reminders == number, at) for number, at in enumerate(before)], else_=before[-1])
    open_escalation = schema.is_in(escalation.c.state, "open")
    return [
        _rows(Waits.DECISION, table.c.company, *here, table.c.state == "accepted"),
        _rows(Waits.READ_BACK, table.c.company, *here, *read_back),
        _rows(Waits.DECISION, incident.c.company, schema.is_in(incident.c.state, "open"), incident.c.bulk_remedy.is_not(None)),
        _rows(Waits.REMINDER, escalation.c.company, open_escalation, escalation.c.taken_by.is_(None), told_at <= told_before),
        _rows(Waits.REMINDER, letter.c.company, letter.c.remind_at <= _moment("now")),
        _rows(Waits.BACK, care.c.company, care.c.snoozed_until <= _moment("now")),
        _rows(Waits.SUMMARY, company.c.id, company.c.summary_due_at <= _moment("now")),
    ]


def _of_search() -> sa.Select[str, str, datetime]:
    """From one company to the next by index: one may have a million rows there, and they are never counted."""
    table = schema.search_due
    following = sa.select(sa.func.min(table.c.company))
    found = following.cte("noted", recursive=True)
    later = following.where(table.c.company > found.c[0]).scalar_subquery()
    found = found.union_all(sa.select(later).where(found.c[0].is_not(None)))
    return _rows(Waits.SEARCH, found.c[0], found.c[0].is_not(None))
