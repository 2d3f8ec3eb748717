"""Credit memos put on invoices and taken off, and live receipts moved to other invoices, in Tryton.

A credit is applied by dividing its claim: the part that is meant gets a move of its own with our marker, so that it
can be found again, and pays the invoice. Taking it off sets the part free; the credit is left on its memo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounting.tryton import documents
from accounting.tryton.entries import Entries, Line
from accounting.tryton.matching import Matching
from accounting.tryton.reads import Reader
from accounting.tryton.session import Session
from receivables.books_records import CreditApplication, CreditMemo, Gone, Receipt
from receivables.effects import ApplyCredit, ApplyReceipt, Order, UnapplyCredit, Written
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

OUR_NAME = "Resolve Now"


@dataclass(frozen=True)
class Credits:
    """Changes what credits and receipts stand on, for one company. Raises BooksError."""

    session: Session
    reader: Reader

    def apply(self, order: Order, write: ApplyCredit, deadline: float) -> Written:
        """Applies part of a credit memo. An order that was cut after dividing the claim goes on with that part."""
        done = self.applied(order, write)
        if done:
            return done[0]
        matching = Matching(self.session, self.reader, deadline)
        memo, entries, leaves = self._memo(write.credit_memo_id)
        free = [leaf for leaf in leaves if entries.is_free(leaf)]
        if sum(leaf.amount_minor for leaf in free) < write.amount_minor:
            raise BooksRefused(f"Credit memo {memo.number} has less left than the amount to apply.", Refusal.CREDIT_EXHAUSTED)
        invoice = matching.open_invoice(write.invoice_id, write.amount_minor)
        if (invoice.customer_id, invoice.currency) != (memo.customer_id, memo.currency):
            raise BooksRefused(
                f"Invoice {invoice.number} belongs to another customer, or is in another currency.", Refusal.CUSTOMER_MISMATCH
            )
        parts = [leaf for leaf in free if order.marker in leaf.move_description and leaf.amount_minor == write.amount_minor][:1]
        if not parts:
            text = f"{OUR_NAME}: credit memo {memo.number} on invoice {invoice.number} [{order.marker}]"
            parts = _taken(free, write.amount_minor, matching, text)
        matching.put_on(parts, invoice)
        return self.applied(order, write, parts=[part.id for part in parts])[0]

    def applied(self, order: Order, write: ApplyCredit, parts: Sequence[int] = ()) -> list[Written]:
        """The application that this order made, if it stands."""
        found = self.reader.credit_memos([write.credit_memo_id])[write.credit_memo_id]
        if isinstance(found, Gone) or not found.applications:
            return []
        marked = [("move.description", "ilike", f"%{order.marker}]%"), ("credit", ">", 0)]
        ours = {line.id for line in self.reader.lines(marked)} | set(parts)
        return [
            Written(application.id, found.version)
            for application in found.applications
            if application.invoice_id == write.invoice_id and int(application.id.partition("-")[0]) in ours
        ][:1]

    def unapply(self, write: UnapplyCredit, deadline: float) -> Written:
        """Takes one application off. Raises BooksRefused (stale) where it has changed since it was read."""
        memo, entries, leaves = self._memo(write.credit_memo_id)
        standing = standing_application(memo, write.application_id)
        if standing is None:
            return Written(write.application_id, memo.version)
        if (standing.invoice_id, standing.amount_minor) != (write.invoice_id, write.amount_minor):
            raise BooksRefused(f"The application of credit memo {memo.number} has changed since it was read.", Refusal.STALE)
        leaf = next(leaf for leaf in leaves if str(leaf.id) == write.application_id.partition("-")[0])
        Matching(self.session, self.reader, deadline).take_off(leaf, entries, int(write.invoice_id))
        return Written(write.application_id, self._memo(write.credit_memo_id)[0].version)

    def move_receipt(self, order: Order, write: ApplyReceipt, deadline: float) -> Written:
        """Lets a live receipt stand on exactly these lines: takes off what differs, then puts on what is missing."""
        matching = Matching(self.session, self.reader, deadline)
        wanted = {line.invoice_id: line.amount_minor for line in write.lines}
        receipt, entries, leaves = self._receipt(write.receipt_id)
        if receipt.voided:
            raise BooksRefused(f"Receipt {receipt.number} was canceled in Tryton.", Refusal.RECEIPT_VOIDED)
        if sum(wanted.values()) > receipt.amount_minor:
            raise BooksRefused(f"The lines add up to more than receipt {receipt.number}.", Refusal.INVALID)
        for invoice_id, amount_minor in wanted.items():
            matching.open_invoice(invoice_id, 0 if receipt.applied_to(invoice_id) else amount_minor)
        for line in receipt.lines:
            if wanted.get(line.invoice_id) != line.amount_minor:
                for leaf in leaves:
                    if any(str(invoice) == line.invoice_id for invoice, _ in entries.paid_by(leaf)):
                        matching.take_off(leaf, entries, int(line.invoice_id))
        for invoice_id, amount_minor in wanted.items():
            receipt, entries, leaves = self._receipt(write.receipt_id)
            if receipt.applied_to(invoice_id) != amount_minor:
                free = [leaf for leaf in leaves if entries.is_free(leaf)]
                invoice = matching.open_invoice(invoice_id, amount_minor)
                text = f"{OUR_NAME}: receipt {receipt.number} on invoice {invoice.number} [{order.marker}]"
                matching.put_on(_taken(free, amount_minor, matching, text, divide_always=False), invoice)
        receipt, _, _ = self._receipt(write.receipt_id)
        return Written(receipt.id, receipt.version)

    def _memo(self, memo_id: str) -> tuple[CreditMemo, Entries, list[Line]]:
        row = self.reader.invoice_rows([memo_id]).get(memo_id)
        if row is None or not documents.is_credit(row):
            raise BooksRefused("Tryton no longer has this credit memo.", Refusal.DOCUMENT_GONE)
        entries = self.reader.entries_of([("id", "in", row["lines_to_pay"])])
        return self.reader.credit_memos_of([row], entries)[0], entries, documents.credit_leaves(row, entries)

    def _receipt(self, receipt_id: str) -> tuple[Receipt, Entries, list[Line]]:
        found = self.reader.receipts([receipt_id])[receipt_id]
        if isinstance(found, Gone):
            raise BooksRefused("The receipt was deleted in Tryton.", Refusal.DOCUMENT_GONE)
        move = int(receipt_id.partition("-")[0])
        entries = self.reader.entries_of([("move", "=", move)])
        root = next(root for root in documents.roots(entries, [move]) if root.id == receipt_id)
        return found, entries, sorted((leaf for line in root.lines for leaf in entries.leaves(line)), key=lambda leaf: leaf.id)


def standing_application(memo: CreditMemo, application_id: str) -> CreditApplication | None:
    """The application of that id, if the memo still has it."""
    return next((application for application in memo.applications if application.id == application_id), None)


def _taken(free: Sequence[Line], amount_minor: int, matching: Matching, text: str, *, divide_always: bool = True) -> list[Line]:
    """Free lines that add up to the amount; the last one is divided, and each gets a move with our text where asked."""
    taken: list[Line] = []
    left_minor = amount_minor
    for line in sorted(free, key=lambda leaf: (leaf.amount_minor != amount_minor, leaf.id)):
        use_minor = min(left_minor, line.amount_minor)
        if not use_minor:
            break
        rest_minor = line.amount_minor - use_minor
        if rest_minor or divide_always:
            taken.append(matching.split(line, [use_minor, rest_minor] if rest_minor else [use_minor], text)[0])
        else:
            taken.append(line)
        left_minor -= use_minor
    return taken
