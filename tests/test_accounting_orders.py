"""What every connector asks of an order: documents as they were read, and the package's own words for the log."""

from __future__ import annotations

import logging

import pytest

from accounting.orders import changed_since, noted
from receivables.books_records import ReceiptLine, by_invoice
from receivables.effects import Order, UnapplyCredit
from receivables.errors import BooksRefused, BooksUnavailable
from receivables.refusal import Refusal

ORDER = Order("effect", "key", "marker", UnapplyCredit("a", "m", "i", 100), {"m": "1", "i": "2"})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"m": "1", "i": "2"}, None),
        ({"m": "1", "i": "3"}, Refusal.STALE),
        ({"m": "1"}, Refusal.DOCUMENT_GONE),
    ],
)
def test_an_order_is_refused_when_a_document_it_rests_on_is_gone_or_changed(
    now: dict[str, str], expected: Refusal | None
) -> None:
    refused = changed_since(ORDER, now.get)
    assert expected == (refused.refusal if refused else None)


def test_several_lines_on_one_invoice_add_up() -> None:
    assert {"1": 30, "2": 5} == by_invoice([ReceiptLine("1", 10), ReceiptLine("2", 5), ReceiptLine("1", 20)])


def test_the_log_has_the_packages_own_code_and_words_of_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    theirs = BooksRefused("The books are closed.", Refusal.PERIOD_CLOSED, "6210", "Closing date for Hooli")
    ours = BooksRefused("The receipt is voided.", Refusal.RECEIPT_VOIDED)
    answers = [theirs, ours, BooksUnavailable("busy")]
    assert answers == noted("QuickBooks Online", answers)
    assert ["QuickBooks Online refused (period_closed): 6210 Closing date for Hooli"] == caplog.messages
