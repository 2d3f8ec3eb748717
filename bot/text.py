"""Text for Slack: whatever stands in the books or in a file is shown as text and can be nothing else.

Everything that comes from outside goes into `plain_text` objects without emoji, where Slack parses no mention, link or
formatting; on top of that control and direction-changing characters are made visible and lengths are capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency

from receivables.money import text_from_minor

LOCALE = "en_US"
NAME_AT_MOST = 80  # a longer name hides what stands beside it
SECTION_AT_MOST = 3000
FIELD_AT_MOST = 2000
HEADER_AT_MOST = 150
BUTTON_AT_MOST = 75
OPTION_AT_MOST = 75
CONTEXT_AT_MOST = 2000
LISTED_AT_MOST = 6  # of many invoices; the story tells them all

Block = dict[str, Any]


def safe(text: str, at_most: int = NAME_AT_MOST) -> str:
    """One line of visible characters, cut with a mark when it is too long."""
    line = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in " ".join(text.split()))
    return cut(line, at_most)


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
    """A text object in which nothing is parsed. Slack refuses an empty one, so a dash stands for nothing."""
    return {"type": "plain_text", "text": cut(text, at_most) or "-", "emoji": False}


def field(label: str, value: str) -> Block:
    """A labelled value in a section's two columns."""
    return plain(f"{label}\n{value or '-'}", FIELD_AT_MOST)


def money(amount_minor: int, currency: str) -> str:
    """An amount as people write it: (50000, "USD") is "$500.00"."""
    return format_currency(Decimal(text_from_minor(amount_minor, currency)), currency, locale=LOCALE)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A moment in the company's own time zone."""
    return format_datetime(at, "d MMM y, HH:mm z", tzinfo=zone, locale=LOCALE)


def listed(names: Sequence[str], at_most: int = LISTED_AT_MOST) -> str:
    """A short list, saying how many more there are."""
    shown = [safe(name, 24) for name in names[:at_most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") or "none"
