"""A closed period that somebody opened again: what is open, since when, by whom, and what was posted into it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from receivables.words import Words, counted, listed, plain

NAMED_AT_MOST = 10  # payments in a sentence


@dataclass(frozen=True)
class Reopened:
    """A closed period that is open: from `first` (None is everything) through `last`, seen so `since`, opened `by` whom where
    the books tell. `payments` were posted into it since, by transaction number.
    """

    first: date | None
    last: date
    since: datetime
    by: str = ""
    payments: tuple[str, ...] = ()

    def told(self) -> dict[str, object]:
        """For the record and for programs."""
        first = self.first.isoformat() if self.first else None
        since, payments = self.since.isoformat(), list(self.payments)
        return {"from": first, "through": self.last.isoformat(), "since": since, "by": self.by, "payments": payments}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Reopened:
        """What `told` gave."""
        first = date.fromisoformat(told["from"]) if told["from"] else None
        last, since = date.fromisoformat(told["through"]), datetime.fromisoformat(told["since"])
        return cls(first, last, since, str(told["by"]), tuple(map(str, told["payments"])))

    def sentence(self, words: Words) -> str:
        """For people: what is open, since when, by whom, and what was posted into it."""
        what = f"from {words.day(self.first)} through" if self.first else "through"
        by = f" by {plain(self.by)}" if self.by else ""
        told = f"The closed period {what} {words.day(self.last)} was reopened on {words.moment(self.since)}{by}."
        if not self.payments:
            return f"{told} We have posted nothing into it since. Close it again."
        count = counted(len(self.payments), "payment")
        return (
            f"{told} Posted into it since: {count} ({listed([plain(n) for n in self.payments], NAMED_AT_MOST)}). Close it again."
        )
