"""The file of the embedded books may be taken away or replaced: then they are unavailable, and never begun anew."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from makers import START, ManualClock

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from receivables.books_records import Customer
from receivables.errors import BooksUnavailable


def with_customer(file: Path, name: str) -> Ledger:
    ledger = Ledger(file, ManualClock())
    ledger.add_customer(name, by="Dana", at=START)
    return ledger


def test_nothing_is_touched_before_the_books_are_used(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "away" / "books.sqlite", ManualClock(), make=False)

    assert [] == list(tmp_path.iterdir())
    with pytest.raises(BooksUnavailable, match=r"books\.sqlite, cannot be found"):
        ledger.customers()
    with pytest.raises(BooksUnavailable, match=r"books\.sqlite, cannot be found"):
        ledger.add_customer("Hooli", by="Dana")
    assert [] == list(tmp_path.iterdir())


def test_file_taken_away_is_neither_read_nor_written_and_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite"
    ledger = with_customer(file, "Hooli")
    file.rename(tmp_path / "elsewhere.sqlite")

    with pytest.raises(BooksUnavailable):
        ledger.customers()
    with pytest.raises(BooksUnavailable):
        ledger.add_invoice("1042", "C1001", 50_000, "USD", date(2026, 3, 1), by="Dana")
    (tmp_path / "elsewhere.sqlite").rename(file)

    assert ["Hooli"] == [customer.name for customer in ledger.customers()]
    assert [] == ledger.invoices()


def test_file_restored_from_elsewhere_is_the_one_that_is_written(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite"
    ledger = with_customer(file, "Hooli")
    with_customer(tmp_path / "restored.sqlite", "Globex").close()
    (tmp_path / "restored.sqlite").replace(file)
    for left_over in ("books.sqlite-wal", "books.sqlite-shm"):
        (tmp_path / left_over).unlink(missing_ok=True)

    ledger.add_customer("Initech", by="Dana")

    assert ["Globex", "Initech"] == sorted(customer.name for customer in Ledger(file, ManualClock(), make=False).customers())


@pytest.mark.parametrize("entered_since", [0, 1, 9])
def test_restored_books_are_told_from_the_beginning(tmp_path: Path, entered_since: int) -> None:
    """However many changes were made since they were restored: as many as were lost, fewer or more."""
    file = tmp_path / "books.sqlite"
    with_customer(file, "Hooli").close()
    shutil.copy(file, tmp_path / "copy.sqlite")
    clock = ManualClock()
    ledger = Ledger(file, clock)
    ledger.add_customer("Globex", by="Dana")
    cursor = EmbeddedBooks(ledger, clock).changes("").cursor
    ledger.close()
    shutil.copy(tmp_path / "copy.sqlite", file)
    clock.advance(60)
    restored = Ledger(file, clock)
    names = [f"Initech {place}" for place in range(entered_since)]
    for name in names:
        restored.add_customer(name, by="Dana")
    page = EmbeddedBooks(restored, clock).changes(cursor)
    assert ["Hooli", *names] == [customer.name for customer in page.documents if isinstance(customer, Customer)]
    assert () == EmbeddedBooks(restored, clock).changes(page.cursor).documents
    assert () == EmbeddedBooks(restored, clock).changes(page.cursor.partition(" ")[0]).documents  # a cursor of version 0.1.0


def test_file_that_became_something_else_is_unavailable(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "books.sqlite", ManualClock(), make=False)
    for content in (b"", b"not a database" * 100):
        (tmp_path / "books.sqlite").write_bytes(content)
        with pytest.raises(BooksUnavailable):
            ledger.customers()
        with pytest.raises(BooksUnavailable):
            ledger.add_customer("Hooli", by="Dana")
        assert content == (tmp_path / "books.sqlite").read_bytes()
