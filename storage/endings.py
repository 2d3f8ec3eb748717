"""What people in Slack started and wait to hear the end of: a row for each, until it is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage import audit, schema
from storage.schema.decisions import NOT_CARRIED_OUT, UNDER_WAY
from storage.work import Work


class Started(StrEnum):
    """What a person started."""

    DECISION = "decision"
    BULK = "bulk"  # one remedy for all payments of an incident
    CHOSEN = "chosen"  # one for payments that were chosen together
    SYNC = "sync"


@dataclass(frozen=True)
class Awaited:
    """Who waits for what, and where they are told. `subject` is the decision, the incident, or the first of the decisions that
    were made together; "" of a sync. An account is known together with its workspace, or its organization: `place`.
    """

    company: str
    what: Started
    subject: str
    account: str
    channel: str
    asked_at: datetime
    next_at: datetime
    place: str = ""  # "" is the workspace of the company's own channel
    enterprise: str = ""  # the organization of that workspace, or ""


@dataclass(frozen=True)
class Bulk:
    """What became of the payments for which one remedy was chosen."""

    remedy: Remedy | None
    under_way: int  # decisions that are not carried out yet
    states: Counter[PaymentState]  # how many payments stand where
    left_out: Sequence[str]  # why, of each for which it was not carried out


_WAITS = {
    "sqlite": sqlite.insert(schema.awaited).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(schema.awaited).on_conflict_do_nothing(),
}


def begin(work: Work, waits: Awaited) -> None:
    """From now on this person waits; asked twice, they are told once."""
    work.only_for(waits.company)
    work.connection.execute(_WAITS[work.connection.dialect.name], [{**vars(waits), "what": waits.what.value}])


def ended(connection: Connection, companies: Sequence[str], now: datetime) -> Sequence[Awaited]:
    """What is over, and was not told yet."""
    table, decision, incident, run, together = schema.awaited, schema.decision, schema.incident, schema.run, schema.together
    decided = sa.exists().where(
        decision.c.company == table.c.company, decision.c.id == table.c.subject, decision.c.state.not_in(UNDER_WAY)
    )
    all_decided = sa.exists().where(
        incident.c.company == table.c.company,
        incident.c.id == table.c.subject,
        sa.or_(incident.c.bulk_at.is_(None), incident.c.state != "open"),
    )
    none_under_way = ~sa.exists().where(
        together.c.company == table.c.company,
        together.c.subject == table.c.subject,
        decision.c.company == together.c.company,
        decision.c.id == together.c.decision_id,
        decision.c.state.in_(UNDER_WAY),
    )
    synced = sa.exists().where(
        run.c.company == table.c.company, run.c.started_at >= table.c.asked_at, run.c.finished_at.is_not(None)
    )
    over = sa.or_(
        sa.and_(table.c.what == Started.DECISION.value, decided),
        sa.and_(table.c.what == Started.BULK.value, all_decided),
        sa.and_(table.c.what == Started.CHOSEN.value, none_under_way),
        sa.and_(table.c.what == Started.SYNC.value, synced),
    )
    rows = connection.execute(
        sa.select(table).where(table.c.company.in_(companies), table.c.next_at <= now, over).order_by(table.c.asked_at)
    )
    return [Awaited(**{**row._mapping, "what": Started(row.what)}) for row in rows]


def take(work: Work, waits: Awaited) -> bool:
    """Whoever gets True tells it; nobody else does."""
    table = schema.awaited
    return work.connection.execute(sa.delete(table).where(*_is(waits), table.c.asked_at == waits.asked_at)).rowcount == 1


def not_before(work: Work, waits: Awaited, next_at: datetime) -> None:
    """Looks at it again later."""
    work.connection.execute(sa.update(schema.awaited).where(*_is(waits)).values(next_at=next_at))


def _is(waits: Awaited) -> tuple[sa.ColumnElement[bool], ...]:
    table = schema.awaited
    return (
        table.c.company == waits.company,
        table.c.what == waits.what.value,
        table.c.subject == waits.subject,
        table.c.account == waits.account,
        table.c.place == waits.place,
    )


def sync_since(connection: Connection, company: str, since: datetime) -> tuple[Mapping[str, int], str]:
    """What the first sync after a moment counted, and what stopped it, if anything did."""
    table = schema.run
    row = connection.execute(
        sa.select(table.c.counts, table.c.problem)
        .where(table.c.company == company, table.c.started_at >= since, table.c.finished_at.is_not(None))
        .order_by(table.c.started_at)
        .limit(1)
    ).one()
    return {name: count for name, count in row.counts.items() if isinstance(count, int)}, row.problem


def bulk_since(connection: Connection, company: str, incident_id: str, since: datetime) -> Bulk:
    """What became of the payments of an incident for which one remedy was chosen then."""
    decision, failure, payment = schema.decision, schema.failure, schema.payment
    rows = connection.execute(
        sa.select(decision.c.remedy, decision.c.state.label("decided"), decision.c.outcome, payment.c.state)
        .join(failure, sa.and_(failure.c.company == decision.c.company, failure.c.id == decision.c.failure_id))
        .join(
            payment, sa.and_(payment.c.company == failure.c.company, payment.c.transaction_number == failure.c.transaction_number)
        )
        .where(
            decision.c.company == company,
            decision.c.channel == "slack",
            decision.c.requested_at >= since,
            failure.c.incident_id == incident_id,
        )
        .order_by(decision.c.requested_at, decision.c.id)
    ).all()
    left = [row for row in audit.of_actions(connection, company, ("incident.left",), 0) if row.at >= since]
    why = [str(json.loads(row.body).get("why", "")) for row in left if incident_id in row.body]
    states = Counter(PaymentState(row.state) for row in rows)
    states[PaymentState.FAILED] += len(why)
    return Bulk(
        remedy=Remedy(rows[0].remedy) if rows else None,
        under_way=sum(row.decided in UNDER_WAY for row in rows),
        states=states,
        left_out=[*(row.outcome for row in rows if row.decided in NOT_CARRIED_OUT), *why],
    )
