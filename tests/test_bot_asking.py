"""What people ask in words, in a channel, directly or by a shortcut, is answered as /payments is, and shown to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bot_scene import BotScene, a_bot_scene, eventually

from bot.asking import FIND, FIND_HERE, question, window
from workspace.blocks import view_problems


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("<@U0BOT> why did TXN-1 fail?", "why did TXN-1 fail?"),
        ("Hi <@U0BOT>, please tell me why TXN-1 is failing", "why TXN-1 is failing"),
        ("<@U0BOT>", ""),
        ("<@U0BOT> search Smith &amp; Sons", "search Smith & Sons"),
        ("<@U0BOT> <tel:5551042|555-1042> and <https://example.com|TXN-1>", "555-1042 and TXN-1"),
        ("x" * 900, "x" * 300),
    ],
)
def test_a_question_is_read_without_what_slack_puts_around_it(written: str, asked: str) -> None:
    assert asked == question(written)


def test_slack_takes_the_window() -> None:
    assert [] == view_problems(window(), "modal")


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        made.credited()
        yield made


def _direct(acme: BotScene, person: str) -> str:
    """The person's conversation with the app, which opens with their Home tab."""
    account = acme.workspace.people[person]
    acme.workspace.open_home(account)
    return str(acme.workspace.snapshot()["channels"][account])


def test_a_question_is_answered_where_it_was_asked_and_to_nobody_else(acme: BotScene) -> None:
    workspace, dana, bea = acme.workspace, acme.workspace.people["dana"], acme.workspace.people["bea"]
    before = len(acme.messages())
    workspace.say(dana, acme.cards_channel, "@resolve_now why did txn-1 fail?")
    acme.answered("dana", "Payment TXN-1: ")
    workspace.say(dana, acme.cards_channel, "@resolve_now what about TXN-1")
    acme.answered("dana", "Payment TXN-1")
    workspace.say(bea, acme.cards_channel, "@resolve_now why TXN-1")
    acme.answered("bea", "not linked to a person")
    assert before + 3 == len(acme.messages())  # what people wrote, and nothing of ours

    here = _direct(acme, "dana")
    workspace.say(dana, here, "why TXN-1")
    told = eventually(lambda: [said for said in workspace.messages(here) if said["text"].startswith("Payment TXN-1: ")])
    assert "resolve_now" in str(told[0]["blocks"])
    assert 2 == len(workspace.messages(here))  # what we wrote ourselves asks nothing

    workspace.shortcut(dana, FIND_HERE, acme.cards_channel, acme.card()["ts"])
    acme.answered("dana", "TXN-1")
    workspace.shortcut(dana, FIND)
    view: dict[str, Any] = eventually(lambda: workspace.open_modal(dana))
    workspace.submit(dana, view["id"], {"search": {"search": "hooli kind:payment"}})
    eventually(lambda: [said for said in workspace.messages(here) if "1 payment found" in said["text"]])
