"""Receipts of ours in the books that our rows do not know, as after an older copy of our database was restored, are taken up.

Reads: received payments, and the marks on the books' receipts. Leaves: the intents by which such a payment would have been
posted, as if this process had died after sending them: they are looked for in the books, as after any crash. Never: a
write; a payment whose receipts are more, or in other parts, than it would be posted by: those wait for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from receivables.effects import EffectState, marker_stem, markers_in, place_of
from receivables.evidence import Evidence
from receivables.payment import Bucket, FeedStatus, PaymentState
from storage import attempts, effects, marks, payments
from storage.attempts import Attempted
from storage.effects import PlannedEffect, StoredEffect
from storage.payments import Move, StoredPayment
from sync import posting
from sync.desk import Desk
from sync.posting import PAYMENTS_PER_BATCH, Checked


def run_once(desk: Desk, run_id: str) -> int:
    """Takes up what can be, and returns of how many payments. Raises BooksError when the books cannot be read."""
    taken, after, company = 0, "", desk.company.id
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(connection, company, PaymentState.RECEIVED, limit=PAYMENTS_PER_BATCH, after=after)
            found = marks.living(connection, company, {marker_stem(company, stored.number) for stored in batch})
            marked = [stored for stored in batch if marker_stem(company, stored.number) in found]
            chains = effects.of_payments(connection, company, [stored.number for stored in marked]) if marked else {}
        checked = posting.check(desk, marked)
        taken += _take_up(desk, run_id, [(each, _intents(desk, each, chains[each.stored.number])) for each in checked])
        if len(batch) < PAYMENTS_PER_BATCH:
            return taken
        after = batch[-1].number


def generation_in_books(evidence: Evidence) -> int | None:
    """The generation of the receipts that the books hold of a payment and that our rows do not know; None where there are
    none, or where they are more than one for each of its parts.
    """
    unbound = any(not line.invoice_id for line in evidence.lines)
    if unbound or evidence.posted or evidence.payment.status is not FeedStatus.PAID:
        return None
    places = _places(evidence)
    generations = {generation for _, generation in places}
    doubled = len({part for part, _ in places}) < len(places)
    return generations.pop() if len(generations) == 1 and not doubled else None


def _places(evidence: Evidence) -> list[tuple[int, int]]:
    """Part and generation of each living receipt in the books that carries the payment's own mark."""
    stem = marker_stem(evidence.payment.company, evidence.payment.transaction_number)
    return [
        place_of(mark)
        for found in evidence.receipts
        if found.this_payment and not found.receipt.voided and not found.other_money
        for mark in markers_in(found.receipt.memo)
        if mark.startswith(stem)
    ]


def _intents(desk: Desk, checked: Checked, chain: Sequence[StoredEffect]) -> list[PlannedEffect]:
    """What the payment would have been posted by; nothing where that is not what the books hold."""
    stored, evidence = checked.stored, checked.evidence
    generation = generation_in_books(evidence)
    known = {effect.generation for effect in chain}
    if generation is None or generation in known or effects.next_generation(chain) is None:
        return []
    lines = [(line.invoice_id, line.amount_minor) for line in evidence.lines]
    customer = evidence.customer.id if evidence.customer else ""
    parts = desk.books.parts(stored.payment, lines, desk.company, customer)
    if not {part for part, _ in _places(evidence)} <= {part.number for part in parts}:
        return []
    planned = [posting.receipt_effect(desk, part, generation, evidence) for part in parts]
    return [replace(effect, state=EffectState.UNKNOWN) for effect in planned]


def _take_up(desk: Desk, run_id: str, found: Sequence[tuple[Checked, list[PlannedEffect]]]) -> int:
    moves = {each.stored.number: _move(each.stored, intents) for each, intents in found if intents}
    if not moves:
        return 0
    with desk.work() as work:
        moved = payments.move_many(work, list(moves.values()))
        effects.plan_many(work, [intent for each, intents in found if each.stored.number in moved for intent in intents])
        told = "a receipt with our mark is in the books"
        of = [each.stored.payment for each, _ in found if each.stored.number in moved]
        attempts.record_many(work, run_id, [Attempted(payment, failed=False, code="taken_up", message=told) for payment in of])
    return len(moved)


def _move(stored: StoredPayment, intents: Sequence[PlannedEffect]) -> Move:
    body = {"marks": [intent.marker for intent in intents], "why": "the books hold a receipt with our mark that we did not know"}
    return Move(stored, PaymentState.POSTING, Bucket.IN_FLIGHT, "payment.taken_up", body)
