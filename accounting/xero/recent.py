"""What Xero answered within the last seconds, so that one sync does not put the same question twice.

A diagnosis asks again what the posting before it has just asked, and every call counts against sixty in a minute. Nothing
is remembered before the changes were looked at, every look begins anew, and a write forgets what it may have touched. What
decides whether something is sent a second time is asked `afresh`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accounting.calling import Reply
from receivables.ports import Clock

FRESH_SECONDS = 10.0  # no longer than what lies between a reading and a writing anyway

Question = tuple[str, str, tuple[tuple[str, str | int], ...]]  # path, modified since, parameters

#: By the list that is written to, the lists whose documents stay as they were. Everything else is asked for again.
_UNTOUCHED = {
    "CreditNotes": frozenset({"Organisation", "Contacts", "Payments", "Overpayments", "Prepayments"}),
    "Payments": frozenset({"Organisation", "Contacts", "Overpayments", "Prepayments"}),
}


class Recent:
    """The answers of one organization, each kept for a few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: dict[Question, tuple[float, Reply]] = {}
        self._keeping = False
        self._afresh = False
        self._receipts_looked_at: float | None = None  # no such look stands

    def begin(self, *, receipts_only: bool) -> None:
        """A look at the changes begins: everything is asked anew.

        Only a look at receipts that follows another within seconds, as the one just before a receipt is sent may, is
        answered as that one was.
        """
        now = self._clock.monotonic()
        last = self._receipts_looked_at
        if receipts_only and last is not None and now - last < FRESH_SECONDS:
            return
        self._answers.clear()
        self._keeping = True
        self._receipts_looked_at = now if receipts_only else None

    def answer(self, question: Question) -> Reply | None:
        if self._afresh or question not in self._answers:
            return None
        at, reply = self._answers[question]
        return reply if self._clock.monotonic() - at < FRESH_SECONDS else None

    def answers_about(self, path: str) -> list[Reply]:
        """What this path answered to any question lately, oldest first."""
        if self._afresh:
            return []
        now = self._clock.monotonic()
        lately = [(at, reply) for asked, (at, reply) in self._answers.items() if asked[0] == path and now - at < FRESH_SECONDS]
        return [reply for _, reply in sorted(lately, key=lambda held: held[0])]

    def keep(self, question: Question, reply: Reply) -> None:
        if not self._keeping or not (reply.ok or reply.status == 304):
            return
        now = self._clock.monotonic()
        self._answers = {asked: held for asked, held in self._answers.items() if now - held[0] < FRESH_SECONDS}
        self._answers[question] = (now, reply)

    def written_to(self, path: str) -> None:
        untouched = _UNTOUCHED.get(path.partition("/")[0], frozenset())
        self._answers = {asked: held for asked, held in self._answers.items() if asked[0].partition("/")[0] in untouched}
        if "Overpayments" not in untouched:
            self._receipts_looked_at = None

    @contextmanager
    def afresh(self) -> Iterator[None]:
        """Everything asked within is asked of Xero itself."""
        before, self._afresh = self._afresh, True
        try:
            yield
        finally:
            self._afresh = before
