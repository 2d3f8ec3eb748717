"""Xero's documents turned into the records that the house speaks of: pure, each from one JSON object.

What Xero does not say is not invented. It keeps no moment of creation for any document, only `UpdatedDateUTC`, and names
no person outside a document's history; `history` finds those where they matter. Amounts are minor units, moments UTC.
Raises `Unreadable` for a document that is not written as the contract says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import quote

from accounting.xero.wire import Fields, Unreadable, day, elements, fields, identity, minor, moment, optional_day, text
from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    CreditMemo,
    Customer,
    Gone,
    Invoice,
    InvoiceStatus,
    Receipt,
    ReceiptLine,
    Stamp,
    UnreadableReceipt,
    items_of,
)
from receivables.credit_reasons import reasons_of
from receivables.effects import markers_in

_STATUS = {
    "DRAFT": InvoiceStatus.DRAFT,
    "SUBMITTED": InvoiceStatus.DRAFT,
    "AUTHORISED": InvoiceStatus.OPEN,
    "PAID": InvoiceStatus.PAID,
    "VOIDED": InvoiceStatus.VOIDED,
}
_WRITTEN = ("Reference", "Details", "Narrative", "Particulars")  # what people write on a payment or on a batch of them
RECEIVED = "ACCRECPAYMENT"  # money received for a sales invoice; the other types are refunds and bills


@dataclass(frozen=True)
class OnAccount:
    """A kind of document that holds money received for no invoice. Its address is part of our id of such a receipt."""

    kind: str
    id_name: str
    types: frozenset[str]

    def id_of(self, document_id: str) -> str:
        return f"{self.kind}/{document_id}"


OVERPAYMENTS = OnAccount("Overpayments", "OverpaymentID", frozenset({"RECEIVE-OVERPAYMENT", "AROVERPAYMENT"}))
PREPAYMENTS = OnAccount("Prepayments", "PrepaymentID", frozenset({"RECEIVE-PREPAYMENT", "ARPREPAYMENT"}))


def on_account_of(receipt_id: str) -> tuple[OnAccount, str] | None:
    """The kind and Xero's id of a receipt that is an overpayment or prepayment; None for an ordinary payment."""
    kind, slash, document_id = receipt_id.partition("/")
    found = next((kind_on_account for kind_on_account in (OVERPAYMENTS, PREPAYMENTS) if kind_on_account.kind == kind), None)
    return (found, document_id) if found and slash else None


def settings(organisation: Fields) -> BooksSettings:
    """The later of the two lock dates counts: Xero refuses everybody through the one, and all but advisers through the other."""
    locked = [optional_day(organisation, name) for name in ("PeriodLockDate", "EndOfYearLockDate")]
    return BooksSettings(
        home_currency=text(organisation, "BaseCurrency"),
        closed_through=max((locked_on for locked_on in locked if locked_on is not None), default=None),
        addresses=_pages(text(organisation, "ShortCode")),
    )


def _pages(short_code: str) -> tuple[tuple[str, str], ...]:
    """Where people open documents of this organization, whichever they saw last (developer.xero.com, Deep link to Xero)."""
    if not short_code:
        return ()
    begin = f"https://go.xero.com/organisationlogin/default.aspx?shortcode={quote(short_code, safe='')}&redirecturl="
    pages = {
        "invoice": "/AccountsReceivable/View.aspx?InvoiceID=",
        "credit memo": "/AccountsReceivable/ViewCreditNote.aspx?creditNoteID=",
        "receipt": "/Bank/ViewTransaction.aspx?bankTransactionID=",
    }
    return tuple((kind, f"{begin}{quote(page, safe='')}{{id}}") for kind, page in pages.items())


def version(of: Fields) -> str:
    """When Xero last changed it, with what is open: two changes may bear the same millisecond."""
    figures = [str(of[name]) for name in ("AmountDue", "RemainingCredit") if name in of]
    return "/".join([moment(of, "UpdatedDateUTC").isoformat(timespec="milliseconds"), text(of, "Status"), *figures])


def customer(of: Fields) -> Customer:
    changed = Stamp("", moment(of, "UpdatedDateUTC"))
    return Customer(
        id=_id(of, "ContactID"),
        name=text(of, "Name"),
        active=text(of, "ContactStatus") in ("", "ACTIVE"),
        version=version(of),
        created=changed,
        changed=changed,
        merged_into=identity(of, "MergedToContactID"),
    )


def is_sales_invoice(of: Fields) -> bool:
    return text(of, "Type") == "ACCREC"


def invoice(of: Fields, *, created: Stamp | None = None, changed_by: str = "") -> Invoice | Gone:
    """An invoice; DELETED is `Gone`. Without `created` it counts as made when its day began, or earlier if changed earlier."""
    changed = Stamp(changed_by, moment(of, "UpdatedDateUTC"))
    if text(of, "Status") == "DELETED":
        return Gone("invoice", _id(of, "InvoiceID"), changed, text(of, "InvoiceNumber"))
    if text(of, "Status") not in _STATUS:
        raise Unreadable(f"Status is {text(of, 'Status')[:20]!r}")
    currency, issued_on = text(of, "CurrencyCode"), day(of, "Date")
    return Invoice(
        id=_id(of, "InvoiceID"),
        number=text(of, "InvoiceNumber"),
        customer_id=_id(fields(of.get("Contact")), "ContactID"),
        currency=currency,
        total_minor=minor(of, "Total", currency),
        open_minor=minor(of, "AmountDue", currency) if text(of, "Status") in ("AUTHORISED", "PAID") else _due(of, currency),
        status=_STATUS[text(of, "Status")],
        issued_on=issued_on,
        version=version(of),
        created=created or Stamp("", min(changed.at, datetime.combine(issued_on, time.min, UTC))),
        changed=changed,
        due_on=optional_day(of, "DueDate"),
        origin=text(of, "Reference"),
        items=items_of(f"{text(line, 'ItemCode')} {text(line, 'Description')}" for line in elements(of.get("LineItems"))),
    )


def _due(of: Fields, currency: str) -> int:
    """A voided invoice owes nothing, whatever Xero still shows; a draft owes its total."""
    return 0 if text(of, "Status") == "VOIDED" else minor(of, "AmountDue", currency)


def is_customer_credit(of: Fields) -> bool:
    return text(of, "Type") == "ACCRECCREDIT"


def credit_memo(of: Fields) -> CreditMemo | Gone:
    """A credit note of a customer; DELETED is `Gone`, a voided one has nothing left and is applied to nothing.

    An application has a day but no moment: it counts as made when the credit note was last changed, the latest it can
    have been, unless its history tells (see `history`).
    """
    changed = Stamp("", moment(of, "UpdatedDateUTC"))
    memo_id, number, status = _id(of, "CreditNoteID"), text(of, "CreditNoteNumber"), text(of, "Status")
    if status == "DELETED":
        return Gone("credit_memo", memo_id, changed, number)
    currency = text(of, "CurrencyCode")
    return CreditMemo(
        id=memo_id,
        number=number,
        customer_id=_id(fields(of.get("Contact")), "ContactID"),
        currency=currency,
        total_minor=minor(of, "Total", currency),
        open_minor=0 if status == "VOIDED" else minor(of, "RemainingCredit", currency),
        issued_on=day(of, "Date"),
        version=version(of),
        created=Stamp("", min(changed.at, datetime.combine(day(of, "Date"), time.min, UTC))),
        changed=changed,
        applications=()
        if status == "VOIDED"
        else tuple(
            CreditApplication(
                id=identity(allocation, "AllocationID", "AllocationId") or f"{memo_id}/{place}",
                credit_memo_id=memo_id,
                credit_memo_number=number,
                invoice_id=_id(fields(allocation.get("Invoice")), "InvoiceID"),
                amount_minor=minor(allocation, "Amount", currency),
                applied=changed,
            )
            for place, allocation in enumerate(allocations(of), start=1)
        ),
        reason=reasons_of(
            " ".join(filter(None, (text(line, "ItemCode"), text(line, "Description")))) for line in elements(of.get("LineItems"))
        ),
        memo=text(of, "Reference"),
        voided=status == "VOIDED",
    )


def allocations(of: Fields) -> list[Fields]:
    """The allocations that stand; Xero may still list one that was just taken off."""
    return [allocation for allocation in elements(of.get("Allocations")) if allocation.get("IsDeleted") is not True]


def is_receipt(of: Fields) -> bool:
    return text(of, "PaymentType") == RECEIVED


def receipt(of: Fields) -> Receipt:
    """A payment on one invoice. DELETED is voided.

    Reconciled with a bank line, or part of a batch deposit, counts as deposited: Xero lets nobody delete it then.
    """
    on = fields(of.get("Invoice"))
    currency, deleted = text(on, "CurrencyCode"), text(of, "Status") == "DELETED"
    amount_minor, payment_id, noted = minor(of, "Amount", currency), _id(of, "PaymentID"), text(of, "Reference")
    changed = Stamp("", moment(of, "UpdatedDateUTC"))
    return Receipt(
        id=payment_id,
        number=_number(noted, payment_id),
        customer_id=_id(fields(on.get("Contact")), "ContactID"),
        currency=currency,
        amount_minor=amount_minor,
        unapplied_minor=0,
        received_on=day(of, "Date"),
        method="",
        reference=reference(noted),
        memo=noted,
        deposit_account=_account(of.get("Account")),
        deposited=of.get("IsReconciled") in (True, "true") or bool(_batch(of)),
        voided=deleted,
        version=version(of),
        created=changed,
        changed=changed,
        lines=() if deleted else (ReceiptLine(_id(on, "InvoiceID"), amount_minor),),
        texts=texts_of(of),
        deposit=_batch_name(of),
    )


def texts_of(of: Fields) -> tuple[str, ...]:
    """What else somebody can have written on it: details, particulars and lines, and the same of the batch it was banked in."""
    batch = fields(of.get("BatchPayment"))
    said = [text(each, name) for each in (of, batch) for name in _WRITTEN]
    said += [text(batch, "Code")]  # a payment's own Code is that of its account
    said += [text(of, "InvoiceNumber")] if text(of, "Type") in PREPAYMENTS.types else []  # what people call its reference
    said += [text(line, "Description") for line in elements(of.get("LineItems"))]
    return tuple(dict.fromkeys(word for word in said if word))


def unreadable_receipt(of: Fields, receipt_id: str, why: str) -> UnreadableReceipt:
    """What can be read of a receipt with a figure or a day that is none."""
    contact = fields(of.get("Contact")) or fields(fields(of.get("Invoice")).get("Contact"))
    return UnreadableReceipt(receipt_id, identity(contact, "ContactID"), texts_of(of), why)


def lacks_invoice_details(of: Fields) -> bool:
    """Whether Xero left out whose invoice the payment is on, or in which currency."""
    on = fields(of.get("Invoice"))
    return not (text(on, "CurrencyCode") and identity(fields(on.get("Contact")), "ContactID"))


def on_account_receipt(of: Fields, kind: OnAccount) -> Receipt:
    """An overpayment or prepayment: real money, standing on the invoices it is allocated to; VOIDED is voided.

    Its reconciliation with the bank is shown on its bank transaction only, so `deposited` stays False.
    """
    currency, voided = text(of, "CurrencyCode"), text(of, "Status") == "VOIDED"
    document_id, noted = _id(of, kind.id_name), note_of(of)
    changed = Stamp("", moment(of, "UpdatedDateUTC"))
    lines = tuple(
        ReceiptLine(_id(fields(allocation.get("Invoice")), "InvoiceID"), minor(allocation, "Amount", currency))
        for allocation in allocations(of)
    )
    return Receipt(
        id=kind.id_of(document_id),
        number=_number(noted, document_id),
        customer_id=_id(fields(of.get("Contact")), "ContactID"),
        currency=currency,
        amount_minor=minor(of, "Total", currency),
        unapplied_minor=0 if voided else minor(of, "RemainingCredit", currency),
        received_on=day(of, "Date"),
        method="",
        reference=reference(noted),
        memo=noted,
        deposit_account="",
        deposited=False,
        voided=voided,
        version=version(of),
        created=changed,
        changed=changed,
        lines=() if voided else lines,
        texts=texts_of(of),
    )


def note_of(of: Fields) -> str:
    """What is written on an overpayment or prepayment: its reference, or where that is empty its lines' descriptions."""
    written = [text(of, "Reference"), *(text(line, "Description") for line in elements(of.get("LineItems")))]
    marked = [note for note in written if markers_in(note)]
    return next(iter(marked), "") or next((note for note in written if note), "")


def written_on(of: Fields) -> Fields:
    """The fields of an overpayment or prepayment that people write in, for one whose list leaves them out."""
    lines = [{"Description": text(line, "Description")} for line in elements(of.get("LineItems"))]
    return {"Reference": text(of, "Reference"), "LineItems": lines}


def reference(noted: str) -> str:
    """What people look for: the reference without the marker that stands before it."""
    marks = markers_in(noted)
    before, bar, after = noted.partition(" | ")
    return after if marks and bar and before == marks[0] else noted


def _number(noted: str, document_id: str) -> str:
    """Payments have no number in Xero: what they are called by is their reference, or the beginning of their id."""
    return reference(noted) or document_id[:8]


def _account(value: object) -> str:
    return text(fields(value), "Code", "AccountID")


def _batch_name(of: Fields) -> str:
    """The bank deposit it is part of, by its reference, else by its id."""
    batch = fields(of.get("BatchPayment"))
    return text(batch, "Reference", "Details") or _batch(of)


def _batch(of: Fields) -> str:
    return identity(of, "BatchPaymentID") or identity(fields(of.get("BatchPayment")), "BatchPaymentID")


def _id(of: Fields, name: str) -> str:
    found = identity(of, name)
    if not found:
        raise Unreadable(f"{name} is missing")
    return found
