"""The first sheet: whether the month adds up, as of when, with the chart, and who prepared and reviewed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from app.month_end.paper import Formula, Money, NotTold, Sheet
from app.month_end.rolled import Totals
from receivables.words import counted, listed, plain
from sync.month import Clearing, Receivables
from sync.month_package import MonthEnd

SHEETS = ("A Roll-forward", "B Deposit accounts", "C Receivables", "D Detail", "E To sign")
SCALE, ROW_PIXELS = 0.6, 20  # of the chart on the sheet


@dataclass(frozen=True)
class Beside:
    """What the summary takes from elsewhere: the title, where totals stand on sheet A, and the chart with its description."""

    title: str
    totals: Mapping[str, Totals]
    chart: bytes
    chart_says: str


def write(sheet: Sheet, found: MonthEnd, beside: Beside) -> None:
    sheet.write(f"Month end: {beside.title}", bold=True)
    for said in as_of(found):
        sheet.write(said)
    sheet.skip()
    _currencies(sheet, found, beside.totals)
    sheet.skip()
    _balances(sheet, found)
    sheet.skip()
    _to_sign(sheet, found)
    sheet.skip()
    _signatures(sheet, found)
    sheet.skip()
    description = {"description": beside.chart_says, "object_position": 2, "x_scale": SCALE, "y_scale": SCALE}
    sheet.sheet.insert_image(sheet.row, 0, "chart.png", {"image_data": BytesIO(beside.chart), **description})
    sheet.skip(rows_of(beside.chart))
    sheet.paragraph(beside.chart_says, columns=6, height=48)


def as_of(found: MonthEnd) -> list[str]:
    """As of when the figures are, and what they lack."""
    words = found.company.words
    said = [f"Made {words.moment(found.made_at)} from {found.books.package} and the portal payments that we know of."]
    said += not_over(found)
    proven = f"last ran {words.moment(found.proven_at)}" if found.proven_at else "has not run yet"
    said.append(f"The proof that each payment is in the books exactly once {proven}.")
    return said


def not_over(found: MonthEnd) -> list[str]:
    """Said of a month that is not over; nothing of one that is."""
    words = found.company.words
    month, until = words.month(found.month.first), words.day(found.as_of)
    return [] if found.is_over else [f"{month} is not over; figures as of {until}."]


def _currencies(sheet: Sheet, found: MonthEnd, totals: Mapping[str, Totals]) -> None:
    sheet.header("Currency", "Payments", "To be recorded", "Not recorded at the end", "Difference", "Check")
    for currency, rows in totals.items():
        rolled = found.roll_forwards[currency]
        off = Money(rolled.difference.amount_minor, currency)
        asked, closing = Money(rolled.to_be_recorded.amount_minor, currency), Money(rolled.closing.amount_minor, currency)
        check = Formula(f"='A Roll-forward'!D{rows.difference}", off)
        sheet.write(currency, rolled.to_be_recorded.count, asked, closing, off, check)
        if marked := found.marked_difference_minor(currency):
            note = "Receipts with our mark that no payment accounts for"
            sheet.write(note, None, None, None, Money(marked, currency), bold=True)
    said = "No payment is unexplained." if found.adds_up else "The month does not add up: see the lines marked Unexplained in D."
    sheet.write(said, bold=True)
    sheet.write("“Check” is added up by the spreadsheet itself, beside the figure that we added up.")


def _balances(sheet: Sheet, found: MonthEnd) -> None:
    sheet.header("At the end of the month", "", "By the documents", "By the general ledger", "Difference")
    for account in found.clearing.values():
        _balance(sheet, f"{plain(account.account)}, {account.currency}", account, account.closing_minor, "B")
    for currency in found.currencies_of(found.receivables):
        owed = found.receivables[currency]
        _balance(sheet, f"Receivables, {currency}", owed, owed.at_end_minor, "C")
    if any(not account.is_undeposited for account in found.clearing.values()):
        sheet.write("Of a deposit account the difference is its payouts, which the feed does not tell; see sheet B.")


def _balance(sheet: Sheet, name: str, of: Clearing | Receivables, minor: int, beside: str) -> None:
    if of.ledger_minor is None:
        sheet.write(name, None, Money(minor, of.currency), NotTold(f"enter it on sheet {beside}"))
    else:
        off = Money(of.ledger_minor - minor, of.currency)
        sheet.write(name, None, Money(minor, of.currency), Money(of.ledger_minor, of.currency), off)


def _to_sign(sheet: Sheet, found: MonthEnd) -> None:
    signs = Counter(of.sign for of in found.to_sign)
    sheet.write(f"To sign: {counted(len(found.to_sign), 'line')} on sheet E", bold=True)
    for sign, count in signs.items():
        sheet.write(sign.value, count)


def _signatures(sheet: Sheet, found: MonthEnd) -> None:
    seq, digest = found.head
    for said in ("Prepared by", "Reviewed by"):
        sheet.write(said, None, None, "Date", None, bottom=1)
        sheet.skip()
    sheet.write(f"The record of changes ended at row {seq:,} when this was made, with the hash")
    sheet.write(digest)
    pages = f"{listed([f'sheet {name[0]}' for name in SHEETS])}; the number of printed pages stands at the foot of each"
    sheet.write("“Not told” on sheet D is what the feed does not tell: surcharges, fees, payouts.")
    sheet.write(f"This package is this summary and {pages}. Sheet D has {counted(found.payments, 'line')}.")


def rows_of(picture: bytes) -> int:
    """How many rows the picture covers, as its PNG header tells its height."""
    height = int.from_bytes(picture[20:24], "big")
    return int(height * SCALE) // ROW_PIXELS + 2
