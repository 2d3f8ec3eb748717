"""What the books hold, read from Xero: each question answered whole, or not at all.

A document that Xero leaves out of a list is asked for by its own id; only a 404 to exactly that, or the status DELETED,
makes it `Gone`. Raises BooksUnavailable, AccessLost and BooksRefused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import TypeVar

from accounting.calling import chunks
from accounting.xero import documents
from accounting.xero.asking import CUSTOMERS_PER_FILTER, IDS_PER_FILTER, IDS_PER_LIST, Asking, chunks_of_text
from accounting.xero.documents import OVERPAYMENTS, PREPAYMENTS, OnAccount
from accounting.xero.history import Histories, Question
from accounting.xero.wire import (
    Fields,
    Unreadable,
    any_of,
    day_in_filter,
    elements,
    fields,
    identity,
    is_guid,
    is_identity,
    minor,
    text,
)
from receivables.books_records import BooksSettings, CreditMemo, Customer, Gone, Invoice, Receipt, Stamp
from receivables.effects import markers_in
from receivables.errors import BooksUnavailable
from receivables.money import CURRENCIES

T = TypeVar("T")

#: An invoice that was last changed this long after its day began was made, or only touched, later than its day says.
MADE_ON_ITS_DAY = timedelta(hours=36)


class Reads:
    """Reads about one organization's documents."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._histories = Histories(asking)
        self._touched: set[str] = set()  # invoices seen with money or credit on them

    def settings(self) -> BooksSettings:
        return readable(documents.settings, self._asking.organisation())

    # --- customers and invoices ---------------------------------------------------------------------------------------

    def customers(self, ids: Collection[str]) -> dict[str, Customer | Gone]:
        found = self._by_ids("Contacts", "ContactID", "customer", ids, includeArchived="true")
        return {
            customer_id: of if isinstance(of, Gone) else readable(documents.customer, of) for customer_id, of in found.items()
        }

    def invoices(self, ids: Collection[str]) -> dict[str, Invoice | Gone]:
        question = self._histories.question()
        return {
            invoice_id: of if isinstance(of, Gone) else self._invoice(of, question)
            for invoice_id, of in self._by_ids("Invoices", "InvoiceID", "invoice", ids).items()
        }

    def invoices_numbered(self, numbers: Collection[str]) -> list[Invoice]:
        """Living invoices of customers with exactly one of these numbers; a number may recur after a void."""
        wanted = {number for number in numbers if number}
        plain = sorted(number for number in wanted if not set(number) & set(',"\\'))
        found: dict[str, Fields] = {}
        asked = [{"InvoiceNumbers": ",".join(chunk)} for chunk in chunks_of_text(plain)]
        for number in sorted(wanted - set(plain)):  # one with a comma would fall apart in a list
            quoted = number.replace("\\", "\\\\").replace('"', '\\"')
            asked.append({"where": f'InvoiceNumber=="{quoted}"'})
        _collect(found, self._asking.lists("Invoices", asked))
        question = self._histories.question()
        living = [
            self._invoice(of, question)
            for of in found.values()
            if documents.is_sales_invoice(of) and text(of, "InvoiceNumber") in wanted
        ]
        return [invoice for invoice in living if isinstance(invoice, Invoice)]

    def _invoice(self, of: Fields, question: Question) -> Invoice | Gone:
        """An invoice, with who ended it, or with the moment it was made where its own words leave that open."""
        if not documents.is_sales_invoice(of):
            return Gone("invoice", identity(of, "InvoiceID"))  # a supplier's bill: no invoice of ours has this id
        invoice = readable(documents.invoice, of)
        if isinstance(invoice, Gone):
            ended = question.ended("Invoices", invoice.id, text(of, "UpdatedDateUTC"))
            return replace(invoice, deleted=_named(invoice.deleted, ended))
        if text(of, "Status") == "VOIDED":
            ended = question.ended("Invoices", invoice.id, invoice.version)
            return replace(invoice, changed=_named(invoice.changed, ended) or invoice.changed)
        touched = any(_amount(of, name) for name in ("AmountPaid", "AmountCredited"))
        if touched or invoice.id in self._touched:
            self._touched.add(invoice.id)  # also after that was taken off
            return invoice  # nobody asks when it was made: it was there before the money that is applied to it
        if invoice.changed.at - datetime.combine(invoice.issued_on, time.min, UTC) <= MADE_ON_ITS_DAY:
            return replace(invoice, created=invoice.changed)
        made = question.made("Invoices", invoice.id)
        return replace(invoice, created=made) if made else invoice

    # --- credit memos -------------------------------------------------------------------------------------------------

    def credit_memos(self, ids: Collection[str]) -> dict[str, CreditMemo | Gone]:
        """Each read by its own id: only then are its allocations told with their ids."""
        asked = sorted(set(ids))
        return dict(zip(asked, self._asking.each(self._credit_memo, asked), strict=True))

    def credit_memos_on(self, invoice_ids: Collection[str]) -> list[CreditMemo]:
        """Those with an application on one of these invoices, each application with who made it and when."""
        numbers: dict[str, str] = {}
        memo_ids: set[str] = set()
        invoices = self._by_ids("Invoices", "InvoiceID", "invoice", invoice_ids).values()
        living = [of for of in invoices if not isinstance(of, Gone)]
        for of, whole in zip(living, self._asking.each(self._with_credits, living), strict=True):
            numbers[identity(of, "InvoiceID")] = text(of, "InvoiceNumber")
            memo_ids |= {identity(memo, "CreditNoteID") for memo in elements(whole.get("CreditNotes"))}
        question = self._histories.question()
        return [
            question.applied(memo, numbers)
            for memo in self.credit_memos(memo_ids - {""}).values()
            if isinstance(memo, CreditMemo) and any(application.invoice_id in numbers for application in memo.applications)
        ]

    def _with_credits(self, of: Fields) -> Fields:
        """The invoice with everything that is credited on it; a list may leave that out, the document itself does not."""
        currency = text(of, "CurrencyCode")
        listed = [allocation for name in ("CreditNotes", "Overpayments", "Prepayments") for allocation in elements(of.get(name))]
        if _amount(of, "AmountCredited") == sum(
            _amount({"CurrencyCode": currency, **allocation}, "AppliedAmount") for allocation in listed
        ):
            return of
        return self._asking.one("Invoices", identity(of, "InvoiceID")) or {}

    def _credit_memo(self, memo_id: str) -> CreditMemo | Gone:
        of = self._asking.surely("CreditNotes", "CreditNoteID", memo_id) if is_identity(memo_id) else None
        if of is None or not documents.is_customer_credit(of):
            return Gone("credit_memo", memo_id)
        return readable(documents.credit_memo, of)

    # --- receipts -----------------------------------------------------------------------------------------------------

    def receipts(self, ids: Collection[str]) -> dict[str, Receipt | Gone]:
        """Payments by their ids, in one question for 25; overpayments and prepayments one by one."""
        found: dict[str, Receipt | Gone] = {receipt_id: Gone("receipt", receipt_id) for receipt_id in ids}
        payments = sorted(payment_id for payment_id in found if is_identity(payment_id))
        on_account = [receipt_id for receipt_id in found if documents.on_account_of(receipt_id)]
        asked = [*chunks(payments, IDS_PER_FILTER), *on_account]
        answers = self._asking.each(lambda ids: self._on_account(ids) if isinstance(ids, str) else self._paid(ids), asked)
        listed: dict[str, Fields] = {}
        _collect(listed, chain(*(answer for answer in answers if isinstance(answer, list))), "PaymentID")
        listed |= self._asking.singly("Payments", set(payments) - set(listed))
        found.update((payment.id, payment) for payment in self.payments(listed.values()) if payment.id in found)
        found.update((receipt.id, receipt) for receipt in answers if isinstance(receipt, Receipt))
        question = self._histories.question()
        return {
            receipt_id: self._with_people(of, question) if isinstance(of, Receipt) else of for receipt_id, of in found.items()
        }

    def receipts_of(self, customer_ids: Collection[str], received_from: date) -> list[Receipt]:
        """Payments of these customers from that day on, and the money held for them as overpayment or prepayment."""
        customers = sorted(customer_id for customer_id in set(customer_ids) if is_identity(customer_id))
        if not customers:
            return []
        since = f"Date>={day_in_filter(received_from)}"
        found: list[Receipt] = []
        received = f'PaymentType=="{documents.RECEIVED}" AND Status=="AUTHORISED" AND {since}'
        asked = []
        for chunk in chunks(customers, CUSTOMERS_PER_FILTER):
            theirs = any_of(is_guid("Invoice.Contact.ContactID", customer_id) for customer_id in chunk)
            asked.append({"where": f"{received} AND ({theirs})"})
        listed = self._asking.lists("Payments", asked)
        found += self.payments(payment for payment in listed if _may_be_ours(_invoice_in(payment)))
        for kind in (OVERPAYMENTS, PREPAYMENTS):
            whole = self._asking.listed_whole(kind.kind)
            all_since = self._asking.every(kind.kind, where=since) if whole is None else whole
            found += self.held(kind, (receipt for receipt in all_since if _may_be_ours(receipt)))
        wanted = {
            receipt.id: receipt
            for receipt in found
            if receipt.customer_id in customers and receipt.received_on >= received_from and not receipt.voided
        }
        question = self._histories.question()
        newest_first = sorted(wanted.values(), key=lambda receipt: receipt.changed.at, reverse=True)
        return [self._with_people(receipt, question) for receipt in newest_first]

    def payments(self, found: Iterable[Fields]) -> list[Receipt]:
        """Receipts from payments by customers; refunds and payments of bills are left out."""
        received = [of for of in found if documents.is_receipt(of)]
        return [readable(documents.receipt, of) for of in self.with_invoices(received)]

    def with_invoices(self, payments: Sequence[Fields]) -> list[Fields]:
        """The same payments; where Xero left out whose invoice one is on, or its currency, the invoice is read."""
        bare = {_on(of) for of in payments if documents.lacks_invoice_details(of)} - {""}
        invoices = self._by_ids("Invoices", "InvoiceID", "invoice", bare) if bare else {}
        return [
            {**of, "Invoice": invoice} if (invoice := invoices.get(_on(of))) and not isinstance(invoice, Gone) else of
            for of in payments
        ]

    def held(self, kind: OnAccount, found: Iterable[Fields]) -> list[Receipt]:
        """Receipts from overpayments or prepayments that customers paid; those to suppliers are left out."""
        ours = [of for of in found if text(of, "Type") in kind.types]
        return [readable(lambda document: documents.on_account_receipt(document, kind), of) for of in ours]

    def _paid(self, payment_ids: Sequence[str]) -> list[Fields]:
        where = any_of(is_guid("PaymentID", payment_id) for payment_id in payment_ids)
        return [*self._asking.every("Payments", where=where)]

    def _on_account(self, receipt_id: str) -> Receipt | None:
        held = documents.on_account_of(receipt_id)
        if held is None or not is_identity(held[1]):
            return None
        kind, document_id = held
        of = self._asking.surely(kind.kind, kind.id_name, document_id)
        return next(iter(self.held(kind, [of])), None) if of else None

    def _with_people(self, receipt: Receipt, question: Question) -> Receipt:
        """Who entered a receipt that is none of ours, and who deleted one."""
        kind, document_id = documents.on_account_of(receipt.id) or (None, receipt.id)
        endpoint = kind.kind if kind else "Payments"
        if receipt.voided:
            ended = question.ended(endpoint, document_id, receipt.version)
            return replace(receipt, changed=_named(receipt.changed, ended) or receipt.changed)
        if markers_in(receipt.memo):
            return receipt
        made = question.made(endpoint, document_id)
        return replace(receipt, created=made) if made else receipt

    # --- by ids -------------------------------------------------------------------------------------------------------

    def _by_ids(self, endpoint: str, id_name: str, kind: str, ids: Collection[str], **params: str) -> Mapping[str, Fields | Gone]:
        """Every id is answered. One that Xero cannot have given is `Gone` without asking."""
        found: dict[str, Fields | Gone] = {document_id: Gone(kind, document_id) for document_id in ids}
        asked = sorted(document_id for document_id in found if is_identity(document_id))
        listed = self._asking.listed_lately(endpoint, id_name, asked)
        unread = chunks(sorted(set(asked) - set(listed)), IDS_PER_LIST)
        _collect(listed, self._asking.lists(endpoint, [{"IDs": ",".join(chunk), **params} for chunk in unread]), id_name)
        listed |= self._asking.singly(endpoint, set(asked) - set(listed))
        found.update((document_id, of) for document_id, of in listed.items() if document_id in found)
        return found


def readable(read: Callable[[Fields], T], of: Fields) -> T:
    """The record of one document. Raises BooksUnavailable where it is not written as Xero's contract says."""
    try:
        return read(of)
    except Unreadable as error:
        raise BooksUnavailable(f"Xero answered with a document that cannot be read: {error}.") from error


def _amount(of: Fields, name: str) -> int:
    return readable(lambda payment: minor(payment, name, text(payment, "CurrencyCode")), of)


def _collect(into: dict[str, Fields], found: Iterable[Fields], id_name: str = "InvoiceID") -> None:
    into.update((identity(of, id_name), of) for of in found)


def _invoice_in(payment: Fields) -> Fields:
    return fields(payment.get("Invoice"))


def _on(payment: Fields) -> str:
    return identity(_invoice_in(payment), "InvoiceID")


def _may_be_ours(of: Fields) -> bool:
    """Whether it can be a payment's money at all. Xero still knows currencies that are none any more, and ours never are."""
    return text(of, "CurrencyCode") in {"", *CURRENCIES}


def _named(stamp: Stamp | None, told: Stamp | None) -> Stamp | None:
    """What the history tells, else what the document itself shows."""
    return told or stamp
