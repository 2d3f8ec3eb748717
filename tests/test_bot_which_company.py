"""Several companies and one number: the card names its company, and a command asks which one is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from card_answers import DANA, Answers, asked, rooms_of
from makers import a_company, a_payment, two_companies
from scene import Payments, Scene, a_person, a_scene
from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from app.settings import load_settings
from app.slack import channels_of
from bot import answers as answering
from bot.cards import Message
from bot.commands import Commands
from bot.rooms import Channel, Rooms
from bot.text import context, header, section
from bot.which_company import naming_its_company
from storage import payments
from sync import intake


@dataclass
class Two:
    """Two companies with a payment TXN-1 each, and Dana, who decides in both."""

    scene: Scene
    rooms: Rooms

    def ask(self, text: str) -> dict[str, Any]:
        return asked(self.rooms, text)

    def press(self, button: dict[str, Any]) -> dict[str, Any]:
        """The answer to the button under the question."""
        answers, sending = Answers(), answering.Answers()
        body = {"actions": [button], "user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "t"}
        Commands(self.rooms, sending).which(cast("Ack", lambda: None), body, cast("WebClient", None), cast("Respond", answers))
        sending.stop()
        return answers[0]

    def hidden(self) -> list[str]:
        with self.scene.db.read() as connection:
            found = payments.find_everywhere(connection, "TXN-1")
        return [stored.payment.company for stored in found if stored.hidden_by]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    scene = a_scene(tmp_path)
    globex = a_company(id="globex", name="Globex")
    scene.feed(a_payment(transaction_number="TXN-1"), a_payment(transaction_number="TXN-2"))
    theirs = replace(scene.desk, company=globex)
    intake.run_once(theirs, Payments((a_payment(transaction_number="TXN-1", company="globex"),), digest="globex"))
    rooms, both = rooms_of(scene), (*DANA.rights, *a_person(company="globex").rights)
    channels = {**rooms.channels, "globex": Channel(globex, "C1", "C2", is_shared=True)}
    yield Two(scene, replace(rooms, channels=channels, people={"dana": replace(DANA, rights=both)}))
    scene.db.close()
    scene.ledger.close()


def buttons(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [element for block in answer["blocks"] for element in block.get("elements", ()) if element["type"] == "button"]


def test_a_number_of_two_companies_asks_which_and_acts_on_the_one_that_is_named(two: Two) -> None:
    answer = two.ask("hide TXN-1")
    acme, globex = buttons(answer)
    assert ("Payment TXN-1 is in 2 companies. Which one: Acme Networks or Globex?", []) == (answer["text"], two.hidden())

    assert ("Payment TXN-1 is hidden.", ["globex"]) == (two.press(globex)["text"], two.hidden())
    assert ("Acme Networks", "Globex") == (acme["text"]["text"], globex["text"]["text"])


def test_a_number_of_one_company_is_not_asked_about(two: Two) -> None:
    assert "Payment TXN-2 is hidden." == two.ask("hide TXN-2")["text"]


@pytest.mark.parametrize("value", ["hide elsewhere TXN-1", "hide", "hide globex TXN-9", ""])
def test_an_answer_that_names_no_payment_of_the_person_does_nothing(value: str, two: Two) -> None:
    two.press({"action_id": "which_company:0", "value": value})
    assert [] == two.hidden()


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ('channel = "C0000000003"', [False, False]),
        ('channel = "C0000000001"', [True, True]),
        ('channel = "C0000000003", escalations = "C0000000002"', [True, True]),
    ],
)
def test_a_channel_is_shared_where_two_companies_have_it(theirs: str, expected: list[bool], tmp_path: Path) -> None:
    config = tmp_path / "resolve-now.toml"
    config.write_text(two_companies('channel = "C0000000001", escalations = "C0000000002"', theirs))
    assert expected == [channel.is_shared for channel in channels_of(load_settings(config, {})).values()]


def test_the_card_names_its_company_only_where_the_channel_serves_another() -> None:
    card = Message("Payment TXN-1 is failing to sync: x", [header("Payment TXN-1 is failing to sync"), section("x")])
    alone = Channel(a_company(), "C1", "C2")
    shown = naming_its_company(card, replace(alone, is_shared=True))
    assert card == naming_its_company(card, alone)
    assert [header("Payment TXN-1 is failing to sync"), context("Company: Acme Networks"), section("x")] == shown.blocks
    assert "Acme Networks: Payment TXN-1 is failing to sync: x" == shown.text
