"""A person decides about the feed's newer record of a payment: it is taken in place of ours, or ours is kept.

Reads: open corrections, and whether a receipt of ours is in the books, fresh. Leaves: the payment as the feed now has it,
among the received again, to be bound and judged anew; or our record, and the correction never told again. Never: another
content while something of ours is in the books.
"""

from __future__ import annotations

from dataclasses import replace

import rules
from receivables.authority import Question
from receivables.corrections import Correction
from receivables.diagnosis import Remedy
from receivables.effects import EffectState
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.makers import WITHOUT_CONSEQUENCE
from receivables.payment import Bucket, PaymentState
from receivables.two_people import TwoPeople
from storage import codec, corrections, effects, failures, kept_evidence, payments
from storage.decisions import StoredDecision
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.taking_in import hold_if_twin
from storage.work import Work
from sync import binding
from sync.cases import gone_receipts
from sync.corrections import about
from sync.desk import Desk
from sync.intake import excluded_by, note_fee_and_refund
from sync.open_failures import of_one

CORRECTIONS_PER_SYNC = 100
#: What may be decided about a payment while its newer record waits: nothing that posts the older one.
MEANWHILE = WITHOUT_CONSEQUENCE | {Remedy.RETRY}
FIRST = "The feed has this payment with other content. Take that correction or dismiss it first."


def run_once(desk: Desk) -> None:
    """Looks again whether open corrections can be taken: a receipt of ours may have come into the books, or left them."""
    with desk.db.read() as connection:
        opened = failures.open_ones(connection, desk.company.id, about=corrections.CORRECTION, limit=CORRECTIONS_PER_SYNC)
        known = payments.by_numbers(connection, desk.company.id, failures.transaction_numbers(opened))
    for found in opened:
        tell_anew(desk, known[found.transaction_number], found)


def tell_anew(desk: Desk, stored: StoredPayment, found: StoredFailure) -> Evidence | None:
    """Fresh evidence about a correction, told again where it says something new. None where nobody knows what it was."""
    with desk.db.read() as connection:
        correction = corrections.of(connection, found)
    if correction is None:
        return None
    evidence = _fresh(desk, stored, found, correction)
    diagnosis = rules.corrected(evidence, stored.state)
    blocked = found.diagnosis.primary.blocked if found.diagnosis else None
    with desk.work() as work:
        kept = found.evidence_id or ""
        told = kept_evidence.hashes(work.connection, work.company, [kept])[kept]
        if told != codec.facts_hash(evidence) or blocked != diagnosis.primary.blocked:
            corrections.tell(work, stored.payment, evidence, diagnosis)
    return evidence


def _fresh(desk: Desk, stored: StoredPayment, found: StoredFailure, correction: Correction) -> Evidence:
    """What the books say of our own receipts and of closed periods; of all else a correction does not speak."""
    read = of_one(desk, stored, found)
    ours = tuple(receipt for receipt in read.receipts if receipt.ours)
    return replace(
        about(desk, stored, correction, read.posted),
        settings=read.settings,
        receipts=ours,
        unread=read.unread,
        money_out=read.money_out,
        told_before=read.told_before,
    )


def question(desk: Desk, stored: StoredPayment, evidence: Evidence, remedy: Remedy, two: TwoPeople | None) -> Question:
    """What is asked of `may_decide`: taking it is kept from whoever imported it, keeping ours from whoever imported ours."""
    held, correction = stored.payment, evidence.correction
    taking = remedy is Remedy.ACCEPT_CORRECTION and correction is not None
    decided = correction.payment if taking and correction else held
    amount = max(held.amount_minor, decided.amount_minor) if held.currency == decided.currency else decided.amount_minor
    return Question(
        company=desk.company.id,
        remedy=remedy,
        amount_minor=amount,
        currency=decided.currency,
        two=two,
        imported_by=correction.brought_by if taking and correction else stored.taken_in_by,
        solo=desk.company.solo,
    )


def in_the_way(connection: Connection, company: str, number: str, remedy: Remedy) -> str:
    """Why this remedy of the payment waits for its correction; "" where it does not."""
    found = failures.open_of(connection, company, number, corrections.CORRECTION)
    return FIRST if remedy not in MEANWHILE and can_be_taken(found) else ""


def can_be_taken(found: StoredFailure | None) -> bool:
    """Whether a failure is a correction that may be taken, as far as is known."""
    return found is not None and found.about == corrections.CORRECTION and Remedy.ACCEPT_CORRECTION in found.offered


def settle(
    work: Work, desk: Desk, decision: StoredDecision, stored: StoredPayment, found: StoredFailure, evidence: Evidence
) -> str:
    """Carries a decision out, and returns in words what was done. Raises CannotBeDone."""
    match decision.remedy:
        case Remedy.ACCEPT_CORRECTION:
            _take(work, desk, decision, stored, evidence)
            resolution, words = (
                "carried_out",
                "the payment now says what the feed says; it is checked again, and posted when it fits",
            )
        case Remedy.DISMISS:
            resolution, words = "dismissed", "our record of the payment was kept"
        case _:
            return "noted; nothing was changed"
    if not failures.resolve(work, found, resolution=resolution, by=decision.requested_by):
        raise CannotBeDone("The feed brought another record meanwhile. Look at the card again.")
    return words


def _take(work: Work, desk: Desk, decision: StoredDecision, stored: StoredPayment, evidence: Evidence) -> None:
    blocked, correction, number = rules.corrected(evidence, stored.state).primary.blocked, evidence.correction, stored.number
    if blocked is not None:
        raise CannotBeDone(rules.fact_sentence(blocked, desk.company.words))
    for effect in gone_receipts(evidence, effects.of_payments(work.connection, work.company, [number])[number]):
        effects.end_without_sending(work, effect, EffectState.SUPERSEDED, why="its receipt was read as gone")
    person = work.acting_as(decision.requested_by)
    if correction is None or not corrections.replace(person, stored, correction, decision_id=decision.id):
        raise CannotBeDone("The payment changed while this was being carried out. Look at it again, then decide.")
    found = failures.open_of(work.connection, work.company, number)
    if found is not None:
        failures.resolve(work, found, resolution="retried", by=decision.requested_by)
    taken = payments.find(work.connection, work.company, number)
    if taken is None:
        raise AssertionError(f"payment {number} was corrected and is gone")
    binding.bind(work, desk.company, [taken])
    before = (taken.payment.fee_minor, taken.payment.refunded_minor)
    note_fee_and_refund(work, desk, correction.payment, before=before)
    rule = excluded_by(desk, taken.payment)
    twin = rule is None and hold_if_twin(work, taken.payment, desk.company.time_zone)
    if rule:
        state, bucket = PaymentState.EXCLUDED, Bucket.EXCLUDED
    else:
        state, bucket = (PaymentState.FAILED, Bucket.WAITING_PERSON) if twin else (PaymentState.RECEIVED, Bucket.TO_DO)
    payments.move(person, taken, state, bucket, action="payment.accept_correction", excluded_by=rule,
                  body={"decision": decision.id, "reason": decision.reason})  # fmt: skip
