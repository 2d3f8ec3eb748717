"""Feeds that are asked: page by page, each record read on its own, so that a wrong one stops none of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from receivables.payment import Payment


@dataclass(frozen=True)
class Record:
    """One record of a feed as it stands now.

    Either a payment; or `problem` says what must be corrected at the source; or it is `waiting`, because the money is
    not taken yet; or nothing of these, and it never is a payment.
    """

    id: str
    payment: Payment | None = None
    problem: str = ""
    waiting: bool = False


@dataclass(frozen=True)
class Page:
    """Records, the cursor to ask with next time, and whether to ask at once."""

    records: tuple[Record, ...]
    cursor: str
    more: bool


class PolledFeed(Protocol):
    """Raises FeedError, with nothing lost, where it cannot be asked; ConfigurationError where its access is not set."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def kind(self) -> str:
        """For our rows."""

    @property
    def walks(self) -> tuple[str, ...]:
        """Its lists, each read with a cursor of its own."""

    def check(self) -> str:
        """Asks for as little as possible, and says in words that it works."""

    def page(self, walk: str, cursor: str) -> Page:
        """The next records of one list; "" is from the beginning."""

    def look_up(self, record_id: str) -> Record:
        """One record as it stands now."""
