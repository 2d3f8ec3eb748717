"""Somebody who only reads sees, explains and searches everything of a company, and decides nothing there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bot_scene import BotScene, a_bot_scene, eventually

from bot.people import ONLY_READS

BEA = """
[[person]]
id = "bea"
name = "Bea Bookkeeper"
slack = ["{team}/{bea}"]
[[person.may]]
company = "acme"
reads = true
"""


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        with (made.house.settings.folder / "resolve-now.toml").open("a", encoding="utf-8") as config:
            config.write(BEA.format(team=made.workspace.team_id, bea=made.workspace.people["bea"]))
        made.credited()
        yield made


def test_a_reader_sees_why_and_what_is_recommended_and_whom_to_ask(acme: BotScene) -> None:
    acme.press("bea", "resolve_now", acme.card())
    view = eventually(lambda: acme.workspace.open_modal(acme.workspace.people["bea"]))
    said = str(view["blocks"])
    assert "CM-104" in said
    assert "Recommended: Unapply credit memo" in said
    assert "You can read this, but not decide it. Ask Dana Reyes or Sam Okafor." in said
    assert (False, False) == (bool(view.get("submit")), "remedy" in {block.get("block_id") for block in view["blocks"]})


@pytest.mark.parametrize("text", ["failing", "search TXN-1"])
def test_a_reader_lists_and_searches(acme: BotScene, text: str) -> None:
    acme.workspace.say(acme.workspace.people["bea"], acme.cards_channel, f"/payments {text}")
    acme.answered("bea", "1 payment")


def choose(acme: BotScene) -> None:
    acme.press("bea", "choose", acme.card())


def hide(acme: BotScene) -> None:
    acme.workspace.say(acme.workspace.people["bea"], acme.cards_channel, "/payments hide TXN-1")


@pytest.mark.parametrize(("act", "said"), [(choose, "has no right to choose"), (hide, ONLY_READS)])
def test_a_reader_changes_nothing_and_is_told(act: Callable[[BotScene], None], said: str, acme: BotScene) -> None:
    act(acme)
    acme.answered("bea", said)
    assert ((), None) == (tuple(acme.decisions()), acme.books.payment().hidden_by)
