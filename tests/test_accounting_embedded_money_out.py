"""Returns, chargebacks, refunds and fees in the embedded books: the receipt keeps its date, the entry has its own."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest
from makers import ManualClock

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt, ReceiptLine
from receivables.errors import BooksRefused

TAKEN_ON, BACK_ON = date(2026, 3, 3), date(2026, 3, 10)
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Hooli owes 500.00 on 1042 and 100.00 on 1043, and has paid both with one receipt of 650.00, which is deposited."""
    ledger = Ledger(tmp_path / "books.sqlite", ManualClock())
    hooli = ledger.add_customer("Hooli", by="Dana").id
    invoices = [ledger.add_invoice(number, hooli, minor, "USD", date(2026, 2, 1), by="Dana") for number, minor in OWED.items()]
    lines = [(invoice.id, invoice.total_minor) for invoice in invoices]
    receipt = ledger.enter_receipt(hooli, 65_000, "USD", TAKEN_ON, by="Dana", lines=lines, reference="TXN-1")
    ledger.deposit_receipt(receipt.id, by="Dana", deposited_on=TAKEN_ON)
    ledger.close_period(date(2026, 3, 5), by="Dana")
    return ledger


OWED = {"1042": 50_000, "1043": 10_000}


def the_receipt(ledger: Ledger) -> Receipt:
    (receipt,) = ledger.receipts()
    return receipt


def paid_out(
    ledger: Ledger,
    kind: MoneyOutKind,
    receipt_id: str,
    on: date = BACK_ON,
    amount_minor: int | None = None,
    off: tuple[ReceiptLine, ...] = (),
) -> MoneyOut:
    return ledger.pay_out(NewMoneyOut(kind, receipt_id, on, amount_minor, "R01", off), by="Dana", fee_minor=FEE_MINOR[kind])


FEE_MINOR = {MoneyOutKind.RETURN: 1_200, MoneyOutKind.CHARGEBACK: 0, MoneyOutKind.REFUND: 0}


def is_open(ledger: Ledger) -> dict[str, int]:
    return {invoice.number: invoice.open_minor for invoice in ledger.invoices()}


def entries(ledger: Ledger) -> list[tuple[str, int, date]]:
    return [(entry.kind.value, entry.amount_minor, entry.on) for entry in ledger.money_out()]


def test_return_reopens_the_invoices_and_leaves_the_receipt_in_its_closed_month_and_deposit(ledger: Ledger) -> None:
    before = the_receipt(ledger)

    entry = paid_out(ledger, MoneyOutKind.RETURN, before.id)

    after = the_receipt(ledger)
    assert OWED == is_open(ledger)
    assert (65_000, 0, ()) == (after.amount_minor, after.unapplied_minor, after.lines)
    assert (before.received_on, True, False) == (after.received_on, after.deposited, after.voided)
    assert before.version != after.version
    assert [("return", 65_000, BACK_ON), ("fee", 1_200, BACK_ON)] == entries(ledger)
    assert (before.id, before.customer_id, "USD", "R01", "Dana") == (
        entry.receipt_id,
        entry.customer_id,
        entry.currency,
        entry.memo,
        entry.created.person,
    )
    assert () == ledger.check_books()


def test_every_receipt_asked_about_is_answered(ledger: Ledger) -> None:
    receipt = the_receipt(ledger)
    books = EmbeddedBooks(ledger, ManualClock())
    none: dict[str, list[MoneyOut]] = {receipt.id: [], "R9": []}
    assert none == books.money_out([receipt.id, "R9"])

    entry = paid_out(ledger, MoneyOutKind.CHARGEBACK, receipt.id)

    assert {receipt.id: [entry], "R9": []} == books.money_out([receipt.id, "R9"])


def test_money_cannot_go_out_twice(ledger: Ledger) -> None:
    receipt = the_receipt(ledger)
    paid_out(ledger, MoneyOutKind.RETURN, receipt.id)

    for kind in (MoneyOutKind.RETURN, MoneyOutKind.CHARGEBACK, MoneyOutKind.REFUND):
        with pytest.raises(BooksRefused, match=r"holds 0\.00 USD"):
            paid_out(ledger, kind, receipt.id)
    with pytest.raises(BooksRefused):
        paid_out(ledger, MoneyOutKind.REFUND, receipt.id, amount_minor=1)
    assert OWED == is_open(ledger)


def test_part_of_a_chargeback_takes_unapplied_money_first_and_then_the_last_invoice(ledger: Ledger) -> None:
    paid_out(ledger, MoneyOutKind.CHARGEBACK, the_receipt(ledger).id, amount_minor=12_000)

    assert {"1042": 0, "1043": 7_000} == is_open(ledger)
    assert 0 == the_receipt(ledger).unapplied_minor


def test_refund_pays_unapplied_money_and_only_what_a_person_takes_off_an_invoice(ledger: Ledger) -> None:
    receipt = the_receipt(ledger)
    with pytest.raises(BooksRefused, match=r"50\.00 USD unapplied; 60\.00 USD cannot be refunded"):
        paid_out(ledger, MoneyOutKind.REFUND, receipt.id, amount_minor=6_000)
    invoice_1043 = receipt.lines[1].invoice_id

    paid_out(ledger, MoneyOutKind.REFUND, receipt.id, amount_minor=6_000, off=(ReceiptLine(invoice_1043, 1_000),))

    assert {"1042": 0, "1043": 1_000} == is_open(ledger)
    assert [("refund", 6_000, BACK_ON)] == entries(ledger)
    assert 0 == the_receipt(ledger).unapplied_minor


def test_entry_deleted_gives_its_money_back_to_the_receipt(ledger: Ledger) -> None:
    entry = paid_out(ledger, MoneyOutKind.RETURN, the_receipt(ledger).id)

    gone = ledger.delete_money_out(entry.id, by="Dana")

    assert ("money_out", entry.id) == (gone.kind, gone.id)
    assert 65_000 == the_receipt(ledger).unapplied_minor
    assert [("fee", 1_200, BACK_ON)] == entries(ledger)


@pytest.mark.parametrize("on", [date(2026, 3, 2), date(2026, 3, 4)])
def test_entry_is_dated_after_the_receipt_and_in_an_open_month(ledger: Ledger, on: date) -> None:
    with pytest.raises(BooksRefused):
        paid_out(ledger, MoneyOutKind.RETURN, the_receipt(ledger).id, on)

    assert {"1042": 0, "1043": 0} == is_open(ledger)


def test_receipt_that_was_paid_out_is_neither_voided_nor_deleted_nor_applied_again(ledger: Ledger) -> None:
    receipt = the_receipt(ledger)
    line = (receipt.lines[0].invoice_id, 1)
    paid_out(ledger, MoneyOutKind.RETURN, receipt.id)
    ledger.reopen_period(by="Dana")
    ledger.undo_deposit(receipt.id, by="Dana")

    with pytest.raises(BooksRefused, match="Delete that entry first"):
        ledger.void_receipt(receipt.id, by="Dana")
    with pytest.raises(BooksRefused, match="Delete that entry first"):
        ledger.delete_receipt(receipt.id, by="Dana")
    with pytest.raises(BooksRefused, match=r"more than the receipt's 0\.00 USD"):
        ledger.apply_receipt(receipt.id, [line], by="Dana")


def test_books_of_version_0_1_0_take_a_return(tmp_path: Path) -> None:
    file = tmp_path / "books.sqlite"
    old = sqlite3.connect(file)
    old.executescript((FIXTURES / "books_0_1_0.sql").read_text())
    old.close()
    ledger = Ledger(file, ManualClock(), make=False)
    assert () == ledger.check_books()
    receipt = next(receipt for receipt in ledger.receipts() if receipt.lines and not receipt.voided)

    entry = paid_out(ledger, MoneyOutKind.RETURN, receipt.id, date(2026, 4, 1))

    ledger.close()
    assert entry in Ledger(file, ManualClock(), make=False).money_out()
    assert () == ledger.check_books()
