"""Stripe's amounts as minor units: not every currency has as many decimals there as in ISO 4217.

Source: Stripe's own page on supported currencies, sections on zero-decimal and special currencies. An amount that is
no whole number of the currency's own minor units is refused, never rounded.
"""

from __future__ import annotations

from receivables.money import decimals_of

#: Where Stripe's decimals differ from the currency's own: krónur and Ugandan shillings keep two for old programs' sake.
_DECIMALS_AT_STRIPE = {"ISK": 2, "UGX": 2, "MGA": 0}


def minor_of(amount: int, currency: str) -> int:
    """Minor units (ISO 4217) of an amount as Stripe writes it: (500, "ISK") is 5. Raises ValueError with what is wrong."""
    decimals = decimals_of(currency)
    if not isinstance(amount, int) or amount < 0:
        raise ValueError(f"{amount!r} is not an amount")
    at_stripe = _DECIMALS_AT_STRIPE.get(currency, decimals)
    if at_stripe <= decimals:
        return amount * int(10 ** (decimals - at_stripe))
    whole, rest = divmod(amount, int(10 ** (at_stripe - decimals)))
    if rest:
        raise ValueError(f"{amount} is a fraction of the smallest unit of {currency}")
    return whole
