"""Customers and invoices brought into the embedded books from a CSV file: the whole file, or nothing of it.

Which of the two a file holds is told by its header: `customer_id,name`, or `number,customer,amount,currency,issued_on`
and optionally `created_at,created_by`. Without a moment an invoice counts as created on its own day: a file brings in
invoices that were written elsewhere. Whatever is wrong is reported at once, each with line, column and remedy.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from accounting.embedded import customers, invoices, naming
from accounting.embedded.change import Change, Kind
from accounting.embedded.ledger import Ledger
from receivables.errors import BooksRefused, FeedError, FeedProblem, NotFound
from receivables.money import minor_from_text
from receivables.refusal import Refusal
from receivables.words import counted

CUSTOMER_COLUMNS = ("customer_id", "name")
INVOICE_COLUMNS = ("number", "customer", "amount", "currency", "issued_on")
INVOICE_COLUMNS_OPTIONAL = ("created_at", "created_by")
_FIRST_DAY = date(1, 1, 2)  # a day before it has no moment in UTC everywhere
ROWS_AT_MOST = 100_000  # one change of the books holds every other writer up; this many take about half a minute


@dataclass(frozen=True)
class Loaded:
    """What a file brought into the books."""

    customers: int = 0
    invoices: int = 0


@dataclass
class _Reading:
    """A file being read: its problems so far, and the customers found by name, so that each is looked up once."""

    created_now: bool = False
    problems: list[FeedProblem] = field(default_factory=list)
    customer_ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Row:
    line: int
    cells: dict[str, str]


def load(ledger: Ledger, path: Path, *, by: str, at: datetime | None = None, created_now: bool = False) -> Loaded:
    """Brings the file in as one change by this person. Raises FeedError with every problem; then nothing was taken in.

    With `created_now` an invoice without a moment counts as created by the change itself.
    """
    file = _Reading(created_now=created_now)
    columns, rows = _rows(path, file)
    with ledger.changing(by, at) as change:
        take_in = _take_in_customer if columns == CUSTOMER_COLUMNS else _take_in_invoice
        for row in rows:
            take_in(change, row, file)
        if file.problems:
            problems = tuple(sorted(file.problems, key=lambda problem: problem.line))
            raise FeedError(f"{path.name}: nothing was taken in; {counted(len(problems), 'problem')} found.", problems)
    return Loaded(customers=len(rows)) if columns == CUSTOMER_COLUMNS else Loaded(invoices=len(rows))


def _rows(path: Path, file: _Reading) -> tuple[tuple[str, ...], list[_Row]]:
    """The columns and the rows that are not empty. Raises FeedError when the file cannot be read as a table."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise FeedError(f"{path} cannot be read: {problem}. Give a CSV file in UTF-8.") from problem
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        columns = tuple(cell.strip().lower() for cell in next(reader, []))
        _known_columns(path, columns)
        return columns, list(_checked_rows(path, reader, columns, file))
    except csv.Error as problem:
        raise _unreadable(path, reader.line_num, "row", f"not a CSV line ({problem})", "Close every quotation mark.") from problem


def _known_columns(path: Path, columns: tuple[str, ...]) -> None:
    required, optional = set(INVOICE_COLUMNS), set(INVOICE_COLUMNS_OPTIONAL)
    if set(columns) == set(CUSTOMER_COLUMNS) or (required <= set(columns) <= required | optional):
        if len(columns) == len(set(columns)):
            return
        raise _unreadable(path, 1, "header", "a column is named twice", "Name each column once.")
    expected = f"{','.join(CUSTOMER_COLUMNS)} or {','.join(INVOICE_COLUMNS)} and optionally {','.join(INVOICE_COLUMNS_OPTIONAL)}"
    raise _unreadable(path, 1, "header", f"the columns are {','.join(columns) or 'missing'}", f"Write {expected}.")


def _checked_rows(path: Path, reader: Iterator[list[str]], columns: tuple[str, ...], file: _Reading) -> Iterator[_Row]:
    for count, cells in enumerate(reader, start=1):
        line: int = reader.line_num  # type: ignore[attr-defined]  # a csv reader is more than an iterator
        if count > ROWS_AT_MOST:
            raise _unreadable(path, line, "row", f"more than {ROWS_AT_MOST} rows", "Split the file.")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            message = f"{len(cells)} cells under {len(columns)} columns"
            file.problems.append(FeedProblem(line, "row", message, "Put text that holds a comma in quotation marks."))
            continue
        yield _Row(line, {column: cell.strip() for column, cell in zip(columns, cells, strict=True)})


def _take_in_customer(change: Change, row: _Row, file: _Reading) -> None:
    if not row.cells["customer_id"]:
        file.problems.append(FeedProblem(row.line, "customer_id", "missing", "Give every customer an id."))
        return
    try:
        customers.add(change, row.cells["name"], row.cells["customer_id"])
    except BooksRefused as refused:
        column = "customer_id" if refused.refusal is Refusal.DUPLICATE_ID else "name"
        file.problems.append(FeedProblem(row.line, column, refused.message.rstrip("."), "Correct the line or leave it out."))


def _take_in_invoice(change: Change, row: _Row, file: _Reading) -> None:
    before = len(file.problems)
    number = row.cells["number"]
    currency = row.cells["currency"]
    if not number:
        file.problems.append(FeedProblem(row.line, "number", "missing", "Give every invoice a number."))
    customer_id = _customer_id(change, row, file)
    amount_minor = _amount(row, file)
    issued_on = _day(row, file)
    created_at = _created_at(change, row, file, issued_on)
    if len(file.problems) > before:
        return
    author = replace(change, by=row.cells.get("created_by") or change.by, at=created_at)
    try:
        invoices.add(author, invoices.NewInvoice(number, customer_id, amount_minor, currency, issued_on))
    except BooksRefused as refused:
        file.problems.append(FeedProblem(row.line, "row", refused.message.rstrip("."), "Correct the line or leave it out."))


def _customer_id(change: Change, row: _Row, file: _Reading) -> str:
    name = row.cells["customer"]
    if name not in file.customer_ids:
        try:
            file.customer_ids[name] = naming.find(change.connection, Kind.CUSTOMER, name)
        except NotFound as problem:
            remedy = "Load the customers first, or write # and the customer's id."
            file.problems.append(FeedProblem(row.line, "customer", problem.message.rstrip("."), remedy))
            return ""
    return file.customer_ids[name]


def _amount(row: _Row, file: _Reading) -> int:
    try:
        amount_minor = minor_from_text(row.cells["amount"], row.cells["currency"])
    except ValueError as problem:
        column = "currency" if "currency code" in str(problem) else "amount"
        file.problems.append(FeedProblem(row.line, column, str(problem), "Correct it."))
        return 0
    if not amount_minor:
        file.problems.append(FeedProblem(row.line, "amount", "zero", "An invoice has a positive amount."))
    return amount_minor


def _day(row: _Row, file: _Reading) -> date:
    try:
        return date.fromisoformat(row.cells["issued_on"])
    except ValueError:
        message = f"{row.cells['issued_on']!r} is not a day"
        file.problems.append(FeedProblem(row.line, "issued_on", message, "Write it as 2026-03-01."))
        return date.min


def _created_at(change: Change, row: _Row, file: _Reading, issued_on: date) -> datetime:
    """The moment written, otherwise the beginning of the invoice's own day, though never later than the change."""
    text = row.cells.get("created_at", "")
    if not text and (file.created_now or issued_on >= change.day):
        return change.at
    if not text:
        return datetime.combine(max(issued_on, _FIRST_DAY), time.min, change.time_zone).astimezone(UTC)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is not a moment with a time zone"
        file.problems.append(FeedProblem(row.line, "created_at", message, "Write it as 2026-03-01T09:00:00Z."))
        return change.at


def _unreadable(path: Path, line: int, column: str, message: str, remedy: str) -> FeedError:
    problem = FeedProblem(line, column, message, remedy)
    return FeedError(f"{path.name}: {problem} Nothing was taken in.", (problem,))
