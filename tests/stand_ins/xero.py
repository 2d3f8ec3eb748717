"""A stand-in for Xero: its accounting API over the embedded ledger, for tests that cannot reach the real one.

Everything it answers is Xero's: ids, dates, statuses, refusals, limits. Start it in this process with `start_xero`, or
as a process of its own with `python -m stand_ins.xero FOLDER PORT` from the folder of the tests.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from accounting.embedded.ledger import Ledger
from app.clock import SystemClock
from receivables.errors import AccessLost, BooksRefused
from receivables.ports import Clock
from receivables.refusal import Refusal
from stand_ins import xero_side as side
from stand_ins.serving import Fault, Faults, listening
from stand_ins.xero_doors import BASE, NOT_FOUND, Doors, Limits
from stand_ins.xero_side import Names

__all__ = ["Fault", "Xero", "XeroAccess", "XeroBookkeeper", "start_xero"]

LINES = tuple[tuple[str, int], ...]
DAY = date(2026, 3, 10)


class XeroAccess:
    """What lets a caller in. `end()` ends the access as time does; the next one is given when the old one was refused."""

    def __init__(self, tokens: set[str]) -> None:
        self._tokens = tokens
        self._given = 0
        self.renewals = 0
        self.lost = False  # True: nobody gets another until a person connects again
        self._give()

    @property
    def token(self) -> str:
        return f"access-{self._given}"

    def authorization(self) -> str:
        return f"Bearer {self.token}"

    def refused(self, authorization: str) -> None:
        if self.lost:
            raise AccessLost("Xero must be connected again.")
        if authorization == self.authorization():
            self._tokens.discard(self.token)
            self.renewals += 1
            self._give()

    def end(self) -> None:
        self._tokens.discard(self.token)

    def _give(self) -> None:
        self._given += 1
        self._tokens.add(self.token)


class Xero:
    """The running stand-in. Everything may be used while it serves, from any thread."""

    def __init__(self, folder: Path, clock: Clock, app_name: str, home_currency: str) -> None:
        self.clock = clock
        self.ledger = Ledger(folder / "xero.sqlite", clock, temper="strict", home_currency=home_currency)
        side.lay(self.ledger)
        self.organisation = side.organisation_of("acme")
        self.faults = Faults()
        self._names = Names(self.organisation)
        self._doors = Doors(self.ledger, self._names, clock, self.faults, app_name)
        self.access = XeroAccess(self._doors.tokens)
        self.bookkeeper = XeroBookkeeper(self)
        self.base_url = ""
        self._meanings = Names(self.organisation)  # the server has names of its own, in its own thread
        self._looking_up = threading.Lock()

    @property
    def limits(self) -> Limits:
        """60 a minute, 5,000 a day, 5 at once; refused only with `limits.enforced = True`."""
        return self._doors.limits

    @property
    def refusals_are_remembered(self) -> bool:
        """Whether an Idempotency-Key answers a refusal again for its six minutes, as Xero's does."""
        return self._doors.refusals_are_remembered

    @refusals_are_remembered.setter
    def refusals_are_remembered(self, remembered: bool) -> None:
        self._doors.refusals_are_remembered = remembered

    @property
    def counts(self) -> Counter[str]:
        """Requests so far, by method and endpoint: "PUT Payments", "GET Invoices/{id}"."""
        return self._doors.counts

    @property
    def violations(self) -> list[str]:
        """A sentence for each request and answer that Xero's own description does not allow."""
        return self._doors.checker.violations

    def check_contract(self, on: bool) -> None:
        """Holds requests and answers to the description, or, for bulk tests, does not."""
        self._doors.checker.on = on

    def id_of(self, kind: str, ledger_id: str, invoice_id: str = "") -> str:
        """Xero's id of a record of the ledger.

        Kinds: customer, invoice, credit_memo, allocation, payment (of a receipt and an invoice), overpayment, prepayment,
        bank_transaction.
        """
        return self._names.uuid(kind, ledger_id, invoice_id)

    def account_id(self, code: str) -> str:
        return self._names.account(code)

    def ledger_id(self, uuid: str) -> str:
        """The ledger's id of what Xero's id stands for (of a payment: its receipt). Raises KeyError."""
        with self.ledger.reading() as connection, self._looking_up:
            named = self._meanings.meant(connection, uuid)
        if named is None:
            raise KeyError(uuid)
        return named.id

    # What is done in Xero's own pages and the ledger has no word for

    def put_in_batch(self, payment_ids: list[str], batch: str = "1") -> None:
        """Makes one batch of payments that were made singly."""
        side.settle_forms(self.ledger)
        ids = [self.ledger_id(payment_id) for payment_id in payment_ids]
        with self.ledger.changing(self.bookkeeper.name) as change:
            for id in ids:
                change.connection.execute(
                    "UPDATE xero_receipts SET batch_id = ? WHERE receipt_id = ?", (self._names.uuid("batch", batch), id)
                )
        self._doors.lists.forget()

    def write_on(self, receipt_id: str, words: Mapping[str, Any], form: str = "") -> None:
        """Fields entered along with a receipt of the ledger, under Xero's names; `form` is what it is in Xero.

        `Description` is that of its line. Those in "BatchPayment" are of the bank deposit that it was made part of.
        """
        side.settle_forms(self.ledger)
        with self.ledger.changing(self.bookkeeper.name) as change:
            side.keep_words(change.connection, receipt_id, words)
            if form:
                change.connection.execute("UPDATE xero_receipts SET form = ? WHERE receipt_id = ?", (form, receipt_id))
        self._doors.lists.forget()

    def spend(self, contact_id: str, amount: str, on: date, reference: str, description: str = "") -> None:
        """Spend Money from the checking account to a contact; the ledger has no account that it would be coded to."""
        line = {"Description": description or "Returned payment", "Quantity": Decimal(1), "UnitAmount": Decimal(amount)}
        typed = {
            "BankTransactionID": self.id_of("spent", f"{reference}{amount}"),
            "Type": "SPEND",
            "Contact": {"ContactID": contact_id},
            "BankAccount": {"Code": "090"},
            "Date": side.net_date(on),
            "DateString": f"{on.isoformat()}T00:00:00",
            "Reference": reference,
            "Status": "AUTHORISED",
            "LineAmountTypes": "NoTax",
            "CurrencyCode": "USD",
            "Total": Decimal(amount),
            "IsReconciled": False,
            "UpdatedDateUTC": side.net_date(self.clock.now()),
            "LineItems": [{**line, "LineAmount": Decimal(amount)}],
        }
        with self.ledger.changing(self.bookkeeper.name) as change:
            side.spend(change.connection, "spend", typed)

    def refund_credit(self, contact_id: str, amount: str, on: date, reference: str) -> None:
        """A cash refund of a credit note."""
        typed = {
            "PaymentID": self.id_of("spent", f"credit {reference}{amount}"),
            "PaymentType": "ARCREDITPAYMENT",
            "Status": "AUTHORISED",
            "Date": side.net_date(on),
            "Amount": Decimal(amount),
            "Reference": reference,
            "CreditNote": {"CreditNoteNumber": "CN-1", "Contact": {"ContactID": contact_id}, "CurrencyCode": "USD"},
            "UpdatedDateUTC": side.net_date(self.clock.now()),
            "IsReconciled": False,
        }
        with self.ledger.changing(self.bookkeeper.name) as change:
            side.spend(change.connection, "credit_refund", typed)

    def reconcile(self, payment_id: str) -> None:
        """Matches a payment with a line of the bank statement."""
        self.ledger.deposit_receipt(self.ledger_id(payment_id), by=self.bookkeeper.name)

    def lock_year(self, through: date) -> None:
        """Sets the end of year lock date."""
        with self.ledger.changing(self.bookkeeper.name) as change:
            side.set_setting(change.connection, "end_of_year_lock", through.isoformat())

    def archive_account(self, code: str) -> None:
        self.ledger.set_account_active(code, False, by=self.bookkeeper.name)

    def warn(self, message: str) -> None:
        """Lets Xero make the next payment with a warning."""
        self._doors.warnings.append(message)

    # Faults in Xero's own words

    def throttle(self, problem: str = "minute", retry_after: int = 30, *, times: int = 1, path: str = "") -> None:
        headers = {"X-Rate-Limit-Problem": problem, "Retry-After": str(retry_after)}
        self.faults.order(Fault(status=429, headers=headers, times=times, path=path))

    def go_offline(self, *, times: int = 1, path: str = "") -> None:
        self.faults.order(Fault(status=503, body="The Organisation is offline", times=times, path=path))

    def answer_not_found(self, *, times: int = 1, path: str = "") -> None:
        self.faults.order(Fault(status=404, body=NOT_FOUND, times=times, path=path))


class XeroBookkeeper:
    """Dana, who works in Xero by hand, by Xero's ids. What Xero refuses her is a BooksRefused of the ledger."""

    name = "Dana"

    def __init__(self, xero: Xero) -> None:
        self._xero = xero

    def customer(self, name: str) -> str:
        return self._xero.id_of("customer", self._xero.ledger.add_customer(name, by=self.name).id)

    def invoice(self, number: str, customer_id: str, amount_minor: int, *, draft: bool = False) -> str:
        customer = self._xero.ledger_id(customer_id)
        added = self._xero.ledger.add_invoice(number, customer, amount_minor, "USD", DAY, by=self.name, draft=draft)
        return self._xero.id_of("invoice", added.id)

    def credit_memo(self, number: str, customer_id: str, amount_minor: int) -> str:
        customer = self._xero.ledger_id(customer_id)
        added = self._xero.ledger.add_credit_memo(number, customer, amount_minor, "USD", DAY, by=self.name)
        return self._xero.id_of("credit_memo", added.id)

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int) -> str:
        memo, invoice = self._xero.ledger_id(credit_memo_id), self._xero.ledger_id(invoice_id)
        return self._xero.id_of("allocation", self._xero.ledger.apply_credit(memo, invoice, amount_minor, by=self.name).id)

    def unapply_credit(self, application_id: str) -> None:
        self._xero.ledger.unapply_credit(self._xero.ledger_id(application_id), by=self.name)

    def receipt(self, customer_id: str, amount_minor: int, lines: LINES, memo: str = "") -> str:
        """A payment of one whole line, or without lines an overpayment; `memo` becomes the reference. Returns its id."""
        applied = [(self._xero.ledger_id(invoice_id), line_minor) for invoice_id, line_minor in lines]
        if len(applied) > 1 or (applied and applied[0][1] != amount_minor):
            raise BooksRefused("In Xero one payment pays one invoice, all of it.", Refusal.INVALID)
        customer = self._xero.ledger_id(customer_id)
        entered = self._xero.ledger.enter_receipt(
            customer, amount_minor, "USD", DAY, by=self.name, lines=applied, reference=memo, memo=memo
        )
        side.settle_forms(self._xero.ledger)
        if applied:
            return self._xero.id_of("payment", entered.id, applied[0][0])
        return self._xero.id_of("overpayment", entered.id)

    def delete_invoice(self, invoice_id: str) -> None:
        """As it must be done in Xero: first what was applied to it is taken off, and payments on it are deleted."""
        self._clear(invoice_id)
        self._xero.ledger.delete_invoice(self._xero.ledger_id(invoice_id), by=self.name)

    def void_invoice(self, invoice_id: str) -> None:
        self._clear(invoice_id)
        self._xero.ledger.void_invoice(self._xero.ledger_id(invoice_id), by=self.name)

    def delete_receipt(self, receipt_id: str) -> None:
        self._xero.ledger.delete_receipt(self._xero.ledger_id(receipt_id), by=self.name)

    def void_receipt(self, receipt_id: str) -> None:
        """Xero knows no voided payments; it is deleted."""
        self.delete_receipt(receipt_id)

    def close_period(self, closed_through: date) -> None:
        self._xero.ledger.close_period(closed_through, by=self.name)

    def _clear(self, invoice_id: str) -> None:
        id = self._xero.ledger_id(invoice_id)
        for receipt in self._xero.ledger.receipts():
            if receipt.applied_to(id):
                self._xero.ledger.delete_receipt(receipt.id, by=self.name)


@contextmanager
def start_xero(
    folder: Path, *, clock: Clock, app_name: str = "Resolve Now", home_currency: str = "USD", port: int = 0
) -> Iterator[Xero]:
    """Serves until the end of the block; the folder keeps the books for the next start. `app_name` signs what is written."""
    xero = Xero(folder, clock, app_name, home_currency)
    with listening(xero._doors.application(), xero.faults, port=port) as address:
        xero.base_url = address + BASE
        yield xero
    xero.ledger.close()


def main(folder: str, port: str) -> None:
    """Serves until standard input ends or the process is ended; prints the base URL, the organisation and the access."""
    with start_xero(Path(folder), clock=SystemClock(), port=int(port)) as xero:
        print(xero.base_url, xero.organisation, xero.access.token, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
