"""The app is installed in several teams by OAuth, hears of each over one address, and is removed again."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from test_workspace_faults import MovableClock
from workspace_bot import Json, a_client, a_workspace, eventually, over_http

from workspace import PersonSeed, Seed, Workspace

BACK = "http://127.0.0.1:1/slack/oauth_redirect"
SECOND = Seed(
    team="Globex (practice)",
    domain="globex",
    people=(PersonSeed("gil", "Gil Moreau", "gil@example.org", "Controller"),),
    channels=("cash",),
    groups={},
    installed=False,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path, others=(SECOND,)) as running:
        yield running


def asked(workspace: Workspace, **more: str) -> str:
    """The address to which the app sends people."""
    query = {"client_id": workspace.client_id, "scope": "chat:write,commands", "redirect_uri": BACK, "state": "s-1", **more}
    return f"{workspace.url}/oauth/v2/authorize?{urlencode(query)}"


def the_code(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


def exchanged(workspace: Workspace, code: str, **more: str) -> Json:
    client = WebClient(base_url=workspace.api_url, retry_handlers=[])
    given = {"client_id": workspace.client_id, "client_secret": workspace.client_secret, "redirect_uri": BACK, **more}
    answer = client.oauth_v2_access(code=code, **given).data
    assert isinstance(answer, dict)
    return answer


def error_of(workspace: Workspace, code: str, **more: str) -> str:
    with pytest.raises(SlackApiError) as caught:
        exchanged(workspace, code, **more)
    return str(caught.value.response["error"])


def test_allowing_the_app_gives_it_a_token_of_its_own_in_that_team(workspace: Workspace) -> None:
    globex = workspace.teams["globex"]
    assert "" == globex.bot_token
    address = workspace.allow(asked(workspace), globex.people["gil"])
    assert (BACK, "s-1") == (address.partition("?")[0], dict(parse_qsl(urlsplit(address).query))["state"])
    answer = exchanged(workspace, the_code(address))
    assert (globex.team_id, globex.bot_token) == (answer["team"]["id"], answer["access_token"])
    assert ("chat:write,commands", globex.people["gil"]) == (answer["scope"], answer["authed_user"]["id"])
    assert workspace.bot_token != globex.bot_token
    client = a_client(workspace, globex.bot_token)
    assert globex.team_id == client.auth_test()["team_id"]
    globex.invite(globex.channels["cash"])
    client.chat_postMessage(channel=globex.channels["cash"], text="Good morning")
    assert ["Good morning"] == [message["text"] for message in globex.messages(globex.channels["cash"])]
    with pytest.raises(SlackApiError, match="channel_not_found"):
        client.chat_postMessage(channel=workspace.channels["receivables"], text="Not ours")


def test_a_code_is_good_once_in_time_and_for_its_own_address(tmp_path: Path) -> None:
    clock = MovableClock()
    with a_workspace(tmp_path, others=(SECOND,), now=clock) as workspace:
        gil = workspace.teams["globex"].people["gil"]
        code = the_code(workspace.allow(asked(workspace), gil))
        assert "bad_redirect_uri" == error_of(workspace, code, redirect_uri="http://127.0.0.1:1/elsewhere")
        assert "bad_client_secret" == error_of(workspace, code, client_secret="guessed")
        assert "invalid_client_id" == error_of(workspace, code, client_id="1.2")
        exchanged(workspace, code)
        assert "code_already_used" == error_of(workspace, code)
        late = the_code(workspace.allow(asked(workspace), gil))
        clock.seconds += 601
        assert "invalid_code" == error_of(workspace, late)


def test_an_app_that_asks_for_more_than_its_manifest_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match=r"manifest does not have: admin\.users:write"):
        workspace.allow(asked(workspace, scope="admin.users:write"), workspace.people["priya"])
    with pytest.raises(ValueError, match="not on this machine"):
        workspace.allow(asked(workspace, redirect_uri="https://example.com/back"), workspace.people["priya"])


@pytest.mark.slow
def test_a_person_allows_the_app_on_its_page_or_does_not(browser: Browser, workspace: Workspace) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    led: list[str] = []
    page.route(f"{BACK}*", lambda route: (led.append(route.request.url), route.fulfill(body="Installed")))  # type: ignore[func-returns-value]
    page.goto(asked(workspace))
    expect(page.get_by_role("heading")).to_have_text("Practice App is asking for permission to use a workspace")
    page.get_by_label("Install as").select_option(label="Gil Moreau, Globex (practice)")
    page.get_by_role("button", name="Allow").click()
    page.get_by_text("Installed").wait_for()
    assert workspace.teams["globex"].team_id == exchanged(workspace, the_code(led[0]))["team"]["id"]
    page.goto(asked(workspace))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Installed").wait_for()
    assert "access_denied" == parse_qs(urlsplit(led[1]).query)["error"][0]
    context.close()


def test_removing_the_app_is_told_and_ends_its_token(tmp_path: Path) -> None:
    seed = Seed(events=("app_uninstalled", "tokens_revoked"))
    with a_workspace(tmp_path, seed=seed, retry_after_seconds=()) as workspace, over_http(workspace) as bot:
        token = workspace.bot_token
        workspace.uninstall()
        told = eventually(lambda: found if len(found := bot.told_of("event_callback")) == 2 else None)
        assert {"app_uninstalled", "tokens_revoked"} == {body["event"]["type"] for body in told}
        assert {workspace.team_id} == {body["team_id"] for body in told}
        with pytest.raises(SlackApiError, match="account_inactive"):
            a_client(workspace, token).chat_postMessage(channel=workspace.channels["receivables"], text="Still here?")
        assert (
            "invalid_command" == workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts")["error"]
        )


def test_an_app_installed_for_an_organization_has_one_token_for_its_teams(tmp_path: Path) -> None:
    organization = {"enterprise": "Acme Group", "for_organization": True}
    sister = Seed(team="Acme West", domain="acme-west", channels=("west",), groups={}, **organization)  # type: ignore[arg-type]
    with a_workspace(tmp_path, seed=Seed(**organization), others=(sister,)) as workspace:  # type: ignore[arg-type]
        west = workspace.teams["acme-west"]
        assert (workspace.bot_token, workspace.enterprise_id) == (west.bot_token, west.enterprise_id)
        client = a_client(workspace)
        who = client.auth_test()
        assert (True, workspace.enterprise_id, workspace.enterprise_id) == (
            who["is_enterprise_install"],
            who["enterprise_id"],
            who["team_id"],
        )
        client.chat_postMessage(channel=west.channels["west"], text="To the sister")
        client.chat_postMessage(channel=workspace.channels["receivables"], text="To the first")
        assert ["To the sister"] == [message["text"] for message in west.messages(west.channels["west"])]


def test_an_address_must_answer_the_challenge_first(workspace: Workspace) -> None:
    with over_http(workspace):
        assert workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts x")["ok"]
    with pytest.raises(ValueError, match="did not answer the challenge"):
        workspace.deliver_to("http://127.0.0.1:1/slack/events")


def test_an_event_is_sent_again_after_a_minute_on_the_clock_of_the_workspace(tmp_path: Path) -> None:
    clock = MovableClock()
    clock.seconds = time.time()  # a signature of another day would be refused by the app
    seed = Seed(events=("message.channels",))
    with a_workspace(tmp_path, seed=seed, now=clock, ack_seconds=0.2) as workspace, over_http(workspace):
        workspace.say(workspace.people["priya"], workspace.channels["receivables"], "Nobody listens")

        def attempts(number: int) -> list[int]:
            tried = workspace.snapshot()["deliveries"]
            ended = [delivery["attempt"] for delivery in tried if delivery["outcome"] != "sent"]
            return ended if len(tried) == len(ended) == number else []

        assert [0, 1] == eventually(lambda: attempts(2))
        clock.seconds += 59
        assert [0, 1] == attempts(2)
        clock.seconds += 1
        assert [0, 1, 2] == eventually(lambda: attempts(3))
        clock.seconds += 300
        assert [0, 1, 2, 3] == eventually(lambda: attempts(4))


def test_a_page_from_elsewhere_cannot_allow_the_app(workspace: Workspace) -> None:
    parts = urlsplit(asked(workspace))
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    body = f"{parts.query}&answer=allow&person={workspace.people['priya']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", parts.path, body, headers)
    assert (403, b"refused: no Origin") == ((answer := connection.getresponse()).status, answer.read())
    connection.request("POST", parts.path, body, {**headers, "Origin": "https://attacker.example"})
    assert 403 == connection.getresponse().status
    connection.close()
    assert {} == workspace._grants._codes
