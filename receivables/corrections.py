"""The feed brings a known transaction number again: another spelling of the same payment, or a correction of it. Pure.

What is only written differently (capitals, punctuation, leading zeros, the order of invoices, a time where only the day was
known) is the same payment. Everything else is a difference, and a person says which record holds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from receivables.payment import Allocation, Payment
from receivables.reference_keys import key_of
from receivables.twins import second_of, spelled
from receivables.words import day_of

KEEP_OURS = "Keep our record"  # what dismissing a correction is called


class Differs(StrEnum):
    """In what two records of one payment really differ."""

    AMOUNT = "amount"
    CURRENCY = "currency"
    CUSTOMER = "customer"
    PAID_AT = "paid_at"
    METHOD = "method"
    INVOICES = "invoices"


@dataclass(frozen=True)
class Correction:
    """The feed's newer record of a payment that we hold, where it came from, and who imported it, if a person did.

    `apart` is what only seems to be another spelling: the books hold both as different documents.
    """

    payment: Payment
    source: str
    brought_by: str = ""
    apart: tuple[Differs, ...] = ()

    def differs_from(self, held: Payment, time_zone: ZoneInfo) -> tuple[Differs, ...]:
        """In what it really differs from the payment that we hold."""
        return tuple(dict.fromkeys([*differences(held, self.payment, time_zone), *self.apart]))


def differences(held: Payment, newer: Payment, time_zone: ZoneInfo) -> tuple[Differs, ...]:
    """In what the feed's newer record really differs from the payment that we hold, in the order in which it is told."""
    found = {
        Differs.AMOUNT: held.amount_minor != newer.amount_minor,
        Differs.CURRENCY: held.currency != newer.currency,
        Differs.CUSTOMER: not _same_customer(held, newer),
        Differs.PAID_AT: not _same_moment(held, newer, time_zone),
        Differs.METHOD: spelled(held.method) != spelled(newer.method),
        Differs.INVOICES: Counter(_parts(held)) != Counter(_parts(newer)),
    }
    return tuple(field for field, differs in found.items() if differs)


def other_period(held: Payment, newer: Payment, time_zone: ZoneInfo) -> bool:
    """Whether the newer record belongs to another month of the company's calendar."""
    before, after = day_of(held.paid_at, time_zone), day_of(newer.paid_at, time_zone)
    return (before.year, before.month) != (after.year, after.month)


def respelled(held: Payment, newer: Payment) -> Payment:
    """The payment that we hold as the newer record spells it; for two records that do not differ.

    What the newer one leaves out (the customer's id, the time of day) stays, and so does the order of the invoices.
    """
    spellings = list(newer.allocations)
    allocations: list[Allocation] = []
    for allocation in held.allocations:
        spelled = next((other for other in spellings if _part(other) == _part(allocation)), None)
        if spelled is not None:
            spellings.remove(spelled)
        allocations.append(spelled or allocation)
    timed = newer if newer.has_time and not held.has_time else held
    return replace(
        held,
        customer=newer.customer,
        customer_id=newer.customer_id or held.customer_id,
        method=newer.method,
        paid_at=timed.paid_at,
        has_time=timed.has_time,
        allocations=tuple(allocations),
    )


def whole_invoice(payment: Payment) -> str:
    """The one invoice that the whole payment is meant for, as it is named; "" where there is none, or several."""
    if len(payment.allocations) != 1 or payment.on_account_minor:
        return ""
    return invoice_name(payment.allocations[0])


def invoice_name(allocation: Allocation) -> str:
    """The invoice as the feed names it."""
    return allocation.invoice_number or f"#{allocation.invoice_id}"


def _same_customer(held: Payment, newer: Payment) -> bool:
    """An id names a customer exactly, whatever the name; where one record has none, the names tell."""
    if held.customer_id and newer.customer_id:
        return held.customer_id == newer.customer_id
    return spelled(held.customer) == spelled(newer.customer)


def _same_moment(held: Payment, newer: Payment, time_zone: ZoneInfo) -> bool:
    if held.has_time and newer.has_time:
        return second_of(held.paid_at) == second_of(newer.paid_at)
    return day_of(held.paid_at, time_zone) == day_of(newer.paid_at, time_zone)


def _parts(payment: Payment) -> list[tuple[str, str, int]]:
    """What is meant for which invoice. The amount counts by itself where the whole payment is for one invoice."""
    if whole_invoice(payment):
        return [(*_invoice(payment.allocations[0]), 0)]
    return [_part(allocation) for allocation in payment.allocations]


def _part(allocation: Allocation) -> tuple[str, str, int]:
    return (*_invoice(allocation), allocation.amount_minor)


def _invoice(allocation: Allocation) -> tuple[str, str]:
    return (key_of(allocation.invoice_number) or allocation.invoice_number, allocation.invoice_id)
