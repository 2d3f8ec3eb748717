"""The scheduler: APScheduler rings, our own tables say what is due, and each company's work has a slot of its own.

Each thing that rings has an executor of its own, so that none waits for another: the look at what is due, the outbox, the
look for cards that were deleted, telling people how what they started ended, mails, listening to Slack, and the
configuration. No company has an alarm of its own. A late, repeated or skipped one costs nothing: two processes on one
database may both look, and each piece of work is claimed by one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.health import AtWork
from app.http import HttpServer
from app.mail import open_mail
from app.slack import open_bot
from app.slots import Slots
from app.turns import Turns, is_told_as_trouble
from app.wiring import House
from bot.bolt import Bot
from bot.mail_outbox import MailOutbox
from bot.missing_cards import LOOK_SECONDS
from bot.outbox import Outbox
from storage import slack_trouble, vitals
from sync.due import Due

DUE_SECONDS = 1  # whatever is due begins at most this late, where a slot is free
LISTEN_SECONDS = 10  # Slack may be down when this process starts
TELL_OF_CONFIGURATION_SECONDS = 5  # each piece of work looks at the file itself; this is for the log
STOP_SECONDS = 9.0  # container platforms and systemd kill ten seconds after they asked
MAIL_SECONDS = 60  # what is worth a mail has lasted for a quarter of an hour, or fails for hours
OUTBOX_SECONDS = 0.5  # Slack takes about one message a second for each channel, and none is early
ENDINGS_SECONDS = 1


log = structlog.get_logger()


class Workers(Protocol):
    """Processes elsewhere that do what is handed out."""

    def hand_out(self, found: Sequence[Due]) -> int: ...

    def waiting_seconds(self) -> float: ...


class Alarms:
    """Rings until stopped. `wake` looks at once at what is due."""

    def __init__(self, house: House, workers: Workers | None = None) -> None:
        """What is due is handed out to `workers`; without them this process does it."""
        self._house = house
        self._turns = Turns(house)
        self._workers = workers
        self.slots = Slots(self._turns.take, house.clock, slots=house.settings.slots)
        rings = ("due", "outbox", "missing cards", "endings", "mail", "listen", "configuration")
        executors = {name: ThreadPoolExecutor(1) for name in rings}
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors=executors,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run_outbox(self, outbox: Outbox) -> None:
        """Sends what people should see, as fast as Slack allows."""
        self._every("outbox", OUTBOX_SECONDS, outbox.run_once)

    def run_sending(self, bot: Bot) -> None:
        """The same, looks for what somebody deleted, and tells people how what they started ended."""
        self._every("outbox", OUTBOX_SECONDS, lambda: [workspace.outbox.run_once() for workspace in bot.sendings()])
        self._every("endings", ENDINGS_SECONDS, lambda: [workspace.endings.run_once() for workspace in bot.sendings()])
        self._every("missing cards", LOOK_SECONDS, lambda: [workspace.missing_cards.run_once() for workspace in bot.sendings()])

    def run_mail(self, outbox: MailOutbox) -> None:
        """Sends what Slack cannot tell."""
        self._every("mail", MAIL_SECONDS, outbox.run_once)

    def run_bot(self, bot: Bot) -> None:
        """Listens to Slack as soon as it answers, and sends what people should see; nothing else waits for it."""
        self._every("listen", LISTEN_SECONDS, bot.start)
        self.run_sending(bot)

    def start(self) -> None:
        self._turns.begin()
        self._every("due", DUE_SECONDS, self._look)
        self._every("configuration", TELL_OF_CONFIGURATION_SECONDS, self._tell_of_configuration)
        self._scheduler.start()

    def _every(self, what: str, seconds: float, do: Callable[[], object]) -> None:
        """From now on. What the database is troubled by is one line in the log, and tried again at the next ring."""

        def rung() -> None:
            try:
                do()
            except Exception as error:
                if not is_told_as_trouble(error, what):
                    raise

        now = self._house.clock.now()
        self._scheduler.add_job(
            rung, "interval", seconds=seconds, id=what, name=what, executor=what, next_run_time=now, replace_existing=True
        )

    def stop(self) -> None:
        """Begins nothing more and waits for what is in progress; whatever is cut off is recovered at the next start."""
        self._scheduler.pause()
        self.slots.stop()
        self._scheduler.shutdown(wait=True)

    def at_work(self) -> AtWork:
        """What those who watch may know of it."""
        return AtWork((self._workers or self.slots).waiting_seconds, self.slots.running)

    def wake(self) -> None:
        """Looks now, because somebody waits."""
        self._turns.rested()
        self._scheduler.modify_job("due", next_run_time=self._house.clock.now())

    def _look(self) -> None:
        found = self._turns.due()
        if self._workers is not None:
            self._workers.hand_out(found)
            return
        for due in found:
            self.slots.offer(due.company, due.piece)
        self.slots.look()

    def _tell_of_configuration(self) -> None:
        """What became of a changed file; the work itself goes by the file as it is."""
        for news in self._house.configured.news():
            tell = log.error if news.problem else log.warning if news.detail else log.info
            tell(news.event, **{name: value for name, value in (("problem", news.problem), ("settings", news.detail)) if value})


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


def run_until_told_to_stop(house: House, workers: Workers | None = None) -> None:
    """Runs the jobs, and listens to Slack where it is configured, until told to stop; then stops cleanly."""
    wait_until_told = stop_asked()  # before any job runs: a stop never cuts work off in the middle
    alarms = Alarms(house, workers)
    bot = open_bot(house, alarms)
    alarms.start()
    if bot is not None:
        _tell_what_waits(house)
        alarms.run_bot(bot)
    if (mails := open_mail(house)) is not None:
        alarms.run_mail(mails)
    server = HttpServer(house, house.settings.http, bot, at_work=alarms.at_work()) if house.settings.http else None
    if server is not None:
        server.start()
    log.info("running", companies=[company.id for company in house.settings.companies], slack=bot is not None)
    wait_until_told()
    log.info("stopping")
    house.configured.stop()  # nothing more is sent; what was planned waits for the next process

    def stop() -> None:
        if server is not None:
            server.stop()
        if bot is not None:
            bot.stop()
        alarms.stop()
        house.db.close()

    stop_within(STOP_SECONDS, stop, lambda: sorted(alarms.slots.running()))


def _tell_what_waits(house: House) -> None:
    """What Slack does not have yet from before, and where it took nothing."""
    with house.db.read() as connection:
        waiting, troubles = vitals.undelivered(connection), slack_trouble.standing(connection)
    for company, held in waiting.items():
        log.warning("not_delivered_yet", company=company, messages=held.messages, since=held.oldest_at.isoformat())
    for place, known in troubles.items():
        log.warning("slack_takes_nothing", place=place, problem=known.problem, since=known.since_at.isoformat())


def stop_within(seconds: float, stop: Callable[[], None], running: Callable[[], list[str]]) -> None:
    """Stops, and ends the process where that takes too long: what got no answer until then is looked for at the next start.

    That is what happens after a crash too, so that a platform that kills after its own time takes nothing away.
    """
    stopping = threading.Thread(target=stop, name="stop", daemon=True)
    stopping.start()
    stopping.join(seconds)
    if stopping.is_alive():
        log.warning("handed_over", companies=running(), seconds=seconds)
        sys.stderr.flush()
        os._exit(0)  # threads that wait for somebody outside would keep the interpreter
