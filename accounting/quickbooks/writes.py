"""What one order becomes in QuickBooks: one Payment created, rewritten, voided or deleted; decided here, sent elsewhere.

Everything is decided from documents read a moment before. A change of lines is sent as the whole Payment, because
QuickBooks replaces all lines or none. `ProcessPayment` would charge a card and is never sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from accounting.orders import changed_since, not_able
from accounting.quickbooks import documents, fields
from accounting.quickbooks.description import TRAITS
from accounting.quickbooks.documents import Pair, application_id, payment_of
from accounting.quickbooks.fields import Json, text
from receivables.books_records import CreditMemo, Gone, Invoice
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Order,
    ReceiptWrite,
    RecordReturn,
    UnapplyCredit,
    VoidCredit,
    VoidReceipt,
    Written,
    stem_of,
    stems_in,
)
from receivables.errors import BooksRefused, NotSent
from receivables.refusal import Refusal

LONGEST_NOTE = 4000  # characters of PrivateNote
#: Told by QuickBooks and not to be told back; the last would charge a card.
_NOT_SENT = frozenset({"MetaData", "domain", "UnappliedAmt", "status", "ProcessPayment"})


@dataclass(frozen=True)
class Request:
    """One write ready to leave. `touches` are the existing documents that it changes."""

    operation: str  # create, update, delete or void
    payment: dict[str, object]
    touches: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Before:
    """What was read just before writing. A Payment that is None is plainly gone; `versions` has None for gone ones."""

    versions: Mapping[str, str | None] = field(default_factory=dict)
    payments: Mapping[str, Json | None] = field(default_factory=dict)
    invoices: Mapping[str, Invoice | Gone] = field(default_factory=dict)
    memos: Mapping[str, CreditMemo | Gone] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)  # name to id, "" where no active one is called so
    #: Of foreign currencies, by day (None: now); None where the company's list has no rate. The home currency has none here.
    rates: Mapping[tuple[str, date | None], Decimal | None] = field(default_factory=dict)


def prepare(order: Order, before: Before) -> Request | Answer:
    """The write that carries the order out, or the answer that needs none. Pure."""
    match order.write:
        case UnapplyCredit() as write:
            return unapplied(write, before) or changed_since(order, before.versions.get) or _unapply(write, before)
        case ReceiptWrite() as write:
            return changed_since(order, before.versions.get) or _create(order, write, before)
        case ApplyCredit() as write:
            return changed_since(order, before.versions.get) or _apply_credit(order, write, before)
        case ApplyReceipt() as write:
            return changed_since(order, before.versions.get) or _apply_receipt(write, before)
        case VoidReceipt() as write:
            return changed_since(order, before.versions.get) or _void(order, write, before)
        case VoidCredit():  # Intuit's interface deletes a credit memo and voids none
            return not_able(TRAITS.package)
        case RecordReturn():
            raise AssertionError("two writes: `returning` carries it out")


def unapplied(write: UnapplyCredit, before: Before) -> Written | None:
    """The trace of a credit that is no longer applied to its invoice, no matter who removed it; None while it stands.

    None too for an id that QuickBooks' credits do not have: what never stood there was not taken off.
    """
    if write.application_id != application_id(payment_of(write.application_id), write.credit_memo_id, write.invoice_id):
        return None
    payment = before.payments.get(payment_of(write.application_id))
    if payment is None:
        return Written(write.application_id, "")
    return None if _pair(write, payment) else Written(write.application_id, text(payment, "SyncToken"))


def written(order: Order, answered: Json, trace: str) -> Written:
    """What is reported of a Payment that QuickBooks answered with."""
    version = text(answered, "SyncToken")
    match order.write:
        case UnapplyCredit(application_id=application):
            return Written(application, version, trace)
        case ApplyCredit(credit_memo_id=memo_id, invoice_id=invoice_id):
            return Written(application_id(text(answered, "Id"), memo_id, invoice_id), version, trace)
        case _:
            return Written(text(answered, "Id"), version, trace)


def answers(order: Order, request: Request, answered: Json) -> bool:
    """Whether an answer can be the one to this request. A key that was used before may bring another's answer."""
    if not text(answered, "Id"):
        return False
    if request.operation != "create":
        voided = request.operation != "void" or not documents.is_receipt(answered)
        return voided and text(answered, "Id") == text(request.payment, "Id")
    same_money = answered.get("TotalAmt", request.payment["TotalAmt"]) == request.payment["TotalAmt"]
    return same_money and order.marker in (text(answered, "PrivateNote") or order.marker)


def note(marker: str, memo: str) -> str:
    """The marker comes first, so that nothing that shortens a note cuts it."""
    return f"{marker} {memo}".strip()[:LONGEST_NOTE]


def _at_rate(payment: dict[str, object], currency: str, day: date | None, before: Before) -> BooksRefused | None:
    """Names the rate of a foreign currency: without one QuickBooks would book it at 1, and so it is refused here."""
    rate = before.rates.get((currency, day), Decimal(1))
    if rate is None:
        return BooksRefused(
            f"QuickBooks has no exchange rate for {currency} on that day, and would book it at 1. "
            "Enter the rate in QuickBooks (Currencies), then retry.",
            Refusal.CURRENCY_MISMATCH,
        )
    if (currency, day) in before.rates:
        payment["ExchangeRate"] = rate
        payment["PrivateNote"] = documents.with_rate(str(payment["PrivateNote"]), rate)[:LONGEST_NOTE]
    return None


def _create(order: Order, write: ReceiptWrite, before: Before) -> Request | Answer:
    payment = _new(order, write.customer_id, write.currency, write.amount_minor, write.memo)
    payment["TxnDate"] = write.received_on.isoformat()
    payment["PaymentRefNum"] = write.reference[: TRAITS.longest_reference]
    if write.deposit_account:
        account = before.accounts.get(write.deposit_account, "")
        if not account:
            message = f"QuickBooks has no active account called {write.deposit_account}."
            return BooksRefused(message, Refusal.ACCOUNT_INACTIVE)
        payment["DepositToAccountRef"] = {"value": account}
    payment["Line"] = [_line("Invoice", line.invoice_id, line.amount_minor, write.currency) for line in write.lines]
    return _at_rate(payment, write.currency, write.received_on, before) or Request("create", payment)


def _apply_credit(order: Order, write: ApplyCredit, before: Before) -> Request | Answer:
    memo, invoice = before.memos.get(write.credit_memo_id), before.invoices.get(write.invoice_id)
    if not isinstance(memo, CreditMemo) or not isinstance(invoice, Invoice):
        return BooksRefused("The credit memo or the invoice was deleted in the books.", Refusal.DOCUMENT_GONE)
    if (memo.customer_id, memo.currency) != (invoice.customer_id, invoice.currency):
        return BooksRefused("The credit memo and the invoice have different customers or currencies.", Refusal.CUSTOMER_MISMATCH)
    if write.amount_minor > memo.open_minor:
        return BooksRefused(f"Credit memo {memo.number} has less left than the amount to apply.", Refusal.CREDIT_EXHAUSTED)
    if write.amount_minor > invoice.open_minor:
        return BooksRefused(
            f"Invoice {invoice.number} has a smaller open balance than the amount to apply.", Refusal.OVER_APPLICATION
        )
    payment = _new(order, memo.customer_id, memo.currency, 0, f"Credit memo {memo.number} applied to invoice {invoice.number}")
    payment["Line"] = [
        _line("Invoice", write.invoice_id, write.amount_minor, memo.currency),
        _line("CreditMemo", write.credit_memo_id, write.amount_minor, memo.currency),
    ]
    refused = _at_rate(payment, memo.currency, None, before)
    return refused or Request("create", payment, frozenset({write.credit_memo_id, write.invoice_id}))


def _apply_receipt(write: ApplyReceipt, before: Before) -> Request | Answer:
    payment = before.payments.get(write.receipt_id)
    if payment is None:
        return BooksRefused("The receipt was deleted in the books.", Refusal.DOCUMENT_GONE)
    if not documents.is_receipt(payment):
        return BooksRefused("The receipt was voided in the books.", Refusal.DOCUMENT_GONE)
    kinds = {kind for kind, _ in documents.linked_by_lines(payment)}
    if kinds - {"Invoice"}:
        return BooksRefused("The receipt also applies credits. Change it in QuickBooks.", Refusal.INVALID)
    currency = fields.currency_of(payment)
    lines = [_line("Invoice", line.invoice_id, line.amount_minor, currency) for line in write.lines]
    return rewritten(payment, lines, frozenset({write.receipt_id}))


def _void(order: Order, write: VoidReceipt, before: Before) -> Request | Answer:
    """Voids a Payment of ours, which stays with nothing in it: only one with our marker, and in no deposit."""
    payment = before.payments.get(write.receipt_id)
    if payment is None:
        return BooksRefused("The receipt was deleted in the books.", Refusal.DOCUMENT_GONE)
    if not documents.is_receipt(payment):
        return Written(write.receipt_id, text(payment, "SyncToken"))
    if stem_of(order.marker) not in stems_in(text(payment, "PrivateNote")):
        return BooksRefused("The receipt does not carry our marker, so it is not ours to void.", Refusal.INVALID)
    if documents.deposits_of(payment):
        return BooksRefused("The receipt is part of a bank deposit and cannot be voided.", Refusal.RECEIPT_DEPOSITED)
    named = {name: payment[name] for name in ("Id", "SyncToken", "CustomerRef", "TotalAmt")}
    return Request("void", {**named, "sparse": True}, frozenset({write.receipt_id}))


def _unapply(write: UnapplyCredit, before: Before) -> Request | Answer:
    payment = before.payments.get(payment_of(write.application_id))
    pair = _pair(write, payment) if payment is not None else None
    if payment is None or pair is None or pair.amount_minor != write.amount_minor:
        return BooksRefused("The application of the credit has changed since it was read.", Refusal.STALE)
    payment_id = text(payment, "Id")
    if _applies_nothing_else(payment, pair):
        shortened = {"Id": payment_id, "SyncToken": text(payment, "SyncToken")}
        return Request("delete", dict(shortened), frozenset({payment_id}))
    return rewritten(payment, _without(payment, pair), frozenset({payment_id}))


def _applies_nothing_else(payment: Json, pair: Pair) -> bool:
    """Whether a Payment has no money, and nothing but this pair in its lines."""
    alone = {("Invoice", pair.invoice_id), ("CreditMemo", pair.credit_memo_id)}
    return payment.get("TotalAmt") == 0 and set(documents.linked_by_lines(payment)) == alone


def _without(payment: Json, pair: Pair) -> list[Json]:
    """The lines of a Payment without this pair: what only it stood for is left out, what carries more is lowered."""
    left = {("Invoice", pair.invoice_id): pair.amount_minor, ("CreditMemo", pair.credit_memo_id): pair.amount_minor}
    currency, lines = fields.currency_of(payment), list[Json]()
    for line in fields.parts(payment, "Line"):
        links = documents.linked(line)
        link = links[0] if len(links) == 1 else ("", "")
        line_minor = fields.minor(line, "Amount", currency) if left.get(link) else 0
        taken_minor = min(left.get(link, 0), line_minor)
        if taken_minor:
            left[link] -= taken_minor
        if not taken_minor:
            lines.append(line)
        elif line_minor > taken_minor:
            lines.append({**line, "Amount": fields.amount(line_minor - taken_minor, currency)})
    return lines


def rewritten(payment: Json, lines: Iterable[Json], touches: frozenset[str]) -> Request:
    whole = {name: value for name, value in payment.items() if name not in _NOT_SENT}
    return Request("update", {**whole, "Line": list(lines), "sparse": False}, touches)


def _pair(write: UnapplyCredit, payment: Json) -> Pair | None:
    pairs = documents.pairs_in(payment)
    wanted = (write.credit_memo_id, write.invoice_id)
    return next((pair for pair in pairs if (pair.credit_memo_id, pair.invoice_id) == wanted), None)


def _new(order: Order, customer_id: str, currency: str, amount_minor: int, memo: str) -> dict[str, object]:
    """A new Payment. The currency is always said: without it QuickBooks would take the customer's."""
    return {
        "CustomerRef": {"value": customer_id},
        "CurrencyRef": {"value": currency},
        "TotalAmt": fields.amount(amount_minor, currency) if amount_minor else Decimal(0),
        "PrivateNote": note(order.marker, memo),
    }


def _line(kind: str, document_id: str, amount_minor: int, currency: str) -> dict[str, object]:
    return {
        "Amount": fields.amount(amount_minor, currency),
        "LinkedTxn": [{"TxnId": document_id, "TxnType": kind}],
    }


def waits_for_another() -> NotSent:
    """The answer to an order that changes a document which an order before it in the same dispatch changes."""
    return NotSent("Another write of the same dispatch changes the same document; this one goes after it.")
