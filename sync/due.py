"""Which work is due at which company, and doing one piece of it.

Reads: what waits at all companies, by one statement. Leaves: what the work leaves. No threads and no waiting here: the
scheduler of one process and workers on several machines call the same. A look is a hint; each piece of work is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from receivables.company import Company
from storage import companies, due
from storage.due import Waiting, Waits
from storage.engine import Database
from storage.watch import Watch
from sync import escalation, journey, nights, searching
from sync.desk import Desk, Standing
from sync.journey import JourneyCounts
from sync.nights import NightCounts

COMPANIES_PER_WRITE = 500
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Piece(StrEnum):
    """A piece of work for one company, in the order in which they are taken up."""

    FINISH = "finish"  # decisions, effects, read-backs, reminders: nobody waits for the next sync
    SYNC = "sync"
    PROVE = "prove"
    SEARCH = "search"  # what search does not know yet: everything else goes first


#: What of the waiting things is finished, and does not make a sync or a proof due.
_FINISHED = frozenset(
    {
        Waits.PLANNED,
        Waits.IN_FLIGHT,
        Waits.POSTED,
        Waits.DECISION,
        Waits.READ_BACK,
        Waits.REMINDER,
        Waits.BACK,
        Waits.SUMMARY,
    }
)


@dataclass(frozen=True)
class Due:
    """A piece of work that a company has for somebody, and what waits for it."""

    company: str
    piece: Piece
    waits: frozenset[Waits]


def begin(db: Database, ids: Iterable[str]) -> None:
    """Makes a row for each company that has none, so that it is due for the first time."""
    wanted = list(ids)
    for first in range(0, len(wanted), COMPANIES_PER_WRITE):
        with db.work() as connection:
            companies.ensure_all(connection, wanted[first : first + COMPANIES_PER_WRITE])


def look(
    db: Database, known: Mapping[str, Company], now: datetime, watch: Watch, standing: Callable[[str], Standing]
) -> list[Due]:
    """What is due at the companies that are known here, by company; nothing of it is claimed."""
    clock_was_set = {id_ for id_ in known if watch.jump_seconds(id_)}
    if not known:
        return []
    shortest = timedelta(seconds=min(company.sync_every_seconds for company in known.values()))
    zones = {company.time_zone: company for company in known.values()}
    night = max(nights.newest(company, now) for company in zones.values())
    with db.read() as connection:
        rows = due.look(connection, now, synced_before=now - shortest, proven_before=night, reminders=escalation.REMINDER_PAUSES)
    waiting: dict[str, dict[Waits, Waiting]] = {}
    for row in rows:
        if row.company in known:
            waiting.setdefault(row.company, {})[row.what] = row
    for id_ in clock_was_set:  # nothing is sent until somebody read the books for what is in flight
        waiting.setdefault(id_, {})[Waits.IN_FLIGHT] = Waiting(id_, Waits.IN_FLIGHT, None)
    return [found for id_, held in sorted(waiting.items()) for found in _of_company(known[id_], held, now, standing)]


def _of_company(
    company: Company, held: Mapping[Waits, Waiting], now: datetime, standing: Callable[[str], Standing]
) -> Iterable[Due]:
    finished = _FINISHED & held.keys()
    if finished:
        stands = standing(company.id)
        if stands.problem:
            finished -= {Waits.DECISION, Waits.PLANNED}  # they wait: nobody knows who may decide
        elif not stands.writes:
            finished -= {Waits.PLANNED}
    if finished and Waits.PAUSED not in held:
        yield Due(company.id, Piece.FINISH, frozenset(finished))
    if _sync_is_due(company, held, now):
        yield Due(company.id, Piece.SYNC, frozenset())
    proof = held.get(Waits.PROOF)
    if proof and (proof.since is None or proof.since < nights.newest(company, now)):
        yield Due(company.id, Piece.PROVE, frozenset())
    if Waits.SEARCH in held:
        yield Due(company.id, Piece.SEARCH, frozenset())


def _sync_is_due(company: Company, held: Mapping[Waits, Waiting], now: datetime) -> bool:
    if Waits.RESUMED in held:
        return True
    if Waits.SYNC not in held:
        return False
    since = held[Waits.SYNC].since or _LONG_AGO
    return since <= now - timedelta(seconds=company.sync_every_seconds) or since > companies.latest_now(now)


def take(desk: Desk, piece: Piece) -> JourneyCounts | NightCounts | None:
    """Does a piece of work for the company; None where another process does it, or did."""
    match piece:
        case Piece.FINISH:
            return journey.finish_once(desk)
        case Piece.SYNC:
            return journey.run(desk) if _claimed(desk) else None
        case Piece.PROVE:
            return _prove(desk) if nights.is_due(desk) else None
        case Piece.SEARCH:
            searching.run_once(desk)
            return None


def _prove(desk: Desk) -> NightCounts:
    """A new company starts with the next night."""
    missed = nights.tell_missed(desk, tried=False)
    try:
        counts = nights.run_once(desk)
    finally:
        missed = nights.tell_missed(desk, tried=True) or missed
    counts.missed = missed
    return counts


def _claimed(desk: Desk) -> bool:
    with desk.work() as work:
        pause = companies.get(work.connection, work.company).pause
        due_before = work.at - timedelta(seconds=desk.company.sync_every_seconds)
        again = pause is not None and pause.until is not None and pause.until <= work.at
        return companies.claim_sync(work, due_before=work.at if again else due_before)
