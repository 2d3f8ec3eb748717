"""A calendar month, as people name it, such as 2026-03."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from receivables.company import Company
from receivables.errors import ConfigurationError

_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Month:
    """A calendar month of a company."""

    first: date

    @classmethod
    def of(cls, text: str) -> Month:
        """Reads "2026-03". Raises ConfigurationError, as for any word that is wrong."""
        found = _MONTH.fullmatch(text)
        if not found or found[1] in ("0000", "9999"):  # a calendar ends there
            raise ConfigurationError(f"{text!r} is not a month. Write it as 2026-03.")
        return cls(date(int(found[1]), int(found[2]), 1))

    @property
    def last(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def text(self) -> str:
        return f"{self.first.year:04d}-{self.first.month:02d}"

    def must_have_begun(self, company: Company, now: datetime) -> None:
        """Raises ConfigurationError, as for any word that is wrong, where the month is still to come for this company."""
        today = company.day_of(now)
        if today < self.first:
            begun, month = company.words.month(today), company.words.month(self.first)
            raise ConfigurationError(f"{month} has not begun. Ask for {begun} or an earlier month.")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
