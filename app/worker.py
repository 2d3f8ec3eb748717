"""`resolve-now worker`: does what schedulers on any machine hand out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from app.settings_feeds import HttpSettings
from app.slots import SLOW_SECONDS
from app.turns import Turns
from app.wiring import House
from receivables.errors import ConfigurationError
from storage import companies
from storage.engine import Database
from storage.jobs import PACE, Doing, Job, Jobs, Pace, Working
from sync.due import Due, Piece

if TYPE_CHECKING:
    from app.http import HttpServer

URGENCY = {Piece.FINISH: 2, Piece.SYNC: 1, Piece.PROVE: 0, Piece.SEARCH: -1}

log = structlog.get_logger()


class Workers:
    """Those on all machines, for whoever schedules."""

    def __init__(self, house: House) -> None:
        _must_be_shared(house.db)
        self._queue = Jobs(house.db, house.clock)

    def hand_out(self, found: Sequence[Due]) -> int:
        """Gives to workers what is due; returns how much of it nobody had yet."""
        return self._queue.hand_out([Job(due.company, due.piece, URGENCY[due.piece]) for due in found])

    def waiting_seconds(self) -> float:
        """How long the company waits for a worker that waits longest."""
        return self._queue.waiting_seconds()


def work_until_told_to_stop(house: House, *, slots: int | None = None, port: int | None = None, pace: Pace = PACE) -> None:
    """Works until told to stop, then ends what is in hand; what takes too long is left to the other workers.

    With a port it answers there to those who watch it; 0 takes a free one.
    """
    workers, turns, slots = Workers(house), Turns(house), slots or house.settings.slots

    def cut_off(company: str, slot: str) -> None:
        if Piece(slot) is Piece.SYNC:  # it was claimed; without this the rest of it waits for the next interval
            with house.desk(company).work() as work:
                companies.want_sync(work)

    doing = Doing(lambda company, slot: turns.take(company, Piece(slot)), cut_off, slots, SLOW_SECONDS)
    working = Working(house.db, house.clock, doing, pace)
    server = None if port is None else _watched(house, port, workers, working)
    log.info("working", slots=slots)
    if working.until_told_to_stop():
        if server is not None:
            server.stop()
        log.info("stopped")
        house.db.close()
        return
    log.warning("handed_over", companies=sorted(working.slots.running()))
    os._exit(0)  # its threads would keep the process alive


def _watched(house: House, port: int, workers: Workers, working: Working) -> HttpServer:
    """Answers to those who watch it, on the address that is configured for `run`; no messages are received here."""
    from app.health import AtWork  # noqa: PLC0415  # only where somebody watches it
    from app.http import HttpServer  # noqa: PLC0415

    configured = house.settings.http
    settings = configured.model_copy(update={"port": port}) if configured else HttpSettings(port=port)
    server = HttpServer(house, settings, at_work=AtWork(workers.waiting_seconds, working.slots.running), receives=False)
    server.start()
    return server


def _must_be_shared(db: Database) -> None:
    if db.dialect != "postgresql":
        raise ConfigurationError(
            "Workers share one PostgreSQL database, and the configured database is SQLite, which one process uses alone. "
            "Set [database] url to postgresql://HOST/DATABASE, or let one process do everything: resolve-now run"
        )
