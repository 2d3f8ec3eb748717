"""A bookkeeper's work in a real Tryton under the verbs of the embedded ledger, so that the same stories are played in both.

What Tryton does otherwise is done as Tryton does it: what was issued is canceled, not deleted, and customer deposits are
credits on the account of receivables. The trial balance comes from Tryton's own accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

from cause_worlds import TrytonHands
from tryton_bookkeeper import dollars

from accounting.embedded.general_ledger import Balance, TieOut, TrialBalance
from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import CreditMemo, Customer, Invoice, MoneyOutKind, Receipt
from receivables.ports import Books

CLEARING = "Cash and Cash Equivalents"  # where the statement journal of our receipts puts the money
OWED, ON_ACCOUNT, SALES = "Accounts receivable", "Customer deposits", "Sales"
BAD_DEBT, FEES = "Bad debt", "Processing fees"
UNDEPOSITED, CREDITS, FEE_INCOME = "Undeposited funds", "Credits issued", "Fee income"
#: Accounts of the stories, by which account of the chart they are like.
MADE = {UNDEPOSITED: "1.1.1", CREDITS: "4.1.1", FEE_INCOME: "4.1.1", BAD_DEBT: "4.1.1", FEES: "5.2.2"}
ITEMS = {"Bad debt": BAD_DEBT, "Card surcharge": FEE_INCOME}
BEFORE_ALL = date(2024, 12, 31)


@dataclass
class TrytonLedger:
    """The books as the stories ask for them; whoever does it, it is done by Dana's user."""

    books: Books
    hands: TrytonHands
    customers: list[str] = field(default_factory=list)
    invoices: list[str] = field(default_factory=list)
    memos: list[str] = field(default_factory=list)
    dated: date | None = None  # Tryton numbers invoices in the order of their days: all are dated like the first

    @cached_property
    def accounts(self) -> dict[str, int]:
        """The accounts of the stories, by name; what is paid into the first can be reconciled with the bank."""
        admin, found = self.hands.admin, self.hands.accounts
        admin.call("account.account.write", [found["cash"]], {"reconcile": True})
        made = {CLEARING: found["cash"], OWED: found["receivable"], SALES: found["revenue"]}
        for name, like in MADE.items():
            (model,) = admin.ids("account.account", ["code", "=", like])
            parts = admin.read("account.account", model, "company", "type", "parent")
            made[name] = admin.make(
                "account.account", name=name, company=parts["company"], type=parts["type"], parent=parts["parent"]
            )
        return made

    # --- customers, invoices, credit notes --------------------------------------------------------------------------------

    def add_customer(self, name: str, *, by: str) -> Customer:
        del by
        self.customers.append(self.hands.customer(name))
        found = self.books.customers(self.customers[-1:])[self.customers[-1]]
        assert isinstance(found, Customer)
        return found

    def add_invoice(
        self, number: str, customer_id: str, amount_minor: int, currency: str, on: date, *, by: str, item: str = ""
    ) -> Invoice:
        del currency, by
        account = self.accounts[ITEMS.get(item, SALES)]
        self.dated = self.dated or on
        made = self.hands.billed(number, customer_id, amount_minor, self.dated, item=item or "Goods", account=account)
        self.invoices.append(made)
        return self.invoice(self.invoices[-1])

    def invoice(self, invoice_id: str) -> Invoice:
        found = self.books.invoices([invoice_id])[invoice_id]
        assert isinstance(found, Invoice)
        return found

    def void_invoice(self, invoice_id: str, *, by: str) -> None:
        del by
        self.hands.void_invoice(invoice_id)

    def add_credit_memo(
        self, number: str, customer_id: str, amount_minor: int, currency: str, on: date, *, by: str, reason: str = ""
    ) -> CreditMemo:
        del currency, by
        account = self.accounts[ITEMS.get(reason, CREDITS)]
        made = self.hands.billed(number, customer_id, -amount_minor, self.dated or on, item=reason or "Goods", account=account)
        self.memos.append(made)
        found = self.books.credit_memos(self.memos[-1:])[self.memos[-1]]
        assert isinstance(found, CreditMemo)
        return found

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int, *, by: str) -> None:
        del by
        self.hands.apply_credit(credit_memo_id, invoice_id, amount_minor)

    def write_off(self, invoice_id: str, on: date, *, by: str) -> CreditMemo:
        """What is open on an invoice, by a credit note on the account of bad debt."""
        open_one = self.invoice(invoice_id)
        number = f"WO-{open_one.number}"
        memo = self.add_credit_memo(number, open_one.customer_id, open_one.open_minor, "USD", on, by=by, reason="Bad debt")
        self.apply_credit(memo.id, invoice_id, open_one.open_minor, by=by)
        return memo

    def delete_credit_memo(self, credit_memo_id: str, *, by: str) -> None:
        """A credit note is taken off its invoices and canceled, not deleted."""
        del by
        found = self.books.credit_memos([credit_memo_id])[credit_memo_id]
        for application in found.applications if isinstance(found, CreditMemo) else ():
            self.hands.unapply_credit(application.id)
        self.hands.void_invoice(credit_memo_id)

    # --- receipts ---------------------------------------------------------------------------------------------------------

    def enter_receipt(
        self,
        customer_id: str,
        amount_minor: int,
        currency: str,
        on: date,
        *,
        by: str,
        lines: Iterable[tuple[str, int]] = (),
        reference: str = "",
        method: str = "",
        memo: str = "",
    ) -> Receipt:
        del currency, by, method
        words = memo or reference
        made = self.hands.receipt(customer_id, amount_minor, tuple(lines), words, on=on, into=self.accounts[UNDEPOSITED])
        return replace(self.receipt(made), reference=reference)

    def receipts(self) -> list[Receipt]:
        return list(self.books.receipts_of(self.customers, BEFORE_ALL))

    def receipt(self, receipt_id: str) -> Receipt:
        found = self.books.receipts([receipt_id])[receipt_id]
        assert isinstance(found, Receipt)
        return found

    def apply_receipt(self, receipt_id: str, lines: Iterable[tuple[str, int]], *, by: str) -> None:
        """To exactly these invoices, none of which it pays a part of so far."""
        del by
        wanted, standing = dict(lines), self.receipt(receipt_id)
        if any(wanted.get(line.invoice_id) != line.amount_minor for line in standing.lines):
            self.hands.take_off(receipt_id)
        for invoice_id, amount_minor in wanted.items():
            if not standing.applied_to(invoice_id):
                self.hands.put_on(receipt_id, invoice_id, amount_minor)

    def deposit_receipt(self, receipt_id: str, *, by: str) -> None:
        """Its money is found on the bank's statement, and reconciled with it."""
        del by
        (line,) = self.hands.clerk.ids("account.move.line", ["move", "=", int(receipt_id)], ["debit", ">", 0])
        amount = self.hands.clerk.read("account.move.line", line, "debit")["debit"]
        seen = self._move(CLEARING, CLEARING, amount, self.receipt(receipt_id).received_on)
        (credit,) = self.hands.clerk.ids("account.move.line", ["move", "=", seen], ["credit", ">", 0])
        self.hands.reconcile([line, credit])

    # --- money that went out ----------------------------------------------------------------------------------------------

    def pay_out(self, new: NewMoneyOut, *, by: str, fee_minor: int = 0) -> None:
        """An entry that is reconciled with the receipt, as a bookkeeper does it; a fee is an entry apart."""
        del by
        if new.kind is MoneyOutKind.FEE:
            fee_minor = new.amount_minor or 0
        else:
            held = self.receipt(new.receipt_id)
            if held.lines:
                self.hands.take_off(held.id)
            made = self.hands.pay_back(held.customer_id, new.amount_minor or held.amount_minor, new.kind.value, on=new.on)
            self.hands.reconcile(self.hands.receivable_lines(held.id, made))
        if fee_minor:
            self._move(FEES, CLEARING, dollars(fee_minor), new.on)

    def _move(self, debited: str, credited: str, amount: Decimal, on: date) -> int:
        none, accounts = Decimal(0), self.accounts
        debit = {"account": accounts[debited], "debit": amount, "credit": none}
        return self.hands.posted_move([debit, {"account": accounts[credited], "debit": none, "credit": amount}], on)

    # --- periods and balances ---------------------------------------------------------------------------------------------

    def close_period(self, closed_through: date, *, by: str) -> None:
        del by
        self.hands.close_period(closed_through)

    def reopen_period(self, *, by: str) -> None:
        del by
        self.hands.close_period(BEFORE_ALL)

    def trial_balance(self, through: date | None = None) -> TrialBalance:
        """What Tryton's own accounts hold. Of receivables, what receipts have unapplied is told apart; the rest must be what is
        open on the documents, as our connector reads them.
        """
        until = {"date": through} if through else {}
        rows = self.hands.clerk.call("account.account.read", list(self.accounts.values()), ["balance"], **until)
        balances = {row["id"]: int(row["balance"].scaleb(2)) for row in rows}
        held = {name: balances[account] for name, account in self.accounts.items()}
        if through:
            return _trial(held, through)
        invoices = [found for found in self.books.invoices(self.invoices).values() if isinstance(found, Invoice)]
        memos = [found for found in self.books.credit_memos(self.memos).values() if isinstance(found, CreditMemo)]
        owed, credit = sum(found.open_minor for found in invoices), sum(memo.open_minor for memo in memos)
        unapplied = sum(receipt.unapplied_minor for receipt in self.receipts())
        held |= {OWED: held[OWED] + unapplied, ON_ACCOUNT: -unapplied}
        return replace(_trial(held), tie_outs=(TieOut("USD", owed, credit, unapplied, abs(held[OWED] - (owed - credit))),))


def _trial(held: Mapping[str, int], through: date | None = None) -> TrialBalance:
    return TrialBalance(through, tuple(Balance(name, "USD", minor) for name, minor in held.items() if minor), ())
