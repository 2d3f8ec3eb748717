"""Customers and invoices brought into the embedded books from CSV: the whole file, or nothing with every reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from makers import ManualClock

from accounting.embedded.ledger import Ledger
from accounting.embedded.loading import Loaded, load
from receivables.errors import FeedError


def a_ledger(folder: Path) -> Ledger:
    return Ledger(folder / "books.sqlite", ManualClock())


def test_customers_and_invoices_are_loaded_from_files(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    (tmp_path / "customers.csv").write_text("customer_id,name\nH,Hooli\nI,Initech\n")
    (tmp_path / "invoices.csv").write_text(
        "number,customer,amount,currency,issued_on,created_at,created_by\n"
        "1042,Hooli,500.00,USD,2026-03-01,2026-03-01T09:00:00-06:00,Dana\n"
        "1043,#I,70,JPY,2026-03-02,,\n"
    )

    loaded = [load(ledger, tmp_path / name, by="Eve") for name in ("customers.csv", "invoices.csv")]

    assert loaded == [Loaded(customers=2), Loaded(invoices=2)]
    found = [(i.number, i.customer_id, i.total_minor, i.currency, i.created.person) for i in ledger.invoices()]
    assert found == [("1042", "H", 50_000, "USD", "Dana"), ("1043", "I", 70, "JPY", "Eve")]
    assert ledger.invoices()[0].created.at == datetime(2026, 3, 1, 15, tzinfo=UTC)


CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issued_on", "created_now", "expected"),
    [
        ("2026-02-01", False, datetime(2026, 2, 1, tzinfo=CHICAGO)),
        ("2026-02-01", True, NOW),
        ("2026-03-10", False, NOW),  # today: not before it was entered
        ("2026-03-11", False, NOW),  # dated ahead: nothing is created in the future
        ("0001-01-01", False, datetime(1, 1, 2, tzinfo=CHICAGO)),
    ],
)
def test_invoice_of_a_file_was_created_on_its_own_date_unless_told_otherwise(
    tmp_path: Path, issued_on: str, created_now: bool, expected: datetime
) -> None:
    ledger = Ledger(tmp_path / "books.sqlite", ManualClock(NOW), time_zone=CHICAGO)
    ledger.add_customer("Hooli", by="Dana")
    (tmp_path / "invoices.csv").write_text(f"number,customer,amount,currency,issued_on\n1042,Hooli,5,USD,{issued_on}\n")

    load(ledger, tmp_path / "invoices.csv", by="Dana", created_now=created_now)

    assert expected == ledger.invoices()[0].created.at


def test_file_with_wrong_lines_is_refused_whole_with_every_place(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    ledger.add_customer("Hooli", by="Dana")
    (tmp_path / "invoices.csv").write_text(
        "number,customer,amount,currency,issued_on\n"
        "1,Hooli,500.00,USD,2026-03-01\n"
        "2,Nobody,500.00,USD,2026-03-01\n"
        "3,Hooli,1e3,USD,2026-03-01\n"
        "4,Hooli,500.00,USD\n"
        "5,Hooli,500.00,XXX,March\n"
        ",Hooli,0,USD,2026-03-01\n"
    )

    with pytest.raises(FeedError) as refusal:
        load(ledger, tmp_path / "invoices.csv", by="Dana")

    places = [(problem.line, problem.column) for problem in refusal.value.problems]
    assert places == [
        (3, "customer"),
        (4, "amount"),
        (5, "row"),
        (6, "currency"),
        (6, "issued_on"),
        (7, "number"),
        (7, "amount"),
    ]
    assert ledger.invoices() == []


@pytest.mark.parametrize(
    "content", ["", "a,b\n1,2\n", "number,customer\n", "customer_id,name,name\n", 'customer_id,name\nH,"Hoo\n']
)
def test_file_that_is_no_list_of_customers_or_invoices_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "file.csv").write_text(content)

    with pytest.raises(FeedError):
        load(a_ledger(tmp_path), tmp_path / "file.csv", by="Dana")
