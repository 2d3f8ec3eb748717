"""The search for our markers in QuickBooks: what was mirrored is asked by key, and only what changed since is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from evidence_makers import a_receipt
from quickbooks_answers import calls_to
from quickbooks_scene import house_over_quickbooks
from scene import Scene
from stand_ins.quickbooks import QuickBooks
from stand_ins.quickbooks_side import api_id

from accounting.calling import Calls
from accounting.quickbooks.connector import QuickBooksBooks
from receivables.books_records import UnreadableReceipt
from receivables.effects import ApplyCredit, Dispatch, Order, Written, credit_marker, effect_key, marker, marker_stem
from storage import hand_receipts, mirror
from storage.marks import StoredMarks

STEM = marker_stem("acme", "TXN-1")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Scene, QuickBooks, Calls]]:
    with house_over_quickbooks(tmp_path) as (house, quickbooks):
        calls = calls_to(quickbooks.base_url, house.clock, quickbooks.access)
        yield house, quickbooks, calls
        calls.close()


def another_process(house: Scene, calls: Calls) -> QuickBooksBooks:
    return QuickBooksBooks(calls, house.clock, StoredMarks(house.db, "acme"))


def posted(house: Scene) -> None:
    """A payment whose receipt was posted long ago and mirrored since."""
    house.invoice("1042", house.customer("Hooli"), 50_000)
    house.sync()
    house.pay()
    house.sync()
    house.clock.advance(86_400 * 20)
    house.sync()


def test_new_process_finds_a_mirrored_receipt_without_reading_all_payments(made: tuple[Scene, QuickBooks, Calls]) -> None:
    house, quickbooks, calls = made
    posted(house)
    before = len(quickbooks.asked)

    found = another_process(house, calls).receipts_marked([STEM])[STEM]

    assert ["TXN-1"] == [receipt.reference for receipt in found]
    changed, by_id = quickbooks.asked[before:]
    assert "LastUpdatedTime >= '2026-03-3" in changed  # as of the mirror's cursor, twenty days later
    assert "Id in (" in by_id


def test_new_process_sees_what_came_after_the_mirrors_cursor(made: tuple[Scene, QuickBooks, Calls]) -> None:
    house, _, calls = made
    posted(house)
    (receipt,) = house.ledger.receipts()
    copy = house.ledger.enter_receipt(
        receipt.customer_id, 50_000, "USD", date(2026, 3, 3), by="Dana", lines=(), memo=receipt.memo
    )
    found = another_process(house, calls).receipts_marked([STEM])[STEM]
    assert {api_id(receipt.id), api_id(copy.id)} == {receipt.id for receipt in found}


def test_credit_applied_by_us_long_ago_is_found_by_its_invoice(made: tuple[Scene, QuickBooks, Calls]) -> None:
    house, _, calls = made
    customer = house.customer("Hooli")
    bill = house.invoice("1042", customer, 50_000)
    credit = house.ledger.add_credit_memo("CM-1", customer.id, 12_000, "USD", date(2026, 3, 4), by="Dana")
    key = effect_key("acme", "TXN-1", "apply/1", 0)
    write = ApplyCredit(api_id(credit.id), api_id(bill.id), 12_000)
    order = Order(f"effect-{key}", key, credit_marker(key), write)
    (done,) = house.desk.books.write(Dispatch("d", (order,), house.clock.monotonic() + 30))
    house.clock.advance(86_400 * 20)
    house.sync()

    (traces,) = another_process(house, calls).look([order])

    assert isinstance(done, Written)
    assert [done.document_id] == [trace.document_id for trace in traces]


def test_index_knows_a_memo_with_several_markers_and_a_receipt_that_could_not_be_read_whole(
    made: tuple[Scene, QuickBooks, Calls],
) -> None:
    house, _, _ = made
    house.sync()
    others = [marker("acme", number, 1, 0) for number in ("TXN-1", "TXN-2", "TXN-3")]
    with house.desk.work() as work:
        mirror.take_over(work, [a_receipt(id="51", memo=f"{others[0]} {others[1]}"), a_receipt(id="52", memo=others[1])], ())
        hand_receipts.remember_unreadable(work, [UnreadableReceipt("53", "7", (f"{others[2]} by hand",), "no amount")])

    _, found = StoredMarks(house.db, "acme").carrying([STEM, *(marker_stem("acme", number) for number in ("TXN-2", "TXN-3"))])

    assert [{"51"}, {"51", "52"}, {"51", "53"}] == list(found.values())
