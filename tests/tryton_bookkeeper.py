"""Dana, who works in a real Tryton by hand: what the demo's bookkeeper does, and what only the tests need.

She signs in with the tests' own client, so that her work shares no mistake with our session.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date

from tryton_people import ADMIN_LOGIN, CLERK_LOGIN, JOURNAL, Person, Record
from tryton_server import PLAIN, TrytonServer

from app.demo.tryton.by_hand import LINE_FIELDS, ByHand, Lines, dollars

__all__ = ["DAY", "TrytonBookkeeper", "dollars"]

DAY = date(2026, 3, 10)


class TrytonBookkeeper(ByHand):
    """The verbs of the contract suite over Tryton; ids are those that the connector gives."""

    name = "Dana"
    clerk: Person
    admin: Person

    def __init__(self, server: TrytonServer, database: str = PLAIN) -> None:
        self._server, self._database = server, database
        super().__init__(server.person(CLERK_LOGIN, database), server.person(ADMIN_LOGIN, database))

    def invoice(self, number: str, customer_id: str, amount_minor: int, *, on: date = DAY) -> str:
        return super().invoice(number, customer_id, amount_minor, on=on)

    def credit_memo(self, number: str, customer_id: str, amount_minor: int, *, on: date = DAY) -> str:
        return super().credit_memo(number, customer_id, amount_minor, on=on)

    def deletable_invoice(self, number: str, customer_id: str, amount_minor: int) -> str:  # noqa: ARG002 (see below)
        """A draft, which has no number yet: posted invoices cannot be deleted."""
        return str(self._draft(customer_id, amount_minor, 1, DAY))

    def next_number(self, number: str, on: date = DAY) -> None:
        super().next_number(number, on)

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int, *, on: date = DAY) -> str:
        return super().apply_credit(credit_memo_id, invoice_id, amount_minor, on=on)

    def receipt(
        self, customer_id: str, amount_minor: int, lines: Lines, memo: str = "", *, on: date = DAY, into: int | None = None
    ) -> str:
        return super().receipt(customer_id, amount_minor, lines, memo, on=on, into=into)

    @property
    def accounts(self) -> dict[str, int]:
        """The accounts that she works with, by kind."""
        return self._accounts

    def billed(self, number: str, customer_id: str, amount_minor: int, on: date, *, item: str, account: int) -> str:
        """An invoice of one line to this account; of a negative amount a credit note."""
        quantity = 1 if amount_minor > 0 else -1
        draft = self._draft(customer_id, abs(amount_minor), quantity, on, item=item, account=account)
        self._issue(draft, number, on)
        return str(draft)

    def open_minor(self, invoice_id: str) -> int:
        return int(self.clerk.read("account.invoice", int(invoice_id), "amount_to_pay")["amount_to_pay"].scaleb(2))

    def receipt_by_wizard(self, invoice_id: str, amount_minor: int, description: str = "cheque 17", *, on: date = DAY) -> None:
        """The button "Pay" on an invoice; less than what is open is a part payment."""
        found = self.clerk.read("account.invoice", int(invoice_id), "party", "currency", "account")
        (method,) = self.clerk.ids("account.invoice.payment.method")
        start = {
            "payee": found["party"],
            "amount": dollars(amount_minor),
            "currency": found["currency"],
            "company": self._company,
        }
        start |= {"payment_method": method, "date": on, "description": description, "invoice_account": found["account"]}
        context = {
            **self.clerk.context,
            "active_model": "account.invoice",
            "active_ids": [int(invoice_id)],
            "active_id": int(invoice_id),
        }
        wizard = "wizard.account.invoice.pay"
        session = self.clerk.raw(f"{wizard}.create", context)[0]
        asked = self.clerk.raw(f"{wizard}.execute", session, {"start": start}, "choice", context)
        if asked.get("view"):
            ask = {name: value for name, value in asked["view"]["defaults"].items() if not name.endswith(".")} | {
                "type": "partial"
            }
            self.clerk.raw(f"{wizard}.execute", session, {"start": start, "ask": ask}, "pay", context)
        self.clerk.raw(f"{wizard}.delete", session, context)

    def receipt_with(self, field: str, text: str, invoice_id: str, amount_minor: int, *, on: date = DAY) -> None:
        """A receipt on an invoice with these words in one field, and in no other."""
        if field == "pay wizard":
            self.receipt_by_wizard(invoice_id, amount_minor, text, on=on)
        elif field in ("move line", "cash line"):
            self._move_with(field, text, invoice_id, amount_minor, on)
        else:
            self._statement_with(field, text, invoice_id, amount_minor, on)

    def _move_with(self, field: str, text: str, invoice_id: str, amount_minor: int, on: date) -> None:
        found, amount, none = self.clerk.read("account.invoice", int(invoice_id), "party"), dollars(amount_minor), dollars(0)
        credit = {"account": self._accounts["receivable"], "party": found["party"], "debit": none, "credit": amount}
        credit["invoice_payment"] = int(invoice_id)
        cash = {"account": self._accounts["cash"], "debit": amount, "credit": none}
        (credit if field == "move line" else cash)["description"] = text
        self.posted_move([cash, credit], on)
        self._match_when_paid(invoice_id)

    def _statement_with(self, field: str, text: str, invoice_id: str, amount_minor: int, on: date) -> None:
        """A posted statement. Where the field is the bank's, its line is made of a line of the bank's file."""
        whose, _, name = field.rpartition(" ")
        line = self._statement_line(invoice_id, amount_minor, on)
        if whose == "statement line":
            line[name] = text
        statement = self._statement(text if whose == "statement" else "Deposits", [] if whose == "bank's" else [line], line)
        if whose == "bank's":
            self._bank_line(statement, line, name, text)
        for verb in ("validate_statement", "post"):
            self.clerk.call(f"account.statement.{verb}", [statement])

    def _bank_line(self, statement: int, line: Record, name: str, text: str) -> None:
        """A line of the bank's file, and a statement's line that was made of it. Its information is what an import wrote."""
        said = {"statement": statement, "date": line["date"], "amount": line["amount"]}
        said["lines"] = [["create", [{**line, "statement": statement}]]]
        origin = self.clerk.make("account.statement.origin", **said, **({name: text} if name != "information" else {}))
        if name == "information":  # nobody else may write it
            row = json.dumps({"csv_row": text})
            with closing(sqlite3.connect(self._server.file(self._database))) as database, database:
                database.execute("UPDATE account_statement_origin SET information = ? WHERE id = ?", (row, origin))

    def draft_statement(self, name: str, invoice_id: str, amount_minor: int) -> int:
        """A statement in the portal's journal that waits for somebody to validate it."""
        line = self._statement_line(invoice_id, amount_minor, DAY)
        return self._statement(name, [line], line)

    def _statement(self, name: str, lines: list[Record], like: Record) -> int:
        (journal,) = self.clerk.ids("account.statement.journal", ["name", "=", JOURNAL])
        return self.clerk.make(
            "account.statement", name=name, journal=journal, company=self._company, date=like["date"],
            total_amount=like["amount"], lines=[["create", lines]] if lines else [],
        )  # fmt: skip

    def _statement_line(self, invoice_id: str, amount_minor: int, on: date) -> Record:
        found = self.clerk.read("account.invoice", int(invoice_id), "party", "account")
        line = {"date": on, "party": found["party"], "account": found["account"], "amount": dollars(amount_minor)}
        return {**line, "related_to": f"account.invoice,{invoice_id}"}

    def pay_back(self, customer_id: str, amount_minor: int, text: str, *, on: date) -> str:
        """Money that left again, as a statement of a negative amount; returns its move's id."""
        line = {"date": on, "party": int(customer_id), "account": self._accounts["receivable"], "amount": dollars(-amount_minor)}
        statement = self._statement(text, [line], line)
        for verb in ("validate_statement", "post"):
            self.clerk.call(f"account.statement.{verb}", [statement])
        (found,) = self.clerk.ids("account.move", ["origin", "=", f"account.statement,{statement}"])
        return str(found)

    def receivable_lines(self, *moves: str) -> list[int]:
        """The lines of these moves on customers' accounts that are not reconciled."""
        receivable = (["account", "=", self._accounts["receivable"]], ["reconciliation", "=", None])
        return self.clerk.ids("account.move.line", ["move", "in", [int(move) for move in moves]], *receivable)

    def unreconcile(self, receipt_id: str) -> None:
        """What was reconciled with a receipt is not any more; it stays among the payment lines of its invoices."""
        lines = self.clerk.ids("account.move.line", ["move", "=", int(receipt_id)], ["reconciliation", "!=", None])
        self.clerk.wizard("account.move.unreconcile_lines", "account.move.line", lines, ("unreconcile", {}))

    def reconcile(self, lines: Sequence[int]) -> None:
        self.clerk.wizard("account.move.reconcile_lines", "account.move.line", lines, ("start", {}))

    def delete_invoice(self, invoice_id: str) -> None:
        self.clerk.call("account.invoice.delete", [int(invoice_id)])

    def delete_receipt(self, receipt_id: str) -> None:
        """Posted moves cannot be deleted: it is undone as a void is."""
        self.void_receipt(receipt_id)

    def void_receipt(self, receipt_id: str) -> None:
        lines = self.clerk.call(
            "account.move.line.search_read",
            [("move", "=", int(receipt_id)), ("credit", ">", 0)],
            0,
            None,
            None,
            list(LINE_FIELDS),
        )
        for line in lines:
            self._take_off(line["id"], line["invoice_payment"] or 0)
        values = {"default": {"description": "entered by mistake", "reversal": True}}
        self.clerk.wizard("account.move.cancel", "account.move", [int(receipt_id)], ("cancel", values))
