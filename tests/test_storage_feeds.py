"""What is remembered of feeds, on both databases: messages once, cursors, and records that wait to be read again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from makers import START

from storage import companies, feeds
from storage.engine import Database


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    with opened.work() as connection:
        companies.ensure(connection, "acme")
    yield opened
    opened.close()


def test_of_many_at_once_exactly_one_message_is_the_first(db: Database) -> None:
    def take(_: int) -> bool:
        with db.work() as connection:
            return feeds.first_time(connection, "acme", "webhook", "m1", START)

    with ThreadPoolExecutor(4) as threads:
        assert [True] == [first for first in threads.map(take, range(8)) if first]


def test_a_message_whose_transaction_fails_was_not_taken(db: Database) -> None:
    def take_and_fail() -> None:
        with db.work() as connection:
            assert feeds.first_time(connection, "acme", "webhook", "m1", START)
            raise RuntimeError("its payments could not be stored")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            take_and_fail()


def test_a_record_is_kept_until_it_is_let_go_and_told_of_again_is_read_first(db: Database) -> None:
    with db.work() as connection:
        for place, name in enumerate(("a", "b")):
            at = START + timedelta(seconds=place)
            feeds.keep(connection, "acme", "stripe", name, problem=f"{name} is wrong", at=at, looked=True)
        feeds.keep(connection, "acme", "stripe", "b", problem="", at=START, looked=False)
        kept = feeds.to_read(connection, "acme", "stripe", limit=10)
        assert [("b", "b is wrong", None), ("a", "a is wrong", START)] == [(o.record_id, o.problem, o.looked_at) for o in kept]
        assert ["a", "b"] == [one.record_id for one in feeds.refused(connection, "acme")]
        feeds.let_go(connection, "acme", "stripe", ["a", "b"])
        assert [] == list(feeds.to_read(connection, "acme", "stripe", limit=10))


def test_each_list_has_a_cursor_of_its_own(db: Database) -> None:
    with db.work() as connection:
        for cursor in ("1", "2"):
            feeds.set_cursor(connection, "acme", "stripe/charges", cursor, START)
        assert ("2", "") == tuple(feeds.cursor(connection, "acme", f"stripe/{name}") for name in ("charges", "refunds"))
