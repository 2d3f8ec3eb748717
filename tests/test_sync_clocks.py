"""Wall clocks are set, differ and lie: nothing is proven by them, and no payment is posted twice because of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from broken_watches import AfterTheAnswer, ByTheWallClock
from faulty_books import Fault, FaultyBooks, Killed
from makers import OwnClock
from scene import Scene
from step_by_step import WINDOW, carry_out, effects_of, faulty, later, promise, states_of, three_invoices, verified_once

from receivables.effects import EffectState
from receivables.errors import BooksRefused, BooksUnavailable
from receivables.refusal import Refusal
from storage.watch import JUMP_SECONDS, Watch
from sync import effects as carrying_out
from sync import manual_sync, receipts_again
from sync.effects import LEASE_SECONDS
from sync.journey import JourneyCounts
from sync.rereading import JUDGED_SECONDS

STEPS = [timedelta(minutes=5), timedelta(days=2), -timedelta(minutes=5), -timedelta(days=2)]


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = three_invoices(tmp_path, database_url)
    made.ledger.key_life *= 0  # the books forget keys at once; only our own proof keeps a payment from being doubled
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> FaultyBooks:
    return faulty(scene)


@pytest.fixture
def clock(scene: Scene, books: FaultyBooks) -> OwnClock:
    """Our process's own clock; the books keep the right time."""
    own = OwnClock(scene.clock)
    scene.desk = replace(scene.desk, clock=own, watch=Watch(own))
    return own


def _set(clock: OwnClock, step: timedelta) -> None:
    clock.set_by(step)
    clock.now()


def _sent_and_lands_late(scene: Scene, books: FaultyBooks, seconds: float = WINDOW - 12) -> None:
    scene.pay("TXN-1", 20_000, to={"1042": 20_000})  # its invoice would take it twice
    promise(scene)
    books.faults, books.late_seconds = [Fault.LATE], seconds
    carry_out(scene)


def _settled_once(scene: Scene) -> None:
    for _ in range(4):
        scene.clock.advance(40)
        scene.sync()
    verified_once(scene, amount_minor=20_000)


# --- absence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("asked_after", [1, 15])
def test_a_window_is_not_over_because_the_wall_clock_was_set(
    scene: Scene, books: FaultyBooks, clock: OwnClock, step: timedelta, asked_after: int
) -> None:
    _sent_and_lands_late(scene, books)
    _set(clock, step)
    later(scene, asked_after)
    assert ([EffectState.UNKNOWN], 1) == (states_of(scene), len(books.sent))
    _settled_once(scene)
    assert 1 == len(books.sent)


def test_a_window_timed_by_the_wall_clock_would_double_it(scene: Scene, books: FaultyBooks, clock: OwnClock) -> None:
    scene.desk = replace(scene.desk, watch=ByTheWallClock(clock))
    _sent_and_lands_late(scene, books)
    _set(clock, timedelta(minutes=5))
    later(scene, 15)
    scene.sync()
    scene.clock.advance(20)
    books.arrive()
    assert 2 == len(scene.receipts())


@pytest.mark.parametrize(("watch", "receipts"), [(Watch, 1), (AfterTheAnswer, 2)])
def test_what_an_answer_proves_is_how_things_were_when_it_was_asked_for(
    scene: Scene, books: FaultyBooks, clock: OwnClock, watch: type[Watch], receipts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked before the write lands, answered after the window: only the moment before the question proves anything.

    The clocks alone: our mark, which these books tell of, would keep the second sending from leaving.
    """
    monkeypatch.setattr(receipts_again, "marked", lambda *_: [])
    scene.desk = replace(scene.desk, watch=watch(clock))
    _sent_and_lands_late(scene, books, WINDOW - 2)
    scene.clock.advance(WINDOW - 5)

    def answer_travels() -> None:
        books.after_look = lambda: None
        scene.clock.advance(8)

    books.after_look = answer_travels
    carry_out(scene)
    scene.sync()
    books.arrive()
    assert receipts == len(scene.receipts())


def test_a_process_that_was_just_started_watches_a_whole_window_again(scene: Scene, books: FaultyBooks, clock: OwnClock) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.LOST]
    carry_out(scene)
    scene.clock.advance(3600)
    scene.desk = replace(scene.desk, owner="started later", watch=Watch(clock))
    for _ in range(4):
        later(scene, WINDOW / 4)
    assert ([EffectState.UNKNOWN], 1) == (states_of(scene), len(books.sent))
    later(scene, WINDOW / 4)
    scene.sync()
    verified_once(scene)


def test_a_sending_of_another_process_is_watched_while_that_one_holds_it(
    scene: Scene, books: FaultyBooks, clock: OwnClock
) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.KILLED_BEFORE]
    with pytest.raises(Killed):
        carry_out(scene)
    other = replace(scene.desk, owner="other", watch=Watch(clock))
    assert 0 == carrying_out.run_once(other).claimed
    scene.clock.advance(LEASE_SECONDS + 1)
    assert 1 == carrying_out.run_once(other).claimed
    scene.desk = other
    scene.sync()
    verified_once(scene)
    assert [0] == [effect.generation for effect in effects_of(scene)]
    assert 1 == len({order.key for order in books.orders})  # absent first, and only then sent again, with its own key


# --- a clock that is set ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_after_a_jump_nothing_is_sent_before_the_books_were_read(
    scene: Scene, books: FaultyBooks, clock: OwnClock, step: timedelta
) -> None:
    _sent_and_lands_late(scene, books)
    scene.pay("TXN-2", to={"1043": 50_000})
    promise(scene)
    _set(clock, step)
    books.reads_raise = BooksRefused("No such report.", Refusal.NOT_FOUND)
    counts = carry_out(scene)
    assert (0, 1) == (counts.claimed, len(books.sent))
    assert "nothing is sent before the books are read" in counts.clock_problem
    books.reads_raise = BooksUnavailable("The books do not answer.")
    with pytest.raises(BooksUnavailable):
        carry_out(scene)
    assert 1 == len(books.sent)
    books.reads_raise = None
    assert "was set" in scene.sync().clock_problem
    assert "" == scene.sync().clock_problem
    _settled_once(scene)
    verified_once(scene, "TXN-2")


def test_a_clock_that_is_set_by_little_stops_nothing(scene: Scene, books: FaultyBooks, clock: OwnClock) -> None:
    _set(clock, timedelta(seconds=JUMP_SECONDS))
    scene.pay()
    assert "" == scene.sync().clock_problem
    verified_once(scene)


@pytest.mark.parametrize("step", [step for step in STEPS if not timedelta(0) < step < timedelta(seconds=JUDGED_SECONDS)])
def test_judgements_from_before_a_jump_are_made_again(scene: Scene, books: FaultyBooks, clock: OwnClock, step: timedelta) -> None:
    scene.pay()
    promise(scene)
    _set(clock, step)
    assert 1 == carry_out(scene).stale
    assert [] == books.sent
    scene.sync()
    verified_once(scene)


@pytest.mark.parametrize("step", STEPS)
def test_two_processes_whose_clocks_differ_post_once(scene: Scene, books: FaultyBooks, clock: OwnClock, step: timedelta) -> None:
    ahead = OwnClock(scene.clock)
    _set(ahead, step)
    other = replace(scene.desk, owner="other", clock=ahead, watch=Watch(ahead))
    _sent_and_lands_late(scene, books)
    for _ in range(8):
        scene.clock.advance(11)
        carrying_out.run_until_idle(other)
        carry_out(scene)
    scene.sync()
    assert 1 == len(books.sent)
    verified_once(scene, amount_minor=20_000)


# --- a sync that waits --------------------------------------------------------------------------------------------------


def test_a_sync_with_an_unknown_waits_out_the_window_and_says_so(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    books.faults = [Fault.LOST]
    counts = scene.sync()
    said: list[str] = []
    progress: list[str] = []
    manual_sync.until_known(scene.desk, counts, progress.append, said.append, scene.clock.advance)
    assert (1, 1) == (counts.planned, counts.verified)
    assert ["nobody knows yet whether 1 write reached the books" in words for words in said] == [True]
    longest = manual_sync.longest_seconds(scene.desk)
    assert f"waiting for the books to tell about 1 write: {longest:.0f} s at most" == progress[0]
    assert 2 == len(books.sent)
    verified_once(scene)


def test_a_sync_that_knows_everything_does_not_wait(scene: Scene) -> None:
    scene.pay()
    counts = scene.sync()
    manual_sync.until_known(scene.desk, counts, pytest.fail, pytest.fail, lambda _: pytest.fail("it waited"))
    verified_once(scene)


def test_a_wait_ends_where_the_books_cannot_be_reached(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    books.faults = [Fault.LOST]
    counts = scene.sync()
    books.reads_raise = BooksUnavailable("The books do not answer.")
    began = scene.clock.monotonic()
    manual_sync.until_known(scene.desk, counts, lambda _: None, lambda _: None, scene.clock.advance)
    assert ("The books do not answer.", [EffectState.UNKNOWN]) == (counts.problem, states_of(scene))
    assert scene.clock.monotonic() - began < WINDOW


def test_what_two_runs_did_is_added_up() -> None:
    counts = JourneyCounts("acme", posted=1, problem="", rates=[{"over": False}])
    counts.add(JourneyCounts("acme", posted=2, failed=1, problem="The books do not answer."))
    assert ("acme", 3, 1) == (counts.company, counts.posted, counts.failed)
    assert ("The books do not answer.", [{"over": False}]) == (counts.problem, counts.rates)
