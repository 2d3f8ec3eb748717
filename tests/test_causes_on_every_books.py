"""Every cause on every kind of books: the real journey over each connector, somebody who breaks things, and near misses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import slow
from cause_playing import APART, PARTS, SEEDS, TOGETHER, Played, play
from cause_scenes import CREDIT, EXPRESSIBLE, PLAYS, WHOLE, Seen, expressible
from cause_worlds import NAMES, TRYTON, a_world
from once_a_run import once_a_run

from receivables.diagnosis import Cause, Remedy
from receivables.payment import FeedStatus, PaymentState
from receivables.refusal import Refusal

PAUSING = (Cause.ACCESS_LOST, Cause.THROTTLED, Cause.BOOKS_UNAVAILABLE)
#: Played one at a time, because they concern the whole company or the moment of writing; the first end by themselves.
OVER_BY_ITSELF = (Cause.OUTCOME_UNKNOWN, Cause.PERIOD_CLOSED, *PAUSING)
ALONE = (*OVER_BY_ITSELF, Cause.ACCEPTED_UNAPPLIED, Cause.RECEIPT_DEPOSITED)
PAIRS = [(books, cause) for books in NAMES for cause in Cause if expressible(cause, books)]
every_pair = pytest.mark.parametrize(("books", "cause"), slow.those(PAIRS, lambda pair: pair[0] == TRYTON), indirect=["books"])
every_books = pytest.mark.parametrize("books", slow.those(NAMES, TRYTON.__eq__), indirect=True)
telling_books = slow.those([name for name in NAMES if expressible(Cause.ACCOUNT_INACTIVE, name)], TRYTON.__eq__)


def play_all(books: str, part: str) -> Played:
    with TemporaryDirectory() as folder, a_world(books, Path(folder)) as world:
        return play(world, part)


@pytest.fixture
def books(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def played_once(run_folder: Path) -> Callable[[str, str], Played]:
    """The scenes of one part on one kind of books, played once for all tests of a run."""
    return cache(lambda books, part: once_a_run(run_folder, f"played-{books}-{part}", lambda: play_all(books, part)))


@pytest.fixture
def played(books: str, request: pytest.FixtureRequest, played_once: Callable[[str, str], Played]) -> Played:
    """The part that the test's cause is in; together where it names none."""
    cause = request.node.callspec.params.get("cause")
    return played_once(books, APART if cause in OVER_BY_ITSELF else TOGETHER)


@pytest.fixture
def all_played(books: str, played_once: Callable[[str, str], Played]) -> list[Played]:
    return [played_once(books, part) for part in PARTS]


def test_every_cause_is_played_on_every_books_or_said_why_not() -> None:
    assert set(PLAYS) | set(ALONE) == set(Cause)
    assert set(PLAYS).isdisjoint(ALONE)
    for cause, reasons in EXPRESSIBLE.items():
        assert set(reasons) < set(NAMES), f"{cause} is played nowhere, or on books that do not exist"
        assert all(len(reason.split()) >= 3 and not reason.endswith(".") for reason in reasons.values()), cause
    assert len(PAIRS) == len(Cause) * len(NAMES) - sum(len(reasons) for reasons in EXPRESSIBLE.values())


@every_books
def test_nothing_is_played_that_cannot_be_expressed_and_nothing_left_out(books: str, all_played: list[Played]) -> None:
    wanted = {(cause, firing) for name, cause in PAIRS if name == books for firing in (True, False)}
    assert wanted == {key for played in all_played for key in played.seen}


@every_pair
def test_cause_is_told_where_it_is_the_cause(books: str, cause: Cause, played: Played) -> None:
    told = played.seen[cause, True]
    assert cause is told.cause, told
    if cause in PAUSING:
        assert PaymentState.RECEIVED is told.state or PaymentState.POSTING is told.state  # none of its payments failed
    elif cause is Cause.DUPLICATE_REFERENCE:
        assert PaymentState.VERIFIED is told.state  # the feed contradicts itself about a payment that is posted
    elif cause is Cause.OUTCOME_UNKNOWN:
        assert PaymentState.POSTING is told.state
    else:
        assert PaymentState.FAILED is told.state
        assert told.sentence
        assert told.remedy is not None


@every_pair
def test_near_miss_is_told_as_what_it_is(books: str, cause: Cause, played: Played) -> None:
    told = played.seen[cause, False]
    plays = PLAYS.get(cause)
    expected = plays[1].expected(books) if plays else None
    assert cause is not expected or cause is Cause.UNIDENTIFIED
    assert expected is told.cause, told
    if expected is not None:
        assert PaymentState.FAILED is told.state
    elif plays is not None and plays[1].status is not FeedStatus.PAID:
        assert PaymentState.EXCLUDED is told.state
    else:
        assert PaymentState.VERIFIED is told.state


@every_books
def test_what_was_over_let_the_payment_land_by_itself(books: str, played_once: Callable[[str, str], Played]) -> None:
    expected = {cause: (PaymentState.VERIFIED, None) for cause in OVER_BY_ITSELF if expressible(cause, books)}
    afterwards = played_once(books, APART).afterwards
    assert expected == {cause: (told.state, told.cause) for cause, told in afterwards.items()}


@pytest.mark.parametrize("books", telling_books, indirect=True)
def test_refusal_is_in_the_word_that_the_rules_know(books: str, played: Played) -> None:
    """An account is not read before posting: only the refusal tells, and it is the same word for all packages."""
    del books
    assert Refusal.ACCOUNT_INACTIVE.value == played.seen[Cause.ACCOUNT_INACTIVE, True].refusal


# --- the three remedies at the heart, carried out -------------------------------------------------------------------------


@every_books
@pytest.mark.parametrize("cause", SEEDS)
def test_remedy_leaves_exactly_one_receipt_on_the_right_invoice(books: str, cause: Cause, played: Played) -> None:
    del books
    case = played.cases[cause, True]
    invoice_id = case.made.get("successor", case.invoice_id)
    assert SEEDS[cause] is played.seen[cause, True].remedy
    assert "done" == played.decided[cause]
    dismissed = SEEDS[cause] is Remedy.DISMISS
    assert Seen(PaymentState.DISMISSED if dismissed else PaymentState.VERIFIED, None) == played.remedied[cause]
    assert [(case.customer_id, WHOLE, ((invoice_id, WHOLE),))] == played.standing[cause]
    assert 0 == played.open_minor[cause]


@every_books
def test_credit_that_was_taken_off_is_free_again(books: str, played: Played) -> None:
    del books
    assert CREDIT == played.free_credit_minor


@every_books
def test_no_scene_leaves_a_second_receipt(books: str, all_played: list[Played]) -> None:
    """Of all scenes only the copy that Dana made by hand stands twice."""
    del books
    marked_minor = {key: minor for played in all_played for key, minor in played.marked_minor.items()}
    plays = {(cause, firing): PLAYS[cause][not firing] for cause, firing in marked_minor if cause in PLAYS}
    paid = {key: plays[key].paid_minor if key in plays else WHOLE for key in marked_minor}
    assert [(Cause.RECEIPT_DOUBLED, True)] == [key for key, minor in marked_minor.items() if minor > paid[key]]
