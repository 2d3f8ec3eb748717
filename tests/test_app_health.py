"""What those who watch the service are told: from our rows and one small write, never from outside, and never a name."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

import pysqlite3.dbapi2 as sqlite
import pytest
import yaml
from command_line import CHECKOUT, CommandLine, load_books, write_settings
from prometheus_client.parser import text_string_to_metric_families

from app import health, http_connections
from app.http import HttpServer
from app.settings_feeds import FeedAccess, HttpSettings
from app.wiring import House, open_house
from bot.bolt import Bot
from storage import companies, slack_trouble, vitals
from storage.engine import Database

TOKEN = "made-up-token-of-the-watchers"
PONG_AT = datetime(2026, 3, 5, 9, tzinfo=UTC)
ALERTS = CHECKOUT / "ops" / "alerts.yaml"


@dataclass
class FakeBot:
    """What is known of Slack here."""

    is_connected: bool = True
    takes_requests: bool = False
    last_pong_at: datetime | None = PONG_AT
    acknowledged: Any = field(default=None)


@dataclass
class Watched:
    """A server in this process, and the house behind it."""

    house: House
    server: HttpServer
    bot: FakeBot

    def ask(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def figures(self) -> dict[str, dict[tuple[str, ...], float]]:
        _, text = self.ask("/metrics")
        return {
            family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
            for family in text_string_to_metric_families(text)
        }


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A company with a payment posted and one that failed; its customer has a name that may be nowhere."""
    made = write_settings(tmp_path_factory.mktemp("health"))
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "5.00")])
    made.take_in(("TXN-1", "Hooli", "5.00", "1001:5.00"), ("TXN-2", "Hooli", "7.00", "9999:7.00"))
    made.sync()
    return made


def watched(acme: CommandLine, environment: dict[str, str], host: str = "127.0.0.1") -> Watched:
    house = open_house(acme.config, environment)
    bot = FakeBot()
    server = HttpServer(house, HttpSettings(host=host, port=0), cast("Bot", bot))
    server.start()
    return Watched(house, server, bot)


@pytest.fixture
def up(acme: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(health, "FRESH_SECONDS", -1.0)
    text = acme.config.read_text()
    if "[http]" not in text:
        acme.config.write_text("[http]\nport = 0\n" + text)
    found = watched(acme, {})
    yield found
    found.server.stop()
    found.house.db.close()


def test_alive_is_told_without_reading_anything(up: Watched) -> None:
    up.house.db.close()
    assert (200, {"alive": True}) == ((answer := up.ask("/health/live"))[0], json.loads(answer[1]))


def test_ready_tells_the_last_sync_and_proof_of_each_company_and_slacks_last_pong(up: Watched) -> None:
    status, text = up.ask("/health/ready")
    said = json.loads(text)
    assert (200, True, ["acme"]) == (status, said["ready"], list(said["companies"]))
    standing = said["companies"]["acme"]
    assert (False, None, None) == (standing["last_sync_failed"], standing["last_proof_at"], standing["paused"])
    assert standing["last_sync_at"] is not None
    assert (True, PONG_AT.isoformat()) == (said["slack"]["connected"], said["slack"]["last_pong_at"])
    assert said["slack"]["seconds_since_pong"] > 0


def test_ready_and_the_figures_tell_what_waits_for_slack_where_and_since_when(up: Watched) -> None:
    since = datetime(2026, 3, 5, 9, tzinfo=UTC)
    with up.house.db.work() as connection:
        slack_trouble.found(connection, "C0123456789", "not_in_channel", at=since, try_at=since)
    said = json.loads(up.ask("/health/ready")[1])

    assert 1 == said["undelivered"]["acme"]["messages"]
    known = said["slack_takes_nothing"]["C0123456789"]
    assert ("not_in_channel", since.isoformat()) == (known["problem"], known["since"])
    assert up.figures()["resolve_now_slack_takes_nothing_seconds"]["C0123456789",] > 0


def test_a_database_that_cannot_be_written_is_not_ready(up: Watched, acme: CommandLine) -> None:
    holder = sqlite.connect(str(acme.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        status, text = up.ask("/health/ready")
    finally:
        holder.close()
    assert (503, "Our database cannot be written.") == (status, json.loads(text)["error"])
    assert 200 == up.ask("/health/ready")[0]


def test_the_figures_are_those_of_our_rows(up: Watched) -> None:
    up.bot.acknowledged(0.2)
    found = up.figures()
    assert (1, 1) == (
        found["resolve_now_payments"]["posted", "acme"],
        found["resolve_now_payments"]["waiting_person", "acme"],
    )
    assert 2 == sum(found["resolve_now_payments"].values())
    assert {("acme",): 1} == found["resolve_now_open_failures"]
    assert {("acme",): 0} == found["resolve_now_unknown_oldest_seconds"]
    assert (2, 1) == (
        found["resolve_now_rate_attempted"]["acme", "24 hours"],
        found["resolve_now_rate_failed"]["acme", "24 hours"],
    )
    assert {(): PONG_AT.timestamp()} == found["resolve_now_slack_pong_timestamp_seconds"]
    assert 1 == found["resolve_now_acknowledgement_seconds"]["0.25",]
    assert found["resolve_now_last_sync_timestamp_seconds"]["acme",] > 0


def test_a_company_that_was_taken_out_of_the_configuration_rings_no_alarm(up: Watched) -> None:
    with up.house.db.work() as connection:
        companies.ensure(connection, "gone")
    of_companies = [labels[0] for name, found in up.figures().items() if "sync" in name or "queue" in name for labels in found]
    assert {"acme"} == set(of_companies)


def test_no_name_of_anybody_is_in_them(up: Watched) -> None:
    text = up.ask("/metrics")[1] + up.ask("/health/ready")[1]
    names = "|".join(
        ("Hooli", "TXN-", "Dana", "dana", r"(?<![\d.])9999(?![\d.])", "Acme")
    )  # 9999: an invoice, not part of a moment
    assert [] == re.findall(names, text)


def test_as_many_statements_for_a_thousand_companies_as_for_one(up: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = count()
    with up.house.db.read() as connection:
        real = connection.execute

        def execute(query: Any) -> Any:
            next(asked)
            return real(query)

        monkeypatch.setattr(connection, "execute", execute)
        vitals.read(connection)
    assert 6 == next(asked)


def test_every_figure_that_an_alert_names_exists(up: Watched) -> None:
    names = set(up.figures())
    known = names | {f"{name}{ending}" for name in names for ending in ("_total", "_bucket", "_count", "_sum")}
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    used = {name for rule in rules for name in NAMES.findall(rule["expr"])}
    assert used
    assert set() == used - known
    assert all(rule["annotations"]["summary"] and rule["annotations"]["description"] for rule in rules)


NAMES = re.compile(r"\b(?:resolve_now|process)_\w+")


def test_whoever_may_reach_it_from_outside_must_show_the_token(acme: CommandLine) -> None:
    found = watched(acme, {"RESOLVE_NOW_METRICS_TOKEN": TOKEN})
    try:
        assert [404, 404] == [found.ask("/metrics")[0], found.ask("/metrics", Authorization="Bearer something-else")[0]]
        assert {"alive": True, "ready": True} == json.loads(found.ask("/health/ready")[1])
        assert 200 == found.ask("/metrics", Authorization=f"Bearer {TOKEN}")[0]
    finally:
        found.server.stop()
        found.house.db.close()


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(Exception, match="too short"):
        FeedAccess({"RESOLVE_NOW_METRICS_TOKEN": "short"}).metrics_token()


def test_a_head_that_never_ends_is_cut_off_and_a_slow_one_keeps_nobody_out(up: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "HEAD_SECONDS", 0.3)
    lines = [socket.create_connection(("127.0.0.1", up.server.port), timeout=30) for _ in range(80)]
    for line in lines[:40]:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    assert 200 == up.ask("/health/live")[0]
    assert {b""} == {_rest(line) for line in lines}


def test_too_many_connections_are_closed_at_once(up: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "MOST_CONNECTIONS", 5)
    lines = [socket.create_connection(("127.0.0.1", up.server.port), timeout=0.3) for _ in range(10)]
    closed = [line for line in lines if _is_closed(line)]
    assert 5 == len(closed)
    for line in lines:
        line.close()


def _rest(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except ConnectionResetError:
        return b""


def _is_closed(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_of_many_who_ask_at_once_one_looks(acme: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    house = open_house(acme.config, {})
    looked, real = count(), vitals.writable

    def writable(db: Database) -> bool:
        next(looked)
        return real(db)

    monkeypatch.setattr(vitals, "writable", writable)
    asked = health.Health(house)
    threads = [threading.Thread(target=asked.ready) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.db.close()
    assert 1 == next(looked)
