"""Money that goes out of a payment in part, or more than once, as the feed tells it.

Reads: what the feed says, and what it said before. Leaves: each reversal on the payment's row, and a failure of the feed's own
for what went out beside the payment: a part of it, or more than it brought in. Never: a write to the books, or such a failure
ended because the payment's own receipt is balanced; `sync/part_refunds.py` ends it, or people do, or a dispute that is won.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import rules
from receivables.diagnosis import Diagnosis, Remedy
from receivables.evidence import Evidence
from receivables.payment import Dispute, FeedStatus, Payment
from receivables.reversals import Reversal, as_held, is_over, out_minor, parts, told_by, with_reversal
from storage import decisions, effects, failures, kept_evidence, payments, receipt_claims
from storage.engine import Connection
from storage.kept_evidence import ReadEvidence
from storage.payments import StoredPayment
from storage.taking_in import BEFORE_START_ON
from storage.work import Work
from sync.batch_reading import NO_SETTINGS
from sync.desk import Desk

TWICE = "out_twice"  # why a failure is opened: the fact that it rests on
PART = "partly_refunded"
NOT_READ_YET = ("what the books hold of it",)


def known_before(work: Work, told: Sequence[Payment]) -> Mapping[str, StoredPayment]:
    """The payments as we hold them of which the feed says something of money that went out or came back; the others unread."""
    asked = [payment.transaction_number for payment in told if payment.status is not FeedStatus.PAID or payment.dispute]
    return payments.by_numbers(work.connection, work.company, asked)


def stated(payment: Payment, before: StoredPayment | None) -> Payment:
    """The record of the feed with how much went back apart from what the payment is, where it tells another amount of one that
    we hold: that is no correction of the payment.
    """
    if before is None or not is_over(payment) or payment.currency != before.payment.currency:
        return payment
    if payment.amount_minor == before.payment.amount_minor:
        return payment
    return replace(
        before.payment,
        status=payment.status,
        status_at=payment.status_at,
        reason_code=payment.reason_code,
        dispute=payment.dispute,
        fee_minor=payment.fee_minor,
        refunded_minor=payment.refunded_minor,
        status_minor=payment.amount_minor,
    )


def held(told: Payment, before: StoredPayment | None) -> Payment:
    """The same as we hold it: a payment of which only a part went back is paid."""
    if before is None:
        return as_held(told)
    others = list(before.reversals)
    again = (told.status, told.status_minor)
    known = next((reversal for reversal in others if (reversal.status, reversal.amount_minor) == again), None)
    if known and told.status_at in (None, known.at):
        others.remove(known)
    return as_held(told, out_minor(before.payment, others))


def note(work: Work, desk: Desk, told: Payment, before: StoredPayment | None, stored: StoredPayment) -> bool:
    """Remembers the reversal that a record tells, and tells a person of what is new about it; whether it is. `stored` is the
    payment as it is kept with that record, `before` as it was.
    """
    if stored.excluded_by == BEFORE_START_ON:
        return False
    reversals, was_minor = _reversals_before(before), out_minor(before.payment, _reversals_before(before)) if before else 0
    if reversal := told_by(told, work.at):
        reversals = with_reversal(reversals, reversal, told)
    more = out_minor(stored.payment, reversals) > stored.payment.amount_minor or parts(stored.payment, reversals)
    if more and reversals != stored.reversals:  # one reversal by which all of it went out is the payment's own status
        payments.set_reversals(work, stored.number, reversals)
        stored = replace(stored, reversals=reversals)
    if out_minor(stored.payment, reversals) == was_minor:
        return False
    tell(work, desk, stored)
    return True


def _reversals_before(before: StoredPayment | None) -> tuple[Reversal, ...]:
    """The reversals before; what the feed said last is one of them, also where it was told before we kept them."""
    if before is None:
        return ()
    last = told_by(before.payment, before.told_at or before.received_at)
    return with_reversal(before.reversals, last, before.payment) if last else before.reversals


def tell(work: Work, desk: Desk, stored: StoredPayment) -> None:
    """Tells a person what went out beside the payment; nothing where what is told of the payment itself says it all."""
    payment, words, reversals = stored.payment, desk.company.words, stored.reversals
    if payment.status is FeedStatus.PAID:
        reversals = parts(payment, reversals)
    if reversals and out_minor(payment, reversals) > payment.amount_minor:
        _open(work, desk, stored, rules.went_out_twice(payment, reversals, work.at, words))
    elif payment.status is FeedStatus.PAID:
        posted = bool(receipts_of(work.connection, work.company, [stored.number])[stored.number])
        told = rules.gave_back_partly(payment, reversals, work.at, words, posted=posted)
        _open(work, desk, stored, told, beside(stored, work.at))


def _open(work: Work, desk: Desk, stored: StoredPayment, diagnosis: Diagnosis, beside: Sequence[Reversal] = ()) -> None:
    """Opens a failure of the feed's own; the fact it rests on is why. `beside` is what these books may record of it at our
    order, once they were read about it.
    """
    failure_id = failures.open_intake(work, stored.payment, diagnosis, because=diagnosis.primary.because[0].fact)
    found = failures.get(work.connection, work.company, failure_id)
    evidence = Evidence(
        payment=stored.payment,
        generation=stored.generation,
        taken_at=work.at,
        settings=NO_SETTINGS,
        received_on_closed=False,
        isolated=True,
        unread=NOT_READ_YET if beside else (),
        time_zone=desk.company.time_zone.key,
        beside=tuple(beside),
    )
    kept_evidence.store(work, [ReadEvidence.of(found, evidence)])


def beside(stored: StoredPayment, at: datetime) -> tuple[Reversal, ...]:
    """What went out beside the payment, as the feed told: each part of it; a refund whose day nobody told, at this moment."""
    in_part = parts(stored.payment, stored.reversals)
    undated_minor = out_minor(stored.payment, in_part) - sum(reversal.amount_minor for reversal in in_part)
    undated = (Reversal(FeedStatus.REFUNDED, at, undated_minor),) if undated_minor else ()
    return (*undated, *in_part)


def receipts_of(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, set[str]]:
    """By transaction number, our receipts and those that a dismissal rests on."""
    chains = effects.of_payments(connection, company, numbers)
    proofs = receipt_claims.standing(connection, company, numbers)
    return {
        number: effects.recorded_ids(chains[number]) | {proof.receipt_id for proof in proofs.get(number, ())}
        for number in numbers
    }


# --- a dispute that is won beside another reversal -----------------------------------------------------------------------------


def won_beside(work: Work, desk: Desk, before: StoredPayment, payment: Payment) -> bool:
    """Whether the dispute of a payment was won that has another reversal too: only that one counts again.

    The payment is then what it was before it was charged back, and what was open about the second reversal is over.
    """
    if payment.status is not FeedStatus.PAID or payment.dispute is not Dispute.WON:
        return False
    of = before.payment
    others = [reversal for reversal in _reversals_before(before) if reversal.status is not FeedStatus.CHARGED_BACK]
    whole = [reversal for reversal in others if reversal.amount_minor >= of.amount_minor]
    if not whole:
        return False
    if of.dispute is not Dispute.WON:
        now = replace(of, status=whole[-1].status, status_at=whole[-1].at, dispute=Dispute.WON, reason_code="")
        payments.set_status(work, now, before=of.status)
        payments.confirm_status(work, before.number)
        payments.set_reversals(work, before.number, others)
        _came_back(work, desk, before)
    return True


def _came_back(work: Work, desk: Desk, before: StoredPayment) -> None:
    """The second reversal is over: its failure ends, or where it was recorded in the books, a person takes that back there."""
    found = failures.open_of(work.connection, work.company, before.number, "intake")
    if found is not None and found.opened_because == TWICE:
        failures.resolve(work, found, resolution="put_right", by="")
        return
    told = [of for of in failures.of_payment(work.connection, work.company, before.number) if of.opened_because == TWICE]
    if told and told[-1].resolution in ("carried_out", "put_right"):
        lost = [reversal for reversal in _reversals_before(before) if reversal.status is FeedStatus.CHARGED_BACK]
        entry = _named(work.connection, work.company, before.number, told[-1].id)
        minor = sum(reversal.amount_minor for reversal in lost)
        _open(work, desk, before, rules.won_after_recorded(before.payment, minor, entry, work.at))


def _named(connection: Connection, company: str, number: str, failure_id: str) -> str:
    """The entry that people named for a failure; "" where the books showed it."""
    made = decisions.of_payment(connection, company, number)
    named = [rules.named_entry(of.options) for of in made if of.failure_id == failure_id and of.remedy is Remedy.RECORD_RETURN]
    return named[-1] if named else ""
