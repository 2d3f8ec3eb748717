"""`resolve-now worker`: does what schedulers on any machine hand out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import structlog

from app.turns import Turns
from app.wiring import House
from receivables.errors import ConfigurationError
from storage import companies, jobs
from storage.engine import Database
from storage.jobs import PACE, Doing, Job, Jobs, Pace
from sync.due import Due, Piece

URGENCY = {Piece.FINISH: 2, Piece.SYNC: 1, Piece.PROVE: 0}

log = structlog.get_logger()


def handing_over(house: House) -> Callable[[Sequence[Due]], int]:
    """Gives to workers what is due; returns how much of it nobody had yet."""
    _must_be_shared(house.db)
    queue = Jobs(house.db, house.clock)
    return lambda found: queue.hand_out([Job(due.company, due.piece, URGENCY[due.piece]) for due in found])


def work_until_told_to_stop(house: House, *, slots: int | None = None, pace: Pace = PACE) -> None:
    """Works until told to stop, then ends what is in hand; what takes too long is left to the other workers."""
    _must_be_shared(house.db)
    turns, slots = Turns(house), slots or house.settings.slots
    log.info("working", slots=slots)

    def cut_off(company: str, slot: str) -> None:
        if Piece(slot) is Piece.SYNC:  # it was claimed; without this the rest of it waits for the next interval
            with house.desk(company).work() as work:
                companies.want_sync(work)

    doing = Doing(lambda company, slot: turns.take(company, Piece(slot)), cut_off)
    if jobs.work_until_told_to_stop(house.db, doing, slots=slots, pace=pace):
        log.info("stopped")
        house.db.close()
        return
    log.warning("cut_off", why="a piece of work did not end in time; another worker takes it up")
    os._exit(0)  # its threads would keep the process alive


def _must_be_shared(db: Database) -> None:
    if db.dialect != "postgresql":
        raise ConfigurationError(
            "Workers share one PostgreSQL database, and the configured database is SQLite, which one process uses alone. "
            "Set [database] url to postgresql://HOST/DATABASE, or let one process do everything: resolve-now run"
        )
