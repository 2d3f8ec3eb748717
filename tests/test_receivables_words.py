"""Amounts, days, moments, lists and text from outside, as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from receivables.company import Company
from receivables.money import CURRENCIES, decimals_of, text_from_minor
from receivables.words import LOCALES, Words, capitalized, counted, day_of, listed, plain, visible

CHICAGO = ZoneInfo("America/Chicago")
US = Words("en_US", CHICAGO)
EVENING = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)  # March 3, 7 PM in Chicago

# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (50_000, "USD", "$500.00"),
        (-5, "USD", "-$0.05"),
        (123_456_789, "USD", "$1,234,567.89"),
        (500, "JPY", "¥500"),
        (1_234_567, "JPY", "¥1,234,567"),
        (1_234, "BHD", "BHD1.234"),
        (12_345, "CLF", "CLF1.2345"),
        (5, "XXX", "5 minor units of XXX"),
        (5, "", "5 minor units of an unnamed currency"),
        (99_999_999_999_999, "USD", "$999,999,999,999.99"),
    ],
)
def test_an_amount_has_every_decimal_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert text == US.money(minor, currency)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_no_currency_is_rounded_and_each_is_written_as_babel_writes_it(currency: str, locale: str) -> None:
    decimals = decimals_of(currency)
    pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
    for minor in (0, 1, -1, 99, 12_345, -1_234_567, 99_999_999_999_999):
        amount = Decimal(text_from_minor(minor, currency))
        expected = format_currency(amount, currency, format=pattern, locale=locale, currency_digits=False)
        assert expected == Words(locale, CHICAGO).money(minor, currency)


@pytest.mark.parametrize("currency", "AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER".split())
def test_what_shops_round_away_is_written(currency: str) -> None:
    digits = "1.5" + "0" * (decimals_of(currency) - 1)
    assert US.money(15 * 10 ** (decimals_of(currency) - 1), currency).endswith(digits)


@pytest.mark.parametrize(
    ("locale", "dollars"), [("en_US", "$1.00"), ("en_GB", "US$1.00"), ("en_CA", "US$1.00"), ("en_AU", "USD1.00")]
)
def test_the_same_dollars_in_each_locale(locale: str, dollars: str) -> None:
    assert dollars == Words(locale, CHICAGO).money(100, "USD")


# --- days and moments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "day", "moment"),
    [
        ("en_US", "Mar 3, 2026", "Mar 3, 2026, 7:00 PM CST"),
        ("en_GB", "3 Mar 2026", "3 Mar 2026, 19:00 CST"),
        ("en_CA", "Mar 3, 2026", "Mar 3, 2026, 7:00 p.m. CST"),
        ("en_AU", "3 Mar 2026", "3 Mar 2026, 7:00 pm CST"),
    ],
)
def test_a_moment_is_on_the_companys_calendar_and_clock(locale: str, day: str, moment: str) -> None:
    words = Words(locale, CHICAGO)
    assert (day, day, moment) == (words.day(EVENING), words.day(date(2026, 3, 3)), words.moment(EVENING))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_moment_is_printable(locale: str) -> None:
    assert Words(locale, CHICAGO).moment(EVENING).isprintable()


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 8, 7, 59, tzinfo=UTC), "Mar 8, 2026, 1:59 AM CST"),
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), "Mar 8, 2026, 3:00 AM CDT"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "Nov 1, 2026, 1:30 AM CDT"),
        (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), "Nov 1, 2026, 1:30 AM CST"),
        (datetime(2026, 1, 1, 5, 59, tzinfo=UTC), "Dec 31, 2025, 11:59 PM CST"),
        (datetime(2026, 1, 1, 18, 0, tzinfo=UTC), "Jan 1, 2026, 12:00 PM CST"),
    ],
)
def test_the_hour_says_on_which_side_of_a_clock_change_it_is(at: datetime, text: str) -> None:
    assert text == US.moment(at)


@pytest.mark.parametrize(
    ("zone", "name"),
    [("UTC", "UTC"), ("Australia/Sydney", "AEDT"), ("America/Sao_Paulo", "UTC-03"), ("Asia/Kathmandu", "UTC+0545")],
)
def test_a_zone_without_a_name_is_its_distance_from_utc(zone: str, name: str) -> None:
    assert name == Words("en_US", ZoneInfo(zone)).moment(EVENING).split()[-1]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 8, 5, 59, tzinfo=UTC), date(2026, 3, 7)),  # the day of 23 hours begins at 6 and ends at 5 UTC
        (datetime(2026, 3, 8, 6, 0, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, 59, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 5, 0, tzinfo=UTC), date(2026, 3, 9)),
        (datetime(2026, 11, 1, 5, 0, tzinfo=UTC), date(2026, 11, 1)),  # the day of 25 hours
        (datetime(2026, 11, 2, 5, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 6, 0, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_days_follow_the_companys_clock_where_it_changes(at: datetime, day: date) -> None:
    company = Company("acme", "Acme", CHICAGO, date(2026, 1, 1))
    assert (day, day) == (day_of(at, CHICAGO), company.day_of(at))


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hooli", "Hooli"),
        ("  two\n lines\tand more ", "two lines and more"),
        ("right\u202eto left", "right\\u202eto left"),
        ("mark\u200fed", "mark\\u200fed"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u3164", "\\u3164"),
        ("bell\x07", "bell\\u0007"),
        ("\ud800", "\\ud800"),
        ("Müller & Söhne 株式会社 🏦", "Müller & Söhne 株式会社 🏦"),
        ("", ""),
    ],
)
def test_text_from_outside_is_one_line_that_hides_nothing(text: str, shown: str) -> None:
    assert shown == plain(text)


@given(text=st.text(max_size=200), at_most=st.integers(1, 100))
def test_plain_text_is_printable_and_short(text: str, at_most: int) -> None:
    shown = plain(text, at_most)
    assert shown.isprintable()
    assert len(shown) <= at_most
    assert shown == plain(shown, at_most)


def test_a_long_name_is_cut_with_a_mark() -> None:
    assert ("x" * 80, "x" * 79 + "…", "xx…") == (plain("x" * 80), plain("x" * 81), plain("xxxx", 3))


def test_visible_text_keeps_its_spaces() -> None:
    assert "a  b\\u000a" == visible("a  b\n")


@pytest.mark.parametrize(
    ("parts", "at_most", "text"),
    [
        ([], None, ""),
        (["a"], None, "a"),
        (["a", "b"], None, "a and b"),
        (["a", "b", "c"], None, "a, b and c"),
        (["a", "b", "c"], 3, "a, b and c"),
        (["a", "b", "c", "d"], 2, "a, b and 2 more"),
    ],
)
def test_things_in_a_row(parts: list[str], at_most: int | None, text: str) -> None:
    assert text == listed(parts, at_most)


def test_counts_and_first_letters() -> None:
    assert ["0 payments", "1 payment", "2 payments", "1,200 payments"] == [counted(n, "payment") for n in (0, 1, 2, 1_200)]
    assert ["1 entry", "2 entries"] == [counted(n, "entry", "entries") for n in (1, 2)]
    assert ("Invoice 1042", "") == (capitalized("invoice 1042"), capitalized(""))
