"""What Xero does with a payment, an allocation or money on account that it is sent, on the embedded ledger.

Refusals are Xero's own sentences, as callers of the real service recorded them. A payment pays one invoice, is never
edited, and is deleted only while it is neither reconciled nor part of a batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounting.embedded import credits, reading, receipts
from accounting.embedded.change import Change
from receivables.books_records import Invoice, InvoiceStatus, ReceiptLine
from receivables.effects import ReceiptWrite
from receivables.errors import BooksRefused
from receivables.money import decimals_of
from receivables.refusal import Refusal
from stand_ins import xero_side as side
from stand_ins.xero_shapes import Json, Shapes
from stand_ins.xero_side import EPOCH, Named, Names

NOT_AUTHORISED = "Payments can only be made against Authorised documents"
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"
IN_BATCH = "Payments within a batch cannot be deleted"
RECONCILED = "This payment has been reconciled and cannot be deleted"
DELETED_ALREADY = "Payment not of valid status for modification"
PAID_OFF = "The invoice you are trying to allocate to has already been paid off"
CONTACT_ARCHIVED = "The contact with the specified contact details has been archived. The contact must be un-archived first."
NOT_ALLOCATABLE = "Invoice not of valid status for allocation"

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?")
_NET_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


class Invalid(Exception):
    """What was sent is refused; `messages` are Xero's sentences, in its order."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class Missing(Exception):
    """There is no such document in this organisation."""


class Writes:
    """Writes inside one change of the ledger. Each method returns the document as it then is."""

    def __init__(self, change: Change, names: Names) -> None:
        self._change = change
        self.connection = change.connection
        self._names = names
        self.shapes = Shapes(change.connection, names)

    # Payments

    def create_payment(self, sent: Json) -> Json:
        """Raises Invalid."""
        invoice = self._invoice(sent.get("Invoice") or {"InvoiceNumber": sent.get("InvoiceNumber")})
        account = self._account(sent.get("Account") or {"Code": sent.get("Code")})
        received_on = _day(sent.get("Date"), self._change.day)
        amount_minor = _minor(sent.get("Amount"), invoice.currency)
        messages = []
        if invoice.status is not InvoiceStatus.OPEN:
            messages.append(NOT_AUTHORISED)
        if invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID) and amount_minor > invoice.open_minor:
            messages.append(TOO_MUCH)
        messages += self._locked(received_on)
        if messages:
            raise Invalid(*messages)
        reference = str(sent.get("Reference") or "")
        line = ReceiptLine(invoice.id, amount_minor)
        receipt_id = self._receive(invoice.customer_id, invoice.currency, amount_minor, received_on, reference, account, (line,))
        self.connection.execute("INSERT INTO xero_receipts (receipt_id, form) VALUES (?, 'payment')", (receipt_id,))
        if sent.get("IsReconciled"):
            receipts.deposit(self._change, receipt_id, received_on)
        return self.payment_in_full(receipt_id, invoice.id)

    def delete_payment(self, uuid: str) -> Json:
        """Raises Invalid, Missing."""
        named = self._meant(uuid, "payment")
        shape = self.shapes.payment(named.id, named.invoice_id)
        if shape is None:
            raise Missing
        if shape["Status"] == "DELETED":
            raise Invalid(DELETED_ALREADY)
        if self.shapes.batch_of(named.id):
            raise Invalid(IN_BATCH)
        if shape["IsReconciled"]:
            raise Invalid(RECONCILED)
        (receipt,) = reading.receipts(self.connection, [named.id])
        if self._locked(receipt.received_on):
            raise Invalid(*self._locked(receipt.received_on))
        self._remembering_form(named.id, "payment")
        receipts.delete(self._change, named.id)
        return self.payment_in_full(named.id, named.invoice_id)

    def payment_in_full(self, receipt_id: str, invoice_id: str) -> Json:
        """The payment with its whole invoice and account, as Xero answers for a single one."""
        shape = self.shapes.payment(receipt_id, invoice_id)
        invoice = self.shapes.invoice(invoice_id)
        if shape is None or invoice is None:
            raise Missing
        return {**shape, "Invoice": invoice, "Account": self.shapes.account(str(shape["Account"]["Code"]))}

    # Money on account

    def receive_on_account(self, sent: Json) -> Json:
        """A bank transaction that is an overpayment or a prepayment. Raises Invalid."""
        form = {"RECEIVE-OVERPAYMENT": "overpayment", "RECEIVE-PREPAYMENT": "prepayment"}.get(str(sent.get("Type")))
        if form is None:
            raise Invalid(f"This organisation takes no bank transactions of type {sent.get('Type')}")
        contact = sent.get("Contact") or {}
        named = self._names.meant(self.connection, str(contact.get("ContactID", "")))
        if named is None or named.kind != "customer":
            raise Invalid("The Contact could not be found")
        account = self._account(sent.get("BankAccount") or {})
        if self.shapes.account(account).get("Type") != "BANK":
            raise Invalid("Bank account must be of type BANK")
        currency = str(sent.get("CurrencyCode") or reading.settings(self.connection).home_currency)
        items = sent.get("LineItems") or []
        if not items:
            raise Invalid("At least one line item is required")
        amount_minor = sum(_minor(_line_amount(item), currency) for item in items)
        received_on = _day(sent.get("Date"), self._change.day)
        if self._locked(received_on):
            raise Invalid(*self._locked(received_on))
        reference = str(sent.get("Reference") or "")
        receipt_id = self._receive(named.id, currency, amount_minor, received_on, reference, account, ())
        self.connection.execute("INSERT INTO xero_receipts (receipt_id, form) VALUES (?, ?)", (receipt_id, form))
        shape = self.shapes.bank_transaction(receipt_id)
        assert shape is not None
        return shape

    def delete_on_account(self, uuid: str) -> Json:
        """Raises Invalid, Missing."""
        named = self._meant(uuid, "bank_transaction")
        shape = self.shapes.bank_transaction(named.id)
        if shape is None:
            raise Missing
        if shape["Status"] == "DELETED":
            raise Invalid("This bank transaction has already been deleted")
        if shape["IsReconciled"]:
            raise Invalid("This transaction cannot be deleted because it has been reconciled")
        (receipt,) = reading.receipts(self.connection, [named.id])
        if receipt.lines:
            raise Invalid("This document cannot be edited as it has a payment or credit note allocated to it.")
        if self._locked(receipt.received_on):
            raise Invalid(*self._locked(receipt.received_on))
        self._remembering_form(named.id, "overpayment" if "OverpaymentID" in shape else "prepayment")
        receipts.delete(self._change, named.id)
        after = self.shapes.bank_transaction(named.id)
        assert after is not None
        return after

    # Allocations

    def allocate(self, kind: str, uuid: str, sent: Json) -> Json:
        """A part of a credit note, an overpayment or a prepayment to an invoice. Raises Invalid, Missing."""
        named = self._meant(uuid, kind)
        invoice = self._invoice(sent.get("Invoice") or {})
        amount_minor = _minor(sent.get("Amount"), invoice.currency)
        day = _day(sent.get("Date"), self._change.day)
        messages = []
        if invoice.status is InvoiceStatus.PAID:
            messages.append(PAID_OFF)
        elif invoice.status is not InvoiceStatus.OPEN:
            messages.append(NOT_ALLOCATABLE)
        if amount_minor > min(invoice.open_minor, self._left(kind, named.id)):
            spoken = {"credit_memo": "Credit Note", "overpayment": "Overpayment", "prepayment": "Prepayment"}[kind]
            messages.append(f"{spoken} cannot be allocated as amount is greater than amount outstanding")
        messages += self._locked(day)
        if messages:
            raise Invalid(*messages)
        word = {"credit_memo": "CreditNote", "overpayment": "Overpayment", "prepayment": "Prepayment"}[kind]
        try:
            if kind == "credit_memo":
                credits.apply(self._change, named.id, invoice.id, amount_minor)
            else:
                (receipt,) = reading.receipts(self.connection, [named.id])
                receipts.apply(self._change, named.id, (*receipt.lines, ReceiptLine(invoice.id, amount_minor)))
        except BooksRefused as refused:
            raise Invalid(refused.message) from refused
        return {
            "Amount": Decimal(amount_minor).scaleb(-decimals_of(invoice.currency)),
            "Date": side.net_date(day),
            "Invoice": {
                "InvoiceID": self._names.uuid("invoice", invoice.id),
                "Payments": [],
                "CreditNotes": [],
                "Prepayments": [],
                "Overpayments": [],
                "HasErrors": False,
                "IsDiscounted": False,
                "LineItems": [],
                "ValidationErrors": [],
            },
            word: {f"{word}ID": uuid, "ID": uuid, "LineItems": []},
            "ValidationErrors": [],
        }

    def take_off(self, kind: str, uuid: str, allocation_uuid: str) -> Json:
        """Takes an allocation off. Answers in the form of Xero's own example. Raises Invalid, Missing."""
        named, allocation = self._meant(uuid, kind), self._meant(allocation_uuid, "allocation")
        if kind == "credit_memo":
            found = reading.applications(self.connection, [allocation.id])
            if not found or found[0].credit_memo_id != named.id:
                raise Missing
            if self._locked(found[0].applied.at.date()):
                raise Invalid(*self._locked(found[0].applied.at.date()))
            invoice_id = found[0].invoice_id
            credits.unapply(self._change, allocation.id)
        else:
            held = reading.receipts(self.connection, [named.id])
            invoice_id = allocation.invoice_id
            if not held or allocation.id != named.id or not held[0].applied_to(invoice_id):
                raise Missing
            kept = tuple(line for line in held[0].lines if line.invoice_id != invoice_id)
            try:
                receipts.apply(self._change, named.id, kept)
            except BooksRefused as refused:
                raise Invalid(refused.message) from refused
        return {
            "AllocationId": allocation_uuid,
            "Date": side.net_date(self._change.at),
            "Invoice": [{"InvoiceID": self._names.uuid("invoice", invoice_id)}],
            "IsDeleted": True,
        }

    def void_credit_note(self, uuid: str) -> Json:
        """Only one that is approved: with an allocation it is paid. Raises Invalid, Missing."""
        named = self._meant(uuid, "credit_memo")
        memos = reading.credit_memos(self.connection, [named.id])
        if not memos:
            raise Missing
        if memos[0].voided or memos[0].applications:
            raise Invalid("Credit note not of valid status for modification")
        if self._locked(memos[0].issued_on):
            raise Invalid(*self._locked(memos[0].issued_on))
        credits.void(self._change, named.id)
        shape = self.shapes.credit_note(named.id)
        assert shape is not None
        return shape

    # What these rest on

    def _receive(
        self,
        customer_id: str,
        currency: str,
        amount_minor: int,
        received_on: date,
        reference: str,
        account: str,
        lines: tuple[ReceiptLine, ...],
    ) -> str:
        """Enters a receipt in the ledger, where the reference is the memo too: Xero has one text only."""
        write = ReceiptWrite(customer_id, currency, amount_minor, received_on, "", reference, reference, account, lines)
        try:
            return receipts.enter(self._change, write).id
        except BooksRefused as refused:
            archived = refused.refusal is Refusal.CUSTOMER_INACTIVE
            raise Invalid(CONTACT_ARCHIVED if archived else refused.message) from refused

    def _remembering_form(self, receipt_id: str, form: str) -> None:
        self.connection.execute("INSERT OR IGNORE INTO xero_receipts (receipt_id, form) VALUES (?, ?)", (receipt_id, form))

    def _meant(self, uuid: str, kind: str) -> Named:
        named = self._names.meant(self.connection, uuid)
        if named is None or named.kind != kind:
            raise Missing
        return named

    def _invoice(self, sent: Json) -> Invoice:
        """The invoice meant by its id or its number; a deleted one as one that nothing can be applied to."""
        if sent.get("InvoiceID"):
            named = self._names.meant(self.connection, str(sent["InvoiceID"]))
            ids = [named.id] if named and named.kind == "invoice" else []
        else:
            numbered = reading.invoices_numbered(self.connection, [str(sent.get("InvoiceNumber") or "")])
            ids = [invoice.id for invoice in numbered if invoice.status is not InvoiceStatus.VOIDED][:1]
        found = reading.invoices(self.connection, ids)
        if found:
            return found[0]
        if ids:  # the ledger deleted it; in Xero it stands there as DELETED
            raise Invalid(NOT_AUTHORISED)
        raise Invalid("Invoice could not be found")

    def _account(self, sent: Json) -> str:
        """The code of an account that payments may go to."""
        if sent.get("AccountID"):
            named = self._names.meant(self.connection, str(sent["AccountID"]))
            code = named.id if named and named.kind == "account" else ""
        else:
            code = str(sent.get("Code") or "")
        account = self.shapes.account(code)
        if not code or "Type" not in account:
            raise Invalid("Account could not be found")
        if account["Status"] == "ARCHIVED":
            raise Invalid(f"Account code '{code}' has been archived, or deleted.")
        if account["Type"] != "BANK" and not account["EnablePaymentsToAccount"]:
            raise Invalid(f"Account code '{code}' is not enabled for payments.")
        return code

    def _locked(self, day: date) -> list[str]:
        """Xero's sentence where the day lies in a locked period; the end of the year's lock is named first."""
        for name, lock in (
            ("end of year", side.end_of_year_lock(self.connection)),
            ("period", self._change.closed_through),
        ):
            if lock and day <= lock:
                return [f"The document date cannot be before the {name} lock date, currently set at {lock.strftime('%d-%b-%Y')}"]
        return []

    def _left(self, kind: str, id: str) -> int:
        if kind == "credit_memo":
            memos = reading.credit_memos(self.connection, [id])
            return memos[0].open_minor if memos else 0
        held = reading.receipts(self.connection, [id])
        return held[0].unapplied_minor if held else 0


def _minor(value: Any, currency: str) -> int:
    """Exact minor units of a positive amount. Raises Invalid."""
    try:
        scaled = Decimal(value).scaleb(decimals_of(currency))
    except (ArithmeticError, TypeError, ValueError) as problem:
        raise Invalid("Amount is not a number") from problem
    if scaled <= 0:
        raise Invalid("Amount must be greater than zero")
    if scaled != scaled.to_integral_value():
        raise Invalid("Amount has more decimals than its currency")
    return int(scaled)


def _line_amount(item: Json) -> Decimal:
    if item.get("LineAmount") is not None:
        return Decimal(item["LineAmount"])
    quantity = item.get("Quantity")
    return Decimal(item.get("UnitAmount") or 0) * Decimal(1 if quantity is None else quantity)


def _day(sent: Any, today: date) -> date:
    """A day in either of Xero's forms; left out, it is today. Raises Invalid."""
    if sent is None:
        return today
    plain, dated = _DAY.fullmatch(str(sent)), _NET_DATE.fullmatch(str(sent))
    try:
        if dated:
            return (EPOCH + timedelta(milliseconds=int(dated.group(1)))).date()
        if plain:
            return datetime.fromisoformat(plain.group(1)).date()
    except (ValueError, OverflowError) as problem:
        raise Invalid("Date is not a date") from problem
    raise Invalid("Date is not a date")


def messages_of(errors: Sequence[str]) -> list[Json]:
    return [{"Message": message} for message in errors]
