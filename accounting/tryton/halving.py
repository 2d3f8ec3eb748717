"""Many records in one call: Tryton undoes a refused call as a whole, so it is asked again in halves. Pure but for the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from receivables.errors import BooksError, BooksRefused

T = TypeVar("T")


def in_halves(members: Sequence[T], call: Callable[[Sequence[T]], object]) -> list[tuple[T, BooksError]]:
    """Calls with all members, and after a refusal with either half, until the refused one stands alone.

    Returns who failed and why. What is no refusal (no answer, no access) is the answer of every member of its call.
    """
    if not members:
        return []
    try:
        call(members)
    except BooksRefused as refused:
        if len(members) == 1:
            return [(members[0], refused)]
        middle = len(members) // 2
        return in_halves(members[:middle], call) + in_halves(members[middle:], call)
    except BooksError as error:
        return [(member, error) for member in members]
    return []
