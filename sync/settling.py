"""What an effect's end means for its payment, its chain and its decision; in the same transaction as the end itself.

Reads: an effect whose outcome is known, or known to be unknown. Leaves: the payment posted, back among the received,
unknown, or failed with a failure for a person; the rest of a chain cancelled; what a chain had undone put back.
Never: a compensation while anything is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from receivables.effects import (
    IN_FLIGHT,
    OF_PARTS,
    OPEN_STATES,
    ApplyCredit,
    ApplyReceipt,
    EffectKind,
    EffectState,
    Outcome,
    UnapplyCredit,
    VoidCredit,
    credit_marker,
    effect_key,
)
from receivables.payment import Bucket, PaymentState
from receivables.ports import Ids
from storage import attempts, decisions, effects, failures, outbox, payments, sending
from storage.attempts import Attempted
from storage.effects import PlannedEffect, StoredEffect
from storage.failures import Opening
from storage.payments import Move, StoredPayment
from storage.sending import Ending
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


@dataclass(frozen=True)
class _Follows:
    """What becomes of the payment; nothing where it is not said."""

    move: Move | None = None
    failure: Opening | None = None
    failed: Attempted | None = None  # what was planned for it did not land
    only_if_moved: bool = False  # the failure is told only where nobody moved the payment meanwhile
    retried: str = ""  # the number of a payment whose failure ends, because it is checked again


_NOTHING = _Follows()


def settle_many(work: Work, endings: Sequence[Ending]) -> None:
    """Ends our hold on effects, and lets everything that hangs on them follow; nothing, where another worker holds the lease.

    Those of one payment end one after the other: what the first means depends on whether the next is still under way.
    """
    rounds: list[list[Ending]] = []
    ended: Counter[str] = Counter()
    for ending in endings:
        number = ending.held.transaction_number
        if ended[number] == len(rounds):
            rounds.append([])
        rounds[ended[number]].append(ending)
        ended[number] += 1
    for one_of_each in rounds:
        _settle(work, one_of_each)


def _settle(work: Work, endings: Sequence[Ending]) -> None:
    """The same for effects of different payments."""
    settled = sending.settle_many(work, endings)
    numbers = [ending.held.transaction_number for ending in settled]
    stored = payments.by_numbers(work.connection, work.company, numbers)
    chains = effects.of_payments(work.connection, work.company, numbers)
    beside = [ending for ending in settled if _is_beside(work, ending.held)]
    ends = [end for ending in settled if ending not in beside and (end := _worth_following(ending, stored, chains))]
    follows = [_what_follows(work, end) for end in ends]
    moved = payments.move_many(work, [follow.move for follow in follows if follow.move])
    told = [
        follow
        for follow in follows
        if not follow.only_if_moved or (follow.move is not None and follow.move.stored.number in moved)
    ]
    failures.open_many(work, [follow.failure for follow in told if follow.failure])
    attempts.turned_out_failed(work, [follow.failed for follow in told if follow.failed])
    retried = [follow.retried for follow in told if follow.retried]
    for found in failures.open_of_many(work.connection, work.company, retried).values():
        if found.opened_because != NOT_TAKEN:
            failures.resolve(work, found, resolution="retried", by="")
    for end in ends:
        if end.held.decision_id:
            _follow_decision(work, end.held, end.outcome)
    for ending in beside:
        _follow_beside(work, ending)


def _is_beside(work: Work, held: StoredEffect) -> bool:
    """Whether it records what went out beside the payment, as a failure of the feed's own told: the payment itself stays."""
    if held.kind is not EffectKind.RECORD_RETURN or not held.decision_id:
        return False
    failure_id = decisions.get(work.connection, held.company, held.decision_id).failure_id
    return failure_id is not None and failures.get(work.connection, held.company, failure_id).about == "intake"


def _follow_beside(work: Work, ending: Ending) -> None:
    """The decision ends, and its card says how; the failure ends when the entry is read in the books."""
    decision = decisions.get(work.connection, ending.held.company, ending.held.decision_id or "")
    if ending.state is EffectState.NEEDS_PERSON and decision.state == "carrying_out":
        decisions.move(work, decision, "failed", outcome=ending.outcome.message)
    else:
        _follow_decision(work, ending.held, ending.outcome)
    outbox.want(work, "failure", decision.failure_id or "")


def _worth_following(
    ending: Ending, stored: Mapping[str, StoredPayment], chains: Mapping[str, Sequence[StoredEffect]]
) -> _End | None:
    """The end with its payment and chain; None where nothing of the payment's own hangs on it."""
    held, state = ending.held, ending.state
    payment = stored.get(held.transaction_number)
    if payment is None:
        raise AssertionError(f"effect {held.id} belongs to no payment")
    if payment.state is PaymentState.DISMISSED:
        return None  # a person took it out of the journey; what is found in the books afterwards moves it no more
    if state is held.state and (state is not EffectState.UNKNOWN or payment.bucket is Bucket.UNKNOWN):
        return None  # nothing new; what a process left unknown when it died is shown as such from the first look on
    whole = chains[payment.number]
    if _of_a_proof(held, whole):
        return None  # the receipt of somebody else's that a dismissal rests on; `verification` reads it back
    return _End(held, state, ending.outcome, payment, [effect for effect in whole if not _of_a_proof(effect, whole)])


def _what_follows(work: Work, end: _End) -> _Follows:
    """What becomes of the payment; what hangs on it in its chain is ended or planned here."""
    if end.held.kind is EffectKind.APPLY_CREDIT:
        return _credit_put_back(work, end)
    if end.state is EffectState.DONE:
        return _done(end)
    if end.state is EffectState.UNKNOWN:
        return _unknown(end)
    if end.state is EffectState.NEEDS_PERSON:
        return _doubled(end)
    if end.state is EffectState.PLANNED:
        return _waits(end)
    return _not_done(work, end) if end.state in _NOT_DONE else _NOTHING


def _of_a_proof(effect: StoredEffect, chain: Sequence[StoredEffect]) -> bool:
    """Whether it applies a receipt that is none of ours: nothing of the payment's own hangs on it."""
    ours = {other.document_id for other in chain if other.kind is EffectKind.RECEIPT}
    return isinstance(effect.write, ApplyReceipt) and effect.write.receipt_id not in ours


def _done(end: _End) -> _Follows:
    """Posted when the last part landed; until then under way. Shown to a person when another part was not taken."""
    parts = [effect for effect in end.chain if effect.kind in OF_PARTS and effect.generation == end.held.generation]
    if any(effect.state in OPEN_STATES and effect.kind is not EffectKind.APPLY_CREDIT for effect in end.chain):
        return _waits(end)
    if parts and all(part.state is EffectState.DONE for part in parts):
        body = {"documents": [part.document_id for part in parts]}
        # What a person decided is planned for; a deposit that the sync applied is as much on account as the feed said.
        kept = end.stored.payment.on_account_minor if _applied_a_deposit(end.held) else None
        posted = (PaymentState.POSTED, Bucket.IN_FLIGHT)
        return _Follows(Move(end.stored, *posted, "payment.posted", body, {"on_account_minor": kept}))
    if parts:
        refused = next((part for part in parts if part.state in _NOT_DONE), end.held)
        return _failed(end, "partly_posted", refused.outcome_code, refused.outcome_message)
    return _NOTHING


def _applied_a_deposit(effect: StoredEffect) -> bool:
    return effect.kind is EffectKind.APPLY_RECEIPT and effect.decision_id is None


def _waits(end: _End) -> _Follows:
    """What was unknown of it is known now and more is to follow: it is under way again."""
    unknown = (end.stored.state, end.stored.bucket) == (PaymentState.POSTING, Bucket.UNKNOWN)
    if unknown and not any(effect.state in IN_FLIGHT for effect in end.chain):
        return _Follows(Move(end.stored, PaymentState.POSTING, Bucket.IN_FLIGHT, "payment.posting"))
    return _NOTHING


def _unknown(end: _End) -> _Follows:
    """Shown as unknown from the first moment; only the books can end it."""
    because, payment, message = "outcome_unknown", end.stored.payment, end.outcome.message
    return _Follows(
        Move(end.stored, PaymentState.POSTING, Bucket.UNKNOWN, "payment.unknown"),
        Opening(payment, because, end.outcome.code, message),
        Attempted(payment, failed=True, code=because, message=message),
        only_if_moved=True,
    )


def _doubled(end: _End) -> _Follows:
    move = Move(end.stored, PaymentState.FAILED, Bucket.WAITING_PERSON, "payment.failed", {"why": end.outcome.message})
    return _Follows(move, Opening(end.stored.payment, "receipt_doubled", message=end.outcome.message))


def _not_done(work: Work, end: _End) -> _Follows:
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
        return _waits(end)  # until what was changed is put back; only then does a person, or a sync, look at it again
    refused = next((effect for effect in others if effect.state is EffectState.FAILED), None)
    if end.state is EffectState.REFUSED_STALE and not end.held.attended and not partly and refused is None:
        why = {"why": end.outcome.message}
        move = Move(end.stored, PaymentState.RECEIVED, Bucket.TO_DO, "payment.judged_again", why)
        return _Follows(move, retried=end.stored.number)
    code, message = (refused.outcome_code, refused.outcome_message) if refused else (end.outcome.code, end.outcome.message)
    if end.state is EffectState.REFUSED_STALE and refused is None:
        code = ""
    because = "partly_posted" if partly else "books_refused" if code else "stale"
    return _failed(end, because, code, message, unknown=unknown)


def _cancel(work: Work, end: _End, effect: StoredEffect) -> None:
    effects.end_without_sending(work, effect, EffectState.CANCELLED, why=f"{end.held.kind} {end.held.id} was not done")


def _failed(end: _End, because: str, code: str, message: str, *, unknown: bool = False) -> _Follows:
    """To a person; but first, while a part of it is still unknown, to the books."""
    bucket = Bucket.UNKNOWN if unknown else Bucket.WAITING_PERSON
    body = {"code": code or because, "message": message, "partly_posted": because == "partly_posted"}
    payment = end.stored.payment
    return _Follows(
        Move(end.stored, PaymentState.FAILED, bucket, "payment.failed", body),
        Opening(payment, because, code, message),
        Attempted(payment, failed=True, code=code or because, message=message),
    )


def _compensate(work: Work, end: _End) -> bool:
    """Plans to put back the credits that this decision took off, because what they made room for was definitely not done.

    A credit memo that it voided stays so: the write-off was wrong whatever became of the receipt.
    """
    planned = False
    done = [effect.write for effect in end.chain if effect.state is EffectState.DONE]
    voided = {write.credit_memo_id for write in done if isinstance(write, VoidCredit)}
    made_good = {effect.compensates_id for effect in end.chain}
    for effect in end.chain:
        if effect.decision_id != end.held.decision_id or effect.state is not EffectState.DONE or effect.id in made_good:
            continue
        if isinstance(effect.write, UnapplyCredit) and effect.write.credit_memo_id not in voided:
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


def _credit_put_back(work: Work, end: _End) -> _Follows:
    """The end of a credit put back. When it made good a chain that failed, the payment now goes to a person."""
    for effect in end.chain:
        if end.state in _NOT_DONE and effect.state is EffectState.PLANNED and effect.after_id == end.held.id:
            _cancel(work, end, effect)
    if end.held.compensates_id is None:
        return _NOTHING  # reapplied for its own sake, after the receipt; the payment is not touched by it
    if end.state is EffectState.UNKNOWN:
        return _unknown(end)
    others = [effect for effect in end.chain if effect.compensates_id and effect.decision_id == end.held.decision_id]
    if any(effect.state in (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN) for effect in others):
        return _waits(end)
    lost = next((effect for effect in others if effect.state in (*_NOT_DONE, EffectState.NEEDS_PERSON)), None)
    if lost is not None:
        return _failed(end, "credit_not_put_back", "credit_not_put_back", lost.outcome_message)
    failed = [effect for effect in end.chain if effect.decision_id == end.held.decision_id and effect.state in _NOT_DONE]
    code = failed[-1].outcome_code if failed and failed[-1].state is EffectState.FAILED else ""
    message = failed[-1].outcome_message if failed else end.outcome.message
    return _failed(end, "books_refused" if code else "stale", code, message)


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
