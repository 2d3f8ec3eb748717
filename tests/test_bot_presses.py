"""A press is taken once, only where the card stands, only from whom it may come; and each person hears what became of it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from bot_scene import BotScene, Json, a_bot_scene
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.bolt import LISTENERS
from storage import hiding, schema
from storage.engine import Database
from sync import journey


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def test_press_delivered_three_times_is_one_decision(acme: BotScene) -> None:
    acme.credited()
    acme.press("dana", "choose", acme.card())
    assert [200, 200] == [acme.replay(acme.told[0]) for _ in range(2)]

    acme.carry_out()

    assert ["done"] == [decision.state for decision in acme.decisions()]
    assert 1 == acme.audit_actions().count("decision.made")
    assert [("TXN-1", 50_000, 0)] == acme.books.receipts()


def another_channel(body: Json) -> None:
    body["container"]["channel_id"] = body["channel"]["id"] = "C0FORWARDED"


def another_message(body: Json) -> None:
    body["container"]["message_ts"] = body["message"]["ts"] = "1.000001"


def unknown_value(body: Json) -> None:
    body["actions"][0]["value"] = "id000000000000000000099999"


def no_value(body: Json) -> None:
    del body["actions"][0]["value"]


@pytest.mark.parametrize("change", [another_channel, another_message, unknown_value, no_value])
def test_press_that_is_not_of_the_card_is_refused(change: Callable[[Json], None], acme: BotScene) -> None:
    acme.credited()
    body = acme.held_back("dana", "choose", acme.card())
    change(body)

    assert 200 == acme.replay(body)

    acme.answered("dana", "out of date")
    assert ((), 0) == (tuple(acme.decisions()), acme.audit_actions().count("decision.made"))


def test_the_same_press_unchanged_is_taken(acme: BotScene) -> None:
    acme.credited()

    assert 200 == acme.replay(acme.held_back("dana", "choose", acme.card()))

    assert ["accepted"] == [decision.state for decision in acme.decisions()]


@pytest.mark.parametrize(("change", "expected"), [(None, ["accepted"]), (another_channel, [])])
def test_press_quicker_than_the_note_of_where_the_card_stands(
    change: Callable[[Json], None] | None, expected: list[str], acme: BotScene
) -> None:
    """Slack shows a card before its answer reaches us: until then a press must come from the company's own channel."""
    acme.credited()
    body = acme.held_back("dana", "choose", acme.card())
    with acme.house.db.work() as connection:
        connection.execute(sa.delete(schema.card))
    if change:
        change(body)

    assert 200 == acme.replay(body)

    assert expected == [decision.state for decision in acme.decisions()]


@pytest.mark.parametrize("action", ["choose", "resolve_now"])
def test_person_of_another_workspace_is_a_stranger(action: str, acme: BotScene) -> None:
    acme.credited()
    body = acme.held_back("dana", action, acme.card())
    for place in (body["user"], body["team"]):
        changed = copy.deepcopy(body)
        changed["team" if place is body["team"] else "user"]["id" if place is body["team"] else "team_id"] = "T0OTHER0000"
        assert 200 == acme.replay(changed)
        acme.answered("dana", "belongs to another organization")

    assert ((), {}) == (tuple(acme.decisions()), acme.workspace.snapshot()["modals"])


def test_second_person_on_the_same_button_hears_who_chose(acme: BotScene) -> None:
    acme.credited(9_000, credit_minor=2_000)
    card = acme.card()
    late = acme.held_back("dana", "choose", card)
    acme.press("sam", "choose", card)

    acme.replay(late)

    acme.answered("dana", "Sam Okafor already chose")
    assert ["sam"] == [decision.requested_by for decision in acme.decisions()]


def test_declined_remedy_may_be_chosen_again(acme: BotScene) -> None:
    acme.credited()
    acme.press("sam", "choose", acme.card())
    acme.deliver()
    acme.says("dana", "decline")
    acme.deliver()
    declined = acme.card()

    acme.press("dana", "choose", declined)
    acme.carry_out()

    assert [("sam", "refused"), ("dana", "done")] == [(decision.requested_by, decision.state) for decision in acme.decisions()]
    assert (declined["ts"], [("TXN-1", 50_000, 0)]) == (acme.card()["ts"], acme.books.receipts())


def test_press_on_facts_that_changed_writes_nothing_and_says_so(acme: BotScene) -> None:
    acme.credited()
    card = acme.card()
    memo = acme.books.ledger.credit_memos()[0]
    acme.books.ledger.unapply_credit(memo.applications[0].id, by="Bea Bookkeeper")
    acme.press("dana", "choose", card)

    acme.carry_out()
    assert ["stale"] == [decision.state for decision in acme.decisions()]
    acme.sync()

    assert "Fixed in the books" in acme.card()["text"]
    assert [("TXN-1", 50_000, 0)] == acme.books.receipts()


def test_hidden_payments_card_offers_to_show_it_again(acme: BotScene) -> None:
    acme.credited()
    acme.press("dana", "choose", acme.card())
    acme.carry_out()

    def menu() -> list[str]:
        blocks = [block["accessory"] for block in acme.card()["blocks"] if block.get("accessory", {}).get("action_id") == "more"]
        return [option["text"]["text"] for option in blocks[0]["options"]]

    assert "Hide" in menu()
    acme.press("dana", "more", acme.card(), choice=f"hide {acme.books.last_failure().id}")
    acme.deliver()
    assert ("Unhide" in menu(), "dana") == (True, acme.books.payment().hidden_by)
    acme.press("dana", "more", acme.card(), choice=f"hide {acme.books.last_failure().id}")
    acme.deliver()
    assert ("Hide" in menu(), None) == (True, acme.books.payment().hidden_by)
    with acme.books.desk.work("the command line") as work:
        hiding.hide(work, "TXN-1", hidden=True)
    acme.deliver()
    assert "Unhide" in menu()


# --- when we are busy, or Slack is slow -------------------------------------------------------------------------------


def test_a_press_that_our_database_has_no_turn_for_is_told_that_it_was_not_recorded(acme: BotScene) -> None:
    acme.credited()
    card = acme.card()
    another_process = Database(acme.house.settings.database_url)
    with another_process.work() as connection:
        connection.execute(sa.update(schema.company).values(books_cursor="held"))
        acme.press("dana", "choose", card)
        acme.answered("dana", "this was not recorded. Press again")
    another_process.close()
    assert () == tuple(acme.decisions())
    acme.press("dana", "choose", card)
    acme.answered("dana", "Recorded.")
    assert ["accepted"] == [decision.state for decision in acme.decisions()]


def test_windows_that_slack_opens_slowly_delay_no_press(acme: BotScene, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.credited()
    card, let_go = acme.card(), threading.Event()
    monkeypatch.setattr(WebClient, "views_open", lambda _self, **_: let_go.wait(10))
    for _ in range(LISTENERS + 3):
        acme.press("dana", "resolve_now", card)
    acme.press("dana", "choose", card)
    acme.answered("dana", "Recorded.")
    let_go.set()
    assert ["accepted"] == [decision.state for decision in acme.decisions()]


def test_a_window_that_slack_does_not_open_is_said(acme: BotScene, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.credited()

    def refused(_self: WebClient, **_: object) -> None:
        raise SlackClientError("expired_trigger_id")

    monkeypatch.setattr(WebClient, "views_open", refused)
    acme.press("dana", "resolve_now", acme.card())
    acme.answered("dana", "The window did not open")


def test_a_press_while_slack_takes_nothing_for_a_minute_is_recorded_and_drawn_once(acme: BotScene) -> None:
    acme.credited()
    acme.workspace.fault("rate_limited", for_seconds=60, retry_after_seconds=1)
    acme.press("dana", "choose", acme.card())
    assert ["accepted"] == [decision.state for decision in acme.decisions()]
    journey.finish_once(acme.books.desk)
    refused = sum(acme.ring(5.0) for _ in range(10))

    acme.clock.advance(60)
    acme.carry_out()

    assert (0, 1, True) == (refused, len(acme.messages()), "· Recorded" in str(acme.card()["blocks"]))
    assert {"exactly_once": 1} == acme.proof()
