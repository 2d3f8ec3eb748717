"""What people choose is written down: who may, what is offered, and that the first one wins.

Reads: the open failure of a payment. Leaves: a decision, accepted or waiting for a second person. Never: a write to the
books, or a remedy that was not offered on the facts that were shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import rules
from receivables.authority import Answer, Question, Ruling, may_approve, may_decide
from receivables.corrections import KEEP_OURS
from receivables.diagnosis import Diagnosis, Remedy
from receivables.errors import NotFound, NotPermitted, StaleDecision
from receivables.evidence import Evidence
from receivables.makers import makers_of
from receivables.payment import Bucket, PaymentState
from receivables.words import capitalized, listed
from storage import corrections, decisions, failures, kept_evidence, other_money, outbox, payments, receipt_claims
from storage.corrections import CORRECTION
from storage.decisions import AlreadyDecided, StoredDecision
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.work import Work
from sync import approvals, correcting, day_limits, matching, nearby
from sync.corrections import ask
from sync.desk import Desk

NAMED_AT_MOST = 5  # of those who may approve


@dataclass(frozen=True)
class Shown:
    """What a person is shown before they decide: the failure with its evidence, and whether they may."""

    stored: StoredPayment
    found: StoredFailure
    answer: Answer


def shown(desk: Desk, number: str, remedy: Remedy, *, by: str, options: Mapping[str, Any] | None = None) -> Shown:
    """What deciding would mean, before anything is written down. Raises as `request` does; whether they may is in the answer."""
    desk.must_be_configured()
    with desk.db.read() as connection:
        stored, found, question = _in_question(connection, desk, number, remedy, options or {})
        question = day_limits.counted(connection, desk, question, desk.clock.now())
    return Shown(stored, found, may_decide(desk.people.get(by), question))


def request(
    desk: Desk,
    number: str,
    remedy: Remedy,
    *,
    by: str,
    channel: str,
    reason: str = "",
    options: Mapping[str, Any] | None = None,
    os_account: str = "",
    decision_id: str | None = None,
    evidence_id: str | None = None,
) -> StoredDecision:
    """Writes down what a person chose; it is carried out by `run_once`.

    `decision_id` makes a repeated press the same decision; `evidence_id` is what the person was shown (`StoredFailure.shown`),
    where that is not simply the newest. On the command line `os_account` is who the record names.

    Raises NotFound when there is nothing to decide, NotPermitted when this person may not, and StaleDecision when
    the remedy is not offered or somebody else decided first.
    """
    desk.must_be_configured()
    with desk.acknowledge(os_account or by) as work:
        connection = work.connection
        pressed = decisions.find(connection, work.company, decision_id) if decision_id else None
        if pressed is not None:
            return pressed
        chosen = dict(options or {})
        stored, found, question = _in_question(connection, desk, number, remedy, chosen, evidence_id)
        question = day_limits.counted_alone(work, desk, question)
        answer = may_decide(desk.people.get(by), question)
        if answer.ruling is not Ruling.REFUSED:
            made = StoredDecision(
                company=work.company,
                id=decision_id or work.ids.new(),
                failure_id=found.id,
                transaction_number=stored.number,
                remedy=remedy,
                requested_by=by,
                requested_at=work.at,
                approved_by=None,
                approved_at=None,
                channel=channel,
                os_account=os_account,
                reason=reason,
                options=chosen,
                amount_minor=question.amount_minor,
                currency=question.currency,
                evidence_id=found.evidence_id,
                state="accepted" if answer.ruling is Ruling.ALLOWED else "waiting_approval",
                outcome=answer.reason,
                changed_at=work.at,
                by_maker=answer.by_maker,
            )
            _record(work, desk, made)
            approvals.ask(work, desk, made, question)
            return made
        _not_permitted(work, number, answer, what=remedy, by=by)
    raise NotPermitted(answer.reason)


def _in_question(
    connection: Connection,
    desk: Desk,
    number: str,
    remedy: Remedy,
    options: Mapping[str, Any],
    evidence_id: str | None = None,
) -> tuple[StoredPayment, StoredFailure, Question]:
    """The payment, its open failure, and what is asked of `may_decide`. Raises NotFound and StaleDecision as `request` does."""
    stored, found = _open_failure(connection, desk, number, remedy, evidence_id)
    if found.about == "payment" and (first := correcting.in_the_way(connection, desk.company.id, number, remedy)):
        raise StaleDecision(first)
    diagnosis = _as_shown(found, evidence_id)
    _is_offered(desk, found, remedy)
    evidence = _evidence(connection, desk, found.evidence_id, remedy, options)
    return stored, found, question_of(desk, stored, diagnosis, evidence, remedy, options)


def _evidence(
    connection: Connection, desk: Desk, evidence_id: str | None, remedy: Remedy, options: Mapping[str, Any]
) -> Evidence | None:
    """What the person was shown, with what they named beside it."""
    found = kept_evidence.find(connection, desk.company.id, evidence_id)
    return found and nearby.with_named(connection, desk.company.id, found, remedy, options)


def _as_shown(found: StoredFailure, evidence_id: str | None) -> Diagnosis:
    """The diagnosis, if it still is the one that the person was shown. Raises StaleDecision."""
    if evidence_id is not None and found.shown != evidence_id:
        raise StaleDecision("The books changed since this was shown. The card now shows what they say.")
    if found.diagnosis is None:
        raise StaleDecision(f"Payment {found.transaction_number} has not been diagnosed yet. Run a sync first.")
    return found.diagnosis


def _record(work: Work, desk: Desk, made: StoredDecision) -> None:
    """Keeps the decision and wants its card. Raises StaleDecision, naming who, when somebody else decided first."""
    try:
        decisions.record(work, made)
    except AlreadyDecided as taken:
        other = taken.other
        chose = f"{desk.name_of(other.requested_by)} already chose “{other.remedy.label}”; it is {other.stands}."
        how = " Approve or decline it on its card in Slack." if other.state == "waiting_approval" else ""
        raise StaleDecision(chose + how) from None
    _want_card(work, made)


def approve(desk: Desk, decision_id: str, *, by: str) -> StoredDecision:
    """A second person agrees. Raises NotPermitted, and StaleDecision when it was decided meanwhile."""
    desk.must_be_configured()
    with desk.acknowledge(by) as work:
        decision = _waiting(work.connection, desk, decision_id)
        answer = _may_approve(work, desk, decision, by)
        if answer.ruling is Ruling.ALLOWED:
            decisions.approve(work, decision, by_maker=answer.by_maker)
            _want_card(work, decision)
            return decisions.get(work.connection, work.company, decision_id)
        _not_permitted(work, decision.transaction_number, answer, what="approve", by=by)
    raise NotPermitted(answer.reason)


def decline(desk: Desk, decision_id: str, *, by: str) -> StoredDecision:
    """The person who asked takes it back, or a person with a right for the remedy says no."""
    desk.must_be_configured()
    with desk.acknowledge(by) as work:
        decision = _waiting(work.connection, desk, decision_id)
        _decline(work, desk, decision, by)
        return decisions.get(work.connection, work.company, decision_id)


def _decline(work: Work, desk: Desk, decision: StoredDecision, by: str) -> None:
    answer = may_decide(desk.people.get(by), Question(desk.company.id, decision.remedy, 1, decision.currency))
    if answer.ruling is Ruling.REFUSED and by != decision.requested_by:
        raise NotPermitted(answer.reason)
    decisions.move(work.acting_as("sync"), decision, "refused", outcome=f"declined by {desk.name_of(by)}")
    _want_card(work, decision)


def reopen(desk: Desk, number: str, *, by: str, os_account: str = "") -> str:
    """Takes a dismissal back, a match, or that receipts are other money, and posts nothing by itself.

    The same right as deciding it. A dismissed correction of the feed is asked about again. What waits for a second person is
    declined. What was matched or said of receipts can be taken back as long as ours is not in the books.
    Returns the id of the failure.
    """
    desk.must_be_configured()
    with desk.acknowledge(os_account or by) as work:
        stored = payment_of(work.connection, desk, number)
        made_so_far = decisions.of_payment(work.connection, work.company, number)
        waiting = next((made for made in made_so_far if made.state == "waiting_approval" and made.failure_id), None)
        if waiting and waiting.failure_id:
            _decline(work, desk, waiting, by)
            return waiting.failure_id
        if any(made.state == "carrying_out" for made in made_so_far):
            raise StaleDecision("What was decided is still being carried out. Reopen the payment afterward.")
        dismissed = stored.state is PaymentState.DISMISSED
        kept = None if dismissed else corrections.dismissed(work.connection, work.company, number)
        remedy, payment = Remedy.DISMISS if kept else _undone(work, stored), stored.payment
        question = Question(desk.company.id, remedy, payment.amount_minor, payment.currency)
        answer = may_decide(desk.people.get(by), question)
        if answer.ruling is Ruling.REFUSED:
            raise NotPermitted(answer.reason)
        if kept:
            return ask(work, desk, stored, kept)
        if remedy is Remedy.NOT_DUPLICATE:
            other_money.withdraw(work.acting_as(by), number)
        elif remedy is Remedy.MATCH:
            matching.undo(work.acting_as(by), number, made_so_far)
        else:
            receipt_claims.withdraw(work, number)
        body = {"person": by, "remedy": remedy}
        if stored.state is not PaymentState.FAILED:
            payments.move(work, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.reopened", body=body)
        return failures.open_one(work, payment, because="reopened", held=True, message=_UNDONE[remedy])


#: What is said of a payment that was reopened, by the remedy that was taken back.
_UNDONE = {
    Remedy.DISMISS: "the dismissal was undone",
    Remedy.NOT_DUPLICATE: "what was said of its receipts was taken back",
    Remedy.MATCH: "the match was taken back",
}


def _undone(work: Work, stored: StoredPayment) -> Remedy:
    """Which remedy a reopening takes back. Raises StaleDecision where there is none, or ours is in the books."""
    if stored.state is PaymentState.DISMISSED:
        return Remedy.DISMISS
    if stored.nothing_sent and other_money.said(work.connection, work.company, [stored.number]):
        return Remedy.NOT_DUPLICATE
    if stored.nothing_sent and matching.holds(work.connection, work.company, stored.number):
        return Remedy.MATCH
    raise StaleDecision(f"Payment {stored.number} is {stored.state}, not dismissed, so there is nothing to reopen.")


def question_of(
    desk: Desk,
    stored: StoredPayment,
    diagnosis: Diagnosis,
    evidence: Evidence | None,
    remedy: Remedy,
    options: Mapping[str, Any],
) -> Question:
    """What is asked of `may_decide` and `may_approve`: how much, and who made what it is about."""
    two = rules.two_people(remedy, diagnosis, evidence, options, desk.company, desk.clock.now())
    if evidence and evidence.correction:
        return correcting.question(desk, stored, evidence, remedy, two)
    named, in_place = None, list[str]()
    if evidence:
        named = _documents(remedy, diagnosis, evidence, options)
        in_place = rules.in_place_of(diagnosis, evidence, options) if remedy in rules.POST_ANEW else []
    made = makers_of(remedy, diagnosis, evidence, named, in_place)
    return Question(
        company=desk.company.id,
        remedy=remedy,
        amount_minor=rules.asked_minor(stored.payment, evidence),
        currency=stored.payment.currency,
        two=two,
        imported_by=stored.taken_in_by,
        touched_by=made.people,
        unknown_makers=made.unknown,
        solo=desk.company.solo,
    )


def _documents(remedy: Remedy, diagnosis: Diagnosis, evidence: Evidence, options: Mapping[str, Any]) -> list[str] | None:
    """The ids of the receipts that the decision rests on, where it names them. Raises CannotBeDone for what does not fit."""
    match remedy:
        case Remedy.DISMISS:
            proof = rules.proof_of(diagnosis, evidence, options)
            rules.asked_to_apply(evidence, proof, options)
            return [proven.receipt.id for proven in proof.receipts]
        case Remedy.NOT_DUPLICATE if rules.is_about_twin(evidence, options):
            return []
        case Remedy.NOT_DUPLICATE:
            rules.cash_reference(evidence, options)
            return [rules.other_money(evidence, options).receipt.id]
        case Remedy.RECORD_RETURN:
            return [of.receipt.id for of in rules.returns(evidence, options).of]
        case Remedy.VOID_RECEIPT:
            rules.to_void(evidence, options)
    return None


def _waiting(connection: Connection, desk: Desk, decision_id: str) -> StoredDecision:
    decision = decisions.find(connection, desk.company.id, decision_id)
    if decision is None:
        raise NotFound("This decision is not known here. Look at the card again.")
    if decision.state != "waiting_approval":
        by = f" by {desk.name_of(decision.approved_by)}" if decision.approved_by else ""
        raise StaleDecision(f"This decision is no longer waiting: it is {decision.stands}{by}.")
    return decision


def _may_approve(work: Work, desk: Desk, decision: StoredDecision, by: str) -> Answer:
    connection = work.connection
    stored = payment_of(connection, desk, decision.transaction_number)
    found = failures.get(connection, desk.company.id, decision.failure_id or "")
    if found.diagnosis is None:
        raise StaleDecision("The failure is being checked again. Wait for its card.")
    evidence = _evidence(connection, desk, decision.evidence_id, decision.remedy, decision.options)
    question = question_of(desk, stored, found.diagnosis, evidence, decision.remedy, decision.options)
    question = day_limits.counted_alone(work, desk, question)
    requester = desk.people.get(decision.requested_by)
    answer = may_approve(desk.people.get(by), requester, question)
    if by != decision.requested_by or answer.ruling is not Ruling.REFUSED:
        return answer
    others = [person.name for person in desk.people.values() if may_approve(person, requester, question).ruling is Ruling.ALLOWED]
    may = f"{listed(sorted(others), NAMED_AT_MOST, last='or')} may." if others else "Nobody else has the right to."
    return replace(answer, reason=f"You asked for this, so somebody else must approve it. {may}")


def _is_offered(desk: Desk, found: StoredFailure, remedy: Remedy) -> None:
    choices = found.offered
    if remedy in choices:
        return
    if not choices:
        raise StaleDecision("There is nothing to decide yet: we keep checking the books until they show what happened.")
    blocked = found.diagnosis.primary.blocked if found.diagnosis else None
    reason = f" {capitalized(rules.fact_sentence(blocked, desk.company.words))}" if blocked else ""
    keeps = {Remedy.DISMISS: KEEP_OURS} if found.about == CORRECTION else {}
    offered = listed([f"{keeps.get(choice, choice.label)} ({choice})" for choice in choices])
    raise StaleDecision(f"{remedy.label} is not offered for this failure. Choose one of: {offered}.{reason}")


def payment_of(connection: Connection, desk: Desk, number: str) -> StoredPayment:
    stored = payments.find(connection, desk.company.id, number)
    if stored is None:
        raise NotFound(f"{desk.company.id} has no payment {number}.")
    return stored


def _open_failure(
    connection: Connection, desk: Desk, number: str, remedy: Remedy, shown: str | None
) -> tuple[StoredPayment, StoredFailure]:
    """The failure that was shown. Else the correction, where this is said of one; else that of the payment before others."""
    stored = payment_of(connection, desk, number)
    opened = [
        found
        for about in ("payment", CORRECTION, "intake")
        if (found := failures.open_of(connection, desk.company.id, number, about)) is not None
    ]
    if not opened:
        raise NotFound(f"Payment {number} has no open failure (it is {stored.state}), so there is nothing to decide.")

    def place(found: StoredFailure) -> tuple[bool, bool]:
        corrects = remedy is Remedy.ACCEPT_CORRECTION or (remedy is Remedy.DISMISS and correcting.can_be_taken(found))
        return found.shown != shown, not (found.about == CORRECTION and corrects)

    return stored, min(opened, key=place)


def _want_card(work: Work, decision: StoredDecision) -> None:
    if decision.failure_id:
        outbox.want(work, "failure", decision.failure_id)


def _not_permitted(work: Work, number: str, answer: Answer, *, what: str, by: str) -> None:
    body = {"what": what, "reason": answer.reason, "person": by}
    work.record("decision.not_permitted", transaction_number=number, body=body)
