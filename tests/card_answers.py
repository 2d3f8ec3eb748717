"""Makers of what the bot answers only to whoever asked: /payments, and one payment's story, from a whole small house."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from makers import a_company
from scene import PAID, Scene, a_person, a_scene
from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from bot import answers as answering
from bot import story
from bot.commands import Commands
from bot.rooms import Channel, Rooms
from bot.text import Block
from receivables.authority import Person
from receivables.diagnosis import Remedy
from receivables.ports import Deciding, Wake
from sync import searching

DANA = Person("dana", "Dana Reyes", rights=a_person().rights, slack_accounts=frozenset({("T1", "U1")}))
LATER = PAID + timedelta(hours=20)


class Answers(list[dict[str, Any]]):
    """Bolt's `respond`, remembering what it was given."""

    def __call__(self, **given: Any) -> None:
        self.append(given)


def rooms_of(scene: Scene) -> Rooms:
    """The bot's side of a scene; nothing here decides, so nobody takes decisions."""
    company = scene.desk.company
    channels = {company.id: Channel(company, "C1", "C2")}
    nobody = object()
    return Rooms(
        scene.db,
        scene.clock,
        scene.desk.ids,
        channels,
        {"dana": DANA},
        cast("Deciding", nobody),
        cast("Wake", nobody),
        "test",
    )


def asked(rooms: Rooms, text: str) -> dict[str, Any]:
    """The answer to /payments TEXT; without a trigger, a window is told as a message."""
    answers, sending = Answers(), answering.Answers()
    body = {"text": text, "user_id": "U1", "team_id": "T1"}
    Commands(rooms, sending).asked(cast("Ack", lambda: None), body, cast("WebClient", object()), cast("Respond", answers))
    sending.stop()
    assert 1 == len(answers)
    return answers[0]


def a_busy_scene(folder: Path, *, customer: str = "Hooli", prefix: str = "") -> Scene:
    """Three payments: one fails on a credit memo, one was dismissed with proof, one is in the books. `prefix` begins numbers."""
    scene = a_scene(folder, company=a_company(), people=(a_person(), a_person("sam")))
    hooli = scene.customer(customer)
    invoices = {number: scene.invoice(f"{prefix}{number}", hooli, 50_000) for number in ("1042", "1043", "1044")}
    memo = scene.ledger.add_credit_memo(f"{prefix}CM-77", hooli.id, 12_000, "USD", date(2026, 3, 4), by="erin", at=LATER)
    scene.ledger.apply_credit(memo.id, invoices["1042"].id, 12_000, by="erin", at=LATER)
    scene.ledger.enter_receipt(
        hooli.id, 50_000, "USD", date(2026, 3, 4), by="erin", lines=[(invoices["1043"].id, 50_000)],
        reference=f"{prefix}TXN-2", at=LATER,
    )  # fmt: skip
    for place, number in enumerate(invoices, start=1):
        scene.pay(f"{prefix}TXN-{place}", 50_000, {f"{prefix}{number}": 50_000}, customer=customer)
    scene.sync()
    scene.decide(Remedy.DISMISS, f"{prefix}TXN-2")
    searching.run_once(scene.desk)
    return scene


def answers(scene: Scene, *, customer: str = "Hooli", prefix: str = "") -> dict[str, dict[str, Any]]:
    """Every kind of answer, by name."""
    rooms = rooms_of(scene)
    return {
        "search": asked(rooms, f"search {customer}"),
        "search-nothing": asked(rooms, "search no such thing"),
        "search-near": asked(rooms, "TXN-11"),
        "why": asked(rooms, f"why {prefix}TXN-1"),
        "why-dismissed": asked(rooms, f"why {prefix}TXN-2"),
        "failing": asked(rooms, "failing"),
        "help": asked(rooms, "help"),
    }


def stories(scene: Scene, *, prefix: str = "") -> dict[str, Block]:
    """The story modal of a failing payment, a dismissed one, and one where nothing went wrong."""
    rooms = rooms_of(scene)
    numbers = {"failing": "TXN-1", "dismissed": "TXN-2", "in-the-books": "TXN-3"}
    return {name: story.modal(rooms, scene.desk.company.id, f"{prefix}{number}") for name, number in numbers.items()}
