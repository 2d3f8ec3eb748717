"""The chart of month end as a picture, and the same in words for whoever cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

import rules
from receivables.money import text_from_minor
from receivables.words import counted, listed
from sync.month import GOES_OFF, NOT_RECORDED, RECORDED, Figure, Line
from sync.month_package import MonthEnd

WIDTH, ROW, MARGIN, NAMES = 1400, 44, 40, 420
SHORTEST = 160  # of the longest bar, however much is written beside it
CAUSES_AT_MOST = 10
CURRENCIES_AT_MOST = 3  # beside a bar; the description has all
_INK, _QUIET, _BAR, _MISSING = "#1D1C1D", "#616061", "#1264A3", "#B45309"
_SHORT = {
    Line.BY_US: "Recorded by Resolve Now",
    Line.BY_HAND: "Recorded by hand",
    Line.EARLIER: "Recorded in an earlier month",
    Line.SETTLED: "Settled by decision",
    Line.RETURNED: "Returned before recording",
    Line.REFUNDED: "Refunded before recording",
    Line.EXCLUDED: "Excluded",
}


@dataclass(frozen=True)
class Bar:
    """One bar: how many payments, and how much in each currency, in words."""

    name: str
    count: int
    amounts: tuple[str, ...]
    missing: bool = False

    @property
    def beside(self) -> str:
        return ", ".join(filter(None, (counted(self.count, "payment"), listed(self.amounts, CURRENCIES_AT_MOST))))


def became(found: MonthEnd) -> list[Bar]:
    """What became of the payments of the month, in the order of the roll-forward."""
    bars = [_bar(found, _SHORT[line], (line,)) for line in (*RECORDED, *GOES_OFF)]
    bars.append(_bar(found, "Not recorded at the end", NOT_RECORDED, missing=True))
    return [bar for bar in bars if bar.count]


def by_cause(found: MonthEnd) -> list[Bar]:
    """What was not recorded at the end of the month, by cause, most first."""
    causes: dict[str, dict[str, Figure]] = {}
    for (currency, cause), figure in found.causes.items():
        causes.setdefault(rules.title(cause) if cause else "In progress", {}).setdefault(currency, Figure()).add(
            figure.amount_minor, figure.count
        )
    bars = [
        Bar(name, sum(figure.count for figure in of.values()), _amounts({c: f.amount_minor for c, f in of.items()}), missing=True)
        for name, of in causes.items()
    ]
    return sorted(bars, key=lambda bar: (-bar.count, bar.name))


def _bar(found: MonthEnd, name: str, lines: tuple[Line, ...], *, missing: bool = False) -> Bar:
    figures = {currency: rolled.sum_of(lines) for currency, rolled in found.roll_forwards.items()}
    count = sum(figure.count for figure in figures.values())
    return Bar(name, count, _amounts({currency: of.amount_minor for currency, of in figures.items()}), missing)


def _amounts(minors: dict[str, int]) -> tuple[str, ...]:
    """Such as "USD 1,200.00": the letters of the picture have few signs of currencies."""
    return tuple(_amount(minor, currency) for currency, minor in sorted(minors.items()) if minor)


def _amount(minor: int, currency: str) -> str:
    whole, point, fraction = text_from_minor(minor, currency).partition(".")
    return f"{currency} {int(whole):,}{point}{fraction}"


def _month(found: MonthEnd) -> str:
    words = found.company.words
    return words.month(found.month.first) + ("" if found.is_over else f", as of {words.day(found.as_of)}")


def in_words(found: MonthEnd) -> str:
    """The chart's description: everything it shows."""
    parts = [f"Chart of {found.company.name}, {_month(found)}."]
    if bars := became(found):
        parts.append(f"What became of the payments: {_said(bars)}.")
    else:
        parts.append("There were no payments.")
    causes = by_cause(found)
    parts.append(
        f"Not recorded at the end of the month, by cause: {_said(causes)}." if causes else "Nothing was left unrecorded."
    )
    return " ".join(parts)


def _said(bars: list[Bar]) -> str:
    return "; ".join(f"{bar.name}, {counted(bar.count, 'payment')}, {listed(bar.amounts)}" for bar in bars)


def picture(found: MonthEnd) -> bytes:
    """The chart as a PNG with its description inside."""
    groups = [
        ("What became of the payments", became(found)),
        ("Not recorded at the end, by cause", by_cause(found)[:CAUSES_AT_MOST]),
    ]
    rows = sum(len(bars) or 1 for _, bars in groups)
    image = Image.new("RGB", (WIDTH, 2 * MARGIN + 60 + len(groups) * 70 + rows * ROW), "white")
    draw = ImageDraw.Draw(image)
    name = found.company.name if found.company.name.isascii() else found.company.id
    draw.text((MARGIN, MARGIN - 10), f"{name}, {_month(found)}", _INK, ImageFont.load_default(32))
    every = [bar for _, bars in groups for bar in bars]
    most = max((bar.count for bar in every), default=1)
    widest = max((ImageFont.load_default(20).getlength(bar.beside) for bar in every), default=0)
    room = max(SHORTEST, WIDTH - NAMES - 2 * MARGIN - int(widest))
    top = MARGIN + 60
    for title, bars in groups:
        draw.text((MARGIN, top), title, _QUIET, ImageFont.load_default(22))
        top += 44
        if not bars:
            draw.text((MARGIN, top), "None.", _INK, ImageFont.load_default(20))
            top += ROW
        for bar in bars:
            _draw(draw, bar, top, max(4, room * bar.count // most))
            top += ROW
        top += 26
    said, out = PngInfo(), BytesIO()
    said.add_itxt("Description", in_words(found))
    image.save(out, "PNG", pnginfo=said, optimize=True, dpi=(96, 96))
    return out.getvalue()


def _draw(draw: ImageDraw.ImageDraw, bar: Bar, top: int, length: int) -> None:
    """The name, the bar, and beside it the number and the amounts: nothing is told by color alone."""
    font = ImageFont.load_default(20)
    draw.text((MARGIN, top + 6), bar.name, _INK, font)
    draw.rectangle((NAMES, top + 4, NAMES + length, top + ROW - 12), fill=_MISSING if bar.missing else _BAR)
    draw.text((NAMES + length + 12, top + 6), bar.beside, _INK, font)
