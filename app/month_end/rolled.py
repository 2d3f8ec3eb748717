"""Part A, the roll-forward: what was to be recorded, what became of it, and the difference, for each currency."""

from __future__ import annotations

from dataclasses import dataclass

from app.month_end.paper import Formula, Money, Sheet
from receivables.payment import FeedStatus
from sync.month import COMES_IN, GOES_OFF, NOT_RECORDED, RECORDED, Figure, Line, RollForward, Where
from sync.month_package import Detail, MonthEnd

TAKEN = "Taken in the month"
SAID: dict[Line, str] = {
    Line.OPENING: "Not recorded at the beginning of the month",
    Line.TAKEN: "Payments taken in the month",
    Line.RETURNED: "Less: returned or charged back before recording",
    Line.REFUNDED: "Less: refunded before recording",
    Line.EXCLUDED: "Less: excluded (paid before the start date, or never collected)",
    Line.BY_US: "Recorded by Resolve Now, dated in the month",
    Line.BY_HAND: "Recorded by hand and confirmed, dated in the month",
    Line.EARLIER: "Recorded, dated in an earlier month",
    Line.SETTLED: "Settled by decision, without a receipt",
    Line.SINCE_RECORDED: "Recorded since, dated after the month",
    Line.SINCE_GONE: "Returned or refunded since",
    Line.SINCE_SETTLED: "Settled by decision since",
    Line.OPEN_2: "Not recorded, 0 to 2 days",
    Line.OPEN_7: "Not recorded, 3 to 7 days",
    Line.OPEN_30: "Not recorded, 8 to 30 days",
    Line.OPEN_LONGER: "Not recorded, more than 30 days",
}


@dataclass(frozen=True)
class Totals:
    """Where the totals of a currency stand on the sheet, as rows that formulas count."""

    to_be_recorded: int
    closing: int
    difference: int
    marked: int


def write(sheet: Sheet, found: MonthEnd) -> dict[str, Totals]:
    """A block for each currency. The column Check is added up by the spreadsheet from the lines above or from the detail."""
    tops: dict[str, Totals] = {}
    breaks = []
    for currency in found.currencies:
        breaks += [sheet.row] if tops else []
        rolled = found.roll_forwards[currency]
        sheet.write(f"{currency}, {found.company.words.month(found.month.first)}", bold=True)
        sheet.header("", "Payments", "Amount", "Check", "What it is")
        tops[currency] = _block(sheet, found, rolled)
        sheet.skip()
    sheet.sheet.set_h_pagebreaks(breaks)  # a page for each currency
    if not tops:
        sheet.write("There are no payments.")
    return tops


def _block(sheet: Sheet, found: MonthEnd, rolled: RollForward) -> Totals:
    rows = {line: _line(sheet, rolled, line) for line in (*COMES_IN, *GOES_OFF)}
    first, last = rows[Line.OPENING], rows[Line.EXCLUDED]
    to_be = _sum(sheet, "To be recorded", rolled, rolled.to_be_recorded, f"=SUM(C{first}:C{last})")
    recorded = {line: _line(sheet, rolled, line) for line in RECORDED}
    is_recorded = rolled.sum_of(RECORDED)
    done = _sum(sheet, "Recorded or settled", rolled, is_recorded, f"=SUM(C{recorded[RECORDED[0]]}:C{recorded[RECORDED[-1]]})")
    missing = {line: _line(sheet, rolled, line) for line in NOT_RECORDED}
    formula = f"=SUM(C{missing[NOT_RECORDED[0]]}:C{missing[NOT_RECORDED[-1]]})"
    note = "Opens the next month."
    closing = _sum(sheet, "Not recorded at the end of the month", rolled, rolled.closing, formula, note)
    note = "Nothing, or a payment is Unexplained on sheet D."
    difference = _sum(sheet, "Difference", rolled, rolled.difference, f"=C{to_be}-C{done}-C{closing}", note)
    sheet.skip()
    return Totals(to_be, closing, difference, _tie(sheet, found, rolled, recorded[Line.BY_US]))


def _tie(sheet: Sheet, found: MonthEnd, rolled: RollForward, by_us_row: int) -> int:
    """Our receipts once more, as the books have them: one with our mark that no payment of ours accounts for shows here."""
    currency, by_us = rolled.currency, found.recorded_by_us[rolled.currency]
    other = by_us.amount_minor - rolled.figures[Line.BY_US].amount_minor
    count = by_us.count - rolled.figures[Line.BY_US].count
    off = found.marked_difference_minor(currency)
    sheet.write("Our receipts, once more from the books", bold=True)
    later = sheet.write("Recorded by Resolve Now in the month, paid in a later one", count, Money(other, currency))
    marked = Money(by_us.amount_minor + off, currency)
    all_marked = sheet.write(
        "Receipts of the books with our mark, dated in the month", None, marked, None, "In all deposit accounts."
    )
    check = Formula(f"=C{all_marked}-C{by_us_row}-C{later}", Money(off, currency))
    note = "Nothing, or a receipt of ours is of no payment."
    return sheet.write("Difference", None, Money(off, currency), check, note=note, bold=True, top=1)


def _line(sheet: Sheet, rolled: RollForward, line: Line) -> int:
    figure = rolled.figures[line]
    minor = -figure.amount_minor if line in GOES_OFF else figure.amount_minor
    check = None
    if line is Line.TAKEN:  # the lines of detail are added up once more
        text = f"=SUMIFS('D Detail'!$H:$H,'D Detail'!$G:$G,\"{rolled.currency}\",'D Detail'!$E:$E,\"{TAKEN}\")"
        check = Formula(text, Money(minor, rolled.currency))
    return sheet.write(SAID[line], figure.count, Money(minor, rolled.currency), check)


def _sum(sheet: Sheet, said: str, rolled: RollForward, figure: Figure, formula: str, note: str = "") -> int:
    money = Money(figure.amount_minor, rolled.currency)
    return sheet.write(said, figure.count, money, Formula(formula, money), note=note, bold=True, top=1)


_STATUS = {
    Where.BY_US: "Recorded by Resolve Now",
    Where.BY_HAND: "Recorded by hand",
    Where.REFUNDED: "Refunded before recording",
    Where.EXCLUDED: "Excluded",
    Where.SETTLED: "Settled by decision",
    Where.OPEN: "Not recorded",
}
_BACK = {FeedStatus.RETURNED: "returned", FeedStatus.CHARGED_BACK: "charged back", FeedStatus.REFUNDED: "refunded"}


def status_of(detail: Detail) -> str:
    """Where the payment is, in words; what is in the books and went back since says both."""
    payment = detail.stored.payment
    if sum(portion.amount_minor for portion in detail.portions) != payment.amount_minor:
        return "Unexplained"
    where = max(detail.portions, key=lambda portion: portion.amount_minor).where
    if where is Where.RETURNED:
        return f"{_BACK.get(payment.status, 'returned').capitalize()} before recording"
    since = f", {_BACK[payment.status]} since" if payment.status in _BACK and where in (Where.BY_US, Where.BY_HAND) else ""
    return f"{_STATUS[where]}{since}"
