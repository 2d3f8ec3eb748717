"""Amounts as exports write them: "1,250.00", "$20.00", "-66,39", "(5.00)", to plain digits and a sign. No float ever."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from feeds.csv_line import Wrong, shown
from feeds.maps.cells import Cell, Kind
from feeds.maps.map import NumberForm
from receivables.money import decimals_of, minor_from_text

_SPACES = str.maketrans({"\xa0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})


@dataclass(frozen=True)
class Amount:
    """Plain digits with a point, and whether a minus or parentheses stood there."""

    digits: str
    negative: bool

    def minor(self, currency: str) -> int:
        """In minor units, without its sign. Raises Wrong where it is not exact in the currency."""
        try:
            return minor_from_text(exact(self.digits, currency), currency)
        except ValueError:
            raise Wrong(f"{shown(self.digits)} is not an amount in {currency}", _REMEDY) from None

    def signed(self, currency: str) -> int:
        return -self.minor(currency) if self.negative else self.minor(currency)

    @property
    def is_zero(self) -> bool:
        return not self.digits.strip("0.")


_REMEDY = "State how the file writes amounts, with --set decimal=SIGN and --set thousands=SIGN"


def amount_of(cell: Cell, form: NumberForm) -> Amount:
    """What a cell says. Raises Wrong where it is not written as the map states."""
    if cell.kind is Kind.NUMBER:  # a workbook's own number has no signs to be taken for others
        return Amount(cell.text.removeprefix("-"), cell.text.startswith("-"))
    text = cell.text.translate(_SPACES).strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    for _ in range(2):  # "-$5.00" and "$-5.00" are the same
        for symbol in form.symbols:
            text = text.removeprefix(symbol).removesuffix(symbol).strip()
        if text.startswith("-") or text.endswith("-"):
            if negative:
                raise Wrong(f"{shown(cell.text)} has two signs", _REMEDY)
            text, negative = text.removeprefix("-").removesuffix("-").strip(), True
    found = _pattern(form.decimal, form.thousands).fullmatch(text)
    if not found:
        raise Wrong(f"{shown(cell.text)} is not an amount as the map reads them, such as {_example(form)}", _REMEDY)
    whole = found["whole"].replace(form.thousands, "") if form.thousands else found["whole"]
    return Amount(whole + (f".{found['fraction']}" if found["fraction"] else ""), negative)


def exact(digits: str, currency: str) -> str:
    """The same amount with no more decimals than the currency has, as long as only zeros are dropped: JPY 1250.00 is 1250."""
    try:
        decimals = decimals_of(currency)
    except ValueError:
        return digits  # the currency is refused for itself
    whole, point, fraction = digits.partition(".")
    if not point or fraction[decimals:].strip("0"):
        return digits
    return f"{whole}.{fraction[:decimals]}" if fraction[:decimals] else whole


@lru_cache(maxsize=16)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = r"\d+" + (rf"|\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+" if thousands else "")
    return re.compile(rf"(?P<whole>{whole})(?:{re.escape(decimal)}(?P<fraction>\d+))?", re.ASCII)


def _example(form: NumberForm) -> str:
    return f"1{form.thousands}250{form.decimal}50"
