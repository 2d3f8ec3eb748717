"""Each dispatch rests on books that were read right before it, however many went before it and however long they took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from faulty_books import Fault, FaultyBooks
from makers import a_payment
from scene import Scene
from step_by_step import OneByOne, carry_out, effects_of, faulty, later, promise, stands, states_of, three_invoices, verified_once

from receivables.effects import EffectState
from receivables.payment import Allocation, Bucket, FeedStatus, PaymentState
from sync.effects import FRESH_SECONDS, SEND_SECONDS
from sync.rereading import JUDGED_SECONDS


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = three_invoices(tmp_path)
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> FaultyBooks:
    """Books that take one order in a dispatch."""
    made = faulty(scene)
    made.inner = OneByOne(scene)
    return made


def _three_payments(scene: Scene) -> None:
    for number, invoice in (("TXN-1", "1042"), ("TXN-2", "1043"), ("TXN-3", "1044")):
        scene.pay(number, to={invoice: 50_000})
    promise(scene)


def _reads_before_each_write(books: FaultyBooks, scene: Scene, seconds: float) -> list[int]:
    """How often the books had been read before each write, where every write takes so many seconds."""
    reads, before = 0, list[int]()

    def count() -> None:
        nonlocal reads
        reads += 1

    def writing() -> None:
        before.append(reads)
        scene.clock.advance(seconds)

    books.before_read, books.before_write = count, writing
    carry_out(scene)
    return before


def test_quick_dispatches_of_one_run_share_a_reading(scene: Scene, books: FaultyBooks) -> None:
    _three_payments(scene)
    first, second, _ = _reads_before_each_write(books, scene, FRESH_SECONDS / 2)
    assert first == second


def test_a_dispatch_after_a_slow_one_is_read_again(scene: Scene, books: FaultyBooks) -> None:
    _three_payments(scene)
    first, second, _ = _reads_before_each_write(books, scene, FRESH_SECONDS + 1)
    assert first < second


def test_slow_dispatches_make_nothing_stale(scene: Scene, books: FaultyBooks) -> None:
    _three_payments(scene)
    assert 3 == len(_reads_before_each_write(books, scene, SEND_SECONDS - 1))
    for number in ("TXN-1", "TXN-2", "TXN-3"):
        assert [EffectState.DONE] == states_of(scene, number)
        verified_once(scene, number)


def test_what_changed_while_an_earlier_dispatch_went_out_is_seen(scene: Scene, books: FaultyBooks) -> None:
    """Somebody takes a part of the second invoice while the first receipt is on its way."""
    _three_payments(scene)
    second = next(invoice for invoice in scene.ledger.invoices() if invoice.number == "1043")

    def slow() -> None:
        books.before_write = lambda: None
        scene.clock.advance(FRESH_SECONDS + 1)
        scene.ledger.enter_receipt(
            second.customer_id, 20_000, "USD", scene.clock.now().date(), by="bookkeeper", lines=[(second.id, 20_000)]
        )

    books.before_write = slow
    carry_out(scene)

    assert [EffectState.REFUSED_STALE] == states_of(scene, "TXN-2")
    assert [EffectState.DONE] == states_of(scene, "TXN-3")
    assert [effects_of(scene, number)[0].marker for number in ("TXN-1", "TXN-3")] == [order.marker for order in books.orders]


def test_what_cannot_be_sent_within_a_lease_is_given_back_and_taken_up_anew(scene: Scene, books: FaultyBooks) -> None:
    _three_payments(scene)
    held: list[int] = []

    def slow() -> None:
        states = [state for number in ("TXN-1", "TXN-2", "TXN-3") for state in states_of(scene, number)]
        held.append(states.count(EffectState.SENDING))
        scene.clock.advance(SEND_SECONDS - 1)

    books.before_write = slow
    carry_out(scene)

    taken_up = [effects_of(scene, number)[0].fence for number in ("TXN-1", "TXN-2", "TXN-3")]
    assert ([3, 2, 1], [1, 1, 2]) == (held, taken_up)


def test_what_was_judged_long_ago_is_judged_again(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    later(scene, JUDGED_SECONDS + 1)
    assert [] == books.sent
    assert (PaymentState.RECEIVED, Bucket.TO_DO) == stands(scene)
    scene.sync()
    assert [EffectState.REFUSED_STALE, EffectState.DONE] == states_of(scene)
    assert [0, 1] == [effect.generation for effect in effects_of(scene)]
    verified_once(scene)


@pytest.mark.parametrize("status", [FeedStatus.RETURNED, FeedStatus.REFUNDED])
def test_a_payment_that_went_back_while_its_receipt_was_planned_is_not_sent(
    scene: Scene, books: FaultyBooks, status: FeedStatus
) -> None:
    scene.pay()
    promise(scene)
    scene.feed(replace(scene.payment().payment, status=status))

    scene.sync()

    assert [] == books.sent
    assert [EffectState.REFUSED_STALE] == states_of(scene)
    assert PaymentState.EXCLUDED is scene.payment().state


def test_a_part_does_not_follow_one_that_the_books_refused_a_moment_before(scene: Scene, books: FaultyBooks) -> None:
    both = (Allocation(50_000, "1042"), Allocation(50_000, "1043"))
    scene.feed(a_payment(transaction_number="TXN-1", amount_minor=100_000, allocations=both))
    promise(scene)
    books.faults = [Fault.MEMBER_REFUSED]

    carry_out(scene)

    assert ([EffectState.FAILED, EffectState.REFUSED_STALE], 1) == (states_of(scene), len(books.sent))
    assert [] == scene.receipts()
    assert "books_refused" == scene.failing().opened_because
