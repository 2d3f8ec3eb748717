"""The general ledger of the embedded books on the command line: the trial balance, and what it ties out to."""

from __future__ import annotations

from typing import Annotated

import typer

from accounting.embedded.general_ledger import Balance, TieOut, TrialBalance
from app import output
from app.commands.books_desk import Desk, command
from receivables.words import Words


@command("trial-balance")
def trial_balance(
    desk: Desk,
    through: Annotated[
        str, typer.Option("--through", metavar="DAY", help="Only what is dated up to this day, such as 2026-02-28.")
    ] = "",
) -> None:
    """Show what every account holds, as the documents post it, and whether receivables agree with the open invoices."""
    found = desk.ledger.trial_balance(desk.day(through) if through else None)
    if desk.as_json:
        output.print_json(found)
        return
    words = desk.company.words
    for currency in dict.fromkeys(balance.currency for balance in found.balances):
        _print(found, currency, words)
    if not found.balances:
        output.print_line("Nothing was posted.")


def _print(found: TrialBalance, currency: str, words: Words) -> None:
    until = f" through {words.day(found.through)}" if found.through else ""
    balances = [balance for balance in found.balances if balance.currency == currency]
    rows = [_row(balance, words) for balance in balances]
    debits = sum(balance.debit_minor for balance in balances if balance.debit_minor > 0)
    credits = -sum(balance.debit_minor for balance in balances if balance.debit_minor < 0)
    rows.append(("Total", words.money(debits, currency), words.money(credits, currency)))
    output.print_table(f"Trial balance{until}, {currency}", ("Account", "Debit", "Credit"), rows, ("Debit", "Credit"))
    for tied in found.tie_outs:
        if tied.currency == currency:
            output.print_line(_tied(tied, words))


def _row(balance: Balance, words: Words) -> tuple[str, str, str]:
    amount = words.money(abs(balance.debit_minor), balance.currency)
    return (balance.account, "", amount) if balance.debit_minor < 0 else (balance.account, amount, "")


def _tied(tied: TieOut, words: Words) -> str:
    owed = words.money(tied.open_invoices_minor, tied.currency)
    credit = words.money(tied.unapplied_credit_memos_minor, tied.currency)
    unapplied = words.money(tied.unapplied_receipts_minor, tied.currency)
    difference = words.money(tied.difference_minor, tied.currency)
    return (
        f"Tied out: open invoices {owed} less unapplied credit memos {credit} to Accounts receivable,"
        f" unapplied receipts {unapplied} to Customer deposits; difference {difference}."
    )
