"""A card is never lost: it waits for whatever a person has to mend, and comes when it is mended, once and in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bot_scene import BotScene, Json, a_bot_scene
from makers import messages_waiting

from bot.missing_cards import LOOK_AGAIN_AFTER, MissingCards
from bot.outbox import PAUSES, Outbox
from bot.slack_errors import Trouble
from storage import outbox, slack_trouble

LONGEST_PAUSE = PAUSES[Trouble.CHANNEL][1]


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[BotScene]:
    with a_bot_scene(tmp_path, listening=False) as made:
        yield made


def failing(acme: BotScene, *amounts: int) -> None:
    """Failing payments whose cards wait to be posted."""
    for number, invoice in acme.paid({str(1042 + place): amount for place, amount in enumerate(amounts or (50_000,))}).items():
        acme.credit(invoice, f"CM-{number}", 1_000)
    acme.books.sync()


def want(acme: BotScene, *numbers: str) -> None:
    """Asks for the cards of these payments once more, as every change does."""
    for number in numbers:
        subject = acme.books.last_failure(number).id
        with acme.books.desk.work() as work:
            outbox.want(work, "failure", subject)


def sent(acme: BotScene) -> list[Json]:
    """Every call by which a message is posted or rewritten."""
    return [call for call in acme.workspace.snapshot()["calls"] if call["method"] in ("chat.postMessage", "chat.update")]


def rung(acme: BotScene, minutes: int) -> int:
    """The outbox is rung four times a minute; returns how many messages left."""
    return sum(acme.ring(15.0) for _ in range(minutes * 4))


def troubles(acme: BotScene) -> dict[str, str]:
    with acme.house.db.read() as connection:
        return {place: known.problem for place, known in slack_trouble.standing(connection).items()}


Act = Callable[[BotScene], None]
TROUBLES: dict[str, tuple[Act, Act]] = {
    "not_in_channel": (
        lambda acme: acme.workspace.remove(acme.cards_channel),
        lambda acme: acme.workspace.invite(acme.cards_channel),
    ),
    "is_archived": (
        lambda acme: acme.workspace.archive(acme.cards_channel),
        lambda acme: acme.workspace.unarchive(acme.cards_channel),
    ),
    "token_revoked": (
        lambda acme: acme.workspace.fault("error", error="token_revoked", for_seconds=300),
        lambda acme: acme.clock.advance(60),
    ),
}


@pytest.mark.parametrize("word", TROUBLES)
def test_cards_wait_for_a_person_and_come_once_and_in_order(word: str, acme: BotScene) -> None:
    waits_and_comes(acme, word)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_they_wait_on_postgresql_too(tmp_path: Path, database_url: str) -> None:
    with a_bot_scene(tmp_path, listening=False, url=database_url) as acme:
        waits_and_comes(acme, "not_in_channel")


def waits_and_comes(acme: BotScene, word: str) -> None:
    breaks, mends = TROUBLES[word]
    breaks(acme)
    failing(acme, 10_000, 20_000, 30_000)
    assert (0, [word]) == (rung(acme, 4), list(troubles(acme).values()))
    mends(acme)
    rung(acme, 4)

    assert (["TXN-1", "TXN-2", "TXN-3"], 0, {}) == (acme.numbers(), waiting(acme), troubles(acme))


def test_a_channel_archived_between_two_cards_gets_the_second_when_it_is_back_and_none_twice(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.ring()
    acme.workspace.archive(acme.cards_channel)
    want(acme, "TXN-1")  # the first one changed
    assert (0, ["TXN-1"]) == (rung(acme, 4), acme.numbers())
    acme.workspace.unarchive(acme.cards_channel)
    rung(acme, 4)

    assert (["TXN-1", "TXN-2"], 0) == (acme.numbers(), waiting(acme))


def waiting(acme: BotScene) -> int:
    with acme.house.db.read() as connection:
        return messages_waiting(connection)


def test_a_dead_channel_costs_one_call_each_three_minutes_however_many_cards_wait(acme: BotScene) -> None:
    acme.sync()
    acme.workspace.remove(acme.cards_channel)
    with acme.books.desk.work() as work:
        for _ in range(50):
            outbox.want(work, "digest", work.ids.new())
    rung(acme, 6)
    before = len(sent(acme))

    rung(acme, 6)

    assert (6 * 60 / LONGEST_PAUSE, 50) == (len(sent(acme)) - before, waiting(acme))


def test_a_channel_that_takes_nothing_holds_no_other(acme: BotScene) -> None:
    acme.workspace.archive(acme.cards_channel)
    acme.many_failing(12)
    acme.books.sync()
    rung(acme, 2)

    (escalation,) = acme.messages("finance-leads")
    assert ("too many payments are failing" in escalation["text"], []) == (True, acme.messages())


def test_a_process_that_begins_leaves_the_channel_alone_as_the_one_before(acme: BotScene) -> None:
    failing(acme)
    acme.workspace.remove(acme.cards_channel)
    rung(acme, 3)
    before = len(sent(acme))

    Outbox(acme.bot.outbox.rooms, acme.bot.outbox.client).run_once()

    assert before == len(sent(acme))


def test_a_card_whose_old_channel_is_gone_is_posted_in_the_channel_of_now(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    acme.workspace.archive(acme.cards_channel)
    config = acme.house.settings.folder / "resolve-now.toml"
    config.write_text(config.read_text().replace(acme.cards_channel, acme.workspace.channels["finance-leads"]))
    want(acme, "TXN-1")

    acme.deliver()

    assert ["TXN-1"] == acme.numbers("finance-leads")


def test_blocks_that_slack_refuses_are_sent_as_text_with_how_to_decide_and_tried_again_at_the_next_change(acme: BotScene) -> None:
    failing(acme)
    acme.workspace.fault("error", "chat.postMessage", error="invalid_blocks")
    acme.deliver()
    as_text = acme.card()
    acme.workspace.fault("error", "chat.update", error="msg_blocks_too_long")
    want(acme, "TXN-1")
    acme.deliver()
    again = acme.card()
    want(acme, "TXN-1")
    acme.deliver()

    assert ("blocks" in as_text, "blocks" in again, "blocks" in acme.card()) == (False, False, True)
    assert "Type /payments show TXN-1 here, or run resolve-now show TXN-1." in as_text["text"]
    with acme.house.db.read() as connection:
        notes = connection.exec_driver_sql("SELECT problem FROM outbox ORDER BY wanted_at").scalars().all()
    assert ["as plain text: invalid_blocks", "as plain text: msg_blocks_too_long", ""] == list(notes)


def test_a_message_that_slack_takes_in_no_form_holds_nothing_else_and_is_not_given_up(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.workspace.fault("error", "chat.postMessage", error="invalid_blocks", times=2)
    acme.ring()
    acme.ring()
    assert (["TXN-2"], 1) == (acme.numbers(), waiting(acme))

    rung(acme, 11)

    assert ["TXN-2", "TXN-1"] == acme.numbers()


def test_a_word_of_slack_that_is_not_known_concerns_that_message_alone(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.workspace.fault("error", "chat.postMessage", error="a_new_word")

    acme.deliver()

    assert (["TXN-2", "TXN-1"], {}) == (acme.numbers(), troubles(acme))


def test_a_deleted_card_comes_back_once_although_nothing_changes(acme: BotScene) -> None:
    failing(acme, 10_000, 20_000)
    acme.deliver()
    acme.workspace.delete(acme.cards_channel, acme.card("TXN-1")["ts"])
    assert [False, False] == looks(acme, 2), "they were just posted"
    acme.clock.advance(LOOK_AGAIN_AFTER.total_seconds() + 5)

    found = looks(acme, 4)
    acme.deliver()

    assert ([True], ["TXN-2", "TXN-1"]) == ([gone for gone in found if gone], acme.numbers())
    assert 2 == len(acme.calls("chat.getPermalink"))


def looks(acme: BotScene, count: int) -> list[bool]:
    looker = MissingCards(acme.bot.outbox.rooms, acme.bot.outbox.client, acme.bot.outbox.alone)
    return [looker.run_once() for _ in range(count)]


def test_the_card_of_what_is_over_is_not_looked_for(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    acme.books.decide(next(iter(acme.books.failing().offered)))
    acme.carry_out()
    acme.workspace.delete(acme.cards_channel, acme.messages()[0]["ts"])
    acme.clock.advance(LOOK_AGAIN_AFTER.total_seconds())

    assert ([False], []) == (looks(acme, 1), acme.calls("chat.getPermalink"))


def test_a_reply_whose_card_was_deleted_brings_the_card_back(acme: BotScene) -> None:
    failing(acme)
    acme.deliver()
    acme.books.decide(next(iter(acme.books.failing().offered)))
    assert 1 == acme.ring()  # the card; its thread follows
    acme.workspace.delete(acme.cards_channel, acme.card()["ts"])

    acme.deliver()

    assert 1 == acme.trail(acme.card()).count("Dana Reyes chose")


def test_a_reply_whose_old_channel_is_gone_holds_no_card_of_the_channel_of_now(acme: BotScene) -> None:
    failing(acme, 500_00, 600_00)
    acme.deliver()
    acme.books.decide(next(iter(acme.books.failing().offered)))
    assert 1 == acme.ring()  # the card; its thread follows
    acme.workspace.archive(acme.cards_channel)
    config = acme.house.settings.folder / "resolve-now.toml"
    config.write_text(config.read_text().replace(acme.cards_channel, acme.workspace.channels["finance-leads"]))
    want(acme, "TXN-2")

    acme.deliver()

    assert (["TXN-1", "TXN-2"], {}) == (sorted(acme.numbers("finance-leads")), troubles(acme))
    assert "Dana Reyes chose" in str(acme.workspace.messages(acme.workspace.channels["finance-leads"]))
