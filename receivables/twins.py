"""Two payments that are probably one: when what came later is held for a person, and what is said of it. Pure.

A spreadsheet that was saved again drops the zeros of a number, and a second feed gives the same money a number of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from receivables.payment import Allocation, Payment
from receivables.reference_keys import key_of, words_of
from receivables.words import day_of


class Alike(StrEnum):
    """What makes two payments probably one."""

    NUMBER = "number"  # their numbers differ only in form
    MOMENT = "moment"  # all but the number is the same, down to the second


class Settled(StrEnum):
    """What a person said of a twin."""

    DISMISSED = "dismissed"  # it is the other payment again
    NOT_DUPLICATE = "not_duplicate"  # it is other money


@dataclass(frozen=True)
class Twin:
    """The payment that was there before, as a person is shown it."""

    number: str
    alike: Alike
    customer: str
    amount_minor: int
    currency: str
    paid_at: datetime
    has_time: bool


def alike(payment: Payment, other: Payment, time_zone: ZoneInfo) -> Alike | None:
    """Why these two are probably one payment; None where nothing says so.

    The form of a number is its case, its leading zeros, its separators and the script of its digits: no portal tells two
    payments of one customer, one amount and one day apart by these.
    """
    if (payment.amount_minor, payment.currency) != (other.amount_minor, other.currency):
        return None
    if payment.transaction_number == other.transaction_number or not _same_customer(payment, other):
        return None
    key = key_of(payment.transaction_number)
    if key and key == key_of(other.transaction_number) and day_of(payment.paid_at, time_zone) == day_of(other.paid_at, time_zone):
        return Alike.NUMBER
    same_moment = payment.has_time and other.has_time and second_of(payment.paid_at) == second_of(other.paid_at)
    if same_moment and folded(payment.method) == folded(other.method) and _same_invoices(payment, other):
        return Alike.MOMENT
    return None


def second_of(moment: datetime) -> datetime:
    """The second in which it lies: one feed gives fractions of it, and another none."""
    return moment.replace(microsecond=0)


def _same_customer(payment: Payment, other: Payment) -> bool:
    if payment.customer_id and other.customer_id:
        return payment.customer_id == other.customer_id
    return spelled(payment.customer) == spelled(other.customer)


def _same_invoices(payment: Payment, other: Payment) -> bool:
    """Whether both are meant for the same invoices; where one names an id and the other a number, the amounts tell."""
    mine, others = list(payment.allocations), list(other.allocations)
    if len(mine) != len(others):
        return False
    for allocation in mine:
        found = next((candidate for candidate in others if _same_invoice(allocation, candidate)), None)
        if found is None:
            return False
        others.remove(found)
    return True


def _same_invoice(mine: Allocation, other: Allocation) -> bool:
    if mine.amount_minor != other.amount_minor:
        return False
    if mine.invoice_id and other.invoice_id:
        return mine.invoice_id == other.invoice_id
    if mine.invoice_number and other.invoice_number:
        return _form_of(mine.invoice_number) == _form_of(other.invoice_number)
    return True


def _form_of(number: str) -> str:
    return key_of(number) or number


def spelled(text: str) -> str:
    """A name without case, punctuation and width; one that is nothing but punctuation as it stands."""
    return " ".join(words_of(text)) or folded(text)


def folded(text: str) -> str:
    """A name as compared everywhere: without case and surplus spaces, at most 200 characters of it."""
    return " ".join(text.split()).casefold()[:200]
