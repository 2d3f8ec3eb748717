"""Nobody presses into silence: a window that does not open, a reply that is lost, a choice that is overtaken are all said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from bot_scene import BotScene, Json, a_bot_scene, eventually
from makers import messages_waiting

from app.slack import Decider
from bot import answers, replies
from receivables.diagnosis import Remedy
from storage import failures, outbox, schema
from storage.engine import Database
from sync import journey

DECIDE = {"choose", "approve", "withdraw", "choose_all", "take", "more", "submitted", "confirmed"}
ANSWER_BY_ACKNOWLEDGING = {"picked"}  # with the next window
ACKNOWLEDGE_FIRST = {"resolve_now", "remedy_changed", "searched", "review"}  # and do the rest by `later`


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path) as made:
        made.credited()
        yield made


# --- windows ----------------------------------------------------------------------------------------------------------


def test_whatever_keeps_a_window_from_opening_the_person_is_told(acme: BotScene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "OPEN_SECONDS", 0.5)
    faults: list[Json] = [
        {"kind": "error", "error": "expired_trigger_id"},
        {"kind": "rate_limited"},
        {"kind": "outage"},
        {"kind": "dropped_before"},
        {"kind": "slow", "seconds": 1.0},
    ]

    def told(times: int) -> bool:
        return len(acme.answers("dana")) == times

    for place, fault in enumerate(faults, start=1):
        acme.workspace.fault(method="views.open", times=1, **fault)
        acme.press("dana", "resolve_now", acme.card())
        eventually(partial(told, place))

    assert [answers.NOT_OPENED] * len(faults) == acme.answers("dana")


def test_a_window_that_our_database_has_no_turn_for_is_said(acme: BotScene) -> None:
    another_process = Database(acme.house.settings.database_url)
    with another_process.work() as connection:
        connection.execute(sa.update(schema.company).values(books_cursor="held"))
        acme.press("dana", "resolve_now", acme.card())
        acme.answered("dana", answers.BUSY)
    another_process.close()


def opened(acme: BotScene) -> Json:
    acme.press("dana", "resolve_now", acme.card())
    view: Json = eventually(lambda: acme.workspace.open_modal(acme.workspace.people["dana"]))
    return view


def now_open(acme: BotScene) -> Json:
    return acme.workspace.open_modal(acme.workspace.people["dana"]) or {}


def remedies(view: Json) -> dict[str, str]:
    """What may be chosen in a window: offer ids by their label's first word."""
    (block,) = [block for block in view["blocks"] if block["block_id"] == "remedy"]
    return {option["text"]["text"].split()[0]: option["value"] for option in block["element"]["options"]}


def choose(acme: BotScene, view: Json, offer: str, *, hold_back: bool = False) -> None:
    acme.holding_back = hold_back
    acme.workspace.press(acme.workspace.people["dana"], "remedy", "remedy", view_id=view["id"], choice=offer)
    acme.holding_back = False


def drawn(view: Json) -> str:
    """The offer whose figures a window shows."""
    return str(view["private_metadata"].split()[1])


@pytest.mark.parametrize("overtaken", [False, True])
def test_of_two_quick_choices_the_later_one_is_shown(overtaken: bool, acme: BotScene) -> None:
    view = opened(acme)
    offers = remedies(view)
    quick = [offers["Dismiss"], offers["Retry"]]
    for offer in quick:
        choose(acme, view, offer, hold_back=True)
    bodies = acme.told[-2:]
    assert 1 == len({body["view"]["hash"] for body in bodies})

    for body in reversed(bodies) if overtaken else bodies:
        acme.replay(body)

    eventually(lambda: drawn(now_open(acme)) == offers["Retry"])
    acme.bot.stop()  # what is under way is finished
    assert offers["Retry"] == drawn(now_open(acme))


def test_a_window_refuses_what_it_does_not_show(acme: BotScene) -> None:
    view = opened(acme)
    dismiss = remedies(view)["Dismiss"]
    choose(acme, view, dismiss, hold_back=True)
    inputs: Any = {"remedy": {"remedy": dismiss}, "reason": {"reason": "paid twice"}}

    acme.workspace.submit(acme.workspace.people["dana"], view["id"], inputs)

    shown = now_open(acme)
    assert ((), dismiss, "notice") == (tuple(acme.decisions()), drawn(shown), shown["blocks"][0]["block_id"])
    acme.workspace.submit(acme.workspace.people["dana"], shown["id"], inputs)
    acme.answered("dana", "Recorded.")
    assert [Remedy.DISMISS] == [decision.remedy for decision in acme.decisions()]


def test_a_window_whose_facts_changed_is_drawn_anew_and_nothing_is_recorded(acme: BotScene) -> None:
    view = opened(acme)
    invoice = acme.books.ledger.invoices()[0]
    acme.credit(invoice, "CM-NEW", 3_000)
    acme.sync()

    acme.workspace.submit(acme.workspace.people["dana"], view["id"], {})

    shown = now_open(acme)
    assert ((), "notice") == (tuple(acme.decisions()), shown["blocks"][0]["block_id"])
    assert drawn(view) != drawn(shown)


def test_what_decides_nothing_leaves_the_threads_of_decisions_at_once(acme: BotScene) -> None:
    """Every listener but those that decide is done aside: Bolt has a few threads for all of them."""
    functions = [listener.ack_function for listener in acme.bot.app._listeners]  # Bolt shows them nowhere else
    here = {function.__name__ for function in functions if not hasattr(function, "__wrapped__")}

    assert DECIDE | ANSWER_BY_ACKNOWLEDGING | ACKNOWLEDGE_FIRST == here - {"<lambda>"}  # which only log


# --- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["outage", "dropped_before", "rate_limited"])
def test_a_reply_that_slack_has_no_room_for_is_tried_again(kind: str, acme: BotScene) -> None:
    acme.workspace.fault(kind, "response_url", times=1)

    acme.press("dana", "choose", acme.card())

    acme.answered("dana", "Recorded.")


def test_a_reply_whose_address_is_gone_comes_in_the_channel_or_as_a_direct_message(
    acme: BotScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "TRIED_AGAIN", 0)
    acme.workspace.fault("outage", "response_url", times=2)
    acme.press("dana", "choose", acme.card())
    acme.answered("dana", "Recorded.")

    before = len(acme.calls("chat.postMessage"))
    acme.workspace.fault("error", "chat.postEphemeral", times=1, error="user_not_in_channel")
    acme.press("dana", "choose", acme.card())
    eventually(lambda: len(acme.calls("chat.postMessage")) == before + 1)

    told = [message["text"] for held in acme.workspace.snapshot()["messages"].values() for message in held]
    assert 1 == sum(text.startswith("Recorded.") for text in told)


# --- presses ----------------------------------------------------------------------------------------------------------


def test_a_press_whose_turn_comes_too_late_for_slack_is_not_recorded_and_that_is_said(acme: BotScene) -> None:
    def late(next: Callable[[], Any]) -> Any:
        acme.clock.advance(answers.IN_TIME_SECONDS + 0.1)
        return next()

    card = acme.card()
    acme.bot.app.middleware(late)

    acme.press("dana", "choose", card)

    acme.answered("dana", answers.BUSY)
    assert () == tuple(acme.decisions())


def test_what_nobody_thought_of_is_said_too(acme: BotScene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(Decider, "choose", broken)

    with structlog.testing.capture_logs() as logged:
        acme.press("dana", "choose", acme.card())
        acme.answered("dana", answers.FAILED)

    assert ["press_failed"] == [line["event"] for line in logged if line["log_level"] == "error"]


def test_a_pressed_card_is_drawn_before_all_that_wait_and_so_is_its_end(tmp_path: Path) -> None:
    with a_bot_scene(tmp_path) as acme:
        acme.credited(*[50_000] * 4)
        with acme.books.desk.work() as work:
            outbox.want_many(work, "failure", [failure.id for failure in failures.select(work.connection, sa.true())])
        acme.press("dana", "choose", acme.card("TXN-4"))
        acme.answered("dana", "Recorded.")

        acme.ring()
        assert "It is being carried out." in str(acme.card("TXN-4")["blocks"])
        journey.finish_once(acme.books.desk)
        acme.ring()
        acme.ring()
        assert "· Recorded. Payment TXN-4" in acme.card("TXN-4")["text"]
        with acme.house.db.read() as connection:
            assert 2 <= messages_waiting(connection)


def test_who_asked_finds_withdraw_and_no_approve_and_who_may_neither_reads_who_may(acme: BotScene) -> None:
    acme.press("sam", "choose", acme.card())
    acme.deliver()
    assert "Approve" not in str(acme.card()["blocks"])

    mine, theirs = (acme.review(person) for person in ("sam", "dana"))

    assert ("Withdraw", "Confirm") == tuple(view["submit"]["text"] for view in (mine, theirs))
    assert ("Approve" in str(mine["blocks"]), "Approve: Unapply credit memo" in str(theirs["blocks"])) == (False, True)
    acme.says("sam", "decline")
    acme.answered("sam", "Nothing was changed")
    assert ["refused"] == [decision.state for decision in acme.decisions()]
