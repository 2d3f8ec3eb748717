"""How sheets of the workbook are written: cell by cell downward, real numbers and days, and text that can be nothing but text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from receivables.money import decimals_of
from receivables.words import LIKE_FORMULAS, Words, visible

NOTE = 4  # the column of notes
LETTER, A4 = 1, 9  # sizes of paper
TEXT_AT_MOST = 1_000  # characters of a cell; whatever stands in the books or a reason may be longer


@dataclass(frozen=True)
class Money:
    """An amount in minor units of its currency."""

    minor: int
    currency: str

    @property
    def value(self) -> Decimal:
        return Decimal(self.minor).scaleb(-decimals_of(self.currency))


@dataclass(frozen=True)
class Formula:
    """What the spreadsheet adds up itself, beside the value that we added up."""

    text: str
    value: Money | int | str  # "" where it waits for somebody to enter a figure


@dataclass(frozen=True)
class Blank:
    """A cell that somebody fills in: with an amount of this currency, or, where there is none, by hand on paper."""

    currency: str = ""


@dataclass(frozen=True)
class NotTold:
    """Stands where a figure would, and says why there is none."""

    why: str = "not told"


#: Names of columns that hold figures: they stand over them, at the right.
FIGURES = frozenset(
    ("Payments", "Documents", "Amount", "Check", "To be recorded", "Not recorded at the end", "Difference", "By the documents",
     "By the general ledger", "Gross", "Surcharge",
     "Fee", "Net of fee", "On account", "Days open", "Days", "Since", "Date", "Paid at", "Receipt date")
)  # fmt: skip

Cell = str | int | date | datetime | Money | Formula | Blank | NotTold | None


class Formats:
    """The formats of one workbook, each made once: by kind, currency and weight."""

    def __init__(self, book: Any, words: Words) -> None:
        self._book, self.words = book, words
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def of(self, **properties: object) -> Any:
        key = tuple(sorted({"valign": "top", **properties}.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(dict(key))
        return self._made[key]

    def money(self, currency: str, **more: object) -> Any:
        """The currency's own decimals, and its sign as the company writes it."""
        decimals = decimals_of(currency)
        figure = "#,##0" + (f".{'0' * decimals}" if decimals else "")
        sign = f'"{self.words.currency_sign(currency)}"'
        below = f"({sign}{figure})" if self.words.locale == "en_US" else f"-{sign}{figure}"
        room = "_)" if self.words.locale == "en_US" else ""
        return self.of(num_format=f"{sign}{figure}{room};{below}", **more)


@dataclass
class Sheet:
    """One sheet, written downward; a row that was left is never touched again, so that memory stays flat."""

    sheet: Any
    formats: Formats
    time_zone: ZoneInfo
    row: int = 0
    widths: Sequence[int] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, width)
        self.sheet.hide_gridlines(2)

    def printed(self, title: str, *, repeat: int | None = None, wide: int = 1) -> None:
        """Landscape, so many pages wide, with the title and "Page 2 of 5" below; the header row is on every page."""
        self.sheet.set_landscape()
        self.sheet.set_paper(LETTER if self.formats.words.locale in ("en_US", "en_CA") else A4)
        self.sheet.fit_to_pages(wide, 0)
        self.sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        self.sheet.set_footer(f"&L{title.replace('&', '&&')}&C&A&RPage &P of &N")
        if repeat is not None:
            self.sheet.repeat_rows(repeat)
        if wide > 1:
            self.sheet.repeat_columns(0)

    def write(self, *cells: Cell, note: str = "", bold: bool = False, **style: object) -> int:
        """A row, and the next one is the next. `style` is of all its cells, but for the note at its end, which is plain.

        Returns its number as formulas count.
        """
        for column, cell in enumerate(cells):
            self._cell(column, cell, style | ({"bold": True} if bold else {}))
        if note:
            self._cell(NOTE, note, {})
        self.row += 1
        return self.row

    def paragraph(self, text: str, *, columns: int, height: int) -> None:
        """A longer text over several columns."""
        self.sheet.set_row(self.row, height)
        self.sheet.merge_range(self.row, 0, self.row, columns - 1, visible(text), self.formats.of(text_wrap=True))
        self.row += 1

    def header(self, *names: str) -> int:
        """Names of columns."""
        for column, name in enumerate(names):
            side = {"align": "right"} if name in FIGURES else {"align": "left", "indent": min(column, 1)}
            style = self.formats.of(bold=True, bottom=1, text_wrap=True, bg_color="#EDEDED", **side)
            self.sheet.write_string(self.row, column, name, style)
        self.row += 1
        return self.row

    def skip(self, rows: int = 1) -> None:
        self.row += rows

    def _cell(self, column: int, cell: Cell, style: dict[str, object]) -> None:
        match cell:
            case None | "":
                if style:
                    self.sheet.write_blank(self.row, column, None, self.formats.of(**style))
            case Formula(text=text, value=Money() as money):
                self.sheet.write_formula(self.row, column, text, self.formats.money(money.currency, **style), money.value)
            case Formula(text=text, value=number):
                self.sheet.write_formula(self.row, column, text, self.formats.of(num_format="#,##0", **style), number)
            case Blank(currency=""):
                self.sheet.write_blank(self.row, column, None, self.formats.of(border=1, **style))
            case Blank(currency=currency):
                to_fill = self.formats.money(currency, bg_color="#FFF4CC", border=1, **style)
                self.sheet.write_blank(self.row, column, None, to_fill)
            case NotTold(why=why):
                self.sheet.write_string(self.row, column, why, self.formats.of(align="right", font_color="#767676", **style))
            case Money():
                self.sheet.write_number(self.row, column, cell.value, self.formats.money(cell.currency, **style))
            case datetime():
                here = cell.astimezone(self.time_zone).replace(tzinfo=None)
                self.sheet.write_datetime(self.row, column, here, self.formats.of(num_format=_MOMENT[self._american], **style))
            case date():
                self.sheet.write_datetime(self.row, column, cell, self.formats.of(num_format=_DAY[self._american], **style))
            case int():
                self.sheet.write_number(self.row, column, cell, self.formats.of(num_format="#,##0", **style))
            case str():
                self._text(column, cell, style)

    def _text(self, column: int, text: str, style: dict[str, object]) -> None:
        if column:
            style = style | {"align": "left", "indent": 1}  # away from the figure before it
        if text.startswith(LIKE_FORMULAS):
            style = style | {"quote_prefix": True}
        shown = visible(text)
        shown = shown if len(shown) <= TEXT_AT_MOST else shown[: TEXT_AT_MOST - 1] + "…"
        self.sheet.write_string(self.row, column, shown, self.formats.of(**style))

    @property
    def _american(self) -> bool:
        return self.formats.words.locale == "en_US"


_DAY = {True: "mm/dd/yyyy", False: "dd/mm/yyyy"}
_MOMENT = {True: "mm/dd/yyyy hh:mm", False: "dd/mm/yyyy hh:mm"}
