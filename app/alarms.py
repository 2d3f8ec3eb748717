"""The scheduler: APScheduler runs jobs at intervals, our own tables say what is due.

Its store is memory and each job is one bounded look, so that a late, repeated or skipped run costs nothing: two
processes on one database may both run a job, and each piece of work is claimed by one of them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from app.http import HttpServer
from app.slack import open_bot
from app.wiring import House
from bot.bolt import Bot
from bot.outbox import Outbox
from storage import companies
from sync import journey, nights
from sync.desk import Desk

LOOK_FOR_DUE_SYNCS_SECONDS = 5  # a sync starts at most this late
FINISH_SECONDS = 2  # decisions, effects and read-backs do not wait for the next sync
LISTEN_SECONDS = 10  # Slack may be down when this process starts
LOOK_FOR_DUE_PROOFS_SECONDS = 60
PROVE_AGAIN_SECONDS = 300.0  # after a fault, or while another process proves
TELL_OF_CONFIGURATION_SECONDS = 5  # each piece of work looks at the file itself; this is for the log
OUTBOX_SECONDS = 1  # Slack takes about one message a second for each channel

log = structlog.get_logger()


class Alarms:
    """Runs the jobs of every company until stopped. `wake` runs the short one at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desks = house.desks()
        self._turn = {desk.company.id: threading.Lock() for desk in self._desks}
        self._prove_again = dict.fromkeys(self._turn, 0.0)  # monotonic seconds
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def run_outbox(self, outbox: Outbox) -> None:
        """Sends what people should see, every second."""
        self._scheduler.add_job(outbox.run_once, "interval", seconds=OUTBOX_SECONDS, id="outbox", replace_existing=True)

    def run_bot(self, bot: Bot) -> None:
        """Listens to Slack as soon as it answers, and sends what people should see; nothing else waits for it."""
        self._scheduler.add_job(
            bot.start,
            "interval",
            seconds=LISTEN_SECONDS,
            id="listen",
            next_run_time=self._house.clock.now(),
            replace_existing=True,
        )
        self.run_outbox(bot.outbox)

    def start(self) -> None:
        for desk in self._desks:
            with desk.work() as work:
                companies.ensure(work.connection, work.company)
            self._every(desk, "sync", LOOK_FOR_DUE_SYNCS_SECONDS, self._sync_when_due)
            self._every(desk, "finish", FINISH_SECONDS, self._finish)
            self._every(desk, "prove", LOOK_FOR_DUE_PROOFS_SECONDS, self._prove_when_due)
        self._scheduler.add_job(
            self._tell_of_configuration, "interval", seconds=TELL_OF_CONFIGURATION_SECONDS, id="configuration"
        )
        self._scheduler.start()

    def _every(self, desk: Desk, what: str, seconds: int, do: Callable[[Desk], None]) -> None:
        now = self._house.clock.now()
        self._scheduler.add_job(
            lambda: do(self._house.as_of_now(desk)),
            "interval",
            seconds=seconds,
            id=f"{what}/{desk.company.id}",
            next_run_time=now,
            replace_existing=True,
        )

    def stop(self) -> None:
        """Runs no more jobs and waits for those in progress; whatever is cut off is recovered at the next start."""
        self._scheduler.shutdown(wait=True)

    def wake(self) -> None:
        """Runs the short job of every company now."""
        for desk in self._desks:
            self._scheduler.modify_job(f"finish/{desk.company.id}", next_run_time=self._house.clock.now())

    def _tell_of_configuration(self) -> None:
        """What became of a changed file; the work itself goes by the file as it is."""
        for news in self._house.configured.news():
            tell = log.error if news.problem else log.warning if news.detail else log.info
            tell(news.event, **{name: value for name, value in (("problem", news.problem), ("settings", news.detail)) if value})

    def _sync_when_due(self, desk: Desk) -> None:
        with desk.work() as work:
            pause = companies.get(work.connection, work.company).pause
            due_before = work.at - timedelta(seconds=desk.company.sync_every_seconds)
            again = pause is not None and pause.until is not None and pause.until <= work.at
            mine = companies.claim_sync(work, due_before=work.at if again else due_before)
        if mine:
            self._guarded(desk, lambda: journey.run(desk), "sync")

    def _finish(self, desk: Desk) -> None:
        self._guarded(desk, lambda: journey.finish_once(desk), "finish")

    def _prove_when_due(self, desk: Desk) -> None:
        """Once a night; after a fault again within minutes. A new company starts with the next night."""
        company, clock = desk.company.id, self._house.clock
        if clock.monotonic() < self._prove_again[company] or not nights.is_due(desk):
            return
        self._prove_again[company] = clock.monotonic() + PROVE_AGAIN_SECONDS
        with self._turn[company]:
            self._tell_missed(desk, tried=False)
            try:
                counts = nights.run_once(desk)
            finally:
                self._tell_missed(desk, tried=True)
        if counts.problem:
            log.warning("not_proven", company=company, problem=counts.problem)
        if counts.proven is not None:
            found = len(counts.proven.discrepancies)
            log.info("proven", company=company, payments=counts.proven.payments, discrepancies=found, new=len(counts.news))

    def _tell_missed(self, desk: Desk, *, tried: bool) -> None:
        if nights.tell_missed(desk, tried=tried):
            log.error("night_without_proof", company=desk.company.id)

    def _guarded(self, desk: Desk, do: Callable[[], journey.JourneyCounts], what: str) -> None:
        """One piece of work per company at a time in this process; a company that fails disturbs no other."""
        with self._turn[desk.company.id]:
            counts = do()
        if counts.feed_problem or counts.refused_records:
            log.warning("feed", company=desk.company.id, problem=counts.feed_problem, refused_records=counts.refused_records)
        if counts.clock_problem:
            log.warning("clock_was_set", company=desk.company.id, problem=counts.clock_problem)
        if counts.problem:
            log.warning("books_unreachable", company=desk.company.id, problem=counts.problem)
        elif counts.verified or counts.failed or counts.decided or counts.put_right:
            log.info(
                what,
                company=desk.company.id,
                verified=counts.verified,
                failed=counts.failed,
                decided=counts.decided,
                put_right=counts.put_right,
            )


def stop_asked() -> Callable[[], object]:
    """From now on Ctrl-C and SIGTERM only end the wait that is returned, so that work in progress is finished first.

    The interpreter writes a byte for each signal, whichever thread gets it and whenever. A `threading.Event` is not
    enough: a signal between its last look and its sleep was seen to be lost, and the process did not stop.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _signal, _frame: None)
    return lambda: os.read(told, 1)


def until_told_to_stop() -> None:
    """Waits for Ctrl-C or SIGTERM."""
    stop_asked()()


def run_until_told_to_stop(house: House) -> None:
    """Runs the jobs, and listens to Slack where it is configured, until told to stop; then stops cleanly."""
    wait_until_told = stop_asked()  # before any job runs: a stop never cuts work off in the middle
    alarms = Alarms(house)
    bot = open_bot(house, alarms)
    alarms.start()
    if bot is not None:
        alarms.run_bot(bot)
    server = HttpServer(house, house.settings.http) if house.settings.http else None
    if server is not None:
        server.start()
    log.info("running", companies=[desk.company.id for desk in house.desks()], slack=bot is not None)
    wait_until_told()
    log.info("stopping")
    if server is not None:
        server.stop()
    if bot is not None:
        bot.stop()
    alarms.stop()
    house.db.close()
