"""Credit memos of the embedded books: added, applied to invoices, taken off again, voided, deleted.

An application is a record of its own with its own date, as in QuickBooks Online, where it is a payment of zero:
it is dated by the day it was made, and the closed period is asked about that day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from accounting.embedded import checks, reading
from accounting.embedded.change import AUTOMATIC, Change, Kind
from accounting.embedded.checks import spoken
from receivables.books_records import CreditApplication, CreditMemo, Gone, Invoice, InvoiceStatus
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

BAD_DEBT = "Bad debt"  # the item of a write-off: what the customer will not pay


@dataclass(frozen=True)
class NewCreditMemo:
    """A credit memo as it is to be added; `reason` is its item, as a bookkeeper chose it: "Bad debt", "Rebill", "Sales tax"."""

    number: str
    customer_id: str
    amount_minor: int
    currency: str
    issued_on: date
    reason: str = ""
    memo: str = ""


def add(change: Change, new: NewCreditMemo) -> CreditMemo:
    """A new credit memo with all of it left."""
    checks.positive_amount(new.amount_minor, new.currency, "A credit memo")
    customer = checks.active_customer(change, new.customer_id)
    checks.period_open(change, new.issued_on, "a credit memo")
    amount, why = spoken(new.amount_minor, new.currency), f", {new.reason}" if new.reason else ""
    memo_id = change.created(Kind.CREDIT_MEMO, new.number, f"created: {amount} for {customer.name}{why}")
    figures = (new.customer_id, new.currency, new.amount_minor, new.amount_minor)
    change.connection.execute(
        "INSERT INTO credit_memos (id, customer_id, currency, total_minor, open_minor, issued_on, reason, memo)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (memo_id, *figures, new.issued_on.isoformat(), new.reason, new.memo),
    )
    return checks.credit_memo(change, memo_id)


def write_off(change: Change, invoice_id: str, on: date, amount_minor: int | None = None, memo: str = "") -> CreditMemo:
    """Writes off what is open on an invoice as bookkeepers do: a credit memo with the bad-debt item, applied to it."""
    invoice = checks.invoice(change, invoice_id)
    off_minor = invoice.open_minor if amount_minor is None else amount_minor
    if invoice.status is not InvoiceStatus.OPEN or off_minor > invoice.open_minor:
        left = spoken(invoice.open_minor, invoice.currency) if invoice.status is InvoiceStatus.OPEN else "nothing"
        raise BooksRefused(f"Invoice {invoice.number} has {left} open that could be written off.", Refusal.INVOICE_NOT_OPEN)
    new = NewCreditMemo(f"WO-{invoice.number}", invoice.customer_id, off_minor, invoice.currency, on, BAD_DEBT, memo)
    added = add(change, new)
    apply(change, added.id, invoice.id, off_minor, on=on)
    return checks.credit_memo(change, added.id)


def apply(
    change: Change, credit_memo_id: str, invoice_id: str, amount_minor: int, *, marker: str = "", on: date | None = None
) -> CreditApplication:
    """Applies a part of a credit memo to an invoice, dated the day of the change unless `on` is given.

    Both tempers refuse what does not fit.
    """
    applied_on = on or change.day
    memo, invoice = checks.credit_memo(change, credit_memo_id), checks.invoice(change, invoice_id)
    checks.positive_amount(amount_minor, memo.currency, "A credit's application")
    checks.active_customer(change, memo.customer_id)
    checks.same_customer_and_currency(memo, f"credit memo {memo.number}", invoice)
    checks.period_open(change, applied_on, "the credit's application")
    if amount_minor > memo.open_minor:
        left = spoken(memo.open_minor, memo.currency)
        raise BooksRefused(f"Credit memo {memo.number} has {left} left.", Refusal.CREDIT_EXHAUSTED)
    if invoice.status is not InvoiceStatus.OPEN:
        raise BooksRefused(f"Invoice {invoice.number} is {invoice.status.value} and takes no credit.", Refusal.INVOICE_NOT_OPEN)
    if amount_minor > invoice.open_minor:
        raise BooksRefused(
            f"Invoice {invoice.number} has only {spoken(invoice.open_minor, invoice.currency)} open.", Refusal.OVER_APPLICATION
        )
    amount = spoken(amount_minor, memo.currency)
    what = f"applied {amount} of credit memo {memo.number} to invoice {invoice.number}"
    application_id = change.created(Kind.CREDIT_APPLICATION, "", what)
    change.connection.execute(
        "INSERT INTO credit_applications (id, credit_memo_id, invoice_id, amount_minor, applied_on, marker)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (application_id, memo.id, invoice.id, amount_minor, applied_on.isoformat(), marker),
    )
    change.changed(Kind.CREDIT_MEMO, memo.id, f"applied {amount} to invoice {invoice.number}")
    change.changed(Kind.INVOICE, invoice.id, f"received {amount} of credit memo {memo.number}")
    return checks.credit_application(change, application_id)


def unapply(change: Change, application_id: str) -> CreditMemo:
    """Takes one application off its invoice; the credit is left on its memo, which is returned."""
    application = checks.credit_application(change, application_id)
    _take_off(change, application, checks.invoice(change, application.invoice_id), "taken off")
    return checks.credit_memo(change, application.credit_memo_id)


def void(change: Change, credit_memo_id: str) -> CreditMemo:
    """Voids a credit memo that is applied to nothing: it stays, and nothing of it is left."""
    memo = checks.credit_memo(change, credit_memo_id)
    if memo.applications:
        raise BooksRefused(f"Credit memo {memo.number} is applied. Take it off its invoices first.", Refusal.WRONG_STATE)
    if memo.voided:
        return memo
    checks.period_open(change, memo.issued_on, f"credit memo {memo.number}")
    change.connection.execute("UPDATE credit_memos SET voided = 1, open_minor = 0 WHERE id = ?", (memo.id,))
    change.changed(Kind.CREDIT_MEMO, memo.id, f"voided: was {spoken(memo.total_minor, memo.currency)}")
    return checks.credit_memo(change, memo.id)


def delete(change: Change, credit_memo_id: str) -> Gone:
    """Deletes a credit memo; what it was applied to is open again."""
    memo = checks.credit_memo(change, credit_memo_id)
    checks.period_open(change, memo.issued_on, f"credit memo {memo.number}")
    for application in memo.applications:
        _take_off(change, application, checks.invoice(change, application.invoice_id), "taken off, because the memo was deleted")
    change.connection.execute("DELETE FROM credit_memos WHERE id = ?", (memo.id,))
    change.deleted(Kind.CREDIT_MEMO, memo.id, f"deleted: was {spoken(memo.total_minor, memo.currency)}")
    return Gone(Kind.CREDIT_MEMO.value, memo.id, change.stamp, memo.number)


def take_off(change: Change, invoice: Invoice, why: str) -> None:
    """Takes every credit off an invoice that is going away."""
    for memo in reading.credit_memos_on(change.connection, [invoice.id]):
        for application in memo.applications:
            if application.invoice_id == invoice.id:
                _take_off(change, application, invoice, f"taken off, because invoice {invoice.number} was {why}")


def apply_automatically(change: Change, customer_id: str) -> None:
    """Where the books are set so, puts every credit left on the customer's open invoices, oldest first.

    The switch is QuickBooks' "Automatically apply credits": it can eat a credit that somebody has just set free.
    """
    if not change.auto_applies_credits or not checks.customer(change, customer_id).active:
        return
    closed_through = change.closed_through
    if closed_through is not None and change.day <= closed_through:
        return
    automatic = replace(change, by=AUTOMATIC)  # the same transaction, another author
    for memo in reading.credit_memos_open(change.connection, customer_id):
        left_minor = memo.open_minor
        for invoice in reading.invoices_open(change.connection, customer_id):
            if left_minor and invoice.currency == memo.currency:
                amount_minor = min(left_minor, invoice.open_minor)
                apply(automatic, memo.id, invoice.id, amount_minor)
                left_minor -= amount_minor


def _take_off(change: Change, application: CreditApplication, invoice: Invoice, why: str) -> None:
    row = change.connection.execute("SELECT applied_on FROM credit_applications WHERE id = ?", (application.id,)).fetchone()
    number = application.credit_memo_number
    checks.period_open(change, date.fromisoformat(row["applied_on"]), f"the application of credit memo {number}")
    change.connection.execute("DELETE FROM credit_applications WHERE id = ?", (application.id,))
    amount = spoken(application.amount_minor, invoice.currency)
    change.deleted(Kind.CREDIT_APPLICATION, application.id, why)
    change.changed(Kind.CREDIT_MEMO, application.credit_memo_id, f"unapplied {amount} from invoice {invoice.number}: {why}")
    change.changed(Kind.INVOICE, invoice.id, f"lost {amount} of credit memo {number}: {why}")
