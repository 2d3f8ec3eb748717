"""Money that goes out of the embedded books again on the command line: returns, chargebacks, refunds, and their fees."""

from __future__ import annotations

from typing import Annotated

import typer

from accounting.embedded.change import Kind
from accounting.embedded.money_out import NewMoneyOut
from app.commands.books_desk import Desk, ReceiptArgument, command
from receivables.books_records import MoneyOutKind, Receipt, ReceiptLine
from receivables.errors import NotFound

OutDayOption = Annotated[str, typer.Option("--on", metavar="DAY", help="The day the money went out. Without it: today.")]
PartOption = Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="Without it: all that the receipt still holds.")]
FeeOption = Annotated[str, typer.Option("--fee", metavar="AMOUNT", help="What the bank charged for it: an entry of its own.")]
NoteOption = Annotated[str, typer.Option("--memo", help="A note on the entry, such as the bank's reason code.")]
OffOption = Annotated[
    list[str] | None,
    typer.Option("--off", metavar="NUMBER:AMOUNT", help="Take this amount off this invoice and refund it too; repeatable."),
]


@command("return")
def return_receipt(
    desk: Desk, receipt: ReceiptArgument, on: OutDayOption = "", fee: FeeOption = "", memo: NoteOption = ""
) -> None:
    """Record that the bank took a receipt back: an entry of that day; the invoices it paid are open again."""
    found = desk.receipt(receipt)
    _pay_out(desk, NewMoneyOut(MoneyOutKind.RETURN, found.id, desk.day(on), memo=memo), fee, found.currency)


@command("chargeback")
def chargeback(
    desk: Desk,
    receipt: ReceiptArgument,
    on: OutDayOption = "",
    amount: PartOption = "",
    fee: FeeOption = "",
    memo: NoteOption = "",
) -> None:
    """Record that a cardholder disputed a receipt and the money was taken; the invoices it paid are open again."""
    found = desk.receipt(receipt)
    amount_minor = desk.amount(amount, found.currency) if amount else None
    _pay_out(desk, NewMoneyOut(MoneyOutKind.CHARGEBACK, found.id, desk.day(on), amount_minor, memo), fee, found.currency)


@command("refund")
def refund(
    desk: Desk,
    whom: Annotated[
        str, typer.Argument(metavar="RECEIPT|CUSTOMER", help="The receipt, or the customer whose unapplied money is paid back.")
    ],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="Plain digits, such as 500.00.")],
    on: OutDayOption = "",
    off: OffOption = None,
    memo: NoteOption = "",
) -> None:
    """Record that money was paid back to a customer: what is unapplied, or is taken off an invoice with --off."""
    found = _refundable(desk, whom, amount)
    taken_off = tuple(ReceiptLine(*line) for line in desk.lines(off or (), found.currency))
    new = NewMoneyOut(MoneyOutKind.REFUND, found.id, desk.day(on), desk.amount(amount, found.currency), memo, taken_off)
    desk.show("Recorded", desk.ledger.pay_out(new, by=desk.by, at=desk.at))


@command("delete-money-out")
def delete_money_out(
    desk: Desk, entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The entry's number, or #ID.")]
) -> None:
    """Delete a return, chargeback, refund or fee entered by mistake; its money is unapplied again."""
    desk.show("Deleted", desk.ledger.delete_money_out(desk.id_of(Kind.MONEY_OUT, entry), by=desk.by, at=desk.at))


def _pay_out(desk: Desk, new: NewMoneyOut, fee: str, currency: str) -> None:
    entry = desk.ledger.pay_out(new, by=desk.by, at=desk.at, fee_minor=desk.amount(fee, currency) if fee else 0)
    desk.show("Recorded", entry)


def _refundable(desk: Desk, text: str, amount: str) -> Receipt:
    """The receipt named, or the oldest receipt of the customer named that has so much unapplied."""
    try:
        return desk.receipt(text)
    except NotFound as not_a_receipt:
        try:
            customer_id = desk.id_of(Kind.CUSTOMER, text)
        except NotFound:
            raise not_a_receipt from None
    for receipt in sorted(desk.ledger.receipts(), key=lambda receipt: (receipt.received_on, receipt.id)):
        if receipt.customer_id == customer_id and receipt.unapplied_minor >= desk.amount(amount, receipt.currency):
            return receipt
    raise NotFound(f"No receipt of {text} has {amount} unapplied. Take it off an invoice first, or refund several receipts.")
