"""The embedded books as a bookkeeper uses them: everything that can be done by hand, each as one change.

Every operation names the person (`by`) and may be backdated (`at`, a moment with a time zone; default: now). Amounts
are minor units. What the rules of the books forbid raises BooksRefused with its `Refusal`;
a file that another process holds raises BooksUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pysqlite3.dbapi2 import Connection

from accounting.embedded import consistency, credits, customers, general_ledger, invoices, money_out, naming, reading, receipts
from accounting.embedded.change import Change, Kind, Temper
from accounting.embedded.credits import NewCreditMemo
from accounting.embedded.database import Database
from accounting.embedded.general_ledger import TrialBalance
from accounting.embedded.money_out import NewMoneyOut
from accounting.embedded.reading import HistoryEntry
from accounting.embedded.receipts import Correction
from receivables.books_records import (
    BooksSettings,
    CreditApplication,
    CreditMemo,
    Customer,
    Gone,
    Invoice,
    MoneyOut,
    MoneyOutKind,
    Receipt,
    ReceiptLine,
)
from receivables.effects import ReceiptWrite
from receivables.errors import BooksRefused
from receivables.ports import Clock
from receivables.refusal import Refusal

UTC = ZoneInfo("UTC")
SETTINGS = "settings"  # the kind of history entries about the books themselves
THE_BOOKS = "books"  # and their document id


class Ledger:
    """One file of books. `temper` and `home_currency` are written when the file is made and read from it ever after.

    `time_zone` is the company's calendar: it dates what has no date of its own, such as a credit's application.
    Safe to use from several threads and processes. Raises ConfigurationError for a file that is something else.
    With `make` False nothing is touched before it is used, and a file that is not there is BooksUnavailable then.
    """

    key_life = timedelta(days=1)  # QuickBooks Online remembers a request for about a day
    busy_timeout_seconds = 5.0  # how long a change waits for another process; each takes milliseconds

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        temper: str = Temper.STRICT,
        home_currency: str = "USD",
        time_zone: ZoneInfo = UTC,
        make: bool = True,
    ) -> None:
        self.path = path
        self.clock = clock
        self.time_zone = time_zone
        self._database = Database(path, self.busy_timeout_seconds)
        if make:
            self._database.create_if_new(Temper(temper).value, home_currency)

    @property
    def temper(self) -> Temper:
        with self.reading() as connection:
            return Temper(connection.execute("SELECT temper FROM settings").fetchone()["temper"])

    def close(self) -> None:
        self._database.close()

    def reading(self) -> AbstractContextManager[Connection]:
        """One moment of the books, for the functions of `reading`."""
        return self._database.reading()

    @contextmanager
    def changing(self, by: str, at: datetime | None = None) -> Iterator[Change]:
        """One change: all of it or none, and only when the books add up afterwards."""
        if not by.strip():
            raise BooksRefused("Say who is making the change.", Refusal.INVALID)
        with self._database.writing() as connection:
            change = Change(connection, by.strip(), (at or self.clock.now()).astimezone(UTC), self.time_zone)
            yield change
            consistency.must_hold(connection, change.touched)

    # Looking

    def settings(self) -> BooksSettings:
        with self.reading() as connection:
            return reading.settings(connection)

    def customers(self) -> list[Customer]:
        with self.reading() as connection:
            return reading.customers(connection)

    def invoices(self) -> list[Invoice]:
        with self.reading() as connection:
            return reading.invoices(connection)

    def credit_memos(self) -> list[CreditMemo]:
        with self.reading() as connection:
            return reading.credit_memos(connection)

    def receipts(self) -> list[Receipt]:
        """Every receipt, voided ones included."""
        with self.reading() as connection:
            return reading.receipts(connection)

    def money_out(self) -> list[MoneyOut]:
        """Every return, refund, chargeback and fee, oldest first."""
        with self.reading() as connection:
            return money_out.every(connection)

    def find(self, kind: Kind, text: str) -> str:
        """The id of the one record called `text`, or `#ID`. Raises NotFound, listing the ids when several fit."""
        with self.reading() as connection:
            return naming.find(connection, kind, text)

    def history(self, text: str) -> list[HistoryEntry]:
        """What happened to every record called `text` or with that `#ID`, deleted ones included. Raises NotFound."""
        with self.reading() as connection:
            return reading.history(connection, naming.find_all(connection, text))

    def trial_balance(self, through: date | None = None) -> TrialBalance:
        """Every account, derived from the documents, of everything or of what is dated up to that day."""
        with self.reading() as connection:
            return general_ledger.trial_balance(connection, through)

    def check_books(self) -> tuple[str, ...]:
        """A sentence for everything in the whole books that does not add up; empty when they are right."""
        with self.reading() as connection:
            return consistency.problems(connection)

    # Customers

    def add_customer(
        self, name: str, *, by: str, at: datetime | None = None, customer_id: str = "", parent_id: str = ""
    ) -> Customer:
        with self.changing(by, at) as change:
            return customers.add(change, name, customer_id, parent_id)

    def deactivate_customer(self, customer_id: str, *, by: str, at: datetime | None = None) -> Customer:
        with self.changing(by, at) as change:
            return customers.set_active(change, customer_id, active=False)

    def reactivate_customer(self, customer_id: str, *, by: str, at: datetime | None = None) -> Customer:
        with self.changing(by, at) as change:
            return customers.set_active(change, customer_id, active=True)

    def merge_customers(self, from_id: str, into_id: str, *, by: str, at: datetime | None = None) -> Customer:
        """Moves the documents of one customer to another, who is returned."""
        with self.changing(by, at) as change:
            return customers.merge(change, from_id, into_id)

    # Invoices

    def add_invoice(
        self,
        number: str,
        customer_id: str,
        amount_minor: int,
        currency: str,
        issued_on: date,
        *,
        by: str,
        at: datetime | None = None,
        draft: bool = False,
        item: str = "",
        due_on: date | None = None,
    ) -> Invoice:
        with self.changing(by, at) as change:
            new = invoices.NewInvoice(number, customer_id, amount_minor, currency, issued_on, draft, item, due_on)
            return _after_credits(change, invoices.add(change, new))

    def issue_invoice(self, invoice_id: str, *, by: str, at: datetime | None = None) -> Invoice:
        """A draft becomes an invoice that can be paid."""
        with self.changing(by, at) as change:
            return _after_credits(change, invoices.issue(change, invoice_id))

    def correct_invoice(self, invoice_id: str, amount_minor: int, *, by: str, at: datetime | None = None) -> Invoice:
        """Types over the total of an invoice, as when a line is added."""
        with self.changing(by, at) as change:
            return _after_credits(change, invoices.correct(change, invoice_id, amount_minor))

    def void_invoice(self, invoice_id: str, *, by: str, at: datetime | None = None) -> Invoice:
        with self.changing(by, at) as change:
            return _after_credits(change, invoices.void(change, invoice_id))

    def delete_invoice(self, invoice_id: str, *, by: str, at: datetime | None = None) -> Gone:
        with self.changing(by, at) as change:
            customer_id = _customer_of_invoice(change, invoice_id)
            tombstone = invoices.delete(change, invoice_id)
            credits.apply_automatically(change, customer_id)
            return tombstone

    def recreate_invoice(
        self, invoice_id: str, amount_minor: int | None = None, *, by: str, at: datetime | None = None
    ) -> Invoice:
        """Deletes an invoice and adds another with the same number; `amount_minor` is given when it differs."""
        with self.changing(by, at) as change:
            return _after_credits(change, invoices.recreate(change, invoice_id, amount_minor))

    # Credit memos

    def add_credit_memo(
        self,
        number: str,
        customer_id: str,
        amount_minor: int,
        currency: str,
        issued_on: date,
        *,
        by: str,
        at: datetime | None = None,
        reason: str = "",
        memo: str = "",
    ) -> CreditMemo:
        """A new credit memo; `reason` is its item, such as "Rebill" or "Sales tax"."""
        with self.changing(by, at) as change:
            new = NewCreditMemo(number, customer_id, amount_minor, currency, issued_on, reason, memo)
            added = credits.add(change, new)
            credits.apply_automatically(change, customer_id)
            return reading.credit_memos(change.connection, [added.id])[0]

    def write_off(
        self, invoice_id: str, on: date, *, by: str, at: datetime | None = None, amount_minor: int | None = None, memo: str = ""
    ) -> CreditMemo:
        """Writes off what is open on an invoice, or a part of it, by a credit memo with the item "Bad debt"."""
        with self.changing(by, at) as change:
            return credits.write_off(change, invoice_id, on, amount_minor, memo)

    def apply_credit(
        self, credit_memo_id: str, invoice_id: str, amount_minor: int, *, by: str, at: datetime | None = None
    ) -> CreditApplication:
        with self.changing(by, at) as change:
            return credits.apply(change, credit_memo_id, invoice_id, amount_minor)

    def unapply_credit(self, application_id: str, *, by: str, at: datetime | None = None) -> CreditMemo:
        """Takes one application off; the freed credit is on the memo that is returned."""
        with self.changing(by, at) as change:
            return credits.unapply(change, application_id)

    def delete_credit_memo(self, credit_memo_id: str, *, by: str, at: datetime | None = None) -> Gone:
        with self.changing(by, at) as change:
            return credits.delete(change, credit_memo_id)

    # Receipts

    def enter_receipt(
        self,
        customer_id: str,
        amount_minor: int,
        currency: str,
        received_on: date,
        *,
        by: str,
        at: datetime | None = None,
        lines: Iterable[tuple[str, int]] = (),
        reference: str = "",
        method: str = "",
        memo: str = "",
        deposit_account: str = "",
        number: str = "",
    ) -> Receipt:
        """A receipt entered by hand; `lines` are (invoice id, minor units), the rest stays unapplied."""
        write = ReceiptWrite(
            customer_id, currency, amount_minor, received_on, method, reference, memo, deposit_account, _lines(lines)
        )
        with self.changing(by, at) as change:
            return receipts.enter(change, write, number)

    def apply_receipt(self, receipt_id: str, lines: Iterable[tuple[str, int]], *, by: str, at: datetime | None = None) -> Receipt:
        """Lets a receipt stand on these (invoice id, minor units) and no others."""
        with self.changing(by, at) as change:
            return receipts.apply_by_hand(change, receipt_id, _lines(lines))

    def correct_receipt(self, receipt_id: str, new: Correction, *, by: str, at: datetime | None = None) -> Receipt:
        """Types over what a receipt says: amount, date, customer, deposit account, reference, memo."""
        with self.changing(by, at) as change:
            return receipts.correct(change, receipt_id, new)

    def void_receipt(self, receipt_id: str, *, by: str, at: datetime | None = None) -> Receipt:
        with self.changing(by, at) as change:
            return receipts.void(change, receipt_id)

    def delete_receipt(self, receipt_id: str, *, by: str, at: datetime | None = None) -> Gone:
        with self.changing(by, at) as change:
            return receipts.delete(change, receipt_id)

    def deposit_receipt(
        self, receipt_id: str, *, by: str, at: datetime | None = None, deposited_on: date | None = None, fee_minor: int = 0
    ) -> Receipt:
        """Puts a receipt into a bank deposit, dated the day of the change unless `deposited_on` is given.

        A fee is a line of its own on the deposit: the bank received so much less.
        """
        with self.changing(by, at) as change:
            on = deposited_on or change.day
            deposited = receipts.deposit(change, receipt_id, on)
            if fee_minor:
                money_out.record(change, NewMoneyOut(MoneyOutKind.FEE, receipt_id, on, fee_minor, "on the deposit"))
            return deposited

    def undo_deposit(self, receipt_id: str, *, by: str, at: datetime | None = None) -> Receipt:
        with self.changing(by, at) as change:
            return receipts.undo_deposit(change, receipt_id)

    # Money that goes out again

    def pay_out(self, new: NewMoneyOut, *, by: str, at: datetime | None = None, fee_minor: int = 0) -> MoneyOut:
        """A return or chargeback, whose invoices are open again, or a refund; the fee is an entry of its own."""
        with self.changing(by, at) as change:
            entry = money_out.record(change, new)
            if fee_minor:
                money_out.record(change, replace(new, kind=MoneyOutKind.FEE, amount_minor=fee_minor, off=()))
            return entry

    def delete_money_out(self, entry_id: str, *, by: str, at: datetime | None = None) -> Gone:
        with self.changing(by, at) as change:
            return money_out.delete(change, entry_id)

    # The books themselves

    def set_account_active(self, name: str, active: bool, *, by: str, at: datetime | None = None) -> None:
        """Makes a deposit account inactive or active again; an account never named here is active."""
        with self.changing(by, at) as change:
            change.connection.execute(
                "INSERT INTO accounts (name, active) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET active = excluded.active",
                (name, int(active)),
            )
            change.note(SETTINGS, THE_BOOKS, f"account {name} made {'active' if active else 'inactive'}")

    def close_period(self, closed_through: date, *, by: str, at: datetime | None = None) -> None:
        """Nothing dated on or before that day may be created, changed or deleted from now on."""
        with self.changing(by, at) as change:
            _set(change, "closed_through", closed_through.isoformat(), f"closed through {closed_through.isoformat()}")

    def reopen_period(self, open_from: date | None = None, *, by: str, at: datetime | None = None) -> None:
        """Opens everything from that day on, or, without a day, everything."""
        day_before = open_from - timedelta(days=1) if open_from else None
        what = f"open from {open_from.isoformat()} on" if open_from else "all periods open"
        with self.changing(by, at) as change:
            closed_through = change.closed_through
            if closed_through is None or (day_before is not None and day_before >= closed_through):
                raise BooksRefused("That period is already open.", Refusal.INVALID)
            _set(change, "closed_through", day_before.isoformat() if day_before else None, what)

    def set_auto_apply_credits(self, on: bool, *, by: str, at: datetime | None = None) -> None:
        """The switch "Automatically apply credits"; it acts at the next change of an invoice or a new credit memo."""
        what = f"automatic application of credits turned {'on' if on else 'off'}"
        with self.changing(by, at) as change:
            _set(change, "auto_apply_credits", int(on), what)


def _set(change: Change, setting: str, value: str | int | None, what: str) -> None:
    change.connection.execute(f"UPDATE settings SET {setting} = ?", (value,))  # noqa: S608 (a column named in this file)
    change.note(SETTINGS, THE_BOOKS, what)


def _lines(lines: Iterable[tuple[str, int]]) -> tuple[ReceiptLine, ...]:
    return tuple(ReceiptLine(invoice_id, amount_minor) for invoice_id, amount_minor in lines)


def _customer_of_invoice(change: Change, invoice_id: str) -> str:
    found: Sequence[Invoice] = reading.invoices(change.connection, [invoice_id])
    return found[0].customer_id if found else ""


def _after_credits(change: Change, invoice: Invoice) -> Invoice:
    """The invoice as it is after the books applied what credit they apply by themselves."""
    credits.apply_automatically(change, invoice.customer_id)
    return reading.invoices(change.connection, [invoice.id])[0]
