"""Payments are checked against the books as they are now, and for those that fit a receipt is planned.

Reads: received payments of a company whose writes are on, and their invoices and receipts, fresh. Leaves: planned
effects, or a failure before anything was sent. Never: a payment in part; when one of its invoices is broken,
nothing of it is sent until a person decides otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import rules
from receivables.books_records import Invoice, by_invoice
from receivables.effects import EffectState, Part, ReceiptWrite, effect_key, facts_of, marker, marker_stem
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, FeedStatus, Payment, PaymentState
from receivables.reversals import is_over
from storage import attempts, corrections, effects, failures, marks, payments
from storage.attempts import Attempted
from storage.effects import PlannedEffect, StoredEffect
from storage.engine import Connection
from storage.failures import Opening
from storage.payments import Move, StoredPayment
from storage.work import Work
from sync import money_back, receipts_again, resting, taking_up
from sync.desk import Desk
from sync.evidence import gather

PAYMENTS_PER_READING = 180  # so that what each question asks for fills the package's answers
PAYMENTS_PER_BATCH = 90  # about seven rows each, within a transaction of 500


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


@dataclass(frozen=True)
class _Verdict:
    """A payment that is to be posted by these intents or, with none, to fail."""

    checked: Checked
    intents: Sequence[PlannedEffect]

    @property
    def payment(self) -> Payment:
        return self.checked.stored.payment

    @property
    def code(self) -> str:
        return "planned" if self.intents else self.checked.obstacles[0].code

    def told(self, desk: Desk) -> list[str]:
        """Everything in its way, in the company's words."""
        return [obstacle.sentence(desk.company.words) for obstacle in self.checked.obstacles]

    def move(self, desk: Desk) -> Move:
        if _taken_up(self.intents):
            body = {"marks": [intent.marker for intent in self.intents]}
            return Move(self.checked.stored, PaymentState.POSTING, Bucket.IN_FLIGHT, "payment.taken_up", body)
        if self.intents:
            return Move(self.checked.stored, PaymentState.POSTING, Bucket.IN_FLIGHT, "payment.posting")
        body = {"obstacles": self.told(desk)}
        return Move(self.checked.stored, PaymentState.FAILED, Bucket.WAITING_PERSON, "payment.failed", body)


def run_once(desk: Desk, run_id: str) -> PostingCounts:
    """Checks every received payment once. Raises BooksError when the books cannot be read: then nothing was checked.

    Where nothing may be sent, only what the books hold already is taken up.
    """
    counts, after = PostingCounts(), ""
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, desk.company.id, PaymentState.RECEIVED, limit=PAYMENTS_PER_READING, after=after)
            read = batch if desk.writes else _marked(connection, batch)
            numbers = [stored.number for stored in read]
            corrected = corrections.waiting(connection, desk.company.id, numbers)
            chains = effects.of_payments(connection, desk.company.id, numbers)
        checked = check(desk, [stored for stored in read if stored.number not in corrected])
        intents = {each.stored.number: _intents(desk, each, chains[each.stored.number]) for each in checked}
        failpoint("posting.after_reading")
        for begin in range(0, len(checked), PAYMENTS_PER_BATCH):
            with desk.work() as work:
                verdicts = _sorted_out(work, checked[begin : begin + PAYMENTS_PER_BATCH], intents)
                _carry_out(work, desk, run_id, verdicts, counts)
            failpoint("posting.after_intent")
        if len(batch) < PAYMENTS_PER_READING:
            return counts
        after = batch[-1].number


def check(desk: Desk, batch: Sequence[StoredPayment]) -> list[Checked]:
    """Reads the books about a batch and says what is in the way of each payment. Changes nothing."""
    gathered = gather(desk, batch, isolated=True, full=False)
    return [Checked(stored, gathered[stored.number], rules.obstacles(gathered[stored.number])) for stored in batch]


def _marked(connection: Connection, batch: Sequence[StoredPayment]) -> Sequence[StoredPayment]:
    """Those with a receipt of ours in the books, as last seen."""
    stems = {stored.number: marker_stem(stored.payment.company, stored.number) for stored in batch}
    found = marks.living(connection, batch[0].payment.company, stems.values()) if batch else {}
    return [stored for stored in batch if stems[stored.number] in found]


def _intents(desk: Desk, checked: Checked, chain: Sequence[StoredEffect]) -> list[PlannedEffect]:
    """The receipts that the payment's own allocations ask for; none where something is in the way, or while an earlier intent
    of it is open: that one ends first. What the books hold already, and our rows do not know, is to be looked for there.
    """
    stored, evidence = checked.stored, checked.evidence
    generation, there = effects.next_generation(chain, stored.generation), taking_up.generation_in_books(evidence)
    taken_up = there is not None and there not in {effect.generation for effect in chain}
    if generation is None or (checked.obstacles and not taken_up):
        return []
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    customer = evidence.customer.id if evidence.customer else ""
    parts = desk.books.parts(stored.payment, lines, desk.company, customer)
    if there is None or not taken_up:
        return [receipt_effect(desk, part, generation, evidence) for part in parts]
    if not {part for part, _ in taking_up.places(evidence)} <= {part.number for part in parts}:
        return []
    planned = [receipt_effect(desk, part, there, evidence) for part in parts]
    return [replace(effect, state=EffectState.UNKNOWN) for effect in planned]


def _sorted_out(work: Work, batch: Sequence[Checked], intents: Mapping[str, list[PlannedEffect]]) -> list[_Verdict]:
    """What is to become of each payment now; those of which nothing is said wait. Money that went back is dealt with at once."""
    reserved = _reserved(work, {line.invoice_id for checked in batch for line in checked.evidence.lines})
    verdicts = []
    for checked in batch:
        evidence = checked.evidence
        if any(obstacle.code is rules.InTheWay.UNREAD for obstacle in checked.obstacles):
            continue  # a read that failed says nothing of the payment
        if checked.stored.payment.status is not FeedStatus.PAID:  # it came back here while a receipt was under way
            _went_back(work, checked)
        elif _taken_up(intents[checked.stored.number]):
            verdicts.append(_Verdict(checked, intents[checked.stored.number]))
        elif checked.obstacles:
            verdicts.append(_Verdict(checked, []))
        elif intents[checked.stored.number] and not _must_wait(evidence, reserved):
            verdicts.append(_Verdict(checked, intents[checked.stored.number]))
            for line in evidence.lines:
                reserved[line.invoice_id] = reserved.get(line.invoice_id, 0) + line.amount_minor
    return verdicts


def _reserved(work: Work, invoice_ids: set[str]) -> dict[str, int]:
    """What receipts that are planned and not yet settled will take of each of these invoices."""
    planned = [effect.write for effect in effects.underway(work.connection, work.company, invoice_ids)]
    return by_invoice(line for write in planned if isinstance(write, ReceiptWrite) for line in write.lines)


def _went_back(work: Work, checked: Checked) -> None:
    stored = checked.stored
    if is_over(stored.payment) and rules.money_gone(checked.evidence).settled:
        money_back.exclude_gone(work, stored, stored.payment.status)
    else:
        money_back.tell(work, stored, stored.payment)


def _taken_up(intents: Sequence[PlannedEffect]) -> bool:
    return any(intent.state is EffectState.UNKNOWN for intent in intents)


def _must_wait(evidence: Evidence, reserved: Mapping[str, int]) -> bool:
    """Whether it fits only if receipts under way do not land: they are let land first."""
    return any(line.open_minor - reserved.get(line.invoice_id, 0) < line.amount_minor for line in evidence.lines)


def _carry_out(work: Work, desk: Desk, run_id: str, verdicts: Sequence[_Verdict], counts: PostingCounts) -> None:
    """Moves the payments, and of those that nobody moved meanwhile plans the receipts, opens the failures, and counts both."""
    moved = payments.move_many(work, [verdict.move(desk) for verdict in verdicts])
    here = [verdict for verdict in verdicts if verdict.payment.transaction_number in moved]
    effects.plan_many(work, [intent for verdict in here for intent in verdict.intents])
    failed = [verdict for verdict in here if not verdict.intents]
    failures.open_many(work, [Opening(of.payment, because=of.code, message=of.told(desk)[0]) for of in failed])
    attempts.record_many(
        work,
        run_id,
        [Attempted(of.payment, failed=not of.intents, code=of.code, message=" ".join(of.told(desk))) for of in here],
    )
    counts.failed += len(failed)
    counts.planned += len(here) - len(failed)


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
