"""Dana, who works in a real Tryton by hand: what the demo's bookkeeper does, and what only the tests need.

She signs in with the tests' own client, so that her work shares no mistake with our session.
"""

from __future__ import annotations

from datetime import date

from tryton_people import ADMIN_LOGIN, CLERK_LOGIN, JOURNAL, Person
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

    def receipt(self, customer_id: str, amount_minor: int, lines: Lines, memo: str = "", *, on: date = DAY) -> str:
        return super().receipt(customer_id, amount_minor, lines, memo, on=on)

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

    def draft_statement(self, name: str, invoice_id: str, amount_minor: int) -> int:
        """A statement in the portal's journal that waits for somebody to validate it."""
        found = self.clerk.read("account.invoice", int(invoice_id), "party", "account")
        (journal,) = self.clerk.ids("account.statement.journal", ["name", "=", JOURNAL])
        line = {"date": DAY, "party": found["party"], "account": found["account"], "amount": dollars(amount_minor)}
        line["related_to"] = f"account.invoice,{invoice_id}"
        return self.clerk.make(
            "account.statement", name=name, journal=journal, company=self._company, date=DAY,
            total_amount=dollars(amount_minor), lines=[["create", [line]]],
        )  # fmt: skip

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
