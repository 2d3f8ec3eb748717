"""Money: integers of minor units with an ISO 4217 currency, and text only at the edges.

No float ever. Amounts enter as plain ASCII text of one to twelve digits with at most the decimals
the currency has, because `json`, `Decimal` and pydantic all accept forms (`1e3`, `NaN`, full-width
digits, `1_000`) that a bank statement never means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# ISO 4217 active codes by number of decimals; everything not listed by another number has two.
_DECIMALS_0 = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())
_DECIMALS_3 = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_DECIMALS_4 = frozenset("CLF UYW".split())
_DECIMALS_2 = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG
    YER ZAR ZMW ZWG""".split()
)
CURRENCIES = _DECIMALS_0 | _DECIMALS_2 | _DECIMALS_3 | _DECIMALS_4

LARGEST_FEE_PERCENT = 6  # of a payment: what a card or a collection costs at most; more is another amount
LEAST_FEE_MINOR = 2  # nothing charges less: a cent is a slip of the keyboard, or a rounding
LARGEST_WHOLE_DIGITS = 12  # twelve digits before the point hold any invoice and stay exact everywhere

_WHOLE = f"[0-9]{{1,{LARGEST_WHOLE_DIGITS}}}"
_AMOUNTS = {  # by the number of decimals
    0: re.compile(_WHOLE, re.ASCII),
    **{decimals: re.compile(rf"{_WHOLE}(\.[0-9]{{1,{decimals}}})?", re.ASCII) for decimals in (2, 3, 4)},
}


def decimals_of(currency: str) -> int:
    """How many decimals the currency has (ISO 4217). Raises ValueError for a code that is not a currency."""
    if currency in _DECIMALS_2:
        return 2
    if currency in _DECIMALS_0:
        return 0
    if currency in _DECIMALS_3:
        return 3
    if currency in _DECIMALS_4:
        return 4
    raise ValueError(f"{currency!r} is not an ISO 4217 currency code such as USD or EUR")


def minor_from_text(text: str, currency: str) -> int:
    """The amount in minor units: ("12.50", "USD") is 1250. Raises ValueError saying what is wrong.

    Never negative and never signed; zero is allowed here, callers that need a positive amount say so.
    """
    decimals = decimals_of(currency)
    if not _AMOUNTS[decimals].fullmatch(text):
        example = "1250" if decimals == 0 else "1250." + "0" * decimals
        places = "no decimals" if decimals == 0 else f"at most {decimals} decimals"
        raise ValueError(f"{text!r} is not an amount in {currency}; write plain digits with {places}, such as {example}")
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(decimals, "0"))


def text_from_minor(amount_minor: int, currency: str) -> str:
    """Plain text of an amount, the inverse of `minor_from_text`: (1250, "USD") is "12.50". Signs are kept."""
    decimals = decimals_of(currency)
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(decimals + 1, "0")
    return sign + (digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}")


def minor_by_currency(amounts: Mapping[str, str]) -> dict[str, int]:
    """Amounts as they are written, by currency, in minor units. Raises ValueError as `minor_from_text` does."""
    return {currency: minor_from_text(amount, currency) for currency, amount in amounts.items()}
