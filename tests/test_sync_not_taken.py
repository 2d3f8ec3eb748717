"""A write that the books keep putting off becomes a failure that quotes them, and ends by itself when a try lands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_makers import WORDS
from faulty_books import FaultyBooks
from quickbooks_answers import a_fault
from scene import Scene, a_scene

import rules
from accounting.quickbooks import faults
from receivables.diagnosis import Cause
from receivables.effects import Dispatch
from receivables.errors import BooksError, BooksUnavailable, NotSent, Throttled
from receivables.payment import Bucket, FeedStatus, PaymentState
from sync.not_taken import NOT_TAKEN, TRIES_IN_SILENCE

BUSY = 'QuickBooks is busy; nothing was saved. QuickBooks says: "Only one person at a time."'


class BusyBooks(FaultyBooks):
    """Books that answer every write with the same error until they are free."""

    answer: BooksError | None = None

    def write(self, dispatch: Dispatch):  # type: ignore[no-untyped-def]
        if self.answer is not None:
            self.sent.append(dispatch)
            return [self.answer] * len(dispatch.orders)
        return super().write(dispatch)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = a_scene(tmp_path)
    made.invoice("1042", made.customer(), 50_000)
    made.pay()
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> BusyBooks:
    busy = BusyBooks(scene.desk.books, scene.clock)
    scene.with_books(busy)
    return busy


def tries(scene: Scene, books: BusyBooks, many: int, *, apart: int = 301) -> None:
    scene.sync()
    for _ in range(many):
        if len(books.sent) < many:
            scene.clock.advance(apart)
            scene.sync()
    assert many <= len(books.sent)


def test_after_five_tries_it_is_told_and_still_tried(scene: Scene, books: BusyBooks) -> None:
    books.answer = BooksUnavailable(BUSY)
    tries(scene, books, TRIES_IN_SILENCE - 1, apart=61)
    assert scene.failure() is None
    tries(scene, books, TRIES_IN_SILENCE, apart=61)

    found = scene.failing()
    assert (Cause.BOOKS_UNAVAILABLE, NOT_TAKEN, ()) == (found.cause, found.opened_because, found.offered)
    told = rules.sentence(found.diagnosis, WORDS)
    assert told.startswith("The books did not record this payment of $500.00 in 5 tries. QuickBooks is busy")
    assert 'QuickBooks says: "Only one person at a time."' in told
    assert (PaymentState.POSTING, Bucket.IN_FLIGHT) == (scene.payment().state, scene.payment().bucket)

    tries(scene, books, TRIES_IN_SILENCE + 2)
    assert found.id == scene.failing().id  # one failure, though it was planned anew meanwhile
    books.answer = None
    scene.clock.advance(301)
    scene.sync()
    assert (PaymentState.VERIFIED, [("TXN-1", 50_000, 0)]) == (scene.payment().state, scene.receipts())
    assert (None, "landed") == (scene.failure(), scene.last_failure().resolution)


def test_two_tries_an_hour_apart_are_told_as_well(scene: Scene, books: BusyBooks) -> None:
    books.answer = BooksUnavailable(BUSY)
    tries(scene, books, 2, apart=3601)
    assert "in 2 tries" in rules.sentence(scene.failing().diagnosis, WORDS)


@pytest.mark.parametrize("answer", [lambda: Throttled("Too many calls."), lambda: NotSent("Its turn comes later.")])
def test_a_pause_that_was_asked_for_and_a_turn_that_has_not_come_are_not_told(
    scene: Scene, books: BusyBooks, answer: Callable[[], BooksError]
) -> None:
    books.answer = answer()
    tries(scene, books, TRIES_IN_SILENCE + 1, apart=3601)
    assert scene.failure() is None


def test_what_the_books_refuse_in_the_end_is_the_failure_from_then_on(scene: Scene, books: BusyBooks) -> None:
    books.answer = BooksUnavailable(BUSY)
    tries(scene, books, TRIES_IN_SILENCE)
    invoice = next(invoice for invoice in scene.ledger.invoices())
    scene.ledger.void_invoice(invoice.id, by="bea", at=scene.clock.now() + timedelta(seconds=1))
    books.answer = None
    scene.clock.advance(301)
    scene.sync()
    assert Cause.INVOICE_VOIDED is scene.failing().cause
    assert [] == scene.receipts()


def test_money_that_goes_back_meanwhile_ends_it(scene: Scene, books: BusyBooks) -> None:
    books.answer = BooksUnavailable(BUSY)
    tries(scene, books, TRIES_IN_SILENCE)
    scene.feed(replace(scene.payment().payment, status=FeedStatus.RETURNED))
    for _ in range(3):
        scene.clock.advance(901)
        scene.sync()
    assert (None, PaymentState.EXCLUDED, []) == (scene.failure(), scene.payment().state, scene.receipts())


def test_quickbooks_is_quoted_where_it_says_that_nothing_was_saved() -> None:
    said = "Business Validation Error: Your transaction was not saved. Please try again later."
    fault = faults.fault_in(a_fault("6000", "A business validation error has occurred", said))
    error = faults.of_write(fault, 400, "")
    assert isinstance(error, BooksUnavailable)
    assert 'nothing was saved. QuickBooks says: "Business Validation Error: Your transaction was not saved.' in error.message
