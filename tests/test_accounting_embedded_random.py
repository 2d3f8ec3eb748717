"""Whatever a bookkeeper does to the embedded books, in whatever order, the books add up: counted by hand each time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from makers import START, ManualClock

from accounting.embedded.ledger import Ledger
from accounting.embedded.money_out import NewMoneyOut
from accounting.embedded.receipts import Correction
from receivables.books_records import CreditApplication, InvoiceStatus, MoneyOutKind
from receivables.errors import BooksRefused

AMOUNTS = st.sampled_from([1, 100, 2_500, 5_000, 12_000])
DAYS_OF_USE = (date(2026, 2, 20), date(2026, 3, 10), date(2026, 3, 20))
DAYS = st.sampled_from(DAYS_OF_USE)
ACCOUNTS = st.sampled_from(["", "undeposited funds", "Clearing"])
PICK = st.integers(0, 10**6)  # which of the documents there are, by remainder


class Bookkeeping(RuleBasedStateMachine):
    """Dana at work. What the books refuse is left undone, and must have changed nothing."""

    @initialize(temper=st.sampled_from(["strict", "swallowing"]), automatic=st.booleans())
    def open_books(self, temper: str, automatic: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(Path(self.folder.name) / "books.sqlite", ManualClock(START), temper=temper)
        for name in ("Hooli", "Initech"):
            self.ledger.add_customer(name, by="Dana")
        self.ledger.set_auto_apply_credits(automatic, by="Dana")
        self.money_taken_minor = 0
        self.closed: tuple[date, dict[str, int]] | None = None

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()

    def attempt(self, work: Callable[[], object]) -> bool:
        before = self.last_change()
        try:
            work()
        except BooksRefused:
            assert self.last_change() == before
            return False
        return True

    def last_change(self) -> int:
        with self.ledger.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(seq), 0) FROM history").fetchone()[0])

    def customer(self, pick: int) -> str:
        found = self.ledger.customers()
        return found[pick % len(found)].id

    def invoice(self, pick: int) -> str:
        found = self.ledger.invoices()
        return found[pick % len(found)].id if found else "none"

    def memo(self, pick: int) -> str:
        found = self.ledger.credit_memos()
        return found[pick % len(found)].id if found else "none"

    def receipt(self, pick: int) -> str:
        found = self.ledger.receipts()
        return found[pick % len(found)].id if found else "none"

    def applications(self) -> list[CreditApplication]:
        return [application for memo in self.ledger.credit_memos() for application in memo.applications]

    @rule(pick=PICK, amount=AMOUNTS, day=DAYS, draft=st.booleans())
    def add_invoice(self, pick: int, amount: int, day: date, draft: bool) -> None:
        customer = self.customer(pick)
        self.attempt(lambda: self.ledger.add_invoice("1", customer, amount, "USD", day, by="Dana", draft=draft))

    @rule(pick=PICK, amount=AMOUNTS, day=DAYS)
    def add_credit_memo(self, pick: int, amount: int, day: date) -> None:
        customer = self.customer(pick)
        self.attempt(lambda: self.ledger.add_credit_memo("CM", customer, amount, "USD", day, by="Dana"))

    @rule(pick=PICK, amount=AMOUNTS, day=DAYS, invoices=st.lists(st.tuples(PICK, AMOUNTS), max_size=3), account=ACCOUNTS)
    def enter_receipt(self, pick: int, amount: int, day: date, invoices: list[tuple[int, int]], account: str) -> None:
        customer = self.customer(pick)
        lines = [(self.invoice(chosen), line_minor) for chosen, line_minor in invoices]
        if self.attempt(
            lambda: self.ledger.enter_receipt(customer, amount, "USD", day, by="Dana", lines=lines, deposit_account=account)
        ):
            self.money_taken_minor += amount

    @rule(pick=PICK, kind=st.sampled_from(MoneyOutKind), day=DAYS, amount=st.one_of(st.none(), AMOUNTS), off=st.booleans())
    def pay_out(self, pick: int, kind: MoneyOutKind, day: date, amount: int | None, off: bool) -> None:
        receipt = next((found for found in self.ledger.receipts() if found.id == self.receipt(pick)), None)
        lines = receipt.lines[:1] if receipt and off else ()
        new = NewMoneyOut(kind, self.receipt(pick), day, amount, off=lines)
        self.attempt(lambda: self.ledger.pay_out(new, by="Dana", fee_minor=100 if off else 0))

    @rule(pick=PICK)
    def delete_money_out(self, pick: int) -> None:
        entries = self.ledger.money_out()
        if entries:
            self.attempt(lambda: self.ledger.delete_money_out(entries[pick % len(entries)].id, by="Dana"))

    @rule(pick=PICK, day=DAYS, amount=st.one_of(st.none(), AMOUNTS))
    def write_off(self, pick: int, day: date, amount: int | None) -> None:
        self.attempt(lambda: self.ledger.write_off(self.invoice(pick), day, by="Dana", amount_minor=amount))

    @rule(pick=PICK, invoices=st.lists(st.tuples(PICK, AMOUNTS), max_size=3))
    def apply_receipt(self, pick: int, invoices: list[tuple[int, int]]) -> None:
        lines = [(self.invoice(chosen), line_minor) for chosen, line_minor in invoices]
        self.attempt(lambda: self.ledger.apply_receipt(self.receipt(pick), lines, by="Dana"))

    @rule(memo=PICK, invoice=PICK, amount=AMOUNTS)
    def apply_credit(self, memo: int, invoice: int, amount: int) -> None:
        self.attempt(lambda: self.ledger.apply_credit(self.memo(memo), self.invoice(invoice), amount, by="Dana"))

    @rule(pick=PICK)
    def unapply_credit(self, pick: int) -> None:
        standing = self.applications()
        if standing:
            self.attempt(lambda: self.ledger.unapply_credit(standing[pick % len(standing)].id, by="Dana"))

    @rule(pick=PICK, what=st.sampled_from(["delete_invoice", "void_invoice", "issue_invoice", "recreate_invoice"]))
    def change_invoice(self, pick: int, what: str) -> None:
        self.attempt(lambda: getattr(self.ledger, what)(self.invoice(pick), by="Dana"))

    @rule(pick=PICK, amount=AMOUNTS)
    def correct_invoice(self, pick: int, amount: int) -> None:
        self.attempt(lambda: self.ledger.correct_invoice(self.invoice(pick), amount, by="Dana"))

    @rule(pick=PICK)
    def delete_credit_memo(self, pick: int) -> None:
        self.attempt(lambda: self.ledger.delete_credit_memo(self.memo(pick), by="Dana"))

    @rule(pick=PICK, what=st.sampled_from(["delete_receipt", "void_receipt"]))
    def end_receipt(self, pick: int, what: str) -> None:
        receipt_id = self.receipt(pick)
        amount_minor = sum(receipt.amount_minor for receipt in self.ledger.receipts() if receipt.id == receipt_id)
        if self.attempt(lambda: getattr(self.ledger, what)(receipt_id, by="Dana")):
            self.money_taken_minor -= amount_minor

    @rule(pick=PICK, what=st.sampled_from(["deposit_receipt", "undo_deposit"]))
    def deposit(self, pick: int, what: str) -> None:
        self.attempt(lambda: getattr(self.ledger, what)(self.receipt(pick), by="Dana"))

    @rule(pick=PICK, amount=AMOUNTS, day=DAYS, customer=PICK)
    def correct_receipt(self, pick: int, amount: int, day: date, customer: int) -> None:
        receipt_id = self.receipt(pick)
        before_minor = sum(receipt.amount_minor for receipt in self.ledger.receipts() if receipt.id == receipt_id)
        new = Correction(amount, day, self.customer(customer), "Clearing")
        if self.attempt(lambda: self.ledger.correct_receipt(receipt_id, new, by="Dana")):
            self.money_taken_minor += amount - before_minor

    @rule(day=DAYS)
    def close_period(self, day: date) -> None:
        self.ledger.close_period(day - timedelta(days=5), by="Dana")
        self.closed = (day - timedelta(days=5), self.of_closed_month())

    @rule()
    def reopen_period(self) -> None:
        if self.attempt(lambda: self.ledger.reopen_period(by="Dana")):
            self.closed = None

    def of_closed_month(self) -> dict[str, int]:
        """Its trial balance; what is applied counts with what is not, because taking a receipt off its invoice has no date."""
        balance = self.ledger.trial_balance(self.ledger.settings().closed_through)
        held = {found.account: found.debit_minor for found in balance.balances if found.debit_minor}
        held["Owed"] = held.pop("Accounts receivable", 0) + held.pop("Customer deposits", 0)
        return held

    @rule(pick=PICK, what=st.sampled_from(["deactivate_customer", "reactivate_customer"]))
    def change_customer(self, pick: int, what: str) -> None:
        self.attempt(lambda: getattr(self.ledger, what)(self.customer(pick), by="Dana"))

    @rule(first=PICK, second=PICK)
    def merge_customers(self, first: int, second: int) -> None:
        if len([customer for customer in self.ledger.customers() if customer.active]) > 1:
            self.attempt(lambda: self.ledger.merge_customers(self.customer(first), self.customer(second), by="Dana"))

    @invariant()
    def books_add_up(self) -> None:
        if not hasattr(self, "ledger"):
            return
        assert self.ledger.check_books() == ()
        self.trial_balance_is_balanced_and_tied_out()
        receipts, applications = self.ledger.receipts(), self.applications()
        for invoice in self.ledger.invoices():
            applied_minor = sum(receipt.applied_to(invoice.id) for receipt in receipts)
            applied_minor += sum(a.amount_minor for a in applications if a.invoice_id == invoice.id)
            assert invoice.open_minor == invoice.total_minor - applied_minor
            assert invoice.open_minor >= 0
            assert applied_minor == 0 or invoice.status in (InvoiceStatus.OPEN, InvoiceStatus.PAID)
        for memo in self.ledger.credit_memos():
            assert memo.open_minor == memo.total_minor - sum(a.amount_minor for a in memo.applications)
        assert sum(receipt.amount_minor for receipt in receipts) == self.money_taken_minor

    def trial_balance_is_balanced_and_tied_out(self) -> None:
        """Debits are credits, on the way too; receivables and deposits are what the documents say; cash is in and out."""
        for day in (None, DAYS_OF_USE[1]):
            assert sum(balance.debit_minor for balance in self.ledger.trial_balance(day).balances) == 0
        whole = self.ledger.trial_balance()
        assert [tied.difference_minor for tied in whole.tie_outs] in ([], [0])
        cash_minor = sum(whole.debit_minor(account) for account in ("Bank", "Undeposited funds", "Clearing"))
        if self.closed is not None:
            assert self.ledger.settings().closed_through == self.closed[0]
            assert self.of_closed_month() == self.closed[1]
        assert cash_minor == self.money_taken_minor - sum(entry.amount_minor for entry in self.ledger.money_out())


Bookkeeping.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestBookkeeping = pytest.mark.slow(Bookkeeping.TestCase)
