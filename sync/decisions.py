"""People's decisions are checked and carried out: authority, then fresh facts, then planned effects.

Reads: accepted decisions. Leaves: effects and proof, or the decision refused or stale, with a reason for the person.
Never: a remedy on facts other than those the person saw; an answer "done" before the books said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receivables.authority import Answer, Question, Ruling, may_approve, may_decide
from receivables.books_records import CreditMemo
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.effects import EffectState
from receivables.errors import NotFound, NotPermitted, StaleDecision
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from receivables.payment import Bucket, PaymentState
from storage import audit, codec, decisions, effects, failures, outbox, payments
from storage.decisions import AlreadyDecided, StoredDecision
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from sync import remedies
from sync.desk import Desk
from sync.evidence import of_one
from sync.remedies import CannotBeDone, Case, Plan

DECISIONS_PER_RUN = 20


@dataclass
class DecisionCounts:
    carried_out: int = 0
    refused: int = 0
    stale: int = 0


def offered(found: StoredFailure) -> tuple[Remedy, ...]:
    """The remedies a person may choose for this failure, the recommended one first."""
    if found.diagnosis is None:
        return ()
    primary = found.diagnosis.primary
    wanted = [primary.remedy, *primary.alternatives, *(one.remedy for one in found.diagnosis.runners_up)]
    if primary.cause is Cause.OUTCOME_UNKNOWN:
        return ()
    if primary.blocked:
        wanted = [one for one in wanted if one is not primary.remedy]
    return tuple(dict.fromkeys(wanted))


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
) -> StoredDecision:
    """Writes down what a person chose; it is carried out by `run_once`.

    Raises NotFound when there is nothing to decide, NotPermitted when this person may not, and StaleDecision when
    the remedy is not offered or somebody else decided first.
    """
    at = desk.clock.now()
    with desk.db.acknowledge() as connection:
        stored, found = _open_failure(connection, desk, number)
        diagnosis = found.diagnosis
        if diagnosis is None:
            raise StaleDecision(f"Payment {number} has not been diagnosed yet; run a sync first.")
        _is_offered(found, remedy)
        evidence = failures.evidence(connection, desk.company.id, found.evidence_id) if found.evidence_id else None
        chosen = dict(options or {})
        question = _question(desk, stored, diagnosis, evidence, remedy, chosen)
        answer = may_decide(desk.people.get(by), question)
        if answer.ruling is not Ruling.REFUSED:
            made = StoredDecision(
                company=desk.company.id,
                id=desk.ids.new(),
                failure_id=found.id,
                transaction_number=stored.number,
                remedy=remedy,
                requested_by=by,
                requested_at=at,
                approved_by=None,
                approved_at=None,
                channel=channel,
                os_account=os_account,
                reason=reason,
                options=chosen,
                amount_minor=stored.payment.amount_minor,
                currency=stored.payment.currency,
                evidence_id=found.evidence_id,
                state="accepted" if answer.ruling is Ruling.ALLOWED else "waiting_approval",
                outcome=answer.reason,
                changed_at=at,
            )
            try:
                decisions.record(connection, made)
            except AlreadyDecided as taken:
                other = taken.other
                raise StaleDecision(f"{other.requested_by} already chose {other.remedy}; it is {other.state}.") from None
            outbox.want(connection, desk.ids, company=desk.company.id, subject_kind="failure", subject=found.id, at=at)
            return made
        audit.record(
            connection,
            company=desk.company.id,
            at=at,
            actor=by,
            action="decision.not_permitted",
            transaction_number=number,
            body={"remedy": remedy, "reason": answer.reason, "channel": channel, "os_account": os_account},
        )
    raise NotPermitted(answer.reason)


def reopen(desk: Desk, number: str, *, by: str) -> str:
    """Undoes a dismissal and posts nothing by itself. Returns the id of the failure. The same right as dismissing."""
    at = desk.clock.now()
    with desk.db.acknowledge() as connection:
        stored = _payment(connection, desk, number)
        if stored.state is not PaymentState.DISMISSED:
            raise StaleDecision(f"Payment {number} is {stored.state}, not dismissed; there is nothing to reopen.")
        payment = stored.payment
        question = Question(desk.company.id, Remedy.DISMISS, payment.amount_minor, payment.currency)
        answer = may_decide(desk.people.get(by), question)
        if answer.ruling is Ruling.REFUSED:
            raise NotPermitted(answer.reason)
        decisions.withdraw_proof(connection, desk.company.id, number, at=at)
        payments.move(connection, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, at=at, actor=by, action="payment.reopened")
        return failures.open_one(
            connection, desk.ids, payment, because="reopened", at=at, actor=by, held=True, message="the dismissal was undone"
        )


def run_once(desk: Desk) -> DecisionCounts:
    """Carries out what was accepted. Raises BooksError when the books cannot be read: the decisions then wait."""
    counts = DecisionCounts()
    with desk.db.read() as connection:
        waiting = decisions.in_state(connection, desk.company.id, "accepted", limit=DECISIONS_PER_RUN)
    for decision in waiting:
        _carry_out(desk, decision, counts)
    return counts


def _carry_out(desk: Desk, decision: StoredDecision, counts: DecisionCounts) -> None:
    with desk.db.read() as connection:
        stored = _payment(connection, desk, decision.transaction_number)
        found = failures.get(connection, desk.company.id, decision.failure_id or "")
        seen = failures.evidence_hash(connection, desk.company.id, decision.evidence_id) if decision.evidence_id else ""
        chain = effects.of_payments(connection, desk.company.id, [stored.number])[stored.number]
    if found.state != "open" or found.diagnosis is None:
        _end(desk, decision, "stale", "the failure was resolved meanwhile", counts)
        return
    if found.about == "intake":
        _settle_intake(desk, decision, found, counts)
        return
    evidence = of_one(desk, stored, found)
    memos = _memos(desk, evidence)
    answer = _authority(desk, decision, stored, found.diagnosis, evidence)
    if answer.ruling is not Ruling.ALLOWED:
        _end(desk, decision, "refused", answer.reason, counts)
    elif codec.facts_hash(evidence) != seen:
        _stale(desk, decision, found, evidence, counts)
    else:
        case = Case(desk, decision, stored, found.diagnosis, evidence, chain, memos)
        try:
            _begin(desk, case, found, remedies.plan(case), counts)
        except CannotBeDone as reason:
            _end(desk, decision, "refused", reason.message, counts)


def _memos(desk: Desk, evidence: Evidence) -> Mapping[str, CreditMemo]:
    """The credit memos standing on the payment's invoices, fresh."""
    ids = {one.credit_memo_id for line in evidence.lines for one in line.credits}
    found = desk.books.credit_memos(ids) if ids else {}
    return {one: memo for one, memo in found.items() if isinstance(memo, CreditMemo)}


def _authority(desk: Desk, decision: StoredDecision, stored: StoredPayment, diagnosis: Diagnosis, evidence: Evidence) -> Answer:
    """Asked again at the moment of carrying out: rights may have been taken away since the press."""
    question = _question(desk, stored, diagnosis, evidence, decision.remedy, decision.options)
    requester = desk.people.get(decision.requested_by)
    if decision.approved_by is None:
        return may_decide(requester, question)
    return may_approve(desk.people.get(decision.approved_by), requester, question)


def _question(
    desk: Desk,
    stored: StoredPayment,
    diagnosis: Diagnosis,
    evidence: Evidence | None,
    remedy: Remedy,
    options: Mapping[str, Any],
) -> Question:
    touched: set[str] = set()
    without_proof = False
    if remedy is Remedy.DISMISS:
        proofs = remedies.proof_for(diagnosis, evidence, options) if evidence else ()
        without_proof = not proofs
        receipts = {one.receipt.id: one.receipt for one in evidence.receipts} if evidence else {}
        touched = {receipts[one.receipt_id].created.person for one in proofs}
    elif remedy is Remedy.UNAPPLY_CREDIT_MEMO and evidence:
        touched = {one.applied.person for line in evidence.lines for one in line.credits}
    return Question(
        company=desk.company.id,
        remedy=remedy,
        amount_minor=stored.payment.amount_minor,
        currency=stored.payment.currency,
        without_proof=without_proof,
        touched_by=frozenset(touched - {""}),
    )


def _begin(desk: Desk, case: Case, found: StoredFailure, plan: Plan, counts: DecisionCounts) -> None:
    """Commits intent, decision, record and card together; the books are written to by `effects` alone."""
    at, company = desk.clock.now(), desk.company.id
    decision, stored = case.decision, case.stored
    with desk.db.work() as connection:
        if not decisions.move(connection, decision, "carrying_out", outcome=plan.words, at=at):
            return  # another process was quicker
        if (plan.state, plan.bucket) != (stored.state, stored.bucket) or plan.on_account_minor is not None:
            moved = payments.move(
                connection,
                stored,
                plan.state,
                plan.bucket,
                at=at,
                actor=decision.requested_by,
                action=f"payment.{decision.remedy}",
                body={"decision": decision.id, "reason": decision.reason},
                generation=case.generation if plan.effects else None,
                on_account_minor=plan.on_account_minor,
            )
            if not moved:
                raise CannotBeDone("The payment moved on while this was being carried out; look at it again.")
        _write(connection, desk, case, plan)
        held = decisions.get(connection, company, decision.id)
        if not plan.effects:
            decisions.move(connection, held, "done", outcome=plan.words, at=at)
        if plan.resolution:
            failures.resolve(
                connection, desk.ids, found, resolution=plan.resolution, by=decision.requested_by, at=at, actor="sync"
            )
        else:
            outbox.want(connection, desk.ids, company=company, subject_kind="failure", subject=found.id, at=at)
    counts.carried_out += 1
    failpoint("decisions.after_plan")


def _write(connection: Connection, desk: Desk, case: Case, plan: Plan) -> None:
    at, company, number = desk.clock.now(), desk.company.id, case.stored.number
    decision = case.decision
    for line, invoice_id, customer_id in plan.bindings:
        payments.bind(
            connection,
            company,
            number,
            line,
            invoice_id=invoice_id,
            customer_id=customer_id,
            at=at,
            by=decision.requested_by,
            decision_id=decision.id,
        )
    for one in plan.superseded:
        effects.end_without_sending(
            connection, one, EffectState.SUPERSEDED, why="its receipt was read as gone", at=at, actor="sync"
        )
    for planned in plan.effects:
        effects.plan(connection, planned, at=at, actor=decision.requested_by)
    for proof in plan.proofs:
        claimed = decisions.claim_receipt(
            connection,
            company=company,
            proof_id=desk.ids.new(),
            decision_id=decision.id,
            transaction_number=number,
            receipt_id=proof.receipt_id,
            receipt_amount_minor=proof.receipt_amount_minor,
            amount_minor=proof.amount_minor,
            at=at,
        )
        if not claimed:
            raise CannotBeDone("Other dismissed payments already rest on that receipt's money.")


def _stale(desk: Desk, decision: StoredDecision, found: StoredFailure, evidence: Evidence, counts: DecisionCounts) -> None:
    """The books changed since the person looked: nothing is written, and what they say now is shown instead."""
    at = desk.clock.now()
    with desk.db.work() as connection:
        words = "the books changed since this was shown; look at the new card"
        if decisions.move(connection, decision, "stale", outcome=words, at=at):
            failures.store_evidence(connection, desk.ids, found, evidence)
            outbox.want(connection, desk.ids, company=desk.company.id, subject_kind="failure", subject=found.id, at=at)
            counts.stale += 1


def _end(desk: Desk, decision: StoredDecision, state: str, why: str, counts: DecisionCounts) -> None:
    at = desk.clock.now()
    with desk.db.work() as connection:
        if decisions.move(connection, decision, state, outcome=why, at=at) and decision.failure_id:
            outbox.want(connection, desk.ids, company=desk.company.id, subject_kind="failure", subject=decision.failure_id, at=at)
    counts.refused += 1


def _settle_intake(desk: Desk, decision: StoredDecision, found: StoredFailure, counts: DecisionCounts) -> None:
    """A contradiction in the feed is over when a person says so; the payment we hold is not touched."""
    at = desk.clock.now()
    with desk.db.work() as connection:
        if decisions.move(connection, decision, "carrying_out", outcome="", at=at):
            held = decisions.get(connection, desk.company.id, decision.id)
            decisions.move(connection, held, "done", outcome="what we hold was kept", at=at)
            failures.resolve(connection, desk.ids, found, resolution="retried", by=decision.requested_by, at=at, actor="sync")
            counts.carried_out += 1


def _is_offered(found: StoredFailure, remedy: Remedy) -> None:
    choices = offered(found)
    if remedy in choices:
        return
    if not choices:
        raise StaleDecision("There is nothing to decide yet: the books are read until they tell what happened.")
    blocked = found.diagnosis.primary.blocked if found.diagnosis else ""
    reason = f" {blocked}" if blocked else ""
    raise StaleDecision(f"{remedy} is not offered for this failure; choose one of: {', '.join(choices)}.{reason}")


def _payment(connection: Connection, desk: Desk, number: str) -> StoredPayment:
    stored = payments.find(connection, desk.company.id, number)
    if stored is None:
        raise NotFound(f"{desk.company.id} has no payment {number}.")
    return stored


def _open_failure(connection: Connection, desk: Desk, number: str) -> tuple[StoredPayment, StoredFailure]:
    stored = _payment(connection, desk, number)
    for about in ("payment", "intake"):
        found = failures.open_of(connection, desk.company.id, number, about)
        if found is not None:
            return stored, found
    raise NotFound(f"Payment {number} has no open failure (it is {stored.state}); there is nothing to decide.")
