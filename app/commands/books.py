"""`resolve-now books …`: what a bookkeeper does by hand in the embedded books, for the demo, tests and trials.

Documents are named by number, customers by name, receipts also by reference; `#ID` names one exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from accounting.embedded.loading import load as load_file
from app import output
from app.commands import books_documents, books_ledger, books_money, books_money_out
from app.commands.books_desk import Desk, Shown, books_app, command
from receivables.words import counted

__all__ = [
    "books_app",
    "books_documents",
    "books_ledger",
    "books_money",
    "books_money_out",
]  # they add their commands

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The deposit account's name.")]


class Listed(StrEnum):
    """What `list` can show."""

    INVOICES = "invoices"
    RECEIPTS = "receipts"
    CREDIT_MEMOS = "credit-memos"
    CUSTOMERS = "customers"
    MONEY_OUT = "money-out"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


@command("load")
def load(
    desk: Desk,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file of customers or of invoices; the header says which.")],
    created_now: Annotated[
        bool, typer.Option("--created-now", help="Invoices without created_at count as created now, not on their own date.")
    ] = False,
) -> None:
    """Load customers or invoices from a CSV file: the whole file, or nothing.

    Customers: customer_id,name. Invoices: number,customer,amount,currency,issued_on and optionally created_at,created_by.
    Without created_at an invoice counts as created on its own date, as it was in the books that it comes from.
    """
    loaded = load_file(desk.ledger, file, by=desk.by, at=desk.at, created_now=created_now)
    if desk.as_json:
        output.print_json(loaded)
    else:
        output.print_line(
            f"Loaded {counted(loaded.customers, 'customer')} and {counted(loaded.invoices, 'invoice')} from {file.name}."
        )


@command("close-period")
def close_period(
    desk: Desk,
    day: Annotated[str, typer.Argument(metavar="DAY", help="The last day that is closed, such as 2026-02-28.")],
) -> None:
    """Close the books through a day: nothing dated on or before it can be added, changed or deleted."""
    closed_through = desk.day(day)
    desk.ledger.close_period(closed_through, by=desk.by, at=desk.at)
    desk.say(f"The books are closed through {desk.company.words.day(closed_through)}.")


@command("reopen-period")
def reopen_period(
    desk: Desk,
    day: Annotated[str, typer.Argument(metavar="[DAY]", help="The first day to reopen. Without it: all periods.")] = "",
) -> None:
    """Reopen the books from a day on, or all of them."""
    desk.ledger.reopen_period(desk.day(day) if day else None, by=desk.by, at=desk.at)
    closed_through = desk.ledger.settings().closed_through
    if closed_through:
        desk.say(f"The books are closed through {desk.company.words.day(closed_through)}.")
    else:
        desk.say("All periods are open.")


@command("auto-apply-credits")
def auto_apply_credits(
    desk: Desk,
    switch: Annotated[Switch, typer.Argument(metavar="on|off", help="Whether the books apply credits automatically.")],
) -> None:
    """Turn automatic application of credits on or off; it acts when an invoice changes or a credit memo is added."""
    desk.ledger.set_auto_apply_credits(switch is Switch.ON, by=desk.by, at=desk.at)
    desk.say(f"Credits are {'now' if switch is Switch.ON else 'no longer'} applied automatically.")


@command("deactivate-account")
def deactivate_account(
    desk: Desk,
    account: AccountArgument,
) -> None:
    """Make a deposit account inactive: receipts to it are refused."""
    desk.ledger.set_account_active(account, False, by=desk.by, at=desk.at)
    desk.say(f"The account {account} is inactive.")


@command("reactivate-account")
def reactivate_account(
    desk: Desk,
    account: AccountArgument,
) -> None:
    """Make a deposit account active again."""
    desk.ledger.set_account_active(account, True, by=desk.by, at=desk.at)
    desk.say(f"The account {account} is active.")


@command("list")
def list_documents(
    desk: Desk,
    what: Annotated[Listed, typer.Argument(help="What to list.")] = Listed.INVOICES,
) -> None:
    """List invoices, receipts, credit memos, customers or money paid out as they stand now."""
    readers: dict[Listed, Callable[[], Sequence[Shown]]] = {
        Listed.INVOICES: desk.ledger.invoices,
        Listed.RECEIPTS: desk.ledger.receipts,
        Listed.CREDIT_MEMOS: desk.ledger.credit_memos,
        Listed.CUSTOMERS: desk.ledger.customers,
        Listed.MONEY_OUT: desk.ledger.money_out,
    }
    desk.show_list(what.value.replace("-", " ").capitalize(), readers[what]())


@command("history")
def history(
    desk: Desk,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="A number, name or reference, or #ID.")],
) -> None:
    """Show who did what to the documents with this number, name or reference, including deleted ones."""
    desk.show_history(f"History of {document}", desk.ledger.history(document))
