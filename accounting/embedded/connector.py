"""The embedded books as the rest of the house sees them: the same protocol as QuickBooks, Xero and Tryton.

Reads are each of one moment. A dispatch is one transaction of the books' own file; each order in it is a
savepoint, so that one refused order does not take the others with it. Never retries a write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from pysqlite3.dbapi2 import Connection

from accounting import planning
from accounting.bank_side import ShownByDocuments
from accounting.embedded import checks, credits, general_ledger, keys, money_out, reading, receipts
from accounting.embedded.change import Change, Kind
from accounting.embedded.description import TRAITS
from accounting.embedded.ledger import Ledger
from accounting.embedded.money_out import NewMoneyOut
from accounting.orders import applied_as_ordered, must_be_in_time, must_be_unchanged
from receivables import boundary
from receivables.books_records import Balances, BooksSettings, Changes, CreditMemo, Customer, Gone, Invoice, MoneyOut, Receipt
from receivables.company import Company
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Dispatch,
    Order,
    Part,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    Written,
)
from receivables.errors import BooksRefused
from receivables.failpoints import failpoint
from receivables.payment import Payment
from receivables.ports import BooksTraits, Clock
from receivables.refusal import Refusal

DocumentT = TypeVar("DocumentT", Customer, Invoice, CreditMemo, Receipt)

OUR_PERSON = "Resolve Now"  # how the books name us in their history


class EmbeddedBooks(ShownByDocuments):
    """The books of one company. `one_invoice_per_receipt` gives receipts the shape that Xero's payments have."""

    def __init__(self, ledger: Ledger, clock: Clock, *, person: str = OUR_PERSON, one_invoice_per_receipt: bool = False) -> None:
        self._ledger = ledger
        self._clock = clock
        self._person = person
        self._one_invoice_per_receipt = one_invoice_per_receipt

    @property
    def traits(self) -> BooksTraits:
        return TRAITS

    def settings(self) -> BooksSettings:
        boundary.leaving("books.settings")
        return self._ledger.settings()

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:  # noqa: ARG002 (one list holds all)
        """The next 200 documents changed since the cursor, which is a number in the sequence of all changes."""
        boundary.leaving("books.changes")
        with self._ledger.reading() as connection:
            return reading.changes(connection, cursor)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        boundary.leaving("books.customers")
        return self._found(Kind.CUSTOMER, ids, reading.customers)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        boundary.leaving("books.invoices")
        return self._found(Kind.INVOICE, ids, reading.invoices)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        boundary.leaving("books.invoices_numbered")
        with self._ledger.reading() as connection:
            return reading.invoices_numbered(connection, numbers)

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        boundary.leaving("books.credit_memos")
        return self._found(Kind.CREDIT_MEMO, ids, reading.credit_memos)

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        boundary.leaving("books.credit_memos_on")
        with self._ledger.reading() as connection:
            return reading.credit_memos_on(connection, invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        boundary.leaving("books.receipts")
        return self._found(Kind.RECEIPT, ids, reading.receipts)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        boundary.leaving("books.receipts_of")
        with self._ledger.reading() as connection:
            return reading.receipts_of(connection, customer_ids, received_from)

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        boundary.leaving("books.receipts_marked")
        with self._ledger.reading() as connection:
            return _by_mark(stems, reading.receipts_with_stem(connection, stems))

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        boundary.leaving("books.money_out")
        with self._ledger.reading() as connection:
            return money_out.of_receipts(connection, receipt_ids)

    def balances(self, first: date, last: date) -> Balances:
        boundary.leaving("books.balances")
        with self._ledger.reading() as connection:
            return general_ledger.balances(connection, first, last)

    def parts(self, payment: Payment, lines: Sequence[tuple[str, int]], company: Company, customer_id: str) -> Sequence[Part]:
        """One receipt for all lines; or, where one receipt pays one invoice, one for each and one for the rest.

        Raises ValueError when the lines are more than the payment: bad input is refused long before.
        """
        plan = planning.one_for_each_invoice if self._one_invoice_per_receipt else planning.one_receipt
        return plan(payment, lines, company, customer_id)

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        boundary.leaving("books.look")
        with self._ledger.reading() as connection:
            return tuple(_traces(connection, order) for order in orders)

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        """Carries the orders out in one transaction; each is done whole or answered with its own refusal.

        Raises BooksUnavailable (nothing was done: the deadline passed, or the file is held by another process),
        BooksRefused (duplicate_request), OutcomeUnknown (the COMMIT did not answer).
        """
        boundary.leaving("books.write")
        must_be_in_time(dispatch, self._clock)  # before waiting for the file
        key = dispatch.orders[0].key if len(dispatch.orders) == 1 else dispatch.key
        body = keys.body_hash(dispatch.orders)
        with self._ledger.changing(self._person) as change:
            answers = keys.replayed(change, key, body)
            if answers is None:
                answers = tuple(_answer(change, order) for order in dispatch.orders)
                keys.remember(change, key, body, answers, self._ledger.key_life)
            failpoint("books.inside_transaction")
            must_be_in_time(dispatch, self._clock)  # and before it is final: a process may have waited, or been paused
        return answers

    def _found(
        self, kind: Kind, ids: Collection[str], read: Callable[[Connection, Collection[str]], list[DocumentT]]
    ) -> dict[str, DocumentT | Gone]:
        """Every id is answered: the record, its tombstone, or, where the books never had it, `Gone` without a stamp."""
        with self._ledger.reading() as connection:
            found: dict[str, DocumentT | Gone] = {document_id: Gone(kind.value, document_id) for document_id in ids}
            found.update((tombstone.id, tombstone) for tombstone in reading.gone(connection, kind, ids))
            found.update((document.id, document) for document in read(connection, ids))
        return found


def _by_mark(marks: Iterable[str], found: Iterable[tuple[str, Receipt]]) -> dict[str, list[Receipt]]:
    receipts_of: dict[str, list[Receipt]] = {mark: [] for mark in marks}
    for mark, receipt in found:
        receipts_of[mark].append(receipt)
    return receipts_of


def _traces(connection: Connection, order: Order) -> tuple[Written, ...]:
    """Every trace in the books that this order was carried out."""
    match order.write:
        case ReceiptWrite():
            marked = reading.receipts_with_marker(connection, [order.marker])
            return tuple(Written(receipt.id, receipt.version) for _, receipt in marked)
        case ApplyCredit():
            found = reading.applications_marked(connection, [order.marker])
            return tuple(_applied(connection, application.id, application.credit_memo_id) for _, application in found)
        case UnapplyCredit(application_id=application_id):
            deleted = reading.gone(connection, Kind.CREDIT_APPLICATION, [application_id])
            return tuple(_applied(connection, tombstone.id, order.write.credit_memo_id) for tombstone in deleted)
        case RecordReturn():
            return tuple(Written(entry.id, entry.version) for entry in money_out.marked(connection, order.marker))
        case VoidReceipt(receipt_id=receipt_id):
            return tuple(Written(found.id, found.version) for found in reading.receipts(connection, [receipt_id]) if found.voided)
        case VoidCredit(credit_memo_id=memo_id):
            return tuple(
                Written(found.id, found.version) for found in reading.credit_memos(connection, [memo_id]) if found.voided
            )
        case ApplyReceipt(receipt_id=receipt_id, lines=lines):
            standing = reading.receipts(connection, [receipt_id])
            return applied_as_ordered(standing[0], lines) if standing else ()


def _answer(change: Change, order: Order) -> Answer:
    """Carries one order out, or undoes whatever it began and says why the books refused it."""
    change.connection.execute("SAVEPOINT one_order")
    touched = set(change.touched)
    try:
        written = _carry_out(change, order)
    except BooksRefused as refusal:
        change.connection.execute("ROLLBACK TO one_order")
        change.connection.execute("RELEASE one_order")
        change.touched = touched
        return refusal
    change.connection.execute("RELEASE one_order")
    return written


def _carry_out(change: Change, order: Order) -> Written:
    match order.write:
        case ReceiptWrite() as write:
            _unchanged_since(change, order)
            marked = replace(write, memo=receipts.with_marker(write.memo, order.marker))
            receipt = receipts.enter(change, marked)
            return Written(receipt.id, receipt.version)
        case ApplyCredit(credit_memo_id=memo_id, invoice_id=invoice_id, amount_minor=amount_minor):
            _unchanged_since(change, order)
            application = credits.apply(change, memo_id, invoice_id, amount_minor, marker=order.marker)
            return _applied(change.connection, application.id, memo_id)
        case UnapplyCredit() as write:
            return _unapply(change, order, write)
        case ApplyReceipt(receipt_id=receipt_id, lines=lines):
            _unchanged_since(change, order)
            receipt = receipts.apply(change, receipt_id, lines)
            return Written(receipt.id, receipt.version)
        case RecordReturn() as write:
            _unchanged_since(change, order)
            memo = receipts.with_marker(write.memo, order.marker)
            new = NewMoneyOut(write.out, write.receipt_id, write.on, write.amount_minor, memo, write.off)
            entry = money_out.record(change, new)
            return Written(entry.id, entry.version)
        case VoidReceipt(receipt_id=receipt_id):
            _unchanged_since(change, order)
            receipt = receipts.void(change, receipt_id)
            return Written(receipt.id, receipt.version)
        case VoidCredit(credit_memo_id=memo_id):
            _unchanged_since(change, order)
            voided = credits.void(change, memo_id)
            return Written(voided.id, voided.version)


def _unapply(change: Change, order: Order, write: UnapplyCredit) -> Written:
    """An application that is gone already is what was ordered, no matter who removed it."""
    if reading.gone(change.connection, Kind.CREDIT_APPLICATION, [write.application_id]):
        return _applied(change.connection, write.application_id, write.credit_memo_id)
    _unchanged_since(change, order)
    standing = checks.credit_application(change, write.application_id)
    meant = (write.credit_memo_id, write.invoice_id, write.amount_minor)
    if (standing.credit_memo_id, standing.invoice_id, standing.amount_minor) != meant:
        raise BooksRefused(f"Application #{standing.id} has changed since it was read.", Refusal.STALE)
    credits.unapply(change, standing.id)
    return _applied(change.connection, standing.id, standing.credit_memo_id)


def _applied(connection: Connection, application_id: str, credit_memo_id: str) -> Written:
    """What is answered about an application: its id, and the version of its credit memo, which moves with it."""
    memo = reading.credit_memos(connection, [credit_memo_id])
    return Written(application_id, memo[0].version if memo else "")


def _unchanged_since(change: Change, order: Order) -> None:
    must_be_unchanged(order, lambda it: None if change.is_deleted(it) else change.version_of(it))
