"""Which invoices of a customer may be in the place of one that a payment can no longer pay, the nearest first.

Only found here; `rules` says what each is worth, and a person may name any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.payment import Allocation, Payment

AT_MOST = 20  # beside those of the same number; more are read by nobody


def _drafts(invoices: Iterable[Invoice], number: str) -> list[Invoice]:
    """Those of the number of a lost one that are not issued yet: nothing is applied to them, and they are waited for."""
    return [invoice for invoice in invoices if invoice.status is InvoiceStatus.DRAFT and number and invoice.number == number]


def takes_money(invoice: Invoice | Gone | None) -> bool:
    """Whether a receipt can be, or is, applied to it."""
    return isinstance(invoice, Invoice) and invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)


@dataclass(frozen=True)
class Place:
    """Where an invoice is wanted: the line of a payment, the invoice that was `lost` there, and what that one was for."""

    payment: Payment
    allocation: Allocation
    lost: Invoice | Gone | None
    items: tuple[str, ...] = ()

    def same_items(self, invoice: Invoice) -> bool:
        return bool(self.items) and invoice.items == self.items


def place(payment: Payment, allocation: Allocation, lost: Invoice | Gone | None, seen: Invoice | None) -> Place:
    """`seen` is the lost one as it was seen last."""
    known = lost if isinstance(lost, Invoice) else seen
    return Place(payment, allocation, lost, known.items if known else ())


def nearest(of_customer: Iterable[Invoice], place: Place) -> set[str]:
    """The ids of those that are worth reading anew; `of_customer` are as last seen."""
    return {invoice.id for invoice in _nearest(of_customer, place)}


def of_line(of_customer: Sequence[Invoice], number: str, place: Place) -> tuple[Invoice, ...]:
    """Those of the same number, then those with the same lines, then the nearest, as the books hold them now."""
    payment = place.payment
    usable = [invoice for invoice in of_customer if takes_money(invoice) and invoice.currency == payment.currency]
    in_currency = [invoice for invoice in of_customer if invoice.currency == payment.currency]
    same_number = [invoice for invoice in usable if invoice.number == number] or _drafts(in_currency, number)
    others = [invoice for invoice in usable if invoice.number != number]
    found = [*same_number, *_nearest(others, place)]
    by_id = {invoice.id: invoice for invoice in found}

    def order(invoice: Invoice) -> tuple[bool, bool, datetime, str]:
        return invoice.number != number, not place.same_items(invoice), invoice.created.at, invoice.id

    return tuple(sorted(by_id.values(), key=order))


def _nearest(of_customer: Iterable[Invoice], place: Place) -> list[Invoice]:
    """Those of the amount that were made afterward, and in the place of a lost one every open one: of the amount first, then
    with the same lines, then by their distance in time.
    """
    payment, allocation, instead_of = place.payment, place.allocation, place.lost
    is_lost = isinstance(instead_of, Gone) or (isinstance(instead_of, Invoice) and instead_of.status is InvoiceStatus.VOIDED)
    lost_at = payment.paid_at
    if isinstance(instead_of, Gone) and instead_of.deleted is not None:
        lost_at = instead_of.deleted.at
    elif isinstance(instead_of, Invoice):
        lost_at = instead_of.changed.at

    def may_be(invoice: Invoice) -> bool:
        made_after = invoice.total_minor == allocation.amount_minor and invoice.created.at > payment.paid_at
        is_open = invoice.status is InvoiceStatus.OPEN and invoice.open_minor > 0
        return takes_money(invoice) and invoice.currency == payment.currency and (made_after or (is_open and is_lost))

    def distance(invoice: Invoice) -> tuple[bool, bool, float, str]:
        same = allocation.amount_minor in (invoice.open_minor, invoice.total_minor)
        return not same, not place.same_items(invoice), abs((invoice.created.at - lost_at).total_seconds()), invoice.id

    return sorted(filter(may_be, of_customer), key=distance)[:AT_MOST]
