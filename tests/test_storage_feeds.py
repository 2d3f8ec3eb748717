"""What is remembered of feeds, on both databases: messages once, cursors, and records that wait to be read again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from makers import START
from rows import at_work

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
        with at_work(db) as work:
            return feeds.first_time(work, "webhook", "m1")

    with ThreadPoolExecutor(4) as threads:
        assert [True] == [first for first in threads.map(take, range(8)) if first]


def test_a_message_whose_transaction_fails_was_not_taken(db: Database) -> None:
    def take_and_fail() -> None:
        with at_work(db) as work:
            assert feeds.first_time(work, "webhook", "m1")
            raise RuntimeError("its payments could not be stored")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            take_and_fail()


def test_a_record_is_kept_until_it_is_let_go_and_told_of_again_is_read_first(db: Database) -> None:
    with at_work(db) as work:
        connection = work.connection
        for place, name in enumerate(("a", "b")):
            at = START + timedelta(seconds=place)
            feeds.keep(replace(work, at=at), "stripe", name, problem=f"{name} is wrong", looked=True)
        feeds.keep(work, "stripe", "b", problem="", looked=False)
        kept = feeds.to_read(connection, "acme", "stripe", limit=10)
        assert [("b", "b is wrong", None), ("a", "a is wrong", START)] == [(o.record_id, o.problem, o.looked_at) for o in kept]
        assert ["a", "b"] == [record.record_id for record in feeds.refused(connection, "acme")]
        feeds.let_go(work, "stripe", ["a", "b"])
        assert [] == list(feeds.to_read(connection, "acme", "stripe", limit=10))


def test_each_list_has_a_cursor_of_its_own(db: Database) -> None:
    with at_work(db) as work:
        for cursor in ("1", "2"):
            feeds.set_cursor(work, "stripe/charges", cursor)
        assert ("2", "") == tuple(feeds.cursor(work.connection, "acme", f"stripe/{name}") for name in ("charges", "refunds"))
