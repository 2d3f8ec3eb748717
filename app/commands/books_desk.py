"""The bookkeeper at the command line: whose books are open, who works in them, and how the answers read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from inspect import Signature, signature
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from accounting.embedded.change import Kind
from accounting.embedded.ledger import Ledger
from accounting.embedded.reading import HistoryEntry
from app import output
from receivables.books_records import (
    CreditApplication,
    CreditMemo,
    Customer,
    Document,
    Gone,
    Invoice,
    MoneyOut,
    Receipt,
    ReceiptLine,
)
from receivables.company import Company
from receivables.money import minor_from_text
from receivables.words import Words

books_app = typer.Typer(
    name="books",
    help="What a bookkeeper does by hand in the embedded books. Name documents by number, or exactly by #ID.",
    no_args_is_help=True,
)

CompanyOption = Annotated[
    str | None,
    typer.Option("--company", metavar="ID", help="Whose books; needed only when several companies are configured."),
]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this. Without it: your login name.")]
AtOption = Annotated[
    str,
    typer.Option("--at", metavar="ISO-MOMENT", help="When it was done, such as 2026-03-01T09:00; for demos and tests."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

CustomerOption = Annotated[str, typer.Option("--customer", metavar="NAME", help="The customer, by name or #ID.")]
AmountOption = Annotated[str, typer.Option("--amount", metavar="AMOUNT", help="Plain digits, such as 500.00.")]
CurrencyOption = Annotated[str, typer.Option("--currency", metavar="CODE", help="Without it: the books' home currency.")]
DayOption = Annotated[
    str, typer.Option("--on", metavar="DAY", help="The document's date, such as 2026-03-01. Without it: today.")
]
InvoiceArgument = Annotated[str, typer.Argument(metavar="INVOICE", help="The invoice's number, or #ID.")]
ReceiptArgument = Annotated[str, typer.Argument(metavar="RECEIPT", help="The receipt's number or reference, or #ID.")]
MemoArgument = Annotated[str, typer.Argument(metavar="MEMO", help="The credit memo's number, or #ID.")]
CustomerArgument = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's name, or #ID.")]
LinesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="NUMBER:AMOUNT", help="Apply this amount to this invoice; repeatable. The rest stays unapplied."
    ),
]


Shown = Document | MoneyOut  # what a bookkeeper sees listed


@dataclass(frozen=True)
class Desk:
    """The open books and the person who works in them. `at` is UTC, None is now."""

    ledger: Ledger
    company: Company
    by: str
    at: datetime | None
    as_json: bool

    def id_of(self, kind: Kind, text: str) -> str:
        """The id of the record with this number, name or `#ID`. Raises NotFound."""
        return self.ledger.find(kind, text)

    def receipt(self, text: str) -> Receipt:
        """The receipt with this number, reference or `#ID`. Raises NotFound."""
        receipt_id = self.id_of(Kind.RECEIPT, text)
        return next(receipt for receipt in self.ledger.receipts() if receipt.id == receipt_id)

    def day(self, text: str) -> date:
        """The day written, or without one the company's day of the change. Raises typer.BadParameter."""
        if not text:
            return self.company.day_of(self.at or self.ledger.clock.now())
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not a date; write it as 2026-03-01.") from None

    def currency(self, text: str) -> str:
        """The currency written, or without one the home currency of the books."""
        return text or self.ledger.settings().home_currency

    def amount(self, text: str, currency: str) -> int:
        """Minor units of an amount as people type it. Raises typer.BadParameter."""
        try:
            return minor_from_text(text, currency)
        except ValueError as problem:
            raise typer.BadParameter(f"{problem}.") from None

    def lines(self, texts: Sequence[str], currency: str) -> list[tuple[str, int]]:
        """(invoice id, minor units) of each NUMBER:AMOUNT. Raises typer.BadParameter, NotFound."""
        lines = []
        for text in texts:
            number, colon, amount = text.rpartition(":")
            if not colon or not number:
                raise typer.BadParameter(f"{text!r} is not NUMBER:AMOUNT, such as 1042:500.00.")
            lines.append((self.id_of(Kind.INVOICE, number), self.amount(amount, currency)))
        return lines

    def show(self, done: str, document: Shown | Gone) -> None:
        """What was done and how the document is now."""
        if self.as_json:
            output.print_json(document)
        else:
            output.print_line(f"{done}: {in_one_line(document, self.company.words)}")

    def say(self, done: str) -> None:
        """What was done to the books themselves; as JSON, how they are set now."""
        if self.as_json:
            output.print_json(self.ledger.settings())
        else:
            output.print_line(done)

    def show_list(self, title: str, documents: Sequence[Shown]) -> None:
        """A table of documents of one kind."""
        if self.as_json:
            output.print_json(list(documents))
            return
        columns, rows = table_of(documents, self.company.words)
        output.print_table(title, columns, rows, AMOUNT_COLUMNS)

    def show_history(self, title: str, entries: Sequence[HistoryEntry]) -> None:
        if self.as_json:
            output.print_json(list(entries))
            return
        rows = [
            (
                self.company.words.moment(entry.at),
                entry.person,
                f"{entry.kind.replace('_', ' ')} #{entry.document_id}",
                entry.what,
            )
            for entry in entries
        ]
        output.print_table(title, ("When", "Who", "Document", "What"), rows)


def open_desk(
    context: typer.Context, company: CompanyOption = None, by: ByOption = "", at: AtOption = "", as_json: JsonOption = False
) -> Desk:
    """Opens the company's books. Raises ConfigurationError, NotFound, typer.BadParameter for a moment it cannot read."""
    from app.wiring import open_ledger, os_account

    ledger, settings = open_ledger(context.obj, company)
    return Desk(ledger, settings.company, by or os_account(), _moment(at, settings.time_zone), as_json)


def command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds a command to `books`: a function of a Desk and its own arguments, given the options of `open_desk` as well."""

    def add(work: Callable[..., None]) -> Callable[..., None]:
        own = list(signature(work, eval_str=True).parameters.values())[1:]  # all but the desk
        context, *shared = signature(open_desk, eval_str=True).parameters.values()

        def opened(**given: Any) -> None:
            desk = open_desk(**{option.name: given.pop(option.name) for option in (context, *shared)})
            work(desk, **given)

        vars(opened)["__signature__"] = Signature([context, *own, *shared])
        books_app.command(name, help=work.__doc__)(opened)
        return work

    return add


def in_one_line(document: Shown | Gone, words: Words) -> str:
    """One document in one line, with its id in brackets."""
    match document:
        case Gone():
            return f"{document.kind.replace('_', ' ')} {document.number} (#{document.id})"
        case Customer():
            return f"customer {document.name} (#{document.id}), {_state_of(document)}"
        case Invoice():
            total, open_now = _amounts(document, words)
            return f"invoice {document.number} (#{document.id}), {document.status.value}: {total}, open balance {open_now}"
        case CreditMemo():
            total, unapplied = _amounts(document, words)
            why = f", {document.reason}" if document.reason else ""
            return f"credit memo {document.number} (#{document.id}){why}: {total}, unapplied {unapplied}"
        case Receipt():
            amount, unapplied = _amounts(document, words)
            return f"receipt {document.number} (#{document.id}), {_state_of(document)}: {amount}, unapplied {unapplied}"
        case MoneyOut():
            amount = words.money(document.amount_minor, document.currency)
            return f"{document.kind.value} {document.number} (#{document.id}) of receipt #{document.receipt_id}: {amount}"


AMOUNT_COLUMNS = ("Total", "Open balance", "Amount", "Unapplied")


def table_of(documents: Sequence[Shown], words: Words) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(columns, rows) for documents of one kind."""
    columns: tuple[str, ...] = ("Id", "Name", "State")
    rows: list[tuple[str, ...]] = []
    for document in documents:
        match document:
            case Customer():
                rows.append((document.id, document.name, _state_of(document)))
            case Invoice():
                columns = ("Id", "Number", "Customer", "Date", "Total", "Open balance", "State")
                about = (document.id, document.number, document.customer_id, words.day(document.issued_on))
                rows.append((*about, *_amounts(document, words), document.status.value))
            case CreditMemo():
                columns = ("Id", "Number", "Customer", "Date", "Total", "Unapplied", "Reason", "Applied to")
                about = (document.id, document.number, document.customer_id, words.day(document.issued_on))
                rows.append(
                    (
                        *about,
                        *_amounts(document, words),
                        document.reason,
                        _applied(document.applications, document.currency, words),
                    )
                )
            case Receipt():
                columns = ("Id", "Number", "Customer", "Date", "Amount", "Unapplied", "Reference", "State", "Applied to")
                about = (document.id, document.number, document.customer_id, words.day(document.received_on))
                applied = _applied(document.lines, document.currency, words)
                rows.append((*about, *_amounts(document, words), document.reference, _state_of(document), applied))
            case MoneyOut():
                columns = ("Id", "Kind", "Receipt", "Customer", "Date", "Amount", "Memo")
                amount = words.money(document.amount_minor, document.currency)
                about = (document.id, document.kind.value, document.receipt_id, document.customer_id)
                rows.append((*about, words.day(document.on), amount, document.memo))
    return columns, rows


def _amounts(document: Invoice | CreditMemo | Receipt, words: Words) -> tuple[str, str]:
    """The whole amount, and what of it is open or unapplied."""
    if isinstance(document, Receipt):
        whole, rest = document.amount_minor, document.unapplied_minor
    else:
        whole, rest = document.total_minor, document.open_minor
    return words.money(whole, document.currency), words.money(rest, document.currency)


def _applied(lines: Sequence[CreditApplication | ReceiptLine], currency: str, words: Words) -> str:
    return ", ".join(f"#{line.invoice_id}: {words.money(line.amount_minor, currency)}" for line in lines)


def _state_of(document: Customer | Receipt) -> str:
    if isinstance(document, Customer):
        if document.merged_into:
            return f"merged into #{document.merged_into}"
        return "active" if document.active else "inactive"
    if document.voided:
        return "voided"
    return "deposited" if document.deposited else "not deposited"


def _moment(text: str, time_zone: ZoneInfo) -> datetime | None:
    """A moment as people type it; without a time zone, on the company's clock."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is not a date and time; write it as 2026-03-01T09:00 or 2026-03-01T15:00:00Z."
        ) from None
