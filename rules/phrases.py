"""Money, days, documents and people as they are written in a sentence. American English, no rounding, one place."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency

from receivables.books_records import CreditApplication, Receipt, Stamp
from receivables.money import decimals_of, text_from_minor
from rules.invoice_lines import LineReading

LOCALE = "en_US"
LONGEST_NAME = 80  # a name in the books may be a page long; a sentence is not


def money(amount_minor: int, currency: str) -> str:
    """(50000, "USD") is "$500.00". Always all decimals of the currency, because babel's own table rounds some away."""
    try:
        decimals = decimals_of(currency)
    except ValueError:
        return f"{amount_minor} minor units of {plain(currency) or 'an unnamed currency'}"
    pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
    amount = Decimal(text_from_minor(amount_minor, currency))
    return format_currency(amount, currency, format=pattern, locale=LOCALE, currency_digits=False)


def day(moment: date | datetime) -> str:
    """A day as 4 Mar 2026; a moment is written as its day in UTC."""
    return format_date(moment, "d MMM y", locale=LOCALE)


def plain(text: str) -> str:
    """Text from the books on one line, without control characters, at most 80 characters."""
    shown = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"


def person(stamp: Stamp | None) -> str:
    """The books' own name for whoever did something, or "somebody"."""
    return (plain(stamp.person) if stamp is not None else "") or "somebody"


def invoice(line: LineReading) -> str:
    """The word invoice and its number, as people look for it."""
    shown = plain(line.number) or plain(line.invoice_key.removeprefix("#"))
    return f"invoice {shown}"


def credit_memo(credit: CreditApplication) -> str:
    return f"credit memo {plain(credit.credit_memo_number) or plain(credit.credit_memo_id)}"


def receipt(found: Receipt) -> str:
    return f"receipt {plain(found.number) or plain(found.id)}"


def listed(parts: list[str]) -> str:
    """One, two or more things in a row: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def capitalised(sentence: str) -> str:
    """The first letter large, the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
