"""Different questions to the books that are on their way together: at once where the package takes several, else in turns."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import cast

import pytest

from receivables import boundary
from receivables.errors import BooksUnavailable
from receivables.ports import Books, BooksTraits
from sync.at_once import asking

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Package:
    traits: BooksTraits


def answer(question: str, asked: list[str]) -> str:
    asked.append(question)
    return question


def books(at_once: int) -> Books:
    traits = BooksTraits(package="The books", orders_per_dispatch=1, settle_seconds=1.0, at_once=at_once)
    return cast("Books", Package(traits))


def test_where_the_package_answers_one_at_a_time_each_question_is_answered_before_the_next() -> None:
    asked: list[str] = []
    with asking(books(1)) as ask:
        first = ask(partial(answer, "first", asked))
        assert ["first"] == asked
        second = ask(partial(answer, "second", asked))

    assert (["first", "second"], "first", "second") == (asked, first(), second())


def test_where_it_takes_several_they_are_asked_together_and_each_has_its_own_answer() -> None:
    together = threading.Barrier(2)
    with asking(books(2)) as ask:
        answers = [ask(lambda: together.wait(PATIENCE_SECONDS) >= 0), ask(lambda: (together.wait(PATIENCE_SECONDS), "two")[1])]

    assert [True, "two"] == [answer() for answer in answers]


def test_after_an_error_none_that_has_not_begun_is_asked_any_more() -> None:
    asked: list[str] = []
    under_way = threading.Event()

    def then_an_error() -> None:
        with asking(books(2)) as ask:
            for _ in range(2):
                ask(lambda: under_way.wait(PATIENCE_SECONDS))
            for _ in range(100):
                ask(partial(answer, "late", asked))
            threading.Timer(1.0, under_way.set).start()
            raise BooksUnavailable("away")

    with pytest.raises(BooksUnavailable, match="away"):
        then_an_error()

    assert [] == asked


@pytest.mark.parametrize("at_once", [1, 5])
def test_no_transaction_is_open_across_any_of_them(at_once: int) -> None:
    with boundary.transaction(), pytest.raises(AssertionError, match="transaction is open"), asking(books(at_once)) as ask:
        ask(lambda: boundary.leaving("the books"))()
