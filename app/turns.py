"""Which company has work now, and doing it: what is due is asked of all companies at once, and what came of it is logged.

No threads: `run` calls this from its slots, and workers on other machines from theirs; no two of them work for one company
at once. A piece of work that stays due although it was handed out rests for a while, longer each time, until something else
waits at that company.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import structlog

from app.wiring import House
from storage.alone import Alone, Hold, work_for
from storage.troubles import trouble_of
from sync import due
from sync.desk import Desk, Standing
from sync.due import Due, Piece
from sync.journey import JourneyCounts
from sync.nights import NightCounts

#: How long a piece of work rests after it was handed out, and how long at most when nothing comes of it.
REST_SECONDS = {Piece.FINISH: (2.0, 15.0), Piece.SYNC: (5.0, 15.0), Piece.PROVE: (300.0, 300.0),
                Piece.SEARCH: (0.0, 0.0)}  # fmt: skip

log = structlog.get_logger()


@dataclass(frozen=True)
class _Rest:
    of: Due
    seconds: float
    until: float  # monotonic seconds


class Turns:
    """The companies of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._alone = Alone(house.db)
        self._desks: dict[str, Desk] = {}
        self._rests: dict[tuple[str, Piece], _Rest] = {}
        self._turn = threading.Lock()

    def begin(self) -> None:
        """Makes every configured company known to the database."""
        due.begin(self._house.db, [company.id for company in self._house.settings.companies])

    def due(self) -> list[Due]:
        """What is to be taken up now; the same is not named again before it has rested."""
        house = self._house
        known = {settings.id: settings.company for settings in house.settings.companies}
        found = due.look(house.db, known, house.clock.now(), house.watch, house.configured.standing)
        with self._turn:
            rests = self._rests
            self._rests = {key: rests[key] for piece in found if (key := (piece.company, piece.piece)) in rests}
            return [piece for piece in found if self._is_to_be_taken_up(piece)]

    def _is_to_be_taken_up(self, found: Due) -> bool:
        key, now = (found.company, found.piece), self._house.clock.monotonic()
        first, longest = REST_SECONDS[found.piece]
        rest = self._rests.get(key)
        if rest is None or rest.of != found:
            self._rests[key] = _Rest(found, first, now + first)
            return True
        if now < rest.until:
            return False
        seconds = min(rest.seconds * 2, longest)
        self._rests[key] = _Rest(found, seconds, now + seconds)
        return True

    def rested(self) -> None:
        """Somebody waits: nothing of what is finished rests any more."""
        with self._turn:
            self._rests = {key: rest for key, rest in self._rests.items() if key[1] is not Piece.FINISH}

    def take(self, company: str, piece: Piece) -> None:
        """Does a piece of work and logs what came of it; nothing where another process does it."""
        with self._alone.holding(work_for(company)) as hold:
            if hold is None:
                return
            counts = due.take(_while_it_lasts(self._house.as_of_now(self._desk(company)), hold), piece)
        if isinstance(counts, NightCounts):
            _tell_of_night(company, counts)
        elif counts is not None and _tell_of_journey(piece, counts):
            with self._turn:
                self._rests.pop((company, piece), None)  # where more waits, it is taken up at once

    def _desk(self, company: str) -> Desk:
        with self._turn:
            if company not in self._desks:
                self._desks[company] = self._house.desk(company)
            return self._desks[company]


def _while_it_lasts(desk: Desk, hold: Hold) -> Desk:
    """The desk, which sends nothing any more once another process may work for the company."""
    allowed = desk.standing or (lambda: Standing(desk.company.writes))
    return replace(desk, standing=lambda: allowed() if hold.lasts() else Standing(writes=False))


def is_told_as_trouble(error: Exception, work: str) -> bool:
    """Logs in one line what is wrong with the database itself; False where the error says nothing of it."""
    trouble = trouble_of(error)
    if trouble is not None:
        log.warning("database_trouble", work=work, problem=trouble.message)
    return trouble is not None


def _tell_of_night(company: str, counts: NightCounts) -> None:
    if counts.missed:
        log.error("night_without_proof", company=company)
    if counts.problem:
        log.warning("not_proven", company=company, problem=counts.problem)
    if counts.proven is not None:
        found = len(counts.proven.discrepancies)
        log.info("proven", company=company, payments=counts.proven.payments, discrepancies=found, new=len(counts.news))


def _tell_of_journey(piece: Piece, counts: JourneyCounts) -> bool:
    """Logs what is worth it; returns whether anything came of it."""
    company = counts.company
    if counts.feed_problem or counts.refused_records:
        log.warning("feed", company=company, problem=counts.feed_problem, refused_records=counts.refused_records)
    if counts.clock_problem:
        log.warning("clock_was_set", company=company, problem=counts.clock_problem)
    if counts.problem:
        log.warning("books_unreachable", company=company, problem=counts.problem)
        return False
    told = {name: getattr(counts, name) for name in ("verified", "failed", "decided", "put_right")}
    if not any(told.values()):
        return False
    log.info(piece.value, company=company, **told)
    return True
