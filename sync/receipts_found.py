"""Receipts in the books that may be a payment's money or explain its invoices, and whose else they may be.

Decides; touches nothing but our own rows. One receipt entered by hand cannot be two payments: where another payment of
ours waits for the same money, or the reference names it, that is said beside the receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
class Others:
    """Other payments that a receipt entered by hand may be: those not in the books, and those its reference names."""

    waiting: Sequence[StoredPayment] = ()
    named: Mapping[str, StoredPayment] = field(default_factory=dict)


def others(connection: Connection, company: str, batch: Sequence[StoredPayment], receipts: Sequence[Receipt]) -> Others:
    """What our own rows say about the hand-made receipts that have an amount of this batch. Two queries at most."""
    amounts = {stored.payment.amount_minor for stored in batch}
    alike = [one for one in receipts if one.amount_minor in amounts and not markers_in(one.memo)]
    if not alike:
        return Others()
    references = sorted({one.reference.strip() for one in alike} - {""})[:MOST_NAMED]
    return Others(
        payments.not_in_books(connection, company, {one.amount_minor for one in alike}, limit=MOST_WAITING),
        payments.by_numbers(connection, company, references) if references else {},
    )


def of_payment(
    company: Company,
    stored: StoredPayment,
    lines: Sequence[LineEvidence],
    customers: set[str],
    receipts: Sequence[Receipt],
    marked: Sequence[Receipt],
    claimed: Mapping[str, int],
    known: Others,
) -> tuple[ReceiptEvidence, ...]:
    """Receipts near the payment's day, on its invoices, or with its marker, in the order of their ids."""
    stem = marker_stem(company.id, stored.number)
    invoices = {line.invoice_id for line in lines if line.invoice_id}
    since, through = window(company, stored)
    found = {one.id: one for one in marked}
    for one in receipts:
        # One of ours for another payment is other money: it says something only where it stands on the same invoices.
        near = not markers_in(one.memo) and since <= one.received_on <= through
        if one.customer_id in customers and not one.voided and (near or any(line.invoice_id in invoices for line in one.lines)):
            found[one.id] = one
    return tuple(
        ReceiptEvidence(
            receipt=one,
            ours=bool(markers_in(one.memo)),
            this_payment=any(mark.startswith(stem + ".") for mark in markers_in(one.memo)),
            claimed_minor=claimed.get(one.id, 0),
            rivals=_rivals(company, stored, one, known),
            names_payment=_named(stored, one, known),
        )
        for one in sorted(found.values(), key=lambda one: one.id)
    )


def window(company: Company, stored: StoredPayment) -> tuple[date, date]:
    """From which day through which day a receipt of this payment is searched for, whatever it stands on."""
    day, reach = company.day_of(stored.payment.paid_at), timedelta(days=company.hand_receipt_days)
    return day - reach, day + reach


def _rivals(company: Company, stored: StoredPayment, receipt: Receipt, known: Others) -> tuple[str, ...]:
    """Other payments of the same customer, currency and amount near the receipt's day that are not in the books."""
    if markers_in(receipt.memo) or receipt.amount_minor != stored.payment.amount_minor:
        return ()
    return tuple(
        other.number
        for other in known.waiting
        if other.number != stored.number
        and (other.payment.amount_minor, other.payment.currency) == (receipt.amount_minor, receipt.currency)
        and _same_customer(stored, other)
        and window(company, other)[0] <= receipt.received_on <= window(company, other)[1]
    )


def _same_customer(one: StoredPayment, other: StoredPayment) -> bool:
    ids = {one.payment.customer_id, other.payment.customer_id}
    if "" not in ids:
        return len(ids) == 1
    return mirror.fold(one.payment.customer) == mirror.fold(other.payment.customer)


def _named(stored: StoredPayment, receipt: Receipt, known: Others) -> str:
    """The other payment whose transaction number the reference is, or ""."""
    reference = receipt.reference.strip()
    return reference if reference in known.named and reference != stored.number else ""
