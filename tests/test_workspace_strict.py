"""What Slack refuses, cuts or keeps back: places the app is not in, sizes, limits on reading, features not switched on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from test_workspace_faults import MovableClock, answered
from workspace_bot import Bot, Json, a_card, a_client, a_modal, a_workspace, eventually, over_socket, plain, section

from bot.bolt import closed
from workspace import Seed, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    events = ("member_joined_channel", "channel_left", "channel_archive", "channel_unarchive", "message.channels")
    with a_workspace(tmp_path, seed=Seed(events=events, private_channels=("board",)), retry_after_seconds=()) as running:
        yield running


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def posted_to(workspace: Workspace, name: str) -> str:
    return "" if a_client(workspace).chat_postMessage(channel=workspace.channels[name], text="x")["ok"] else "no"


def test_the_app_writes_only_where_it_is_and_where_nothing_is_archived(workspace: Workspace) -> None:
    channel, board = workspace.channels["receivables"], workspace.channels["board"]
    for place in (channel, board):
        workspace.remove(place)
    assert "not_in_channel" == error_of(lambda: posted_to(workspace, "receivables"))
    assert "channel_not_found" == error_of(lambda: posted_to(workspace, "board"))
    assert not a_client(workspace).conversations_info(channel=channel)["channel"]["is_member"]
    workspace.invite(channel)
    assert "" == posted_to(workspace, "receivables")
    workspace.archive(channel)
    assert "is_archived" == error_of(lambda: posted_to(workspace, "receivables"))
    assert a_client(workspace).conversations_info(channel=channel)["channel"]["is_archived"]
    workspace.unarchive(channel)
    assert "" == posted_to(workspace, "receivables")


def test_the_app_is_told_what_happens_to_its_channels_and_messages(workspace: Workspace) -> None:
    channel = workspace.channels["receivables"]
    with over_socket(workspace) as bot:
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        workspace.delete(channel, ts)
        workspace.archive(channel)
        workspace.unarchive(channel)
        workspace.remove(channel)
        workspace.invite(channel)
        # Bolt passes no event about the app's own messages on, so that the deletion is seen where it was sent.
        sent = eventually(lambda: found if len(found := workspace.snapshot()["deliveries"]) == 5 else None)
        assert ["channel_archive", "channel_left", "channel_unarchive", "member_joined_channel", "message"] == sorted(
            delivery["type"] for delivery in sent
        )
        told = eventually(lambda: found if len(found := bot.told_of("event_callback")) == 4 else None)
        assert "message" not in [body["event"]["type"] for body in told]
        assert [] == workspace.messages(channel)


def test_people_invite_and_remove_the_app_as_they_do_in_slack(workspace: Workspace) -> None:
    priya, channel = workspace.people["priya"], workspace.channels["receivables"]
    assert workspace.say(priya, channel, "/remove @Practice App")["ok"]
    assert "not_in_channel" == error_of(lambda: posted_to(workspace, "receivables"))
    assert workspace.say(priya, channel, "/invite @practice_app")["ok"]
    assert "already" == workspace.say(priya, channel, "/invite @practice_app")["error"]
    assert "user_not_found" == workspace.say(priya, channel, "/invite @nobody")["error"]
    assert "" == posted_to(workspace, "receivables")


def test_an_app_that_may_write_anywhere_writes_in_public_channels_only(tmp_path: Path) -> None:
    seed = Seed(scopes=("chat:write", "chat:write.public"), private_channels=("board",))
    with a_workspace(tmp_path, seed=seed) as workspace:
        for channel in workspace.channels.values():
            workspace.remove(channel)
        assert "" == posted_to(workspace, "receivables")
        assert "channel_not_found" == error_of(lambda: posted_to(workspace, "board"))


def test_sizes_are_limited_as_in_slack(workspace: Workspace) -> None:
    client, channel, priya = a_client(workspace), workspace.channels["receivables"], workspace.people["priya"]
    long = client.chat_postMessage(channel=channel, text="x" * 40_001)
    assert (40_000, ["message_truncated"]) == (len(long["message"]["text"]), long["response_metadata"]["warnings"])
    fits, too_long = [[section("x" * length) for _ in range(5)] for length in (2_600, 2_700)]
    assert client.chat_postMessage(channel=channel, text="x", blocks=fits)["ok"]
    metadata = {"event_type": "card", "event_payload": {"notes": "x" * 16_000}}
    block: Json = {"type": "section", "fields": [plain("x" * 2_000) for _ in range(10)]}
    expected = {
        "msg_blocks_too_long": lambda: client.chat_postMessage(channel=channel, text="x", blocks=too_long),
        "metadata_too_large": lambda: client.chat_postMessage(channel=channel, text="x", metadata=metadata),
        "invalid_blocks": lambda: client.chat_postMessage(channel=channel, text="x", blocks=[section("x")] * 51),
        "view_too_large": lambda: client.views_publish(user_id=priya, view={"type": "home", "blocks": [block] * 13}),
        "invalid_arguments": lambda: client.views_publish(
            user_id=priya, view={"type": "home", "blocks": [], "private_metadata": "x" * 3_001}
        ),
    }
    assert {error: error for error in expected} == {error: error_of(call) for error, call in expected.items()}


def test_an_app_outside_the_marketplace_reads_once_a_minute(tmp_path: Path) -> None:
    clock = MovableClock()
    with a_workspace(tmp_path, now=clock) as workspace:
        client, channel = a_client(workspace), workspace.channels["receivables"]
        for number in range(20):
            client.chat_postMessage(channel=channel, text=str(number))
        workspace.limit_reads(1)
        assert 15 == len(client.conversations_history(channel=channel, limit=200)["messages"])
        with pytest.raises(SlackApiError) as caught:
            client.conversations_history(channel=channel)
        assert ("ratelimited", "60") == (caught.value.response["error"], caught.value.response.headers["Retry-After"])
        clock.seconds += 60
        assert client.conversations_history(channel=channel)["ok"]


def test_methods_have_their_tiers_a_minute(tmp_path: Path) -> None:
    clock = MovableClock()
    with a_workspace(tmp_path, now=clock, messages_per_second=1.0) as workspace:
        client = a_client(workspace)
        for _ in range(20):
            client.usergroups_list()
        clock.seconds += 50
        with pytest.raises(SlackApiError) as caught:
            client.usergroups_list()
        assert (429, "10") == (caught.value.response.status_code, caught.value.response.headers["Retry-After"])
        assert client.users_info(user=workspace.people["priya"])["ok"]
        clock.seconds += 10
        assert client.usergroups_list()["ok"]


def test_a_window_does_not_open_in_every_way_slack_knows(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        channel, priya = workspace.channels["receivables"], workspace.people["priya"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])

        def opened() -> str:
            workspace.press(priya, "what", "more", channel=channel, ts=ts, choice="history")
            told = bot.told_of("block_actions")[-1]
            try:
                bot.client.views_open(trigger_id=told["trigger_id"], view=a_modal())
            except SlackApiError as refused:
                return f"{refused.response.status_code} {refused.response['error']}"
            except OSError:
                return "dropped"
            return "opened"

        workspace.fault("error", "views.open", error="expired_trigger_id")
        workspace.fault("rate_limited", "views.open")
        workspace.fault("outage", "views.open")
        workspace.fault("dropped_before", "views.open")
        assert ["200 expired_trigger_id", "429 ratelimited", "503 service_unavailable", "dropped", "opened"] == [
            opened() for _ in range(5)
        ]


def test_a_fault_may_be_for_one_channel_or_for_reply_addresses(workspace: Workspace) -> None:
    workspace.fault("error", "chat.postMessage", error="invalid_blocks", channel=workspace.channels["receivables"])
    assert "" == posted_to(workspace, "finance-leads")
    assert ["invalid_blocks", ""] == [error_of(lambda: posted_to(workspace, "receivables")), posted_to(workspace, "receivables")]
    with over_socket(workspace) as bot:
        workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts x")
        address = str(bot.told_of("/receipts")[0]["response_url"])
        eventually(lambda: workspace.messages(workspace.channels["receivables"])[1:])  # the app's own answer
    workspace.fault("outage", "response_url")
    assert [(503, "service_unavailable"), (200, "ok")] == [answered(address, {"text": "again"}) for _ in range(2)]


def test_a_deaf_connection_stays_open_and_hears_nothing(tmp_path: Path) -> None:
    with a_workspace(tmp_path, ack_seconds=0.3) as workspace:
        handler = SocketModeHandler(Bot(workspace).app, workspace.app_token)
        handler.connect()
        eventually(lambda: workspace.snapshot()["connections"])
        workspace.deafen()
        refused = workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts x")
        assert ("operation_timeout", 1) == (refused["error"], workspace.snapshot()["connections"])
        closed(handler)


def test_what_the_manifest_does_not_switch_on_is_not_there(tmp_path: Path) -> None:
    with a_workspace(tmp_path, seed=Seed(has_home_tab=False, takes_messages=False)) as workspace:
        client, priya = a_client(workspace), workspace.people["priya"]
        home = {"type": "home", "blocks": [section("Home")]}
        assert "not_enabled" == error_of(lambda: client.views_publish(user_id=priya, view=home))
        direct = str(client.conversations_open(users=priya)["channel"]["id"])
        assert "messages_tab_disabled" == workspace.say(priya, direct, "Hello")["error"]
        assert client.chat_postMessage(channel=direct, text="The app may still write")["ok"]


def test_times_of_messages_never_repeat(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    stamps = [str(client.chat_postMessage(channel=channel, text="x")["ts"]) for _ in range(5)]
    assert all(before < after for before, after in pairwise(stamps))
