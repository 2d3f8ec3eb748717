"""Cards: where each subject's message stands in Slack, and everything a card is drawn from, read in one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from receivables.books_records import Customer, Invoice
from receivables.diagnosis import Remedy
from receivables.evidence import Evidence
from storage import (
    attempts,
    audit,
    care,
    decisions,
    effects,
    failures,
    kept_evidence,
    mirror,
    offers,
    payments,
    receipt_claims,
    schema,
)
from storage.audit import AuditRow
from storage.care import Care
from storage.decisions import StoredDecision
from storage.effects import StoredEffect
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.receipt_claims import Proof
from storage.work import Work

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where a subject's message stands, the moment of the wish it was last drawn for, and up to which row of the
    record its thread tells."""

    subject_kind: str
    subject: str
    team: str
    channel: str
    ts: str
    told_seq: int = 0
    drawn_at: datetime = BEFORE_ALL


@dataclass(frozen=True)
class CardFacts:
    """What one failure's card is drawn from. `offers` are the buttons' opaque ids by remedy."""

    failure: StoredFailure
    payment: StoredPayment
    evidence: Evidence | None
    decision: StoredDecision | None  # the newest one about this failure
    receipts: Sequence[StoredEffect]  # our receipts that landed
    proofs: Sequence[Proof]
    offers: Mapping[Remedy, str]
    attempts: int
    named: Sequence[Customer | Invoice] = ()  # what a person named to match the payment to
    care: Care | None = None  # who has it, and until when it is set aside
    is_snoozed: bool = False


def facts(work: Work, failure_id: str, remedies: Sequence[Remedy], *, options: Mapping[str, object] | None = None) -> CardFacts:
    """Reads everything about one failure and makes the offers its card will carry.

    `options` are what a person says of a remedy just now, where it is not what the newest decision holds.
    """
    connection, company = work.connection, work.company
    found = failures.get(connection, company, failure_id)
    stored = payments.find(connection, company, found.transaction_number)
    if stored is None:
        raise AssertionError(f"failure {failure_id} belongs to no payment")
    evidence = kept_evidence.find(connection, company, found.evidence_id)
    about = [made for made in decisions.of_payment(connection, company, stored.number) if made.failure_id == failure_id]
    chain = effects.of_payments(connection, company, [stored.number])[stored.number]
    told = options or (about[-1].options if about else {})
    held = care.of_failure(connection, company, failure_id)
    offered = {
        remedy: offers.make(work, failure_id, found.evidence_id, remedy).id
        for remedy in remedies
        if found.evidence_id and found.state == "open"
    }
    return CardFacts(
        failure=found,
        payment=stored,
        evidence=evidence,
        decision=about[-1] if about else None,
        receipts=effects.recorded(chain),
        proofs=receipt_claims.standing(connection, company, [stored.number]).get(stored.number, ()),
        offers=offered,
        attempts=attempts.counts(connection, company, [stored.number]).get(stored.number, 0),
        care=held,
        is_snoozed=held.is_snoozed(found, work.at),
        named=mirror.named(connection, company, _names(told, "to_invoice"), _names(told, "to_customer")),
    )


def _names(options: Mapping[str, object], name: str) -> tuple[str, ...]:
    given = options.get(name) or ()
    return (given,) if isinstance(given, str) else tuple(map(str, given)) if isinstance(given, list | tuple) else ()


def place(connection: Connection, company: str, subject_kind: str, subject: str) -> Place | None:
    """Where the subject's message stands, or None when it was never posted."""
    table = schema.card
    row = connection.execute(sa.select(table).where(*_is(company, subject_kind, subject))).first()
    return None if row is None else _place(row)


def _place(row: sa.Row[Any]) -> Place:
    return Place(row.subject_kind, row.subject, row.team, row.channel, row.ts, row.told_seq, row.drawn_at)


def at_place(connection: Connection, channel: str, ts: str) -> tuple[str, str, str] | None:
    """(company, subject kind, subject) of the message that stands there, if it is one of ours."""
    table = schema.card
    row = connection.execute(sa.select(table).where(table.c.channel == channel, table.c.ts == ts)).first()
    return None if row is None else (row.company, row.subject_kind, row.subject)


def stands_at(work: Work, where: Place) -> None:
    """Remembers where a subject's message stands; a new message takes the place of one that is gone."""
    table = schema.card
    forget(work, where.subject_kind, where.subject)
    work.connection.execute(sa.insert(table).values(company=work.company, looked_at=work.at, **vars(where)))


def to_look_for(connection: Connection, companies: Sequence[str], *, before: datetime, limit: int) -> Sequence[tuple[str, Place]]:
    """(company, place) of messages about what is open that were not looked for since `before`, longest ago first."""
    card = schema.card
    about_open = [
        sa.select(card).join(
            subjects,
            sa.and_(
                card.c.company == subjects.c.company,
                card.c.subject_kind == kind,
                card.c.subject == subjects.c.id,
                subjects.c.company.in_(companies),
                schema.is_in(subjects.c.state, "open"),
            ),
        )
        for kind, subjects in (("failure", schema.failure), ("incident", schema.incident), ("escalation", schema.escalation))
    ]
    found = sa.union_all(*about_open).subquery()
    rows = connection.execute(
        sa.select(found)
        .where(sa.or_(found.c.looked_at.is_(None), found.c.looked_at < before))
        .order_by(found.c.looked_at.asc().nulls_first())
        .limit(limit)
    )
    return [(row.company, _place(row)) for row in rows]


def looked_for(work: Work, where: Place) -> None:
    """The message is looked for now."""
    here = _is(work.company, where.subject_kind, where.subject)
    work.connection.execute(sa.update(schema.card).where(*here).values(looked_at=work.at))


def forget(work: Work, subject_kind: str, subject: str) -> None:
    """The subject's message is not there any more."""
    work.connection.execute(sa.delete(schema.card).where(*_is(work.company, subject_kind, subject)))


#: What of the record belongs into a card's thread: who did what, and how it ended.
_TOLD = (
    "decision.made",
    "decision.approved",
    "decision.stale",
    "decision.refused",
    "decision.failed",
    "payment.verified",
    "payment.reopened",
    "payment.put_right",
    "failure.resolved",
    "effect.done",
)


def to_tell(connection: Connection, company: str, number: str, after_seq: int) -> Sequence[AuditRow]:
    """The rows of a payment's record that its thread does not tell yet."""
    return [row for row in audit.rows(connection, company, number) if row.seq > after_seq and row.action in _TOLD]


def to_tell_of_escalation(connection: Connection, company: str, escalation_id: str, after_seq: int) -> Sequence[AuditRow]:
    """The reminders of an escalation, and who took it, that its thread does not tell yet."""
    wanted = ("escalation.reminded", "escalation.taken")
    return [row for row in audit.of_actions(connection, company, wanted, after_seq) if escalation_id in row.body]


def _is(company: str, subject_kind: str, subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = schema.card
    return (table.c.company == company, table.c.subject_kind == subject_kind, table.c.subject == subject)
