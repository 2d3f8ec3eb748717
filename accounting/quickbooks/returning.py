"""Recording that a receipt's money left again: a journal entry of that day, and the receipt moved from its invoice to it.

Two writes, in this order, under keys of their own. After the first the books are right about the cash: the customer owes
by the entry. The second makes the invoice open again instead; it is left out for a receipt whose deposit or month keeps it
as it is. One that was not answered is taken up where it stopped, because the entry carries our marker.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from accounting.calling import Calls
from accounting.orders import changed_since
from accounting.quickbooks import documents, fields, sending, writes
from accounting.quickbooks.description import TRAITS
from accounting.quickbooks.entries_out import RECEIVABLE
from accounting.quickbooks.fields import Json, ref, text
from accounting.quickbooks.queries import Reading, quoted
from receivables.books_records import by_invoice
from receivables.effects import Answer, Order, RecordReturn, Written, markers_in
from receivables.errors import BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.refusal import Refusal

log = logging.getLogger(__name__)


class Returning:
    """Records returns in one company's QuickBooks."""

    def __init__(self, calls: Calls, reading: Reading) -> None:
        self._calls = calls
        self._reading = reading

    def traces(self, order: Order, write: RecordReturn) -> tuple[Written, ...]:
        """The entries with this order's marker; none while the receipt is still to be moved to the one there is."""
        entries = self._marked(order, write)
        if len(entries) == 1:
            payment = self._reading.now("Payment", [write.receipt_id])[write.receipt_id]
            if payment is not None and _moves(payment, write) and text(entries[0], "Id") not in _entries_of(payment):
                return ()
        return tuple(Written(text(entry, "Id"), text(entry, "SyncToken")) for entry in entries)

    def carry_out(self, order: Order, write: RecordReturn, payment: Json | None, deadline: float) -> Answer:
        """What became of it; an error as the answer to this order alone."""
        try:
            if payment is None or not documents.is_receipt(payment):
                return BooksRefused("The receipt was deleted or voided in the books.", Refusal.DOCUMENT_GONE)
            if refused := changed_since(order, {write.receipt_id: text(payment, "SyncToken")}.get):
                return refused
            there = self._marked(order, write)
            if len(there) > 1:
                return OutcomeUnknown("QuickBooks has several journal entries with the marker of this one.")
            entry = there[0] if there else self._made(order, write, payment, deadline)
            if isinstance(entry, BooksError):
                return entry
            return self._moved(order, write, payment, entry, deadline)
        except BooksError as error:
            return error

    def _marked(self, order: Order, write: RecordReturn) -> list[Json]:
        listed = self._reading.everything("JournalEntry", [f"TxnDate = '{write.on.isoformat()}'"])
        return [entry for entry in listed if order.marker in markers_in(text(entry, "PrivateNote"))]

    def _made(self, order: Order, write: RecordReturn, payment: Json, deadline: float) -> Json | BooksError:
        """The journal entry, created. Raises what is no answer to it."""
        currency = fields.currency_of(payment)
        if currency != self._reading.home_currency():
            return _by_hand(f"It is in {currency}, and the bank's own rate of the day is not known.")
        accounts = self._receivable(payment), self._taken_from(payment)
        if not all(accounts):
            return _by_hand("The account that it left, or the one that it is owed on, is not certain.")
        body = _journal_entry(order, write, payment, *accounts)
        reply = sending.posted(self._calls, "journalentry", order.key, body, deadline)
        if isinstance(reply, BooksError):
            return reply
        made = reply.body.get("JournalEntry") if isinstance(reply.body, Mapping) else None
        if not isinstance(made, Mapping) or not text(made, "Id") or order.marker not in text(made, "PrivateNote"):
            return OutcomeUnknown("QuickBooks answered with something that does not answer this write.")
        return made

    def _moved(self, order: Order, write: RecordReturn, payment: Json, entry: Json, deadline: float) -> Answer:
        """The receipt moved to its entry. Where QuickBooks keeps the receipt as it is, the entry alone is the return."""
        recorded = Written(text(entry, "Id"), text(entry, "SyncToken"))
        if not _moves(payment, write) or recorded.document_id in _entries_of(payment):
            return recorded
        request = writes.rewritten(payment, _lines(payment, write, entry), frozenset({write.receipt_id}))
        answer = sending.one(self._calls, replace(order, key=f"{order.key}-off"), request, deadline)
        if isinstance(answer, BooksRefused):
            log.warning("QuickBooks keeps #%s applied as it is: %s", write.receipt_id, answer.message)
        return answer if isinstance(answer, OutcomeUnknown | BooksUnavailable) else recorded

    def _receivable(self, payment: Json) -> str:
        """The id of the account on which the customer owes: the payment's own, else the only one there is."""
        if own := ref(payment, "ARAccountRef"):
            return own
        found = self._reading.query("Account", [f"AccountType = {quoted([RECEIVABLE])}"]).documents
        return text(found[0], "Id") if len(found) == 1 else ""

    def _taken_from(self, payment: Json) -> str:
        """The id of the account that the money left: the bank of its deposit, else where the receipt was put."""
        deposits = documents.deposits_of(payment)
        if not deposits:
            return ref(payment, "DepositToAccountRef")
        deposit = self._reading.by_ids("Deposit", deposits[:1])[deposits[0]]
        return ref(deposit, "DepositToAccountRef") if deposit else ""


def _moves(payment: Json, write: RecordReturn) -> bool:
    """Whether the receipt comes off its invoices: as ordered, and only one that no deposit holds."""
    off_minor = sum(line.amount_minor for line in write.off)
    return not documents.deposits_of(payment) and off_minor + documents.unapplied_minor(payment) >= write.amount_minor


def _lines(payment: Json, write: RecordReturn, entry: Json) -> list[Json]:
    """The lines of the receipt when it is applied to its entry instead of to its invoices."""
    currency, off = fields.currency_of(payment), by_invoice(write.off)
    lines = list[Json]()
    for line in fields.parts(payment, "Line"):
        links = documents.linked(line)
        invoice_id = links[0][1] if len(links) == 1 and links[0][0] == "Invoice" else ""
        line_minor = fields.minor(line, "Amount", currency)
        taken_minor = min(off.get(invoice_id, 0), line_minor)
        off[invoice_id] = off.get(invoice_id, 0) - taken_minor
        if line_minor > taken_minor:
            lines.append({**line, "Amount": fields.amount(line_minor - taken_minor, currency)})
    link = {"TxnId": text(entry, "Id"), "TxnType": "JournalEntry", "TxnLineId": _owing_line(entry)}
    return [*lines, {"Amount": fields.amount(write.amount_minor, currency), "LinkedTxn": [link]}]


def _owing_line(entry: Json) -> str:
    """The id of the line by which the customer owes: the first one that we wrote."""
    return next((line_id for line in fields.parts(entry, "Line") if (line_id := text(line, "Id"))), "0")


def _entries_of(payment: Json) -> set[str]:
    return {entry_id for kind, entry_id in documents.linked_by_lines(payment) if kind == "JournalEntry"}


def _journal_entry(order: Order, write: RecordReturn, payment: Json, receivable: str, bank: str) -> dict[str, object]:
    currency = fields.currency_of(payment)
    owed = {"PostingType": "Debit", "AccountRef": {"value": receivable}}
    customer = {"Entity": {"Type": "Customer", "EntityRef": {"value": ref(payment, "CustomerRef")}}}
    return {
        "TxnDate": write.on.isoformat(),
        "CurrencyRef": {"value": currency},
        "PrivateNote": writes.note(order.marker, write.memo),
        "Line": [
            {
                "Amount": fields.amount(write.amount_minor, currency),
                "Description": write.memo,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": detail,
            }
            for detail in ({**owed, **customer}, {"PostingType": "Credit", "AccountRef": {"value": bank}})
        ],
    }


def _by_hand(why: str) -> BooksRefused:
    return BooksRefused(f"{why} Record it in QuickBooks: {TRAITS.return_by_hand}.", Refusal.INVALID)
