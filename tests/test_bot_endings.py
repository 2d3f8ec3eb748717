"""Who started something is told how it ended, once: by whichever process runs then, and later where Slack has no room now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from bot_scene import BotScene, a_bot_scene, eventually

from bot.endings import Endings, of_bulk, of_sync
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage import schema
from storage.endings import Bulk
from sync import journey


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        yield made


def waiting(acme: BotScene, count: int) -> None:
    """Until so many people wait to hear something."""

    def is_so() -> bool:
        with acme.house.db.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(schema.awaited)) == count

    eventually(is_so)


def told(acme: BotScene) -> int:
    """How many are told by a process that just started."""
    return Endings(acme.bot.endings.rooms, acme.bot.endings.client).run_once()


def test_after_a_window_and_a_sync_the_person_is_told_once_how_it_ended(acme: BotScene) -> None:
    acme.credited()
    dana = acme.workspace.people["dana"]
    acme.press("dana", "resolve_now", acme.card())
    view = eventually(lambda: acme.workspace.open_modal(dana))
    acme.workspace.submit(dana, view["id"])
    acme.answered("dana", "Recorded.")
    waiting(acme, 1)
    assert 0 == told(acme)

    acme.carry_out()
    acme.workspace.fault("rate_limited", "chat.postEphemeral", times=1)
    assert 0 == told(acme)
    acme.clock.advance(60)
    assert [1, 0] == [told(acme), told(acme)]
    said = acme.answered("dana", "Payment TXN-1 · Hooli · $500.00")
    assert "it was carried out and confirmed in the books" in said

    acme.workspace.say(dana, acme.cards_channel, "/payments sync")
    acme.answered("dana", "You are told here how it ends.")
    acme.sync()
    assert [1, 0] == [told(acme), told(acme)]
    acme.answered("dana", "Sync done: 0 recorded, none failing. The next one is on Mar")


def test_whoever_no_message_reaches_any_more_is_given_up_after_a_day(acme: BotScene) -> None:
    acme.workspace.say(acme.workspace.people["dana"], acme.cards_channel, "/payments sync")
    acme.answered("dana", "You are told here how it ends.")
    acme.sync()
    acme.workspace.fault("error", "chat.postEphemeral", error="user_disabled", for_seconds=7 * 86_400)
    for seconds, expected in ((60, 1), (86_400, 0)):  # it is noted again by then, and then no more
        acme.clock.advance(seconds)
        assert 0 == told(acme)
        waiting(acme, expected)


def test_whoever_asked_and_whoever_approved_both_hear_the_end(acme: BotScene) -> None:
    acme.credited()
    acme.press("sam", "choose", acme.card())
    acme.deliver()
    acme.says("dana", "approve")
    waiting(acme, 2)

    acme.carry_out()

    assert 2 == told(acme)
    for person in ("sam", "dana"):
        acme.answered(person, "Approved by Dana Reyes.")


def test_after_one_remedy_for_many_the_person_is_told_how_many_it_fixed_and_left_out(acme: BotScene) -> None:
    invoices = acme.paid({str(5000 + place): 1_000 for place in range(3)})
    hooli = invoices["5000"].customer_id
    acme.books.ledger.deactivate_customer(hooli, by="erin")
    acme.sync()
    acme.books.ledger.reactivate_customer(hooli, by="erin")
    (card,) = acme.messages()
    acme.press("dana", f"choose_all/{Remedy.RETRY.value}", card)
    waiting(acme, 1)

    journey.finish_once(acme.books.desk)
    assert 0 == told(acme)
    for _ in range(2):
        acme.clock.advance(1)
        journey.finish_once(acme.books.desk)

    assert 1 == told(acme)
    acme.answered("dana", "for 3 payments is done: 0 fixed, 3 still failing. 3 left out: the books changed since then")


def test_ends_in_words() -> None:
    some = Bulk(Remedy.RETRY, 0, Counter({PaymentState.VERIFIED: 6, PaymentState.FAILED: 2}), ["the amount changed"])
    counts = f"“{Remedy.RETRY.label}” for 8 payments is done: 6 fixed, 2 still failing."
    assert of_bulk(some) == f"{counts} 1 left out: the amount changed"
    assert "6 dismissed" in of_bulk(replace(some, remedy=Remedy.DISMISS))
    assert of_sync({"verified": 12, "put_right": 1}, "", 2, "Mar 3, 2026, 7:00 PM CST") == (
        "Sync done: 12 recorded, 1 fixed in the books, 2 still failing. The next one is on Mar 3, 2026, 7:00 PM CST."
    )
    assert of_sync({}, "the books did not answer", 0, "") == (
        "Sync not finished. The books did not answer. It is tried again automatically."
    )
