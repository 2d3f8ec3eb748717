"""One company's whole journey, once: take a look at the books, post what fits, and say why the rest does not.

The steps hand over by rows; this file only runs them in order. `run` is what the scheduler, the command line, the tests
and the demo all call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from receivables.diagnosis import Cause
from receivables.errors import AccessLost, BooksError, BooksUnavailable
from storage import audit, companies
from sync import (
    binding,
    care,
    correcting,
    decisions,
    deposits,
    diagnosis,
    effects,
    escalation,
    incidents,
    mirroring,
    open_failures,
    part_refunds,
    polling,
    posting,
    summaries,
    verification,
)
from sync.desk import Desk
from sync.escalation import Rate

ROUNDS = 20  # payments that wait for others on the same invoice are checked again; more rounds wait for the next sync
ASK_AGAIN_AFTER = timedelta(minutes=1)  # when the books could not be reached
UNREAD = "The books have not been read to the end yet. Nothing is posted until they are; the next sync goes on reading."
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
    clock_problem: str = ""  # this machine's clock was set, and what that stopped
    rates: list[dict[str, object]] = field(default_factory=list)

    def add(self, later: JourneyCounts) -> None:
        """Adds what a later run of the same company did; of what it says, the newest stands."""
        for name, value in vars(later).items():
            before = getattr(self, name)
            setattr(self, name, before + value if isinstance(value, int) else value or before)


def run(desk: Desk, progress: Progress | None = None) -> JourneyCounts:
    """The whole journey once. Books that cannot be reached pause this company only, and is no failure of a payment."""
    counts, run_id = JourneyCounts(desk.company.id), desk.ids.new()
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
        companies.begin_run(work, run_id)
    _ask_feed(desk, counts)
    measured: tuple[Rate, ...] = ()
    try:
        _steps(desk, counts, run_id, progress or (lambda _: None))
        counts.escalation, measured = escalation.run_once(desk)
        with desk.work() as work:
            companies.resume(work)
        incidents.look_at_connection(desk)
    except (AccessLost, BooksUnavailable) as error:
        counts.problem = error.message
        _pause(desk, error)
    with desk.work() as work:
        measured = measured or escalation.rates(work.connection, desk.company, work.at)
        counts.rates = [asdict(rate) | {"over": rate.over} for rate in measured]
        companies.end_run(work, run_id, counts=asdict(counts), problem=counts.problem or counts.clock_problem)
        companies.set_synced(work)
    summaries.plan(desk)
    return counts


def _ask_feed(desk: Desk, counts: JourneyCounts) -> None:
    """A feed that cannot be asked never stops the sync: it is said, and the next sync goes on."""
    polled = polling.run_once(desk)
    counts.taken_in = polled.new + polled.excluded
    counts.refused_records, counts.feed_problem = polled.refused, polled.problem


def _steps(desk: Desk, counts: JourneyCounts, run_id: str, progress: Progress) -> None:
    progress("reading what changed in the books")
    mirrored = mirroring.run_once(desk)
    counts.mirrored = mirrored.seen
    if not mirrored.whole:
        counts.problem = UNREAD
    counts.bound = binding.run_once(desk)
    if desk.writes and mirrored.whole:
        counts.planned += deposits.run_once(desk)
    progress("looking at open failures again")
    recorded = _recorded(desk)
    finish(desk, counts)
    _diagnose(desk, counts)
    diagnosed = _recorded(desk)
    for _ in range(ROUNDS if mirrored.whole else 0):
        progress("posting")
        posted = posting.run_once(desk, run_id)
        counts.planned += posted.planned
        counts.failed += posted.failed
        if (now := _recorded(desk)) == recorded:  # nothing came of it, nor of what was finished before
            break
        recorded = now
        finish(desk, counts)
        if not posted.planned:
            break
    recorded = _recorded(desk)
    if recorded != diagnosed:  # else the books would be read again for what is known
        progress("diagnosing")
        _diagnose(desk, counts)
        if _recorded(desk) != recorded:
            finish(desk, counts)


def _recorded(desk: Desk) -> int:
    """The number of the newest change; while it stays, no payment, effect, failure or decision changed its state."""
    with desk.db.read() as connection:
        return audit.last_seq(connection, desk.company.id)


def finish(desk: Desk, counts: JourneyCounts) -> None:
    """What does not wait for the next sync: decisions, effects, read-backs. Also run by itself every few seconds."""
    incidents.decide_members(desk)
    counts.decided += decisions.run_once(desk).carried_out
    if mirroring.is_whole(desk):
        written = effects.run_until_idle(desk)
        counts.posted += written.done
        counts.refused += written.refused + written.stale
        counts.clock_problem = counts.clock_problem or written.clock_problem
    verified = verification.run_once(desk)
    counts.verified += verified.verified
    counts.failed += verified.differing


def finish_once(desk: Desk) -> JourneyCounts:
    """Carries out and reads back what is due now, and diagnoses what came of it."""
    counts = JourneyCounts(desk.company.id)
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
    escalation.remind(desk)
    care.remind(desk)
    care.bring_back(desk)
    summaries.run_once(desk)
    try:
        finish(desk, counts)
        if counts.decided or counts.posted or counts.refused or counts.failed:
            _diagnose(desk, counts)
    except (AccessLost, BooksUnavailable) as error:
        counts.problem = error.message
        _pause(desk, error)
    return counts


def diagnose_now(desk: Desk) -> None:
    """Reads about open failures and diagnoses what is new, between two syncs."""
    try:
        _diagnose(desk, JourneyCounts(desk.company.id))
    except (AccessLost, BooksUnavailable) as error:
        _pause(desk, error)


def _diagnose(desk: Desk, counts: JourneyCounts) -> None:
    open_failures.run_once(desk)
    correcting.run_once(desk)
    counts.put_right += part_refunds.run_once(desk)
    found = diagnosis.run_once(desk)
    counts.put_right += found.put_right
    counts.diagnosed += found.diagnosed
    counts.left_to_person += found.left_to_person
    counts.incidents += incidents.run_once(desk).opened
    if found.diagnosed:  # one that was set aside may fail for another reason now
        care.bring_back(desk)


def _pause(desk: Desk, error: BooksError) -> None:
    """A broken connection stops this company, as one thing to be told, and never counts as failed payments."""
    with desk.work() as work:
        until = None if isinstance(error, AccessLost) else work.at + _pause_length(error)
        companies.pause(work, cause=Cause(error.code), message=error.message, until=until)
    incidents.look_at_connection(desk)


def _pause_length(error: BooksError) -> timedelta:
    """As long as the books asked for, where they did."""
    asked = error.retry_after_seconds if isinstance(error, BooksUnavailable) else None
    return ASK_AGAIN_AFTER if asked is None else timedelta(seconds=asked)
