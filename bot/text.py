"""Text for Slack: whatever stands in the books or in a file is shown as text and can be nothing else.

Everything that comes from outside goes into `plain_text` objects without emoji, where Slack parses no mention, link or
formatting; on top of that control and direction-changing characters are made visible and lengths are capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

from receivables.money import decimals_of, text_from_minor

LOCALE = "en_US"
NAME_AT_MOST = 80  # a longer name hides what stands beside it
SECTION_AT_MOST = 3000
FIELD_AT_MOST = 2000
HEADER_AT_MOST = 150
BUTTON_AT_MOST = 75
OPTION_AT_MOST = 75
CONTEXT_AT_MOST = 2000
FALLBACK_AT_MOST = 600  # escaping makes a character up to five: 3,000 in all
LISTED_AT_MOST = 6  # of many invoices; the story tells them all

Block = dict[str, Any]


#: Printable to Unicode and blank to people: a name made of them would be no name at all.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def safe(text: str, at_most: int = NAME_AT_MOST) -> str:
    """One line of visible characters, cut with a mark when it is too long."""
    return cut(_visible(" ".join(text.split())), at_most)


def _visible(line: str) -> str:
    return "".join(one if one.isprintable() and one not in _BLANK else f"\\u{ord(one):04x}" for one in line)


def cut(text: str, at_most: int) -> str:
    """The text, or its beginning and a mark. Length as Slack counts it, in UTF-16 units."""
    if _length(text) <= at_most:
        return text
    kept = text[: at_most - 1]
    while _length(kept) > at_most - 1:
        kept = kept[:-1]
    return kept + "…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(text: str, at_most: int = SECTION_AT_MOST) -> Block:
    """A text object in which nothing is parsed. Slack refuses an empty one, so a dash stands for nothing.

    Line ends are ours, because `safe` leaves none in what comes from outside.
    """
    visible = "\n".join(_visible(line) for line in text.split("\n"))
    return {"type": "plain_text", "text": cut(visible, at_most) or "-", "emoji": False}


def row(label: str, value: str) -> list[Block]:
    """Two fields of a section that stand beside each other. The label is a word of ours, so it may be bold."""
    return [{"type": "mrkdwn", "text": f"*{label}*", "verbatim": True}, plain(value, FIELD_AT_MOST)]


def fallback(text: str) -> str:
    """The text beside the blocks, for notifications. Slack parses this one, so what it would parse is escaped."""
    shown = cut(_visible(" ".join(text.split())), FALLBACK_AT_MOST)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def money(amount_minor: int, currency: str) -> str:
    """An amount as people write it: (50000, "USD") is "$500.00". All decimals that the currency has, none rounded away."""
    try:
        decimals = decimals_of(currency)
    except ValueError:
        return f"{amount_minor} minor units of {safe(currency, 8) or 'an unnamed currency'}"
    pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
    amount = Decimal(text_from_minor(amount_minor, currency))
    return format_currency(amount, currency, format=pattern, locale=LOCALE, currency_digits=False)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A moment in the company's own time zone."""
    return format_datetime(at, "d MMM y, HH:mm z", tzinfo=zone, locale=LOCALE)


def day(on: date) -> str:
    """A day as it stands in the books."""
    return format_date(on, "d MMM y", locale=LOCALE)


def listed(names: Sequence[str], at_most: int = LISTED_AT_MOST) -> str:
    """A short list, saying how many more there are."""
    shown = [safe(name, 24) for name in names[:at_most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") or "none"
