"""Payments are checked against the books as they are now, and for those that fit a receipt is planned.

Reads: received payments of a company whose writes are on, and their invoices and receipts, fresh. Leaves: planned
effects, or a failure before anything was sent. Never: a payment in part; when one of its invoices is broken,
nothing of it is sent until a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rules
from receivables.books_records import Invoice, by_invoice
from receivables.effects import Part, ReceiptWrite, effect_key, facts_of, marker
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, FeedStatus, PaymentState
from receivables.ways_out import is_over
from storage import attempts, corrections, effects, failures, payments
from storage.effects import PlannedEffect
from storage.payments import StoredPayment
from storage.work import Work
from sync import money_back, receipts_again, resting
from sync.desk import Desk
from sync.evidence import gather

PAYMENTS_PER_BATCH = 60  # about seven rows each, within a transaction of 500


@dataclass
class PostingCounts:
    """What became of the received payments that were checked."""

    planned: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Checked:
    """A payment, what was read about it, and what is in its way."""

    stored: StoredPayment
    evidence: Evidence
    obstacles: tuple[rules.Obstacle, ...]


def run_once(desk: Desk, run_id: str) -> PostingCounts:
    """Checks every received payment once. Raises BooksError when the books cannot be read: then nothing was checked."""
    counts, after = PostingCounts(), ""
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, desk.company.id, PaymentState.RECEIVED, limit=PAYMENTS_PER_BATCH, after=after)
            corrected = corrections.waiting(connection, desk.company.id, [stored.number for stored in batch])
        batch_checked = check(desk, [stored for stored in batch if stored.number not in corrected])
        failpoint("posting.after_reading")
        with desk.work() as work:
            reserved = _reserved(work)
            for checked in batch_checked:
                _decide(work, desk, checked, reserved, counts, run_id)
        failpoint("posting.after_intent")
        if len(batch) < PAYMENTS_PER_BATCH:
            return counts
        after = batch[-1].number


def check(desk: Desk, batch: Sequence[StoredPayment]) -> list[Checked]:
    """Reads the books about a batch and says what is in the way of each payment. Changes nothing."""
    gathered = gather(desk, batch, isolated=True, full=False)
    return [Checked(stored, gathered[stored.number], rules.obstacles(gathered[stored.number])) for stored in batch]


def _reserved(work: Work) -> dict[str, int]:
    """What receipts that are planned and not yet settled will take of each invoice."""
    planned = [effect.write for effect in effects.underway(work.connection, work.company)]
    return by_invoice(line for write in planned if isinstance(write, ReceiptWrite) for line in write.lines)


def _decide(work: Work, desk: Desk, checked: Checked, reserved: dict[str, int], counts: PostingCounts, run_id: str) -> None:
    stored, obstacles = checked.stored, checked.obstacles
    unread = any(obstacle.code is rules.InTheWay.UNREAD for obstacle in obstacles)
    if stored.payment.status is not FeedStatus.PAID and not unread:  # it came back here while a receipt was under way
        if is_over(stored.payment) and rules.money_gone(checked.evidence).settled:
            money_back.exclude_gone(work, stored, stored.payment.status)
        else:
            money_back.tell(work, stored, stored.payment)
        return
    if unread or (not obstacles and _must_wait(checked.evidence, reserved)):  # a read that failed says nothing of the payment
        return
    if obstacles:
        told = [obstacle.sentence(desk.company.words) for obstacle in obstacles]
        body = {"obstacles": told}
        if payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.failed", body=body):
            counts.failed += 1
            failures.open_one(work, stored.payment, because=obstacles[0].code, message=told[0])
            _remember(work, desk, checked, run_id)
        return
    if plan_receipt(work, desk, stored, checked.evidence):
        counts.planned += 1
        for line in checked.evidence.lines:
            reserved[line.invoice_id] = reserved.get(line.invoice_id, 0) + line.amount_minor
        _remember(work, desk, checked, run_id)


def _must_wait(evidence: Evidence, reserved: Mapping[str, int]) -> bool:
    """Whether it fits only if receipts under way do not land: they are let land first."""
    return any(line.open_minor - reserved.get(line.invoice_id, 0) < line.amount_minor for line in evidence.lines)


def _remember(work: Work, desk: Desk, checked: Checked, run_id: str) -> None:
    attempts.record(
        work,
        checked.stored.payment,
        run_id=run_id,
        failed=bool(checked.obstacles),
        code=checked.obstacles[0].code if checked.obstacles else "planned",
        message=" ".join(obstacle.sentence(desk.company.words) for obstacle in checked.obstacles),
    )


def plan_receipt(work: Work, desk: Desk, stored: StoredPayment, evidence: Evidence) -> bool:
    """Plans the receipt that the payment's own allocations ask for.

    False when the payment was moved meanwhile, or an earlier intent of it is still open: that one ends first.
    """
    chain = effects.of_payments(work.connection, work.company, [stored.number])[stored.number]
    generation = effects.next_generation(chain, stored.generation)
    if generation is None:
        return False
    if not payments.move(work, stored, PaymentState.POSTING, Bucket.IN_FLIGHT, action="payment.posting"):
        return False
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    customer = evidence.customer.id if evidence.customer else ""
    for part in desk.books.parts(stored.payment, lines, desk.company, customer):
        effects.plan(work, receipt_effect(desk, part, generation, evidence))
    return True


def receipt_effect(
    desk: Desk,
    part: Part,
    generation: int,
    evidence: Evidence,
    *,
    decision_id: str | None = None,
    after_id: str | None = None,
) -> PlannedEffect:
    """The intent to record one receipt of the payment, resting on the invoices as they were read."""
    company, number, write = desk.company.id, evidence.payment.transaction_number, part.write
    invoices = {invoice.id: invoice for invoice in evidence.other_invoices}
    invoices |= {line.invoice_id: line.invoice for line in evidence.lines if isinstance(line.invoice, Invoice)}
    return PlannedEffect(
        id=desk.ids.new(),
        company=company,
        transaction_number=number,
        part=part.number,
        generation=generation,
        key=effect_key(company, number, f"receipt/{part.number}", generation),
        marker=marker(company, number, part.number, generation),
        write=write,
        expects={
            f"invoice:{line.invoice_id}": facts_of(invoice)
            for line in write.lines
            if (invoice := invoices.get(line.invoice_id)) is not None
        }
        | receipts_again.known(desk, evidence, write.customer_id)
        | resting.feed(evidence.payment),
        attended=decision_id is not None,
        facts_read_at=evidence.taken_at,
        decision_id=decision_id,
        after_id=after_id,
    )
