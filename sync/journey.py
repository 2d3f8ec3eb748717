"""One company's whole journey, once: take a look at the books, post what fits, and say why the rest does not.

The steps hand over by rows; this file only rings them in order. `run` is what the alarm, the command line, the tests
and the demo all call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from receivables.diagnosis import Cause, Diagnosis
from receivables.errors import AccessLost, BooksError, BooksUnavailable
from receivables.evidence import Evidence
from receivables.payment import PaymentState
from storage import companies, payments
from storage.payments import StoredPayment
from sync import (
    binding,
    decisions,
    diagnosis,
    effects,
    escalation,
    evidence,
    incidents,
    mirroring,
    polling,
    posting,
    verification,
)
from sync.desk import Desk
from sync.judging import Obstacle, obstacles

ROUNDS = 20  # payments that wait for others on the same invoice are judged again; more rounds wait for the next sync
ASK_AGAIN_AFTER = timedelta(minutes=1)  # when the books could not be reached
Progress = Callable[[str], None]


@dataclass
class JourneyCounts:
    """What one sync of one company did. `problem` says why it could not go on, if it could not."""

    company: str
    mirrored: int = 0
    bound: int = 0
    planned: int = 0
    posted: int = 0
    failed: int = 0
    verified: int = 0
    put_right: int = 0
    diagnosed: int = 0
    left_to_person: int = 0
    decided: int = 0
    refused: int = 0
    incidents: int = 0
    escalation: str = ""
    problem: str = ""
    taken_in: int = 0
    refused_records: int = 0  # of the feed: kept until somebody corrects them there
    feed_problem: str = ""  # why the feed could not be asked; the rest went on
    rates: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What a sync would do with one payment: post it (no obstacles), or why not, with the diagnosis."""

    stored: StoredPayment
    obstacles: tuple[Obstacle, ...]
    diagnosis: Diagnosis | None


def run(desk: Desk, progress: Progress | None = None) -> JourneyCounts:
    """The whole journey once. A books that cannot be reached pauses this company only, and is no failure of a payment."""
    counts, run_id = JourneyCounts(desk.company.id), desk.ids.new()
    with desk.db.work() as connection:
        companies.ensure(connection, desk.company.id)
        companies.begin_run(connection, desk.company.id, run_id, desk.clock.now())
    _ask_feed(desk, counts)
    try:
        _steps(desk, counts, run_id, progress or (lambda _: None))
        with desk.db.work() as connection:
            companies.resume(connection, desk.company.id, desk.clock.now())
        incidents.look_at_connection(desk)
    except (AccessLost, BooksUnavailable) as error:
        counts.problem = error.message
        _pause(desk, error)
    with desk.db.work() as connection:
        counts.rates = [asdict(one) | {"over": one.over} for one in escalation.rates(connection, desk.company, desk.clock.now())]
        at = desk.clock.now()
        companies.end_run(connection, desk.company.id, run_id, at=at, counts=asdict(counts), problem=counts.problem)
        companies.set_synced(connection, desk.company.id, at)
    return counts


def _ask_feed(desk: Desk, counts: JourneyCounts) -> None:
    """A feed that cannot be asked never stops the sync: it is said, and the next sync goes on."""
    polled = polling.run_once(desk)
    counts.taken_in = polled.new + polled.excluded
    counts.refused_records, counts.feed_problem = polled.refused, polled.problem


def _steps(desk: Desk, counts: JourneyCounts, run_id: str, progress: Progress) -> None:
    progress("reading what changed in the books")
    counts.mirrored = mirroring.run_once(desk)
    counts.bound = binding.run_once(desk)
    progress("looking at open failures again")
    finish(desk, counts)
    _diagnose(desk, counts)
    if desk.company.writes:
        for _ in range(ROUNDS):
            progress("posting")
            judged = posting.run_once(desk, run_id)
            counts.planned += judged.planned
            counts.failed += judged.failed
            finish(desk, counts)
            if not judged.planned:
                break
    progress("diagnosing")
    _diagnose(desk, counts)
    finish(desk, counts)
    counts.escalation = escalation.run_once(desk)


def finish(desk: Desk, counts: JourneyCounts) -> None:
    """What does not wait for the next sync: decisions, effects, read-backs. Also rung by itself every few seconds."""
    incidents.decide_members(desk)
    counts.decided += decisions.run_once(desk).carried_out
    written = effects.run_until_idle(desk)
    counts.posted += written.done
    counts.refused += written.refused + written.stale
    verified = verification.run_once(desk)
    counts.verified += verified.verified
    counts.failed += verified.differing


def finish_once(desk: Desk) -> JourneyCounts:
    """Carries out and reads back what is due now, and diagnoses what came of it."""
    counts = JourneyCounts(desk.company.id)
    with desk.db.work() as connection:
        companies.ensure(connection, desk.company.id)
    escalation.remind(desk)
    try:
        finish(desk, counts)
        if counts.decided or counts.posted or counts.refused or counts.failed:
            _diagnose(desk, counts)
    except (AccessLost, BooksUnavailable) as error:
        counts.problem = error.message
        _pause(desk, error)
    return counts


def diagnose_now(desk: Desk) -> None:
    """Reads about open failures and judges what is new, between two syncs."""
    try:
        _diagnose(desk, JourneyCounts(desk.company.id))
    except (AccessLost, BooksUnavailable) as error:
        _pause(desk, error)


def _diagnose(desk: Desk, counts: JourneyCounts) -> None:
    evidence.run_once(desk)
    judged = diagnosis.run_once(desk)
    counts.put_right += judged.put_right
    counts.diagnosed += judged.diagnosed
    counts.left_to_person += judged.left_to_person
    counts.incidents += incidents.run_once(desk).opened


def _pause(desk: Desk, error: BooksError) -> None:
    """A broken connection stops this company, as one thing to be told, and never counts as failed payments."""
    at = desk.clock.now()
    cause, until = Cause(error.code), None if isinstance(error, AccessLost) else at + _pause_length(error)
    with desk.db.work() as connection:
        companies.pause(connection, desk.company.id, cause=cause, message=error.message, at=at, until=until)
    incidents.look_at_connection(desk)


def _pause_length(error: BooksError) -> timedelta:
    """As long as the books asked for, where they did."""
    asked = error.retry_after_seconds if isinstance(error, BooksUnavailable) else None
    return ASK_AGAIN_AFTER if asked is None else timedelta(seconds=asked)


def preview(desk: Desk) -> list[Preview]:
    """What a sync would post and what it would not, and why; the books are only read and nothing is promised."""
    with desk.db.work() as connection:
        companies.ensure(connection, desk.company.id)
    mirroring.run_once(desk)
    binding.run_once(desk)
    shown: list[Preview] = []
    after = ""
    while True:
        with desk.db.read() as connection:
            batch = payments.in_state(
                connection, desk.company.id, PaymentState.RECEIVED, limit=posting.PAYMENTS_PER_BATCH, after=after
            )
        gathered = evidence.gather(desk, batch, isolated=True)
        for stored in batch:
            found = obstacles(gathered[stored.number])
            shown.append(Preview(stored, found, _why(desk, gathered[stored.number]) if found else None))
        if len(batch) < posting.PAYMENTS_PER_BATCH:
            return shown
        after = batch[-1].number


def _why(desk: Desk, read: Evidence) -> Diagnosis:
    return desk.diagnose(read)
