"""Money that went back is recorded in Slack, from the press to the proof: a part of a payment, and a dispute that is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene, eventually

from receivables.books_records import MoneyOutKind
from receivables.payment import Dispute, FeedStatus, PaymentState
from sync import reconciliation
from sync.standings import Standing

WENT_BACK = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    """TXN-1 paid invoice 1042 of 500.00, and our receipt is verified."""
    with a_bot_scene(tmp_path) as made:
        made.paid()
        made.sync()
        yield made


def told(acme: BotScene, **of_it: object) -> None:
    """The feed says what became of the money, a week later."""
    acme.clock.advance(7 * 86_400)
    acme.books.feed(replace(acme.books.payment().payment, **of_it))  # type: ignore[arg-type]
    acme.sync()


def disputed(acme: BotScene, dispute: Dispute) -> None:
    told(acme, status=FeedStatus.CHARGED_BACK, status_at=WENT_BACK, dispute=dispute)


def entries(acme: BotScene) -> list[tuple[MoneyOutKind, int]]:
    (receipt,) = acme.books.ledger.receipts()
    return [(of.kind, of.amount_minor) for of in acme.books.desk.books.money_out([receipt.id])[receipt.id]]


def proven(acme: BotScene) -> list[Standing]:
    found = reconciliation.run_once(acme.books.desk)
    assert found.clean
    return [name for name, tally in found.standings.items() if tally.count]


def shown(acme: BotScene) -> str:
    """All that the card says."""
    return str(acme.card()["blocks"])


def choose_in_window(acme: BotScene, person: str, label: str, **inputs: str) -> None:
    """Resolve Now, this remedy, what it asks for, and the button."""
    who = acme.workspace.people[person]
    acme.press(person, "resolve_now", acme.card())
    view = eventually(lambda: acme.workspace.open_modal(who))
    (option,) = [of for of in _asked(view)["options"] if label in of["text"]["text"]]
    if option != _asked(view)["initial_option"]:
        acme.workspace.press(who, "remedy", "remedy", view_id=view["id"], choice=option["value"])
        eventually(lambda: option == _asked(acme.workspace.open_modal(who))["initial_option"])
    given: Json = {name: {name: value} for name, value in inputs.items()}
    acme.workspace.submit(who, view["id"], {"remedy": {"remedy": option["value"]}, **given})


def _asked(view: Json | None) -> Json:
    """What there is to choose from in a window."""
    assert view is not None
    (asked,) = [block["element"] for block in view["blocks"] if block["block_id"] == "remedy"]
    return dict(asked)


def test_a_part_that_was_refunded_is_recorded_by_two_presses(acme: BotScene) -> None:
    told(acme, refunded_minor=5_000)
    assert "$50.00 of $500.00 · Partly refunded" in acme.card()["text"]
    assert "command line" not in shown(acme)

    acme.press("sam", "choose", acme.card())
    acme.answered("sam", "The refund opens the invoice again, so it takes two people.")
    acme.deliver()
    acme.says("dana", "approve")
    acme.carry_out()

    assert [(MoneyOutKind.REFUND, 5_000)] == entries(acme)
    assert "Refund recorded" in shown(acme)
    assert (PaymentState.VERIFIED, [Standing.EXACTLY_ONCE]) == (acme.books.payment().state, proven(acme))


def test_the_entry_of_a_part_is_named_in_the_window_where_nobody_finds_it(acme: BotScene) -> None:
    told(acme, refunded_minor=5_000)

    choose_in_window(acme, "sam", "Record the refund", entry="JE 7")
    acme.answered("sam", "so it takes two people to name it")
    acme.deliver()
    acme.says("dana", "approve")
    acme.carry_out()

    assert [] == entries(acme)
    assert "recorded in the books as JE 7" in shown(acme)
    assert [Standing.EXACTLY_ONCE] == proven(acme)


def test_a_receipt_is_left_until_the_dispute_is_decided_and_then_the_chargeback_is_recorded(acme: BotScene) -> None:
    disputed(acme, Dispute.OPEN)
    assert "Wait for the dispute" in shown(acme)

    acme.press("dana", "choose", acme.card())
    acme.carry_out()

    assert "Dana Reyes left the receipt until the dispute is decided." in shown(acme)
    assert "Wait for the dispute" not in shown(acme)
    assert ([], [Standing.DISPUTED]) == (entries(acme), proven(acme))
    disputed(acme, Dispute.LOST)
    assert "Record the chargeback ($500.00)" in shown(acme)
    acme.press("dana", "choose", acme.card())
    acme.carry_out()
    assert [(MoneyOutKind.CHARGEBACK, 50_000)] == entries(acme)
    assert ("Chargeback recorded" in shown(acme), [Standing.RETURN_RECORDED]) == (True, proven(acme))


def test_a_chargeback_is_recorded_in_the_window_while_its_dispute_is_open(acme: BotScene) -> None:
    disputed(acme, Dispute.OPEN)

    choose_in_window(acme, "dana", "Record the chargeback ($500.00)")
    acme.answered("dana", "Recorded.")
    acme.carry_out()

    assert [(MoneyOutKind.CHARGEBACK, 50_000)] == entries(acme)
    assert [Standing.RETURN_RECORDED] == proven(acme)
