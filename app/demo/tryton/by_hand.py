"""What a bookkeeper does by hand in Tryton: invoices, credit notes, receipts, cancellations, periods.

What Tryton asks of a person is done as a person does it: a posted invoice cannot be deleted, a receipt is undone by a
move that cancels it, and a part of a credit note is divided off before it is put on an invoice. Ids are texts, as our
connector gives them; amounts are minor units of US dollars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property

from accounting.tryton.session import Record
from app.demo.tryton.company import CASH
from app.demo.tryton.signed_in import SignedIn

Lines = tuple[tuple[str, int], ...]
LINE_FIELDS = ("debit", "credit", "reconciliation", "invoice_payment", "move", "move.journal", "move_origin", "date")


def dollars(amount_minor: int) -> Decimal:
    """An amount as Tryton takes it: 50000 is 500.00."""
    return Decimal(amount_minor).scaleb(-2)


class ByHand:
    """A bookkeeper's work as `clerk`, and the administrator's where a clerk may not."""

    def __init__(self, clerk: SignedIn, admin: SignedIn) -> None:
        self.clerk = clerk
        self.admin = admin
        self._sequences: dict[int, list[int]] = {}  # what numbers the invoices of a year
        self._addresses: dict[str, int] = {}  # where invoices of a customer are sent

    @cached_property
    def _company(self) -> int:
        company: int = self.clerk.context["company"]
        return company

    @cached_property
    def _dollar(self) -> int:
        (found,) = self.clerk.ids("currency.currency", ["code", "=", "USD"])
        return found

    @cached_property
    def _accounts(self) -> dict[str, int]:
        open_accounts = (["company", "=", self._company], ["closed", "!=", True])
        found = {
            kind: self.clerk.ids("account.account", [f"type.{kind}", "=", True], *open_accounts)[0]
            for kind in ("receivable", "revenue")
        }
        return {**found, "cash": self.clerk.ids("account.account", ["code", "=", CASH], *open_accounts)[0]}

    @cached_property
    def _journals(self) -> dict[str, int]:
        rows = self.clerk.call("account.journal.search_read", [], 0, None, None, ["type"])
        return {row["type"]: row["id"] for row in rows}

    # --- invoices and credit notes ----------------------------------------------------------------------------------------

    def customer(self, name: str) -> str:
        return str(self.clerk.make("party.party", name=name, addresses=[["create", [{"city": "Springfield"}]]]))

    def next_number(self, number: str, on: date) -> None:
        """Sets the sequence so that the next invoice gets this number."""
        head = number.rstrip("0123456789")
        if on.year not in self._sequences:
            self._sequences[on.year] = self.admin.ids("ir.sequence.strict", ["name", "=", f"Invoices {on.year}"])
        values = {"prefix": head, "number_next": int(number[len(head) :] or 1)}
        self.admin.call("ir.sequence.strict.write", self._sequences[on.year], values)

    def invoice(self, number: str, customer_id: str, amount_minor: int, *, on: date) -> str:
        return self._posted(number, customer_id, amount_minor, 1, on)

    def invoices(self, wanted: Sequence[tuple[str, str, int]], *, on: date) -> dict[str, str]:
        """Several (number, customer, amount) posted at once, which is quicker; ids by number. Numbers follow one another."""
        drafts: list[int] = self.clerk.call(
            "account.invoice.create",
            [self._values(customer_id, on, self._line(amount_minor)) for _, customer_id, amount_minor in wanted],
        )
        self.next_number(wanted[0][0], on)
        self.clerk.call("account.invoice.post", drafts)
        rows = self.clerk.call("account.invoice.read", drafts, ["number"])
        return {row["number"]: str(row["id"]) for row in rows}

    def credit_memo(self, number: str, customer_id: str, amount_minor: int, *, on: date) -> str:
        """A credit note, which is an invoice of a negative quantity."""
        return self._posted(number, customer_id, amount_minor, -1, on)

    def _posted(self, number: str, customer_id: str, amount_minor: int, quantity: int, on: date) -> str:
        made = self._draft(customer_id, amount_minor, quantity, on)
        self._issue(made, number, on)
        return str(made)

    def _issue(self, draft: int, number: str, on: date) -> None:
        self.next_number(number, on)
        self.clerk.call("account.invoice.post", [draft])

    def _draft(
        self, customer_id: str, amount_minor: int, quantity: int, on: date, *, item: str = "Goods", account: int | None = None
    ) -> int:
        """An invoice of one line, to the first account of revenue where none is given."""
        return self.clerk.make(
            "account.invoice", **self._values(customer_id, on, self._line(amount_minor, quantity, item, account))
        )

    def _values(self, customer_id: str, on: date, line: Record) -> Record:
        if customer_id not in self._addresses:
            party = self.clerk.read("party.party", int(customer_id), "addresses")
            self._addresses[customer_id] = party["addresses"][0]
        return {
            "company": self._company, "type": "out", "party": int(customer_id), "invoice_address": self._addresses[customer_id],
            "account": self._accounts["receivable"], "journal": self._journals["revenue"], "currency": self._dollar,
            "invoice_date": on, "lines": [["create", [line]]],
        }  # fmt: skip

    def _line(self, amount_minor: int, quantity: int = 1, item: str = "Goods", account: int | None = None) -> Record:
        return {
            "type": "line", "company": self._company, "currency": self._dollar, "account": account or self._accounts["revenue"],
            "quantity": quantity, "unit_price": dollars(amount_minor), "description": item,
        }  # fmt: skip

    def lines_to_pay(self, invoice_id: str) -> list[Record]:
        wanted = self.clerk.read("account.invoice", int(invoice_id), "lines_to_pay")["lines_to_pay"]
        found: list[Record] = self.clerk.call("account.move.line.read", wanted, list(LINE_FIELDS))
        return sorted(found, key=lambda line: int(line["id"]))

    def void_invoice(self, invoice_id: str) -> None:
        """Takes everything off it, then cancels it; it keeps its number."""
        found = self.clerk.read("account.invoice", int(invoice_id), "payment_lines", "reconciliation_lines")
        for line in {*found["payment_lines"], *found["reconciliation_lines"]}:
            self._take_off(line, int(invoice_id))
        self.clerk.call("account.invoice.cancel", [int(invoice_id)])

    # --- what pays an invoice ---------------------------------------------------------------------------------------------

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int, *, on: date) -> str:
        """Puts a part of a credit note on an invoice; returns the application's id."""
        amount = dollars(amount_minor)
        free = [
            line
            for line in self.lines_to_pay(credit_memo_id)
            if line["credit"] and not line["reconciliation"] and not line["invoice_payment"]
        ]
        line = next((found for found in free if found["credit"] == amount), None) or self._divide(free[-1], amount, on)
        self._put_on(line["id"], invoice_id)
        return f"{line['id']}-{invoice_id}"

    def _divide(self, line: Record, amount: Decimal, on: date) -> Record:
        currency = self._dollar
        terms = [{"date": on, "amount": -part, "currency": currency} for part in (amount, line["credit"] - amount)]
        preview = {"journal": line["move."]["journal"], "description": "divided", "currency": currency, "terms": terms}
        start = {"start_date": on, "frequency": "other", "interval": 1, "currency": currency}
        answers = self.clerk.wizard(
            "account.move.line.reschedule",
            "account.move.line",
            [line["id"]],
            ("reschedule", {"start": start, "preview": preview}),
        )
        (move,) = answers[0]["actions"][0][0]["res_id"]
        parts = self.clerk.call(
            "account.move.line.search_read", [("move", "=", move), ("credit", "=", amount)], 0, 1, None, list(LINE_FIELDS)
        )
        part: Record = parts[0]
        return part

    def _put_on(self, line: int, invoice_id: str) -> None:
        self.clerk.call("account.invoice.write", [int(invoice_id)], {"payment_lines": [["add", [line]]]})
        self._match_when_paid(invoice_id)

    def _match_when_paid(self, invoice_id: str) -> None:
        found = self.clerk.read("account.invoice", int(invoice_id), "amount_to_pay", "state", "lines_to_pay", "payment_lines")
        if found["state"] == "posted" and not found["amount_to_pay"]:
            rows = self.clerk.call(
                "account.move.line.read", [*found["lines_to_pay"], *found["payment_lines"]], ["reconciliation"]
            )
            unmatched = [row["id"] for row in rows if not row["reconciliation"]]
            self.clerk.wizard("account.move.reconcile_lines", "account.move.line", unmatched, ("start", {}))

    def unapply_credit(self, application_id: str) -> None:
        line, _, invoice = application_id.partition("-")
        self._take_off(int(line), int(invoice))

    def _take_off(self, line: int, invoice: int) -> None:
        self.clerk.wizard("account.move.unreconcile_lines", "account.move.line", [line], ("unreconcile", {}))
        if invoice:
            self.clerk.call("account.invoice.write", [invoice], {"payment_lines": [["remove", [line]]]})

    def receipt(
        self, customer_id: str, amount_minor: int, lines: Lines, memo: str = "", *, on: date, into: int | None = None
    ) -> str:
        """A move in the cash journal, as bookkeepers write them; returns the move's id. `into` is another account than cash."""
        rest = amount_minor - sum(part for _, part in lines)
        shares = [*((int(invoice), part) for invoice, part in lines), *([(None, rest)] if rest else [])]
        account, none = self._accounts["receivable"], Decimal(0)
        credits = [
            {"account": account, "party": int(customer_id), "debit": none, "credit": dollars(part), "invoice_payment": invoice}
            for invoice, part in shares
        ]
        cash = {"account": into or self._accounts["cash"], "debit": dollars(amount_minor), "credit": none}
        move = self.posted_move([cash, *credits], on, memo)
        for invoice_id, _ in lines:
            self._match_when_paid(invoice_id)
        return str(move)

    def posted_move(self, lines: Sequence[Record], on: date, memo: str = "") -> int:
        """A posted move of the cash journal with these lines; returns its id."""
        (period,) = self.clerk.ids("account.period", ["start_date", "<=", on], ["end_date", ">=", on])
        move = self.clerk.make(
            "account.move", company=self._company, journal=self._journals["cash"], date=on, period=period,
            description=memo or None, lines=[["create", list(lines)]],
        )  # fmt: skip
        self.clerk.call("account.move.post", [move])
        return move

    def close_period(self, closed_through: date) -> None:
        """Closes every period up to that day and opens all others."""
        for state, verb, operator in (("open", "close", "<="), ("closed", "reopen", ">")):
            found = self.admin.ids("account.period", ["state", "=", state], ["end_date", operator, closed_through])
            if found:
                self.admin.call(f"account.period.{verb}", found)
