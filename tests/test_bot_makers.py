"""Nobody decides alone about a document they made, and rights are those of now: as people meet it in Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bot_scene import BotScene, a_bot_scene

from receivables.authority import BY_ITS_MAKER
from storage import audit, decisions


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def change(folder: Path, old: str, new: str) -> None:
    """Changes the configuration while everything runs."""
    config = folder / "resolve-now.toml"
    before = config.read_text(encoding="utf-8")
    assert old in before
    config.write_text(before.replace(old, new), encoding="utf-8")


MAKES = ('name = "Dana Reyes"', 'name = "Dana Reyes"\nbooks_names = ["bea  bookkeeper"]')  # who made the credit memo


def test_whoever_made_the_memo_asks_and_somebody_else_agrees_below_the_limit(acme: BotScene, tmp_path: Path) -> None:
    acme.credited(9_000, credit_minor=2_000)
    change(tmp_path, *MAKES)
    acme.press("dana", "choose", acme.card())
    acme.answered("dana", "Dana Reyes made a document in question, so somebody else must agree.")
    acme.carry_out()
    assert (["waiting_approval"], []) == ([decision.state for decision in acme.decisions()], acme.books.receipts())

    assert "Withdraw" == acme.review("dana")["submit"]["text"]
    acme.says("sam", "approve")
    acme.carry_out()
    assert (["done"], [("TXN-1", 9_000, 0)]) == ([decision.state for decision in acme.decisions()], acme.books.receipts())


def test_the_maker_is_not_the_second_person_either(acme: BotScene, tmp_path: Path) -> None:
    acme.credited()
    change(tmp_path, *MAKES)
    acme.press("sam", "choose", acme.card())
    acme.deliver()
    view = acme.review("dana")
    assert (None, True) == (view["submit"], "Nobody else here may approve it." in str(view["blocks"]))
    assert ["waiting_approval"] == [decision.state for decision in acme.decisions()]


def test_an_office_of_one_decides_and_it_is_on_record(acme: BotScene, tmp_path: Path) -> None:
    acme.credited(9_000, credit_minor=2_000)
    change(tmp_path, *MAKES)
    change(tmp_path, 'writes = "on"', 'writes = "on"\nsolo = true')
    acme.books.desk = acme.house.as_of_now(acme.books.desk)  # as the scheduler does before each piece of work
    acme.press("dana", "choose", acme.card())
    acme.carry_out()
    assert [("done", True)] == [(decision.state, decision.by_maker) for decision in acme.decisions()]
    with acme.house.db.read() as connection:
        rows = [json.loads(row.body) for row in audit.rows(connection, "acme", "TXN-1") if row.action == "decision.made"]
        assert ["TXN-1"] == [decision.transaction_number for decision in decisions.by_makers(connection, "acme")]
    assert [BY_ITS_MAKER] == [row["note"] for row in rows]


def test_a_right_taken_away_ends_what_was_pressed_and_not_yet_carried_out(acme: BotScene, tmp_path: Path) -> None:
    acme.credited()
    acme.press("dana", "choose", acme.card())
    change(tmp_path, 'limits = { USD = "10000.00" }', 'limits = { EUR = "10000.00" }')
    acme.carry_out()
    assert (["refused"], []) == ([decision.state for decision in acme.decisions()], acme.books.receipts())
    change(tmp_path, 'name = "Dana Reyes"', 'name = "Dana Reyes"\nactive = false')
    acme.press("dana", "choose", acme.card())
    acme.answered("dana", "Dana Reyes is no longer active")


def test_a_press_on_a_broken_configuration_is_answered_with_file_and_line_and_decides_nothing(
    acme: BotScene, tmp_path: Path
) -> None:
    acme.credited(50_000, 20_000)
    acme.press("dana", "choose", acme.card("TXN-2"))
    right = (tmp_path / "resolve-now.toml").read_text(encoding="utf-8")
    change(tmp_path, 'name = "Acme Networks"', "name = Acme")
    acme.press("dana", "choose", acme.card())
    assert "resolve-now.toml, line 3, column 8" in acme.answered("dana", "Nothing can be decided and nothing is sent")
    acme.carry_out()
    assert ([], ["accepted"]) == (acme.decisions("TXN-1"), [decision.state for decision in acme.decisions("TXN-2")])
    assert [] == acme.books.receipts()

    (tmp_path / "resolve-now.toml").write_text(right, encoding="utf-8")
    acme.press("dana", "choose", acme.card())
    acme.carry_out()
    assert [("TXN-1", 50_000, 0), ("TXN-2", 20_000, 0)] == acme.books.receipts()
