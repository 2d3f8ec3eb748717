"""A file of payments: read whole and checked before any payment is handed on, and every wrong line told at once.

Numbers that look like card numbers are wrong, unless a person said of this very file that they are the portal's own; then it
is read again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypedDict

from feeds.findings import Findings, about_cards, summary_of
from receivables import boundary
from receivables.card_numbers import masked
from receivables.company import Company
from receivables.errors import FeedError, FeedProblem
from receivables.payment import Payment


class Given(TypedDict, total=False):
    """What may be said of a file beside where it is; `PaymentFile` says what each means."""

    partial: bool
    are_not_cards: Callable[[str], bool]
    today: date | None


class PaymentFile(ABC):
    """A `Feed` of one file. Nothing is read before `validate`, which every other question asks for by itself.

    With `partial`, wrong lines are left out and told by `problems`; a file that is damaged as a whole is refused all the
    same, because then no line of it can be trusted. Without it a single wrong line raises FeedError.

    `are_not_cards` is asked with the file's digest, and only where numbers of it look like card numbers, whether a person
    said that they are the portal's own. `today` is the company's day: money that went back after it did not go back yet.
    """

    def __init__(
        self,
        path: Path,
        company: Company,
        *,
        partial: bool = False,
        are_not_cards: Callable[[str], bool] = lambda digest: False,  # noqa: ARG005
        today: date | None = None,
    ) -> None:
        self._path = path
        self._company = company
        self._partial = partial
        self._are_not_cards = are_not_cards
        self._today = today
        self._not_cards = False  # what the answer was
        self._digest = ""
        self._findings: Findings | None = None
        self._checked: Callable[[int], None] = lambda count: None  # noqa: ARG005

    @abstractmethod
    def payments(self) -> Iterator[Payment]:
        """Every payment. Raises FeedError before the first where something is wrong."""

    @abstractmethod
    def _passes(self) -> Iterator[tuple[str, Findings]]:
        """The digest and the findings of reading the file, and, where that is asked for, of reading the same content again."""

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return masked(self._path.name)

    @property
    def digest(self) -> str:
        """Identifies what was validated, in hexadecimal. Raises FeedError."""
        self.validate()
        return self._digest

    @property
    def count(self) -> int:
        """How many payments `payments` will yield. Raises FeedError."""
        return self._validated().count

    @property
    def problems(self) -> tuple[FeedProblem, ...]:
        """What is wrong with the lines left out: the first 1,000 problems. Empty unless `partial`. Raises FeedError."""
        return tuple(self._validated().problems)

    @property
    def problem_count(self) -> int:
        """How many problems there are, whether kept or not. Raises FeedError."""
        return self._validated().problem_count

    @property
    def left_out(self) -> int:
        """How many lines are left out because something is wrong with them. Raises FeedError."""
        return self._validated().wrong_lines

    @property
    def lines_not_cards(self) -> int:
        """How many lines hold numbers that look like card numbers and are none, as a person said. Raises FeedError."""
        lines = self._validated().card_lines
        return lines if self._not_cards else 0

    @property
    def asks_about_cards(self) -> str:
        """What to do where many numbers look like card numbers, in a sentence; "" where few do. Raises FeedError."""
        return about_cards(self._validated(), self._not_cards)

    def validate(self, checked: Callable[[int], None] | None = None) -> None:
        """Reads the whole file once. Raises FeedError with every problem; asked again, answers from memory.

        `checked` is told now and then how many payments were found to be right.
        """
        self._checked = checked or self._checked
        self._validated()

    def _validated(self) -> Findings:
        if self._findings is None:
            boundary.leaving(f"reading {self.name}")
            passes = self._passes()
            self._digest, self._findings = next(passes)
            if self._findings.card_lines and self._are_not_cards(self._digest):
                self._not_cards = True
                self._digest, self._findings = next(passes)
        findings = self._findings
        if findings.damaged or (findings.problems and not self._partial):
            asked = about_cards(findings, self._not_cards)
            raise FeedError(summary_of(self.name, findings) + (f". {asked}" if asked else ""), tuple(findings.problems))
        return findings
