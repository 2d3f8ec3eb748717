"""The manifest that administrators paste into Slack is the one that the bot is written for."""

from __future__ import annotations

import json

from house import ROOT

from bot.commands import COMMAND
from bot.manifest import BOT_SCOPES, manifest


def test_the_file_to_paste_is_the_manifest_of_the_bot() -> None:
    """Written anew by printing `json.dumps(bot.manifest.manifest(), indent=2)` into it."""
    assert manifest() == json.loads((ROOT / "docs/slack-manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_is_within_the_bounds_of_slack() -> None:
    held = manifest("A name")
    assert 35 >= len(manifest()["display_information"]["name"])
    assert 140 >= len(held["display_information"]["description"])
    assert "A name" == held["display_information"]["name"] == held["features"]["bot_user"]["display_name"]
    assert [COMMAND] == [command["command"] for command in held["features"]["slash_commands"]]
    assert 32 >= len(COMMAND)


def test_every_scope_is_explained_to_the_administrator() -> None:
    page = (ROOT / "docs/slack.md").read_text(encoding="utf-8")
    assert [] == [scope for scope in BOT_SCOPES if f"`{scope}`" not in page]


def test_it_connects_from_inside_and_needs_no_public_address() -> None:
    assert manifest()["settings"]["socket_mode_enabled"]
    assert "request_url" not in json.dumps(manifest())


def test_in_http_mode_everything_comes_to_one_address() -> None:
    held = manifest(address="https://rn.example.com")
    assert not held["settings"]["socket_mode_enabled"]
    assert {"https://rn.example.com/slack/events"} == {
        held["features"]["slash_commands"][0]["url"], held["settings"]["interactivity"]["request_url"]
    }  # fmt: skip
