"""The QuickBooks connector in front of the stand-in, with somebody who works in the same books by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from makers import ManualClock
from quickbooks_answers import calls_to
from scene import Scene as House
from scene import a_scene
from stand_ins.quickbooks import QuickBooks, QuickBooksBookkeeper, start_quickbooks

from accounting.calling import Calls
from accounting.quickbooks.connector import QuickBooksBooks
from accounting.quickbooks.description import CONNECTOR
from accounting.quickbooks.documents import application_id, payment_of
from storage.marks import StoredMarks


class Dana(QuickBooksBookkeeper):
    """The bookkeeper, who calls an application of a credit by the id that the connector gives it."""

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int) -> str:
        payment_id = super().apply_credit(credit_memo_id, invoice_id, amount_minor)
        return application_id(payment_id, credit_memo_id, invoice_id)

    def unapply_credit(self, application_id: str) -> None:
        super().unapply_credit(payment_of(application_id))


@dataclass(frozen=True)
class Scene:
    """One company in QuickBooks; another process of ours is another connector in front of the same books."""

    quickbooks: QuickBooks
    calls: Calls
    books: QuickBooksBooks
    dana: Dana
    clock: ManualClock

    def another_process(self) -> QuickBooksBooks:
        return QuickBooksBooks(self.calls, self.clock)


@contextmanager
def quickbooks_scene(folder: Path) -> Iterator[Scene]:
    clock = ManualClock()
    with start_quickbooks(folder, clock=clock) as quickbooks:
        calls = calls_to(quickbooks.base_url, clock, quickbooks.access, at_once=CONNECTOR.traits.at_once)
        try:
            yield Scene(quickbooks, calls, QuickBooksBooks(calls, clock), Dana(quickbooks.ledger), clock)
        finally:
            calls.close()


@contextmanager
def house_over_quickbooks(folder: Path) -> Iterator[tuple[House, QuickBooks]]:
    """The whole small house with its books in QuickBooks; `ledger` is where the bookkeeper works."""
    house = a_scene(folder)
    (folder / "quickbooks").mkdir()
    with start_quickbooks(folder / "quickbooks", clock=house.clock) as quickbooks:
        house.ledger.close()
        house.ledger = quickbooks.ledger
        calls = calls_to(quickbooks.base_url, house.clock, quickbooks.access, at_once=CONNECTOR.traits.at_once)
        house.with_books(QuickBooksBooks(calls, house.clock, StoredMarks(house.db, house.desk.company.id)))
        try:
            yield house, quickbooks
        finally:
            calls.close()
