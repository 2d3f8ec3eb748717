"""Different questions to the books that need not wait for each other, on their way together where the package takes several.

Reads: what it is given to ask. Leaves: nothing. Never: a write, and no question before the one in front of it where the
package answers one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Protocol, TypeVar

from receivables.ports import ASKED_TOGETHER, Books

T = TypeVar("T")


class Ask(Protocol):
    """Asks a question, and returns what waits for its answer."""

    def __call__(self, question: Callable[[], T], /) -> Callable[[], T]: ...


@contextmanager
def asking(books: Books) -> Iterator[Ask]:
    """Questions asked within are all answered when it ends. After an error none that has not begun is asked any more."""
    before = ASKED_TOGETHER.set(True)
    try:
        with _many(books.traits.at_once) as ask:
            yield ask
    finally:
        ASKED_TOGETHER.reset(before)


@contextmanager
def _many(at_once: int) -> Iterator[Ask]:
    if at_once == 1:
        yield _in_turn
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="asking") as pool:

        def ask(question: Callable[[], T], /) -> Callable[[], T]:
            return pool.submit(copy_context().run, question).result

        try:
            yield ask
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _in_turn(question: Callable[[], T], /) -> Callable[[], T]:
    answer = question()
    return lambda: answer
