"""Putting money on invoices and taking it off again: matches, part payments and the splitting of a claim.

Each step is one call to Tryton and leaves the books consistent; what a step needs is read right before it, so that a
row of steps that was cut goes on from where it stopped. Never undoes anybody's match besides the one it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounting.tryton.entries import Entries, Line
from accounting.tryton.reads import Reader
from accounting.tryton.session import Session
from accounting.tryton.values import decimal
from receivables.books_records import Gone, Invoice, InvoiceStatus
from receivables.errors import BooksRefused
from receivables.refusal import Refusal


@dataclass(frozen=True)
class Matching:
    """The steps, for one order with one deadline (monotonic seconds). Raises BooksError."""

    session: Session
    reader: Reader
    deadline: float

    def open_invoice(self, invoice_id: str, amount_minor: int) -> Invoice:
        """The invoice as it is now, when it takes the amount. Raises as `payable` does."""
        return payable(self.reader.invoices([invoice_id])[invoice_id], amount_minor)

    def put_on(self, lines: Sequence[Line], invoice: Invoice) -> None:
        """Lets free credit lines pay an invoice: matched in full when nothing is left open, else as payment lines."""
        linking = [["add", [line.id for line in lines]]]
        stamp = {f"account.invoice,{invoice.id}": invoice.version.split(":")[1]}
        self.session.write(
            "account.invoice.write", [int(invoice.id)], {"payment_lines": linking}, deadline=self.deadline, stamps=stamp
        )
        if sum(line.amount_minor for line in lines) == invoice.open_minor:
            self._match_in_full(int(invoice.id))

    def _match_in_full(self, invoice: int) -> None:
        (row,) = self.session.read("account.invoice.read", [invoice], ["lines_to_pay", "payment_lines"])
        entries = self.reader.entries_of([("id", "in", [*row["lines_to_pay"], *row["payment_lines"]])])
        unmatched = sorted(line.id for line in entries.lines.values() if not line.reconciliation)
        if sum(entries.lines[line_id].amount_minor for line_id in unmatched):
            return  # somebody changed it meanwhile: it stays a part payment, and the read-back shows it
        self.session.wizard("account.move.reconcile_lines", "account.move.line", unmatched, "start", {}, deadline=self.deadline)

    def take_off(self, leaf: Line, entries: Entries, invoice: int) -> None:
        """Sets one credit line free of one invoice. Whatever else was matched with it pays that invoice as before.

        Raises BooksRefused where the match holds several invoices: Tryton drops it whole and keeps no amounts.
        """
        if leaf.reconciliation:
            if entries.invoices_matched(leaf) != {invoice}:
                raise BooksRefused("It is reconciled with several documents at once. Undo that in Tryton.", Refusal.INVALID)
            others = [
                line
                for line in entries.of_match[leaf.reconciliation]
                if line.id != leaf.id and line.amount_minor > 0 and line.of_invoice != invoice
            ]
            self.session.wizard(
                "account.move.unreconcile_lines", "account.move.line", [leaf.id], "unreconcile", {}, deadline=self.deadline
            )
            self._keep_paying([line.id for line in others], invoice)
        (row,) = self.session.read("account.invoice.read", [invoice], ["payment_lines"])
        if leaf.id in row["payment_lines"]:
            self._write_links(invoice, "remove", [leaf.id])

    def _keep_paying(self, lines: Sequence[int], invoice: int) -> None:
        """The wizard that un-matches drops everything at once: what only stood in the match becomes payment lines."""
        if not lines:
            return
        free = [
            line.id
            for line in self.reader.lines([("id", "in", list(lines))])
            if not line.reconciliation and not line.linked_invoice
        ]
        if free:
            self._write_links(invoice, "add", free)

    def _write_links(self, invoice: int, verb: str, lines: Sequence[int]) -> None:
        links = {"payment_lines": [[verb, list(lines)]]}
        self.session.write("account.invoice.write", [invoice], links, deadline=self.deadline)

    def split(self, line: Line, amounts_minor: Sequence[int], description: str) -> list[Line]:
        """Divides a free credit line into these amounts by a move of its own that carries the description."""
        currency = self.reader.currency_id(line.currency)
        (row,) = self.session.read("account.move.line.read", [line.id], ["amount"])
        sign = -1 if row["amount"] < 0 else 1
        terms = [
            {"date": line.on, "amount": decimal(sign * amount_minor, line.currency), "currency": currency}
            for amount_minor in amounts_minor
        ]
        values: Mapping[str, object] = {
            "start": {"start_date": line.on, "frequency": "other", "interval": 1, "currency": currency},
            "preview": {"journal": line.journal, "description": description, "currency": currency, "terms": terms},
        }
        answer = self.session.wizard(
            "account.move.line.reschedule", "account.move.line", [line.id], "reschedule", values, deadline=self.deadline
        )
        (move,) = answer["actions"][0][0]["res_id"]
        entries = self.reader.entries_of([("move", "=", move)])
        return sorted((part for part in entries.of_move[move] if part.amount_minor > 0), key=lambda part: part.id)


def payable(found: Invoice | Gone, amount_minor: int) -> Invoice:
    """The invoice, when it takes the amount. Raises BooksRefused when it is gone, not open, or has less open."""
    if isinstance(found, Gone):
        raise BooksRefused("An invoice was deleted in Tryton.", Refusal.DOCUMENT_GONE)
    if found.status is not InvoiceStatus.OPEN:
        raise BooksRefused(
            f"Invoice {found.number} is {found.status.value}; nothing can be applied to it.", Refusal.INVOICE_NOT_OPEN
        )
    if found.open_minor < amount_minor:
        raise BooksRefused(
            f"Invoice {found.number} has a smaller open balance than the amount to apply.", Refusal.OVER_APPLICATION
        )
    return found
