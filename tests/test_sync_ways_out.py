"""No dead ends: whatever is told of a payment, something that its card offers ends it, on each kind of books."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import slow
from cause_scenes import expressible
from cause_worlds import QUICKBOOKS, STRICT, TRYTON, XERO, a_world
from once_a_run import once_a_run
from ways_out import AS_IT_IS, STATES, Walked, spots_of, walk_all

from receivables.diagnosis import Cause

#: What is walked of the books that take long to ask: causes whose remedies they carry out in ways of their own.
SAMPLES = {
    QUICKBOOKS: (Cause.RECEIPT_CHANGED, Cause.PAYMENT_FAILED, Cause.CUSTOMER_CHANGED),
    XERO: (Cause.RECEIPT_DELETED, Cause.PAYMENT_FAILED, Cause.CREDIT_MEMO_APPLIED),
    TRYTON: (Cause.RECEIPT_DELETED, Cause.PAYMENT_RETURNED),
}
#: What is walked of the strict books in all states; the rest is walked as it is.
IN_EVERY_STATE = (
    Cause.INVOICE_RECREATED, Cause.PAYMENT_FAILED, Cause.RECEIPT_CHANGED, Cause.RECEIPT_DELETED, Cause.RECEIPT_DOUBLED,
)  # fmt: skip


def walk_some(books: str) -> Walked:
    """What the suite walks of one kind of books."""
    spots = list(spots_of(books, [AS_IT_IS], SAMPLES.get(books, Cause)))
    if books == STRICT:
        spots += spots_of(books, [state for state in STATES if state != AS_IT_IS], IN_EVERY_STATE)
    with TemporaryDirectory() as folder, a_world(books, Path(folder)) as world:
        return walk_all(world, spots, every_way=False)


@pytest.fixture(scope="session")
def walked(run_folder: Path) -> Callable[[str], Walked]:
    """The same, walked once for all tests of a run."""
    return lambda books: once_a_run(run_folder, f"walked-{books}", lambda: walk_some(books))


@pytest.mark.parametrize("books", slow.those([STRICT, *SAMPLES], TRYTON.__eq__))
def test_every_failure_ends_by_something_that_its_card_offers_and_nothing_it_says_is_false(
    books: str, walked: Callable[[str], Walked]
) -> None:
    found = walked(books)
    assert [] == found.wrong, (found.dead_ends, found.false)


def test_every_cause_is_told_somewhere_in_the_walk(walked: Callable[[str], Walked]) -> None:
    """What cannot be expressed on the strict books, and what ends when it is lifted, is walked by `make walk`."""
    lifted = {Cause.OUTCOME_UNKNOWN, Cause.THROTTLED, Cause.BOOKS_UNAVAILABLE, Cause.ACCESS_LOST}
    expected = {cause for cause in Cause if expressible(cause, STRICT)} - lifted
    assert expected == {walk.told for walk in walked(STRICT).walks if walk.told}
