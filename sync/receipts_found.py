"""Receipts in the books that may be a payment's money or explain its invoices, and whose else they may be.

Decides; touches nothing but our own rows. One receipt entered by hand cannot be two payments: where another payment of
ours waits for the same money, or the reference names it, that is said beside the receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from receivables.books_records import Receipt
from receivables.company import Company
from receivables.effects import marker_stem, markers_in
from receivables.evidence import LineEvidence, ReceiptEvidence
from storage import mirror, payments
from storage.engine import Connection
from storage.payments import StoredPayment

MOST_WAITING = 2_000  # payments of the same few amounts; beyond this many an amount tells nothing anyway
MOST_NAMED = 500  # references asked for at once


@dataclass(frozen=True)
class Search:
    """Receipts of a batch's customers, with what our own rows say about them.

    `waiting` are payments not in the books that one entered by hand may be, `named` those that its reference names.
    """

    company: Company
    receipts: Sequence[Receipt]
    marked: Mapping[str, Sequence[Receipt]]  # by the stem of our markers
    claimed: Mapping[str, int]  # by receipt id: what dismissals rest on, in minor units
    waiting: Sequence[StoredPayment] = ()
    named: Mapping[str, StoredPayment] = field(default_factory=dict)


def with_others(connection: Connection, search: Search, batch: Sequence[StoredPayment]) -> Search:
    """The same with the other payments that its hand-made receipts with an amount of this batch may be. Two queries at most."""
    amounts = {stored.payment.amount_minor for stored in batch}
    alike = [receipt for receipt in search.receipts if receipt.amount_minor in amounts and not markers_in(receipt.memo)]
    if not alike:
        return search
    company = search.company.id
    references = sorted({receipt.reference.strip() for receipt in alike} - {""})[:MOST_NAMED]
    return replace(
        search,
        waiting=payments.not_in_books(connection, company, {receipt.amount_minor for receipt in alike}, limit=MOST_WAITING),
        named=payments.by_numbers(connection, company, references) if references else {},
    )


def of_payment(
    search: Search, stored: StoredPayment, lines: Sequence[LineEvidence], customers: set[str]
) -> tuple[ReceiptEvidence, ...]:
    """Receipts near the payment's day, on its invoices, or with its marker, in the order of their ids."""
    stem = marker_stem(search.company.id, stored.number)
    invoices = {line.invoice_id for line in lines if line.invoice_id}
    since, through = window(search.company, stored)
    found = {receipt.id: receipt for receipt in search.marked.get(stem, ())}
    for receipt in search.receipts:
        # One of ours for another payment is other money: it says something only where it stands on the same invoices.
        near = not markers_in(receipt.memo) and since <= receipt.received_on <= through
        on_its_invoices = any(line.invoice_id in invoices for line in receipt.lines)
        if receipt.customer_id in customers and not receipt.voided and (near or on_its_invoices):
            found[receipt.id] = receipt
    return tuple(
        ReceiptEvidence(
            receipt=receipt,
            ours=bool(markers_in(receipt.memo)),
            this_payment=any(mark.startswith(stem + ".") for mark in markers_in(receipt.memo)),
            claimed_minor=search.claimed.get(receipt.id, 0),
            rivals=_rivals(search, stored, receipt),
            names_payment=_named(search, stored, receipt),
        )
        for _, receipt in sorted(found.items())
    )


def window(company: Company, stored: StoredPayment) -> tuple[date, date]:
    """From which day through which day a receipt of this payment is searched for, whatever it stands on."""
    day, reach = company.day_of(stored.payment.paid_at), timedelta(days=company.hand_receipt_days)
    return day - reach, day + reach


def _rivals(search: Search, stored: StoredPayment, receipt: Receipt) -> tuple[str, ...]:
    """Other payments of the same customer, currency and amount near the receipt's day that are not in the books."""
    if markers_in(receipt.memo) or receipt.amount_minor != stored.payment.amount_minor:
        return ()
    return tuple(
        other.number
        for other in search.waiting
        if other.number != stored.number
        and (other.payment.amount_minor, other.payment.currency) == (receipt.amount_minor, receipt.currency)
        and _same_customer(stored, other)
        and window(search.company, other)[0] <= receipt.received_on <= window(search.company, other)[1]
    )


def _same_customer(stored: StoredPayment, other: StoredPayment) -> bool:
    ids = {stored.payment.customer_id, other.payment.customer_id}
    if "" not in ids:
        return len(ids) == 1
    return mirror.fold(stored.payment.customer) == mirror.fold(other.payment.customer)


def _named(search: Search, stored: StoredPayment, receipt: Receipt) -> str:
    """The other payment whose transaction number the reference is, or ""."""
    reference = receipt.reference.strip()
    return reference if reference in search.named and reference != stored.number else ""
