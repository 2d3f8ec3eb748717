"""Whatever stretch of time one looks at, no more calls were made in it than the books allow, by all processes together."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import START, ManualClock

from accounting.quickbooks.description import LIMITS as QUICKBOOKS
from accounting.xero.description import limits as xero_limits
from receivables.limits import Limit
from storage.call_budget import SharedCallBudget
from storage.engine import Database

SECOND = timedelta(seconds=1)
MINUTE, DAY = 60 * SECOND, timedelta(days=1)
SMALL = (
    Limit("minute", 12, MINUTE, 10 * SECOND, block=3),
    Limit("second", 4, SECOND, 10 * SECOND, block=2),
    Limit("day", 40, DAY, timedelta(hours=1), block=4),
)
NAMES = count(1)  # every example has a company of its own in the same database


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="module")
def one_database(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("budget") / "resolve-now.sqlite"
    shutil.copyfile(migrated_sqlite, file)
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


def most_in_any_window(made: list[datetime], window: timedelta) -> int:
    """The largest number of calls in a stretch of that length that holds its beginning and not its end."""
    return max((sum(1 for moment in made if begin <= moment < begin + window) for begin in made), default=0)


def made_by(budget: SharedCallBudget, clock: ManualClock, company: str = "acme", *, until: datetime) -> list[datetime]:
    """Calls as fast as they are allowed, until that moment."""
    made = []
    while clock.now() < until:
        wait = budget.take(company, 1)
        if wait > 0:
            clock.advance(wait)
        else:
            made.append(clock.now())
    return made


# --- never too many ---------------------------------------------------------------------------------------------------

STEP = st.tuples(
    st.integers(0, 2),  # which process
    st.sampled_from([0.0, 0.0, 0.01, 0.2, 0.5, 0.9, 1.0, 3.0, 9.5, 10.0, 31.0, 59.9, 60.0, 3599.0]),  # seconds until the next
    st.integers(1, 12),  # how many calls one after the other
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=5, max_size=60), offset=st.floats(0, 3600))
def test_no_window_ever_holds_more_calls_than_its_limit(
    one_database: Database, steps: list[tuple[int, float, int]], offset: float
) -> None:
    company, clock, made = f"c{next(NAMES)}", ManualClock(), []
    clock.advance(offset)
    processes = [SharedCallBudget(one_database, clock, {company: SMALL}) for _ in range(3)]
    for process, pause, calls in steps:
        made += [clock.now() for _ in range(calls) if processes[process].take(company, 1) == 0.0]
        clock.advance(pause)
    for limit in SMALL:
        assert most_in_any_window(made, limit.window) <= limit.calls, limit.name
    assert made


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=20))
def test_whoever_waits_as_told_is_let_through_after_a_few_times(
    one_database: Database, steps: list[tuple[int, float, int]]
) -> None:
    company, clock = f"c{next(NAMES)}", ManualClock()
    processes = [SharedCallBudget(one_database, clock, {company: SMALL}) for _ in range(3)]
    for process, pause, calls in steps:
        for _ in range(calls):
            processes[process].take(company, 1)
        clock.advance(pause)
    for taker in processes:
        for _ in range(40):
            wait = taker.take(company, 1)
            if wait == 0.0:
                break
            assert 0 < wait <= DAY.total_seconds() + 3600
            clock.advance(wait)
        else:
            raise AssertionError("never let through")


@pytest.mark.parametrize(
    ("limits", "within", "at_least"),
    [(QUICKBOOKS, 130, 400), (xero_limits(), 300, 220), (xero_limits(100), 3600, 90)],
    ids=["quickbooks", "xero", "xero on a small plan"],
)
def test_the_real_limits_hold_and_most_of_what_is_allowed_can_be_used(
    db: Database, limits: tuple[Limit, ...], within: int, at_least: int
) -> None:
    clock = ManualClock()
    budget = SharedCallBudget(db, clock, {"acme": limits})
    made = made_by(budget, clock, until=START + within * SECOND)
    for limit in limits:
        assert most_in_any_window(made, limit.window) <= limit.calls
    assert len(made) >= at_least


def test_two_processes_share_one_limit(db: Database) -> None:
    clock = ManualClock()
    both = [SharedCallBudget(db, clock, {"acme": xero_limits()}) for _ in range(2)]
    made = [sum(budget.take("acme", 1) == 0.0 for _ in range(100)) for budget in both]
    assert (60, 0) == (sum(made), made[1])
    assert {"minute": 0, "day": 4940} == both[0].left("acme")


def test_companies_have_limits_of_their_own(db: Database) -> None:
    budget = SharedCallBudget(db, ManualClock(), {"acme": xero_limits(), "beta": xero_limits()})
    made = {company: sum(budget.take(company, 1) == 0.0 for _ in range(100)) for company in ("acme", "beta")}
    assert {"acme": 60, "beta": 60} == made


def test_a_company_without_limits_never_waits_and_never_asks_the_database(db: Database) -> None:
    budget = SharedCallBudget(db, ManualClock(), {})
    assert [0.0] * 1000 == [budget.take("acme", 1) for _ in range(1000)]
    assert (0, {}) == (budget.reservations, budget.left("acme"))


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_calls_are_reserved_in_blocks_and_never_one_by_one(db: Database) -> None:
    clock = ManualClock()
    budget = SharedCallBudget(db, clock, {"acme": QUICKBOOKS})
    made = 0
    while clock.now() < START + 60 * SECOND:
        made += budget.take("acme", 1) == 0.0
        clock.advance(0.25)
    assert made >= 200
    assert budget.reservations <= made / 5


def test_whoever_must_wait_reserves_nothing_meanwhile(db: Database) -> None:
    clock = ManualClock()
    budget = SharedCallBudget(db, clock, {"acme": xero_limits()})
    while budget.take("acme", 1) == 0.0:
        pass
    before = budget.left("acme")
    waits = {budget.take("acme", 1) for _ in range(50)}
    assert (before, 1) == (budget.left("acme"), len(waits))


# --- after a while, and after a crash ---------------------------------------------------------------------------------


def test_what_lies_behind_every_window_is_free_again(db: Database) -> None:
    clock = ManualClock()
    budget = SharedCallBudget(db, clock, {"acme": xero_limits()})
    while budget.take("acme", 1) == 0.0:
        pass
    clock.advance(70)
    assert {"minute": 60, "day": 4940} == budget.left("acme")
    clock.advance(DAY.total_seconds() + 3600)
    assert {"minute": 60, "day": 5000} == budget.left("acme")


def test_a_process_that_died_has_used_at_most_its_blocks(db: Database) -> None:
    clock = ManualClock()
    dies = SharedCallBudget(db, clock, {"acme": xero_limits()})
    dies.take("acme", 1)
    after = SharedCallBudget(db, clock, {"acme": xero_limits()})
    assert {"minute": 55, "day": 4990} == after.left("acme")
    assert 55 == sum(after.take("acme", 1) == 0.0 for _ in range(100))


def test_a_clock_that_is_set_back_allows_nothing_more(db: Database) -> None:
    clock, behind = ManualClock(), ManualClock(START - timedelta(seconds=25))
    first = SharedCallBudget(db, clock, {"acme": xero_limits()})
    second = SharedCallBudget(db, behind, {"acme": xero_limits()})
    assert 60 == sum(first.take("acme", 1) == 0.0 for _ in range(100))
    for _ in range(3):
        wait = second.take("acme", 1)
        assert 0 < wait <= 100
        behind.advance(min(wait, 20))


def test_a_pause_that_the_books_asked_for_holds_every_process_until_it_is_over(db: Database) -> None:
    clock = ManualClock()
    budgets = [SharedCallBudget(db, clock, {"acme": xero_limits(), "globex": xero_limits()}) for _ in range(2)]
    told, other = budgets
    assert 0.0 == told.take("acme", 1)

    told.hold("acme", 66_975)
    told.hold("acme", 30)  # a shorter one does not end a longer one
    clock.advance(3600)

    started_later = SharedCallBudget(db, clock, {"acme": xero_limits()})
    assert [66_975 - 3600] * 3 == [budget.take("acme", 1) for budget in (told, other, started_later)]
    assert 0.0 == other.take("globex", 1)
    clock.advance(66_975 - 3600)
    assert [0.0] * 3 == [budget.take("acme", 1) for budget in (told, other, started_later)]


def test_more_at_once_than_is_ever_allowed_is_a_bug(db: Database) -> None:
    with pytest.raises(ValueError, match="61 calls at once"):
        SharedCallBudget(db, ManualClock(), {"acme": xero_limits()}).take("acme", 61)


def test_the_numbers_are_those_of_the_vendors() -> None:
    found = {limit.name: (limit.calls, limit.window) for limit in (*QUICKBOOKS, *xero_limits())}
    assert (10, SECOND) == found["second"]
    assert (5000, DAY) == found["day"]
    assert [(500, MINUTE), (60, MINUTE)] == [(limit.calls, limit.window) for limit in (QUICKBOOKS[0], xero_limits()[0])]
