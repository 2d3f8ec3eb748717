"""Every night is proven once, stamped when it is done, tried again after a fault, and told when nobody could prove it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from faulty_books import FaultyBooks
from scene import Scene, a_scene
from sqlalchemy.exc import OperationalError
from turns_scene import a_house_of, take_what_is_due

from app.turns import REST_SECONDS, Turns
from bot.nights import night_card
from bot.rooms import Channel
from receivables.errors import BooksUnavailable
from storage import nights, schema
from storage.engine import Connection, Database
from storage.nights import LEASE_SECONDS, StoredNight
from storage.watch import Watch
from sync.due import Piece
from sync.nights import run_once, tell_missed

DAY = 24 * 3600
HOUR = 3600


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    """One payment, verified; it is the afternoon, and the company counts from now."""
    made = a_scene(tmp_path, url=database_url)
    made.invoice("1042", made.customer(), 50_000)
    made.pay()
    made.sync()
    assert None is run_once(made.desk).proven
    yield made
    made.db.close()
    made.ledger.close()


def all_nights(scene: Scene) -> list[StoredNight]:
    with scene.db.read() as connection:
        rows = connection.execute(sa.select(schema.night).order_by(schema.night.c.due_at))
        return [StoredNight(**row._mapping) for row in rows]


def wished(scene: Scene) -> list[str]:
    """The nights whose cards are wanted, those that were drawn left out."""
    table = schema.outbox
    with scene.db.work() as connection:
        found = list(connection.execute(sa.select(table.c.subject).where(table.c.subject_kind == "night")).scalars())
        connection.execute(sa.delete(table).where(table.c.subject_kind == "night"))
    return found


def card(scene: Scene, night: StoredNight) -> str:
    return str(night_card(night, Channel(scene.desk.company, "C1", "C1"), {}).blocks)


def copied(scene: Scene) -> str:
    ours = scene.ledger.receipts()[0]
    copy = scene.ledger.enter_receipt(ours.customer_id, 50_000, "USD", ours.received_on, by="bea", memo=ours.memo)
    return copy.id


def test_a_night_is_proven_once_and_says_nothing_where_nothing_is_new(scene: Scene) -> None:
    scene.clock.advance(DAY)

    first, second = run_once(scene.desk), run_once(scene.desk)

    assert first.proven is not None
    assert (1, None) == (first.proven.exactly_once, second.proven)
    (night,) = all_nights(scene)
    assert ("proven", scene.clock.now(), [], 1) == (night.state, night.proven_at, night.news, night.counts["exactly_once"])
    assert [] == wished(scene)


def test_the_card_tells_what_is_new_or_worse_and_not_the_whole_list_every_morning(scene: Scene) -> None:
    copied(scene)
    told = []
    for _ in range(3):
        scene.clock.advance(DAY)
        assert run_once(scene.desk).proven is not None
        told.append(len(wished(scene)))
    copied(scene)  # a third receipt for the same payment: worse
    scene.clock.advance(DAY)
    counts = run_once(scene.desk)

    assert ([1, 0, 0], 1, 1) == (told, len(counts.news), len(wished(scene)))
    first, *_, last = all_nights(scene)
    assert ("1 new discrepancy" in card(scene, first), "in the books more than once" in card(scene, last)) == (True, True)
    assert [1, 1, 1, 1] == [len(night.found) for night in all_nights(scene)]


@dataclass
class _Broken:
    """Our database, as it answers until it is asked so many times."""

    real: Database
    good_for: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def read(self) -> AbstractContextManager[Connection]:
        self.good_for -= 1
        if self.good_for < 0:
            raise OperationalError("SELECT", {}, Exception("database disk image is malformed"))
        return self.real.read()


@pytest.mark.parametrize("good_for", [0, 1, 3, 5])
def test_a_database_error_in_the_middle_leaves_the_night_due(scene: Scene, good_for: int) -> None:
    """A15: nothing is stamped, the turn is given back, and the next look proves the night."""
    scene.clock.advance(DAY)
    broken = cast("Database", _Broken(scene.db, good_for))

    with pytest.raises(OperationalError):
        run_once(replace(scene.desk, db=broken))
    (night,) = all_nights(scene)
    assert ("trying", None, True) == (night.state, night.proven_at, bool(night.problem))

    other = replace(scene.desk, owner="another process", watch=Watch(scene.clock))
    assert run_once(other).proven is not None
    assert ["proven"] == [night.state for night in all_nights(scene)]


def test_books_that_do_not_answer_leave_the_night_due_and_in_the_morning_people_are_told_once(scene: Scene) -> None:
    books = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(books)
    books.reads_raise = BooksUnavailable("The books do not answer.")
    scene.clock.advance(18 * HOUR)  # 4 AM in Chicago

    assert "The books do not answer." == run_once(scene.desk).problem
    assert not tell_missed(scene.desk, tried=True)
    scene.clock.advance(3 * HOUR)
    assert "The books do not answer." == run_once(scene.desk).problem
    assert [True, False] == [tell_missed(scene.desk, tried=True) for _ in range(2)]
    (missed,) = all_nights(scene)
    assert ([missed.id], "missed") == (wished(scene), missed.state)
    assert "no proof" in card(scene, missed)
    assert "The books do not answer." in card(scene, missed)

    books.reads_raise = None
    assert run_once(scene.desk).proven is not None
    (proven,) = all_nights(scene)
    assert ([missed.id], "proven") == (wished(scene), proven.state)  # the card says so
    assert "proven after all" in card(scene, proven)
    assert not tell_missed(scene.desk, tried=True)


def test_whole_nights_without_a_running_process_are_told(scene: Scene) -> None:
    scene.clock.advance(DAY)
    run_once(scene.desk)
    scene.clock.advance(3 * DAY)

    assert [True, False] == [tell_missed(scene.desk, tried=False) for _ in range(2)]
    assert run_once(scene.desk).proven is not None
    assert ["proven", "missed", "proven"] == [night.state for night in all_nights(scene)]


def test_a_process_that_starts_in_the_morning_proves_the_night_and_tells_nobody(scene: Scene) -> None:
    scene.clock.advance(DAY)
    assert not tell_missed(scene.desk, tried=False)
    assert run_once(scene.desk).proven is not None
    assert not tell_missed(scene.desk, tried=True)


def test_a_turn_is_held_by_one_process_and_is_over_when_it_was_watched_unchanged_for_its_length(scene: Scene) -> None:
    scene.clock.advance(DAY)
    mine, other = Watch(scene.clock), Watch(scene.clock)

    def claim(watch: Watch, owner: str) -> int | None:
        with scene.desk.work() as work:
            due = scene.desk.company.latest(3, work.at)
            return nights.claim(work, watch, owner=owner, due=due)

    turn = claim(mine, "one")
    assert turn is not None
    assert None is claim(other, "two")
    if scene.db.dialect == "sqlite":  # PostgreSQL asks its own clock
        scene.clock.advance(LEASE_SECONDS - 1)
        assert None is claim(other, "two")
        with scene.desk.work() as work:
            turn = nights.renew(work, turn)
        assert turn is not None
        scene.clock.advance(2)
        assert None is claim(other, "two")  # it was renewed meanwhile
        scene.clock.advance(LEASE_SECONDS)
        assert claim(other, "two") is not None
        with scene.desk.work() as work:
            assert None is nights.renew(work, turn)


def test_the_scheduler_tries_again_within_minutes_and_not_at_every_look(scene: Scene) -> None:
    books = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(books)
    turns = Turns(a_house_of(scene))
    scene.clock.advance(DAY)
    books.reads_raise = BooksUnavailable("The books do not answer.")
    take_what_is_due(turns)
    (missed,) = all_nights(scene)
    assert ("missed", "The books do not answer.") == (missed.state, missed.problem)
    books.reads_raise = None
    assert Piece.PROVE not in take_what_is_due(turns)
    assert "missed" == all_nights(scene)[0].state
    scene.clock.advance(REST_SECONDS[Piece.PROVE][0])
    assert Piece.PROVE in take_what_is_due(turns)
    assert "proven" == all_nights(scene)[0].state
