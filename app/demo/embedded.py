"""The demo's bookkeeper over embedded books, which accept any date and answer at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from accounting.embedded.ledger import Ledger
from app.clock import SystemClock
from app.demo import company
from app.demo.bookkeeper import Bank, Practice
from app.demo.company import BOOKKEEPER, COMPANY, Days
from app.demo.tally import Tally, count
from app.wiring import open_ledger
from receivables.books_records import Invoice, Receipt


class EmbeddedBookkeeper:
    """Implements `app.demo.bookkeeper.Bookkeeper` and its `Bank`."""

    introduction = "Acme Networks keeps books like QuickBooks Online, which accept a receipt that is too large without a word."
    left_out = ""
    pace = ""
    counted_in = "the books' own file"
    swallows = True

    def __init__(self, ledger: Ledger, file: Path) -> None:
        self._ledger = ledger
        self._file = file
        self._invoices: dict[str, Invoice] = {}

    @property
    def bank(self) -> Bank:
        return self

    def open_the_books(self, days: Days) -> None:
        ledger, day = self._ledger, company.day(days.invoiced)
        made = {name: ledger.add_customer(name, by=BOOKKEEPER, at=days.invoiced) for name in company.CUSTOMERS}
        for number, customer, amount in company.INVOICES:
            self._invoices[number] = ledger.add_invoice(
                number, made[customer].id, amount, currency="USD", issued_on=day, by=BOOKKEEPER, at=days.invoiced
            )

    def credit(self, number: str, memo: str, amount_minor: int, at: datetime) -> None:
        invoice = self._invoices[number]
        day = company.day(at)
        made = self._ledger.add_credit_memo(memo, invoice.customer_id, amount_minor, "USD", day, by=BOOKKEEPER, at=at)
        self._ledger.apply_credit(made.id, invoice.id, amount_minor, by=BOOKKEEPER, at=at)

    def unapply(self, memo: str) -> None:
        found = next(held for held in self._ledger.credit_memos() if held.number == memo)
        self._ledger.unapply_credit(found.applications[0].id, by=BOOKKEEPER)

    def receipt(self, number: str, reference: str, on: date, at: datetime) -> None:
        invoice = self._invoices[number]
        self._ledger.enter_receipt(
            invoice.customer_id, invoice.total_minor, "USD", on, by=BOOKKEEPER, lines=[(invoice.id, invoice.total_minor)],
            reference=reference, method="card", at=at,
        )  # fmt: skip

    def recreate(self, number: str, at: datetime) -> str:
        self._ledger.recreate_invoice(self._invoices[number].id, by=BOOKKEEPER, at=at)
        return f"deleted invoice {number} and recreated it with the same number"

    def void(self, number: str, at: datetime) -> str:
        self._ledger.void_invoice(self._invoices[number].id, by=BOOKKEEPER, at=at)
        return f"voided invoice {number}"

    def close_period(self, through: date, at: datetime) -> None:
        self._ledger.close_period(through, by=BOOKKEEPER, at=at)

    def reopen_period(self) -> None:
        self._ledger.reopen_period(by=BOOKKEEPER)

    def deposit(self, transaction: str) -> str:
        receipt = self._receipt_of(transaction)
        self._ledger.deposit_receipt(receipt.id, by=BOOKKEEPER)
        return receipt.number

    def undo_deposit(self, transaction: str) -> None:
        self._ledger.undo_deposit(self._receipt_of(transaction).id, by=BOOKKEEPER)

    def _receipt_of(self, transaction: str) -> Receipt:
        return next(receipt for receipt in self._ledger.receipts() if receipt.reference == transaction)

    def tally(self, payments_file: Path, start_on: date) -> Tally:
        return count(payments_file, self._file, start_on)

    def adds_up(self) -> bool:
        return not self._ledger.check_books()


@contextmanager
def practice(folder: Path) -> Iterator[Practice]:
    """A company with embedded books in this folder."""
    days = Days(SystemClock().now().replace(microsecond=0))
    config = company.write_settings(folder, days)
    yield Practice(config, EmbeddedBookkeeper(open_ledger(config, COMPANY)[0], folder / company.BOOKS_FILE), days)
