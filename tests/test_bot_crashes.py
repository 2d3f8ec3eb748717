"""kill -9 of a whole `resolve-now run` between press and effect, and between posting a card and knowing of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import warm
from bot_scene import SEED, Json, slack_environment, write_slack_settings
from command_line import CommandLine, change_file, child_environment, load_books

from app.clock import random_bytes
from receivables.failpoints import ARMED_BY
from workspace.running import Workspace, start

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 120.0  # what was sent and never arrived is watched for a whole window first
STOP_SECONDS = 15
ENTERED_AT = "2026-03-04T11:30"
#: Time passes for what a dead process held: its leases end. What it sent is watched by the process that comes next.
TIME_PASSES = (
    "UPDATE outbox SET lease_until = NULL WHERE state = 'sending'",
    "UPDATE effect SET lease_until = NULL WHERE state = 'sending'",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with start(tmp_path, now=time.time, seed=SEED, messages_per_second=0.0, random_bytes=random_bytes) as running:
        yield running


@pytest.fixture
def acme(tmp_path: Path, workspace: Workspace) -> CommandLine:
    """One payment whose invoice was credited after it was paid; nothing synced yet."""
    write_slack_settings(tmp_path, workspace)
    made = CommandLine(tmp_path)
    load_books(made, {"H": "Hooli"}, [("1042", "Hooli", "500.00")])
    made.books("credit-memo", "CM-77", "--customer", "Hooli", "--amount", "120.00", "--on", "2026-03-04", at=ENTERED_AT)
    made.books("apply-credit", "CM-77", "--to", "1042", "--amount", "120.00", at=ENTERED_AT)
    made.take_in(("TXN-1", "Hooli", "500.00", "1042:500.00"))
    return made


class Run:
    """One `resolve-now run` against the workspace, and its log."""

    def __init__(self, acme: CommandLine, workspace: Workspace, failpoint: str) -> None:
        self._log = acme.folder / "run.log"
        environment = slack_environment(workspace) | ({ARMED_BY: failpoint} if failpoint else {})
        self.process = warm.Started(acme.words("run"), child_environment(environment), self._log, self._log)

    def __str__(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def dies(self) -> None:
        """Waits until it died as by kill -9."""
        until(lambda: self.process.poll() is not None, self)
        assert -signal.SIGKILL == self.process.returncode, str(self)

    def stops(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert 0 == self.process.wait(STOP_SECONDS)
        assert "Traceback" not in str(self)


@contextmanager
def running(acme: CommandLine, workspace: Workspace, failpoint: str = "") -> Iterator[Run]:
    run = Run(acme, workspace, failpoint)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait(STOP_SECONDS)


def until(true: Callable[[], bool], tell: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, str(tell)
        time.sleep(0.1)


def cards(workspace: Workspace) -> list[Json]:
    found = workspace.messages(workspace.channels["payments-sync"])
    return [message for message in found if message.get("thread_ts", message["ts"]) == message["ts"]]


def pressable(workspace: Workspace) -> bool:
    return bool(cards(workspace)) and "choose" in str(cards(workspace)[0]["blocks"]) and workspace.snapshot()["connections"] > 0


def press(workspace: Workspace) -> Json:
    (card,) = cards(workspace)
    dana, channel = workspace.people["dana"], workspace.channels["payments-sync"]
    return workspace.press(dana, "buttons", "choose", channel=channel, ts=card["ts"])


@pytest.mark.parametrize("failpoint", ["decisions.after_plan", "effects.before_send", "effects.after_send"])
def test_decision_is_carried_out_once_whatever_kills_the_process(failpoint: str, acme: CommandLine, workspace: Workspace) -> None:
    with running(acme, workspace, failpoint) as run:
        until(lambda: pressable(workspace), run)
        first = cards(workspace)[0]["ts"]
        until(lambda: press(workspace)["ok"] or run.process.poll() is not None, run)  # it may die before it acknowledges
        run.dies()
    assert ["carrying_out"] == [row[0] for row in acme.rows("SELECT state FROM decision")]
    change_file(acme.database, *TIME_PASSES)

    with running(acme, workspace) as run:
        until(lambda: ["· Recorded. Payment TXN-1:" in card["text"] for card in cards(workspace)] == [True], run)
        until(lambda: [] == acme.rows("SELECT id FROM outbox WHERE state IN ('waiting', 'sending')"), run)
        run.stops()

    assert ([("TXN-1", 50_000, 0)], "verified", []) == (acme.receipts(), acme.state(), acme.unsettled())
    assert [(first, [("done",)])] == [(card["ts"], acme.rows("SELECT state FROM decision")) for card in cards(workspace)]


def test_card_posted_by_a_process_that_died_at_once_is_found_and_not_posted_again(
    acme: CommandLine, workspace: Workspace
) -> None:
    with running(acme, workspace, "outbox.after_post") as run:
        run.dies()
    (posted,) = cards(workspace)
    assert [] == acme.rows("SELECT ts FROM card")
    change_file(acme.database, *TIME_PASSES)

    with running(acme, workspace) as run:
        until(lambda: [(posted["ts"],)] == acme.rows("SELECT ts FROM card"), run)
        until(lambda: pressable(workspace), run)
        run.stops()

    assert [posted["ts"]] == [card["ts"] for card in cards(workspace)]
