"""Why QuickBooks did not take something, where its own answer leaves that open: found by reading what the writes named.

"Something you're trying to use" may be the customer, the deposit account or an invoice. Reads once for all refused
orders of a dispatch; when a read fails, the refusals stay as vague as QuickBooks gave them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from receivables.books_records import Customer, Gone, Invoice, InvoiceStatus
from receivables.effects import (
    ApplyCredit,
    ApplyReceipt,
    Order,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
)
from receivables.errors import BooksError, BooksRefused
from receivables.refusal import Refusal

_LEFT_OPEN = frozenset({Refusal.REFERENCE_GONE, Refusal.REFERENCE_INACTIVE, Refusal.NOT_LINKABLE})


@dataclass(frozen=True)
class Reads:
    """How to read what orders name; an account is named by its name or its id."""

    invoices: Callable[[Collection[str]], Mapping[str, Invoice | Gone]]
    customers: Callable[[Collection[str]], Mapping[str, Customer | Gone]]
    active_accounts: Callable[[Collection[str]], Collection[str]]


@dataclass(frozen=True)
class _Named:
    """Everything that the refused orders name, as the books hold it now."""

    invoices: Mapping[str, Invoice | Gone]
    customers: Mapping[str, Customer | Gone]
    active_accounts: Collection[str]


def explained(refusals: Mapping[int, tuple[Order, BooksRefused]], reads: Reads) -> dict[int, BooksRefused]:
    """The refusals, each as exactly as reading can tell it; the vendor's detail is kept."""
    told = {place: refusal for place, (_, refusal) in refusals.items()}
    left_open = {place: order for place, (order, refusal) in refusals.items() if refusal.refusal in _LEFT_OPEN}
    if not left_open:
        return told
    try:
        named = _read(left_open.values(), reads)
    except BooksError:
        return told
    for place, order in left_open.items():
        for refusal, message in _wrong(order, named):
            told[place] = BooksRefused(message, refusal, told[place].vendor_code, told[place].vendor_detail)
            break  # the first is the worst
    return told


def _read(orders: Collection[Order], reads: Reads) -> _Named:
    receipts = [order.write for order in orders if isinstance(order.write, ReceiptWrite)]
    return _Named(
        invoices=reads.invoices({invoice_id for order in orders for invoice_id in _invoices_of(order)}),
        customers=reads.customers({write.customer_id for write in receipts}),
        active_accounts=reads.active_accounts({write.deposit_account for write in receipts} - {""}),
    )


def _wrong(order: Order, named: _Named) -> Iterator[tuple[Refusal, str]]:
    """What is wrong with the documents that the order names, worst first."""
    for invoice_id in _invoices_of(order):
        yield from _wrong_invoice(order, named.invoices[invoice_id])
    write = order.write
    if isinstance(write, ReceiptWrite):
        customer = named.customers[write.customer_id]
        if isinstance(customer, Gone):
            yield Refusal.DOCUMENT_GONE, "The customer is no longer in QuickBooks."
        elif not customer.active:
            yield Refusal.CUSTOMER_INACTIVE, f"The customer {customer.name} is inactive in QuickBooks."
        if write.deposit_account and write.deposit_account not in named.active_accounts:
            yield Refusal.ACCOUNT_INACTIVE, f"The account {write.deposit_account} is not active in QuickBooks."


def _wrong_invoice(order: Order, invoice: Invoice | Gone) -> Iterator[tuple[Refusal, str]]:
    write = order.write
    if isinstance(invoice, Gone):
        yield Refusal.DOCUMENT_GONE, "An invoice of this payment was deleted in QuickBooks."
    elif invoice.status in (InvoiceStatus.VOIDED, InvoiceStatus.DRAFT):
        yield Refusal.INVOICE_NOT_OPEN, f"Invoice {invoice.number} is not open in QuickBooks."
    elif isinstance(write, ReceiptWrite) and invoice.customer_id != write.customer_id:
        yield Refusal.CUSTOMER_MISMATCH, f"Invoice {invoice.number} belongs to another customer."
    elif isinstance(write, ReceiptWrite) and invoice.currency != write.currency:
        yield Refusal.CURRENCY_MISMATCH, f"Invoice {invoice.number} is in {invoice.currency}."


def _invoices_of(order: Order) -> list[str]:
    match order.write:
        case ReceiptWrite(lines=lines) | ApplyReceipt(lines=lines):
            return [line.invoice_id for line in lines]
        case ApplyCredit(invoice_id=invoice_id) | UnapplyCredit(invoice_id=invoice_id):
            return [invoice_id]
        case RecordReturn() | VoidReceipt() | VoidCredit():
            return []
