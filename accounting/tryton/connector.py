"""Tryton as the rest of the house sees it: the same protocol as every other package. Nothing here retries a write.

Receipts are statements with our marker in their name; credit memos are invoices with a negative total. What a receipt
is applied to is always read from the books, because Tryton may drop an invoice from a statement without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from accounting import planning
from accounting.bank_side import ShownByDocuments
from accounting.calling import Calls
from accounting.orders import applied_as_ordered, by_mark, must_be_in_time, must_be_unchanged, noted
from accounting.tryton import balances, money_out
from accounting.tryton.changes import ChangeReader
from accounting.tryton.credits import Credits, standing_application
from accounting.tryton.description import TRAITS
from accounting.tryton.live_receipts import LiveReceipts
from accounting.tryton.reads import Reader
from accounting.tryton.receipts import Batch
from accounting.tryton.session import Session
from accounting.tryton.statements import Statements
from accounting.tryton.taking_back import TakingBack
from receivables import boundary
from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Dispatch,
    Order,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    Written,
    stem_of,
)
from receivables.errors import BooksError, BooksRefused, NotSent
from receivables.ports import BooksTraits, Clock
from receivables.refusal import Refusal

DOCUMENTS_PER_PAGE = 200
STEPS_SECONDS = 12.0  # what the steps of one order may take


class TrytonBooks(ShownByDocuments):
    """The books of one company in Tryton, through a user of ours. `statement_journal` is the name of the journal for receipts."""

    def __init__(
        self,
        calls: Calls,
        clock: Clock,
        *,
        statement_journal: str,
        time_zone: ZoneInfo,
        documents_per_page: int = DOCUMENTS_PER_PAGE,
        addresses: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._addresses = addresses
        self._clock = clock
        self._session = Session(calls)
        self._reader = Reader(self._session, statement_journal, time_zone)
        self._statements = Statements(self._session, self._reader, clock)
        self._credits = Credits(self._session, self._reader)
        self._live = LiveReceipts(self._session, self._reader)
        self._back = TakingBack(self._session, self._reader, self._statements, self._live)
        self._changes = ChangeReader(self._session, self._reader, documents_per_page)

    @property
    def traits(self) -> BooksTraits:
        return TRAITS

    def settings(self) -> BooksSettings:
        boundary.leaving("books.settings")
        return replace(self._reader.settings(), addresses=self._addresses)

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        """The next documents changed since the cursor. Tryton does not tell of drafts that were deleted."""
        boundary.leaving("books.changes")
        return self._changes.receipts(cursor) if receipts_only and cursor else self._changes.since(cursor)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        boundary.leaving("books.customers")
        return self._reader.customers(ids)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        boundary.leaving("books.invoices")
        return self._reader.invoices(ids)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        boundary.leaving("books.invoices_numbered")
        return self._reader.invoices_numbered(numbers)

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        boundary.leaving("books.credit_memos")
        return self._reader.credit_memos(ids)

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        boundary.leaving("books.credit_memos_on")
        return self._reader.credit_memos_on(invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        boundary.leaving("books.receipts")
        return self._reader.receipts(ids)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        boundary.leaving("books.receipts_of")
        return self._reader.receipts_of(customer_ids, received_from)

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        boundary.leaving("books.receipts_marked")
        found = self._reader.receipts_with([f"{stem}." for stem in stems])
        return by_mark(stems, found, stem_of)

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        boundary.leaving("books.money_out")
        return money_out.of_receipts(self._reader, receipt_ids)

    def balances(self, first: date, last: date) -> Balances:
        boundary.leaving("books.balances")
        del first  # what is in the bank shows on receipts themselves, without a day
        return balances.at_end_of(last, self._session, self._reader.home_currency())

    parts = staticmethod(planning.one_receipt)  # one statement for all lines

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        boundary.leaving("books.look")
        markers = [order.marker for order in orders if isinstance(order.write, ReceiptWrite)]
        marked = by_mark(markers, self._reader.receipts_with(markers), str)
        return tuple(self._traces(order, marked) for order in orders)

    def _traces(self, order: Order, marked: Mapping[str, Sequence[Receipt]]) -> tuple[Written, ...]:
        match order.write:
            case ReceiptWrite():
                return tuple(Written(receipt.id, receipt.version) for receipt in marked[order.marker])
            case ApplyCredit() as write:
                return tuple(self._credits.applied(order, write))
            case UnapplyCredit(application_id=application_id, credit_memo_id=memo_id):
                memo = self._reader.credit_memos([memo_id])[memo_id]
                if isinstance(memo, CreditMemo) and standing_application(memo, application_id):
                    return ()
                return (Written(application_id, memo.version if isinstance(memo, CreditMemo) else ""),)
            case ApplyReceipt(receipt_id=receipt_id, lines=lines):
                receipt = self._reader.receipts([receipt_id])[receipt_id]
                return applied_as_ordered(receipt, lines)
            case RecordReturn():
                return self._back.recorded(order)
            case VoidReceipt(receipt_id=receipt_id):
                receipt = self._reader.receipts([receipt_id])[receipt_id]
                return (Written(receipt.id, receipt.version),) if isinstance(receipt, Receipt) and receipt.voided else ()
            case VoidCredit() as write:
                return self._credits.voided(write)

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        """Carries the orders out: those that are several steps one after the other, then all receipts together.

        Raises BooksRefused (duplicate_request) where a single order's marker was used for something else.
        """
        boundary.leaving("books.write")
        must_be_in_time(dispatch, self._clock)
        receipts = {order.marker: order.write for order in dispatch.orders if isinstance(order.write, ReceiptWrite)}
        answers: dict[str, Answer] = {}
        for order in dispatch.orders:
            if order.marker not in receipts:
                answers[order.marker] = self._step_by_step(order, dispatch)
        if receipts:
            together = [order for order in dispatch.orders if order.marker in receipts]
            batch = Batch(self._reader, self._statements, receipts, together, dispatch.deadline)
            answers |= batch.carry_out(self._unchanged_since)
        answered = [answers[order.marker] for order in dispatch.orders]
        first = answered[0]
        if len(answered) == 1 and isinstance(first, BooksRefused) and first.refusal is Refusal.DUPLICATE_REQUEST:
            raise first
        return noted(TRAITS.package, answered)

    def _step_by_step(self, order: Order, dispatch: Dispatch) -> Answer:
        """One order that is several calls, begun only with time enough to end: what is cut in the middle is left half done."""
        try:
            if order is not dispatch.orders[0] and self._clock.monotonic() > dispatch.deadline - STEPS_SECONDS:
                raise NotSent("The time for this write was nearly over before it was begun; nothing was written.")
            return self._carry_out(order, dispatch.deadline)
        except BooksError as error:
            return error

    def _carry_out(self, order: Order, deadline: float) -> Answer:
        match order.write:
            case ApplyCredit() as write:
                self._unchanged_since(order)
                return self._credits.apply(order, write, deadline)
            case UnapplyCredit() as write:
                done = self._traces(order, {})
                if done:
                    return done[0]
                self._unchanged_since(order)
                return self._credits.unapply(write, deadline)
            case ApplyReceipt() as write:
                self._unchanged_since(order)
                return self._live.move(order, write, deadline)
            case ReceiptWrite():
                raise AssertionError(f"effect {order.effect_id} is a receipt, which goes out with the others")
            case RecordReturn() as write:
                self._unchanged_since(order)
                return self._back.record(order, write, deadline)
            case VoidReceipt() as write:
                self._unchanged_since(order)
                return self._back.void(order, write, deadline)
            case VoidCredit() as write:
                if canceled := self._credits.voided(write):
                    return canceled[0]
                self._unchanged_since(order)
                return self._credits.void(write, deadline)

    def _unchanged_since(self, order: Order) -> None:
        """Raises BooksRefused when a document the order rests on is gone, or has another version, since it was read."""

        def version_now(document_id: str) -> str | None:
            now = self._now(order.versions[document_id].partition(":")[0], document_id)
            return None if isinstance(now, Gone) else now.version if now else ""

        must_be_unchanged(order, version_now)

    def _now(self, kind: str, document_id: str) -> Customer | Invoice | CreditMemo | Receipt | Gone | None:
        match kind:
            case "customer":
                return self._reader.customers([document_id])[document_id]
            case "invoice":
                return self._reader.invoices([document_id])[document_id]
            case "credit_memo":
                return self._reader.credit_memos([document_id])[document_id]
            case "receipt":
                return self._reader.receipts([document_id])[document_id]
            case _:
                return None
