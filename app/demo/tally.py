"""The tally: every payment of the file against every receipt of the books, from those two and nothing else.

None of our tables is read here, and none of our connector's code: what this counts cannot be an echo of what we believe.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from app.demo import company
from receivables.money import minor_from_text

_RECEIPTS = """
SELECT receipts.reference, documents.number, receipts.amount_minor, receipts.unapplied_minor
FROM receipts JOIN documents ON documents.id = receipts.id
WHERE documents.deleted = 0 AND receipts.voided = 0 AND receipts.amount_minor > 0
ORDER BY documents.number
"""


@dataclass(frozen=True)
class Line:
    """One payment and what the books hold of it; amounts are minor units."""

    transaction: str
    amount_minor: int
    currency: str
    expected_minor: int
    parts: int
    receipts: tuple[str, ...]
    recorded_minor: int
    on_account_minor: int

    @property
    def verdict(self) -> str:
        if self.recorded_minor > self.expected_minor:
            return "doubled"
        if self.recorded_minor < self.expected_minor:
            return "lost"
        return "exactly once" if self.expected_minor else "rightly not posted"


@dataclass(frozen=True)
class AppliedLine(Line):
    """A line that also says what the receipts are applied to, as the books have it: "1001: 500.00"."""

    applied_to: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """How many payments the books hold wrongly, and every payment's line."""

    lost: int
    doubled: int
    payments: Sequence[Line]


@dataclass(frozen=True)
class Found:
    """One living receipt in the books; `reference` is the transaction number it names. Amounts are minor units."""

    reference: str
    number: str
    amount_minor: int
    unapplied_minor: int


def count(payments_file: Path, books_file: Path, start_on: date) -> Tally:
    """Recomputes the tally over embedded books. A payment paid before `start_on` must have no receipt at all."""
    connection = sqlite.connect(f"file:{books_file}?mode=ro", uri=True)
    try:
        receipts = [Found(*row) for row in connection.execute(_RECEIPTS)]
    finally:
        connection.close()
    return compared(payments_file, receipts, start_on)


def compared(payments_file: Path, receipts: Sequence[Found], start_on: date) -> Tally:
    """Every payment of the file against the receipts that somebody read in the books."""
    lines = []
    with payments_file.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            amount = minor_from_text(row["amount"], row["currency"])
            posted = company.day(datetime.fromisoformat(row["paid_at"])) >= start_on
            mine = [receipt for receipt in receipts if receipt.reference == row["transaction_number"]]
            lines.append(
                Line(
                    transaction=row["transaction_number"],
                    amount_minor=amount,
                    currency=row["currency"],
                    expected_minor=amount if posted else 0,
                    parts=len(mine),
                    receipts=tuple(receipt.number for receipt in mine),
                    recorded_minor=sum(receipt.amount_minor for receipt in mine),
                    on_account_minor=sum(receipt.unapplied_minor for receipt in mine),
                )
            )
    return Tally(
        lost=sum(line.verdict == "lost" for line in lines),
        doubled=sum(line.verdict == "doubled" for line in lines),
        payments=lines,
    )
