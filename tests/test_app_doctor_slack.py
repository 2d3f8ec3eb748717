"""The doctor asks Slack about each channel and scope, and tells what waits, and whether presses are heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bot_scene import SEED, BotScene, a_bot_scene, eventually, slack_environment, write_slack_settings
from makers import START
from workspace_bot import a_workspace

from app.doctor import examine
from app.findings import Finding, Verdict
from bot.manifest import BOT_SCOPES
from storage import outbox, slack_trouble
from workspace.running import Workspace

LONG_AGO = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path, listening=False) as made:
        yield made


def examined(workspace: Workspace, config: Path) -> list[Finding]:
    found = examine(config, None, slack_environment(workspace))
    return [finding for finding in found if finding.check in ("Slack", "channel", "tell", "cards") or "Slack" in finding.check]


def test_each_channel_is_asked_about_and_what_is_wrong_comes_with_its_remedy(acme: BotScene) -> None:
    config = acme.house.settings.folder / "resolve-now.toml"
    well = examined(acme.workspace, config)
    acme.workspace.remove(acme.cards_channel)
    acme.workspace.archive(acme.workspace.channels["finance-leads"])
    acme.workspace.deactivate(acme.workspace.people["dana"])

    ill = [finding for finding in examined(acme.workspace, config) if finding.verdict is not Verdict.WORKS]

    assert [Verdict.WORKS] * 3 == [finding.verdict for finding in well], well
    assert ["channel", "channel", "tell"] == [finding.check for finding in ill]
    assert "#payments-sync" in ill[0].text
    assert ("Invite the app there: /invite @Resolve Now.", "Unarchive it, or name another channel.") == (
        ill[0].remedy,
        ill[1].remedy,
    )


def test_what_waits_and_what_slack_refused_last_is_told(acme: BotScene) -> None:
    acme.sync()
    with acme.books.desk.work() as work:
        outbox.want(work, "digest", work.ids.new())
    with acme.house.db.work() as connection:
        for place, word in ((acme.cards_channel, "restricted_action"), ("listening", "invalid_auth")):
            slack_trouble.found(connection, place, word, at=LONG_AGO, try_at=LONG_AGO)

    found = {finding.check: finding for finding in examined(acme.workspace, acme.house.settings.folder / "resolve-now.toml")}

    assert "No press in Slack reaches the running program since Mar 5, 2026" in found["Slack listening"].text
    assert "1 message not delivered yet" in found["cards"].text
    assert {Verdict.BROKEN} == {found["Slack listening"].verdict}
    refused = [
        finding.remedy
        for finding in examined(acme.workspace, acme.house.settings.folder / "resolve-now.toml")
        if "restricted" in finding.text
    ]
    assert ["Let the app post there: the channel's posting permissions leave it out."] == refused


def test_scopes_that_were_not_granted_are_named(tmp_path: Path) -> None:
    granted = tuple(scope for scope in BOT_SCOPES if scope != "channels:read")
    with a_workspace(tmp_path / "workspace", seed=replace(SEED, scopes=granted)) as workspace:
        config = write_slack_settings(tmp_path, workspace)
        found = examined(workspace, config)

    assert [("Slack scopes", Verdict.WARNING)] == [(told.check, told.verdict) for told in found if "scopes" in told.check]
    assert {Verdict.NOT_TRIED} == {told.verdict for told in found if told.check == "channel"}


def listening_trouble(acme: BotScene) -> str:
    with acme.house.db.read() as connection:
        known = slack_trouble.standing(connection).get("listening")
    return known.problem if known else ""


def test_an_app_token_that_is_refused_is_remembered_until_presses_are_heard(acme: BotScene) -> None:
    acme.workspace.fault("error", "apps.connections.open", error="invalid_auth")

    told = [(acme.bot.start(), listening_trouble(acme)) for _ in range(3)]

    assert [(False, "invalid_auth"), (True, "invalid_auth"), (True, "")] == told


def test_a_connection_on_which_nothing_is_heard_is_made_anew_at_the_second_look(acme: BotScene) -> None:
    acme.bot.start()
    assert acme.bot._socket is not None
    client = acme.bot._socket.client
    client.auto_reconnect_enabled = False  # the library does not notice
    eventually(lambda: acme.bot.last_pong_at)
    assert client.current_session is not None
    client.current_session.last_ping_pong_time = START.timestamp() - 100
    acme.bot.start()
    before = client.session_id()

    acme.bot.start()

    assert (True, True) == (before != client.session_id(), acme.bot.is_connected)


def test_a_token_that_is_revoked_while_presses_are_heard_is_remembered_at_the_second_look(acme: BotScene) -> None:
    acme.bot.start()
    acme.workspace.fault("error", "apps.connections.open", error="token_revoked", times=99)
    acme.workspace.disconnect()
    eventually(lambda: not acme.bot.is_connected)

    for _ in range(2):
        acme.bot.start()

    assert "token_revoked" == listening_trouble(acme)
