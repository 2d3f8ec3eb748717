"""The only code that writes to the books: claim, look, re-read, send once, settle.

Reads: planned effects, and those whose outcome nobody knows. Leaves: each done, refused, or unknown until the books
have been read. Never: a database transaction open while the books are called; a second sending before the first one
is looked for and this process has watched its whole window; a wall clock asked whether time has passed. Recovery after
a crash is this same loop, not another path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from receivables.diagnosis import Cause
from receivables.effects import (
    Answer,
    Dispatch,
    EffectState,
    Outcome,
    ReceiptWrite,
    Verdict,
    Written,
    classify,
    effect_key,
    next_state,
)
from receivables.errors import AccessLost, BooksError, BooksUnavailable, OutcomeUnknown
from receivables.failpoints import failpoint
from storage import companies, effects, sending
from storage.effects import StoredEffect
from storage.sending import Ending
from storage.watch import Absence
from storage.work import Work
from sync import not_taken, receipts_again, rereading, settling
from sync.at_once import asking
from sync.desk import Desk
from sync.rereading import Documents

EFFECTS_PER_RUN = 250  # claimed at once at most: with their record under 500 rows a transaction
SETTLED_AT_ONCE = 90  # with their consequences under 500 rows as well
LEASE_SECONDS = 60.0  # how long this process may hold an effect before another may take it over
SEND_SECONDS = 30.0  # nothing leaves this process later than this after the intent to send was written
DISPATCHES_PER_RUN = 5  # claimed at once at most: they share a reading where they are quick
FRESH_SECONDS = 5.0  # a dispatch that begins later than this after the books were read has them read again, all of it
LOOK_SECONDS = (1, 2, 5, 15, 60)  # between looks for what was sent: soon at first, most answers come late by a moment
BACK_OFF_SECONDS = (2, 10, 60, 300)  # between tries that were definitely not carried out
SEVERAL = "the books hold it more than once"
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
    clock_problem: str = ""  # the wall clock was set, and what that stopped

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
class _Held:
    """What this process has claimed and not yet settled, and until when (monotonic seconds) it may act on it."""

    effects: dict[str, StoredEffect]
    until: float


def run_until_idle(desk: Desk) -> EffectCounts:
    """Carries out everything due, chains included. Raises nothing for the books' refusals: they are outcomes.

    Raises AccessLost and BooksUnavailable, when everything held has been given back: the company's journey stops there.
    """
    total = EffectCounts()
    while True:
        counts = run_once(desk)
        for name in ("claimed", "done", "refused", "stale", "unknown", "again"):
            setattr(total, name, getattr(total, name) + getattr(counts, name))
        total.clock_problem = total.clock_problem or counts.clock_problem
        if counts.claimed == 0 or counts.again or counts.unknown:
            return total


def run_once(desk: Desk) -> EffectCounts:
    """Takes one bounded batch of due effects as far as it will go now. Raises as `run_until_idle` does."""
    counts = EffectCounts()
    if not _clock_can_be_trusted(desk, counts):
        return counts
    until = desk.watch.moment() + LEASE_SECONDS  # from before the claim: never later than the lease itself
    limit = min(EFFECTS_PER_RUN, DISPATCHES_PER_RUN * desk.books.traits.orders_per_dispatch)
    with desk.work() as work:
        claimed = sending.claim(work, desk.watch, owner=desk.owner, lease_seconds=LEASE_SECONDS, limit=limit, planned=desk.writes)
    failpoint("effects.after_claim")
    counts.claimed = len(claimed)
    if not claimed:
        return counts
    held = _Held({effect.id: effect for effect in claimed}, until)
    try:
        ready = _look(desk, [effect for effect in claimed if effect.state is not EffectState.SENDING], counts, held)
        ready += [effect for effect in claimed if effect.state is EffectState.SENDING]
        held.effects |= {effect.id: effect for effect in ready}
        _send_all(desk, ready, counts, held)
    except BooksError as error:
        _release(desk, error, counts, held)
        if isinstance(error, AccessLost | BooksUnavailable):
            raise
    return counts


def _clock_can_be_trusted(desk: Desk, counts: EffectCounts) -> bool:
    """False, and nothing is sent, after the wall clock was set until the books were read for everything in flight.

    Facts, rests and days are told by the wall clock. Afterwards all that rests is due, and what rests on facts from
    the other side of the jump is too old, so that it is checked again.
    """
    company = desk.company.id
    jump = desk.watch.jump_seconds(company)
    if not jump:
        return True
    with desk.db.read() as connection:
        in_flight = effects.in_flight(connection, company)
    way = "forward" if jump > 0 else "back"
    counts.clock_problem = (
        f"The clock of this machine was set {way} by {abs(jump):.0f} seconds; nothing is sent before the books are read "
        f"for what is in flight ({len(in_flight)}). Let the machine keep time by NTP."
    )
    try:
        for batch in _chunks(in_flight, SETTLED_AT_ONCE):
            desk.books.look([effect.order({}) for effect in batch])
    except (AccessLost, BooksUnavailable):
        raise
    except BooksError:
        return False
    with desk.work() as work:
        sending.due_now(work)
    desk.watch.checked_after_jump(company)
    return True


# --- look -------------------------------------------------------------------------------------------------------------


def _look(desk: Desk, lost: Sequence[StoredEffect], counts: EffectCounts, held: _Held) -> list[StoredEffect]:
    """Asks the books what became of effects that were sent, and returns those that certainly never arrived."""
    if not lost:
        return []
    asked = desk.watch.moment()  # an answer proves how things were when the question was asked, not when it came
    traces = desk.books.look([effect.order({}) for effect in lost])
    proofs: list[tuple[StoredEffect, Absence]] = []
    endings: list[Ending] = []
    window, at = SEND_SECONDS + desk.books.traits.settle_seconds, desk.clock.now()
    for effect, found in zip(lost, traces, strict=True):
        proof = desk.watch.absence(effect, asked, window)
        if len(found) == 1:
            endings.append(_found(effect, found))
        elif len(found) > 1:
            outcome = Outcome(Verdict.UNKNOWN, code="found_several", message=SEVERAL)
            later = at + timedelta(seconds=BACK_OFF_SECONDS[-1])
            endings.append(Ending(effect, EffectState.NEEDS_PERSON, outcome, later))
        elif proof is None or not desk.writes:
            # It may still arrive; only after the window is an empty search a proof. Or nothing may be sent at present.
            outcome = Outcome(Verdict.UNKNOWN, code="outcome_unknown", message="sent; not found in the books yet")
            later = at + _until_next_look(desk, effect, asked, window)
            endings.append(Ending(effect, effect.state, outcome, later))
        else:
            held.effects.pop(effect.id)
            proofs.append((effect, proof))
    _end(desk, endings, counts, held)
    return [again for effect, proof in proofs if (again := _after_absence(desk, effect, proof))]


def _until_next_look(desk: Desk, effect: StoredEffect, asked: float, window: float) -> timedelta:
    """Soon at first, then less often; and once right after the window has passed."""
    step = LOOK_SECONDS[min(effect.fence, len(LOOK_SECONDS) - 1)]
    return timedelta(seconds=min(step, max(desk.watch.seconds_missing(effect, asked, window), LOOK_SECONDS[0])))


def _after_absence(desk: Desk, absent: StoredEffect, proof: Absence) -> StoredEffect | None:
    """Proven absent: it may be sent once more, with its own key, by the worker that holds the lease.

    What was found several times and is gone altogether was removed by people: it is given up, and they decide.
    """
    with desk.work() as work:
        again = sending.resume(work, absent, proof)
        if again is None or again.state is EffectState.SENDING:
            return again
        outcome = Outcome(Verdict.REFUSED, code="removed", message="every receipt of it was removed from the books")
        settling.settle_many(work, [Ending(again, EffectState.CANCELLED, outcome)])
        return None


# --- re-read ----------------------------------------------------------------------------------------------------------


def _reread(desk: Desk, ready: Sequence[StoredEffect], counts: EffectCounts, held: _Held) -> tuple[list[StoredEffect], Documents]:
    """Reads what each effect rests on, fresh; those whose facts changed are refused before anything is sent."""
    with asking(desk.books) as ask:
        read = ask(lambda: rereading.read_documents(desk, ready))
        receipts_again.read_changes(desk, ready)
        documents = read()
    known = _in_books(desk, ready, counts, held)
    ready = [effect for effect in ready if effect.id not in known]
    stale = rereading.why_stale(desk, ready, documents)
    _refuse_stale(desk, [effect for effect in ready if effect.id in stale], stale, counts, held)
    return [effect for effect in ready if effect.id not in stale], documents


def _in_books(desk: Desk, ready: Sequence[StoredEffect], counts: EffectCounts, held: _Held) -> set[str]:
    """Those whose own mark the books told of before they were sent from here: another copy of our database sent them.

    They are done as they are found; where they are found more than once, the next look says so.
    """
    marked = receipts_again.marked(desk, ready)
    traces = desk.books.look([effect.order({}) for effect in marked]) if marked else ()
    endings = [_found(effect, found) for effect, found in zip(marked, traces, strict=True) if found]
    _end(desk, endings, counts, held)
    return {ending.held.id for ending in endings}


def _found(effect: StoredEffect, found: Sequence[Written]) -> Ending:
    if len(found) > 1:
        return Ending(effect, EffectState.UNKNOWN, Outcome(Verdict.UNKNOWN, code="found_several", message=SEVERAL))
    done = Outcome(Verdict.DONE, document_id=found[0].document_id, version=found[0].version, code="found")
    return Ending(effect, EffectState.DONE, done)


def _refuse_stale(desk: Desk, stale: Sequence[StoredEffect], why: Mapping[str, str], counts: EffectCounts, held: _Held) -> None:
    """Ends stale effects; of a payment's unattended parts the last one speaks for all, so that nothing seems half done."""
    last = {effect.transaction_number: effect.id for effect in stale}
    endings = [
        Ending(effect, EffectState.REFUSED_STALE, Outcome(Verdict.REFUSED, code="stale", message=why[effect.id]))
        for effect in stale
    ]
    speak = {effect.id for effect in stale if effect.attended or last[effect.transaction_number] == effect.id}
    _end(desk, [ending for ending in endings if ending.held.id not in speak], counts, held, sending.settle_many)
    _end(desk, [ending for ending in endings if ending.held.id in speak], counts, held)


def _end(
    desk: Desk,
    endings: Sequence[Ending],
    counts: EffectCounts,
    held: _Held,
    settle: Callable[[Work, Sequence[Ending]], object] = settling.settle_many,
) -> None:
    """Ends our hold on effects, in transactions that a press need not wait for; what none of them reached stays held."""
    for some in _chunks(endings, SETTLED_AT_ONCE):
        with desk.work() as work:
            settle(work, some)
        for ending in some:
            held.effects.pop(ending.held.id, None)
            counts.add(ending.state)


# --- send and settle --------------------------------------------------------------------------------------------------


def _send_all(desk: Desk, ready: Sequence[StoredEffect], counts: EffectCounts, held: _Held) -> None:
    """One dispatch after the other; what a dispatch rests on was read right before it, however long those before it took.

    Receipts on account go last: packages that take them by another call then take more of each kind in one.
    """
    size, read_at = desk.books.traits.orders_per_dispatch, desk.watch.moment()
    fresh, documents = _reread(desk, ready, counts, held)
    fresh = sorted(fresh, key=lambda effect: isinstance(effect.write, ReceiptWrite) and not effect.write.lines)
    while fresh:
        if not desk.writes:  # switched off meanwhile: what was not sent yet waits
            _release(desk, BooksUnavailable("nothing is sent at present"), counts, held)
            return
        _send(desk, fresh[:size], documents, counts, held)
        fresh = fresh[size:]
        if fresh and desk.watch.moment() > held.until - SEND_SECONDS:  # slow books: whoever comes next takes these up anew
            given_back = [Ending(effect, EffectState.PLANNED, Outcome(Verdict.AGAIN)) for effect in fresh]
            _end(desk, given_back, EffectCounts(), held)
            return
        stale = rereading.another_not_taken(desk, fresh) if fresh else {}
        _refuse_stale(desk, [effect for effect in fresh if effect.id in stale], stale, counts, held)
        fresh = [effect for effect in fresh if effect.id not in stale]
        if fresh and desk.watch.moment() > read_at + FRESH_SECONDS:
            read_at = desk.watch.moment()
            fresh, documents = _reread(desk, fresh, counts, held)


def _send(desk: Desk, batch: Sequence[StoredEffect], documents: Documents, counts: EffectCounts, held: _Held) -> None:
    """Writes the intent to send, sends once, and settles every member by its own answer."""
    begun = desk.watch.moment()  # from before the transaction: nothing leaves later than those who watch believe
    members: Sequence[StoredEffect] = ()
    key = _dispatch_key(desk, batch)
    with desk.work() as work:
        if desk.watch.moment() <= held.until:
            members = sending.begin_dispatch(
                work,
                batch,
                key=key,
                owner=desk.owner,
                lease_seconds=LEASE_SECONDS,
                deadline_at=work.at + timedelta(seconds=SEND_SECONDS),
            )
    for effect in batch:
        held.effects.pop(effect.id)
    if len(members) != len(batch):
        return  # our lease ran out: the worker that holds one of them now looks for it first, so nothing may be sent
    failpoint("effects.before_send")
    orders = tuple(effect.order(documents.versions(effect)) for effect in members)
    alone = len(members) == 1
    answers = _answers(desk, Dispatch(members[0].key if alone else key, orders, begun + SEND_SECONDS))
    failpoint("effects.after_send")
    outcomes = [
        (effect, outcome, next_state(outcome.verdict)) for effect, outcome in zip(members, map(classify, answers), strict=True)
    ]
    for effect, _, state in outcomes:
        if state is EffectState.UNKNOWN:
            desk.watch.saw_sending(effect, begun)
        counts.add(state)
    unanswered = all(outcome.verdict is Verdict.UNKNOWN for _, outcome, _ in outcomes)
    with desk.work() as work:
        settling.settle_many(
            work, [Ending(effect, state, outcome, work.at + _wait(effect, outcome)) for effect, outcome, state in outcomes]
        )
        for effect, answer in zip(members, answers, strict=True):
            not_taken.tell(work, effect, answer)
        sending.end_dispatch(work, members[0].dispatch_id, state="unanswered" if unanswered else "answered")
    failpoint("effects.after_settle")
    for answer in answers:
        if isinstance(answer, AccessLost):
            raise answer


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


def _release(desk: Desk, error: BooksError, counts: EffectCounts, held: _Held) -> None:
    """The books cannot be read: nothing was sent of these, so each goes back to where it was."""
    outcome = classify(error)
    unasked = Outcome(Verdict.UNKNOWN, code="outcome_unknown", message="sent; the books cannot be asked about it")
    later = desk.clock.now() + timedelta(seconds=outcome.retry_after_seconds or BACK_OFF_SECONDS[1])
    endings = []
    for effect in held.effects.values():
        # With a sending out it keeps its state: it is looked for again before anything is sent.
        nothing_out = effect.state is EffectState.SENDING and effect.dispatch_id is None
        state = EffectState.PLANNED if nothing_out else effect.state
        endings.append(Ending(effect, state, unasked if state is EffectState.UNKNOWN else outcome, later))
    _end(desk, endings, counts, held)
    if isinstance(error, AccessLost):
        with desk.work() as work:
            companies.pause(work, cause=Cause.ACCESS_LOST, message=error.message, until=None)


def _chunks(batch: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (batch[start : start + size] for start in range(0, len(batch), size))
