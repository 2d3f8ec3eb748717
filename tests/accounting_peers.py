"""Every connector with somebody who works in the same books by hand: what the contract suite runs against.

A connector joins by adding one maker to `MAKERS`: it returns the connector, a bookkeeper, and what is different
about the package.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from makers import ManualClock
from xero_scene import xero_scene

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from receivables.books_records import ReceiptLine
from receivables.effects import ApplyCredit, Order, ReceiptWrite, Write, credit_marker, effect_key, marker
from receivables.ports import Books, Clock

DAY = date(2026, 3, 10)
LINES = tuple[tuple[str, int], ...]


def a_receipt_write(customer_id: str, amount_minor: int = 50_000, lines: LINES = (), reference: str = "TXN-1") -> ReceiptWrite:
    return ReceiptWrite(
        customer_id=customer_id,
        currency="USD",
        amount_minor=amount_minor,
        received_on=DAY,
        method="card",
        reference=reference,
        memo=f"Portal payment {reference}",
        deposit_account="",
        lines=tuple(ReceiptLine(invoice_id, line_minor) for invoice_id, line_minor in lines),
    )


def an_order(write: Write, transaction: str = "TXN-1", generation: int = 0, versions: dict[str, str] | None = None) -> Order:
    key = effect_key("acme", transaction, f"{write.kind}/1", generation)
    mark = credit_marker(key) if isinstance(write, ApplyCredit) else marker("acme", transaction, 1, generation)
    return Order(f"effect-{key}", key, mark, write, versions or {})


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
    moves_receipts: bool = True  # a live receipt on an invoice can be moved to another one, in one write
    frees_receipts: bool = True  # an invoice can be deleted with a receipt on it, whose money is free then
    tells_who: bool = True  # says who made and who changed a document
    keeps_issued: bool = False  # an issued invoice can only be voided; a draft, made by `draft`, can be deleted
    draft: Callable[[str, str, int], str] | None = None  # number, customer id, minor units
    tells_deletions: bool = True  # its changes name what was deleted
    more_than_a_page: int = 250  # documents that do not fit one page of changes
    close: Callable[[], None] = lambda: None  # ends what was started for it

    def deletable_invoice(self, number: str, customer_id: str, amount_minor: int) -> str:
        """An invoice that the bookkeeper may delete."""
        return (self.draft or self.bookkeeper.invoice)(number, customer_id, amount_minor)


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


def xero_stand_in(folder: Path) -> Peer:
    """Xero cannot change a payment, only delete it; and an invoice goes only when no payment is on it."""
    running = ExitStack()
    scene = running.enter_context(xero_scene(folder))
    scene.xero.refusals_are_remembered = False  # for six minutes they are, by key; that has a test of its own
    return Peer(
        scene.books,
        scene.dana,
        scene.clock,
        swallows=False,
        one_invoice_per_receipt=True,
        moves_receipts=False,
        frees_receipts=False,
        close=running.close,
    )


def quickbooks_stand_in(folder: Path) -> Peer:
    """QuickBooks Online takes what is too large without a word, and does not surely say who did something."""
    from quickbooks_scene import quickbooks_scene  # noqa: PLC0415 (its stand-in builds on the bookkeeper above)

    running = ExitStack()
    scene = running.enter_context(quickbooks_scene(folder))
    return Peer(scene.books, scene.dana, scene.clock, swallows=True, tells_who=False, close=running.close)


def real_tryton(folder: Path) -> Peer:
    """A real Tryton: what was issued is never deleted, and a deleted draft leaves nothing to be told of."""
    from tryton_scene import tryton_scene  # noqa: PLC0415 (its server builds on nothing here, and may not be installed)

    running = ExitStack()
    scene = running.enter_context(tryton_scene(documents_per_page=3))
    return Peer(
        scene.books,
        scene.dana,
        scene.clock,
        swallows=False,
        keeps_issued=True,
        draft=scene.dana.deletable_invoice,
        tells_deletions=False,
        more_than_a_page=5,
        close=running.close,
    )


MAKERS: tuple[Callable[[Path], Peer], ...] = (
    strict_embedded,
    swallowing_embedded,
    embedded_with_one_invoice_per_receipt,
    xero_stand_in,
    quickbooks_stand_in,
    real_tryton,
)
