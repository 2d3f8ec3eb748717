"""Payments from a portal's own export, read by a map: all of it is read and checked before any payment is handed on.

Rows of their own for refunds, fees, returns and chargebacks are brought to the payment that they name: one of the same
file, or one that was imported before. Each refund in part counts once, however often a file tells it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Unpack

from feeds.csv_line import read_line, shown
from feeds.findings import WHOLE_FILE, WHOLE_LINE, Findings, Unreadable, unreadable, went_back_later
from feeds.maps.cells import MOST_BYTES, Cell, Row, text_rows
from feeds.maps.changes import Change, Changes
from feeds.maps.map import ABOUT_ANOTHER, Map, Means
from feeds.maps.rows import LeftOut, MappedRow
from feeds.maps.workbook import MAGIC, OLD_MAGIC, workbook_rows
from feeds.payment_file import Given, PaymentFile
from receivables.card_numbers import masked
from receivables.company import Company
from receivables.errors import FeedError, FeedProblem
from receivables.payment import Payment


@dataclass(frozen=True)
class Became:
    """What a row became: a payment, a change of another payment, or nothing, and why."""

    line: int
    what: str
    transaction_number: str
    why: str = ""


class MappedFile(PaymentFile):
    """A `Feed` of one exported file. `known` answers with the payment of a number that was imported before."""

    def __init__(
        self,
        path: Path,
        company: Company,
        by: Map,
        *,
        known: Callable[[str], Payment | None] = lambda number: None,  # noqa: ARG005
        **given: Unpack[Given],
    ) -> None:
        super().__init__(path, company, **given)
        self._map = by
        self._known = known
        self._payments: list[Payment] = []
        self._became: list[Became] = []

    @property
    def became(self) -> Sequence[Became]:
        """What each row became, in the order of the file. Raises FeedError."""
        self.validate()
        return self._became

    def payments(self) -> Iterator[Payment]:
        """Every payment, in the order of the file, then those imported before that the file says more of. Raises FeedError."""
        self.validate()
        yield from self._payments

    def _passes(self) -> Iterator[tuple[str, Findings]]:
        """The digest tells the file's bytes and how the map reads them."""
        content = self._content()
        digest = hashlib.sha256(hashlib.sha256(content).digest() + self._map.digest.encode()).hexdigest()
        yield digest, self._pass(content)
        yield digest, self._pass(content)

    def _content(self) -> bytes:
        try:
            if not self._path.is_file():
                raise FeedError(f"{self.name} is not a file; give the path of the portal's export")
            with self._path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            reason = getattr(error, "strerror", None) or error
            raise FeedError(f"{shown(str(self._path))} could not be read: {reason}; check the path and its rights") from error
        if len(content) > MOST_BYTES:
            raise FeedError(f"{self.name} is longer than {MOST_BYTES:,} bytes; export a shorter period at a time")
        return content

    def _pass(self, content: bytes) -> Findings:
        findings = Findings()
        self._became = []
        read: dict[str, tuple[int, Payment]] = {}
        changes = Changes()
        try:
            rows = self._rows(content, findings)
            places = self._places(rows, findings)
            for line, cells in rows if places else ():
                self._take(MappedRow(line, cells, places, self._map, self._company), read, changes, findings)
        except Unreadable as error:
            findings.add(error.problem, damaged=True)
        self._payments = changes.applied(read, self._known, findings)
        findings.count = len(self._payments)
        return findings

    def _rows(self, content: bytes, findings: Findings) -> Iterator[Row]:
        if content.startswith(OLD_MAGIC):
            advice = "Save it as an Excel workbook (.xlsx) without a password, or as CSV"
            raise unreadable(1, WHOLE_FILE, "it is an old workbook (.xls), or has a password", advice)
        if content.startswith(MAGIC):
            return workbook_rows(content, self._map.file.sheet)
        return text_rows(content, self._map.file.encoding, self._map.file.separator, findings)

    def _places(self, rows: Iterator[Row], findings: Findings) -> Mapping[str, int]:
        """Where each column of the map is in this file; none where one is missing or appears twice."""
        header: Sequence[Cell] = ()
        line = 0
        for line, header in rows:  # noqa: B007  # the header is kept
            if line >= self._map.file.header_line:
                break
        names = [cell.text.strip() for cell in header]
        if len(names) == 1 and len(self._map.wanted_columns) > 1:
            advice = f"The map says {self._map.file.separator}; state another sign with --set separator=NAME"
            findings.add(FeedProblem(line or 1, WHOLE_LINE, "the header has only one column", advice), damaged=True)
            return {}
        missing = missing_columns(self._map, names)
        for name in missing:
            near = get_close_matches(name, names, n=1)
            hint = f"The nearest is {near[0]!r}. " if near else ""
            advice = f"{hint}Choose this column when you export, or copy the map and change it"
            findings.add(FeedProblem(line or 1, name, "the column is missing", advice), damaged=True)
        for name in self._map.wanted_columns:
            if names.count(name) > 1:
                advice = "Leave one of them out of the export"
                findings.add(FeedProblem(line or 1, name, "the column appears twice", advice), damaged=True)
        return {} if findings.damaged else {name: place for place, name in enumerate(names) if name}

    def _take(self, row: MappedRow, read: dict[str, tuple[int, Payment]], changes: Changes, findings: Findings) -> None:
        means = row.means()
        if isinstance(means, LeftOut):
            self._note(row, "left out", row.text("transaction_number"), means.reason)
            return
        if not row.problems and means in ABOUT_ANOTHER:
            self._change(row, means, changes)
        elif not row.problems and row.is_no_money_in():
            self._note(row, "left out", row.text("transaction_number"), "no money came in")
            return
        elif not row.problems:
            self._payment(row, means, read, changes, findings)
        if row.problems:
            findings.wrong_lines += 1
            for problem in row.problems:
                findings.add(problem)

    def _change(self, row: MappedRow, means: Means, changes: Changes) -> None:
        number = row.text("refers_to")
        amount = row.amount("amount")
        at = row.at("paid_at")
        fee_minor = 0 if means in (Means.CHARGEBACK, Means.CHARGEBACK_WON) else row.fee_minor()
        if means is Means.FEE and not number:
            self._note(row, "left out", "", "a fee of no payment")
            return
        column = row.column_of("refers_to")
        written = shown(row.text("paid_at"))
        late = went_back_later(row.line, row.column_of("paid_at"), written, at, self._company, self._today)
        if late and means is not Means.FEE:
            row.problems.append(late)
        if not number:
            message = f"a {means} names no payment"
            row.problems.append(
                FeedProblem(row.line, column, message, "Choose this column when you export, and leave no refund without")
            )
        elif not row.problems:
            digits = "" if amount is None else amount.digits
            own = row.text("transaction_number")
            changes.add(Change(row.line, column, means, number, digits, row.currency(), fee_minor, at, own))
            self._note(row, str(means), number)

    def _payment(
        self, row: MappedRow, means: Means, read: dict[str, tuple[int, Payment]], changes: Changes, findings: Findings
    ) -> None:
        fields = row.fields(means)
        fee_minor = row.fee_minor()
        if row.problems:
            return
        commas = self._map.invoices is not None and self._map.invoices.joined_by_commas
        reading = read_line(
            row.line,
            fields,
            self._company,
            numbers_are_not_cards=self._not_cards,
            commas_join_invoices=commas,
            today=self._today,
        )
        findings.card_lines += reading.cards
        row.problems += [replace(problem, column=row.column_of(problem.column)) for problem in reading.problems]
        number = reading.transaction_number
        if number and number in read:
            message = f"{shown(number)} stands on line {read[number][0]} already"
            advice = "Each payment has a number of its own. Leave one out, or say in the map what tells these rows apart"
            row.problems.append(FeedProblem(row.line, row.column_of("transaction_number"), message, advice))
        elif reading.payment is not None:
            read[number] = (row.line, reading.payment)
            changes.fee(number, fee_minor)
            self._note(row, str(means), number)

    def _note(self, row: MappedRow, what: str, number: str, why: str = "") -> None:
        self._became.append(Became(row.line, what, masked(number), masked(why)))


def missing_columns(by: Map, names: Sequence[str]) -> list[str]:
    """What the map needs and a header does not have. Of several columns for one field, one is enough."""
    missing = [rule.column for rule in by.row if not rule.optional and rule.column not in names]
    for field in type(by.columns).model_fields:
        groups = () if field == "optional" or field in by.columns.optional else by.columns.of(field)
        if groups and not any(all(name in names for name in group) for group in groups):
            missing += [name for name in groups[0] if name not in names]
    return list(dict.fromkeys(missing))
