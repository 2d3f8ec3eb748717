"""What the books answered within the last seconds, so that one sync does not put the same question twice.

A diagnosis asks again what the posting before it has just asked, and every call counts against the package's limit. Nothing
is remembered before the changes were looked at, every look begins anew, and a write forgets what it may have touched. What
decides whether something is sent a second time is asked `afresh`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from accounting.calling import Reply
from receivables.ports import ASKED_TOGETHER, Clock

FRESH_SECONDS = 10.0  # no longer than what lies between a reading and a writing anyway

Question = tuple[str, str, tuple[tuple[str, str | int], ...]]  # path, modified since, parameters

#: By the list that is written to, the lists whose documents stay as they were. Everything else is asked for again.
Untouched = Mapping[str, frozenset[str]]


class Recent:
    """The answers about one company's books, each kept for a few seconds."""

    def __init__(self, clock: Clock, untouched: Untouched | None = None) -> None:
        self._clock = clock
        self._untouched = untouched or {}
        self._answers: dict[Question, tuple[float, Reply]] = {}
        self._keeping = False
        self._some_looked_at: float | None = None  # no look at some lists only stands
        self._through: dict[str, float] = {}  # lists whose changes were read to their end, and when
        self._one_at_a_time = threading.RLock()

    def begin(self, only: frozenset[str] = frozenset()) -> None:
        """A look at the changes begins, at all lists or at these only: everything is asked anew.

        A look at some lists that is asked together with other questions, as the one just before a receipt is sent is, leaves
        what these were answered; one that follows another within seconds is answered as that one was.
        """
        now, beside = self._clock.monotonic(), bool(only) and ASKED_TOGETHER.get()
        with self._one_at_a_time:
            last = self._some_looked_at
            if beside and last is not None and now - last < FRESH_SECONDS:
                return
            self._answers = {asked: held for asked, held in self._answers.items() if beside and _list_of(asked[0]) not in only}
            self._through = {name: at for name, at in self._through.items() if beside and name not in only}
            self._keeping = True
            self._some_looked_at = now if only else None

    def read_through(self, path: str) -> None:
        """A look at the changes has come to the end of this list."""
        now = self._clock.monotonic()
        with self._one_at_a_time:
            self._through = {**self._through, path: now}

    def was_read_through(self, path: str) -> bool:
        """Whether one has, within the last seconds, and nothing was written there since."""
        at = self._through.get(path)
        return at is not None and self._is_fresh(at)

    def answer(self, question: Question) -> Reply | None:
        held = self._answers.get(question)
        return held[1] if held is not None and self._is_fresh(held[0]) else None

    def _is_fresh(self, at: float) -> bool:
        return _afresh.get() is not self and self._clock.monotonic() - at < FRESH_SECONDS

    def answers_about(self, path: str) -> list[Reply]:
        """What this path answered to any question lately, oldest first."""
        with self._one_at_a_time:
            lately = [(at, reply) for asked, (at, reply) in self._answers.items() if asked[0] == path and self._is_fresh(at)]
        return [reply for _, reply in sorted(lately, key=lambda held: held[0])]

    def keep(self, question: Question, reply: Reply) -> None:
        if not self._keeping or not (reply.ok or reply.status == 304):
            return
        now = self._clock.monotonic()
        with self._one_at_a_time:
            self._answers = {asked: held for asked, held in self._answers.items() if now - held[0] < FRESH_SECONDS}
            self._answers[question] = (now, reply)

    def written_to(self, path: str) -> None:
        untouched = self._untouched.get(_list_of(path), frozenset())
        with self._one_at_a_time:
            self._answers = {asked: held for asked, held in self._answers.items() if _list_of(asked[0]) in untouched}
            self._through = {name: at for name, at in self._through.items() if name in untouched}
            if not untouched:
                self._some_looked_at = None

    @contextmanager
    def afresh(self) -> Iterator[None]:
        """Everything asked within is asked of the books themselves."""
        before = _afresh.set(self)
        try:
            yield
        finally:
            _afresh.reset(before)


def _list_of(path: str) -> str:
    return path.partition("/")[0]


#: Whose answers are not remembered just now, in this thread and those it asks with: a press and a sync may ask at once.
_afresh: ContextVar[Recent | None] = ContextVar("afresh", default=None)
