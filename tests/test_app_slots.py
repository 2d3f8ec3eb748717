"""Companies take turns: one piece of work for each at a time, and a hung one holds its own slot only."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pysqlite3.dbapi2 as sqlite
import pytest
from makers import ManualClock
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from app.settings import SLOTS
from app.slots import OVERDUE_SECONDS, SLOW_SECONDS, Slots
from sync.due import Piece

SOON = 5.0


@dataclass
class Work:
    """Remembers what began, in order; companies in `hung` wait until they are let go."""

    hung: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.began: list[tuple[str, Piece]] = []
        self.changed = threading.Condition()
        self.let_go = threading.Event()

    def do(self, company: str, piece: Piece) -> None:
        with self.changed:
            self.began.append((company, piece))
            self.changed.notify_all()
        if company in self.hung:
            self.let_go.wait(SOON)
        if company in self.fails:
            raise RuntimeError(company)

    def until_began(self, count: int) -> list[tuple[str, Piece]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.began) >= count, SOON), self.began
            return list(self.began)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    made.let_go.set()


def a_busy_database() -> sqlite.Error:
    """The error that SQLite gives while another process writes."""
    first, second = (sqlite.connect("file:busy?mode=memory&cache=shared", uri=True, timeout=0) for _ in range(2))
    first.execute("CREATE TABLE held (x)")
    first.execute("BEGIN IMMEDIATE")
    try:
        second.execute("BEGIN IMMEDIATE")
    except sqlite.Error as error:
        return error
    finally:
        first.close()
        second.close()
    raise AssertionError("the database was free")


def all_sync(slots: Slots, *companies: str) -> None:
    for company in companies:
        slots.offer(company, Piece.SYNC)


def test_as_many_hung_companies_as_slots_stop_nobody(work: Work, clock: ManualClock) -> None:
    work.hung |= {"a", "b"}
    slots = Slots(work.do, clock, slots=2)
    all_sync(slots, "a", "b", "c", "d")
    assert {"a", "b"} == {company for company, _ in work.until_began(2)}
    slots.look()
    assert {"a", "b"} == set(slots.running())  # nobody knows yet that they hang
    clock.advance(SLOW_SECONDS)
    slots.look()
    work.until_began(4)
    assert ["c", "d"] == sorted(company for company, _ in work.began[2:])


def test_five_hung_companies_of_ten_keep_none_of_the_others_waiting(work: Work, clock: ManualClock) -> None:
    names = [f"c{number}" for number in range(10)]
    work.hung |= set(names[:5])
    slots = Slots(work.do, clock, slots=SLOTS)
    all_sync(slots, *names)
    for done in (10, 15, 20):  # the others again and again; no second passes on the clock
        work.until_began(done)
        all_sync(slots, *names[5:])
    began = [company for company, _ in work.until_began(25)]
    assert {name: 1 if name in work.hung else 4 for name in names} == dict(Counter(began))
    assert work.hung <= set(slots.running())


def test_a_company_has_one_piece_of_work_at_a_time_and_the_rest_of_it_waits(work: Work, clock: ManualClock) -> None:
    work.hung.add("a")
    slots = Slots(work.do, clock, slots=4)
    all_sync(slots, "a")
    work.until_began(1)
    for piece in (Piece.PROVE, Piece.FINISH, Piece.SYNC, Piece.FINISH):
        slots.offer("a", piece)
    assert [("a", Piece.SYNC)] == work.began
    work.hung.clear()
    work.let_go.set()
    wanted = [("a", piece) for piece in (Piece.SYNC, Piece.FINISH, Piece.SYNC, Piece.PROVE)]
    assert wanted == work.until_began(4)
    assert slots.stop(SOON)


def test_decisions_go_before_syncs_until_somebody_waits_too_long(work: Work, clock: ManualClock) -> None:
    work.hung.add("first")
    slots = Slots(work.do, clock, slots=1)
    all_sync(slots, "first", "a")
    slots.offer("b", Piece.FINISH)
    work.until_began(1)
    work.let_go.set()
    assert [("b", Piece.FINISH), ("a", Piece.SYNC)] == work.until_began(3)[1:]
    assert slots.stop(SOON)

    work.let_go.clear()
    again = Slots(work.do, clock, slots=1)
    all_sync(again, "first", "a")
    work.until_began(4)
    clock.advance(OVERDUE_SECONDS)
    again.offer("b", Piece.FINISH)
    again.look()
    assert [("a", Piece.SYNC), ("b", Piece.FINISH)] == work.until_began(6)[4:]


def test_work_that_fails_gives_its_slot_back(work: Work, clock: ManualClock) -> None:
    work.fails.add("a")
    slots = Slots(work.do, clock, slots=1)
    all_sync(slots, "a", "b", "a")
    work.until_began(2)
    assert slots.stop(SOON)


def test_a_stop_begins_nothing_more_and_says_what_still_runs(work: Work, clock: ManualClock) -> None:
    work.hung.add("a")
    slots = Slots(work.do, clock, slots=1)
    all_sync(slots, "a", "b")
    work.until_began(1)
    assert not slots.stop(0.0)
    work.let_go.set()
    assert slots.stop(SOON)
    assert [("a", Piece.SYNC)] == work.began


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationalError("BEGIN IMMEDIATE", {}, a_busy_database()), ("database_trouble", "warning")),
        (RuntimeError("a mistake of ours"), ("work_failed", "error")),
    ],
)
def test_trouble_of_the_database_is_one_line_and_a_mistake_is_told_whole(
    error: Exception, told: tuple[str, str], clock: ManualClock
) -> None:
    def do(_company: str, _piece: Piece) -> None:
        raise error

    with capture_logs() as logs:
        slots = Slots(do, clock, slots=1)
        all_sync(slots, "a")
        assert slots.stop(SOON)
    assert [told] == [(entry["event"], entry["log_level"]) for entry in logs]
