"""Every night each company is proven once, by one process; a night that nobody could prove is told to people.

Reads: whose turn it is, and everything the proof reads. Leaves: the night with what was found, stamped when it is done.
Never: a night taken for proven because somebody began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from receivables.company import Company
from receivables.errors import BooksError
from storage import companies, nights
from storage.nights import Found
from storage.work import Work
from sync import reconciliation
from sync.desk import Desk
from sync.reconciliation import Proven

PROVE_AFTER_HOUR = 3  # of the company's own day: the proof reads a lot and should disturb nobody
WITHOUT_PROOF_AFTER = timedelta(hours=3)  # then it is morning, and people are told
RENEW_SECONDS = 60.0
ENDED = "The proof ended with an error; the log says which."


class _TurnLost(Exception):
    """Another process proves the company now."""


@dataclass
class NightCounts:
    """What became of a night's proof at this look. `problem` says why it did not end; it is tried again."""

    proven: Proven | None = None
    news: Sequence[Found] = ()
    problem: str = ""
    missed: bool = False  # people were just told that a night has no proof


def is_due(desk: Desk) -> bool:
    """Whether the newest night is not proven yet."""
    with desk.db.read() as connection:
        last = nights.last_proven_at(connection, desk.company.id)
    return last is None or last < newest(desk.company, desk.clock.now())


def newest(company: Company, at: datetime) -> datetime:
    """The newest night that a company should be proven for; named by the moment from which it is due."""
    return company.latest(PROVE_AFTER_HOUR, at)


def tell_missed(desk: Desk, *, tried: bool) -> bool:
    """Tells people, once a night, of a night without proof: a whole one that passed, or, when it was tried, the newest in the
    morning. True where that was told just now.
    """
    with desk.work() as work:
        due, last = newest(desk.company, work.at), nights.last_proven_at(work.connection, work.company)
        before = newest(desk.company, due - timedelta(seconds=1))
        if last is None or last >= due:
            return False
        if last < before and not tried:
            return nights.missed(work, before)
        return tried and work.at >= due + WITHOUT_PROOF_AFTER and nights.missed(work, due)


def run_once(desk: Desk) -> NightCounts:
    """Proves the newest night where it is this process's turn. What is no answer of the books is raised, and tried again."""
    counts = NightCounts()
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
        due = newest(desk.company, work.at)
        turn = nights.claim(work, desk.watch, owner=desk.owner, due=due)
    if turn is None:
        return counts
    held = _Held(desk, turn)
    try:
        _prove(desk, held, due, counts)
    except _TurnLost:
        return counts
    except BooksError as error:
        counts.problem = error.message
    except BaseException:
        _end(desk, held, due, ENDED)
        raise
    _end(desk, held, due, counts.problem)
    return counts


def _prove(desk: Desk, held: _Held, due: datetime, counts: NightCounts) -> None:
    def done(work: Work, proven: Proven) -> None:
        counts.news = nights.proven(work, due, proven.counts(), [asdict(found) for found in proven.discrepancies])

    counts.proven = reconciliation.run_once(desk, lambda _: held.keep(), done)


def _end(desk: Desk, held: _Held, due: datetime, problem: str) -> None:
    with desk.work() as work:
        if problem:
            nights.tried(work, due, problem)
        nights.release(work, held.turn)


class _Held:
    """A turn, renewed while the walk goes on."""

    def __init__(self, desk: Desk, turn: int) -> None:
        self.desk = desk
        self.turn = turn
        self._renewed = desk.watch.moment()

    def keep(self) -> None:
        """Raises _TurnLost where another process took it."""
        if self.desk.watch.moment() - self._renewed < RENEW_SECONDS:
            return
        with self.desk.work() as work:
            turn = nights.renew(work, self.turn)
        if turn is None:
            raise _TurnLost
        self.turn, self._renewed = turn, self.desk.watch.moment()
