"""Cards reach Slack once each, whatever Slack does, and what stands there in the end is what our rows say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from bot_scene import BotScene, a_bot_scene
from makers import ManualClock, messages_waiting
from slack_sdk import WebClient

from bot import thread
from bot.pace import Pace
from storage import outbox
from storage.cards import Place
from storage.watch import Watch


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path, listening=False) as made:
        yield made


def waiting(acme: BotScene) -> int:
    with acme.house.db.read() as connection:
        return messages_waiting(connection)


def want(acme: BotScene, number: str = "TXN-1", *, seconds_ago: float = 0.0) -> None:
    """Asks for a payment's card once more, as every change does."""
    subject = acme.books.last_failure(number).id
    with acme.books.desk.work() as work:
        outbox.want(replace(work, at=work.at - timedelta(seconds=seconds_ago)), "failure", subject)


def failing(acme: BotScene, *amounts: int) -> None:
    """Failing payments whose cards wait to be posted."""
    for number, invoice in acme.paid({str(1042 + place): amount for place, amount in enumerate(amounts or (50_000,))}).items():
        acme.credit(invoice, f"CM-{number}", 1_000)
    acme.books.sync()


def rung_for(acme: BotScene, seconds: int) -> int:
    """The outbox is rung for so many seconds; returns how many messages left."""
    return sum(acme.ring(1.0) for _ in range(seconds))


def test_after_ten_minutes_without_slack_all_cards_are_there_once_and_in_order(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000, 30_000, 40_000)
    acme.workspace.fault("outage", for_seconds=600)

    assert (0, []) == (rung_for(acme, 600), acme.messages())
    acme.deliver()

    assert ["TXN-1", "TXN-2", "TXN-3", "TXN-4"] == acme.numbers()


def test_slack_says_how_long_to_wait_and_is_not_asked_before(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.workspace.fault("rate_limited", "chat.postMessage", retry_after_seconds=30)

    assert (0, 1) == (rung_for(acme, 29), len(acme.calls("chat.postMessage")))
    acme.deliver()

    assert ["TXN-1", "TXN-2"] == acme.numbers()


def test_at_most_one_message_a_second_leaves_for_a_channel(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000, 30_000)

    assert (1, 0, 1) == (acme.ring(1.1), acme.ring(0.4), acme.ring(0.7))


def test_where_nothing_goes_wrong_slack_never_says_wait(acme: BotScene) -> None:
    acme.workspace._control({"messages_per_second": 1.0})  # and its tiers, such as fifty rewrites a minute
    failing(acme, *[10_000 + place for place in range(9)])
    for _ in range(7):
        for place in range(9):
            want(acme, f"TXN-{place + 1}")
        acme.deliver()
    assert (9, 54) == (len(acme.calls("chat.postMessage")), len(acme.calls("chat.update")))
    assert [] == [call for call in acme.workspace.snapshot()["calls"] if call["error"] == "ratelimited"]


def test_a_message_that_was_slow_on_its_way_stands_a_second_before_the_next() -> None:
    clock = ManualClock()
    pace = Pace(clock)
    clock.advance(0.7)  # as long as the call took
    pace.answered("C1")
    assert pace.seconds_to_wait("C1", "all", rewrites=False) > 1.0
    assert 0.0 == pace.seconds_to_wait("C2", "all", rewrites=False)
    clock.advance(1.1)
    assert 0.0 == pace.seconds_to_wait("C1", "all", rewrites=False)


def test_sixty_failures_at_once_are_one_message(acme: BotScene) -> None:
    acme.many_failing(60)
    acme.books.sync()
    acme.deliver()

    (digest,) = acme.messages()
    assert "60 payments" in digest["text"]
    want(acme, "TXN-7")
    acme.deliver()
    assert ["TXN-7"] == acme.numbers()


def test_failures_told_in_a_digest_that_all_change_are_told_in_the_same_digest(acme: BotScene) -> None:
    acme.many_failing(25)
    acme.books.sync()
    acme.deliver()
    for place in range(1, 26):
        want(acme, f"TXN-{place}")

    acme.deliver()

    assert (1, 2) == (len(acme.messages()), len(acme.calls("chat.postMessage")))  # the other one is the escalation


def test_twenty_failures_at_once_have_a_card_each(acme: BotScene) -> None:
    acme.many_failing(20)
    acme.books.sync()
    acme.deliver()

    assert [f"TXN-{place}" for place in range(1, 21)] == sorted(acme.numbers(), key=lambda number: int(number[4:]))


def test_connection_lost_after_the_post_is_looked_up_and_not_posted_twice(acme: BotScene) -> None:
    failing(acme)
    acme.workspace.fault("dropped_after", "chat.postMessage")

    acme.deliver()

    assert ["TXN-1"] == acme.numbers()
    assert 1 == len(acme.calls("chat.postMessage"))


def test_change_while_a_post_is_in_doubt_is_shown_in_that_message(acme: BotScene) -> None:
    failing(acme)
    acme.workspace.fault("dropped_after", "chat.postMessage")
    assert 0 == acme.ring()
    want(acme)

    acme.deliver()

    assert ["TXN-1"] == acme.numbers()


def test_lost_answer_of_a_thread_reply_is_not_told_twice(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    acme.books.decide(next(iter(acme.books.failing().offered)))
    assert 1 == acme.ring()  # the card; its thread follows
    acme.workspace.fault("dropped_after", "chat.postMessage")

    acme.deliver()

    assert 1 == acme.trail(acme.card()).count("Dana Reyes chose")
    assert 1 == acme.card()["reply_count"]


class LongThread:
    """A thread of 205 replies, which Slack gives 200 at a time."""

    def conversations_replies(self, *, cursor: str | None, **_: object) -> dict[str, object]:
        replies = range(201, 206) if cursor else range(1, 201)
        return {
            "messages": [{"metadata": {"event_payload": {"seq": reply}}} for reply in replies],
            "response_metadata": {"next_cursor": "" if cursor else "more"},
        }


def test_a_long_thread_is_read_to_its_end() -> None:
    place, client = Place("failure", "f1", "T1", "C1", "1.0"), cast("WebClient", LongThread())
    assert [True, True, False] == [thread._told_already(client, place, seq) for seq in (200, 205, 206)]


def test_card_that_somebody_deleted_is_posted_anew(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    gone = acme.card()
    acme.bot.outbox.client.chat_delete(channel=acme.cards_channel, ts=gone["ts"])
    assert [] == acme.messages()
    acme.workspace.fault("dropped_after", "chat.postMessage")  # and the new one's answer is lost on the way
    want(acme)

    acme.deliver()

    assert (["TXN-1"], False) == (acme.numbers(), acme.card()["ts"] == gone["ts"])


def test_lost_access_stops_every_call_for_a_minute_and_then_resumes(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.workspace.fault("error", error="invalid_auth")

    rung_for(acme, 55)
    assert 1 == len([call for call in acme.workspace.snapshot()["calls"] if call["method"].startswith(("chat.", "auth."))])
    acme.deliver()

    assert ["TXN-1", "TXN-2"] == acme.numbers()


def test_ten_changes_while_waiting_are_one_rewrite(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    before = len(acme.calls("chat.update"))
    for _ in range(10):
        want(acme)

    acme.deliver()

    assert 1 == len(acme.calls("chat.update")) - before


def test_change_that_was_dated_before_the_drawing_but_seen_after_it_is_drawn(acme: BotScene) -> None:
    """A change takes its moment first and is committed later; the card may have been drawn in between."""
    failing(acme)
    acme.deliver()
    before = len(acme.calls("chat.update"))
    want(acme, seconds_ago=30)

    acme.deliver()

    assert 1 == len(acme.calls("chat.update")) - before


def test_row_that_another_process_holds_is_left_to_it_until_its_lease_ends(acme: BotScene) -> None:
    failing(acme)
    with acme.books.desk.work() as work:
        (held,) = outbox.claim(work, Watch(acme.clock), owner="other", lease_seconds=120, limit=5)
    acme.clock.advance(1)
    want(acme)

    assert (0, []) == (rung_for(acme, 60), acme.messages())
    acme.deliver()

    assert (["TXN-1"], 0) == (acme.numbers(), waiting(acme))
    assert 0 == held.sendings


def test_slack_that_does_not_answer_at_the_start_is_tried_again(acme: BotScene) -> None:
    acme.workspace.fault("outage", "apps.connections.open", times=2)

    assert [False, False, True, True] == [acme.bot.start() for _ in range(4)]
    assert 2 == len([call for call in acme.calls("apps.connections.open") if call["error"]])
