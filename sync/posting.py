"""Payments are judged against the books as they are now, and those that fit are promised to the books.

Reads: received payments of a company whose writes are on, and their invoices and receipts, fresh. Leaves: planned
effects, or a failure before anything was sent. Never: a payment in part; when one of its invoices is broken,
nothing of it is sent until a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from receivables.books_records import Invoice
from receivables.effects import ReceiptWrite, effect_key, facts_of, marker
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, FeedStatus, PaymentState
from storage import attempts, effects, failures, payments
from storage.effects import PlannedEffect
from storage.engine import Connection
from storage.payments import StoredPayment
from sync import intake, judging
from sync.desk import Desk
from sync.evidence import gather
from sync.judging import Obstacle

PAYMENTS_PER_BATCH = 60  # about seven rows each, within a transaction of 500


@dataclass
class PostingCounts:
    """What became of the received payments that were judged."""

    planned: int = 0
    failed: int = 0
    deferred: int = 0  # their invoices are just being paid by others; judged again after that


@dataclass(frozen=True)
class Judged:
    """A payment, what was read about it, and what is in its way."""

    stored: StoredPayment
    evidence: Evidence
    obstacles: tuple[Obstacle, ...]


def run_once(desk: Desk, run_id: str) -> PostingCounts:
    """Judges every received payment once. Raises BooksError when the books cannot be read: then nobody was judged."""
    counts, after = PostingCounts(), ""
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, desk.company.id, PaymentState.RECEIVED, limit=PAYMENTS_PER_BATCH, after=after)
        judged = judge(desk, batch)
        failpoint("posting.after_reading")
        with desk.db.work() as connection:
            reserved = _reserved(connection, desk)
            for one in judged:
                _decide(connection, desk, one, reserved, counts, run_id)
        failpoint("posting.after_intent")
        if len(batch) < PAYMENTS_PER_BATCH:
            return counts
        after = batch[-1].number


def judge(desk: Desk, batch: Sequence[StoredPayment]) -> list[Judged]:
    """Reads the books about a batch and says what is in the way of each payment. Changes nothing."""
    gathered = gather(desk, batch, isolated=True, full=False)
    return [Judged(stored, gathered[stored.number], judging.obstacles(gathered[stored.number])) for stored in batch]


def _reserved(connection: Connection, desk: Desk) -> dict[str, int]:
    """What receipts that are promised and not yet settled will take of each invoice."""
    taken: dict[str, int] = {}
    for one in effects.underway(connection, desk.company.id):
        if isinstance(one.write, ReceiptWrite):
            for line in one.write.lines:
                taken[line.invoice_id] = taken.get(line.invoice_id, 0) + line.amount_minor
    return taken


def _decide(
    connection: Connection, desk: Desk, one: Judged, reserved: dict[str, int], counts: PostingCounts, run_id: str
) -> None:
    at = desk.clock.now()
    if one.stored.payment.status is not FeedStatus.PAID:  # it came back here while a receipt was under way
        intake.exclude_gone(connection, one.stored, one.stored.payment.status, at=at)
        return
    if not one.obstacles and _must_wait(one.evidence, reserved):
        counts.deferred += 1
        return
    if any(obstacle.code == "unread" for obstacle in one.obstacles):
        counts.deferred += 1  # a read that failed judges nobody
        return
    if one.obstacles:
        moved = payments.move(
            connection,
            one.stored,
            PaymentState.FAILED,
            Bucket.WAITING_PERSON,
            at=at,
            actor="sync",
            action="payment.failed",
            body={"obstacles": [obstacle.text for obstacle in one.obstacles]},
        )
        if moved:
            counts.failed += 1
            first = one.obstacles[0]
            failures.open_one(
                connection, desk.ids, one.stored.payment, because=first.code, at=at, actor="sync", message=first.text
            )
            _remember(connection, desk, one, run_id, at, failed=True)
        return
    if plan_receipt(connection, desk, one.stored, one.evidence, at=at, actor="sync"):
        counts.planned += 1
        for line in one.evidence.lines:
            reserved[line.invoice_id] = reserved.get(line.invoice_id, 0) + line.amount_minor
        _remember(connection, desk, one, run_id, at, failed=False)


def _must_wait(evidence: Evidence, reserved: Mapping[str, int]) -> bool:
    """Whether it fits only if receipts under way do not land: they are let land first."""
    return any(line.open_minor - reserved.get(line.invoice_id, 0) < line.amount_minor for line in evidence.lines)


def _remember(connection: Connection, desk: Desk, one: Judged, run_id: str, at: datetime, *, failed: bool) -> None:
    attempts.record(
        connection,
        one.stored.payment,
        attempt_id=desk.ids.new(),
        run_id=run_id,
        at=at,
        failed=failed,
        code=one.obstacles[0].code if one.obstacles else "planned",
        message="; ".join(obstacle.text for obstacle in one.obstacles),
    )


def plan_receipt(
    connection: Connection, desk: Desk, stored: StoredPayment, evidence: Evidence, *, at: datetime, actor: str
) -> bool:
    """Promises the receipt that the payment's own allocations ask for. False when the payment was moved meanwhile."""
    moved = payments.move(
        connection, stored, PaymentState.POSTING, Bucket.IN_FLIGHT, at=at, actor=actor, action="payment.posting"
    )
    if not moved:
        return False
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    customer = evidence.customer.id if evidence.customer else ""
    used = max(
        (one.generation for one in effects.of_payments(connection, desk.company.id, [stored.number])[stored.number]), default=-1
    )
    generation = max(stored.generation, used + 1)
    for part in desk.books.parts(stored.payment, lines, desk.company, customer):
        planned = receipt_effect(desk, stored, part.number, part.write, generation, evidence, attended=False)
        effects.plan(connection, planned, at=at, actor=actor)
    return True


def receipt_effect(
    desk: Desk,
    stored: StoredPayment,
    part: int,
    write: ReceiptWrite,
    generation: int,
    evidence: Evidence,
    *,
    attended: bool,
    decision_id: str | None = None,
    after_id: str | None = None,
) -> PlannedEffect:
    """The intent to record one receipt, resting on the invoices as they were read."""
    company = desk.company.id
    invoices = {line.invoice_id: line.invoice for line in evidence.lines if line.invoice_id}
    return PlannedEffect(
        id=desk.ids.new(),
        company=company,
        transaction_number=stored.number,
        part=part,
        generation=generation,
        key=effect_key(company, stored.number, f"receipt/{part}", generation),
        marker=marker(company, stored.number, part, generation),
        write=write,
        expects={
            f"invoice:{line.invoice_id}": facts_of(invoice)
            for line in write.lines
            if isinstance(invoice := invoices.get(line.invoice_id), Invoice)
        },
        attended=attended,
        facts_read_at=evidence.taken_at,
        decision_id=decision_id,
        after_id=after_id,
    )
