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
        for line in lines:
            if line.unreconciled_from not in (0, int(invoice.id)):
                self._write_links(line.unreconciled_from, "remove", [line.id])
        linking = [["add", [line.id for line in lines]]]
        stamp = {f"account.invoice,{invoice.id}": invoice.version.split(":")[1]}
        self.session.write(
            "account.invoice.write", [int(invoice.id)], {"payment_lines": linking}, deadline=self.deadline, stamps=stamp
        )
        whole = sum(line.amount_minor for line in lines) == invoice.open_minor
        if whole or any(line.unreconciled_from == int(invoice.id) for line in lines):
            self._match_in_full(int(invoice.id))

    def _match_in_full(self, invoice: int) -> None:
        (row,) = self.session.read("account.invoice.read", [invoice], ["lines_to_pay", "payment_lines"])
        entries = self.reader.entries_of([("id", "in", [*row["lines_to_pay"], *row["payment_lines"]])])
        unmatched = sorted(line.id for line in entries.lines.values() if not line.reconciliation)
        if not unmatched or sum(entries.lines[line_id].amount_minor for line_id in unmatched) != 0:
            return  # it stays a part payment, and the read-back shows it
        self.match(unmatched)

    def set_free(self, leaf: Line, entries: Entries) -> None:
        """Sets one credit line free of all that it pays. Whatever else was matched with it pays its invoices as before.

        Tryton drops a match whole and keeps no amounts of it. Raises BooksRefused where what others pay in it cannot be
        put back as it was.
        """
        others = _paid_beside(leaf, entries)
        if leaf.reconciliation:
            self.unmatch([leaf.id])
            self._keep_paying(others)
        if on := leaf.linked_invoice or leaf.unreconciled_from:
            self._write_links(on, "remove", [leaf.id])
        for invoice in set(others.values()) - {invoice for invoice, _ in entries.paid_by(leaf)}:
            self._match_in_full(invoice)

    def unmatch(self, lines: Sequence[int]) -> None:
        """Drops every reconciliation that these lines are in; those that are in none stay as they are."""
        self.session.wizard(
            "account.move.unreconcile_lines", "account.move.line", lines, "unreconcile", {}, deadline=self.deadline
        )

    def match(self, lines: Sequence[int]) -> None:
        """Reconciles lines that add up to nothing."""
        self.session.wizard("account.move.reconcile_lines", "account.move.line", lines, "start", {}, deadline=self.deadline)

    def _keep_paying(self, others: Mapping[int, int]) -> None:
        """Lets lines that only stood in a match pay their invoices on, as payment lines; `others` are invoices by line."""
        if not others:
            return
        free: dict[int, list[int]] = {}
        for line in self.reader.lines([("id", "in", sorted(others))]):
            if not line.reconciliation and not (line.linked_invoice or line.unreconciled_from):
                free.setdefault(others[line.id], []).append(line.id)
        for invoice, lines in free.items():
            self._write_links(invoice, "add", lines)

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


def _paid_beside(leaf: Line, entries: Entries) -> dict[int, int]:
    """The invoice that each other credit line in the match of this one pays, by line."""
    matched = entries.of_match.get(leaf.reconciliation, ()) if leaf.reconciliation else ()
    others = [line for line in matched if line.id != leaf.id and line.amount_minor > 0]
    paid = {line.id: entries.paid_by(line) for line in others}
    if any(len(invoices) > 1 or bool(entries.paid_out(entries.lines[line_id])) for line_id, invoices in paid.items()):
        raise BooksRefused("It is reconciled with several documents at once. Undo that in Tryton.", Refusal.INVALID)
    return {line_id: invoices[0][0] for line_id, invoices in paid.items() if invoices}


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
