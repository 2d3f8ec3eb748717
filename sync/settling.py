"""What an effect's end means for its payment, its chain and its decision; in the same transaction as the end itself.

Reads: an effect whose outcome is known, or known to be unknown. Leaves: the payment posted, back among the received,
unknown, or failed with a failure for a person; the rest of a chain cancelled; what a chain had undone put back.
Never: a compensation while anything is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receivables.effects import (
    IN_FLIGHT,
    OPEN_STATES,
    ApplyCredit,
    ApplyReceipt,
    EffectKind,
    EffectState,
    Outcome,
    UnapplyCredit,
    credit_marker,
    effect_key,
)
from receivables.payment import Bucket, PaymentState
from receivables.ports import Ids
from storage import attempts, decisions, effects, failures, payments
from storage.effects import PlannedEffect, StoredEffect
from storage.payments import StoredPayment
from storage.work import Work
from sync.not_taken import NOT_TAKEN

_NOT_DONE = (EffectState.FAILED, EffectState.REFUSED_STALE)


@dataclass(frozen=True)
class _End:
    """An effect, how our hold on it ended, its payment, and the other effects that the payment's own money hangs on."""

    held: StoredEffect
    state: EffectState
    outcome: Outcome
    stored: StoredPayment
    chain: Sequence[StoredEffect]


def settle(work: Work, held: StoredEffect, state: EffectState, outcome: Outcome, *, next_at: datetime | None = None) -> None:
    """Ends our hold on an effect and lets everything that hangs on it follow; nothing, when another worker holds the lease."""
    if not effects.settle(work, held, state, outcome, next_at=next_at):
        return
    stored = payments.find(work.connection, held.company, held.transaction_number)
    if stored is None:
        raise AssertionError(f"effect {held.id} belongs to no payment")
    if stored.state is PaymentState.DISMISSED:
        return  # a person took it out of the journey; what is found in the books afterwards moves it no more
    if state is held.state and (state is not EffectState.UNKNOWN or stored.bucket is Bucket.UNKNOWN):
        return  # nothing new; what a process left unknown when it died is shown as such from the first look on
    whole = effects.of_payments(work.connection, held.company, [stored.number])[stored.number]
    if _of_a_proof(held, whole):
        return  # the receipt of somebody else's that a dismissal rests on; `verification` reads it back
    end = _End(held, state, outcome, stored, [effect for effect in whole if not _of_a_proof(effect, whole)])
    if held.kind is EffectKind.APPLY_CREDIT:
        _credit_put_back(work, end)
    elif state is EffectState.DONE:
        _done(work, end)
    elif state is EffectState.UNKNOWN:
        _unknown(work, end)
    elif state is EffectState.NEEDS_PERSON:
        _doubled(work, end)
    elif state is EffectState.PLANNED:
        _waits(work, end)
    elif state in _NOT_DONE:
        _not_done(work, end)
    if held.decision_id:
        _follow_decision(work, held, outcome)


def _of_a_proof(effect: StoredEffect, chain: Sequence[StoredEffect]) -> bool:
    """Whether it applies a receipt that is none of ours: nothing of the payment's own hangs on it."""
    ours = {other.document_id for other in chain if other.kind is EffectKind.RECEIPT}
    return isinstance(effect.write, ApplyReceipt) and effect.write.receipt_id not in ours


def _done(work: Work, end: _End) -> None:
    """Posted when the last part landed; until then under way. Shown to a person when another part was not taken."""
    posting = (EffectKind.RECEIPT, EffectKind.APPLY_RECEIPT, EffectKind.RECORD_RETURN, EffectKind.VOID_RECEIPT)
    parts = [effect for effect in end.chain if effect.kind in posting and effect.generation == end.held.generation]
    if any(effect.state in OPEN_STATES and effect.kind is not EffectKind.APPLY_CREDIT for effect in end.chain):
        _waits(work, end)
    elif parts and all(part.state is EffectState.DONE for part in parts):
        body = {"documents": [part.document_id for part in parts]}
        # What a person decided is planned for; a deposit that the sync applied is as much on account as the feed said.
        kept = end.stored.payment.on_account_minor if _applied_a_deposit(end.held) else None
        posted = (PaymentState.POSTED, Bucket.IN_FLIGHT)
        payments.move(work, end.stored, *posted, action="payment.posted", body=body, on_account_minor=kept)
    elif parts:
        refused = next((part for part in parts if part.state in _NOT_DONE), end.held)
        _failed(work, end, "partly_posted", refused.outcome_code, refused.outcome_message)


def _applied_a_deposit(effect: StoredEffect) -> bool:
    return effect.kind is EffectKind.APPLY_RECEIPT and effect.decision_id is None


def _waits(work: Work, end: _End) -> None:
    """What was unknown of it is known now and more is to follow: it is under way again."""
    unknown = (end.stored.state, end.stored.bucket) == (PaymentState.POSTING, Bucket.UNKNOWN)
    if unknown and not any(effect.state in IN_FLIGHT for effect in end.chain):
        payments.move(work, end.stored, PaymentState.POSTING, Bucket.IN_FLIGHT, action="payment.posting")


def _unknown(work: Work, end: _End) -> None:
    """Shown as unknown from the first moment; only the books can end it."""
    if payments.move(work, end.stored, PaymentState.POSTING, Bucket.UNKNOWN, action="payment.unknown"):
        failures.open_one(work, end.stored.payment, because="outcome_unknown", code=end.outcome.code, message=end.outcome.message)
        attempts.turned_out_failed(work, end.stored.number, code="outcome_unknown", message=end.outcome.message)


def _doubled(work: Work, end: _End) -> None:
    body = {"why": end.outcome.message}
    payments.move(work, end.stored, PaymentState.FAILED, Bucket.WAITING_PERSON, action="payment.failed", body=body)
    failures.open_one(work, end.stored.payment, because="receipt_doubled", message=end.outcome.message)


def _not_done(work: Work, end: _End) -> None:
    """Cancels what was to follow; then back among the received, or to a person."""
    for effect in end.chain:
        if effect.state is EffectState.PLANNED and effect.compensates_id is None:
            _cancel(work, end, effect)
    others = [
        effect
        for effect in end.chain
        if effect.id != end.held.id and effect.kind is EffectKind.RECEIPT and effect.generation == end.held.generation
    ]
    unknown = any(effect.state in IN_FLIGHT for effect in others)
    partly = unknown or any(effect.state is EffectState.DONE for effect in others)
    at_rest = not partly and not any(effect.state in IN_FLIGHT for effect in end.chain)
    if end.held.decision_id and at_rest and _compensate(work, end):
        _waits(work, end)
        return  # under way until what was changed is put back; only then does a person, or a sync, look at it again
    refused = next((effect for effect in others if effect.state is EffectState.FAILED), None)
    if end.state is EffectState.REFUSED_STALE and not end.held.attended and not partly and refused is None:
        body = {"why": end.outcome.message}
        payments.move(work, end.stored, PaymentState.RECEIVED, Bucket.TO_DO, action="payment.judged_again", body=body)
        found = failures.open_of(work.connection, work.company, end.stored.number)
        if found is not None and found.opened_because != NOT_TAKEN:
            failures.resolve(work, found, resolution="retried", by="")
        return
    code, message = (refused.outcome_code, refused.outcome_message) if refused else (end.outcome.code, end.outcome.message)
    if end.state is EffectState.REFUSED_STALE and refused is None:
        code = ""
    because = "partly_posted" if partly else "books_refused" if code else "stale"
    _failed(work, end, because, code, message, unknown=unknown)


def _cancel(work: Work, end: _End, effect: StoredEffect) -> None:
    effects.end_without_sending(work, effect, EffectState.CANCELLED, why=f"{end.held.kind} {end.held.id} was not done")


def _failed(work: Work, end: _End, because: str, code: str, message: str, *, unknown: bool = False) -> None:
    """To a person; but first, while a part of it is still unknown, to the books."""
    bucket = Bucket.UNKNOWN if unknown else Bucket.WAITING_PERSON
    body = {"code": code or because, "message": message, "partly_posted": because == "partly_posted"}
    payments.move(work, end.stored, PaymentState.FAILED, bucket, action="payment.failed", body=body)
    failures.open_one(work, end.stored.payment, because=because, code=code, message=message)
    attempts.turned_out_failed(work, end.stored.number, code=code or because, message=message)


def _compensate(work: Work, end: _End) -> bool:
    """Plans to put back the credits that this decision took off, because what they made room for was definitely not done."""
    planned = False
    made_good = {effect.compensates_id for effect in end.chain}
    for effect in end.chain:
        if effect.decision_id != end.held.decision_id or effect.state is not EffectState.DONE or effect.id in made_good:
            continue
        if isinstance(effect.write, UnapplyCredit):
            write = ApplyCredit(effect.write.credit_memo_id, effect.write.invoice_id, effect.write.amount_minor)
            back = credit_effect(work.ids, effect, write, what=f"compensate/{effect.id}", at=work.at)
            effects.plan(work, replace(back, compensates_id=effect.id))
            planned = True
    return planned


def credit_effect(
    ids: Ids, beside: StoredEffect | PlannedEffect, write: ApplyCredit, *, what: str, at: datetime
) -> PlannedEffect:
    """The intent to apply a credit memo, for the payment and decision of another effect."""
    key = effect_key(beside.company, beside.transaction_number, what, beside.generation)
    return PlannedEffect(
        id=ids.new(),
        company=beside.company,
        transaction_number=beside.transaction_number,
        part=beside.part,
        generation=beside.generation,
        key=key,
        marker=credit_marker(key),
        write=write,
        expects={},
        attended=True,
        facts_read_at=at,
        decision_id=beside.decision_id,
    )


def _credit_put_back(work: Work, end: _End) -> None:
    """The end of a credit put back. When it made good a chain that failed, the payment now goes to a person."""
    for effect in end.chain:
        if end.state in _NOT_DONE and effect.state is EffectState.PLANNED and effect.after_id == end.held.id:
            _cancel(work, end, effect)
    if end.held.compensates_id is None:
        return  # reapplied for its own sake, after the receipt; the payment is not touched by it
    if end.state is EffectState.UNKNOWN:
        _unknown(work, end)
        return
    others = [effect for effect in end.chain if effect.compensates_id and effect.decision_id == end.held.decision_id]
    if any(effect.state in (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN) for effect in others):
        _waits(work, end)
        return
    lost = next((effect for effect in others if effect.state in (*_NOT_DONE, EffectState.NEEDS_PERSON)), None)
    if lost is not None:
        _failed(work, end, "credit_not_put_back", "credit_not_put_back", lost.outcome_message)
        return
    failed = [effect for effect in end.chain if effect.decision_id == end.held.decision_id and effect.state in _NOT_DONE]
    code = failed[-1].outcome_code if failed and failed[-1].state is EffectState.FAILED else ""
    message = failed[-1].outcome_message if failed else end.outcome.message
    _failed(work, end, "books_refused" if code else "stale", code, message)


def _follow_decision(work: Work, held: StoredEffect, outcome: Outcome) -> None:
    """A decision ends when nothing of its chain is left to do."""
    decision = decisions.get(work.connection, held.company, held.decision_id or "")
    chain = effects.of_decision(work.connection, held.company, decision.id)
    if decision.state != "carrying_out" or any(effect.state in OPEN_STATES for effect in chain):
        return
    wanted = [effect for effect in chain if effect.compensates_id is None]
    ends = {effect.state for effect in wanted}
    if ends == {EffectState.DONE}:
        decisions.move(work, decision, "done", outcome="carried out")
    elif EffectState.REFUSED_STALE in ends:
        decisions.move(work, decision, "stale", outcome=outcome.message or "the facts changed")
    else:
        put_back = any(effect.compensates_id and effect.state is EffectState.DONE for effect in chain)
        suffix = "; what had been changed was put back" if put_back else ""
        failed = next((effect for effect in wanted if effect.state is EffectState.FAILED), None)
        decisions.move(work, decision, "failed", outcome=(failed.outcome_message if failed else outcome.message) + suffix)
