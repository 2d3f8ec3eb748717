"""Books in trouble: the demo lets somebody act before us, or the connection break, at a chosen payment.

It is between us and the embedded books as a network would be. It changes no answer; it only lets things happen just
before a write, or keeps the answer to one from arriving.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date

from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.company import Company
from receivables.effects import Answer, Dispatch, Order, Part, ReceiptWrite, Written
from receivables.errors import OutcomeUnknown
from receivables.payment import Payment
from receivables.ports import Books, BooksTraits


class TroubledBooks:
    """The same books. `before_write` runs once, right before its payment is written; `unanswered` payments get no answer."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.before_write: dict[str, Callable[[], None]] = {}
        self.unanswered: set[str] = set()

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        references = [order.write.reference if isinstance(order.write, ReceiptWrite) else "" for order in dispatch.orders]
        for reference in references:
            self.before_write.pop(reference, _nothing)()
        answers = list(self._books.write(dispatch))
        for place, reference in enumerate(references):
            if reference in self.unanswered:
                self.unanswered.discard(reference)
                answers[place] = OutcomeUnknown("the connection was lost before the answer came")
        return answers

    @property
    def traits(self) -> BooksTraits:
        return self._books.traits

    def settings(self) -> BooksSettings:
        return self._books.settings()

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        return self._books.changes(cursor, receipts_only=receipts_only)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        return self._books.customers(ids)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        return self._books.invoices(ids)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        return self._books.invoices_numbered(numbers)

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        return self._books.credit_memos(ids)

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        return self._books.credit_memos_on(invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        return self._books.receipts(ids)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        return self._books.receipts_of(customer_ids, received_from)

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        return self._books.receipts_marked(stems)

    def reconciled(self, receipts: Collection[Receipt]) -> Collection[str]:
        return self._books.reconciled(receipts)

    def only_for_invoices(self, accounts: Collection[str]) -> Collection[str]:
        return self._books.only_for_invoices(accounts)

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        return self._books.money_out(receipt_ids)

    def balances(self, first: date, last: date) -> Balances:
        return self._books.balances(first, last)

    def parts(self, payment: Payment, lines: Sequence[tuple[str, int]], company: Company, customer_id: str) -> Sequence[Part]:
        return self._books.parts(payment, lines, company, customer_id)

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        return self._books.look(orders)


def _nothing() -> None:
    pass
