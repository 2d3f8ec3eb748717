"""Slack's limits and bad days: pace, outages, cut connections, triggers and reply addresses that run out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import RemoteDisconnected
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler
from workspace_bot import Json, a_card, a_client, a_modal, a_workspace, over_socket

from workspace import Workspace
from workspace.faults import KINDS


class MovableClock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: MovableClock) -> Iterator[Workspace]:
    with a_workspace(tmp_path, now=clock) as running:
        yield running


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def answered(address: str, body: Json) -> tuple[int, str]:
    """The status and body of the answer of a response_url."""
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["error"]


def test_more_than_one_message_a_second_is_too_many(workspace: Workspace, clock: MovableClock) -> None:
    workspace._control({"messages_per_second": 1.0})
    client, channel = a_client(workspace), workspace.channels["receivables"]
    client.chat_postMessage(channel=channel, text="first")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=channel, text="too soon")
    response = caught.value.response
    assert (429, "ratelimited", "1") == (response.status_code, response["error"], response.headers["Retry-After"])
    client.chat_postMessage(channel=workspace.channels["finance-leads"], text="another channel")
    clock.seconds += 1.0
    client.chat_postMessage(channel=channel, text="second")
    assert ["first", "second"] == [message["text"] for message in workspace.messages(channel)]


def test_an_outage_ends_after_its_time_and_did_nothing(workspace: Workspace, clock: MovableClock) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    workspace.fault("outage", for_seconds=60)
    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=channel, text="lost")
        assert 503 == caught.value.response.status_code
    clock.seconds += 61
    client.chat_postMessage(channel=channel, text="after")
    assert ["after"] == [message["text"] for message in workspace.messages(channel)]


def test_a_connection_cut_after_the_work_leaves_the_message(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    workspace.fault("dropped_after", "chat.postMessage")
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        client.chat_postMessage(channel=channel, text="posted all the same")
    assert ["posted all the same"] == [message["text"] for message in workspace.messages(channel)]


def test_a_connection_cut_before_the_work_leaves_nothing(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    workspace.fault("dropped_before", "chat.postMessage")
    with pytest.raises((RemoteDisconnected, ConnectionError)):
        client.chat_postMessage(channel=channel, text="never")
    assert [] == workspace.messages(channel)


def test_the_sdks_default_retry_posts_twice_here_as_it_would_there(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    client.retry_handlers = [ConnectionErrorRetryHandler()]
    workspace.fault("dropped_after", "chat.postMessage")
    client.chat_postMessage(channel=channel, text="twice")
    assert ["twice", "twice"] == [message["text"] for message in workspace.messages(channel)]


def test_a_fault_is_for_its_method_and_as_often_as_it_says(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    workspace.fault("error", "chat.postMessage", error="account_inactive", times=2)
    workspace.fault("rate_limited", "users.list", retry_after_seconds=30)
    assert client.auth_test()["ok"]
    assert ["account_inactive"] * 2 == [error_of(lambda: client.chat_postMessage(channel=channel, text="x")) for _ in range(2)]
    assert client.chat_postMessage(channel=channel, text="x")["ok"]
    with pytest.raises(SlackApiError) as caught:
        client.users_list()
    assert (429, "30") == (caught.value.response.status_code, caught.value.response.headers["Retry-After"])
    assert [] == workspace.snapshot()["faults"]


def test_a_slow_answer_comes_after_the_caller_gave_up(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    client.timeout = 1  # seconds; the smallest the SDK takes
    workspace.fault("slow_after", "chat.postMessage", seconds=1.5)
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel=channel, text="done, though nobody heard")
    assert ["done, though nobody heard"] == [message["text"] for message in workspace.messages(channel)]


def test_an_unknown_fault_is_refused_with_what_there_is(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="outage"):
        workspace.fault("earthquake")
    assert "outage" in KINDS


def test_a_trigger_is_good_for_three_seconds_and_one_use(workspace: Workspace, clock: MovableClock) -> None:
    with over_socket(workspace) as bot:
        channel, priya = workspace.channels["receivables"], workspace.people["priya"]

        def pressed() -> str:
            ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
            workspace.press(priya, "what", "more", channel=channel, ts=ts, choice="history")
            return str(bot.told_of("block_actions")[-1]["trigger_id"])

        early = pressed()
        clock.seconds += 3.0
        assert bot.client.views_open(trigger_id=early, view=a_modal())["ok"]
        assert "exchanged_trigger_id" == error_of(lambda: bot.client.views_open(trigger_id=early, view=a_modal()))
        late = pressed()
        clock.seconds += 3.1
        assert "expired_trigger_id" == error_of(lambda: bot.client.views_open(trigger_id=late, view=a_modal()))


def a_response_url(workspace: Workspace) -> str:
    with over_socket(workspace) as bot:
        workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts x")
        return str(bot.told_of("/receipts")[0]["response_url"])


def test_a_reply_address_is_good_for_five_answers(workspace: Workspace) -> None:
    address = a_response_url(workspace)  # the app itself used it once
    assert [(200, "ok")] * 4 == [answered(address, {"text": "again", "response_type": "in_channel"}) for _ in range(4)]
    assert (404, "used_url") == answered(address, {"text": "once too often"})


def test_a_reply_address_is_good_for_thirty_minutes(workspace: Workspace, clock: MovableClock) -> None:
    address = a_response_url(workspace)
    clock.seconds += 30 * 60
    assert (200, "ok") == answered(address, {"text": "just in time"})
    clock.seconds += 1
    assert (404, "expired_url") == answered(address, {"text": "too late"})


def test_a_reply_address_can_replace_and_delete_what_was_pressed(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        channel = workspace.channels["receivables"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        workspace.press(workspace.people["priya"], "what", "more", channel=channel, ts=ts, choice="history")
        address = bot.told_of("block_actions")[0]["response_url"]
        assert (200, "ok") == answered(address, {"replace_original": True, "text": "Replaced", "blocks": []})
        assert ("Replaced", False) == (workspace.messages(channel)[0]["text"], "blocks" in workspace.messages(channel)[0])
        assert (200, "ok") == answered(address, {"delete_original": True})
        assert [] == workspace.messages(channel)


def test_the_same_view_cannot_be_rewritten_from_an_old_state(workspace: Workspace) -> None:
    client, priya = a_client(workspace), workspace.people["priya"]
    home = {"type": "home", "blocks": []}
    first = client.views_publish(user_id=priya, view=home)["view"]
    assert first["id"] == client.views_publish(user_id=priya, view=home, hash=first["hash"])["view"]["id"]
    assert "hash_conflict" == error_of(lambda: client.views_publish(user_id=priya, view=home, hash=first["hash"]))
