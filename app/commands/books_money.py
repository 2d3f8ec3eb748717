"""Receipts and credit memos of the embedded books on the command line: entered, applied, deposited, undone."""

from __future__ import annotations

from typing import Annotated

import typer

from accounting.embedded.change import Kind
from accounting.embedded.receipts import Correction
from app.commands.books_desk import (
    AmountOption,
    CurrencyOption,
    CustomerArgument,
    CustomerOption,
    DayOption,
    Desk,
    InvoiceArgument,
    LinesOption,
    MemoArgument,
    ReceiptArgument,
    command,
)
from receivables.books_records import CreditMemo
from receivables.errors import NotFound


@command("receipt")
def receipt(
    desk: Desk,
    customer: CustomerArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Plain digits, such as 500.00.")],
    currency: CurrencyOption = "",
    on: DayOption = "",
    reference: Annotated[str, typer.Option("--reference", help="The check number, or what the customer wrote.")] = "",
    method: Annotated[str, typer.Option("--method", help="How it was paid: check, card, wire …")] = "",
    to: LinesOption = None,
    memo: Annotated[str, typer.Option("--memo", help="A note on the receipt.")] = "",
    account: Annotated[str, typer.Option("--account", help="The deposit account. Without it: the books' default.")] = "",
) -> None:
    """Enter a receipt by hand."""
    currency = desk.currency(currency)
    entered = desk.ledger.enter_receipt(
        desk.id_of(Kind.CUSTOMER, customer),
        desk.amount(amount, currency),
        currency,
        desk.day(on),
        by=desk.by,
        at=desk.at,
        lines=desk.lines(to or (), currency),
        reference=reference,
        method=method,
        memo=memo,
        deposit_account=account,
    )
    desk.show("Entered", entered)


@command("apply-receipt")
def apply_receipt(
    desk: Desk,
    receipt: ReceiptArgument,
    to: LinesOption = None,
) -> None:
    """Apply a receipt to these invoices and no others; without --to it is unapplied."""
    found = desk.receipt(receipt)
    applied = desk.ledger.apply_receipt(found.id, desk.lines(to or (), found.currency), by=desk.by, at=desk.at)
    desk.show("Applied", applied)


@command("correct-receipt")
def correct_receipt(
    desk: Desk,
    receipt: ReceiptArgument,
    amount: Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="The whole amount.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its date, such as 2026-03-01.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", metavar="NAME", help="Another customer; it is unapplied.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="The deposit account.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="The check number, or what the customer wrote.")] = None,
) -> None:
    """Change what a receipt says; what is not named stays as it is."""
    found = desk.receipt(receipt)
    new = Correction(
        desk.amount(amount, found.currency) if amount else None,
        desk.day(on) if on else None,
        desk.id_of(Kind.CUSTOMER, customer) if customer else None,
        account,
        reference,
    )
    desk.show("Corrected", desk.ledger.correct_receipt(found.id, new, by=desk.by, at=desk.at))


@command("void-receipt")
def void_receipt(
    desk: Desk,
    receipt: ReceiptArgument,
) -> None:
    """Void a receipt; the invoices it paid are open again."""
    desk.show("Voided", desk.ledger.void_receipt(desk.id_of(Kind.RECEIPT, receipt), by=desk.by, at=desk.at))


@command("delete-receipt")
def delete_receipt(
    desk: Desk,
    receipt: ReceiptArgument,
) -> None:
    """Delete a receipt; the invoices it paid are open again."""
    desk.show("Deleted", desk.ledger.delete_receipt(desk.id_of(Kind.RECEIPT, receipt), by=desk.by, at=desk.at))


@command("deposit")
def deposit(
    desk: Desk,
    receipt: ReceiptArgument,
    on: DayOption = "",
    fee: Annotated[str, typer.Option("--fee", metavar="AMOUNT", help="A fee line on the deposit: the bank received less.")] = "",
) -> None:
    """Add a receipt to a bank deposit; from then on it cannot be changed."""
    found = desk.receipt(receipt)
    fee_minor = desk.amount(fee, found.currency) if fee else 0
    deposited = desk.ledger.deposit_receipt(found.id, by=desk.by, at=desk.at, deposited_on=desk.day(on), fee_minor=fee_minor)
    desk.show("Deposited", deposited)


@command("undo-deposit")
def undo_deposit(
    desk: Desk,
    receipt: ReceiptArgument,
) -> None:
    """Remove a receipt from its bank deposit."""
    desk.show("Removed from its deposit", desk.ledger.undo_deposit(desk.id_of(Kind.RECEIPT, receipt), by=desk.by, at=desk.at))


@command("credit-memo")
def credit_memo(
    desk: Desk,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The new credit memo's number.")],
    customer: CustomerOption,
    amount: AmountOption,
    currency: CurrencyOption = "",
    on: DayOption = "",
    reason: Annotated[
        str, typer.Option("--reason", "--item", help="Why: the item on its line, such as Rebill, Bad debt or Sales tax.")
    ] = "",
    memo: Annotated[str, typer.Option("--memo", help="A note on the credit memo.")] = "",
) -> None:
    """Add a credit memo."""
    currency = desk.currency(currency)
    customer_id, amount_minor = desk.id_of(Kind.CUSTOMER, customer), desk.amount(amount, currency)
    added = desk.ledger.add_credit_memo(
        number, customer_id, amount_minor, currency, desk.day(on), by=desk.by, at=desk.at, reason=reason, memo=memo
    )
    desk.show("Added", added)


@command("write-off")
def write_off(
    desk: Desk,
    invoice: InvoiceArgument,
    on: DayOption = "",
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="Without it: all that is open.")] = "",
    memo: Annotated[str, typer.Option("--memo", help="A note on the credit memo.")] = "",
) -> None:
    """Write off an invoice as a bad debt: a credit memo with the item Bad debt, applied to it."""
    invoice_id = desk.id_of(Kind.INVOICE, invoice)
    currency = next(found.currency for found in desk.ledger.invoices() if found.id == invoice_id)
    amount_minor = desk.amount(amount, currency) if amount else None
    written = desk.ledger.write_off(invoice_id, desk.day(on), by=desk.by, at=desk.at, amount_minor=amount_minor, memo=memo)
    desk.show("Written off", written)


@command("apply-credit")
def apply_credit(
    desk: Desk,
    memo: MemoArgument,
    to: Annotated[str, typer.Option("--to", metavar="INVOICE", help="The invoice's number, or #ID.")],
    amount: AmountOption,
) -> None:
    """Apply an amount of a credit memo to an invoice."""
    found = _credit_memo(desk, memo)
    invoice_id, amount_minor = desk.id_of(Kind.INVOICE, to), desk.amount(amount, found.currency)
    desk.ledger.apply_credit(found.id, invoice_id, amount_minor, by=desk.by, at=desk.at)
    desk.show("Applied", _credit_memo(desk, f"#{found.id}"))


@command("unapply-credit")
def unapply_credit(
    desk: Desk,
    memo: MemoArgument,
    invoice: Annotated[str, typer.Option("--from", metavar="INVOICE", help="The invoice's number, or #ID.")],
) -> None:
    """Unapply a credit memo from an invoice."""
    found, invoice_id = _credit_memo(desk, memo), desk.id_of(Kind.INVOICE, invoice)
    applied = [application.id for application in found.applications if application.invoice_id == invoice_id]
    if not applied:
        raise NotFound(f"Credit memo {found.number} is not applied to invoice {invoice}.")
    for application_id in applied:
        desk.ledger.unapply_credit(application_id, by=desk.by, at=desk.at)
    desk.show("Unapplied", _credit_memo(desk, f"#{found.id}"))


@command("delete-credit-memo")
def delete_credit_memo(
    desk: Desk,
    memo: MemoArgument,
) -> None:
    """Delete a credit memo; the invoices it was applied to are open again."""
    desk.show("Deleted", desk.ledger.delete_credit_memo(desk.id_of(Kind.CREDIT_MEMO, memo), by=desk.by, at=desk.at))


def _credit_memo(desk: Desk, text: str) -> CreditMemo:
    memo_id = desk.id_of(Kind.CREDIT_MEMO, text)
    return next(memo for memo in desk.ledger.credit_memos() if memo.id == memo_id)
