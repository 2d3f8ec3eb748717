"""Every connector with somebody who works in the same books by hand: what the contract suite runs against.

A connector joins by adding one maker to `MAKERS`: it returns the connector, a bookkeeper, and what is different
about the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from makers import ManualClock

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from receivables.ports import Books, Clock

DAY = date(2026, 3, 10)
LINES = tuple[tuple[str, int], ...]


class Bookkeeper(Protocol):
    """What a person does by hand in the same books. Everything is in USD and returns the id of what it made."""

    name: str

    def customer(self, name: str) -> str: ...
    def invoice(self, number: str, customer_id: str, amount_minor: int) -> str: ...
    def credit_memo(self, number: str, customer_id: str, amount_minor: int) -> str: ...
    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int) -> str: ...
    def unapply_credit(self, application_id: str) -> None: ...
    def receipt(self, customer_id: str, amount_minor: int, lines: LINES, memo: str = "") -> str: ...
    def delete_invoice(self, invoice_id: str) -> None: ...
    def void_invoice(self, invoice_id: str) -> None: ...
    def delete_receipt(self, receipt_id: str) -> None: ...
    def void_receipt(self, receipt_id: str) -> None: ...
    def close_period(self, closed_through: date) -> None: ...


@dataclass(frozen=True)
class Peer:
    """A connector under test, with somebody who works in its books by hand."""

    books: Books
    bookkeeper: Bookkeeper
    clock: Clock
    swallows: bool  # takes a receipt larger than the open balance and leaves the rest unapplied
    one_invoice_per_receipt: bool = False


class EmbeddedBookkeeper:
    """Dana, who works in the embedded books."""

    name = "Dana"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def customer(self, name: str) -> str:
        return self._ledger.add_customer(name, by=self.name).id

    def invoice(self, number: str, customer_id: str, amount_minor: int) -> str:
        return self._ledger.add_invoice(number, customer_id, amount_minor, "USD", DAY, by=self.name).id

    def credit_memo(self, number: str, customer_id: str, amount_minor: int) -> str:
        return self._ledger.add_credit_memo(number, customer_id, amount_minor, "USD", DAY, by=self.name).id

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int) -> str:
        return self._ledger.apply_credit(credit_memo_id, invoice_id, amount_minor, by=self.name).id

    def unapply_credit(self, application_id: str) -> None:
        self._ledger.unapply_credit(application_id, by=self.name)

    def receipt(self, customer_id: str, amount_minor: int, lines: LINES, memo: str = "") -> str:
        return self._ledger.enter_receipt(customer_id, amount_minor, "USD", DAY, by=self.name, lines=lines, memo=memo).id

    def delete_invoice(self, invoice_id: str) -> None:
        self._ledger.delete_invoice(invoice_id, by=self.name)

    def void_invoice(self, invoice_id: str) -> None:
        self._ledger.void_invoice(invoice_id, by=self.name)

    def delete_receipt(self, receipt_id: str) -> None:
        self._ledger.delete_receipt(receipt_id, by=self.name)

    def void_receipt(self, receipt_id: str) -> None:
        self._ledger.void_receipt(receipt_id, by=self.name)

    def close_period(self, closed_through: date) -> None:
        self._ledger.close_period(closed_through, by=self.name)


def strict_embedded(folder: Path) -> Peer:
    clock = ManualClock()
    ledger = Ledger(folder / "books.sqlite", clock, temper="strict")
    return Peer(EmbeddedBooks(ledger, clock), EmbeddedBookkeeper(ledger), clock, swallows=False)


def swallowing_embedded(folder: Path) -> Peer:
    clock = ManualClock()
    ledger = Ledger(folder / "books.sqlite", clock, temper="swallowing")
    return Peer(EmbeddedBooks(ledger, clock), EmbeddedBookkeeper(ledger), clock, swallows=True)


def embedded_with_one_invoice_per_receipt(folder: Path) -> Peer:
    clock = ManualClock()
    ledger = Ledger(folder / "books.sqlite", clock, temper="strict")
    books = EmbeddedBooks(ledger, clock, one_invoice_per_receipt=True)
    return Peer(books, EmbeddedBookkeeper(ledger), clock, swallows=False, one_invoice_per_receipt=True)


MAKERS: tuple[Callable[[Path], Peer], ...] = (strict_embedded, swallowing_embedded, embedded_with_one_invoice_per_receipt)
