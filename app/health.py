"""What whoever watches the service may know: whether it is ready, and its figures for Prometheus.

Everything comes from our own rows, one small write and what this process knows of itself; nothing outside is ever asked, so
that books or a Slack that are away make no healthy process look ill. `resolve-now doctor` asks outside. Labels are ids of
companies and words of this program: no name, number or amount of anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.connections import limits_of
from app.wiring import House
from storage import mail, slack_places, slack_trouble, vitals
from storage.feeds import DATABASE_SILENT
from storage.slack_trouble import SlackTrouble
from storage.vitals import Vitals

if TYPE_CHECKING:
    from bot.bolt import Bot

FRESH_SECONDS = 5.0  # what was read so lately is told again: asking often costs one reading
ACKNOWLEDGED_IN_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)  # Slack gives up after three
LATE_AFTER_INTERVALS = 3

#: Every figure of a company that is configured: its name, what it is, and how it is read. None is left out.
_OF_COMPANY: tuple[tuple[str, str, Callable[[Vitals, datetime], float | None]], ...] = (
    ("resolve_now_last_sync_timestamp_seconds", "When the newest sync ended.", lambda of, _: _moment(of.last_sync_at)),
    ("resolve_now_last_sync_failed", "1 when it could not read the books or trust the clock.", lambda of, _: of.last_sync_failed),
    ("resolve_now_last_proof_timestamp_seconds", "When the newest nightly proof ended.", lambda of, _: _moment(of.last_proof_at)),
    ("resolve_now_last_proof_discrepancies", "What the newest nightly proof found.", lambda of, _: of.last_proof_found),
    ("resolve_now_paused", "1 while the company's books cannot be reached.", lambda of, _: of.paused is not None),
    ("resolve_now_queue_oldest_seconds", "Age of the oldest payment not yet taken up; 0 without one.",
     lambda of, now: _age(of.oldest_to_do_at, now)),
    ("resolve_now_open_failures", "Payments that wait for a person.", lambda of, _: of.open_failures),
    ("resolve_now_unknown_effects", "Writes of which nobody knows whether they reached the books.", lambda of, _: of.unknown),
    ("resolve_now_unknown_oldest_seconds", "Age of the oldest of them; 0 without one.",
     lambda of, now: _age(of.oldest_unknown_at, now)),
    ("resolve_now_effects_needing_person", "Writes that the books hold more than once.", lambda of, _: of.needing_person),
    ("resolve_now_undelivered_cards", "Messages that Slack does not have yet.", lambda of, _: of.undelivered),
    ("resolve_now_undelivered_oldest_seconds", "Age of the oldest of them; 0 without one.",
     lambda of, now: _age(of.oldest_undelivered_at, now)),
)  # fmt: skip


@dataclass(frozen=True)
class AtWork:
    """What a process knows of its work, in seconds: how long a company waits to be begun, and how long each is worked for."""

    waiting_seconds: Callable[[], float] = lambda: 0.0
    running: Callable[[], Mapping[str, float]] = dict


class Health:
    """One process's answers to those who watch it."""

    def __init__(self, house: House, bot: Bot | None = None, at_work: AtWork | None = None) -> None:
        self._house = house
        self._bot = bot
        self._turn = threading.Lock()
        self._read: tuple[float, tuple[bool, dict[str, object]]] | None = None
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Figures(house, bot, at_work or AtWork()))
        self._acknowledged = Histogram(
            "resolve_now_acknowledgement_seconds",
            "From a press in Slack until it was acknowledged.",
            buckets=ACKNOWLEDGED_IN_SECONDS,
            registry=self._registry,
        )
        self._requests = Counter("resolve_now_http_requests_total", "Requests answered.", ["status"], registry=self._registry)
        if bot is not None:
            bot.acknowledged = self._acknowledged.observe

    def answered(self, status: int) -> None:
        """Counts a request."""
        self._requests.labels(str(status)).inc()

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Whether requests can be served, and how each company stands. Of many who ask at once one looks."""
        with self._turn:
            now = self._house.clock.monotonic()
            if self._read is None or now - self._read[0] > FRESH_SECONDS:
                self._read = (now, self._look())
            is_ready, rows = self._read[1]
        said = dict(rows)  # what the rows say may be some seconds old; what this process knows of itself never is
        if self._bot is not None:
            pong = self._bot.last_pong_at
            age = None if pong is None else round(_age(pong, self._house.clock.now()), 1)
            said["slack"] = {"connected": self._bot.is_connected, "last_pong_at": _iso(pong), "seconds_since_pong": age}
        if problem := self._house.configured.problem:
            said["nothing_is_sent"] = problem
        return is_ready, said

    def _look(self) -> tuple[bool, dict[str, object]]:
        try:
            with self._house.db.read() as connection:
                found, waiting = vitals.moments(connection), vitals.undelivered(connection)
                troubles, unsent = slack_trouble.standing(connection), mail.unsent(connection)
                removed = slack_places.removed(connection)
        except DATABASE_SILENT:
            return False, {"error": "Our database does not answer."}
        if not vitals.writable(self._house.db):
            return False, {"error": "Our database cannot be written."}
        now = self._house.clock.now()
        return True, {
            "companies": {
                company.id: _standing(found.get(company.id) or Vitals(company.id), company.company.sync_every_seconds, now)
                for company in self._house.settings.companies
            },
            "undelivered": {
                company: {"messages": of_company.messages, "oldest_at": _iso(of_company.oldest_at)}
                for company, of_company in waiting.items()
            },
            "slack_takes_nothing": {
                place: {"since": _iso(known.since_at), "problem": known.problem, "tried_again_at": _iso(known.try_at)}
                for place, known in troubles.items()
            },
            **({"mails_not_sent": {"mails": unsent.mails, "oldest_at": _iso(unsent.oldest_at)}} if unsent else {}),
            "slack_removed": {place: {"name": name, "at": _iso(at)} for place, name, at in removed},
        }

    def metrics(self) -> bytes:
        """Every figure in the text format of Prometheus."""
        return generate_latest(self._registry)


class _Figures(Collector):
    """The figures of our rows, read when they are asked for, but not more often than every few seconds."""

    def __init__(self, house: House, bot: Bot | None, at_work: AtWork) -> None:
        self._house = house
        self._bot = bot
        self._at_work = at_work
        self._turn = threading.Lock()
        self._read: tuple[float, list[GaugeMetricFamily]] | None = None

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # else registering would read the database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._turn:
            now = self._house.clock.monotonic()
            if self._read is None or now - self._read[0] > FRESH_SECONDS:
                self._read = (now, list(self._look()))
            yield from self._read[1]

    def _look(self) -> Iterator[GaugeMetricFamily]:
        answers = GaugeMetricFamily("resolve_now_database_answers", "1 while our own database can be read.")
        try:
            with self._house.db.read() as connection:
                found, troubles = vitals.read(connection), slack_trouble.standing(connection)
            left = {company.id: self._house.connections.budget.left(company.id) for company in self._house.settings.companies}
            waiting = self._at_work.waiting_seconds()
        except DATABASE_SILENT:
            answers.add_metric([], 0)
            yield answers
            return
        answers.add_metric([], 1)
        yield answers
        yield self._slack()
        yield _takes_nothing(troubles, self._house.clock.now())
        yield from _at_work(waiting, self._at_work.running())
        yield from _of_companies({id_: found[id_] for id_ in left if id_ in found}, self._house.clock.now())
        yield from self._calls(left)

    def _slack(self) -> GaugeMetricFamily:
        pong = GaugeMetricFamily(
            "resolve_now_slack_pong_timestamp_seconds", "When Slack answered last; 0 where it never did or is not configured."
        )
        pong.add_metric([], _moment(self._bot.last_pong_at if self._bot else None))
        return pong

    def _calls(self, left: Mapping[str, Mapping[str, int]]) -> Iterator[GaugeMetricFamily]:
        calls = GaugeMetricFamily("resolve_now_calls_left", "Calls that the books still allow.", labels=["company", "limit"])
        allowed = GaugeMetricFamily("resolve_now_calls_allowed", "Calls that the books allow.", labels=["company", "limit"])
        for company in self._house.settings.companies:
            for limit in limits_of(company):
                if limit.name in left[company.id]:
                    calls.add_metric([company.id, limit.name], left[company.id][limit.name])
                    allowed.add_metric([company.id, limit.name], limit.calls)
        yield calls
        yield allowed


def _takes_nothing(troubles: Mapping[str, SlackTrouble], now: datetime) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "resolve_now_slack_takes_nothing_seconds",
        "How long a channel, Slack as a whole, or the connection for presses takes nothing already.",
        labels=["place"],
    )
    for place, known in troubles.items():
        family.add_metric([place], _age(known.since_at, now))
    return family


def _at_work(waiting: float, running: Mapping[str, float]) -> Iterator[GaugeMetricFamily]:
    for name, what, figure in (
        ("resolve_now_waiting_seconds", "How long the company waits to be begun that waits longest; 0 without one.", waiting),
        ("resolve_now_at_work", "Companies that this process works for at the moment.", float(len(running))),
        ("resolve_now_at_work_longest_seconds", "Since when it works for one of them.", max(running.values(), default=0.0)),
    ):
        family = GaugeMetricFamily(name, what)
        family.add_metric([], figure)
        yield family


def _of_companies(found: Mapping[str, Vitals], now: datetime) -> Iterator[GaugeMetricFamily]:
    for name, what, figure in _OF_COMPANY:
        family = GaugeMetricFamily(name, what, labels=["company"])
        for company, of_company in found.items():
            family.add_metric([company], float(figure(of_company, now) or 0))
        yield family
    buckets = GaugeMetricFamily(
        "resolve_now_payments", "Payments by where they stand; each is in exactly one.", labels=["company", "bucket"]
    )
    attempted = GaugeMetricFamily("resolve_now_rate_attempted", "Payments checked first.", labels=["company", "window"])
    failed = GaugeMetricFamily("resolve_now_rate_failed", "Those of them that failed.", labels=["company", "window"])
    over = GaugeMetricFamily("resolve_now_rate_over_limit", "1 at the company's limit.", labels=["company", "window"])
    for company, of_company in found.items():
        for bucket, count in of_company.buckets.items():
            buckets.add_metric([company, bucket.value], count)
        for rate in of_company.rates:
            attempted.add_metric([company, rate["window"]], rate["attempted"])
            failed.add_metric([company, rate["window"]], rate["failed"])
            over.add_metric([company, rate["window"]], rate["over"])
    yield from (buckets, attempted, failed, over)


def _standing(of: Vitals, sync_every_seconds: float, now: datetime) -> dict[str, object]:
    late_after = timedelta(seconds=sync_every_seconds * LATE_AFTER_INTERVALS)
    return {
        "last_sync_at": _iso(of.last_sync_at),
        "last_sync_failed": of.last_sync_failed,
        "late": of.last_sync_at is None or of.last_sync_at < now - late_after,
        "last_proof_at": _iso(of.last_proof_at),
        "last_proof_found": of.last_proof_found,
        "paused": of.paused.value if of.paused else None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
