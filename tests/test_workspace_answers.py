"""Every Web API answer of the practice workspace has the shape Slack itself describes."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from workspace_bot import Json, a_card, a_client, a_modal, a_workspace, section
from workspace_contracts import needs_contracts, sample, validator

from workspace import Workspace

# The app's own blocks, and two fields that Slack's description demands though the samples lack them.
NOT_IN_THE_SAMPLES = ("view/blocks", "view/state/values", "usergroups/auto_type", "user/profile/fields")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path) as running:
        yield running


def refused(call: Callable[[], object]) -> Json:
    """The body of the answer to a call that must be refused."""
    with pytest.raises(SlackApiError) as caught:
        call()
    body = caught.value.response.data
    assert isinstance(body, dict)
    return body


def answers(workspace: Workspace) -> dict[str, Json]:
    """One good answer of each method."""
    client = a_client(workspace)
    channel, priya = workspace.channels["receivables"], workspace.people["priya"]
    metadata = {"event_type": "card", "event_payload": {"outbox": "17"}}
    posted = client.chat_postMessage(channel=channel, text="A card", blocks=a_card(), metadata=metadata)
    reply = client.chat_postMessage(channel=channel, text="A reply", thread_ts=posted["ts"])
    workspace.say(priya, channel, "A person's words", posted["ts"])
    doomed = client.chat_postMessage(channel=channel, text="Not for long")
    calls: dict[str, Callable[[], object]] = {
        "api.test": lambda: client.api_test(foo="bar"),
        "auth.test": client.auth_test,
        "team.info": client.team_info,
        "auth.revoke": lambda: client.auth_revoke(test=True),
        "chat.postMessage": lambda: posted,
        "chat.update": lambda: client.chat_update(channel=channel, ts=posted["ts"], text="Changed", blocks=a_card("changed")),
        "chat.delete": lambda: client.chat_delete(channel=channel, ts=doomed["ts"]),
        "chat.postEphemeral": lambda: client.chat_postEphemeral(channel=channel, user=priya, text="Only you"),
        "chat.getPermalink": lambda: client.chat_getPermalink(channel=channel, message_ts=reply["ts"]),
        "conversations.open": lambda: client.conversations_open(users=priya, return_im=True),
        "conversations.list": lambda: client.conversations_list(types="public_channel,private_channel,im"),
        "conversations.info": lambda: client.conversations_info(channel=channel),
        "conversations.join": lambda: client.conversations_join(channel=channel),
        "conversations.members": lambda: client.conversations_members(channel=channel),
        "conversations.history": lambda: client.conversations_history(channel=channel, include_all_metadata=True),
        "conversations.replies": lambda: client.conversations_replies(channel=channel, ts=posted["ts"]),
        "users.list": client.users_list,
        "users.info": lambda: client.users_info(user=priya),
        "users.lookupByEmail": lambda: client.users_lookupByEmail(email="marta@example.com"),
        "usergroups.list": lambda: client.usergroups_list(include_users=True),
        "usergroups.users.list": lambda: client.usergroups_users_list(usergroup=client.usergroups_list()["usergroups"][0]["id"]),
        "views.publish": lambda: client.views_publish(user_id=priya, view={"type": "home", "blocks": [section("Home")]}),
    }
    return {method: call().data for method, call in calls.items()}  # type: ignore[attr-defined]


@needs_contracts
def test_every_answer_fits_slacks_own_description(workspace: Workspace) -> None:
    faults = {
        method: [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator(method).iter_errors(answer)]
        for method, answer in answers(workspace).items()
    }
    assert {} == {method: found for method, found in faults.items() if found}


@needs_contracts
def test_the_description_would_catch_a_wrong_answer() -> None:
    good = {"ok": True, "channel": "C0ABCDEFGH1", "ts": "1795382256.534815"}
    assert validator("chat.delete").is_valid(good)
    assert not validator("chat.delete").is_valid({**good, "channel": "C01"})
    assert not validator("chat.delete").is_valid({**good, "surprise": 1})
    assert not validator("conversations.info").is_valid({"ok": True, "channel": {"id": "C0ABCDEFGH1"}})


@needs_contracts
@pytest.mark.parametrize("method", ["users.info", "conversations.info", "views.publish", "usergroups.list", "auth.test"])
def test_answers_name_nothing_that_was_never_captured(workspace: Workspace, method: str) -> None:
    unknown = _paths(answers(workspace)[method]) - _paths(sample(f"api/{method}"))
    assert set() == {path for path in unknown if not path.startswith(NOT_IN_THE_SAMPLES)}


@needs_contracts
def test_a_shared_file_names_nothing_that_was_never_captured(workspace: Workspace) -> None:
    shared = a_client(workspace).files_upload_v2(
        channel=workspace.channels["receivables"], filename="aging.png", content=b"picture", title="By age", alt_txt="Four bars"
    )
    assert set() == _paths(shared["files"]) - _paths(sample("api/files.completeUploadExternal")["files"])
    assert ("image/png", "Four bars", 7) == tuple(shared["files"][0][name] for name in ("mimetype", "alt_txt", "size"))


def _paths(document: object, prefix: str = "") -> set[str]:
    if isinstance(document, list):
        return {path for item in document for path in _paths(item, prefix)}
    if not isinstance(document, dict):
        return {prefix}
    return {
        path
        for name, value in document.items()
        for path in {f"{prefix}/{name}".lstrip("/"), *_paths(value, f"{prefix}/{name}".lstrip("/"))}
    }


def test_metadata_comes_back_only_when_asked_for(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    metadata = {"event_type": "card", "event_payload": {"outbox": "17"}}
    client.chat_postMessage(channel=channel, text="A card", metadata=metadata)
    assert metadata == client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]["metadata"]
    assert "metadata" not in client.conversations_history(channel=channel)["messages"][0]


def test_a_form_and_a_json_body_say_the_same(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    client.api_call(
        "chat.postMessage", data={"channel": channel, "text": "one", "blocks": '[{"type": "divider", "block_id": "d"}]'}
    )
    client.api_call(
        "chat.postMessage", json={"channel": channel, "text": "one", "blocks": [{"type": "divider", "block_id": "d"}]}
    )
    first, second = workspace.messages(channel)
    assert first["blocks"] == second["blocks"] == [{"type": "divider", "block_id": "d"}]


def test_tokens_are_checked_and_told_apart(workspace: Workspace) -> None:
    channel = workspace.channels["receivables"]
    assert "invalid_auth" == refused(a_client(workspace, "xoxb-wrong").auth_test)["error"]
    assert "not_authed" == refused(WebClient(base_url=workspace.api_url).auth_test)["error"]
    with_app_token = a_client(workspace, workspace.app_token)
    assert "not_allowed_token_type" == refused(lambda: with_app_token.chat_postMessage(channel=channel, text="x"))["error"]
    assert (
        "not_allowed_token_type"
        == refused(lambda: a_client(workspace).apps_connections_open(app_token=workspace.bot_token))["error"]
    )


def test_refusals_carry_slacks_names(workspace: Workspace) -> None:
    client, channel, priya = a_client(workspace), workspace.channels["receivables"], workspace.people["priya"]
    theirs = workspace.say(priya, channel, "Mine")["ts"]
    ours = str(client.chat_postMessage(channel=channel, text="Ours")["ts"])
    workspace.archive(workspace.channels["finance-leads"])
    modal = a_modal()
    expected = {
        "channel_not_found": lambda: client.chat_postMessage(channel="C0NOSUCHONE", text="x"),
        "is_archived": lambda: client.chat_postMessage(channel=workspace.channels["finance-leads"], text="x"),
        "no_text": lambda: client.api_call("chat.postMessage", json={"channel": channel}),
        "msg_too_long": lambda: client.chat_update(channel=channel, ts=ours, text="x" * 4_001),
        "thread_not_found": lambda: client.chat_postMessage(channel=channel, text="x", thread_ts="1700000000.000001"),
        "message_not_found": lambda: client.chat_update(channel=channel, ts="1700000000.000001", text="x"),
        "cant_update_message": lambda: client.chat_update(channel=channel, ts=theirs, text="x"),
        "cant_delete_message": lambda: client.chat_delete(channel=channel, ts=theirs),
        "user_not_in_channel": lambda: client.chat_postEphemeral(channel=channel, user="U0NOBODYATALL", text="x"),
        "user_not_found": lambda: client.users_info(user="U0NOBODYATALL"),
        "users_not_found": lambda: client.users_lookupByEmail(email="nobody@example.com"),
        "no_such_subteam": lambda: client.usergroups_users_list(usergroup="S0NOSUCHONE"),
        "invalid_trigger_id": lambda: client.views_open(trigger_id="1.2.3", view=modal),
        "not_found": lambda: client.views_update(view_id="V0NOSUCHONE", view=modal),
        "unknown_method": lambda: client.api_call("chat.somethingNew"),
        "invalid_blocks_format": lambda: client.api_call("chat.postMessage", json={"channel": channel, "blocks": "nonsense"}),
        "invalid_metadata_format": lambda: client.api_call(
            "chat.postMessage", json={"channel": channel, "text": "x", "metadata": {}, **{"metadata": {"x": 1}}}
        ),
    }
    assert {name: name for name in expected} == {name: refused(call)["error"] for name, call in expected.items()}


def test_history_is_paged_without_losing_or_repeating(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    for number in range(7):
        client.chat_postMessage(channel=channel, text=str(number))
    pages = [[message["text"] for message in page["messages"]] for page in client.conversations_history(channel=channel, limit=3)]
    assert [["6", "5", "4"], ["3", "2", "1"], ["0"]] == pages


def test_an_uploaded_file_is_shared_and_can_be_fetched_again(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    shared = client.files_upload_v2(
        channel=channel, filename="aging.csv", content="customer,days\nAcme,31\n", initial_comment="Aging"
    )
    message = workspace.messages(channel)[-1]
    assert (shared["files"][0]["id"], "Aging") == (message["files"][0]["id"], message["text"])
    with urllib.request.urlopen(message["files"][0]["url_private"]) as fetched:
        assert b"customer,days\nAcme,31\n" == fetched.read()
