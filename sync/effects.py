"""The only code that writes to the books: claim, look, re-read, send once, settle.

Reads: planned effects, and those whose outcome nobody knows. Leaves: each done, refused, or unknown until the books
have been read. Never: a database transaction open while the books are called; a second sending before the first one
is looked for and its window has passed. Recovery after a crash is this same loop, not another path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from receivables.books_records import CreditMemo, Customer, Gone, Invoice, InvoiceStatus, Receipt
from receivables.diagnosis import Cause
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Dispatch,
    EffectState,
    Outcome,
    ReceiptWrite,
    UnapplyCredit,
    Verdict,
    classify,
    effect_key,
    facts_of,
    next_state,
)
from receivables.errors import AccessLost, BooksError, BooksUnavailable, OutcomeUnknown
from receivables.failpoints import failpoint
from storage import companies, effects
from storage.effects import StoredEffect
from storage.work import Work
from sync import settling
from sync.desk import Desk

EFFECTS_PER_RUN = 60  # claimed at once; with their consequences under 500 rows a transaction
LEASE_SECONDS = 60.0  # how long this process may hold an effect before another may take it over
SEND_SECONDS = 30.0  # nothing leaves this process later than this after the intent to send was written
FRESH_SECONDS = 60.0  # unattended effects resting on older facts are checked again instead of sent
LOOK_SECONDS = (1, 2, 5, 15, 60)  # between looks for what was sent: soon at first, most answers come late by a moment
BACK_OFF_SECONDS = (2, 10, 60, 300)  # between tries that were definitely not carried out
Document = Customer | Invoice | CreditMemo | Receipt | Gone
T = TypeVar("T")


@dataclass
class EffectCounts:
    """What became of the effects taken in one run."""

    claimed: int = 0
    done: int = 0
    refused: int = 0
    stale: int = 0
    unknown: int = 0
    again: int = 0

    def add(self, state: EffectState) -> None:
        match state:
            case EffectState.DONE:
                self.done += 1
            case EffectState.FAILED:
                self.refused += 1
            case EffectState.REFUSED_STALE:
                self.stale += 1
            case EffectState.UNKNOWN | EffectState.NEEDS_PERSON:
                self.unknown += 1
            case _:
                self.again += 1


@dataclass
class _Documents:
    """The documents that claimed effects rest on, as the books hold them now."""

    by_name: dict[str, Document] = field(default_factory=dict)

    def versions(self, effect: StoredEffect) -> Mapping[str, str]:
        """Versions of the documents this effect changes, for books that ask for them."""
        document = self.by_name.get(_changed_by(effect))
        return {} if document is None or isinstance(document, Gone) else {document.id: document.version}


def run_until_idle(desk: Desk) -> EffectCounts:
    """Carries out everything due, chains included. Raises nothing for the books' refusals: they are outcomes.

    Raises AccessLost and BooksUnavailable, when everything held has been given back: the company's journey stops there.
    """
    total = EffectCounts()
    while True:
        counts = run_once(desk)
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(counts, name))
        if counts.claimed == 0 or counts.again or counts.unknown:
            return total


def run_once(desk: Desk) -> EffectCounts:
    """Takes one bounded batch of due effects as far as it will go now. Raises as `run_until_idle` does."""
    counts = EffectCounts()
    with desk.work() as work:
        lease_until = work.at + timedelta(seconds=LEASE_SECONDS)
        claimed = effects.claim(work, owner=desk.owner, lease_until=lease_until, limit=EFFECTS_PER_RUN, sending=desk.writes)
    failpoint("effects.after_claim")
    counts.claimed = len(claimed)
    if not claimed:
        return counts
    held = {effect.id: effect for effect in claimed}
    try:
        ready = _look(desk, [effect for effect in claimed if effect.state is not EffectState.SENDING], counts, held)
        ready += [effect for effect in claimed if effect.state is EffectState.SENDING]
        held |= {effect.id: effect for effect in ready}
        fresh, documents = _reread(desk, ready, counts, held)
        for batch in _chunks(fresh, desk.books.traits.orders_per_dispatch):
            if not desk.writes:  # switched off meanwhile: what was not sent yet waits
                _release(desk, list(held.values()), BooksUnavailable("nothing is sent at present"), counts)
                break
            _send(desk, batch, documents, counts, held)
    except BooksError as error:
        _release(desk, list(held.values()), error, counts)
        if isinstance(error, AccessLost | BooksUnavailable):
            raise
    return counts


# --- look -------------------------------------------------------------------------------------------------------------


def _look(desk: Desk, lost: Sequence[StoredEffect], counts: EffectCounts, held: dict[str, StoredEffect]) -> list[StoredEffect]:
    """Asks the books what became of effects that were sent, and returns those that certainly never arrived."""
    if not lost:
        return []
    traces = desk.books.look([effect.order({}) for effect in lost])
    absent = []
    now = desk.clock.now()
    settle = timedelta(seconds=desk.books.traits.settle_seconds)
    with desk.work() as work:
        for effect, found in zip(lost, traces, strict=True):
            held.pop(effect.id)
            if len(found) == 1:
                outcome = Outcome(Verdict.DONE, document_id=found[0].document_id, version=found[0].version, code="found")
                settling.settle(work, effect, EffectState.DONE, outcome)
                counts.add(EffectState.DONE)
            elif len(found) > 1:
                outcome = Outcome(Verdict.UNKNOWN, code="found_several", message="the books hold it more than once")
                later = now + timedelta(seconds=BACK_OFF_SECONDS[-1])
                settling.settle(work, effect, EffectState.NEEDS_PERSON, outcome, next_at=later)
                counts.add(EffectState.NEEDS_PERSON)
            elif (
                effect.state is EffectState.NEEDS_PERSON
                or (effect.deadline_at and now < effect.deadline_at + settle)
                or not desk.writes
            ):
                # It may still arrive; only after the window is an empty search a proof. Or nothing may be sent at present.
                later = now + timedelta(seconds=LOOK_SECONDS[min(effect.fence, len(LOOK_SECONDS) - 1)])
                outcome = Outcome(Verdict.UNKNOWN, code="outcome_unknown", message="sent; not found in the books yet")
                settling.settle(work, effect, effect.state, outcome, next_at=later)
                counts.add(EffectState.UNKNOWN)
            else:
                absent.append(effect)
    return [again for effect in absent if (again := _send_again(desk, effect))]


def _send_again(desk: Desk, absent: StoredEffect) -> StoredEffect | None:
    """Proven absent: it may be sent once more, with its own key, by the worker that holds the lease."""
    with desk.work() as work:
        return effects.resume(work, absent)


# --- re-read ----------------------------------------------------------------------------------------------------------


def _reread(
    desk: Desk, ready: Sequence[StoredEffect], counts: EffectCounts, held: dict[str, StoredEffect]
) -> tuple[list[StoredEffect], _Documents]:
    """Reads what each effect rests on, fresh; those whose facts changed are refused before anything is sent."""
    documents = _read_documents(desk, ready)
    now = desk.clock.now()
    parts = _other_parts(desk, ready)
    stale: dict[str, str] = {}
    taken: dict[str, int] = {}
    for effect in ready:
        why = _stale(effect, documents, taken) or _stale_beside(effect, parts[effect.id], now)
        if why:
            stale[effect.id] = why
    for effect in ready:  # a payment is posted whole or not at all
        if effect.id not in stale and any(other.id in stale for other in parts[effect.id]):
            stale[effect.id] = "another part of the payment no longer fits"
    if stale:
        with desk.work() as work:
            _refuse_stale(work, [effect for effect in ready if effect.id in stale], stale)
        for effect_id in stale:
            held.pop(effect_id)
            counts.add(EffectState.REFUSED_STALE)
    return [effect for effect in ready if effect.id not in stale], documents


def _refuse_stale(work: Work, stale: Sequence[StoredEffect], why: Mapping[str, str]) -> None:
    """Ends stale effects; of a payment's unattended parts the last one speaks for all, so that nothing seems half done."""
    last = {effect.transaction_number: effect.id for effect in stale}
    for effect in stale:
        outcome = Outcome(Verdict.REFUSED, code="stale", message=why[effect.id])
        if effect.attended or last[effect.transaction_number] == effect.id:
            settling.settle(work, effect, EffectState.REFUSED_STALE, outcome)
        else:
            effects.settle(work, effect, EffectState.REFUSED_STALE, outcome)


def _other_parts(desk: Desk, ready: Sequence[StoredEffect]) -> Mapping[str, Sequence[StoredEffect]]:
    """For each unattended receipt the other parts of its payment in the same generation; a decision's parts are a chain."""
    with desk.db.read() as connection:
        chains = effects.of_payments(connection, desk.company.id, {effect.transaction_number for effect in ready})
    return {
        effect.id: []
        if effect.attended
        else [
            other
            for other in chains[effect.transaction_number]
            if other.id != effect.id and (other.kind, other.generation) == (effect.kind, effect.generation)
        ]
        for effect in ready
    }


def _stale_beside(effect: StoredEffect, others: Sequence[StoredEffect], now: datetime) -> str:
    """Why an unattended effect may not be sent for its age or its other parts, or ""."""
    if effect.attended:
        return ""
    if any(other.state in (EffectState.FAILED, EffectState.REFUSED_STALE, EffectState.CANCELLED) for other in others):
        return "another part of the payment was not taken"
    half_posted = any(other.state is EffectState.DONE for other in others)  # then it is resumed, however long it took
    if not half_posted and (now - effect.facts_read_at).total_seconds() > FRESH_SECONDS:
        return "its facts were read too long ago"
    return ""


def _read_documents(desk: Desk, ready: Sequence[StoredEffect]) -> _Documents:
    wanted: dict[str, set[str]] = {"invoice": set(), "credit_memo": set(), "receipt": set(), "customer": set()}
    for effect in ready:
        for name in {*effect.expects, _changed_by(effect)} - {""}:
            kind, _, document_id = name.partition(":")
            wanted[kind].add(document_id)
    reads: Mapping[str, Mapping[str, Document]] = {
        "invoice": desk.books.invoices(wanted["invoice"]) if wanted["invoice"] else {},
        "credit_memo": desk.books.credit_memos(wanted["credit_memo"]) if wanted["credit_memo"] else {},
        "receipt": desk.books.receipts(wanted["receipt"]) if wanted["receipt"] else {},
        "customer": desk.books.customers(wanted["customer"]) if wanted["customer"] else {},
    }
    return _Documents({f"{kind}:{id_}": document for kind, found in reads.items() for id_, document in found.items()})


def _changed_by(effect: StoredEffect) -> str:
    """The existing document that an effect changes, as "kind:id"; a new receipt changes none."""
    match effect.write:
        case UnapplyCredit() | ApplyCredit():
            return f"credit_memo:{effect.write.credit_memo_id}"
        case ApplyReceipt():
            return f"receipt:{effect.write.receipt_id}"
        case ReceiptWrite():
            return ""


def _stale(effect: StoredEffect, documents: _Documents, taken: dict[str, int]) -> str:
    """Why an effect may no longer be sent, or "". `taken` collects what this batch takes of each invoice."""
    for name, expected in effect.expects.items():
        document = documents.by_name.get(name)
        if document is None:
            return f"{name} could not be read"
        if effect.attended and facts_of(document) != expected:
            return f"{name} is no longer as it was when this was decided"
    if effect.attended or not isinstance(effect.write, ReceiptWrite):
        return ""
    for line in effect.write.lines:
        document = documents.by_name.get(f"invoice:{line.invoice_id}")
        already = taken.get(line.invoice_id, 0)
        if not _still_takes(document, effect, line.amount_minor + already):
            return f"invoice:{line.invoice_id} no longer takes it"
    for line in effect.write.lines:
        taken[line.invoice_id] = taken.get(line.invoice_id, 0) + line.amount_minor
    return ""


def _still_takes(document: Document | None, effect: StoredEffect, amount_minor: int) -> bool:
    return (
        isinstance(document, Invoice)
        and isinstance(effect.write, ReceiptWrite)
        and document.status is InvoiceStatus.OPEN
        and document.currency == effect.write.currency
        and document.customer_id == effect.write.customer_id
        and document.open_minor >= amount_minor
    )


# --- send and settle --------------------------------------------------------------------------------------------------


def _send(
    desk: Desk, batch: Sequence[StoredEffect], documents: _Documents, counts: EffectCounts, held: dict[str, StoredEffect]
) -> None:
    """Writes the intent to send, sends once, and settles every member by its own answer."""
    deadline = desk.clock.monotonic() + SEND_SECONDS  # from before the transaction: never later than the one that is stored
    with desk.work() as work:
        members = effects.begin_dispatch(
            work,
            batch,
            key=_dispatch_key(desk, batch),
            owner=desk.owner,
            lease_until=work.at + timedelta(seconds=LEASE_SECONDS),
            deadline_at=work.at + timedelta(seconds=SEND_SECONDS),
        )
    for effect in batch:
        held.pop(effect.id)
    if len(members) != len(batch):
        return  # our lease ran out: the worker that holds one of them now looks for it first, so nothing may be sent
    failpoint("effects.before_send")
    orders = tuple(effect.order(documents.versions(effect)) for effect in members)
    key = members[0].key if len(members) == 1 else _dispatch_key(desk, members)
    answers = _answers(desk, Dispatch(key, orders, deadline))
    failpoint("effects.after_send")
    lost = None
    with desk.work() as work:
        for effect, answer in zip(members, answers, strict=True):
            outcome = classify(answer)
            if outcome.access_lost and isinstance(answer, AccessLost):
                lost = answer
            state = next_state(outcome.verdict)
            settling.settle(work, effect, state, outcome, next_at=work.at + _wait(effect, outcome))
            counts.add(state)
        unanswered = all(classify(answer).verdict is Verdict.UNKNOWN for answer in answers)
        effects.end_dispatch(work, members[0].dispatch_id, state="unanswered" if unanswered else "answered")
    failpoint("effects.after_settle")
    if lost:
        raise lost


def _dispatch_key(desk: Desk, batch: Sequence[StoredEffect]) -> str:
    """One key for these members at this sending; a batch sent again in other company is another dispatch."""
    keys, fences = "|".join(effect.key for effect in batch), sum(effect.fence for effect in batch)
    return effect_key(desk.company.id, keys, "dispatch", fences)


def _answers(desk: Desk, dispatch: Dispatch) -> Sequence[Answer]:
    """One answer for each order; whatever is raised instead answers for all of them."""
    try:
        answers: Sequence[Answer] = desk.books.write(dispatch)
    except BooksError as error:
        return [error] * len(dispatch.orders)
    if len(answers) != len(dispatch.orders):
        return [OutcomeUnknown("the books answered for another number of orders")] * len(dispatch.orders)
    return answers


def _wait(effect: StoredEffect, outcome: Outcome) -> timedelta:
    """How long an effect rests before it is taken up again."""
    if outcome.verdict is Verdict.UNKNOWN:
        return timedelta(seconds=LOOK_SECONDS[0])
    if outcome.verdict is Verdict.AGAIN:
        step = BACK_OFF_SECONDS[min(effect.sendings, len(BACK_OFF_SECONDS)) - 1]
        return timedelta(seconds=outcome.retry_after_seconds or step)
    return timedelta(0)


def _release(desk: Desk, claimed: Sequence[StoredEffect], error: BooksError, counts: EffectCounts) -> None:
    """The books cannot be read: nothing was sent of these, so each goes back to where it was."""
    outcome = classify(error)
    unasked = Outcome(Verdict.UNKNOWN, code="outcome_unknown", message="sent; the books cannot be asked about it")
    with desk.work() as work:
        later = work.at + timedelta(seconds=outcome.retry_after_seconds or BACK_OFF_SECONDS[1])
        for effect in claimed:
            # Sent before, it keeps its state: with its lease over it is looked for again before anything is sent.
            never_sent = effect.state is EffectState.SENDING and not effect.sendings
            state = EffectState.PLANNED if never_sent else effect.state
            settling.settle(work, effect, state, unasked if state is EffectState.UNKNOWN else outcome, next_at=later)
            counts.add(state)
        if isinstance(error, AccessLost):
            companies.pause(work, cause=Cause.ACCESS_LOST, message=error.message, until=None)


def _chunks(batch: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (batch[start : start + size] for start in range(0, len(batch), size))
