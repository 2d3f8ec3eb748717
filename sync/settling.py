"""What an effect's end means for its payment, its chain and its decision; in the same transaction as the end itself.

Reads: an effect whose outcome is known, or known to be unknown. Leaves: the payment posted, back among the received,
unknown, or failed with a failure for a person; the rest of a chain cancelled; what a chain had undone put back.
Never: a compensation while anything is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from receivables.effects import ApplyCredit, EffectKind, EffectState, Outcome, UnapplyCredit, effect_key
from receivables.payment import Bucket, PaymentState
from storage import attempts, decisions, effects, failures, payments
from storage.effects import PlannedEffect, StoredEffect
from storage.engine import Connection
from storage.payments import StoredPayment
from sync.desk import Desk

_NOT_DONE = (EffectState.FAILED, EffectState.REFUSED_STALE)
_UNDER_WAY = (EffectState.SENDING, EffectState.UNKNOWN, EffectState.NEEDS_PERSON)


def settle(
    connection: Connection,
    desk: Desk,
    held: StoredEffect,
    state: EffectState,
    outcome: Outcome,
    *,
    next_at: datetime | None = None,
) -> None:
    """Ends our hold on an effect and lets everything that hangs on it follow. Nothing happens when the fence passed on."""
    at = desk.clock.now()
    if not effects.settle(connection, held, state, outcome, at=at, next_at=next_at):
        return
    stored = payments.find(connection, held.company, held.transaction_number)
    if stored is None:
        raise AssertionError(f"effect {held.id} belongs to no payment")
    if stored.state is PaymentState.DISMISSED:
        return  # a person took it out of the journey; what is found in the books afterwards moves it no more
    if state is held.state and (state is not EffectState.UNKNOWN or stored.bucket is Bucket.UNKNOWN):
        return  # nothing new; what a process left unknown when it died is shown as such from the first look on
    chain = effects.of_payments(connection, held.company, [stored.number])[stored.number]
    if held.kind is EffectKind.APPLY_CREDIT:
        _credit_put_back(connection, desk, stored, held, chain, state, outcome, at)
    elif state is EffectState.DONE:
        _done(connection, desk, stored, held, chain, at)
    elif state is EffectState.UNKNOWN:
        _unknown(connection, desk, stored, at, outcome)
    elif state is EffectState.NEEDS_PERSON:
        _doubled(connection, desk, stored, at, outcome)
    elif state is EffectState.PLANNED:
        _waits(connection, stored, chain, at)
    elif state in _NOT_DONE:
        _not_done(connection, desk, stored, held, chain, state, outcome, at)
    if held.decision_id:
        _follow_decision(connection, held, outcome, at)


def _done(
    connection: Connection, desk: Desk, stored: StoredPayment, held: StoredEffect, chain: Sequence[StoredEffect], at: datetime
) -> None:
    """Posted when the last part landed; until then under way. Shown to a person when another part was not taken."""
    parts = [
        one for one in chain if one.kind in (EffectKind.RECEIPT, EffectKind.APPLY_RECEIPT) and one.generation == held.generation
    ]
    waiting = [
        one for one in chain if one.state in (EffectState.PLANNED, *_UNDER_WAY) and one.kind is not EffectKind.APPLY_CREDIT
    ]
    if waiting:
        _waits(connection, stored, chain, at)
    elif parts and all(one.state is EffectState.DONE for one in parts):
        body = {"documents": [one.document_id for one in parts]}
        payments.move(
            connection, stored, PaymentState.POSTED, Bucket.IN_FLIGHT, at=at, actor="sync", action="payment.posted", body=body
        )
    elif parts:
        refused = next((one for one in parts if one.state in _NOT_DONE), held)
        _failed(connection, desk, stored, "partly_posted", refused.outcome_code, refused.outcome_message, at)


def _waits(connection: Connection, stored: StoredPayment, chain: Sequence[StoredEffect], at: datetime) -> None:
    """What was unknown of it is known now and more is to follow: it is under way again."""
    if (stored.state, stored.bucket) == (PaymentState.POSTING, Bucket.UNKNOWN) and not any(
        one.state in _UNDER_WAY for one in chain
    ):
        payments.move(connection, stored, PaymentState.POSTING, Bucket.IN_FLIGHT, at=at, actor="sync", action="payment.posting")


def _unknown(connection: Connection, desk: Desk, stored: StoredPayment, at: datetime, outcome: Outcome) -> None:
    """Shown as unknown from the first moment; only the books can end it."""
    moved = payments.move(connection, stored, PaymentState.POSTING, Bucket.UNKNOWN, at=at, actor="sync", action="payment.unknown")
    if moved:
        failures.open_one(
            connection,
            desk.ids,
            stored.payment,
            because="outcome_unknown",
            at=at,
            actor="sync",
            code=outcome.code,
            message=outcome.message,
        )
        attempts.turned_out_failed(connection, desk.company.id, stored.number, code="outcome_unknown", message=outcome.message)


def _doubled(connection: Connection, desk: Desk, stored: StoredPayment, at: datetime, outcome: Outcome) -> None:
    payments.move(
        connection, stored, PaymentState.FAILED, Bucket.WAITING_PERSON, at=at, actor="sync", action="payment.failed",
        body={"why": outcome.message},
    )  # fmt: skip
    failures.open_one(
        connection, desk.ids, stored.payment, because="receipt_doubled", at=at, actor="sync", message=outcome.message
    )


def _not_done(
    connection: Connection,
    desk: Desk,
    stored: StoredPayment,
    held: StoredEffect,
    chain: Sequence[StoredEffect],
    state: EffectState,
    outcome: Outcome,
    at: datetime,
) -> None:
    """Cancels what was to follow; then back among the received, or to a person."""
    for one in chain:
        if one.state is EffectState.PLANNED and one.compensates_id is None:
            why = f"{held.kind} {held.id} was not done"
            effects.end_without_sending(connection, one, EffectState.CANCELLED, why=why, at=at, actor="sync")
    others = [one for one in chain if one.id != held.id and one.kind is EffectKind.RECEIPT and one.generation == held.generation]
    unknown = any(one.state in _UNDER_WAY for one in others)
    partly = unknown or any(one.state is EffectState.DONE for one in others)
    at_rest = not partly and not any(one.state in _UNDER_WAY for one in chain)
    if held.decision_id and at_rest and _compensate(connection, desk, held, chain, at):
        _waits(connection, stored, chain, at)
        return  # under way until what was changed is put back; only then does a person, or a sync, judge it again
    refused = next((one for one in others if one.state is EffectState.FAILED), None)
    if state is EffectState.REFUSED_STALE and not held.attended and not partly and refused is None:
        payments.move(
            connection, stored, PaymentState.RECEIVED, Bucket.TO_DO, at=at, actor="sync", action="payment.judged_again",
            body={"why": outcome.message},
        )  # fmt: skip
        _close(connection, desk, stored, "retried", at)
        return
    code, message = (refused.outcome_code, refused.outcome_message) if refused else (outcome.code, outcome.message)
    if state is EffectState.REFUSED_STALE and refused is None:
        code = ""
    because = "partly_posted" if partly else "books_refused" if code else "stale"
    _failed(connection, desk, stored, because, code, message, at, unknown=unknown)


def _failed(
    connection: Connection,
    desk: Desk,
    stored: StoredPayment,
    because: str,
    code: str,
    message: str,
    at: datetime,
    *,
    unknown: bool = False,
) -> None:
    """To a person; but first, while a part of it is still unknown, to the books."""
    payments.move(
        connection,
        stored,
        PaymentState.FAILED,
        Bucket.UNKNOWN if unknown else Bucket.WAITING_PERSON,
        at=at,
        actor="sync",
        action="payment.failed",
        body={"code": code or because, "message": message, "partly_posted": because == "partly_posted"},
    )
    failures.open_one(
        connection, desk.ids, stored.payment, because=because, at=at, actor="sync", code=code, message=message
    )  # fmt: skip
    attempts.turned_out_failed(connection, desk.company.id, stored.number, code=code or because, message=message)


def _compensate(connection: Connection, desk: Desk, held: StoredEffect, chain: Sequence[StoredEffect], at: datetime) -> bool:
    """Plans to put back the credits that this decision took off, because what they made room for was definitely not done."""
    planned = False
    made_good = {one.compensates_id for one in chain}
    for one in chain:
        if one.decision_id != held.decision_id or one.state is not EffectState.DONE or one.id in made_good:
            continue
        if isinstance(one.write, UnapplyCredit):
            write = ApplyCredit(one.write.credit_memo_id, one.write.invoice_id, one.write.amount_minor)
            back = credit_effect(desk, one, write, what=f"compensate/{one.id}", at=at, compensates_id=one.id)
            effects.plan(connection, back, at=at, actor="sync")
            planned = True
    return planned


def credit_effect(
    desk: Desk,
    beside: StoredEffect | PlannedEffect,
    write: ApplyCredit,
    *,
    what: str,
    at: datetime,
    compensates_id: str | None = None,
    after_id: str | None = None,
) -> PlannedEffect:
    """The intent to apply a credit memo, for the payment and decision of another effect."""
    key = effect_key(beside.company, beside.transaction_number, what, beside.generation)
    return PlannedEffect(
        id=desk.ids.new(),
        company=beside.company,
        transaction_number=beside.transaction_number,
        part=beside.part,
        generation=beside.generation,
        key=key,
        marker=f"rc-{key[:16]}",
        write=write,
        expects={},
        attended=True,
        facts_read_at=at,
        decision_id=beside.decision_id,
        compensates_id=compensates_id,
        after_id=after_id,
    )


def _credit_put_back(
    connection: Connection,
    desk: Desk,
    stored: StoredPayment,
    held: StoredEffect,
    chain: Sequence[StoredEffect],
    state: EffectState,
    outcome: Outcome,
    at: datetime,
) -> None:
    """The end of a credit put back. When it made good a chain that failed, the payment now goes to a person."""
    for one in chain:
        if state in _NOT_DONE and one.state is EffectState.PLANNED and one.after_id == held.id:
            why = f"{held.kind} {held.id} was not done"
            effects.end_without_sending(connection, one, EffectState.CANCELLED, why=why, at=at, actor="sync")
    if held.compensates_id is None:
        return  # re-applied for its own sake, after the receipt; the payment is not touched by it
    if state is EffectState.UNKNOWN:
        _unknown(connection, desk, stored, at, outcome)
        return
    others = [one for one in chain if one.compensates_id and one.decision_id == held.decision_id]
    if any(one.state in (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN) for one in others):
        _waits(connection, stored, chain, at)
        return
    lost = next((one for one in others if one.state in (*_NOT_DONE, EffectState.NEEDS_PERSON)), None)
    if lost is not None:
        _failed(connection, desk, stored, "credit_not_put_back", "credit_not_put_back", lost.outcome_message, at)
        return
    failed = [one for one in chain if one.decision_id == held.decision_id and one.state in _NOT_DONE]
    code = failed[-1].outcome_code if failed and failed[-1].state is EffectState.FAILED else ""
    message = failed[-1].outcome_message if failed else outcome.message
    _failed(connection, desk, stored, "books_refused" if code else "stale", code, message, at)


def _close(connection: Connection, desk: Desk, stored: StoredPayment, resolution: str, at: datetime) -> None:
    found = failures.open_of(connection, desk.company.id, stored.number)
    if found is not None:
        failures.resolve(connection, desk.ids, found, resolution=resolution, by="", at=at, actor="sync")


def _follow_decision(connection: Connection, held: StoredEffect, outcome: Outcome, at: datetime) -> None:
    """A decision ends when nothing of its chain is left to do."""
    decision = decisions.get(connection, held.company, held.decision_id or "")
    chain = effects.of_decision(connection, held.company, decision.id)
    if decision.state != "carrying_out" or any(one.state is EffectState.PLANNED or one.state in _UNDER_WAY for one in chain):
        return
    wanted = [one for one in chain if one.compensates_id is None]
    ends = {one.state for one in wanted}
    if ends == {EffectState.DONE}:
        decisions.move(connection, decision, "done", outcome="carried out", at=at)
    elif EffectState.REFUSED_STALE in ends:
        decisions.move(connection, decision, "stale", outcome=outcome.message or "the facts changed", at=at)
    else:
        put_back = [one for one in chain if one.compensates_id and one.state is EffectState.DONE]
        suffix = "; what had been changed was put back" if put_back else ""
        failed = next((one for one in wanted if one.state is EffectState.FAILED), None)
        decisions.move(
            connection, decision, "failed", outcome=(failed.outcome_message if failed else outcome.message) + suffix, at=at
        )
