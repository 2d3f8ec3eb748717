"""A refused call is asked for again in halves: who is refused stands alone, and everybody else is carried out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from accounting.tryton.halving import in_halves
from receivables.errors import BooksError, BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal

REFUSED = BooksRefused("No.", Refusal.INVALID)


def books(bad: set[int], done: list[int], error: BooksError = REFUSED) -> Callable[[Sequence[int]], None]:
    """A call that carries out all or nothing."""

    def call(members: Sequence[int]) -> None:
        if bad & set(members):
            raise error
        done.extend(members)

    return call


@pytest.mark.parametrize("bad", [set[int](), {0}, {6}, {3, 4}, {0, 2, 5}, set(range(7))], ids=str)
def test_the_refused_stand_alone_and_the_others_are_carried_out_once(bad: set[int]) -> None:
    done: list[int] = []
    failed = in_halves(range(7), books(bad, done))
    assert sorted(bad) == [member for member, _ in failed]
    assert sorted(set(range(7)) - bad) == done


def test_without_an_answer_nobody_of_that_call_is_asked_for_again() -> None:
    calls: list[Sequence[int]] = []
    unknown = OutcomeUnknown("no answer")

    def call(members: Sequence[int]) -> None:
        calls.append(members)
        raise unknown

    assert [(1, unknown), (2, unknown)] == in_halves([1, 2], call)
    assert [[1, 2]] == calls


def test_nobody_is_no_call() -> None:
    assert [] == in_halves([], books({1}, []))
