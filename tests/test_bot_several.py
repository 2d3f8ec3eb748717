"""Chosen payments that fail for one reason are decided together: each by itself, on what was shown, and checked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually

from bot.answers import Answers
from bot.endings import Endings
from bot.reviewing import Reviews
from bot.several import CHOSEN_AT_MOST, Several, preview
from bot.several import choosing as choosing_of
from receivables.diagnosis import Cause, Remedy
from storage import endings, together
from storage.endings import Awaited, Started
from workspace.blocks import view_problems

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    """Three payments fail, each because of its own credit memo."""
    with a_bot_scene(tmp_path) as made:
        made.credited(50_000, 40_000, 30_000)
        yield made


def choosing(acme: BotScene, person: str, whose: str = "") -> Json:
    """The window in which a person chooses; `whose` is the company, to a person who sees several."""
    account = acme.workspace.people[person]
    acme.workspace.say(account, acme.cards_channel, "/payments several")
    acme.answered(person, "Choose payments that fail for one reason.")
    told = [reply for reply in acme.workspace.snapshot()["ephemerals"] if reply["person"] == account][-1]["message"]
    block = next(block for block in told["blocks"] if block.get("accessory"))
    assert f"Credit memo applied: 3 payments, $1,200.00{whose}. Recommended: Unapply credit memo." == block["text"]["text"]
    acme.workspace.press(account, block["block_id"], "several", channel=acme.cards_channel, ts=told["ts"])
    view: Json = eventually(lambda: acme.workspace.open_modal(account))
    return view


def told_by_a_new_process(acme: BotScene) -> int:
    """How many people hear how what they started ended."""
    endings = acme.bot.endings
    return Endings(endings.rooms, endings.client).run_once()


def previewed(acme: BotScene, person: str, numbers: tuple[str, ...]) -> Json:
    view, account = choosing(acme, person), acme.workspace.people[person]
    chosen = [acme.books.failing(number).id for number in numbers]
    acme.workspace.submit(account, view["id"], {"several0": {"several0": chosen}})
    shown: Json = eventually(lambda: acme.workspace.open_modal(account))
    return shown


def test_what_would_change_is_shown_and_then_each_is_decided(acme: BotScene) -> None:
    shown = previewed(acme, "dana", ("TXN-1", "TXN-3"))
    said = str(shown["blocks"])
    assert "Unapply credit memo for 2 payments, $800.00 in all." in said
    assert "TXN-1 · Hooli · $500.00: Unapply credit memo ($120.00)" in said
    acme.workspace.submit(acme.workspace.people["dana"], shown["id"])
    acme.answered("dana", "Recorded for 2 payments.")
    assert 0 == told_by_a_new_process(acme)
    acme.carry_out()
    assert [1, 0] == [told_by_a_new_process(acme), told_by_a_new_process(acme)]
    acme.answered("dana", "“Unapply credit memo” for 2 payments is done: 2 fixed.")
    states = {number: acme.books.payment(number).state for number in ("TXN-1", "TXN-2", "TXN-3")}
    assert {"TXN-1": "verified", "TXN-2": "failed", "TXN-3": "verified"} == states


def test_one_that_changed_since_it_was_shown_is_left_out(acme: BotScene) -> None:
    shown = previewed(acme, "dana", ("TXN-1", "TXN-2"))
    invoice = next(invoice for invoice in acme.books.ledger.invoices() if invoice.number == "1043")
    acme.credit(invoice, "CM-9", 1_000)
    acme.sync()
    acme.workspace.submit(acme.workspace.people["dana"], shown["id"])
    acme.answered("dana", "1 not recorded: The books changed since this was shown.")
    assert ([1, 0], 1) == ([len(acme.decisions(number)) for number in ("TXN-1", "TXN-2")], len(acme.decisions("TXN-1")))


def test_a_hundred_are_chosen_and_shown_within_slack_s_limits(acme: BotScene) -> None:
    with acme.house.db.read() as connection:
        (facts, *_) = Several(acme.bot._rooms, Answers())._candidates(
            connection, "acme", Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO
        )
    long = replace(facts.payment.payment, transaction_number="N" * 64, customer="Ç" * 80)
    hundred = [replace(facts, payment=replace(facts.payment, payment=long))] * CHOSEN_AT_MOST
    company = acme.books.desk.company
    options = [replace(of, failure=replace(of.failure, id=f"{place:026}")) for place, of in enumerate(hundred)]
    carried = " ".join(["c" * 40, "C0123456789", *("o" * 26 for _ in hundred)])
    assert 100 == CHOSEN_AT_MOST
    chosen_from = choosing_of(options, Remedy.UNAPPLY_CREDIT_MEMO, company.words, "acme")
    assert ([], True) == (list(view_problems(chosen_from, "modal")), "100 at a time" in str(chosen_from))
    shown = preview(hundred, Remedy.UNAPPLY_CREDIT_MEMO, company, carried)
    assert [] == list(view_problems(shown, "modal"))
    assert 100 == str(shown["blocks"]).count("Unapply credit memo ($120.00)")


def test_what_a_process_did_not_record_before_it_ended_is_told_by_the_next(acme: BotScene) -> None:
    waits = Awaited("acme", Started.CHOSEN, "d1", acme.workspace.people["dana"], acme.cards_channel, NOW, NOW)
    with acme.bot._rooms.work("acme") as work:
        assert "d1" == together.note(work, ["d1", "d2"])
        endings.begin(work, waits)
    assert 1 == told_by_a_new_process(acme)
    acme.answered("dana", "What you chose for 2 payments was not recorded: Resolve Now stopped before it was recorded.")


def test_above_a_limit_each_waits_for_a_second_person(acme: BotScene) -> None:
    shown = previewed(acme, "sam", ("TXN-1", "TXN-2", "TXN-3"))
    acme.workspace.submit(acme.workspace.people["sam"], shown["id"])
    acme.answered("sam", "3 payments wait for a second person.")


def test_whoever_sees_several_companies_reads_in_each_window_which_it_is(tmp_path: Path) -> None:
    with a_bot_scene(tmp_path, second="payments-sync") as acme:
        acme.credited(50_000, 40_000, 30_000)
        chosen_from, rosa = choosing(acme, "rosa", " · Acme Networks"), acme.workspace.people["rosa"]
        chosen = [acme.books.failing(number).id for number in ("TXN-2", "TXN-3")]
        acme.workspace.submit(rosa, chosen_from["id"], {"several0": {"several0": chosen}})
        shown = eventually(lambda: acme.workspace.open_modal(rosa))
        acme.press("sam", "choose", acme.card())
        acme.deliver()
        reviews, (decision,) = Reviews(acme.bot._rooms, Answers()), acme.decisions()
        of_request = [reviews._window(decision.id, reviews.rooms.people[person]) for person in ("rosa", "sam")]
        windows = [chosen_from, shown, *of_request]
    assert ["Choose payments", "What would change", "Review", "Review"] == [view["title"]["text"] for view in windows]
    assert [True, True, True, False] == ["Company: Acme Networks" in str(view["blocks"]) for view in windows]
