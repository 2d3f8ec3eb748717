"""How amounts, days, moments, lists and text from outside are written for people; nothing else writes them.

Never: an amount rounded, a day in UTC, a line forged by a name. This is the only file that knows babel; it asks babel once
for each locale and keeps the answers, because parsing a pattern for every amount was most of the time a sentence took.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import DateTimePattern, parse_pattern
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from receivables.money import decimals_of, text_from_minor

LOCALES = ("en_US", "en_GB", "en_CA", "en_AU")  # our sentences are English; these differ in days, hours and signs
#: A text that begins so could be taken for a formula by a spreadsheet; it is marked as text wherever one may open it.
LIKE_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
NAME_AT_MOST = 80  # a name in the books may be a page long; a sentence is not
TENDER_AT_MOST = 40  # a memo may be a page long
#: How a way of paying is written in a sentence, however the feed or the books write it.
_TENDERS = {name.lower(): name for name in ("ACH", "EFT", "SEPA", "card", "credit card", "debit card", "check", "cash", "wire")}
#: Printable to Unicode and blank to people: a name made of them would be no name at all.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


@dataclass(frozen=True)
class Words:
    """A company's way of writing amounts, days and moments: its locale and its calendar."""

    locale: str
    time_zone: ZoneInfo

    def money(self, amount_minor: int, currency: str) -> str:
        """(50000, "USD") is "$500.00": all decimals of the currency. An unknown currency is left in minor units."""
        try:
            symbol, point, comma = _signs(self.locale, currency)
        except ValueError:
            return f"{amount_minor} minor units of {plain(currency, 8) or 'an unnamed currency'}"
        whole, _, fraction = text_from_minor(abs(amount_minor), currency).partition(".")
        amount = f"{int(whole):,}".replace(",", comma) + (point + fraction if fraction else "")
        return f"{'-' if amount_minor < 0 else ''}{symbol}{amount}"

    def currency_sign(self, currency: str) -> str:
        """The currency's sign, "$" or "€". Raises ValueError for no currency."""
        return _signs(self.locale, currency)[0]

    def month(self, on: date) -> str:
        """The month of a day, "March 2026"."""
        return parse_pattern("MMMM y").apply(on, _calendar(self.locale)[0])

    def day(self, on: date | datetime) -> str:
        """A day, "Mar 3, 2026"; a moment is written as the company's calendar day."""
        if isinstance(on, datetime):
            on = day_of(on, self.time_zone)
        locale, day, _ = _calendar(self.locale)
        return day.apply(on, locale)

    def moment(self, at: datetime) -> str:
        """A moment on the company's clock, "Mar 3, 2026, 7:00 PM CST"."""
        here = at.astimezone(self.time_zone)
        locale, _, moment = _calendar(self.locale)
        zone = here.strftime("%Z")
        return f"{moment.apply(here, locale)} {zone if zone.isalpha() else f'UTC{zone}'}"


@cache
def _signs(locale: str, currency: str) -> tuple[str, str, str]:
    """The currency's sign, the decimal point and the separator of thousands. Raises ValueError for no currency."""
    decimals_of(currency)
    return get_currency_symbol(currency, locale), get_decimal_symbol(locale), get_group_symbol(locale)


@cache
def _calendar(name: str) -> tuple[Locale, DateTimePattern, DateTimePattern]:
    """The locale with its patterns for a day and for a moment, whose narrow spaces a terminal may not have."""
    locale = Locale.parse(name)
    day, hour = locale.date_formats["medium"].pattern, locale.time_formats["short"].pattern
    moment = locale.datetime_formats["medium"].replace("{1}", day).replace("{0}", hour).replace("\u202f", " ")
    return locale, parse_pattern(day), parse_pattern(moment)


def day_of(moment: datetime, time_zone: ZoneInfo) -> date:
    """The calendar day of a moment in a time zone: the only way from a moment to a day."""
    return moment.astimezone(time_zone).date()


def plain(text: str, at_most: int = NAME_AT_MOST) -> str:
    """Text from outside as one line of visible characters, cut with a mark when it is longer."""
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= at_most else shown[: at_most - 1] + "…"


def tender(method: str) -> str:
    """How money was handed over, in a sentence: "ACH", "check"; a name that we do not know as it is."""
    return _TENDERS.get(method.strip().lower(), plain(method, TENDER_AT_MOST))


def visible(line: str) -> str:
    """Control, direction-changing and blank characters as their code, so that nothing can forge a line or hide in one."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(letter if letter.isprintable() and letter not in _BLANK else f"\\u{ord(letter):04x}" for letter in line)


def listed(parts: Sequence[str], at_most: int | None = None, *, last: str = "and") -> str:
    """Things in a row: "a, b and c", or "a, b and 4 more" where only so many are named; a choice has "or" last. Nothing is ""."""
    shown = list(parts[:at_most])
    if len(shown) < len(parts):
        shown.append(f"{len(parts) - len(shown):,} more")
    return f" {last} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def counted(number: int, noun: str, plural: str = "") -> str:
    """(1, "payment") is "1 payment", (2, "payment") "2 payments"; a plural that is not noun and s is given."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def capitalized(sentence: str) -> str:
    """The first letter large, the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
