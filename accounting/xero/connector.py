"""The books in Xero as the rest of the house sees them: the same protocol as every other package.

One object is bound to one organization. Nothing here retries a write, and nothing is written without its marker or its
key: `searching` says how each kind of write is found again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from accounting import planning
from accounting.calling import Calls
from accounting.orders import noted
from accounting.xero import bank
from accounting.xero.asking import Asking
from accounting.xero.changes import ChangeFeed
from accounting.xero.description import TRAITS
from accounting.xero.entries_out import EntriesOut
from accounting.xero.reads import Reads
from accounting.xero.searching import Searching
from accounting.xero.writes import Writes
from receivables import boundary
from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.effects import Answer, Dispatch, Order, Written
from receivables.ports import BooksTraits, Clock, MarkIndex

BALANCES_NOT_READ = (
    "Xero's reports need a right that Resolve Now does not ask for. Take it from Accounting › Reports › Trial Balance."
)


class XeroBooks:
    """The books of one company. `organisation` is Xero's id of it; `deposit_account` an account's code or id there.

    `index` is what the mirror knows of our markers; without it Xero is asked for them each time.
    """

    def __init__(
        self,
        calls: Calls,
        clock: Clock,
        *,
        organisation: str,
        time_zone: ZoneInfo,
        deposit_account: str = "",
        index: MarkIndex | None = None,
    ) -> None:
        self._asking = Asking(calls, clock, organisation)
        self._reads = Reads(self._asking)
        self._entries_out = EntriesOut(self._asking, self._reads)
        self._searching = Searching(self._asking, self._reads, index)
        self._feed = ChangeFeed(self._asking, self._reads, self._searching.with_notes)
        self._banks = bank.BankAccounts(self._asking, clock)
        self._writes = Writes(self._asking, self._reads, clock, time_zone, deposit_account)

    @property
    def traits(self) -> BooksTraits:
        return TRAITS

    def settings(self) -> BooksSettings:
        boundary.leaving("books.settings")
        return self._reads.settings()

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        """The next page of one of six lists: contacts, invoices, credit notes, payments, overpayments, prepayments."""
        boundary.leaving("books.changes")
        return self._feed.since(cursor, receipts_only=receipts_only)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        boundary.leaving("books.customers")
        return self._reads.customers(ids)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        boundary.leaving("books.invoices")
        return self._reads.invoices(ids)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        boundary.leaving("books.invoices_numbered")
        return self._reads.invoices_numbered(numbers)

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        boundary.leaving("books.credit_memos")
        return self._reads.credit_memos(ids)

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        boundary.leaving("books.credit_memos_on")
        return self._reads.credit_memos_on(invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        boundary.leaving("books.receipts")
        return self._reads.receipts(ids)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        """Payments, and overpayments and prepayments: they are real money that may have eaten an invoice's balance."""
        boundary.leaving("books.receipts_of")
        return self._reads.receipts_of(customer_ids, received_from)

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        boundary.leaving("books.receipts_marked")
        return self._searching.receipts_marked(stems)

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        boundary.leaving("books.money_out")
        return self._entries_out.of(receipt_ids)

    def reconciled(self, receipts: Collection[Receipt]) -> Collection[str]:
        boundary.leaving("books.reconciled")
        return bank.reconciled(self._asking, receipts)

    def only_for_invoices(self, accounts: Collection[str]) -> Collection[str]:
        boundary.leaving("books.only_for_invoices")
        return self._banks.without(accounts) if accounts else ()

    def balances(self, first: date, last: date) -> Balances:
        boundary.leaving("books.balances")
        del first, last
        return Balances(why_not=BALANCES_NOT_READ)

    parts = staticmethod(planning.one_for_each_invoice)  # in Xero one payment is applied to one invoice

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        boundary.leaving("books.look")
        with self._asking.afresh():
            return self._searching.look(orders)

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        """Carries the orders out, once, and answers for each.

        Raises BooksUnavailable and AccessLost (nothing was done), BooksRefused (duplicate_request).
        """
        boundary.leaving("books.write")
        return noted(TRAITS.package, self._writes.carry_out(dispatch))
