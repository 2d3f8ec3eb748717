"""Customers and invoices of the embedded books on the command line: added, changed, deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from accounting.embedded.change import Kind
from app.commands.books_desk import (
    AmountOption,
    CurrencyOption,
    CustomerArgument,
    CustomerOption,
    DayOption,
    Desk,
    InvoiceArgument,
    command,
)


@command("customer")
def customer(
    desk: Desk,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The customer's name.")],
    parent: Annotated[str, typer.Option(metavar="NAME", help="The customer that it is a job or branch of, by name or #ID.")] = "",
) -> None:
    """Add a customer."""
    parent_id = desk.id_of(Kind.CUSTOMER, parent) if parent else ""
    desk.show("Added", desk.ledger.add_customer(name, by=desk.by, at=desk.at, parent_id=parent_id))


@command("deactivate-customer")
def deactivate_customer(
    desk: Desk,
    customer: CustomerArgument,
) -> None:
    """Make a customer inactive: no new invoice or receipt."""
    desk.show("Made inactive", desk.ledger.deactivate_customer(desk.id_of(Kind.CUSTOMER, customer), by=desk.by, at=desk.at))


@command("reactivate-customer")
def reactivate_customer(
    desk: Desk,
    customer: CustomerArgument,
) -> None:
    """Make a customer active again."""
    desk.show("Made active", desk.ledger.reactivate_customer(desk.id_of(Kind.CUSTOMER, customer), by=desk.by, at=desk.at))


@command("merge-customers")
def merge_customers(
    desk: Desk,
    leaving: Annotated[str, typer.Argument(metavar="FROM", help="The customer to merge away, by name or #ID.")],
    staying: Annotated[str, typer.Argument(metavar="INTO", help="The customer to keep, by name or #ID.")],
) -> None:
    """Merge one customer into another, which takes over all documents."""
    from_id, into_id = desk.id_of(Kind.CUSTOMER, leaving), desk.id_of(Kind.CUSTOMER, staying)
    desk.show("Merged", desk.ledger.merge_customers(from_id, into_id, by=desk.by, at=desk.at))


@command("invoice")
def invoice(
    desk: Desk,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The new invoice's number.")],
    customer: CustomerOption,
    amount: AmountOption,
    currency: CurrencyOption = "",
    on: DayOption = "",
    draft: Annotated[bool, typer.Option("--draft", help="Not issued yet, so it cannot be paid.")] = False,
    item: Annotated[
        str, typer.Option("--item", help="What it is for where that is no sale: Surcharge, or Bad debt for one recovered.")
    ] = "",
    due: Annotated[str, typer.Option("--due", metavar="DAY", help="The day by which it is to be paid, as 2026-03-31.")] = "",
) -> None:
    """Add an invoice."""
    due_on = desk.day(due) if due else None
    currency = desk.currency(currency)
    customer_id, amount_minor = desk.id_of(Kind.CUSTOMER, customer), desk.amount(amount, currency)
    figures = (number, customer_id, amount_minor, currency, desk.day(on))
    added = desk.ledger.add_invoice(*figures, by=desk.by, at=desk.at, draft=draft, item=item, due_on=due_on)
    desk.show("Added", added)


@command("issue-invoice")
def issue_invoice(
    desk: Desk,
    invoice: InvoiceArgument,
) -> None:
    """Issue a draft invoice so that it can be paid."""
    desk.show("Issued", desk.ledger.issue_invoice(desk.id_of(Kind.INVOICE, invoice), by=desk.by, at=desk.at))


@command("correct-invoice")
def correct_invoice(desk: Desk, invoice: InvoiceArgument, amount: AmountOption) -> None:
    """Change an invoice's total, as when a line is added; what is applied to it stays."""
    invoice_id = desk.id_of(Kind.INVOICE, invoice)
    currency = next(found.currency for found in desk.ledger.invoices() if found.id == invoice_id)
    corrected = desk.ledger.correct_invoice(invoice_id, desk.amount(amount, currency), by=desk.by, at=desk.at)
    desk.show("Corrected", corrected)


@command("delete-invoice")
def delete_invoice(
    desk: Desk,
    invoice: InvoiceArgument,
) -> None:
    """Delete an invoice; what was applied to it is unapplied."""
    desk.show("Deleted", desk.ledger.delete_invoice(desk.id_of(Kind.INVOICE, invoice), by=desk.by, at=desk.at))


@command("recreate-invoice")
def recreate_invoice(
    desk: Desk,
    invoice: InvoiceArgument,
    amount: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="Without it: the same amount.")] = "",
) -> None:
    """Delete an invoice and recreate it with the same number, optionally with another amount."""
    invoice_id = desk.id_of(Kind.INVOICE, invoice)
    currency = next(found.currency for found in desk.ledger.invoices() if found.id == invoice_id)
    amount_minor = desk.amount(amount, currency) if amount else None
    desk.show("Recreated", desk.ledger.recreate_invoice(invoice_id, amount_minor, by=desk.by, at=desk.at))


@command("void-invoice")
def void_invoice(
    desk: Desk,
    invoice: InvoiceArgument,
) -> None:
    """Void an invoice; what was applied to it is unapplied."""
    desk.show("Voided", desk.ledger.void_invoice(desk.id_of(Kind.INVOICE, invoice), by=desk.by, at=desk.at))
