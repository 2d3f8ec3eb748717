"""The feed's correction of a payment on its card: taken with one press, or by two people, or dismissed in the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bot_scene import BotScene, a_bot_scene

from receivables.payment import Allocation


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        made.paid()
        yield made


def corrected(acme: BotScene, amount_minor: int = 50_000, method: str = "card") -> None:
    """The feed brings TXN-1 again; its card is shown."""
    allocations = (Allocation(amount_minor, "1042"),)
    held = acme.books.payment().payment
    acme.books.feed(replace(held, amount_minor=amount_minor, method=method, allocations=allocations))
    acme.deliver()


def test_one_press_takes_a_correction_and_it_posts(acme: BotScene) -> None:
    corrected(acme, method="ach")
    assert "method card → ACH" in acme.card()["text"]
    acme.press("dana", "choose", acme.card())
    acme.carry_out()
    acme.sync()
    assert ["done"] == [decision.state for decision in acme.decisions()]
    assert "Change accepted" in acme.card()["text"]
    assert [("TXN-1", 50_000, 0)] == acme.books.receipts()


def test_a_correction_of_the_amount_waits_for_a_second_press(acme: BotScene) -> None:
    corrected(acme, 9_000)
    acme.press("dana", "choose", acme.card())
    acme.deliver()
    assert "takes two people" in str(acme.card()["blocks"])
    acme.says("sam", "approve")
    acme.carry_out()
    acme.sync()
    assert [("TXN-1", 9_000, 0)] == acme.books.receipts()


def test_a_posted_payment_offers_no_button_that_replaces_it(acme: BotScene) -> None:
    acme.sync()
    corrected(acme, 9_000)
    shown = str(acme.card()["blocks"])
    assert "“Accept the change” is not possible yet" in shown
    assert "'action_id': 'choose'" not in shown
    assert "Keep our record" in shown
