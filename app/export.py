"""Failed payments as a file for a spreadsheet: CSV or XLSX. Never: a cell of a name or a sentence that a spreadsheet would run.

What begins like a formula gets an apostrophe in front in a CSV, and is a text in a workbook. Amounts are ours, and are numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from app.failure_view import FailureView
from receivables import private_files
from receivables.errors import ConfigurationError
from receivables.money import decimals_of, text_from_minor
from receivables.words import LIKE_FORMULAS, Words, visible

WIDTHS = {"Customer": 28, "Why": 80, "Invoices": 18}
USUAL_WIDTH = 16
MOMENT = "%Y-%m-%d %H:%M"  # on the company's clock; sorts as it reads


@dataclass(frozen=True)
class Amount:
    """A number cell."""

    minor: int
    currency: str


Cell = str | int | Amount
COLUMNS = (
    "Payment", "Company", "Customer", "Invoices", "Amount", "Currency", "Failing since", "Attempts", "Cause", "Why",
    "Recommended", "State", "Assigned to", "Snoozed until", "Requested by",
)  # fmt: skip


def row_of(failure: FailureView, words: Words) -> tuple[Cell, ...]:
    """One failure as cells, in the order of `COLUMNS`."""

    def cell(at: datetime | None) -> str:
        return "" if at is None else at.astimezone(words.time_zone).strftime(MOMENT)

    return (
        failure.transaction,
        failure.company,
        failure.customer,
        ", ".join(failure.invoices),
        Amount(failure.amount_minor, failure.currency),
        failure.currency,
        cell(failure.failed_at),
        failure.attempts,
        failure.cause or "",
        failure.sentence,
        failure.remedy or "",
        failure.decision.state if failure.decision else failure.resolution or failure.state,
        failure.assignee or "",
        cell(failure.snoozed_until),
        failure.decision.requested_by if failure.decision else "",
    )


def rows_of(failures: Iterable[FailureView], words: Mapping[str, Words]) -> list[tuple[Cell, ...]]:
    """All of them; `words` are those of each company."""
    return [row_of(failure, words[failure.company]) for failure in failures]


def as_csv(rows: Sequence[Sequence[Cell]]) -> bytes:
    """UTF-8 with a mark, as spreadsheets expect it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_in_csv(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _in_csv(cell: Cell) -> str | int:
    if isinstance(cell, int):
        return cell
    if isinstance(cell, Amount):
        return text_from_minor(cell.minor, cell.currency)
    return f"'{visible(cell)}" if cell.startswith(LIKE_FORMULAS) else visible(cell)


def keep(path: Path, content: bytes) -> None:
    """A new file for the account that runs the program alone. Raises ConfigurationError where there is one, or none can be."""
    try:
        if not private_files.make_file(path):
            raise ConfigurationError(f"{path} exists already. Name another file.")
        path.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None


def as_xlsx(rows: Sequence[Sequence[Cell]]) -> bytes:
    """A workbook with one sheet, its heading frozen, with a filter."""
    import xlsxwriter  # noqa: PLC0415  # only where a workbook is wanted

    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(held, options) as book:
        sheet, bold = book.add_worksheet("Failed payments"), book.add_format({"bold": True})
        money = {
            decimals: book.add_format({"num_format": f"#,##0{'.' + '0' * decimals if decimals else ''}"}) for decimals in range(5)
        }
        sheet.write_row(0, 0, COLUMNS, bold)
        for place, column in enumerate(COLUMNS):
            sheet.set_column(place, place, WIDTHS.get(column, USUAL_WIDTH))
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, Amount):
                    decimals = decimals_of(cell.currency)
                    sheet.write_number(number, place, Decimal(cell.minor).scaleb(-decimals), money[decimals])
                elif isinstance(cell, int):
                    sheet.write_number(number, place, cell)
                else:
                    sheet.write_string(number, place, visible(cell))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(1, len(rows)), len(COLUMNS) - 1)
    return held.getvalue()
