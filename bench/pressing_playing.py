"""People press while a sync runs and cards wait: how long each press waited for its acknowledgement, and what was lost.

The bot of the product over Socket Mode in a practice workspace, which runs in the same process and so makes it no faster. A press
is lost where Slack would show its warning sign, where it was acknowledged and is not on record, or where the person was not told.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bot_scene import BotScene, Json, a_bot_scene

from receivables.diagnosis import Remedy
from storage import cards, failures, outbox, schema
from storage.cards import Place

TICK_SECONDS = 0.05  # the scene's clock goes with the real one
RING_SECONDS = 1.0
TOLD_WITHIN_SECONDS = 60.0  # the last ones, on a busy machine
PRESSERS = 60  # at a time; each waits for its acknowledgement


@dataclass(frozen=True)
class Pressed:
    """A press of a card: whether Slack saw it acknowledged in time, and after how many seconds."""

    card: str
    acknowledged: bool
    seconds: float


def play(acme: BotScene, *, payments: int, waiting: int, a_second: float) -> dict[str, Any]:
    """So many payments are posted while so many cards wait and people press."""
    shown = failing(acme, waiting)
    acme.fitting(payments)
    queue_all(acme)
    over = threading.Event()
    pressed: list[Future[Pressed | None]] = []
    with time_goes_on(acme), beside(over, lambda: rings(acme, over)), ThreadPoolExecutor(PRESSERS) as pressers:
        began = time.monotonic()
        syncing = threading.Thread(target=acme.books.sync)
        syncing.start()
        for place, card in enumerate(cycle(shown)):
            time.sleep(max(0.0, began + place / a_second - time.monotonic()))
            if not syncing.is_alive() and place >= len(shown):
                break
            pressed.append(pressers.submit(press, acme, card))
        syncing.join()
        took = time.monotonic() - began
        over.set()
    arrived = [found for press in pressed if (found := press.result()) is not None]
    return counted(acme, arrived, took)


def failing(acme: BotScene, count: int) -> list[Json]:
    """So many payments that fail, each with a card that people see."""
    acme.credited(*[50_000] * count)
    each_with_a_card(acme)
    return [message for message in acme.messages() if _block(message)]


def each_with_a_card(acme: BotScene) -> None:
    """More than a few at once are told in a digest; here each gets its card all the same, as over days."""
    with acme.house.db.read() as connection:
        found = failures.select(connection, schema.failure.c.state == "open")
        with_card = {failure.id for failure in found if cards.place(connection, "acme", "failure", failure.id)}
    for failure in found:
        if failure.id not in with_card:
            posted = acme.bot.outbox.client.chat_postMessage(channel=acme.cards_channel, text="a card")
            where = Place("failure", failure.id, acme.workspace.team_id, acme.cards_channel, str(posted["ts"]))
            with acme.books.desk.work() as work:
                cards.stands_at(work, where)
                outbox.want(work, "failure", failure.id)
    acme.deliver()


def queue_all(acme: BotScene) -> None:
    """Every card waits to be drawn anew."""
    with acme.house.db.read() as connection:
        found = failures.select(connection, schema.failure.c.state == "open")
    with acme.books.desk.work() as work:
        outbox.want_many(work, "failure", [failure.id for failure in found])


def press(acme: BotScene, card: Json) -> Pressed | None:
    """The card's own remedy, also where it was pressed before; None where the card shows no such button any more."""
    began = time.monotonic()
    answer = acme.workspace.press(
        acme.workspace.people["dana"], _block(card), "choose", channel=acme.cards_channel, ts=card["ts"]
    )  # fmt: skip
    if answer.get("error") == "not_found":
        return None
    return Pressed(card["ts"], bool(answer.get("ok")), time.monotonic() - began)


def _block(card: Json) -> str:
    """The block with the recommended remedy's button, or "" where there is none."""
    found = (
        block["block_id"]
        for block in card["blocks"]
        if any(element.get("action_id") == "choose" for element in block.get("elements", ()))
    )
    return str(next(found, ""))


@contextmanager
def time_goes_on(acme: BotScene) -> Iterator[None]:
    """The scene's clock goes as fast as the real one."""
    over = threading.Event()

    def ticking() -> None:
        last = time.monotonic()
        while not over.wait(TICK_SECONDS):
            now = time.monotonic()
            acme.clock.advance(now - last)
            last = now

    with beside(over, ticking):
        yield


@contextmanager
def beside(over: threading.Event, do: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def rings(acme: BotScene, over: threading.Event) -> None:
    while not over.wait(RING_SECONDS):
        acme.bot.outbox.run_once()


def counted(acme: BotScene, pressed: list[Pressed], took_seconds: float) -> dict[str, Any]:
    """What became of the presses."""
    posted, decided = schema.payment.c.state == "verified", schema.decision.c.remedy == Remedy.UNAPPLY_CREDIT_MEMO
    until = time.monotonic() + TOLD_WITHIN_SECONDS
    while len(acme.answers("dana")) < len(pressed) and time.monotonic() < until:
        time.sleep(TICK_SECONDS)
    with acme.house.db.read() as connection:
        verified = connection.scalar(sa.select(sa.func.count()).select_from(schema.payment).where(posted))
        on_record = connection.scalar(sa.select(sa.func.count()).select_from(schema.decision).where(decided))
    waits = sorted(press.seconds for press in pressed)
    return {
        "presses": len(pressed),
        "not_acknowledged": sum(not press.acknowledged for press in pressed),
        "not_on_record": len({press.card for press in pressed if press.acknowledged}) - int(on_record or 0),
        "not_told": len(pressed) - len(acme.answers("dana")),
        "posted_meanwhile": int(verified or 0),
        "sync_seconds": took_seconds,
        "p50_ms": 1000 * waits[len(waits) // 2],
        "p99_ms": 1000 * waits[len(waits) * 99 // 100],
        "worst_ms": 1000 * waits[-1],
    }


def main() -> None:
    url, payments, waiting, a_second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder, a_bot_scene(Path(folder), url=url) as acme:
        print(json.dumps(play(acme, payments=payments, waiting=waiting, a_second=a_second)))


if __name__ == "__main__":
    main()
