"""Writing Payments as QuickBooks Online does it: what does not fit is dropped without a word, and stays unapplied.

Seen in live companies by others: a line larger than the invoice's balance is cut to it and the rest is
`UnappliedAmt`; a line on a paid invoice falls away; a Payment of zero with lines on invoices and credit memos
applies the credits; an edit needs the whole object, and all lines or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from accounting.embedded import checks, credits, reading, receipts
from accounting.embedded.change import Change, Kind
from receivables.books_records import InvoiceStatus, ReceiptLine
from receivables.effects import ReceiptWrite
from stand_ins import quickbooks_entries as entries
from stand_ins import quickbooks_payments as shown
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_faults import (
    DELETED_REFERENCE,
    DELETED_TRANSACTION,
    FaultRaised,
    business,
    inactive_reference,
    not_found,
    required,
)
from stand_ins.quickbooks_payments import Payment
from stand_ins.quickbooks_reading import active_customer, day_of, minor_of, reference_of, text_of
from stand_ins.quickbooks_side import ACCOUNTS, PAYMENT_METHODS, Head

Body = Mapping[str, Any]
Pair = tuple[str, str]  # credit memo, invoice


@dataclass
class Wished:
    """What a Payment is to be; ids are the ledger's, amounts minor units."""

    customer_id: str
    currency: str
    total_minor: int
    txn_date: date
    note: str
    reference: str
    deposit_account: str
    method: str
    on_invoices: dict[str, int]
    from_memos: dict[str, int]
    to_entries: dict[str, int] = field(default_factory=dict)  # by the id of the API


@dataclass
class Standing:
    """How its money and its credits come to stand: money by invoice, credits by memo and invoice."""

    money: dict[str, int]
    credits: dict[Pair, int]


def create(change: Change, body: Body) -> str:
    """Records a Payment; returns the ledger's id. Raises FaultRaised and BooksRefused."""
    wished = _wished(change, body, None)
    _number_is_free(change, wished.reference, "")
    checks.period_open(change, wished.txn_date, "a payment")
    standing = _standing(change, wished, None)
    if not wished.total_minor and not standing.credits:
        raise business("You must set a transaction amount.")
    applications = [_apply(change, pair, minor) for pair, minor in standing.credits.items()]
    if wished.total_minor:
        lines = tuple(ReceiptLine(invoice_id, minor) for invoice_id, minor in standing.money.items())
        payment_id = receipts.enter(change, _write(wished, lines)).id
    else:
        payment_id = applications[0]
        _keep_head(change, payment_id, wished, changes=0)
    for application_id in applications:
        side.link(change, application_id, payment_id)
    if wished.currency != reading.settings(change.connection).home_currency:  # one left out is 1, without a word
        side.keep_words(change, payment_id, {"ExchangeRate": float(body.get("ExchangeRate", 1))})
    return payment_id


def update(change: Change, found: Payment, body: Body) -> None:
    """Makes a Payment what the body says; without Line in a full body nothing stays applied."""
    _may_change(change, found)
    wished = _wished(change, body, found)
    if bool(wished.total_minor) != bool(found.total_minor):
        raise business("A payment of zero stays one, and one with money keeps some.")
    if wished.reference != found.reference:
        _number_is_free(change, wished.reference, found.id)
    checks.period_open(change, wished.txn_date, "a payment")
    applied = {entry_id: minor for _, entry_id, minor in entries.linked_to(change.connection, found.id)}
    if any(wished.to_entries.get(entry_id) != minor for entry_id, minor in applied.items()):
        raise FaultRaised("500", "The stand-in takes no receipt off a journal entry.")
    standing = _standing(change, wished, found)
    for application in found.applications:
        if standing.credits.get((application.credit_memo_id, application.invoice_id)) != application.amount_minor:
            credits.unapply(change, application.id)
    if found.receipt:
        _stand_on(
            change,
            found.id,
            {invoice_id: min(minor, standing.money.get(invoice_id, 0)) for invoice_id, minor in _money(found).items()},
        )
        _rewrite(change, found, wished)
    kept = {(application.credit_memo_id, application.invoice_id): application.amount_minor for application in found.applications}
    for pair, minor in standing.credits.items():
        if kept.get(pair) != minor:
            side.link(change, _apply(change, pair, minor), found.id)
    if found.receipt:
        _stand_on(change, found.id, standing.money)
        for entry_id, minor in wished.to_entries.items():
            if entry_id not in applied:
                entries.pay_out(change, found.id, entry_id, minor)
    else:
        changes = found.head.changes + 1 if found.head else 1
        _keep_head(change, found.id, wished, changes=changes)
    _after_freeing(change, found)


def delete(change: Change, found: Payment) -> None:
    """Deletes a Payment: what it paid is open again, what it took of credit memos is left on them."""
    if not found.voided:
        _may_change(change, found)
    for application in found.applications:
        credits.unapply(change, application.id)
    if found.receipt:
        receipts.delete(change, found.id)
    change.connection.execute("DELETE FROM quickbooks_payments WHERE payment_id = ?", (found.id,))
    _after_freeing(change, found)


def void(change: Change, found: Payment) -> None:
    """Voids a Payment: it stays with zero and no lines."""
    _may_change(change, found)
    for application in found.applications:
        credits.unapply(change, application.id)
    if found.receipt:
        receipts.void(change, found.id)
    else:
        kept = found.head or Head(found.id, found.customer_id, found.currency, found.txn_date, "", "")
        side.keep_head(change, replace(kept, voided=True, changes=kept.changes + 1))
    _after_freeing(change, found)


def _may_change(change: Change, found: Payment) -> None:
    if found.voided:
        raise business("A voided transaction cannot be changed.")
    if found.deposited:
        raise FaultRaised("6540")
    checks.period_open(change, date.fromisoformat(found.txn_date), "the payment")


def _wished(change: Change, body: Body, found: Payment | None) -> Wished:
    customer_id = active_customer(change, reference_of(body, "CustomerRef"))
    if "TotalAmt" not in body:
        raise required("TotalAmt")
    home = reading.settings(change.connection).home_currency
    currency = str(body.get("CurrencyRef", {}).get("value") or (found.currency if found else home))
    keeps = found if found and body.get("sparse") else None
    if found and found.receipt and (customer_id, currency) != (found.customer_id, found.currency):
        raise business("The customer and the currency of a payment stay as they are.")
    wished = Wished(
        customer_id,
        currency,
        minor_of(body["TotalAmt"], currency, "TotalAmt"),
        day_of(body, date.fromisoformat(keeps.txn_date) if keeps else change.day),
        text_of(body, "PrivateNote", 4000, keeps.note if keeps else ""),
        text_of(body, "PaymentRefNum", 21, keeps.reference if keeps else ""),
        _account(change, body, keeps),
        _method(body, keeps),
        dict(keeps.on_invoices) if keeps else {},
        dict(keeps.from_memos) if keeps else {},
    )
    if "Line" in body:
        wished.to_entries = _entry_lines(body["Line"] or [], wished.currency)
        wished.on_invoices, wished.from_memos = _lines(change, body["Line"] or [], wished)
    return wished


def _account(change: Change, body: Body, keeps: Payment | None) -> str:
    if "DepositToAccountRef" not in body:
        return keeps.receipt.deposit_account if keeps and keeps.receipt else ""
    account = str((body["DepositToAccountRef"] or {}).get("value", ""))
    row = change.connection.execute("SELECT active FROM accounts WHERE name = ?", (account,)).fetchone()
    if (account not in ACCOUNTS and row is None) or (row is not None and not row["active"]):
        raise inactive_reference("DepositToAccountRef")
    return account


def _method(body: Body, keeps: Payment | None) -> str:
    if not body.get("PaymentMethodRef"):
        return keeps.receipt.method if keeps and keeps.receipt else ""
    method = str(body["PaymentMethodRef"].get("value", ""))
    if method not in PAYMENT_METHODS:
        raise inactive_reference("PaymentMethodRef")
    return method


def _lines(change: Change, lines: list[Any], wished: Wished) -> tuple[dict[str, int], dict[str, int]]:
    """(by invoice, by credit memo) what the lines ask for, several on one document added up."""
    on_invoices: dict[str, int] = {}
    from_memos: dict[str, int] = {}
    for line in lines:
        linked = line.get("LinkedTxn") or []
        if len(linked) != 1:
            raise required("LinkedTxn")
        if "Amount" not in line:
            raise required("Amount")
        if str(linked[0].get("TxnType")) == "JournalEntry":
            continue
        kind, amounts = {"Invoice": (Kind.INVOICE, on_invoices), "CreditMemo": (Kind.CREDIT_MEMO, from_memos)}.get(
            str(linked[0].get("TxnType")), (None, {})
        )
        if kind is None:
            raise FaultRaised("620")
        document_id = _linkable(change, kind, str(linked[0].get("TxnId")), wished)
        minor = minor_of(line["Amount"], wished.currency, "Amount")
        amounts[document_id] = amounts.get(document_id, 0) + minor
    return on_invoices, from_memos


def _entry_lines(lines: list[Any], currency: str) -> dict[str, int]:
    """What the lines ask for of journal entries."""
    found: dict[str, int] = {}
    for line in lines:
        for linked in line.get("LinkedTxn") or []:
            if linked.get("TxnType") == "JournalEntry":
                entry_id = str(linked.get("TxnId"))
                found[entry_id] = found.get(entry_id, 0) + minor_of(line.get("Amount"), currency, "Amount")
    return found


def _linkable(change: Change, kind: Kind, document_id: str, wished: Wished) -> str:
    """The ledger's id of a living invoice or credit memo of the same customer. Raises FaultRaised 610 or 620."""
    found_id = side.ledger_id(change.connection, document_id, kind)
    if not found_id and side.ledger_id(change.connection, document_id, *Kind):
        raise FaultRaised("620")
    if not found_id or change.is_deleted(found_id):
        as_transaction = found_id and side.settings(change.connection).reject_deleted_link_as_transaction
        raise not_found(DELETED_TRANSACTION if as_transaction else DELETED_REFERENCE)
    held = checks.invoice(change, found_id) if kind is Kind.INVOICE else checks.credit_memo(change, found_id)
    if held.customer_id != wished.customer_id:
        raise FaultRaised("620")
    if held.currency != wished.currency:
        raise business("The currency of the payment is not that of the transaction it is linked to.")
    return found_id


def _standing(change: Change, wished: Wished, found: Payment | None) -> Standing:
    """Cuts every line to what is open and lets the credits pay first, in the order of the lines."""
    if sum([*wished.on_invoices.values(), *wished.to_entries.values()]) > wished.total_minor + sum(wished.from_memos.values()):
        raise business("The amounts of the lines are more than the amount of the payment.")
    now_on, now_from = (found.on_invoices, found.from_memos) if found else ({}, {})
    open_of = {invoice_id: _open_minor(change, invoice_id) + now_on.get(invoice_id, 0) for invoice_id in wished.on_invoices}
    left_of = {
        memo_id: checks.credit_memo(change, memo_id).open_minor + now_from.get(memo_id, 0) for memo_id in wished.from_memos
    }
    due = {invoice_id: min(minor, open_of[invoice_id]) for invoice_id, minor in wished.on_invoices.items()}
    credit = {memo_id: min(minor, left_of[memo_id]) for memo_id, minor in wished.from_memos.items()}
    pairs: dict[Pair, int] = {}
    for memo_id, left_minor in credit.items():
        for invoice_id, minor in _spread(left_minor, due).items():
            pairs[memo_id, invoice_id] = minor
            due[invoice_id] -= minor
    return Standing(_spread(wished.total_minor - sum(wished.to_entries.values()), due), pairs)


def _spread(amount_minor: int, due: Mapping[str, int]) -> dict[str, int]:
    """What of an amount goes to each invoice, in their order, until it is used up."""
    spread: dict[str, int] = {}
    for invoice_id, minor in due.items():
        if part_minor := min(minor, amount_minor - sum(spread.values())):
            spread[invoice_id] = part_minor
    return spread


def _open_minor(change: Change, invoice_id: str) -> int:
    """What can be paid; a draft or voided invoice takes nothing."""
    invoice = checks.invoice(change, invoice_id)
    return invoice.open_minor if invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID) else 0


def _apply(change: Change, pair: Pair, minor: int) -> str:
    return credits.apply(change, *pair, minor).id


def _money(found: Payment) -> dict[str, int]:
    return {line.invoice_id: line.amount_minor for line in found.receipt.lines} if found.receipt else {}


def _stand_on(change: Change, receipt_id: str, money: Mapping[str, int]) -> None:
    receipts.apply(change, receipt_id, [ReceiptLine(invoice_id, minor) for invoice_id, minor in money.items() if minor])


def _rewrite(change: Change, found: Payment, wished: Wished) -> None:
    """Writes what a receipt of the ledger says besides its lines, which already fit the new amount."""
    held = checks.receipt(change, found.id)
    applied_minor = held.amount_minor - held.unapplied_minor
    marker = receipts.marker_in(wished.note)
    change.connection.execute(
        "UPDATE receipts SET amount_minor = ?, unapplied_minor = ?, received_on = ?, reference = ?, memo = ?, marker = ?,"
        " marker_stem = ?, deposit_account = ?, method = ? WHERE id = ?",
        (
            wished.total_minor,
            wished.total_minor - applied_minor,
            wished.txn_date.isoformat(),
            wished.reference,
            wished.note,
            marker,
            marker.partition(".")[0],
            wished.deposit_account,
            wished.method,
            found.id,
        ),
    )
    change.changed(Kind.RECEIPT, found.id, "edited")


def _write(wished: Wished, lines: tuple[ReceiptLine, ...]) -> ReceiptWrite:
    return ReceiptWrite(
        wished.customer_id,
        wished.currency,
        wished.total_minor,
        wished.txn_date,
        wished.method,
        wished.reference,
        wished.note,
        wished.deposit_account,
        lines,
    )


def _keep_head(change: Change, payment_id: str, wished: Wished, changes: int) -> None:
    kept = Head(
        payment_id, wished.customer_id, wished.currency, wished.txn_date.isoformat(), wished.note, wished.reference, changes
    )
    side.keep_head(change, kept)


def _number_is_free(change: Change, reference: str, of_payment: str) -> None:
    if not reference or not side.settings(change.connection).refuse_duplicate_numbers:
        return
    for other in shown.payments(change.connection)[0].values():
        if other.reference == reference and other.id != of_payment:
            raise duplicate_number(reference, "Payment", other.id)


def duplicate_number(number: str, kind: str, document_id: str) -> FaultRaised:
    return FaultRaised(
        "6140",
        "Duplicate Document Number Error : You must specify a different number. This number has already been used."
        f"  DocNumber={number} is assigned to TxnType={kind} with TxnId={side.api_id(document_id)}",
    )


def _after_freeing(change: Change, found: Payment) -> None:
    """Where the company is set so, QuickBooks applies a credit again as soon as it is free."""
    if found.applications and side.settings(change.connection).eat_freed_credit_at_once:
        credits.apply_automatically(change, found.customer_id)
