"""QuickBooks Online as the rest of the house sees it: the same protocol as the embedded books, Xero and Tryton.

A receipt is a Payment, with all its invoices at once; a credit is applied by a Payment of zero. QuickBooks takes a
receipt that is larger than what is open without a word and leaves the rest unapplied, so what was written is to be
read back. Every read is batched, every write leaves once, with the request id by which QuickBooks knows it again for
about a day. After that day, or for a receipt deleted meanwhile, the id proves nothing: the marker in the note does.
The payment's method stands in no field of QuickBooks that we could fill without guessing; it is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from accounting import planning
from accounting.bank_side import ShownByDocuments
from accounting.calling import Calls
from accounting.orders import applied_as_ordered, must_be_in_time, noted
from accounting.quickbooks import documents, sending, writes
from accounting.quickbooks.applied import AppliedCredits
from accounting.quickbooks.beforehand import Beforehand
from accounting.quickbooks.changes import ChangeFeed
from accounting.quickbooks.description import TRAITS
from accounting.quickbooks.documents import payment_of
from accounting.quickbooks.entries_out import EntriesOut
from accounting.quickbooks.explaining import Reads, explained
from accounting.quickbooks.fields import Json, text
from accounting.quickbooks.marks import Marks
from accounting.quickbooks.queries import Reading
from accounting.quickbooks.returning import Returning
from accounting.quickbooks.writes import Request
from accounting.recent import Recent
from receivables import boundary
from receivables.books_records import (
    Balances,
    BooksSettings,
    Changes,
    CreditMemo,
    Customer,
    Document,
    Gone,
    Invoice,
    MoneyOut,
    Receipt,
    UnreadableReceipt,
)
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
    credit_markers_in,
    markers_in,
    stem_of,
    stems_in,
)
from receivables.errors import BooksError, BooksRefused, OutcomeUnknown
from receivables.ports import BooksTraits, Clock, MarkIndex
from receivables.refusal import Refusal

BALANCES_NOT_READ = "The reports of QuickBooks are not read. Take it from Reports › Trial Balance."
LINKS_KEPT = 20_000  # ids of Payments that only apply credits, to tell their deletion from a receipt's
DocumentT = TypeVar("DocumentT", Customer, Invoice, CreditMemo, Receipt)


class QuickBooksBooks(ShownByDocuments):
    """The books of one company in QuickBooks Online. `calls` is bound to the company's own address (its realm)."""

    def __init__(
        self, calls: Calls, clock: Clock, index: MarkIndex | None = None, addresses: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """`index` is what the mirror knows of our markers; without it every process reads all Payments once."""
        self._addresses = addresses
        self._calls = calls
        self._clock = clock
        self._recent = Recent(clock)
        self._reading = Reading(calls, self._recent)
        self._applied = AppliedCredits(self._reading)
        self._marks = Marks(self._reading, index)
        self._credit_links: dict[str, None] = {}  # Payments of zero, in the order in which they were seen
        self._feed = ChangeFeed(self._reading, clock, self._records, lambda payment_id: payment_id in self._credit_links)
        self._before = Beforehand(self._reading)
        self._entries_out = EntriesOut(self._reading)
        self._returning = Returning(calls, self._reading)

    @property
    def traits(self) -> BooksTraits:
        return TRAITS

    def settings(self) -> BooksSettings:
        boundary.leaving("books.settings")
        return replace(self._reading.settings(), addresses=self._addresses)

    def changes(self, cursor: str, *, receipts_only: bool = False) -> Changes:
        """The next page of at most 400 documents. The cursor is JSON of our own; see `changes`."""
        boundary.leaving("books.changes")
        return self._feed.after(cursor, receipts_only=receipts_only)

    def customers(self, ids: Collection[str]) -> Mapping[str, Customer | Gone]:
        boundary.leaving("books.customers")
        return self._found("Customer", ids, documents.customer)

    def invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        boundary.leaving("books.invoices")
        with self._recent.afresh():  # a receipt larger than what is open is taken without a word
            return self._found("Invoice", ids, documents.invoice)

    def invoices_numbered(self, numbers: Collection[str]) -> Sequence[Invoice]:
        boundary.leaving("books.invoices_numbered")
        return [documents.invoice(invoice) for invoice in self._reading.numbered("Invoice", numbers)]

    def credit_memos(self, ids: Collection[str]) -> Mapping[str, CreditMemo | Gone]:
        boundary.leaving("books.credit_memos")
        raw = self._reading.by_ids("CreditMemo", ids)
        memos = {memo.id: memo for memo in self._applied.memos([memo for memo in raw.values() if memo is not None])}
        return {memo_id: memos.get(memo_id) or Gone("credit_memo", memo_id) for memo_id in raw}

    def credit_memos_on(self, invoice_ids: Collection[str]) -> Sequence[CreditMemo]:
        boundary.leaving("books.credit_memos_on")
        return self._applied.memos_on(invoice_ids)

    def receipts(self, ids: Collection[str]) -> Mapping[str, Receipt | Gone]:
        boundary.leaving("books.receipts")
        with self._recent.afresh():  # what was written is read back
            return self._found("Payment", ids, documents.receipt)

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> Sequence[Receipt]:
        boundary.leaving("books.receipts_of")
        found = self._reading.payments_of(customer_ids, f"TxnDate >= '{received_from.isoformat()}'")
        return [documents.receipt(payment) for payment in found if documents.is_receipt(payment)]

    def receipts_marked(self, stems: Collection[str]) -> Mapping[str, Sequence[Receipt]]:
        """The receipts with our markers, of whatever customer, day and reference: all Payments were looked at (`marks`).

        A receipt is missing only if a person removed the marker from its note; one copied by hand is found twice.
        """
        boundary.leaving("books.receipts_marked")
        found = self._marks.with_stems(stems) if stems else {}
        living = self._living_payments({payment_id for ids in found.values() for payment_id in ids})
        return {
            stem: [
                documents.receipt(living[payment_id])
                for payment_id in sorted(ids)
                if payment_id in living and stem in stems_in(text(living[payment_id], "PrivateNote"))
            ]
            for stem, ids in found.items()
        }

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        boundary.leaving("books.money_out")
        return self._entries_out.of(receipt_ids)

    def balances(self, first: date, last: date) -> Balances:  # noqa: ARG002 (QuickBooks tells balances of now alone)
        boundary.leaving("books.balances")
        deposits = self._reading.everything("Deposit", [f"TxnDate >= '{first.isoformat()}'"])
        return Balances(deposited_on=documents.deposited_on(deposits), why_not=BALANCES_NOT_READ)

    parts = staticmethod(planning.one_receipt)

    def look(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        """Traces by marker for what is created, by the documents themselves for what is changed. Only reads."""
        boundary.leaving("books.look")
        with self._recent.afresh():
            return self._looked(orders)

    def _looked(self, orders: Sequence[Order]) -> Sequence[Sequence[Written]]:
        stems = {stem_of(order.marker) for order in orders if isinstance(order.write, ReceiptWrite)}
        carrying = self._marks.with_stems(stems) if stems else {}
        on = {order.write.invoice_id for order in orders if isinstance(order.write, ApplyCredit)}
        for linked in self._applied.payments_on_invoices(on) if on else ():
            for credit in credit_markers_in(text(linked, "PrivateNote")):
                carrying.setdefault(credit, set()).add(text(linked, "Id"))
        changed = [payment for order in orders if (payment := _changed_payment(order))]
        read = self._reading.by_ids("Payment", {payment_id for ids in carrying.values() for payment_id in ids} | set(changed))
        self._remember(payment for payment in read.values() if payment is not None)
        self._marks.forget([payment_id for payment_id, payment in read.items() if payment is None])
        return tuple(self._traces(order, carrying.get(stem_of(order.marker), set()), read) for order in orders)

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        """Carries the orders out: one by a call of its own, several as one batch; each is answered by itself.

        What an order rests on is read first; a changed version is refused with nothing sent. Raises BooksUnavailable
        (nothing was done), AccessLost, OutcomeUnknown, and BooksRefused (duplicate_request) for a single order.
        """
        boundary.leaving("books.write")
        if len(dispatch.orders) > TRAITS.orders_per_dispatch:
            raise ValueError(f"{len(dispatch.orders)} orders in one dispatch, at most {TRAITS.orders_per_dispatch}")
        must_be_in_time(dispatch, self._clock)
        try:
            with self._recent.afresh():
                return self._written(dispatch)
        finally:
            self._recent.written_to("")

    def _written(self, dispatch: Dispatch) -> Sequence[Answer]:
        before = self._before.of(dispatch.orders)
        self._remember(payment for payment in before.payments.values() if payment is not None)
        answers: dict[int, Answer] = {}
        going: dict[int, Request] = {}
        taken: set[str] = set()
        for place, order in enumerate(dispatch.orders):
            if isinstance(order.write, RecordReturn) and order.write.receipt_id in taken:
                answers[place] = writes.waits_for_another()
                continue
            if isinstance(order.write, RecordReturn):
                taken.add(order.write.receipt_id)
                payment = before.payments.get(order.write.receipt_id)
                answers[place] = self._returning.carry_out(order, order.write, payment, dispatch.deadline)
                continue
            prepared = writes.prepare(order, before)
            if not isinstance(prepared, Request):
                answers[place] = prepared
            elif prepared.touches & taken:
                answers[place] = writes.waits_for_another()
            else:
                taken |= prepared.touches
                going[place] = prepared
        if going:
            answers |= self._sent(dispatch, going)
        return noted(TRAITS.package, [answers[place] for place in range(len(dispatch.orders))])

    def _sent(self, dispatch: Dispatch, going: Mapping[int, Request]) -> dict[int, Answer]:
        """What became of the requests. An error of the whole call answers for those it carried."""
        try:
            if len(going) == 1:
                ((place, request),) = going.items()
                order = dispatch.orders[place]
                answers = {place: sending.one(self._calls, order, request, dispatch.deadline)}
            else:
                orders = {place: dispatch.orders[place] for place in going}
                answers = sending.batch(self._calls, dispatch.key, orders, going, dispatch.deadline)
        except BooksError as error:
            if len(going) == len(dispatch.orders):
                raise
            return dict.fromkeys(going, error)
        refusals = {place: answer for place, answer in answers.items() if isinstance(answer, BooksRefused)}
        known = {place for place, refusal in refusals.items() if refusal.refusal is Refusal.DUPLICATE_REQUEST}
        reads = Reads(self._before.invoices, self._before.customers, self._before.active_accounts)
        answers |= explained({place: (dispatch.orders[place], refusal) for place, refusal in refusals.items()}, reads)
        answers |= {place: self._known_request(dispatch.orders[place], refusals[place]) for place in known}
        if len(dispatch.orders) == 1 and isinstance(answers[0], BooksRefused) and known:
            raise answers[0]
        return answers

    def _known_request(self, order: Order, refusal: BooksRefused) -> Answer:
        """QuickBooks knows the key: from this very order, from one of another content, or from one still under way."""
        try:
            traces = self.look([order])[0]
            if len(traces) != 1 or not isinstance(order.write, ReceiptWrite):
                return OutcomeUnknown(refusal.message)
            found = self.receipts([traces[0].document_id])[traces[0].document_id]
        except BooksError:
            return OutcomeUnknown(refusal.message)
        wanted = (order.write.customer_id, order.write.currency, order.write.amount_minor)
        if isinstance(found, Receipt) and (found.customer_id, found.currency, found.amount_minor) == wanted:
            return traces[0]
        return refusal

    def _traces(self, order: Order, carrying: Collection[str], read: Mapping[str, Json | None]) -> tuple[Written, ...]:
        """Every trace in the books that this order was carried out."""
        payments = [payment for key in sorted(carrying) if (payment := read[key]) is not None and _carries(payment, order.marker)]
        match order.write:
            case ReceiptWrite():
                return tuple(writes.written(order, payment, "") for payment in payments if documents.is_receipt(payment))
            case ApplyCredit(credit_memo_id=memo_id, invoice_id=invoice_id):
                pair = (memo_id, invoice_id)
                return tuple(writes.written(order, payment, "") for payment in payments if pair in _pairs(payment))
            case UnapplyCredit() as write:
                trace = writes.unapplied(write, writes.Before(payments=read))
                return () if trace is None else (trace,)
            case ApplyReceipt(receipt_id=receipt_id, lines=lines):
                payment = read.get(receipt_id)
                if payment is None or not documents.is_receipt(payment):
                    return ()
                return applied_as_ordered(documents.receipt(payment), lines)
            case VoidReceipt(receipt_id=receipt_id):
                payment = read.get(receipt_id)
                voided = payment is not None and not documents.is_receipt(payment)
                return (Written(receipt_id, text(payment or {}, "SyncToken")),) if voided else ()
            case RecordReturn() as write:
                return self._returning.traces(order, write)
            case VoidCredit():
                return ()

    def _living_payments(self, ids: Collection[str]) -> dict[str, Json]:
        """Those of these Payments that are receipts with money now."""
        read = self._reading.by_ids("Payment", ids) if ids else {}
        self._marks.forget([payment_id for payment_id, payment in read.items() if payment is None])
        return {key: payment for key, payment in read.items() if payment is not None and documents.is_receipt(payment)}

    def _found(self, entity: str, ids: Collection[str], record: Callable[[Json], DocumentT]) -> dict[str, DocumentT | Gone]:
        raw = self._reading.by_ids(entity, ids)
        kind = documents.KINDS[entity]
        return {key: Gone(kind, key) if document is None else record(document) for key, document in raw.items()}

    def _records(self, found: Sequence[tuple[str, Json]]) -> tuple[list[Document], list[BooksRefused], list[UnreadableReceipt]]:
        """Our records of changed documents, the refusals of those that cannot be read, and what can be read of receipts."""
        self._remember(document for entity, document in found if entity == "Payment")
        memos = self._memos_by_id([document for entity, document in found if entity == "CreditMemo"])
        records: list[Document] = []
        unreadable: list[BooksRefused] = []
        in_part: list[UnreadableReceipt] = []
        for entity, document in found:
            try:
                match entity:
                    case "Customer":
                        records.append(documents.customer(document))
                    case "Invoice":
                        records.append(documents.invoice(document))
                    case "CreditMemo":
                        records += (
                            [memos[text(document, "Id")]] if text(document, "Id") in memos else self._applied.memos([document])
                        )
                    case "Payment" if not documents.is_credit_link(document):
                        records.append(documents.receipt(document))
            except BooksRefused as refused:
                if refused.refusal is not Refusal.UNREADABLE:
                    raise
                unreadable.append(refused)
                if entity == "Payment" and text(document, "Id"):
                    in_part.append(documents.unreadable_receipt(document, refused.message))
        return records, unreadable, in_part

    def _memos_by_id(self, found: Sequence[Json]) -> dict[str, CreditMemo]:
        """These credit memos read together; none when one of them cannot be read: then each is read by itself."""
        try:
            return {memo.id: memo for memo in self._applied.memos(found)}
        except BooksRefused as refused:
            if refused.refusal is not Refusal.UNREADABLE:
                raise
            return {}

    def _remember(self, payments: Iterable[Json]) -> None:
        for payment in payments:
            if documents.is_credit_link(payment):
                self._credit_links[text(payment, "Id")] = None
        while len(self._credit_links) > LINKS_KEPT:
            self._credit_links.pop(next(iter(self._credit_links)))


def _changed_payment(order: Order) -> str:
    match order.write:
        case UnapplyCredit(application_id=application):
            return payment_of(application)
        case ApplyReceipt(receipt_id=receipt_id) | VoidReceipt(receipt_id=receipt_id):
            return receipt_id
        case _:
            return ""


def _carries(payment: Json, marker: str) -> bool:
    note = text(payment, "PrivateNote")
    return marker in (*markers_in(note), *credit_markers_in(note))


def _pairs(payment: Json) -> set[tuple[str, str]]:
    return {(pair.credit_memo_id, pair.invoice_id) for pair in documents.pairs_in(payment)}
