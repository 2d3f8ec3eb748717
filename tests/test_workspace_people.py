"""Who somebody is: guests, accounts that are off, an organization's people, strangers in a shared channel; and app scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError
from workspace_bot import Json, a_card, a_client, a_workspace, eventually, over_socket
from workspace_contracts import needs_contracts, sample, validator

from workspace import PersonSeed, Seed, Workspace

GRID = Seed(
    people=(
        PersonSeed("priya", "Priya Nair", "priya@example.com", "Accounts receivable"),
        PersonSeed("otto", "Otto Brandt", "otto@example.com", home="organization"),
        PersonSeed("wes", "Wes Hale", "wes@example.com", home="sister"),
        PersonSeed("xena", "Xena Strand", "xena@example.org", home="elsewhere"),
        PersonSeed("gus", "Gus Tran", "gus@example.com", standing="guest"),
        PersonSeed("solo", "Solo Imani", "solo@example.com", standing="single_channel_guest"),
        PersonSeed("dora", "Dora Petit", "dora@example.com", standing="deactivated"),
        PersonSeed("una", "Una Vogel", "una@example.com", email_confirmed=False),
    ),
    groups={},
    enterprise="Acme Group",
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path, seed=GRID) as running:
        yield running


def info(workspace: Workspace, name: str) -> Json:
    user: Json = a_client(workspace).users_info(user=workspace.people[name])["user"]
    return user


def test_people_say_what_they_are(workspace: Workspace) -> None:
    flags = ("is_restricted", "is_ultra_restricted", "deleted", "is_stranger", "is_email_confirmed")
    expected = {
        "priya": (False, False, False, None, True),
        "gus": (True, False, False, None, True),
        "solo": (True, True, False, None, True),
        "dora": (None, None, True, None, None),
        "xena": (False, False, False, True, None),
        "una": (False, False, False, None, False),
    }
    assert expected == {name: tuple(info(workspace, name).get(flag) for flag in flags) for name in expected}
    assert (workspace.enterprise_id, "Acme Group") == (
        info(workspace, "priya")["enterprise_user"]["enterprise_id"],
        info(workspace, "priya")["enterprise_user"]["enterprise_name"],
    )
    assert "email" not in info(workspace, "xena")["profile"]


@needs_contracts
def test_every_sort_of_person_fits_slacks_own_description(workspace: Workspace) -> None:
    for name in workspace.people:
        answer = a_client(workspace).users_info(user=workspace.people[name]).data
        assert [] == list(validator("users.info").iter_errors(answer)), name
        assert set() == set(info(workspace, name)) - set(sample("api/users.info")["user"]), name


def pressed_by(workspace: Workspace, name: str) -> Json:
    with over_socket(workspace) as bot:
        channel = workspace.channels["receivables"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        assert workspace.press(workspace.people[name], "what", "more", channel=channel, ts=ts, choice="history")["ok"]
        return bot.told_of("block_actions")[0]


def test_a_press_names_the_organization_and_where_the_person_is_at_home(workspace: Workspace) -> None:
    told = pressed_by(workspace, "otto")
    assert {"id": workspace.enterprise_id, "name": "Acme Group"} == told["enterprise"]
    assert (workspace.team_id, workspace.enterprise_id) == (told["team"]["id"], told["team"]["enterprise_id"])
    assert workspace.enterprise_id == told["user"]["team_id"]
    for name in ("wes", "xena"):
        home = pressed_by(workspace, name)["user"]["team_id"]
        assert home.startswith("T")
        assert home != workspace.team_id


def test_a_window_of_somebody_elsewhere_is_in_their_own_workspace(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        channel = workspace.channels["receivables"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        for name, enterprise in (("wes", workspace.enterprise_id), ("xena", None)):
            person = workspace.people[name]
            workspace.press(person, "remedies", "resolve", channel=channel, ts=ts)
            view = eventually(partial(workspace.open_modal, person))
            workspace.submit(person, view["id"], {"remedy": {"pick": "dismiss"}, "reason": {"text": "short"}})
            told = bot.told_of("view_submission")[-1]
            assert told["user"]["team_id"] == told["team"]["id"] != workspace.team_id
            assert workspace.team_id == told["view"]["app_installed_team_id"]
            assert enterprise == (told["enterprise"] or {}).get("id")


def test_a_channel_with_a_stranger_is_shared(workspace: Workspace) -> None:
    client, channel = a_client(workspace), workspace.channels["receivables"]
    assert client.conversations_info(channel=channel)["channel"]["is_ext_shared"]


def test_an_app_of_the_whole_organization_is_told_no_team(tmp_path: Path) -> None:
    seed = Seed(enterprise="Acme Group", for_organization=True)
    with a_workspace(tmp_path, seed=seed) as workspace:
        told = pressed_by(workspace, "priya")
        assert (None, True, workspace.enterprise_id) == (told["team"], told["is_enterprise_install"], told["enterprise"]["id"])
        assert workspace.team_id == told["user"]["team_id"]
        with over_socket(workspace) as bot:
            priya, channel = workspace.people["priya"], workspace.channels["receivables"]
            workspace.say(priya, channel, "/receipts x")
            command = bot.told_of("/receipts")[0]
            assert ("true", workspace.enterprise_id) == (command["is_enterprise_install"], command["enterprise_id"])
            ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
            workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
            view = eventually(lambda: workspace.open_modal(priya))
            assert (workspace.team_id, workspace.enterprise_id) == (view["team_id"], view["app_installed_team_id"])
            workspace.say(priya, channel, "@practice_app hello")
            mention = eventually(lambda: bot.told_of("event_callback"))[0]
            assert (None, True) == (
                mention["authorizations"][0]["team_id"],
                mention["authorizations"][0]["is_enterprise_install"],
            )


def test_an_account_that_is_switched_off_is_told_and_found_no_more(tmp_path: Path) -> None:
    with a_workspace(tmp_path, seed=Seed(events=("user_change",))) as workspace, over_socket(workspace) as bot:
        marta = workspace.people["marta"]
        workspace.deactivate(marta)
        assert marta == eventually(lambda: bot.told_of("event_callback"))[0]["event"]["user"]["id"]
        assert info(workspace, "marta")["deleted"]
        client = a_client(workspace)
        assert "users_not_found" == refusal_of(lambda: client.users_lookupByEmail(email="marta@example.com"))["error"]
        assert "user_disabled" == refusal_of(lambda: client.conversations_open(users=marta))["error"]


# ---- what the app may do


def refusal_of(call: Callable[[], object]) -> Json:
    with pytest.raises(SlackApiError) as caught:
        call()
    assert isinstance(caught.value.response.data, dict)
    return caught.value.response.data


def test_a_method_without_its_scope_is_refused_and_says_which(tmp_path: Path) -> None:
    with a_workspace(tmp_path, seed=Seed(scopes=("chat:write", "commands"))) as workspace:
        client, channel, priya = a_client(workspace), workspace.channels["receivables"], workspace.people["priya"]
        posted = client.chat_postMessage(channel=channel, text="May do")
        assert "chat:write,commands" == posted.headers["x-oauth-scopes"]
        needed = {
            "users:read": lambda: client.users_info(user=priya),
            "users:read.email": lambda: client.users_lookupByEmail(email="priya@example.com"),
            "channels:history": lambda: client.conversations_history(channel=channel),
            "channels:read": lambda: client.conversations_info(channel=channel),
            "channels:read,groups:read": lambda: client.conversations_list(types="public_channel,private_channel"),
            "im:write": lambda: client.conversations_open(users=priya),
            "files:write": lambda: client.files_getUploadURLExternal(filename="a.csv", length=3),
            "usergroups:read": client.usergroups_list,
        }
        refusals = {scope: refusal_of(call) for scope, call in needed.items()}
        assert {scope: ("missing_scope", scope) for scope in needed} == {
            scope: (refusal["error"], refusal["needed"]) for scope, refusal in refusals.items()
        }
        assert {"chat:write,commands"} == {refusal["provided"] for refusal in refusals.values()}


def test_email_and_metadata_are_left_out_without_their_scopes(tmp_path: Path) -> None:
    with a_workspace(tmp_path, seed=Seed(scopes=("chat:write", "users:read", "channels:history"))) as workspace:
        client, channel = a_client(workspace), workspace.channels["receivables"]
        client.chat_postMessage(channel=channel, text="x", metadata={"event_type": "card", "event_payload": {"outbox": "17"}})
        assert "metadata" not in client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]
        assert "email" not in info(workspace, "priya")["profile"]


def test_events_and_commands_without_their_scopes_are_not_sent(tmp_path: Path) -> None:
    seed = Seed(scopes=("chat:write",), events=("app_mention", "message.channels"))
    with a_workspace(tmp_path, seed=seed) as workspace, over_socket(workspace) as bot:
        priya, channel = workspace.people["priya"], workspace.channels["receivables"]
        workspace.say(priya, channel, "@practice_app hello")
        assert "invalid_command" == workspace.say(priya, channel, "/receipts x")["error"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])
        workspace.press(priya, "what", "more", channel=channel, ts=ts, choice="history")
        assert ["block_actions"] == [body["type"] for body in bot.told]


def test_an_app_is_what_its_manifest_says() -> None:
    manifest: Json = {
        "display_information": {"name": "Receipts"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True},
            "slash_commands": [{"command": "/receipts", "description": "Find", "usage_hint": "NUMBER", "should_escape": False}],
            "shortcuts": [{"name": "Find", "type": "global", "callback_id": "find", "description": "Finds"}],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
    }
    seed = Seed().with_manifest(manifest)
    assert ("Receipts", ("app_home_opened",), ("chat:write", "commands")) == (seed.app_name, seed.events, seed.scopes)
    assert (["/receipts"], ["find"]) == (
        [command.name for command in seed.commands],
        [shortcut.callback_id for shortcut in seed.shortcuts],
    )
    assert (True, False) == (seed.has_home_tab, seed.takes_messages)
