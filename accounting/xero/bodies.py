"""What is sent to Xero for each kind of write, and which writes it cannot take: pure, nothing is asked or sent.

One payment is applied to one invoice. Money for no invoice becomes an overpayment, received as a bank transaction. The
marker stands first in the reference, before the transaction number that people look for. Raises BooksRefused, in words,
for what Xero has no single document for.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from accounting.xero.wire import amount, is_identity
from receivables.effects import Order, ReceiptWrite
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

LONGEST_REFERENCE = 255  # nobody documents the limit; what is cut off is the end, never the marker
LONGEST_DESCRIPTION = 4000

Body = dict[str, object]


def payment(order: Order, write: ReceiptWrite, default_account: str) -> Body:
    """The element of PUT /Payments for a receipt on one invoice. `IsReconciled` is never sent: the bank is not ours."""
    if len(write.lines) != 1 or write.lines[0].amount_minor != write.amount_minor:
        raise _invalid("In Xero one payment is applied to one invoice, in full.")
    return {
        "Invoice": {"InvoiceID": _identity(write.lines[0].invoice_id, "invoice")},
        "Account": _account(write, default_account),
        "Date": write.received_on.isoformat(),
        "Amount": _amount(write.amount_minor, write.currency),
        "Reference": reference(order.marker, write.reference),
    }


def overpayment(order: Order, write: ReceiptWrite, default_account: str) -> Body:
    """The element of PUT /BankTransactions for money on account. The marker stands in its only line too."""
    noted = reference(order.marker, write.reference)
    return {
        "Type": "RECEIVE-OVERPAYMENT",
        "Contact": {"ContactID": _identity(write.customer_id, "customer")},
        "BankAccount": _account(write, default_account),
        "Date": write.received_on.isoformat(),
        "CurrencyCode": write.currency,
        "LineAmountTypes": "NoTax",
        "Reference": noted,
        "LineItems": [
            {
                "Description": f"{noted} | {write.memo}"[:LONGEST_DESCRIPTION],
                "Quantity": 1,
                "UnitAmount": _amount(write.amount_minor, write.currency),
            }
        ],
    }


def allocation(invoice_id: str, amount_minor: int, currency: str, on: date) -> Body:
    """The body of PUT …/Allocations, for credit notes, overpayments and prepayments alike."""
    return {
        "Allocations": [
            {
                "Invoice": {"InvoiceID": _identity(invoice_id, "invoice")},
                "Amount": _amount(amount_minor, currency),
                "Date": on.isoformat(),
            }
        ]
    }


def reference(marker: str, transaction_number: str) -> str:
    return f"{marker} | {transaction_number}"[:LONGEST_REFERENCE]


def _account(write: ReceiptWrite, default_account: str) -> Body:
    account = write.deposit_account or default_account
    if not account:
        raise BooksRefused("Xero needs a deposit account. Set one for this company.", Refusal.ACCOUNT_INACTIVE)
    return {"AccountID": account.lower()} if is_identity(account.lower()) else {"Code": account}


def _identity(document_id: str, what: str) -> str:
    if not is_identity(document_id):
        raise BooksRefused(f"Xero has no {what} #{document_id}.", Refusal.NOT_FOUND)
    return document_id


def _amount(amount_minor: int, currency: str) -> Decimal:
    try:
        return amount(amount_minor, currency)
    except ValueError as error:
        raise _invalid("No document can have this amount.") from error


def _invalid(message: str) -> BooksRefused:
    return BooksRefused(message, Refusal.INVALID)
