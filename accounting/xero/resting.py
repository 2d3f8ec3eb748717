"""What orders rest on, read just before they are sent: versions, what is left of a credit, where a receipt stands.

Xero checks amounts itself but knows nothing of versions, so an order made for another version of a document is refused
here. Raises BooksRefused for one order; a read that fails raises for all, and nothing was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounting.xero.documents import on_account_of
from accounting.xero.reads import Reads
from accounting.xero.searching import is_off
from receivables.books_records import CreditMemo, Customer, Gone, Invoice, Receipt, ReceiptLine, by_invoice
from receivables.effects import ApplyCredit, ApplyReceipt, Order, ReceiptWrite, UnapplyCredit, VoidCredit, VoidReceipt
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

Held = Customer | Invoice | CreditMemo | Receipt | Gone


@dataclass(frozen=True)
class Grounds:
    """The documents that a dispatch rests on, by id."""

    held: Mapping[str, Held]

    @classmethod
    def read(cls, reads: Reads, orders: Sequence[Order]) -> Grounds:
        """Reads, in batches, the credit memos and receipts that are changed, and whatever versions are given for."""
        memos = {o.write.credit_memo_id for o in orders if isinstance(o.write, UnapplyCredit | ApplyCredit | VoidCredit)}
        receipts = {o.write.receipt_id for o in orders if isinstance(o.write, ApplyReceipt | VoidReceipt)}
        customers = {o.write.customer_id for o in orders if isinstance(o.write, ReceiptWrite)}
        versioned = {document_id for order in orders for document_id in order.versions}
        invoices = versioned - memos - receipts - customers
        held: dict[str, Held] = {}
        held.update(reads.credit_memos(memos) if memos else {})
        held.update(reads.receipts(receipts) if receipts else {})
        held.update(reads.customers(customers & versioned) if customers & versioned else {})
        held.update(reads.invoices(invoices) if invoices else {})
        return cls(held)

    def version_now(self, document_id: str) -> str | None:
        """None where the document is gone."""
        document = self.held.get(document_id)
        return None if document is None or isinstance(document, Gone) else document.version

    def currency_of(self, document_id: str) -> str:
        document = self.held[document_id]
        return document.currency if isinstance(document, CreditMemo | Receipt | Invoice) else ""

    def is_off(self, write: UnapplyCredit) -> bool:
        """Whether the application is gone already: fulfilled, no matter who removed it."""
        memo = self.held[write.credit_memo_id]
        return isinstance(memo, CreditMemo | Gone) and is_off(memo, write.application_id)

    def must_be_meant(self, write: UnapplyCredit) -> None:
        """Raises BooksRefused when there is no such credit note, or the application stands elsewhere or with another amount."""
        memo = self.held[write.credit_memo_id]
        if not isinstance(memo, CreditMemo):
            raise BooksRefused("Xero has no such credit note.", Refusal.NOT_FOUND)
        standing = next(application for application in memo.applications if application.id == write.application_id)
        if (standing.invoice_id, standing.amount_minor) != (write.invoice_id, write.amount_minor):
            raise BooksRefused("The application has changed since it was read.", Refusal.STALE)

    def must_have_left(self, write: ApplyCredit) -> str:
        """The credit memo's currency. Raises BooksRefused when it has less left than is to be applied, or is gone."""
        memo = self.held[write.credit_memo_id]
        if not isinstance(memo, CreditMemo):
            raise BooksRefused("The credit note was deleted in Xero.", Refusal.DOCUMENT_GONE)
        if memo.open_minor < write.amount_minor:
            raise BooksRefused(f"Credit note {memo.number} has less left than the amount to apply.", Refusal.CREDIT_EXHAUSTED)
        return memo.currency

    def one_line_added(self, write: ApplyReceipt) -> ReceiptLine | None:
        """The one line that is to be added to a receipt; None where it stands as wished already.

        Xero cannot change a payment, only delete it, and a second payment would be a second write: so only money on
        account can be applied, to one more invoice at a time. Raises BooksRefused, in words, for anything else.
        """
        receipt = self.held[write.receipt_id]
        if not isinstance(receipt, Receipt) or receipt.voided:
            raise BooksRefused("The receipt was deleted in Xero.", Refusal.DOCUMENT_GONE)
        now, wanted = by_invoice(receipt.lines), by_invoice(write.lines)
        if now == wanted:
            return None
        if on_account_of(receipt.id) is None:
            if receipt.deposited:
                raise BooksRefused(f"Payment {receipt.number} is reconciled or in a batch deposit.", Refusal.RECEIPT_DEPOSITED)
            raise BooksRefused(
                f"Xero cannot move a payment to another invoice. Delete payment {receipt.number} in Xero; "
                "the next sync will offer to record it again.",
                Refusal.INVALID,
            )
        added = {invoice_id: amount for invoice_id in wanted if (amount := wanted[invoice_id] - now.get(invoice_id, 0))}
        if set(now) - set(wanted) or any(amount < 0 for amount in added.values()) or len(added) != 1:
            raise BooksRefused(
                "Money on account can be applied to one more invoice at a time, and what it is applied to has to be removed "
                "in Xero first.",
                Refusal.INVALID,
            )
        (line,) = (ReceiptLine(invoice_id, amount_minor) for invoice_id, amount_minor in added.items())
        if line.amount_minor > receipt.unapplied_minor:
            raise BooksRefused(f"Receipt {receipt.number} has less left than the amount to apply.", Refusal.CREDIT_EXHAUSTED)
        return line
