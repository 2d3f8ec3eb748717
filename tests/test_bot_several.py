"""Chosen payments that fail for one reason are decided together: each by itself, on what was shown, and checked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    """Three payments fail, each because of its own credit memo."""
    with a_bot_scene(tmp_path) as made:
        made.credited(50_000, 40_000, 30_000)
        yield made


def choosing(acme: BotScene, person: str) -> Json:
    """The window in which a person chooses."""
    account = acme.workspace.people[person]
    acme.workspace.say(account, acme.cards_channel, "/payments several")
    acme.answered(person, "Choose payments that fail for one reason.")
    told = [reply for reply in acme.workspace.snapshot()["ephemerals"] if reply["person"] == account][-1]["message"]
    block = next(block for block in told["blocks"] if block.get("accessory"))
    assert "Credit memo applied: 3 payments, $1,200.00. Recommended: Unapply credit memo." == block["text"]["text"]
    acme.workspace.press(account, block["block_id"], "several", channel=acme.cards_channel, ts=told["ts"])
    view: Json = eventually(lambda: acme.workspace.open_modal(account))
    return view


def previewed(acme: BotScene, person: str, numbers: tuple[str, ...]) -> Json:
    view, account = choosing(acme, person), acme.workspace.people[person]
    chosen = [acme.books.failing(number).id for number in numbers]
    acme.workspace.submit(account, view["id"], {"several0": {"several0": chosen}})
    preview: Json = eventually(lambda: acme.workspace.open_modal(account))
    return preview


def test_what_would_change_is_shown_and_then_each_is_decided(acme: BotScene) -> None:
    preview = previewed(acme, "dana", ("TXN-1", "TXN-3"))
    said = str(preview["blocks"])
    assert "Unapply credit memo for 2 payments, $800.00 in all." in said
    assert "TXN-1 · Hooli · $500.00: Unapply credit memo ($120.00)" in said
    acme.workspace.submit(acme.workspace.people["dana"], preview["id"])
    acme.answered("dana", "Recorded for 2 payments.")
    acme.carry_out()
    states = {number: acme.books.payment(number).state for number in ("TXN-1", "TXN-2", "TXN-3")}
    assert {"TXN-1": "verified", "TXN-2": "failed", "TXN-3": "verified"} == states


def test_one_that_changed_since_it_was_shown_is_left_out(acme: BotScene) -> None:
    preview = previewed(acme, "dana", ("TXN-1", "TXN-2"))
    invoice = next(invoice for invoice in acme.books.ledger.invoices() if invoice.number == "1043")
    acme.credit(invoice, "CM-9", 1_000)
    acme.sync()
    acme.workspace.submit(acme.workspace.people["dana"], preview["id"])
    acme.answered("dana", "1 not recorded: The books changed since this was shown.")
    assert ([1, 0], 1) == ([len(acme.decisions(number)) for number in ("TXN-1", "TXN-2")], len(acme.decisions("TXN-1")))


def test_above_a_limit_each_waits_for_a_second_person(acme: BotScene) -> None:
    preview = previewed(acme, "sam", ("TXN-1", "TXN-2", "TXN-3"))
    acme.workspace.submit(acme.workspace.people["sam"], preview["id"])
    acme.answered("sam", "3 payments wait for a second person.")
