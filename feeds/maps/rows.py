"""One row of an export by its map: what it says, as the fields that Resolve Now's own files have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.csv_line import NUMBERS, Wrong, moment_of, shown
from feeds.maps import dates
from feeds.maps.amounts import Amount, amount_of, exact
from feeds.maps.cells import Cell, Kind
from feeds.maps.map import Map, Means, strongest
from receivables.company import Company
from receivables.errors import FeedProblem
from receivables.payment import Dispute, FeedStatus

#: What the status of a payment becomes, and how its chargeback stands.
STATUS_OF: Mapping[Means, tuple[FeedStatus, Dispute]] = {
    Means.PAYMENT: (FeedStatus.PAID, Dispute.NONE),
    Means.REFUNDED: (FeedStatus.REFUNDED, Dispute.NONE),
    Means.RETURNED: (FeedStatus.RETURNED, Dispute.NONE),
    Means.FAILED: (FeedStatus.FAILED, Dispute.NONE),
    Means.CHARGED_BACK: (FeedStatus.CHARGED_BACK, Dispute.OPEN),
    Means.CHARGED_BACK_LOST: (FeedStatus.CHARGED_BACK, Dispute.LOST),
    Means.CHARGED_BACK_WON: (FeedStatus.CHARGED_BACK, Dispute.WON),
}
_EMPTY = Cell("")
_SEVERAL = frozenset(",;|\n")


@dataclass(frozen=True)
class LeftOut:
    """A row that is no payment and changes none, and why."""

    reason: str


class MappedRow:
    """The cells of one row by the names of their columns, read as the map says. What is wrong is collected, not raised."""

    def __init__(self, line: int, cells: Sequence[Cell], places: Mapping[str, int], by: Map, company: Company) -> None:
        self.line = line
        self.problems: list[FeedProblem] = []
        self._cells = cells
        self._places = places
        self._map = by
        self._company = company

    def means(self) -> Means | LeftOut:
        """What kind of row it is. An unknown word is a problem: it has to be in the map before anything is imported."""
        said: list[tuple[Means, str]] = []
        for rule in self._map.row:
            if rule.column not in self._places:
                continue  # an optional column that this file does not have
            text = self._cell(rule.column).text
            means = rule.words().get(" ".join(text.split()).casefold())
            if means is None:
                message = f"{shown(text)} is not in the map" if text else "it is empty, and the map does not say what that means"
                remedy = f"Copy the map, and say under [row.means] of the column {rule.column} what it means"
                self.problems.append(FeedProblem(self.line, rule.column, message, remedy))
            else:
                said.append((means, f"{rule.column} is {text}"))
        counts = strongest([means for means, _ in said])
        if counts is Means.LEAVE_OUT:
            del self.problems[:]  # whatever else it says, nothing becomes of it
            return LeftOut(next(why for means, why in said if means is counts))
        return counts

    def text(self, field: str) -> str:
        """The text of a field; in names, line breaks and runs of spaces are one space."""
        cell = self._of(field)
        if cell.kind is Kind.NUMBER and field in NUMBERS | {"refers_to"}:
            named = "transaction_number" if field == "refers_to" else field
            if named not in self._map.file.numeric_cells:
                self._wrong(field, Wrong(
                    f"{shown(cell.text)} is a number of the spreadsheet, which may have lost zeros or digits of the portal's own",
                    "Export as CSV, or state in the map that this column holds such numbers: file.numeric_cells",
                ))  # fmt: skip
        return " ".join(cell.text.split()) if field in ("customer", "method") else cell.text.strip()

    def amount(self, field: str) -> Amount | None:
        """The amount of a field; None where there is none, or where it is wrong."""
        cell = self._of(field)
        if cell.is_empty:
            return None
        try:
            return amount_of(cell, self._map.numbers)
        except Wrong as reason:
            self._wrong(field, reason)
            return None

    def currency(self) -> str:
        return (self._map.fixed.currency or self.text("currency")).upper()

    def is_no_money_in(self) -> bool:
        """Whether nothing came in and the map leaves such rows out."""
        if self._map.numbers.not_positive == "refuse":
            return False
        amount = self.amount("amount")
        return amount is not None and (amount.negative or amount.is_zero)

    def fee_minor(self) -> int:
        """What the processor kept by this row, negative where it gave some back; 0 where the fee is in another currency."""
        amount = self.amount("fee")
        currency = self.currency()
        other = self.text("fee_currency").upper()
        if amount is None or (other and other != currency):
            return 0
        try:
            minor = amount.signed(currency)
        except Wrong as reason:
            self._wrong("fee", reason)
            return 0
        return minor if self._map.numbers.fee_kept == "positive" else -minor

    def fields(self, means: Means) -> dict[str, str]:
        """A payment, as a line of Resolve Now's own files. Its fee and its refunds are added by whoever reads all rows."""
        status, dispute = STATUS_OF[means]
        went_back = status is not FeedStatus.PAID
        currency = self.currency()
        amount = self.amount("amount")
        refunded = self.amount("refunded")
        written = self._of("amount").text
        digits = "" if amount is None else ("-" if amount.negative else "") + exact(amount.digits, currency)
        return {
            "transaction_number": self.text("transaction_number"),
            "customer": self.text("customer"),
            "customer_id": self.text("customer_id"),
            "amount": digits or written,
            "currency": currency,
            "paid_at": self._time_of("paid_at"),
            "status": status.value,
            "dispute": dispute.value,
            "status_at": self._time_of("status_at") if went_back and not self._of("status_at").is_empty else "",
            "reason_code": self.text("reason_code") if went_back else "",
            "method": self._map.fixed.method or self.text("method"),
            "invoices": self._invoices(digits),
            "refunded": "" if refunded is None or refunded.is_zero else exact(refunded.digits, currency),
        }

    def at(self, field: str) -> datetime | None:
        """A moment in UTC, or the noon of a day; None where there is none, or where it is wrong."""
        text = self._time_of(field)
        try:
            return moment_of(text, self._company)[0] if text else None
        except Wrong as reason:
            self._wrong(field, reason)
            return None

    def column_of(self, field: str) -> str:
        """The portal's column for one of our fields, as people find it in the file."""
        sources = self._map.columns.of(field) if field in type(self._map.columns).model_fields else ()
        return sources[0][0] if sources else field

    def _time_of(self, field: str) -> str:
        """A day or a moment, as Resolve Now's own files write it."""
        cell = self._of(field)
        form = dates.ISO if cell.kind is Kind.MOMENT else self._map.dates.form
        by = self._map.dates
        try:
            return dates.moment_text(cell.text, form, by.zone, self.text("zone"), by.zones, self._company.time_zone)
        except Wrong as reason:
            self._wrong(field, reason)
            return ""

    def _invoices(self, amount: str) -> str:
        text = self.text("invoices")
        if not text or self._map.invoices is None or self._map.invoices.are == "list":
            return text
        if _SEVERAL & set(text):
            self._wrong("invoices", Wrong(
                f"{shown(text)} seems to name several invoices, and no amounts",
                "Import this payment apart, with NUMBER:AMOUNT for each invoice in a file of Resolve Now's own columns",
            ))  # fmt: skip
            return ""
        return f"{text.removeprefix('#').strip()}:{amount}"

    def _of(self, field: str) -> Cell:
        """The first filled source of a field; several columns joined by a space are text, or a moment where all are."""
        for group in self._map.columns.of(field):
            cells = [cell for name in group if not (cell := self._cell(name)).is_empty]
            for cell in cells:
                if cell.kind is Kind.REFUSED:
                    self._wrong(field, Wrong(f"it holds {cell.text}", "Put the value itself into the cell, or export as CSV"))
                    return _EMPTY
            if len(cells) == 1:
                return cells[0]
            if cells:
                kind = Kind.MOMENT if all(cell.kind is Kind.MOMENT for cell in cells) else Kind.TEXT
                return Cell(" ".join(cell.text for cell in cells), kind)
        return _EMPTY

    def _cell(self, column: str) -> Cell:
        place = self._places.get(column)
        return self._cells[place] if place is not None and place < len(self._cells) else _EMPTY

    def _wrong(self, field: str, reason: Wrong) -> None:
        problem = FeedProblem(self.line, self.column_of(field), reason.message, reason.remedy)
        if problem not in self.problems:
            self.problems.append(problem)
