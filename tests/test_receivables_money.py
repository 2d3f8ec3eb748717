"""Money is whole minor units; text becomes money only in one plain form."""

from __future__ import annotations

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from receivables.money import CURRENCIES, decimals_of, minor_from_text, text_from_minor

EVERY_CURRENCY = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("12.5", "USD", 1250),
        ("12", "USD", 1200),
        ("0", "USD", 0),
        ("0.01", "EUR", 1),
        ("007.00", "EUR", 700),
        ("999999999999.99", "USD", 99_999_999_999_999),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.2", "KWD", 1200),
        ("1.2345", "CLF", 12345),
    ],
)
def test_plain_digits_become_minor_units(text: str, currency: str, minor: int) -> None:
    assert minor == minor_from_text(text, currency)


REFUSED = [
    *(
        "NaN",
        "nan",
        "sNaN",
        "Infinity",
        "-inf",
        "1e400",
        "-0.00",
        "-1",
        "+1",
        "1e3",
        "1E3",
        "1_000",
        "1,000",
        "1'000",
        "1.000,00",
    ),
    *(" 10 ", " 10", "10 ", "10\n", "\t10", "１０.00", "٣", "१", "Ⅻ", "½", "²", "0x10", "0b1", "0o7", "1" * 40, "1" * 13),
    *(
        "1.234",
        "1.",
        ".5",
        ".",
        "",
        " ",
        "1.2.3",
        "1..2",
        "$5",
        "5 USD",
        "(5)",
        "5-",
        "5%",
        "1/2",
        "10\x00",
        "1\u200b0",
        "−5",
        "abc",
    ),
]


@pytest.mark.parametrize("text", REFUSED)
def test_no_other_form_is_money(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount in USD"):
        minor_from_text(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency"), [("1.0", "JPY"), ("1.00", "KRW"), ("1.2345", "KWD"), ("1.23456", "CLF"), ("1.001", "EUR")]
)
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals, such as"):
        minor_from_text(text, currency)


@pytest.mark.parametrize("code", ["usd", "Usd", "XXX", "XTS", "", "US", "USDT", "ＵＳＤ", " USD", "USD\n", "BTC", "XAU"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        decimals_of(code)
    with pytest.raises(ValueError, match="ISO 4217"):
        minor_from_text("1", code)


#: Where Babel follows what is customary in shops rather than ISO 4217, which invoices and banks follow.
CUSTOM_DIFFERS = frozenset("AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER".split())


def test_decimals_agree_with_an_independent_table() -> None:
    assert {} == {
        code: (decimals_of(code), get_currency_precision(code))
        for code in CURRENCIES - CUSTOM_DIFFERS
        if decimals_of(code) != get_currency_precision(code)
    }


@given(currency=EVERY_CURRENCY, data=st.data())
def test_money_comes_back_from_its_text(currency: str, data: st.DataObject) -> None:
    minor = data.draw(st.integers(0, 10 ** (12 + decimals_of(currency)) - 1))
    assert minor == minor_from_text(text_from_minor(minor, currency), currency)


@given(currency=EVERY_CURRENCY, minor=st.integers(-(10**15), 10**15))
def test_text_keeps_sign_and_every_digit(currency: str, minor: int) -> None:
    text = text_from_minor(minor, currency)
    whole, _, fraction = text.partition(".")
    assert decimals_of(currency) == len(fraction)
    assert minor == int(whole + fraction)
    assert (minor < 0) == text.startswith("-")


def test_each_currency_comes_back_at_its_edges() -> None:
    for currency in CURRENCIES:
        largest = 10 ** (12 + decimals_of(currency)) - 1
        for minor in (0, 1, 9, 10, 99, 100, 101, largest):
            assert minor == minor_from_text(text_from_minor(minor, currency), currency)
        with pytest.raises(ValueError, match="not an amount"):
            minor_from_text(text_from_minor(largest + 1, currency), currency)


@given(text=st.text(max_size=30) | st.from_regex(r"[-+ 0-9.,eE_x]{0,18}", fullmatch=True), currency=EVERY_CURRENCY)
def test_any_text_is_money_or_a_value_error(text: str, currency: str) -> None:
    try:
        minor = minor_from_text(text, currency)
    except ValueError:
        return
    assert text.isascii()
    assert set(text) <= set("0123456789.")
    assert 0 <= minor < 10 ** (12 + decimals_of(currency))
    whole, _, fraction = text.partition(".")
    assert text_from_minor(minor, currency).partition(".")[0] == str(int(whole))
    assert text_from_minor(minor, currency).partition(".")[2].rstrip("0") == fraction.rstrip("0")
