"""A thousand payments that fail for one reason are one card with one button, and one escalation; people can take both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually

from storage import incidents
from sync import journey

CLOSED = date(2026, 3, 31)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def pay_into_closed_period(acme: BotScene, count: int) -> None:
    """So many payments of a period that was closed meanwhile, synced."""
    acme.paid({str(5000 + place): 1_000 for place in range(count)})
    acme.books.ledger.close_period(CLOSED, by="controller")
    acme.clock.advance(1)
    acme.books.sync()


def pay_as_inactive_customer(acme: BotScene, count: int) -> str:
    """So many payments of a customer whom somebody made inactive meanwhile, synced; returns the customer's id."""
    invoices = acme.paid({str(5000 + place): 1_000 for place in range(count)})
    hooli = invoices["5000"].customer_id
    acme.books.ledger.deactivate_customer(hooli, by="erin")
    acme.clock.advance(1)
    acme.books.sync()
    acme.deliver()
    return hooli


def button(card: Json, starts_with: str) -> str:
    """The action of the card's button that begins so."""
    actions = [
        element["action_id"] for block in card["blocks"] for element in block.get("elements", ()) if "action_id" in element
    ]
    (found,) = [action for action in actions if action.startswith(starts_with)]
    return str(found)


@pytest.mark.slow
def test_a_thousand_failures_of_one_root_are_one_card_and_one_escalation_within_a_minute_of_slack_s_limit(
    acme: BotScene,
) -> None:
    pay_into_closed_period(acme, 1_000)
    began = acme.clock.monotonic()

    acme.deliver()

    (card,), (escalation,) = acme.messages(), acme.messages("finance-leads")
    assert "1,000 payments are failing for the same reason" in card["text"]
    assert "1,000 of 1,000 payments failed in the last run (100%)" in escalation["text"]
    assert "closed through Mar 31, 2026" in str(escalation["blocks"])
    assert 60 > acme.clock.monotonic() - began  # as the outbox counts: one message a second for each channel
    assert 2 == len(acme.calls("chat.postMessage"))


def test_one_press_decides_all_and_the_card_tells_how_it_ends(acme: BotScene) -> None:
    hooli = pay_as_inactive_customer(acme, 5)
    acme.books.ledger.reactivate_customer(hooli, by="erin")

    acme.press("dana", button(acme.messages()[-1], "choose_all/"), acme.messages()[-1])
    acme.answered("dana", "Recorded")
    for _ in range(3):
        acme.clock.advance(1)
        journey.finish_once(acme.books.desk)
    acme.sync()

    (card,) = acme.messages()
    assert "5 payments settled" in card["text"]
    assert 5 == len(acme.books.receipts())


def test_person_without_the_right_decides_nothing(acme: BotScene) -> None:
    pay_as_inactive_customer(acme, 5)

    acme.press("bea", button(acme.messages()[0], "choose_all/"), acme.messages()[0])

    acme.answered("bea", "not linked")
    with acme.house.db.read() as connection:
        assert [None] == [incident.bulk_by for incident in incidents.open_ones(connection, "acme")]


def test_incident_and_escalation_are_taken_by_the_first_who_says_so(acme: BotScene) -> None:
    pay_into_closed_period(acme, 12)
    acme.deliver()
    (card,) = acme.messages()
    acme.clock.advance(1)

    acme.press("sam", "take", card)
    acme.answered("sam", "You took ownership")
    acme.press("dana", "take", card)
    acme.answered("dana", "Sam Okafor already")
    acme.deliver()

    assert "Owner: Sam Okafor." in str(acme.messages()[0]["blocks"])


def test_escalation_is_repeated_in_its_thread_with_a_mention_until_it_is_taken(acme: BotScene) -> None:
    pay_into_closed_period(acme, 12)
    acme.deliver()
    channel = acme.workspace.channels["finance-leads"]
    (escalation,) = acme.messages("finance-leads")

    def replies() -> list[Json]:
        ours = acme.workspace.messages(channel)
        return [message for message in ours if message.get("thread_ts") == escalation["ts"] != message["ts"]]

    for expected in (1, 1, 2):  # after one hour, not after two, after three
        acme.clock.advance(3600)
        acme.carry_out()
        assert expected == len(replies())
    assert f"<@{acme.workspace.people['dana']}>" in str(replies()[0]["blocks"])

    acme.workspace.press(acme.workspace.people["dana"], "buttons", "take", channel=channel, ts=escalation["ts"])
    eventually(lambda: "You took ownership" in " ".join(acme.answers("dana")))
    acme.clock.advance(48 * 3600)
    acme.carry_out()

    assert "Dana Reyes took ownership." in replies()[-1]["text"]
    assert 3 == len(replies())


def test_cards_that_stand_already_stay_when_a_third_payment_makes_them_an_incident(acme: BotScene) -> None:
    two = acme.paid({"5000": 1_000, "5001": 1_001})
    acme.books.invoice("5002", next(customer for customer in acme.books.ledger.customers() if customer.name == "Hooli"), 1_002)
    acme.books.ledger.close_period(CLOSED, by="controller")
    acme.sync()
    before = [message["ts"] for message in acme.messages()]
    acme.books.pay("TXN-3", 1_002, {"5002": 1_002})

    acme.sync()

    assert (2, 2) == (len(two), len(before))
    assert before == [message["ts"] for message in acme.messages()[:2]]
    assert ["3 payments are failing for the same reason"] == [
        message["text"].split(": ")[1].split(".")[0] for message in acme.messages()[2:]
    ]


def test_what_takes_two_people_each_is_not_offered_for_all_nor_is_trying_again_in_its_place(acme: BotScene) -> None:
    pay_into_closed_period(acme, 5)
    acme.deliver()
    (card,) = acme.messages()
    assert ["take"] == [of["action_id"] for block in card["blocks"] for of in block.get("elements", ()) if "action_id" in of]
    assert "Each needs two people" in str(card["blocks"])
