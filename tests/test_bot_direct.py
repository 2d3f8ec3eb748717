"""Whoever must approve or do something hears of it directly, once, with what they need, and hears when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from bot_scene import BotScene, Json, a_bot_scene, eventually
from makers import messages_waiting
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from workspace_bot import a_client, a_workspace

from app.doctor_slack import slack_of
from bot.direct import address
from bot.home_tab import HomeTab
from bot.looking import Looking
from bot.slack_errors import NoMember, Trouble, trouble_of
from receivables.authority import Person
from storage import letters, schema
from sync import journey
from workspace import PersonSeed, Seed


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    """TXN-1 fails, and Sam may not decide about so much alone."""
    with a_bot_scene(tmp_path) as made:
        made.credited()
        yield made


def direct(acme: BotScene, person: str) -> list[Json]:
    """What a person was told directly, as it reads now, oldest first."""
    conversation = acme.bot.outbox.client.conversations_open(users=acme.workspace.people[person])["channel"]["id"]
    return acme.workspace.messages(conversation)


def lead(message: Json) -> str:
    return str(message["blocks"][0]["text"]["text"])


def pressable(message: Json) -> set[str]:
    return {of["action_id"] for block in message["blocks"] for of in block.get("elements", ()) if "action_id" in of}


def press(acme: BotScene, person: str, action: str, message: Json) -> None:
    block = next(block["block_id"] for block in message["blocks"] if f"'{action}'" in str(block.get("elements")))
    conversation = acme.bot.outbox.client.conversations_open(users=acme.workspace.people[person])["channel"]["id"]
    acme.workspace.press(acme.workspace.people[person], block, action, channel=conversation, ts=message["ts"])


def asked_by_sam(acme: BotScene) -> None:
    acme.press("sam", "choose", acme.card())
    acme.deliver()


def test_who_must_approve_is_told_and_approves_there(acme: BotScene) -> None:
    asked_by_sam(acme)
    (message,) = direct(acme, "dana")
    assert [] == direct(acme, "sam")
    assert "Sam Okafor asks you to approve “Unapply credit memo”." == lead(message)
    assert {"approve", "withdraw"} == pressable(message)

    press(acme, "dana", "approve", message)
    acme.carry_out()

    (message,) = direct(acme, "dana")
    assert "You approved “Unapply credit memo”. There is nothing left for you to do." == lead(message)
    assert (set(), ["done"]) == (pressable(message), [made.state for made in acme.decisions()])


def test_the_one_who_asked_takes_it_back_and_who_was_asked_sees_that(acme: BotScene) -> None:
    asked_by_sam(acme)
    acme.says("sam", "decline")
    acme.deliver()
    (message,) = direct(acme, "dana")
    assert "Declined by Sam Okafor. There is nothing left for you to do." == lead(message)


@pytest.mark.parametrize("fault", ["outage", "dropped_after"])
def test_a_direct_message_whose_answer_was_lost_is_not_written_again(fault: str, acme: BotScene) -> None:
    acme.press("sam", "choose", acme.card())
    acme.deliver()
    acme.workspace.fault(fault, "chat.postMessage", times=1)
    with acme.books.desk.work("sam") as work:
        letters.write(work, "dana", letters.About("assigned", acme.books.failing().id))
    acme.deliver()
    assert 2 == len(direct(acme, "dana"))


def test_a_reminder_is_a_message_of_its_own_and_stops_when_it_is_decided(acme: BotScene) -> None:
    asked_by_sam(acme)
    acme.clock.advance(4 * 3600)
    journey.finish_once(acme.books.desk)
    acme.deliver()
    first, second = direct(acme, "dana")
    assert lead(second).startswith("Reminder: Sam Okafor has been waiting for an approval of “Unapply credit memo” since Mar 10")
    press(acme, "dana", "withdraw", second)
    acme.deliver()
    assert lead(first) != lead(second)
    assert ["Declined by Dana Reyes. There is nothing left for you to do."] * 2 == [lead(of) for of in direct(acme, "dana")]


def test_whom_slack_does_not_know_is_said_and_not_waited_for(acme: BotScene) -> None:
    rooms = acme.bot.outbox.rooms
    lost = replace(rooms.people["dana"], slack_accounts=frozenset({("T0ELSEWHERE", "U0ELSEWHERE")}))
    acme.bot.outbox.rooms = replace(rooms, people={**rooms.people, "dana": lost})
    asked_by_sam(acme)
    with acme.house.db.read() as connection:
        assert (0, {"acme": {"dana": 1}}) == (messages_waiting(connection), letters.unreached(connection, ["acme"]))
    (said,) = [of for of in slack_of(acme.house, acme.house.settings.companies[0]) if of.check == "direct messages"]
    assert "1 direct message for Dana Reyes: Slack knows no account of theirs there." == said.text
    home = HomeTab(rooms).view(rooms.people["sam"], Looking())
    assert "No direct message reaches Dana Reyes." in str(home["blocks"])

    acme.says("sam", "decline")
    acme.deliver()
    with acme.house.db.read() as connection:
        assert {} == letters.unreached(connection, ["acme"])


def test_a_conversation_that_an_earlier_user_of_the_app_began_is_left_for_the_one_of_now(acme: BotScene) -> None:
    asked_by_sam(acme)
    with acme.house.db.work() as connection:
        connection.execute(sa.update(schema.card).where(schema.card.c.subject_kind == "direct").values(channel="D0FORMER"))
    acme.says("sam", "decline")
    acme.deliver()
    assert "Declined by Sam Okafor. There is nothing left for you to do." == lead(direct(acme, "dana")[-1])


def test_no_scope_for_direct_messages_holds_up_no_card(acme: BotScene) -> None:
    acme.workspace.fault("error", "conversations.open", error="missing_scope", for_seconds=60)
    acme.press("sam", "choose", acme.card())
    for _ in range(6):
        acme.ring()
    assert "Review" in str(acme.card())
    acme.clock.advance(700)
    acme.deliver()
    assert 1 == len(direct(acme, "dana"))


def test_a_card_is_assigned_and_snoozed_in_a_window_and_says_so(acme: BotScene) -> None:
    acme.press("dana", "more", acme.card(), choice=f"care {acme.books.failing().id}")
    view = eventually(lambda: acme.workspace.open_modal(acme.workspace.people["dana"]))
    day = (acme.clock.now() + timedelta(days=7)).date().isoformat()
    inputs = {"assignee": {"assignee": "sam"}, "note": {"note": "Ask Hooli."}, "until": {"until": day}}
    acme.workspace.submit(acme.workspace.people["dana"], view["id"], inputs)
    acme.answered("dana", "Payment TXN-1 is assigned to Sam Okafor now. They are told directly.")
    acme.deliver()
    assert "Assigned to Sam Okafor. Snoozed by Dana Reyes until Mar 17, 2026." in str(acme.card())
    (message,) = direct(acme, "sam")
    assert "Dana Reyes assigned this payment to you. “Ask Hooli.”" == lead(message)
    assert {"resolve_now"} == pressable(message)


def test_assign_to_me_is_one_press(acme: BotScene) -> None:
    acme.press("sam", "more", acme.card(), choice=f"mine {acme.books.failing().id}")
    acme.answered("sam", "Payment TXN-1 is assigned to you now.")
    acme.deliver()
    assert ("Assigned to Sam Okafor." in str(acme.card()), []) == (True, direct(acme, "sam"))


def test_each_person_lists_what_is_theirs_and_what_is_set_aside(acme: BotScene) -> None:
    def says(person: str, text: str, words: str) -> str:
        acme.workspace.say(acme.workspace.people[person], acme.cards_channel, text)
        return acme.answered(person, words)

    asked_by_sam(acme)
    says("dana", "/payments mine", "1 payment waits for your approval.")
    says("sam", "/payments mine", "Nothing is waiting for you.")
    says("sam", "/payments snoozed", "No payment is snoozed.")
    day = acme.clock.now().date() + timedelta(days=7)
    acme.bot.outbox.rooms.deciding.snooze("acme", acme.books.failing().id, day.isoformat(), by="dana")
    acme.bot.outbox.rooms.deciding.assign("acme", acme.books.failing().id, "sam", by="dana")
    says("sam", "/payments mine", "1 payment is assigned to you.")
    says("sam", "/payments snoozed", "1 payment is snoozed.")
    says("sam", "/payments failing", "1 payment is failing, 1 of them snoozed.")
    says("dana", "/payments unsnooze TXN-1", "Payment TXN-1 is no longer snoozed.")
    says("dana", "/payments unassign TXN-1", "Payment TXN-1 is unassigned now.")


def test_an_address_gets_nothing_that_no_full_member_confirmed(tmp_path: Path) -> None:
    people = (
        PersonSeed("priya", "Priya Nair", "priya@example.com"),
        PersonSeed("gus", "Gus Tran", "gus@example.com", standing="guest"),
        PersonSeed("una", "Una Vogel", "una@example.com", email_confirmed=False),
    )
    with a_workspace(tmp_path, seed=Seed(people=people, groups={})) as workspace:
        client = a_client(workspace)
        assert address(client, Person("priya", "Priya Nair", email="priya@example.com"), workspace.team_id)
        for nobody in ("gus", "una"):
            with pytest.raises(NoMember) as caught:
                address(client, Person(nobody, nobody, email=f"{nobody}@example.com"), workspace.team_id)
            assert Trouble.CHANNEL == trouble_of(caught.value).trouble


@pytest.mark.parametrize("organization", ["", "Acme Group"])
def test_an_account_of_another_workspace_counts_only_inside_one_organization(tmp_path: Path, organization: str) -> None:
    people = (PersonSeed("priya", "Priya Nair", "priya@example.com"),)
    with a_workspace(tmp_path, seed=Seed(people=people, groups={}, enterprise=organization)) as workspace:
        client, priya, team = a_client(workspace), workspace.people["priya"], workspace.team_id
        elsewhere, inside = (
            Person("priya", "Priya Nair", slack_accounts=frozenset({(place, priya)}))
            for place in ("T0ELSEWHERE", workspace.enterprise_id or team)
        )
        assert address(client, inside, team)
        with pytest.raises(NoMember):
            address(client, elsewhere, team)


@pytest.mark.parametrize(
    ("told", "expected"), [("7", 7.0), ("", 30.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 30.0), ("inf", 30.0), ("9" * 400, 3_600.0)]
)
def test_how_long_to_wait_is_understood_whoever_says_it(told: str, expected: float) -> None:
    answer = SlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data={}, headers={"Retry-After": told}, status_code=429
    )
    assert expected == trouble_of(SlackApiError("slow down", answer)).seconds
