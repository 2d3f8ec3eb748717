"""Parts B and C: the deposit accounts that hold the portal's money, and what customers owe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.month_end.paper import Blank, Cell, Formula, Money, Sheet
from receivables.words import counted, plain
from sync.month import Clearing, Figure, Receivables
from sync.month_package import MonthEnd, UnappliedCredit

ESCHEAT_DAYS = 365  # money of a customer that lies so long may have to go to the state
LEDGER = "Balance of the general ledger"
NOT_TOLD = "Payouts are not told by the feed."


def write(sheet: Sheet, found: MonthEnd) -> None:
    """A block for each account and currency, with a place for the balance of the general ledger."""
    for account in found.clearing.values():
        sheet.write(f"{plain(account.account)}, {account.currency}", bold=True)
        sheet.header("", "Documents", "Amount", "Check", "What it is")
        _account(sheet, account, found)
        sheet.skip()
    if not found.clearing:
        sheet.write("No receipt of a portal payment is in the books.")
    sheet.write("Returns, refunds and fees are the entries of the books on receipts of which the feed says that money went back.")
    if found.books.not_read:
        sheet.write(f"Not read in these books: {', '.join(found.books.not_read)}.")


def _account(sheet: Sheet, account: Clearing, found: MonthEnd) -> None:
    def line(said: str, figure: Figure, *, off: bool = False, note: str = "") -> int:
        money = Money(-figure.amount_minor if off else figure.amount_minor, account.currency)
        return sheet.write(said, figure.count, money, note=note)

    days_told = found.balances.deposited_on is not None
    opening = Figure(account.before.count - account.banked_before.count, account.opening_minor)
    first = line("Opening, by the documents", opening, note=_opening(account, days_told=days_told))
    line("Receipts recorded by Resolve Now", account.ours)
    line("Receipts recorded by hand and confirmed", account.by_hand)
    last = line("Other receipts", account.others, note="Of no portal payment that we know of.")
    if account.is_undeposited and days_told:
        last = line("Less: bank deposits dated in the month", account.deposited, off=True)
    elif account.is_undeposited:
        note = "As of now: the books do not tell the day of the deposit."
        last = line("Less: in a bank deposit by now", account.deposited, off=True, note=note)
    else:
        for said, figure in (("returns", account.returns), ("chargebacks", account.chargebacks), ("refunds", account.refunds)):
            line(f"Less: {said}", figure, off=True)
        last = line("Less: fees entered in the books", account.fees, off=True, note=_fees_told(account, found))
    closing = Money(account.closing_minor, account.currency)
    if account.is_undeposited:
        note = "In no bank deposit at the end of the month." if days_told else "In no bank deposit by now."
    else:
        note = f"Before payouts. {NOT_TOLD}"
    row = sheet.write(
        "Closing, by the documents", None, closing, Formula(f"=SUM(C{first}:C{last})", closing), note=note, bold=True, top=1
    )
    if account.is_undeposited:
        _against_ledger(sheet, found, Total(row, closing, account.ledger_minor))
    else:
        said = "Difference: payouts, and entries that no receipt explains"
        note = "List the payouts in transit here; the feed does not tell them."
        _against_ledger(sheet, found, Total(row, closing, account.ledger_minor, said, note))
    if account.is_undeposited and account.paid_out.count:
        line("Paid out again from the bank", account.paid_out, off=True, note="Returns, refunds and fees; not of this account.")


def _opening(account: Clearing, *, days_told: bool) -> str:
    if not account.is_undeposited:
        return "Receipts dated before the month, less what was paid out of them."
    return "In no bank deposit at the beginning of the month." if days_told else "Receipts dated before the month."


@dataclass(frozen=True)
class Total:
    """A total of ours, the row it is on, and what the general ledger says of it; how the difference of the two is called."""

    row: int
    total: Money
    ledger_minor: int | None
    difference: str = "Difference"
    note: str = ""


def _against_ledger(sheet: Sheet, found: MonthEnd, ours: Total) -> None:
    """The balance of the general ledger, or a cell for it with the reason, and the difference."""
    currency = ours.total.currency
    if ours.ledger_minor is None:
        why = found.balances.why_not or f"{found.books.package} keeps one balance for all currencies."
        row = sheet.write(f"{LEDGER}: enter it", None, Blank(currency), note=why)
        off = Formula(f'=IF(ISBLANK(C{row}),"",C{row}-C{ours.row})', "")
    else:
        at = f"Read from {found.books.package}, through {found.company.words.day(found.month.last)}."
        row = sheet.write(LEDGER, None, Money(ours.ledger_minor, currency), note=at)
        off = Formula(f"=C{row}-C{ours.row}", Money(ours.ledger_minor - ours.total.minor, currency))
    sheet.write(ours.difference, None, off, note=ours.note, bold=True)


def _fees_told(account: Clearing, found: MonthEnd) -> str:
    if not account.fees_told.count:
        return "The feed told no fees."
    money = found.company.words.money(account.fees_told.amount_minor, account.currency)
    return f"The feed told {money} of fees on {counted(account.fees_told.count, 'payment')}; payouts come net of them."


def write_receivables(sheet: Sheet, found: MonthEnd) -> None:
    """What the aging of receivables must add up to, now and at the end of the month, and the credits that we know of."""
    for currency in found.currencies_of(found.receivables):
        sheet.write(f"{currency}: receivables", bold=True)
        sheet.header("", "Documents", "Amount", "Check")
        _owed(sheet, found.receivables[currency], found)
        sheet.skip()
    sheet.write("Unapplied credits that portal payments left, or that Resolve Now freed", bold=True)
    sheet.header("What", "Since", "Amount", "Payment", "Customer", "Owner", "Days")
    for credit in sorted(found.credits, key=lambda credit: (credit.since, credit.transaction)):
        sheet.write(*_credit(credit, found))
    if not found.credits:
        sheet.write("None.")


def _owed(sheet: Sheet, owed: Receivables, found: MonthEnd) -> None:
    def line(said: str, figure: Figure, *, off: bool = False) -> int:
        return sheet.write(said, figure.count, Money(-figure.amount_minor if off else figure.amount_minor, owed.currency))

    first = line("Open invoices, now", owed.invoices)
    line("Less: unapplied receipts, now", owed.receipts, off=True)
    last = line("Less: unapplied credit memos, now", owed.credit_memos, off=True)
    now = Money(owed.now_minor, owed.currency)
    top = sheet.write("Receivables, now", None, now, Formula(f"=SUM(C{first}:C{last})", now), bold=True, top=1)
    line("Less: invoices dated after the month", owed.invoices_after, off=True)
    line("Plus: receipts dated after the month", owed.receipts_after)
    line("Plus: credit memos dated after the month", owed.credit_memos_after)
    last = line("Less: returns and refunds dated after the month", owed.out_after, off=True)
    at_end = Money(owed.at_end_minor, owed.currency)
    check = Formula(f"=SUM(C{top}:C{last})", at_end)
    row = sheet.write("Receivables at the end of the month", None, at_end, check, bold=True, top=1)
    _against_ledger(sheet, found, Total(row, at_end, owed.ledger_minor))


def _credit(credit: UnappliedCredit, found: MonthEnd) -> Sequence[Cell]:
    days = (found.as_of - credit.since).days
    what = f"{'Receipt' if credit.kind == 'receipt' else 'Credit memo'} {plain(credit.number)}"
    return (
        what + (", more than a year old" if days > ESCHEAT_DAYS else ""),
        credit.since,
        Money(credit.unapplied_minor, credit.currency),
        credit.transaction,
        credit.customer,
        credit.owner,
        days,
    )
