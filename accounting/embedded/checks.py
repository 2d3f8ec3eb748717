"""The rules of the embedded books: what may be looked up, dated, paid and owed. Each breach is refused with a code.

Like QuickBooks, the books check the date of the record that changes: a receipt of an open period may pay an
invoice of a closed one, but neither a document of a closed period nor its lines may change.
"""

from __future__ import annotations

from datetime import date
from typing import NoReturn

from accounting.embedded import reading
from accounting.embedded.change import Change, Kind
from accounting.embedded.schema import LARGEST_AMOUNT_MINOR
from receivables.books_records import CreditApplication, CreditMemo, Customer, Invoice, Receipt
from receivables.errors import BooksRefused
from receivables.money import decimals_of, text_from_minor
from receivables.refusal import Refusal


def customer(change: Change, customer_id: str) -> Customer:
    """The customer, active or not. Raises BooksRefused when there never was one."""
    found = reading.customers(change.connection, [customer_id])
    return found[0] if found else _missing(change, Kind.CUSTOMER, customer_id)


def active_customer(change: Change, customer_id: str) -> Customer:
    """The customer, who may be billed and may pay."""
    found = customer(change, customer_id)
    if found.merged_into:
        raise BooksRefused(f"{found.name} was merged into customer #{found.merged_into}.", Refusal.CUSTOMER_INACTIVE)
    if not found.active:
        raise BooksRefused(f"{found.name} is inactive in the books. Make the customer active first.", Refusal.CUSTOMER_INACTIVE)
    return found


def invoice(change: Change, invoice_id: str) -> Invoice:
    found = reading.invoices(change.connection, [invoice_id])
    return found[0] if found else _missing(change, Kind.INVOICE, invoice_id)


def credit_memo(change: Change, credit_memo_id: str) -> CreditMemo:
    found = reading.credit_memos(change.connection, [credit_memo_id])
    return found[0] if found else _missing(change, Kind.CREDIT_MEMO, credit_memo_id)


def credit_application(change: Change, application_id: str) -> CreditApplication:
    found = reading.applications(change.connection, [application_id])
    return found[0] if found else _missing(change, Kind.CREDIT_APPLICATION, application_id)


def receipt(change: Change, receipt_id: str) -> Receipt:
    found = reading.receipts(change.connection, [receipt_id])
    return found[0] if found else _missing(change, Kind.RECEIPT, receipt_id)


def unvoided_receipt(change: Change, receipt_id: str) -> Receipt:
    """The receipt, which holds money."""
    found = receipt(change, receipt_id)
    if found.voided:
        raise BooksRefused(f"Receipt {found.number} is voided and cannot be changed.", Refusal.RECEIPT_VOIDED)
    return found


def undeposited_receipt(change: Change, receipt_id: str) -> Receipt:
    """The receipt, which is in no bank deposit."""
    found = unvoided_receipt(change, receipt_id)
    if found.deposited:
        raise BooksRefused(
            f"Receipt {found.number} is in a bank deposit and cannot be changed. Take it out of the deposit first.",
            Refusal.RECEIPT_DEPOSITED,
        )
    return found


def changeable_receipt(change: Change, receipt_id: str) -> Receipt:
    """The receipt, which may be changed, voided or deleted: not voided, not in a deposit, of an open period."""
    found = undeposited_receipt(change, receipt_id)
    period_open(change, found.received_on, f"receipt {found.number}")
    return found


def period_open(change: Change, day: date, what: str) -> None:
    """Raises BooksRefused when the day lies in a closed period."""
    closed_through = change.closed_through
    if closed_through is not None and day <= closed_through:
        raise BooksRefused(
            f"The books are closed through {closed_through.isoformat()}; {what} dated {day.isoformat()} is in the closed period.",
            Refusal.PERIOD_CLOSED,
        )


def account_active(change: Change, name: str) -> None:
    """Raises BooksRefused for a deposit account that was made inactive; "" is the books' own default account."""
    row = change.connection.execute("SELECT active FROM accounts WHERE name = ?", (name,)).fetchone()
    if row is not None and not row["active"]:
        raise BooksRefused(
            f"The account {name} is inactive in the books. Make it active or name another.", Refusal.ACCOUNT_INACTIVE
        )


def positive_amount(amount_minor: int, currency: str, what: str) -> None:
    """Raises BooksRefused unless the amount is positive, not absurd, and of a currency that exists."""
    try:
        decimals_of(currency)
    except ValueError as problem:
        raise BooksRefused(f"{what}: {problem}.", Refusal.INVALID) from problem
    if not 0 < amount_minor <= LARGEST_AMOUNT_MINOR:
        raise BooksRefused(f"{what} must have a positive amount, not {text_from_minor(amount_minor, currency)}.", Refusal.INVALID)


def same_customer_and_currency(paying: Receipt | CreditMemo, name: str, owed: Invoice) -> None:
    """Money of one customer never pays another customer's invoice, nor an invoice in another currency."""
    if paying.customer_id != owed.customer_id:
        raise BooksRefused(
            f"Invoice {owed.number} belongs to customer #{owed.customer_id}, {name} to customer #{paying.customer_id}.",
            Refusal.CUSTOMER_MISMATCH,
        )
    if paying.currency != owed.currency:
        raise BooksRefused(
            f"Invoice {owed.number} is in {owed.currency}, {name} in {paying.currency}.", Refusal.CURRENCY_MISMATCH
        )


def spoken(amount_minor: int, currency: str) -> str:
    """An amount as the history tells it: "500.00 USD"."""
    return f"{text_from_minor(amount_minor, currency)} {currency}"


def missing(change: Change, kind: Kind, document_id: str) -> BooksRefused:
    """The refusal for a record that is not there: deleted when the books know it was, otherwise never there."""
    tombstones = reading.gone(change.connection, kind, [document_id])
    if not tombstones:
        return BooksRefused(f"The books have no {kind.spoken} with the id #{document_id}.", Refusal.NOT_FOUND)
    tombstone = tombstones[0]
    by = f" by {tombstone.deleted.person}" if tombstone.deleted else ""
    return BooksRefused(f"The {kind.spoken} {tombstone.number} (#{document_id}) was deleted{by}.", Refusal.DOCUMENT_GONE)


def _missing(change: Change, kind: Kind, document_id: str) -> NoReturn:
    raise missing(change, kind, document_id)
