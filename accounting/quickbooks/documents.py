"""QuickBooks' documents as our records: invoices, credit memos, customers, and its payments, which may be three things.

A Payment with money is a receipt. One of zero that links a credit memo to an invoice is how QuickBooks keeps the
application of a credit. One whose note begins with "Voided" is a voided receipt. Amounts arrive as decimals of the
document's currency; moments carry an offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounting.quickbooks.fields import Json, currency_of, day, minor, part, parts, ref, stamps, text
from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    CreditMemo,
    Customer,
    Invoice,
    InvoiceStatus,
    Receipt,
    ReceiptLine,
    UnreadableReceipt,
    items_of,
)
from receivables.credit_reasons import reasons_of
from receivables.errors import BooksUnavailable

#: What QuickBooks adds to the name of an inactive customer, numbered where that name was taken already.
_DELETED = re.compile(r" \(deleted(?:[ -]?\d+)?\)(?= *(?::|$))", re.IGNORECASE)
#: By which a receipt's money went out again: as its lines name them, and the entity that each is read as.
ENTRIES = {"JournalEntry": "JournalEntry", "Expense": "Purchase", "Check": "Purchase", "Purchase": "Purchase"}
#: The exchange rate that we sent, in our note: QuickBooks may book another one, and the two are compared when it is read.
_RATE = re.compile(r"^rn-[a-z2-7]{16}\.\d+\.\d+ Exchange rate (\d+(?:\.\d+)?): ")
VOIDED = "voided"  # how the note of a voided document begins, in lower case
KINDS = {"Customer": "customer", "Invoice": "invoice", "CreditMemo": "credit_memo", "Payment": "receipt"}


@dataclass(frozen=True)
class Pair:
    """A part of a credit memo on one invoice, as a Payment's lines say it."""

    credit_memo_id: str
    invoice_id: str
    amount_minor: int


def application_id(payment_id: str, credit_memo_id: str, invoice_id: str) -> str:
    """Our id of a credit application; QuickBooks has none, because there it is a pair of lines of a Payment."""
    return f"{payment_id}-{credit_memo_id}-{invoice_id}"


def payment_of(application: str) -> str:
    """The id of the Payment in which an application stands."""
    return application.partition("-")[0]


def settings(preferences: Json) -> BooksSettings:
    """The preferences that decide whether a receipt is taken. The closing date is told by some companies only."""
    home = ref(part(preferences, "CurrencyPrefs"), "HomeCurrency")
    if not home:
        raise BooksUnavailable("QuickBooks does not say which currency the company keeps its books in.")
    closed = text(part(preferences, "AccountingInfoPrefs"), "BookCloseDate")
    try:
        closed_through = date.fromisoformat(closed[:10]) if closed else None
    except ValueError as error:
        raise BooksUnavailable("QuickBooks gave a closing date that is not a date.") from error
    return BooksSettings(
        home_currency=home,
        closed_through=closed_through,
        auto_applies_credits=part(preferences, "SalesFormsPrefs").get("AutoApplyCredit") is True,
    )


def customer(document: Json) -> Customer:
    """A customer. Merging leaves the old one inactive in QuickBooks, without saying into whom it went.

    An inactive one, and each parent in its full name, is shown as "Hooli (deleted)": its name is still Hooli.
    """
    created, changed = stamps(document)
    active = document.get("Active") is not False
    shown, below = (text(document, name) for name in ("DisplayName", "FullyQualifiedName"))
    name, full_name = (shown, below) if active else (_DELETED.sub("", shown), _DELETED.sub("", below))
    return Customer(
        id=text(document, "Id"),
        name=name or full_name,
        active=active,
        version=text(document, "SyncToken"),
        created=created,
        changed=changed,
        parent_id=ref(document, "ParentRef"),
        full_name="" if full_name == name else full_name,
    )


def invoice(document: Json) -> Invoice:
    currency = currency_of(document)
    total_minor, open_minor = minor(document, "TotalAmt", currency), minor(document, "Balance", currency)
    created, changed = stamps(document)
    return Invoice(
        id=text(document, "Id"),
        number=text(document, "DocNumber"),
        customer_id=ref(document, "CustomerRef"),
        currency=currency,
        total_minor=total_minor,
        open_minor=open_minor,
        status=_status(document, total_minor, open_minor),
        issued_on=day(document, "TxnDate"),
        version=text(document, "SyncToken"),
        created=created,
        changed=changed,
        due_on=day(document, "DueDate") if text(document, "DueDate") else None,
        origin=_origin(document),
        items=_items(document),
    )


def _items(document: Json) -> tuple[str, ...]:
    """What it sells; a line of tax, discount or subtotal is none."""
    return items_of(_what_for(line) for line in parts(document, "Line") if part(line, "SalesItemLineDetail"))


def _origin(document: Json) -> str:
    """The estimate that an invoice was made from; its payments are linked in the same list."""
    return next((f"estimate {id_}" for kind, id_ in linked(document) if kind == "Estimate"), "")


def _status(document: Json, total_minor: int, open_minor: int) -> InvoiceStatus:
    if is_voided(document) and total_minor == 0:
        return InvoiceStatus.VOIDED
    if text(document, "status") in ("Draft", "Pending"):
        return InvoiceStatus.DRAFT
    return InvoiceStatus.OPEN if open_minor > 0 else InvoiceStatus.PAID


def credit_memo(document: Json, payments: Iterable[Json]) -> CreditMemo:
    """A credit memo with its applications, which stand in `payments`."""
    currency = currency_of(document)
    memo_id, number = text(document, "Id"), text(document, "DocNumber")
    created, changed = stamps(document)
    applications = [
        CreditApplication(
            id=application_id(text(payment, "Id"), memo_id, pair.invoice_id),
            credit_memo_id=memo_id,
            credit_memo_number=number,
            invoice_id=pair.invoice_id,
            amount_minor=pair.amount_minor,
            applied=stamps(payment)[0],
        )
        for payment in payments
        for pair in pairs_in(payment)
        if pair.credit_memo_id == memo_id
    ]
    return CreditMemo(
        id=memo_id,
        number=number,
        customer_id=ref(document, "CustomerRef"),
        currency=currency,
        total_minor=minor(document, "TotalAmt", currency),
        open_minor=minor(document, "RemainingCredit" if "Balance" not in document else "Balance", currency),
        issued_on=day(document, "TxnDate"),
        version=text(document, "SyncToken"),
        created=created,
        changed=changed,
        applications=tuple(sorted(applications, key=lambda application: application.id)),
        reason=reasons_of(_what_for(line) for line in parts(document, "Line")),
        memo=" ".join(filter(None, (text(part(document, "CustomerMemo"), "value"), text(document, "PrivateNote")))),
    )


def _what_for(line: Json) -> str:
    """The product or service of a line and its description, which tell a write-off from a return of goods."""
    item = text(part(part(line, "SalesItemLineDetail"), "ItemRef"), "name")
    return " ".join(filter(None, (item, text(line, "Description"))))


def with_rate(note: str, rate: Decimal) -> str:
    """Our note with the exchange rate that is sent along, behind its marker."""
    marker, _, memo = note.partition(" ")
    return f"{marker} Exchange rate {rate:f}: {memo}"


def _rates(document: Json) -> tuple[str, str]:
    """The rate that we sent and the one it is booked at, where the two differ; else ("", "")."""
    sent, booked = _RATE.match(text(document, "PrivateNote")), document.get("ExchangeRate")
    if sent is None or not isinstance(booked, int | Decimal) or Decimal(sent[1]) == booked:
        return "", ""
    return sent[1], f"{Decimal(booked):f}"


def receipt(document: Json) -> Receipt:
    """A Payment as a receipt. `method` is the name of its payment method where QuickBooks gives one, else its id."""
    currency = currency_of(document)
    created, changed = stamps(document)
    amount_minor = minor(document, "TotalAmt", currency)
    method = part(document, "PaymentMethodRef")
    rate_sent, rate_booked = _rates(document)
    deposits = deposits_of(document)
    return Receipt(
        id=text(document, "Id"),
        number=text(document, "DocNumber") or text(document, "PaymentRefNum") or text(document, "Id"),
        customer_id=ref(document, "CustomerRef"),
        currency=currency,
        amount_minor=amount_minor,
        unapplied_minor=unapplied_minor(document),
        received_on=day(document, "TxnDate"),
        method=text(method, "name") or text(method, "value"),
        reference=text(document, "PaymentRefNum"),
        memo=text(document, "PrivateNote"),
        deposit_account=ref(document, "DepositToAccountRef"),
        deposited=bool(deposits),
        voided=is_voided(document) and amount_minor == 0,
        version=text(document, "SyncToken"),
        created=created,
        changed=changed,
        lines=money_lines(document),
        texts=texts_of(document),
        deposit=", ".join(deposits),
        rate_sent=rate_sent,
        rate_booked=rate_booked,
    )


def texts_of(payment: Json) -> tuple[str, ...]:
    """What else somebody can have written on a Payment: its lines' descriptions, a check's or a card's own number and name."""
    said = [text(line, "Description") for line in parts(payment, "Line")]
    check, card = part(payment, "CheckPayment"), part(part(payment, "CreditCardPayment"), "CreditChargeResponse")
    said += [text(check, name) for name in ("CheckNum", "NameOnAcct")]
    said += [text(card, name) for name in ("CCTransId", "ClientTransID", "AuthCode")]
    for field in parts(payment, "CustomField"):
        said += [str(field.get(name) or "") for name in ("StringValue", "NumberValue", "DateValue")]
    return tuple(dict.fromkeys(word for word in said if word))


def unreadable_receipt(payment: Json, why: str) -> UnreadableReceipt:
    """What can be read of a Payment with a figure that is none."""
    said = [text(payment, name) for name in ("DocNumber", "PaymentRefNum", "PrivateNote")]
    return UnreadableReceipt(
        text(payment, "Id"), ref(payment, "CustomerRef"), tuple(word for word in (*said, *texts_of(payment)) if word), why
    )


def is_voided(document: Json) -> bool:
    return text(document, "PrivateNote").lower().startswith(VOIDED)


def is_credit_link(payment: Json) -> bool:
    """Whether a Payment carries no money and only applies credits; a voided receipt is not meant."""
    return payment.get("TotalAmt") == 0 and any(kind == "CreditMemo" for kind, _ in linked_by_lines(payment))


def is_receipt(payment: Json) -> bool:
    """Whether a Payment stands for money received; voided ones do not."""
    found = payment.get("TotalAmt")
    return isinstance(found, int | Decimal) and found > 0


def linked(document: Json) -> list[tuple[str, str]]:
    """What a document, or a line of one, is linked to, as (type, id)."""
    return [(text(link, "TxnType"), text(link, "TxnId")) for link in parts(document, "LinkedTxn")]


def deposits_of(payment: Json) -> list[str]:
    """The ids of the bank deposits that a Payment is in."""
    return [deposit_id for kind, deposit_id in linked(payment) if kind == "Deposit"]


def deposited_on(deposits: Iterable[Json]) -> dict[str, date]:
    """By the id of a Payment, the day of the bank deposit that it is in."""
    return {
        payment_id: day(deposit, "TxnDate")
        for deposit in deposits
        for kind, payment_id in linked_by_lines(deposit)
        if kind == "Payment"
    }


def linked_by_lines(payment: Json) -> list[tuple[str, str]]:
    return [link for line in parts(payment, "Line") for link in linked(line)]


def pairs_in(payment: Json) -> tuple[Pair, ...]:
    """Which credit memo is applied to which invoice. QuickBooks keeps two lists of lines and does not pair them; we do.

    Credits fill the invoices first, both in the order of their ids, because lines may come in any order; money takes
    the rest. Taking one pair off leaves the others as they were.
    """
    invoices, credits = amounts(payment, "Invoice"), amounts(payment, "CreditMemo")
    pairs: list[Pair] = []
    for memo_id in sorted(credits, key=_by_number):
        for invoice_id in sorted(invoices, key=_by_number):
            taken_minor = min(credits[memo_id], invoices[invoice_id])
            if taken_minor > 0:
                pairs.append(Pair(memo_id, invoice_id, taken_minor))
                invoices[invoice_id] -= taken_minor
                credits[memo_id] -= taken_minor
    return tuple(pairs)


def _by_number(document_id: str) -> tuple[int, str]:
    """Ids are numbers written as text; the shorter one is the smaller one."""
    return len(document_id), document_id


def money_lines(payment: Json) -> tuple[ReceiptLine, ...]:
    """What of a Payment's money is applied to each invoice, in minor units: its lines without what credits pay of them."""
    invoices = amounts(payment, "Invoice")
    for pair in pairs_in(payment):
        invoices[pair.invoice_id] -= pair.amount_minor
    left_minor = minor(payment, "TotalAmt", currency_of(payment)) - unapplied_minor(payment)  # other credits may pay the rest
    lines: list[ReceiptLine] = []
    for invoice_id, line_minor in invoices.items():
        taken_minor = min(line_minor, left_minor)
        if taken_minor > 0:
            lines.append(ReceiptLine(invoice_id, taken_minor))
            left_minor -= taken_minor
    return tuple(lines)


def unapplied_minor(payment: Json) -> int:
    """What of a Payment is applied to nothing. Where QuickBooks leaves the figure out, the lines tell it."""
    currency = currency_of(payment)
    if "UnappliedAmt" in payment:
        return minor(payment, "UnappliedAmt", currency)
    paid = [sum(amounts(payment, kind).values()) for kind in ("Invoice", *ENTRIES)]
    return max(0, minor(payment, "TotalAmt", currency) - sum(paid) + sum(amounts(payment, "CreditMemo").values()))


def amounts(payment: Json, kind: str) -> dict[str, int]:
    """The amounts of a Payment's lines that link documents of one kind, by document, in minor units."""
    found: dict[str, int] = {}
    for line in parts(payment, "Line"):
        for linked_kind, document_id in linked(line):
            if linked_kind == kind:
                found[document_id] = found.get(document_id, 0) + minor(line, "Amount", currency_of(payment))
    return found
