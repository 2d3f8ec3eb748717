"""Two schedulers and two workers as processes: each turn is handed out once, and no two of them work for one company at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any, cast
from urllib.request import urlopen

import private_postgres
import pytest
from bot_scene import BotScene, a_bot_scene
from command_line import write_settings
from machines import Machine, Machines, machines
from private_postgres import Cluster
from scene import a_scene
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from turns_scene import a_house_of

from app.slots import SLOW_SECONDS
from app.turns import Turns
from bot.outbox import LEASE_SECONDS, Outbox
from receivables.books_records import Changes
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from receivables.ports import Books
from storage import outbox
from storage.alone import Alone
from storage.engine import Database
from sync.due import Piece

COMPANIES = ("acme", "birch", "cedar")
PAYMENTS = 4
STALLED_SECONDS = 2.0
SLOW = ("--slots", "1", "--slow", "cedar:0.25", "--stalled", str(STALLED_SECONDS))
#: Each turn that is handed out, kept although its job is deleted when it ends.
KEEP_TURNS = """
CREATE TABLE handed_out (company text, slot text, turn integer);
CREATE FUNCTION keep_turn() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO handed_out VALUES (NEW.company, NEW.slot, NEW.turn); RETURN NEW; END $$;
CREATE TRIGGER keep_turn AFTER UPDATE ON slot FOR EACH ROW EXECUTE FUNCTION keep_turn();
"""
AGAIN = "SELECT company, slot, turn FROM handed_out GROUP BY 1, 2, 3 HAVING count(*) > 1"


@pytest.fixture
def url(postgres: Cluster | None) -> Iterator[str]:
    if postgres is None:
        pytest.skip(private_postgres.HOW_TO_GET_IT)
    with postgres.cloned("migrated") as cloned:
        yield cloned


@pytest.fixture
def several(tmp_path: Path, url: str) -> Iterator[Machines]:
    with machines(tmp_path, url, COMPANIES, PAYMENTS) as made:
        made.do(KEEP_TURNS)
        yield made


@pytest.mark.slow
def test_a_frozen_worker_and_killed_processes_lose_and_double_nothing(several: Machines) -> None:
    first, _ = several.start("scheduler"), several.start("scheduler")
    workers = [several.start("worker", *SLOW), several.start("worker", *SLOW)]
    frozen = several.caught_calling("cedar", workers)
    first.kill()
    several.until(lambda: several.verified() >= PAYMENTS * 2, 30)  # one slow company, and a frozen worker, delay no other
    several.do("UPDATE company SET synced_at = NULL WHERE id = 'cedar'")  # due again while its worker is frozen
    sleep(STALLED_SECONDS * 2)
    calls_of_others = {call["pid"] for call in several.calls() if call["company"] == "cedar"} - {frozen.pid}
    frozen.thaw()
    several.caught_calling("cedar", [frozen])
    frozen.kill()  # in the middle of another call
    several.start("scheduler")
    several.start("worker", *SLOW)
    several.until(lambda: several.verified() == PAYMENTS * 3, 120)

    assert set() == calls_of_others
    assert [] == several.overlaps()
    assert ([], PAYMENTS * 3) == (several.doubled(), several.receipts())
    assert [] == several.rows(AGAIN)
    assert [0, 0, 0, 0] == [machine.stop() for machine in several.made if machine.killed is None]


def test_as_many_hung_companies_as_slots_stop_nobody_and_a_stop_waits_for_none_of_them(several: Machines) -> None:
    several.start("scheduler")
    worker = several.start("worker", "--slots", "2", "--slow", "acme:600", "--slow", "birch:600", "--port", "0")
    several.until(lambda: several.verified() == PAYMENTS, 60)

    hung = {company for company in COMPANIES if several.calling(company)}
    ready, told_of = answered(worker, "/health/ready"), answered(worker, "/metrics")
    figures = {name: float(value) for name, value in re.findall(r"(?m)^(\w+) (\S+)$", told_of)}
    told = monotonic()
    code = worker.stop(10)

    assert {"acme", "birch"} == hung
    assert json.loads(ready)["ready"]
    assert figures["resolve_now_at_work"] >= len(hung)  # the third company may be worked for as well
    assert figures["resolve_now_at_work_longest_seconds"] >= SLOW_SECONDS
    assert (0, True) == (code, monotonic() - told < 10)
    assert "handed_over" in worker.log.read_text(encoding="utf-8")


def answered(machine: Machine, path: str) -> str:
    (port,) = re.findall(r"listening.*port\W*(\d+)", machine.log.read_text(encoding="utf-8"))
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read(), "utf-8")


def test_what_is_held_is_lost_with_its_session_and_nobody_else_has_it_before(url: str) -> None:
    db = Database(url)
    first, other = Alone(db), Alone(db)
    with first.holding("acme") as hold, first.holding("acme") as again, other.holding("acme") as elsewhere:
        assert (True, None, None) == (hold is not None and hold.lasts(), again, elsewhere)
    with other.holding("acme") as hold:
        assert hold is not None
        assert not first.keep("acme")
        cut_off(db)
        assert not hold.lasts()
        assert first.keep("acme")
    assert first.keep("acme")  # what the other one lost, it does not let go of here
    first.close()
    other.close()
    db.close()


def test_a_worker_that_lost_its_company_sends_nothing_any_more(tmp_path: Path, url: str) -> None:
    scene = a_scene(tmp_path, url=url)
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    turns, real = Turns(a_house_of(scene)), scene.desk.books
    turns.begin()
    scene.with_books(cast("Books", CutOff(real, scene.db)))
    turns.take("acme", Piece.SYNC)
    assert ([], PaymentState.RECEIVED) == (scene.receipts(), scene.payment().state)

    scene.with_books(real)
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state
    scene.db.close()


class CutOff:
    """Books; while they tell what changed, the connection that holds the company is lost."""

    def __init__(self, books: Books, db: Database) -> None:
        self._books = books
        self._db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        cut_off(self._db)
        return self._books.changes(cursor, receipts_only=receipts_only)


def cut_off(db: Database) -> None:
    """Ends every session that holds what one process may do alone."""
    with db.work() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name = 'resolve-now locks' AND datname = current_database()"
        )


def test_one_process_alone_sends_to_a_channel_until_it_ends(tmp_path: Path, url: str) -> None:
    with a_bot_scene(tmp_path, listening=False, url=url) as acme:
        for number, invoice in acme.paid({"1042": 10_000, "1043": 20_000, "1044": 30_000}).items():
            acme.credit(invoice, f"CM-{number}", 1_000)
        acme.books.sync()
        first, other = acme.bot.outbox, Outbox(acme.bot.outbox.rooms, acme.bot.outbox.client)

        assert [(1, 0), (1, 0)] == [(acme.ring(), other.run_once()), (acme.ring(), other.run_once())]
        first.alone.close()  # its process ends
        acme.clock.advance(1.1)
        assert (1, 0) == (soon(other.run_once), first.run_once())  # the server notices at once, but not at the same moment

        assert ["TXN-1", "TXN-2", "TXN-3"] == acme.numbers()
        other.alone.close()


class Freezing(WebClient):
    """A client whose process is frozen just before one kind of call leaves, until it is thawed."""

    def __init__(self, acme: BotScene, at: str) -> None:
        super().__init__(acme.workspace.bot_token, base_url=acme.workspace.api_url, retry_handlers=[])
        self._at, self.frozen, self.thawed = at, Event(), Event()

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        if api_method == self._at:
            self.frozen.set()
            assert self.thawed.wait(30)
        return super().api_call(api_method, **given)


@pytest.mark.parametrize("call", ["chat.postMessage", "chat.update"])
def test_a_sender_frozen_while_it_sends_leaves_one_message_and_that_one_is_true(call: str, tmp_path: Path, url: str) -> None:
    with a_bot_scene(tmp_path, listening=False, url=url) as acme:
        client, other = Freezing(acme, call), acme.bot.outbox
        frozen = Outbox(other.rooms, client)
        for number, invoice in acme.paid().items():
            acme.credit(invoice, f"CM-{number}", 1_000)
        acme.books.sync()
        if call == "chat.update":
            acme.deliver()
            other.alone.close()
            with acme.books.desk.work() as work:
                outbox.want(work, "failure", acme.books.failing().id)
        with ThreadPoolExecutor(1) as thread:
            sending = thread.submit(frozen.run_once)
            assert client.frozen.wait(10)
            cut_off(acme.house.db)  # as the server does after a minute of silence
            soon(lambda: int(other.alone.keep(f"channel {acme.cards_channel}")))
            assert [0, 1] == [acme.ring(LEASE_SECONDS + 1) for _ in range(2)]  # what another one holds is watched first
            acme.books.decide(Remedy.UNAPPLY_CREDIT_MEMO)
            acme.deliver()
            client.thawed.set()
            sending.result(10)
        acme.deliver()

        (card,) = acme.messages()
        assert "· Recorded" in str(card["blocks"])
        frozen.alone.close()


def soon(do: Callable[[], int]) -> int:
    """What it returns as soon as that is anything."""
    for _ in range(200):
        if done := do():
            return done
        sleep(0.05)
    raise AssertionError("nothing came of it")


@pytest.mark.parametrize("words", [("worker",), ("run", "--workers")])
def test_sqlite_has_no_workers(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = write_settings(tmp_path).run(*words)
    assert (2, "") == (ran.code, ran.out)
    assert "Workers share one PostgreSQL database" in ran.err
