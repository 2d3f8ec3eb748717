"""What the demo asks of whoever keeps its books, whichever package they are kept in.

The story is told once, against this protocol. Documents go by the numbers that people use; amounts are minor units of
US dollars; `at` is when a thing is told to have happened (UTC), which packages that stamp everything themselves ignore.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from app.demo.company import Days
from app.demo.tally import Tally

Say = Callable[[str], None]


class Bank(Protocol):
    """Takes receipts to the bank, where the books know of deposits. Receipts go by their payment's transaction number."""

    def deposit(self, transaction: str) -> str:
        """Puts the receipt into a deposit; returns the receipt's number."""

    def undo_deposit(self, transaction: str) -> None: ...


class Bookkeeper(Protocol):
    """The bookkeeper of the demo's company."""

    @property
    def introduction(self) -> str:
        """What these books are like, in a line for the reader."""

    @property
    def left_out(self) -> str:
        """What of the story these books cannot express, in one line; "" where nothing is left out."""

    @property
    def pace(self) -> str:
        """How long the first sync takes, in words; "" where it takes no time."""

    @property
    def counted_in(self) -> str:
        """Where the tally counts, in a few words."""

    @property
    def swallows(self) -> bool:
        """Whether the books accept a receipt that is too large, and leave the rest unapplied."""

    @property
    def bank(self) -> Bank | None: ...

    def open_the_books(self, days: Days) -> None:
        """Customers and invoices, as they were entered three weeks ago."""

    def credit(self, number: str, memo: str, amount_minor: int, at: datetime) -> None:
        """A credit memo made and applied to an invoice. Does nothing when it was made before."""

    def unapply(self, memo: str) -> None: ...

    def receipt(self, number: str, reference: str, on: date, at: datetime) -> None:
        """A receipt for all of an invoice, entered by hand."""

    def recreate(self, number: str, at: datetime) -> str:
        """An invoice removed and recreated; returns what was done, in words."""

    def void(self, number: str, at: datetime) -> str:
        """An invoice voided for good; returns what was done, in words."""

    def close_period(self, through: date, at: datetime) -> None: ...

    def reopen_period(self) -> None: ...

    def tally(self, payments_file: Path, start_on: date) -> Tally:
        """Every payment of the file against what the books hold, by other means than our connector and our tables."""

    def adds_up(self) -> bool:
        """Whether the books are sound by their own rules."""


@dataclass(frozen=True)
class Practice:
    """A company to practice on, with its books open. `environment` holds the secrets of this play."""

    config: Path
    bookkeeper: Bookkeeper
    days: Days
    environment: Mapping[str, str] = field(default_factory=dict)
