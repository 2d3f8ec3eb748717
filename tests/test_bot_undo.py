"""What was done can be undone where it has an inverse, and where it has none the answer says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually

from bot.text import context
from bot.undo import EACH_REOPENED, IN_THE_BOOKS, after_many
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage.endings import Bulk


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def newest(acme: BotScene, words: str) -> Json:
    """The newest answer to Dana, once it says this."""

    def found() -> Json | None:
        told = [reply for reply in acme.workspace.snapshot()["ephemerals"] if reply["person"] == acme.workspace.people["dana"]]
        return next((reply["message"] for reply in told[-1:] if words in str(reply["message"])), None)

    said: Json = eventually(found)
    return said


def decided_in_the_window(acme: BotScene) -> None:
    dana = acme.workspace.people["dana"]
    acme.press("dana", "resolve_now", acme.card())
    view = eventually(lambda: acme.workspace.open_modal(dana))
    acme.workspace.submit(dana, view["id"], {"reason": {"reason": "Entered by hand."}})
    newest(acme, "Recorded.")
    acme.carry_out()
    eventually(acme.bot.endings.run_once)


def test_a_dismissal_is_taken_back_by_the_button_below_its_end(acme: BotScene) -> None:
    acme.entered_by_hand()
    decided_in_the_window(acme)
    answer = newest(acme, "Undo")
    (button,) = [of for block in answer["blocks"] for of in block.get("elements", ()) if of.get("text", {}).get("text") == "Undo"]
    assert "reopen TXN-1 company:acme" == button["value"]
    acme.workspace.say(acme.workspace.people["dana"], acme.cards_channel, f"/payments {button['value']}")
    acme.answered("dana", "Payment TXN-1 is open again. Nothing was posted.")
    assert "failed" == acme.books.payment().state


def test_a_card_s_own_button_has_its_end_told_and_undone_like_a_window(acme: BotScene) -> None:
    acme.entered_by_hand()
    acme.press("dana", "choose", acme.card())
    newest(acme, "Recorded.")
    acme.carry_out()
    eventually(acme.bot.endings.run_once)
    assert "reopen TXN-1 company:acme" in str(newest(acme, "Undo")["blocks"])


def test_taking_a_payment_from_its_menu_can_be_undone(acme: BotScene) -> None:
    acme.credited()
    card = acme.card()
    failure = acme.books.failing("TXN-1").id
    acme.press("dana", "more", card, choice=f"mine {failure}")
    assert "unassign TXN-1 company:acme" in str(newest(acme, "Undo")["blocks"])


def test_what_changed_the_books_says_why_it_cannot_be_undone(acme: BotScene) -> None:
    acme.credited()
    decided_in_the_window(acme)
    answer = newest(acme, IN_THE_BOOKS)
    assert "Undo" not in str(answer["blocks"])


def test_after_many_what_can_be_taken_back_is_said() -> None:
    fixed = Bulk(Remedy.DISMISS, 0, Counter({PaymentState.DISMISSED: 2, PaymentState.FAILED: 1}), [])
    unapplied = Bulk(Remedy.UNAPPLY_CREDIT_MEMO, 0, Counter({PaymentState.VERIFIED: 2}), [])
    nothing = Bulk(Remedy.RETRY, 0, Counter({PaymentState.FAILED: 2}), [])
    assert [context(EACH_REOPENED)] == after_many(fixed)
    assert [context(IN_THE_BOOKS)] == after_many(unapplied)
    assert [] == after_many(nothing)
