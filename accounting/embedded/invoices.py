"""Invoices of the embedded books: added, issued, voided, deleted, recreated with the same number.

Deleting or voiding an invoice sets what paid it free, as in QuickBooks Online: receipts become unapplied and
credits are left on their memos.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounting.embedded import checks, credits, receipts
from accounting.embedded.change import Change, Kind
from accounting.embedded.checks import spoken
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.errors import BooksRefused
from receivables.refusal import Refusal


@dataclass(frozen=True)
class NewInvoice:
    """An invoice as it is to be added; a draft cannot be paid yet. `item` is what it is for where that is no sale."""

    number: str
    customer_id: str
    amount_minor: int
    currency: str
    issued_on: date
    draft: bool = False
    item: str = ""
    due_on: date | None = None


def add(change: Change, new: NewInvoice) -> Invoice:
    """A new invoice, all of it open. Numbers may repeat, as they do in real books; ids never."""
    if not new.number.strip():
        raise BooksRefused("An invoice needs a number.", Refusal.INVALID)
    checks.positive_amount(new.amount_minor, new.currency, f"Invoice {new.number}")
    customer = checks.active_customer(change, new.customer_id)
    checks.period_open(change, new.issued_on, f"invoice {new.number}")
    what = f"created{' as a draft' if new.draft else ''}: {spoken(new.amount_minor, new.currency)} for {customer.name}"
    invoice_id = change.created(Kind.INVOICE, new.number.strip(), what)
    standing, day = "draft" if new.draft else "issued", new.issued_on.isoformat()
    due = new.due_on.isoformat() if new.due_on else None
    change.connection.execute(
        "INSERT INTO invoices (id, customer_id, currency, total_minor, open_minor, issued_on, standing, item, due_on)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (invoice_id, new.customer_id, new.currency, new.amount_minor, new.amount_minor, day, standing, new.item, due),
    )
    return checks.invoice(change, invoice_id)


def issue(change: Change, invoice_id: str) -> Invoice:
    """A draft becomes an invoice that can be paid."""
    found = checks.invoice(change, invoice_id)
    if found.status is not InvoiceStatus.DRAFT:
        raise BooksRefused(f"Invoice {found.number} is not a draft.", Refusal.INVALID)
    checks.period_open(change, found.issued_on, f"invoice {found.number}")
    change.connection.execute("UPDATE invoices SET standing = 'issued' WHERE id = ?", (invoice_id,))
    change.changed(Kind.INVOICE, invoice_id, "issued")
    return checks.invoice(change, invoice_id)


def correct(change: Change, invoice_id: str, amount_minor: int) -> Invoice:
    """Types over the total of an invoice, as when a line is added to it; what is applied to it stays and must fit."""
    found = checks.invoice(change, invoice_id)
    checks.positive_amount(amount_minor, found.currency, f"Invoice {found.number}")
    checks.period_open(change, found.issued_on, f"invoice {found.number}")
    applied_minor = found.total_minor - found.open_minor
    if found.status is InvoiceStatus.VOIDED or amount_minor < applied_minor:
        applied = spoken(applied_minor, found.currency)
        state = "is voided" if found.status is InvoiceStatus.VOIDED else f"has {applied} applied to it"
        raise BooksRefused(f"Invoice {found.number} {state}; its total cannot be changed to that.", Refusal.INVALID)
    change.connection.execute(
        "UPDATE invoices SET total_minor = ?, open_minor = ? WHERE id = ?",
        (amount_minor, amount_minor - applied_minor, invoice_id),
    )
    total, before = spoken(amount_minor, found.currency), spoken(found.total_minor, found.currency)
    change.changed(Kind.INVOICE, invoice_id, f"corrected: {before} to {total}")
    return checks.invoice(change, invoice_id)


def void(change: Change, invoice_id: str) -> Invoice:
    """Voids an invoice: it stays, with a total of zero, as in QuickBooks Online."""
    found = checks.invoice(change, invoice_id)
    if found.status is InvoiceStatus.VOIDED:
        raise BooksRefused(f"Invoice {found.number} is already voided.", Refusal.INVALID)
    _set_free(change, found, "voided")
    change.connection.execute(
        "UPDATE invoices SET standing = 'voided', total_minor = 0, open_minor = 0 WHERE id = ?", (invoice_id,)
    )
    change.changed(Kind.INVOICE, invoice_id, f"voided: was {spoken(found.total_minor, found.currency)}")
    return checks.invoice(change, invoice_id)


def delete(change: Change, invoice_id: str) -> Gone:
    """Deletes an invoice; its number and who deleted it stay known."""
    found = checks.invoice(change, invoice_id)
    _set_free(change, found, "deleted")
    change.connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
    change.deleted(Kind.INVOICE, invoice_id, f"deleted: was {spoken(found.total_minor, found.currency)}")
    return Gone(Kind.INVOICE.value, invoice_id, change.stamp, found.number)


def recreate(change: Change, invoice_id: str, amount_minor: int | None = None) -> Invoice:
    """Deletes an invoice and adds another with the same number, customer and date; `amount_minor` may differ."""
    found = checks.invoice(change, invoice_id)
    if found.status is InvoiceStatus.VOIDED and amount_minor is None:
        raise BooksRefused(f"Invoice {found.number} is voided. Give the amount of the new invoice.", Refusal.INVALID)
    item = str(change.connection.execute("SELECT item FROM invoices WHERE id = ?", (invoice_id,)).fetchone()["item"])
    delete(change, invoice_id)
    amount_minor = found.total_minor if amount_minor is None else amount_minor
    new = NewInvoice(found.number, found.customer_id, amount_minor, found.currency, found.issued_on, False, item, found.due_on)
    return add(change, new)


def _set_free(change: Change, invoice: Invoice, why: str) -> None:
    checks.period_open(change, invoice.issued_on, f"invoice {invoice.number}")
    receipts.take_off(change, invoice, why)
    credits.take_off(change, invoice, why)
