"""People's decisions are checked and carried out: authority, then fresh facts, then planned effects.

Reads: accepted decisions. Leaves: effects and proof, or the decision refused or stale, with a reason for the person.
Never: a remedy on facts other than those the person saw; an answer "done" before the books said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import rules
from receivables.authority import Answer, Question, Ruling, may_approve, may_decide
from receivables.books_records import CreditMemo
from receivables.diagnosis import Diagnosis, Remedy
from receivables.effects import EffectState
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.failpoints import failpoint
from storage import (
    aliases,
    bindings,
    care,
    codec,
    decisions,
    effects,
    failures,
    kept_evidence,
    other_money,
    outbox,
    payments,
    receipt_claims,
    taking_in,
    twins,
)
from storage.bindings import Bound
from storage.corrections import CORRECTION
from storage.decisions import StoredDecision
from storage.effects import StoredEffect
from storage.failures import StoredFailure
from storage.kept_evidence import ReadEvidence
from storage.payments import StoredPayment
from storage.work import Work
from sync import correcting, day_limits, mirroring, nearby, part_refunds, remedies, taking_back
from sync.cases import Case, Plan
from sync.desk import Desk
from sync.named_invoice import with_named
from sync.open_failures import keep, of_one
from sync.requests import payment_of, question_of

DECISIONS_PER_RUN = 20


@dataclass
class DecisionCounts:
    carried_out: int = 0
    refused: int = 0
    stale: int = 0


def run_once(desk: Desk) -> DecisionCounts:
    """Carries out what was accepted. Raises BooksError when the books cannot be read: the decisions then wait."""
    counts = DecisionCounts()
    if desk.stopped:
        return counts  # they wait: nobody knows who may decide
    with desk.db.read() as connection:
        waiting = decisions.in_state(connection, desk.company.id, "accepted", limit=DECISIONS_PER_RUN)
    if waiting:
        mirroring.run_once(desk, receipts_only=True)  # a receipt entered since may be the money
    for decision in waiting:
        _carry_out(desk, decision, counts)
    return counts


def _carry_out(desk: Desk, decision: StoredDecision, counts: DecisionCounts) -> None:
    with desk.db.read() as connection:
        stored = payment_of(connection, desk, decision.transaction_number)
        found = failures.get(connection, desk.company.id, decision.failure_id or "")
        seen = kept_evidence.find(connection, desk.company.id, decision.evidence_id)
        chain = effects.of_payments(connection, desk.company.id, [stored.number])[stored.number]
    if found.state != "open" or found.diagnosis is None:
        _end(desk, decision, "stale", "the failure was resolved meanwhile", counts)
        return
    if found.about == "intake":
        _settle_beside(desk, decision, stored, found, chain, counts)
        return
    if found.about == CORRECTION:
        _settle_correction(desk, decision, stored, found, counts)
        return
    with desk.db.read() as connection:
        first = correcting.in_the_way(connection, desk.company.id, stored.number, decision.remedy)
    if first:
        _end(desk, decision, "refused", first, counts)
        return
    evidence = of_one(desk, stored, found)
    if evidence.cut_short:
        return  # it waits until the books can be read to the end
    memos = _memos(desk, evidence)
    try:
        with desk.db.read() as connection:
            judged = nearby.with_named(connection, desk.company.id, evidence, decision.remedy, decision.options)
        answer = _authority(desk, decision, stored, found.diagnosis, judged)
        if answer.ruling is not Ruling.ALLOWED:
            _end(desk, decision, "refused", answer.reason, counts)
        elif seen is None or _facts(evidence) != _facts(seen):
            _stale(desk, decision, found, evidence, counts)
        else:
            told = with_named(desk, judged, decision.options)
            case = Case(desk, decision, stored, found.diagnosis, told, chain, memos)
            _begin(desk, case, found, remedies.plan(case), counts)
    except CannotBeDone as reason:  # also where the proof that authority asks for has gone: a decision never stops a sync
        _end(desk, decision, "refused", reason.message, counts)


def _facts(evidence: Evidence) -> str:
    """What a decision rests on. What other payments claim of a receipt is left out: each claim is checked when it is made. So is
    what else the customer owes: an invoice that is named is checked by itself.
    """
    receipts = tuple(replace(found, claimed_minor=0, rivals=()) for found in evidence.receipts)
    return codec.facts_hash(replace(evidence, receipts=receipts, other_invoices=()))


def _memos(desk: Desk, evidence: Evidence) -> Mapping[str, CreditMemo]:
    """The credit memos standing on the payment's invoices, fresh."""
    ids = {applied.credit_memo_id for line in evidence.lines for applied in line.credits}
    found = desk.books.credit_memos(ids) if ids else {}
    return {memo_id: memo for memo_id, memo in found.items() if isinstance(memo, CreditMemo)}


def _authority(desk: Desk, decision: StoredDecision, stored: StoredPayment, diagnosis: Diagnosis, evidence: Evidence) -> Answer:
    """Asked again at the moment of carrying out: rights may have been taken away since the press."""
    return _allowed(desk, decision, question_of(desk, stored, diagnosis, evidence, decision.remedy, decision.options))


def _allowed(desk: Desk, decision: StoredDecision, question: Question) -> Answer:
    with desk.db.read() as connection:
        question = day_limits.counted(connection, desk, question, decision.requested_at, decision.id)
    requester = desk.people.get(decision.requested_by)
    if decision.approved_by is None:
        return may_decide(requester, question)
    return may_approve(desk.people.get(decision.approved_by), requester, question)


def _begin(desk: Desk, case: Case, found: StoredFailure, plan: Plan, counts: DecisionCounts) -> None:
    """Commits intent, decision, record and card together; the books are written to by `effects` alone."""
    decision, stored = case.decision, case.stored
    with desk.work() as work:
        if not decisions.move(work, decision, "carrying_out", outcome=plan.words):
            return  # another process was quicker
        person = work.acting_as(decision.requested_by)
        if (plan.state, plan.bucket) != (stored.state, stored.bucket) or plan.on_account_minor is not None:
            moved = payments.move(
                person,
                stored,
                plan.state,
                plan.bucket,
                action=f"payment.{decision.remedy}",
                body={"decision": decision.id, "reason": decision.reason},
                generation=case.generation if plan.effects else None,
                on_account_minor=plan.on_account_minor,
                excluded_by=plan.excluded_by,
            )
            if not moved:
                raise CannotBeDone("The payment changed while this was being carried out. Look at it again, then decide.")
        _write(work, person, case, plan)
        if plan.aside_until:
            if not taking_in.is_told_as(work, stored.payment):  # it would be set aside although the feed has said more
                raise CannotBeDone("The payment changed while this was being carried out. Look at it again, then decide.")
            care.snooze(work, found, plan.aside_until, by=decision.requested_by)
        if not plan.effects:
            decisions.move(work, replace(decision, state="carrying_out"), "done", outcome=plan.words)
        if plan.resolution:
            failures.resolve(work, found, resolution=plan.resolution, by=decision.requested_by)
        else:
            outbox.want(work, "failure", found.id)
    counts.carried_out += 1
    failpoint("decisions.after_plan")


def _write(work: Work, person: Work, case: Case, plan: Plan) -> None:
    """Writes down the plan. `person` is the same work in the name of the person who decided."""
    decision, number = case.decision, case.stored.number
    bound = [Bound(number, line, invoice_id, customer_id, decision.id) for line, invoice_id, customer_id in plan.bindings]
    bindings.bind_many(person, bound)
    for spelled in plan.spellings:
        only_of = number if spelled.only_here else ""
        said = aliases.Meaning(spelled.spelling, spelled.customer_id, spelled.invoice_number, only_of)
        aliases.remember(person, said, by=decision.requested_by, decision_id=decision.id)
    for effect in plan.superseded:
        effects.end_without_sending(work, effect, EffectState.SUPERSEDED, why="its receipt was read as gone")
    effects.plan_many(person, plan.effects)
    if plan.confirmed:
        payments.confirm_status(person, number)
    if plan.twin and not twins.settle(work, number, plan.twin[0], decision.id, other=plan.twin[1]):
        raise CannotBeDone("Somebody else settled meanwhile what this payment is.")
    if plan.other_money:
        other_money.say(work, number, *plan.other_money, decision.id)
    for proof in plan.proofs:
        if not receipt_claims.claim(work, decision, proof.receipt, proof.amount_minor):
            raise CannotBeDone("Other dismissed payments already rest on that receipt's money.")


def _stale(desk: Desk, decision: StoredDecision, found: StoredFailure, evidence: Evidence, counts: DecisionCounts) -> None:
    """The books changed since the person looked: nothing is written, and what they say now is shown instead."""
    with desk.work() as work:
        words = "the books changed since then"
        if decisions.move(work, decision, "stale", outcome=words):
            keep(work, [ReadEvidence.of(found, evidence)])
            outbox.want(work, "failure", found.id)
            counts.stale += 1


def _end(desk: Desk, decision: StoredDecision, state: str, why: str, counts: DecisionCounts) -> None:
    with desk.work() as work:
        if decisions.move(work, decision, state, outcome=why) and decision.failure_id:
            outbox.want(work, "failure", decision.failure_id)
    counts.refused += 1


def _settle_beside(
    desk: Desk,
    decision: StoredDecision,
    stored: StoredPayment,
    found: StoredFailure,
    chain: Sequence[StoredEffect],
    counts: DecisionCounts,
) -> None:
    """What went out beside the payment is recorded, or over when people say so or name its document; the payment we hold is
    not touched.
    """
    with desk.db.read() as connection:
        seen = kept_evidence.find(connection, desk.company.id, decision.evidence_id)
        now = kept_evidence.find(connection, desk.company.id, found.evidence_id)
    if seen is None or found.diagnosis is None:
        _end(desk, decision, "stale", "the books were not read about it yet; look at the new card", counts)
        return
    if now is None or now.beside != seen.beside or not (seen.beside or found.evidence_id == decision.evidence_id):
        _end(desk, decision, "stale", "the feed told more of it since then; look at the new card", counts)
        return  # an entry that was named, or nothing more to record, says nothing of what went out since
    evidence = seen
    if decision.remedy is Remedy.RECORD_RETURN and not rules.named_entry(decision.options):
        evidence = part_refunds.fresh(desk, stored, found)
        if evidence.cut_short:
            return  # it waits until the books can be read to the end
    try:
        answer = _authority(desk, decision, stored, found.diagnosis, evidence)
        if answer.ruling is not Ruling.ALLOWED:
            _end(desk, decision, "refused", answer.reason, counts)
        elif _facts(evidence) != _facts(seen):
            _stale(desk, decision, found, evidence, counts)
        else:
            case = Case(desk, decision, stored, found.diagnosis, evidence, chain, {})
            _begin(desk, case, found, taking_back.record_beside(case), counts)
    except CannotBeDone as reason:
        _end(desk, decision, "refused", reason.message, counts)


def _settle_correction(
    desk: Desk, decision: StoredDecision, stored: StoredPayment, found: StoredFailure, counts: DecisionCounts
) -> None:
    """The feed's newer record is taken, or ours is kept; on what the books say now of receipts of ours."""
    with desk.db.read() as connection:
        seen = kept_evidence.find(connection, desk.company.id, decision.evidence_id)
    evidence = correcting.tell_anew(desk, stored, found)
    if evidence is None or seen is None or evidence.correction != seen.correction:
        _end(desk, decision, "stale", "the feed brought another record; the card shows it", counts)
        return
    answer = _authority(desk, decision, stored, rules.corrected(evidence, stored.state), evidence)
    if answer.ruling is not Ruling.ALLOWED:
        _end(desk, decision, "refused", answer.reason, counts)
        return
    try:
        with desk.work() as work:
            if not decisions.move(work, decision, "carrying_out", outcome=""):
                return  # another process was quicker
            now = failures.get(work.connection, work.company, found.id)
            words = correcting.settle(work, desk, decision, stored, now, evidence)
            decisions.move(work, replace(decision, state="carrying_out"), "done", outcome=words)
    except CannotBeDone as reason:
        _end(desk, decision, "refused", reason.message, counts)
    else:
        counts.carried_out += 1
