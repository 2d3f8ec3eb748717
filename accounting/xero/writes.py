"""Writing into Xero: one dispatch, each order answered by itself; nothing is ever sent twice from here.

Everything an order rests on is read before the first is sent. Receipts on invoices go out together, in one PUT of
payments, then money on account in one of bank transactions; Xero may answer 200 and refuse some of them, so each element
is checked by itself. Credit applied and credit taken off go out one by one. What was refused is read about afterwards,
to say why; that read never makes a refusal a success.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from accounting.calling import Reply
from accounting.orders import must_be_in_time, must_be_unchanged, not_able
from accounting.xero import bodies, documents, faults, voiding
from accounting.xero.asking import Asking
from accounting.xero.reads import Reads
from accounting.xero.resting import Grounds
from accounting.xero.searching import applications_like
from accounting.xero.wire import Fields, Unreadable, elements, fields, identity, is_identity, text
from receivables.books_records import CreditMemo, Gone, Invoice, Receipt
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
    markers_in,
)
from receivables.errors import BooksError, BooksRefused, BooksUnavailable, NotSent, OutcomeUnknown
from receivables.ports import Clock
from receivables.refusal import Refusal
from receivables.words import day_of

#: Done already; the body of a receipt, which goes out with others; or what sends it alone.
Prepared = Written | bodies.Body | Callable[[], Answer]

log = logging.getLogger(__name__)


class Writes:
    """Writes into one organization's books. `deposit_account` is where money goes when an order does not say."""

    def __init__(self, asking: Asking, reads: Reads, clock: Clock, time_zone: ZoneInfo, deposit_account: str) -> None:
        self._asking = asking
        self._reads = reads
        self._clock = clock
        self._time_zone = time_zone
        self._deposit_account = deposit_account

    def carry_out(self, dispatch: Dispatch) -> list[Answer]:
        """One answer for each order. Raises BooksUnavailable and AccessLost while nothing was sent, and duplicate_request."""
        must_be_in_time(dispatch, self._clock)
        grounds = self._grounds(dispatch.orders)
        answers: dict[str, Answer] = {}
        together: dict[str, list[tuple[Order, bodies.Body]]] = {"Payments": [], "BankTransactions": []}
        singly: list[tuple[Order, Callable[[], Answer]]] = []
        for order in dispatch.orders:
            try:
                prepared = self._prepared(order, grounds, dispatch.deadline)
            except BooksRefused as refusal:
                answers[order.effect_id] = refusal
                continue
            if isinstance(prepared, Written):
                answers[order.effect_id] = prepared
            elif isinstance(prepared, dict):
                together["BankTransactions" if _is_on_account(order) else "Payments"].append((order, prepared))
            else:
                singly.append((order, prepared))
        for path, going in together.items():
            if going:
                self._answered(partial(self._received, dispatch, path, going), [order for order, _ in going], answers)
        for order, send in singly:
            self._answered(partial(_alone, order, send), [order], answers)
        given = [answers[order.effect_id] for order in dispatch.orders]
        return _or_raised(given)

    def _grounds(self, orders: Sequence[Order]) -> Grounds:
        """What the orders rest on, read now. An allocation cannot be changed in Xero, and one that is gone answers 404:
        to take one off may rest on what was read a moment ago.
        """
        if all(isinstance(order.write, UnapplyCredit) for order in orders):
            return Grounds.read(self._reads, orders)
        with self._asking.afresh():
            return Grounds.read(self._reads, orders)

    def _prepared(self, order: Order, grounds: Grounds, deadline: float) -> Prepared:
        """How an order is to be sent, or its answer without sending. Raises BooksRefused."""
        match order.write:
            case ReceiptWrite() as write:
                must_be_unchanged(order, grounds.version_now)
                bodied = bodies.payment if write.lines else bodies.overpayment
                return bodied(order, write, self._deposit_account)
            case UnapplyCredit() as write:
                if grounds.is_off(write):
                    return Written(write.application_id, grounds.version_now(write.credit_memo_id) or "")
                must_be_unchanged(order, grounds.version_now)
                grounds.must_be_meant(write)
                return partial(self._take_off, write, deadline)
            case ApplyCredit() as write:
                must_be_unchanged(order, grounds.version_now)
                currency = grounds.must_have_left(write)
                body = bodies.allocation(write.invoice_id, write.amount_minor, currency, self._today())
                return partial(self._put_on, order, write, body, deadline)
            case ApplyReceipt() as write:
                must_be_unchanged(order, grounds.version_now)
                added = grounds.one_line_added(write)
                if added is None:
                    return Written(write.receipt_id, grounds.version_now(write.receipt_id) or "")
                currency = grounds.currency_of(write.receipt_id)
                body = bodies.allocation(added.invoice_id, added.amount_minor, currency, self._today())
                return partial(self._allocate, order, write, body, deadline)
            case VoidReceipt() as write:
                receipt = grounds.held.get(write.receipt_id)
                if isinstance(receipt, Receipt) and receipt.voided:
                    return Written(receipt.id, receipt.version)
                must_be_unchanged(order, grounds.version_now)
                return partial(voiding.void, self._asking, order, write, voiding.must_be_free(order, receipt), deadline)
            case VoidCredit() as write:
                memo = grounds.held[write.credit_memo_id]
                if isinstance(memo, CreditMemo) and memo.voided:
                    return Written(memo.id, memo.version)
                must_be_unchanged(order, grounds.version_now)
                return partial(voiding.void_credit, self._asking, order, voiding.must_be_unapplied(memo), deadline)
            case RecordReturn():
                raise not_able("Xero")

    def _today(self) -> date:
        """The day of an allocation: Xero has it dated, and nobody else says when."""
        return day_of(self._clock.now(), self._time_zone)

    def _answered(self, send: Callable[[], Mapping[str, Answer]], orders: Sequence[Order], answers: dict[str, Answer]) -> None:
        """Sends; whatever is raised instead of an answer answers for these orders, and not for those sent before."""
        try:
            answers.update(send())
        except BooksError as error:
            answers.update((order.effect_id, error) for order in orders)

    # --- receipts -----------------------------------------------------------------------------------------------------

    def _received(self, dispatch: Dispatch, path: str, going: Sequence[tuple[Order, bodies.Body]]) -> dict[str, Answer]:
        """Receipts on invoices, or those on account: all in one call, each element answered by itself.

        A dispatch of both is two calls, and Xero takes a key for one request only.
        """
        orders = [order for order, _ in going]
        alone = len(orders) == 1 and (path != "Payments" or len(dispatch.orders) == 1)
        whole = dispatch.key if path == "Payments" else f"{dispatch.key}-{path}"
        reply = self._asking.write(
            "PUT",
            path,
            deadline=dispatch.deadline,
            key=orders[0].key if alone else whole,
            params={"summarizeErrors": "true" if alone else "false"},
            body={path: [body for _, body in going]},
        )
        if not reply.ok:
            return dict(zip([order.effect_id for order in orders], self._none_taken(reply, orders), strict=True))
        found = _in_order(orders, elements(fields(reply.body).get(path)))
        refused = {order.effect_id for order, of in zip(orders, found, strict=True) if faults.is_refused(of)}
        why = self._why([order for order in orders if order.effect_id in refused])
        return {
            order.effect_id: self._refused_element(order, of, why)
            if order.effect_id in refused
            else _on_account(of, reply)
            if _is_on_account(order)
            else _written(of, "PaymentID", reply)
            for order, of in zip(orders, found, strict=True)
        }

    def _none_taken(self, reply: Reply, orders: Sequence[Order]) -> list[Answer]:
        """A refused request wrote nothing. Where Xero says which element was wrong, the others may be sent again."""
        wrong = elements(fields(reply.body).get("Elements"))
        told_apart = len(wrong) == len(orders) and any(faults.validation_messages(element) for element in wrong)
        if len(orders) == 1 or not told_apart:
            whole = faults.failed_write(reply)
            if not isinstance(whole, BooksRefused) or reply.status == 404:
                return [whole] * len(orders)
            why = self._why(orders)
            said = faults.messages_in(reply.body) or [f"status {reply.status}"]
            return [faults.refused(said, reply.body, invoice=why.get(_invoice_of(order))) for order in orders]
        why = self._why([order for order, element in zip(orders, wrong, strict=True) if faults.validation_messages(element)])
        return [
            faults.refused(said, reply.body, invoice=why.get(_invoice_of(order)))
            if (said := faults.validation_messages(element))
            else NotSent("Another receipt of the same request was refused; this one was not written.")
            for order, element in zip(orders, wrong, strict=True)
        ]

    def _refused_element(self, order: Order, of: Fields, why: Mapping[str, Invoice | Gone]) -> Answer:
        """An element with errors inside a 200. If it has the id of a payment all the same, only a read can tell."""
        refusal = faults.refused(faults.validation_messages(of), invoice=why.get(_invoice_of(order)))
        if _is_on_account(order) and identity(of, "OverpaymentID", "BankTransactionID"):
            return OutcomeUnknown("Xero answered with errors and with an overpayment; only reading the books can tell.")
        payment_id = identity(of, "PaymentID")
        if not payment_id:
            return refusal
        try:
            held = self._reads.receipts([payment_id])[payment_id]
        except BooksError as error:
            return OutcomeUnknown(f"Xero answered with errors and with a payment; it could not be read: {error.message}")
        if isinstance(held, Gone) or held.voided or order.marker not in markers_in(held.memo):
            return refusal
        return Written(held.id, held.version)

    def _why(self, orders: Sequence[Order]) -> Mapping[str, Invoice | Gone]:
        """The invoices of refused receipts as they are now."""
        return self._invoices({_invoice_of(order) for order in orders} - {""})

    def _invoices(self, ids: Collection[str]) -> Mapping[str, Invoice | Gone]:
        """Read to say why something was refused. A read that fails leaves the refusal as Xero worded it."""
        try:
            return self._reads.invoices(ids) if ids else {}
        except BooksError as error:
            log.info("xero: the invoices of a refusal could not be read: %s", error.message)
            return {}

    # --- credit, and money on account ---------------------------------------------------------------------------------

    def _take_off(self, write: UnapplyCredit, deadline: float) -> Answer:
        """Deletes one allocation of a credit note. One that is not there any more is what was ordered."""
        if not is_identity(write.application_id):
            return BooksRefused("Xero gives this application no ID. Remove it in Xero.", Refusal.INVALID)
        path = f"CreditNotes/{write.credit_memo_id}/Allocations/{write.application_id}"
        reply = self._asking.write("DELETE", path, deadline=deadline)
        if reply.status == 404:
            return Written(write.application_id, "", reply.trace)
        if not reply.ok:
            return faults.failed_write(reply)
        if faults.is_refused(fields(reply.body)):
            return faults.refused(faults.validation_messages(fields(reply.body)))
        answered = [fields(reply.body), *elements(fields(reply.body).get("Allocations"))]
        if not any(allocation.get("IsDeleted") in (True, "true") for allocation in answered):
            return OutcomeUnknown("Xero did not say that the allocation is deleted.")
        return Written(write.application_id, "", reply.trace)

    def _put_on(self, order: Order, write: ApplyCredit, body: bodies.Body, deadline: float) -> Answer:
        """Allocates a credit note. The answer may lack the allocation's id; the credit note itself has it."""
        path = f"CreditNotes/{write.credit_memo_id}/Allocations"
        reply = self._asking.write("PUT", path, deadline=deadline, key=order.key, body=body, params={"summarizeErrors": "true"})
        refusal = self._allocation_refused(reply, write.invoice_id)
        if refusal is not None:
            return refusal
        try:
            alike = applications_like(self._reads.credit_memos([write.credit_memo_id])[write.credit_memo_id], write)
        except BooksError as error:
            return OutcomeUnknown(f"Xero took the allocation; it could not be read back: {error.message}")
        answered = {
            identity(allocation, "AllocationID", "AllocationId") for allocation in elements(fields(reply.body).get("Allocations"))
        }
        named = [application for application in alike if application.document_id in answered] or alike
        if len(named) != 1:
            return OutcomeUnknown(f"Xero took the allocation, and its credit note has {len(named)} like it.")
        return Written(named[0].document_id, named[0].version, reply.trace)

    def _allocate(self, order: Order, write: ApplyReceipt, body: bodies.Body, deadline: float) -> Answer:
        """Lets money on account stand on one more invoice."""
        path = f"{write.receipt_id}/Allocations"  # the receipt's id is the address of its overpayment or prepayment
        reply = self._asking.write("PUT", path, deadline=deadline, key=order.key, body=body, params={"summarizeErrors": "true"})
        refusal = self._allocation_refused(reply, write.lines[-1].invoice_id if len(write.lines) == 1 else "")
        return refusal if refusal is not None else Written(write.receipt_id, "", reply.trace)

    def _allocation_refused(self, reply: Reply, invoice_id: str) -> BooksError | None:
        """Why an allocation was not taken, exact about its invoice where that is known; None when it was taken."""
        if reply.ok:
            wrong = [
                allocation for allocation in elements(fields(reply.body).get("Allocations")) if faults.is_refused(allocation)
            ]
            if not wrong:
                return None
            said = [message for allocation in wrong for message in faults.validation_messages(allocation)]
            whole: BooksError = faults.refused(said)
        else:
            said = faults.messages_in(reply.body)
            whole = faults.failed_write(reply)
        if not isinstance(whole, BooksRefused) or reply.status == 404 or not invoice_id:
            return whole
        return faults.refused(said, reply.body, invoice=self._invoices({invoice_id}).get(invoice_id))


def _is_on_account(order: Order) -> bool:
    return isinstance(order.write, ReceiptWrite) and not order.write.lines


def _on_account(of: Fields, reply: Reply) -> Answer:
    """An overpayment among the bank transactions, by our id of it."""
    written = _written(of, "OverpaymentID", reply)
    if isinstance(written, Written):
        return replace(written, document_id=documents.OVERPAYMENTS.id_of(written.document_id))
    return written


def _alone(order: Order, send: Callable[[], Answer]) -> dict[str, Answer]:
    return {order.effect_id: send()}


def _in_order(orders: Sequence[Order], found: Sequence[Fields]) -> list[Fields]:
    """The element of the answer for each order: by its marker where Xero shows it, else by its place.

    Raises OutcomeUnknown when the answer is not about these orders.
    """
    if len(found) != len(orders):
        raise OutcomeUnknown(f"Xero answered for {len(found)} documents where {len(orders)} were sent.")
    by_marker = {mark: of for of in found for mark in markers_in(text(of, "Reference"))[:1]}
    in_order = [by_marker.get(order.marker, of) for order, of in zip(orders, found, strict=True)]
    for order, of in zip(orders, in_order, strict=True):
        marks = markers_in(text(of, "Reference"))
        if marks and order.marker not in marks:
            raise OutcomeUnknown("Xero answered about other documents than those that were sent.")
    return in_order


def _written(of: Fields, id_name: str, reply: Reply) -> Answer:
    for warning in elements(of.get("Warnings")):
        log.warning("xero: %s was taken with a warning: %s", identity(of, id_name), text(warning, "Message"))
    document_id = identity(of, id_name)
    if not document_id:
        return OutcomeUnknown("Xero answered without the id of the document.")
    try:
        version = documents.version(of)
    except Unreadable:
        version = ""
    return Written(document_id, version, reply.trace)


def _invoice_of(order: Order) -> str:
    return order.write.lines[0].invoice_id if isinstance(order.write, ReceiptWrite) and order.write.lines else ""


def _or_raised(answers: list[Answer]) -> list[Answer]:
    """The answers; but where one thing is true of the whole dispatch, it is raised: nobody's was carried out for it."""
    first = answers[0] if answers else None
    if all(answer is first for answer in answers):
        if isinstance(first, BooksUnavailable):
            raise first
        if isinstance(first, BooksRefused) and first.refusal is Refusal.DUPLICATE_REQUEST:
            raise first
    return answers
