"""Receipts that are in Tryton already: put on other invoices or taken off them, never a second one.

Each step is one call, and what it needs is read right before it, so that a row of steps that was cut goes on from where
it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounting.tryton import documents
from accounting.tryton.credits import OUR_NAME, divided
from accounting.tryton.documents import Root
from accounting.tryton.entries import Entries, Line
from accounting.tryton.matching import Matching
from accounting.tryton.reads import Reader
from accounting.tryton.session import Session
from accounting.tryton.values import number_of
from receivables.books_records import Receipt, by_invoice
from receivables.effects import ApplyReceipt, Order, Written
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

LEAVES_AT_MOST = 100  # a receipt is divided into fewer lines than this


@dataclass(frozen=True)
class Live:
    """A receipt as it is now, with its lines. `leaves` stand for it, in order of entry: its lines, or what they were divided
    into.
    """

    receipt: Receipt
    root: Root
    entries: Entries
    leaves: list[Line]

    @property
    def free(self) -> list[Line]:
        return [leaf for leaf in self.leaves if self.entries.is_free(leaf)]

    @property
    def held_minor(self) -> int:
        """What of its money has not left again."""
        return self.receipt.amount_minor - sum(amount for leaf in self.leaves for _, amount in self.entries.paid_out(leaf))


@dataclass(frozen=True)
class LiveReceipts:
    """Changes what receipts of one company are applied to. Raises BooksError."""

    session: Session
    reader: Reader

    def found(self, receipt_id: str) -> Live:
        move = number_of(receipt_id.partition("-")[0])
        entries = self.reader.entries_of([("move", "=", move)])
        root = next((root for root in documents.roots(entries, [move] if move else []) if root.id == receipt_id), None)
        if root is None:
            raise BooksRefused("Tryton does not have this receipt any more.", Refusal.DOCUMENT_GONE)
        (receipt,) = self.reader.receipts_of_roots([root], entries)
        leaves = sorted((leaf for line in root.lines for leaf in entries.leaves(line)), key=lambda leaf: leaf.id)
        return Live(receipt, root, entries, leaves)

    def move(self, order: Order, write: ApplyReceipt, deadline: float) -> Written:
        """Lets a live receipt stand on exactly these lines."""
        live = self.found(write.receipt_id)
        if live.receipt.voided:
            raise BooksRefused(f"Receipt {live.receipt.number} was canceled in Tryton.", Refusal.RECEIPT_VOIDED)
        live = self.stand_on(live, by_invoice(write.lines), order.marker, deadline)
        return Written(live.receipt.id, live.receipt.version)

    def stand_on(self, live: Live, wanted: Mapping[str, int], marker: str, deadline: float) -> Live:
        """The receipt on exactly these invoices, in minor units: takes off what differs, then puts on what is missing."""
        matching = Matching(self.session, self.reader, deadline)
        receipt = live.receipt
        if sum(wanted.values()) > live.held_minor:
            raise BooksRefused(f"The lines add up to more than receipt {receipt.number} holds.", Refusal.INVALID)
        for invoice_id, amount_minor in wanted.items():
            if not receipt.applied_to(invoice_id):
                matching.open_invoice(invoice_id, amount_minor)
        live = self._off(live, wanted, matching)
        for invoice_id, amount_minor in wanted.items():
            if live.receipt.applied_to(invoice_id) != amount_minor:
                invoice = matching.open_invoice(invoice_id, amount_minor)
                text = f"{OUR_NAME}: receipt {receipt.number} on invoice {invoice.number} [{marker}]"
                matching.put_on(divided(live.free, amount_minor, matching, text, always=False), invoice)
                live = self.found(receipt.id)
        return live

    def _off(self, live: Live, wanted: Mapping[str, int], matching: Matching) -> Live:
        """The receipt after every line was set free that pays an invoice of which not this much is wanted."""
        for _ in range(LEAVES_AT_MOST):
            wrong = {
                int(invoice_id)
                for invoice_id, amount_minor in by_invoice(live.receipt.lines).items()
                if wanted.get(invoice_id) != amount_minor
            }
            paying = [leaf for leaf in live.leaves if wrong & {invoice for invoice, _ in live.entries.paid_by(leaf)}]
            if not paying:
                break
            matching.set_free(paying[0], live.entries)
            live = self.found(live.receipt.id)
        return live
