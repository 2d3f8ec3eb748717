"""What the QuickBooks connector makes of single answers: recorded ones, in front of the real HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from makers import ManualClock
from quickbooks_answers import Recorded, a_fault, a_line, a_payment_in_books, an_invoice, found, meta, recorded_quickbooks

from accounting.quickbooks.connector import QuickBooksBooks
from receivables.books_records import Gone, Invoice
from receivables.effects import Dispatch, Order, ReceiptWrite, Verdict, Written, classify, marker
from receivables.errors import AccessLost, BooksRefused, BooksUnavailable, OutcomeUnknown, Throttled

Peer = tuple[QuickBooksBooks, Recorded]
DELETED = ("Object Not Found", "Object Not Found : Another user has deleted this transaction.")
NEVER_WAS = ("Object Not Found", "Object Not Found : Something you're trying to use has been made inactive. Check the fields.")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def peer(clock: ManualClock) -> Iterator[Peer]:
    with recorded_quickbooks(clock) as made:
        yield made


def an_order(transaction: str = "TXN-1", amount_minor: int = 50_000) -> Order:
    write = ReceiptWrite("7", "USD", amount_minor, date(2026, 3, 10), "card", transaction, f"Portal payment {transaction}", "")
    return Order(f"effect-{transaction}", f"key-{transaction}", marker("acme", transaction, 1, 0), write)


def a_dispatch(*orders: Order) -> Dispatch:
    return Dispatch("dispatch-1", orders, ManualClock().monotonic() + 30)


def entered(order: Order, id: str = "5") -> dict[str, object]:
    assert isinstance(order.write, ReceiptWrite)
    return a_payment_in_books(id, total=order.write.amount_minor / 100, PrivateNote=f"{order.marker} x", UnappliedAmt=500)


def test_document_left_out_of_a_query_and_said_to_be_deleted_is_gone(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(found("Invoice", an_invoice("1")))
    recorded.answer(a_fault("610", *DELETED), status=400)
    recorded.answer(a_fault("610", *NEVER_WAS), status=400)

    invoices = books.invoices(["1", "2", "3"])

    assert [Invoice, Gone, Gone] == [type(invoices[invoice_id]) for invoice_id in ("1", "2", "3")]
    assert ["query", "invoice/2", "invoice/3"] == [call.path for call in recorded.asked]
    assert {"75"} == {call.params["minorversion"] for call in recorded.asked}


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (400, a_fault("6000", "A business validation error", "something else"), BooksRefused),
        (400, a_fault("500", "Object Not Found", kind="SystemFault"), BooksUnavailable),
        (404, None, BooksUnavailable),
        (500, None, BooksUnavailable),
        (503, a_fault("610", *DELETED), BooksUnavailable),
        (403, a_fault("3100", "ApplicationAuthorizationFailed", kind="AuthorizationFault"), AccessLost),
        (200, {"time": "2026-03-10T08:00:00-07:00"}, BooksUnavailable),
        (200, {"Invoice": None}, BooksUnavailable),
        (400, {"Invoice": an_invoice("2")}, BooksUnavailable),
    ],
)
def test_failed_read_is_never_a_deletion(peer: Peer, status: int, body: object, raised: type[Exception]) -> None:
    books, recorded = peer
    recorded.answer(found("Invoice"))
    recorded.answer(body, status=status, times=3)
    with pytest.raises(raised):
        books.invoices(["2"])


def test_failed_query_raises_instead_of_leaving_documents_out(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(
        {"Fault": {"Error": [{"code": "003001", "Message": "ThrottleExceeded"}], "type": "ValidationFault"}}, status=400
    )
    with pytest.raises(Throttled) as waited:
        books.invoices(["2"])
    assert 60.0 == waited.value.retry_after_seconds


def test_batch_is_answered_item_by_item_and_what_it_does_not_mention_is_unknown(peer: Peer) -> None:
    books, recorded = peer
    orders = [an_order(f"TXN-{number}") for number in range(1, 8)]
    recorded.answer(
        {
            "BatchItemResponse": [
                {"bId": "1", "Payment": entered(orders[0], "51")},
                {"bId": "2", **a_fault("6210", "Account Period Closed", "for customer Hooli")},
                {"bId": "4", **a_fault("10000", "An application error has occurred", kind="SystemFault")},
                {"bId": "5", **a_fault("003001", "ThrottleExceeded")},
                {"bId": "6", "Payment": entered(orders[0], "56")},
                {"bId": "7", "Payment": entered(orders[6], "57")},
                {"bId": "7", "Payment": entered(orders[6], "58")},
            ]
        }
    )

    answers = books.write(a_dispatch(*orders))

    verdicts = [classify(answer).verdict for answer in answers]
    unknown = Verdict.UNKNOWN
    assert [Verdict.DONE, Verdict.REFUSED, unknown, unknown, Verdict.AGAIN, unknown, unknown] == verdicts
    assert Written("51", "0", "tid-1") == answers[0]
    refusal = answers[1]
    assert isinstance(refusal, BooksRefused)
    assert "period_closed" == refusal.refusal
    assert "Hooli" not in refusal.message
    assert "Hooli" in refusal.vendor_detail
    assert "tid-1" in refusal.vendor_detail
    (asked,) = recorded.asked
    assert ("POST", "batch", "dispatch-1") == (asked.method, asked.path, asked.params["requestid"])


@pytest.mark.parametrize(
    ("status", "body"), [(400, None), (408, None), (400, {}), (200, {}), (200, {"BatchItemResponse": "x"}), (200, [])]
)
def test_answer_nobody_understands_leaves_every_order_unknown(peer: Peer, status: int, body: object) -> None:
    books, recorded = peer
    recorded.answer(body, status=status)
    try:
        answers = list(books.write(a_dispatch(an_order("TXN-1"), an_order("TXN-2"))))
    except OutcomeUnknown as unknown:
        answers = [unknown, unknown]
    assert [Verdict.UNKNOWN] * 2 == [classify(answer).verdict for answer in answers]


def test_batch_refused_as_known_already_leaves_its_orders_to_be_looked_for(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(a_fault("600", "Duplicate Request ID"), status=400)
    with pytest.raises(OutcomeUnknown):
        books.write(a_dispatch(an_order("TXN-1"), an_order("TXN-2")))


def test_answer_about_another_payment_is_no_answer_to_this_one(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer({"Payment": entered(an_order("TXN-2"))})
    (answer,) = books.write(a_dispatch(an_order("TXN-1")))
    assert isinstance(answer, OutcomeUnknown)


def test_known_request_is_adopted_when_the_receipt_is_there_and_unknown_when_it_is_not(peer: Peer) -> None:
    books, recorded = peer
    order = an_order()
    recorded.answer(a_fault("600", "Duplicate Request ID"), status=400)
    recorded.answer(found("Payment", entered(order)), times=3)  # searched, looked at, compared
    assert [Written("5", "0")] == list(books.write(a_dispatch(order)))

    recorded.answer(a_fault("600", "Duplicate Request ID"), status=400)
    recorded.answer(found("Payment"), times=2)
    recorded.answer(a_fault("610", *DELETED), status=400)
    (answer,) = books.write(a_dispatch(order))
    assert isinstance(answer, OutcomeUnknown)


def test_what_was_made_inactive_is_found_out_by_reading(peer: Peer) -> None:
    books, recorded = peer
    customer = {"Id": "7", "SyncToken": "1", "DisplayName": "Hooli", "Active": False, "MetaData": meta()}
    recorded.answer(a_fault("610", *NEVER_WAS), status=400)
    recorded.answer(found("Customer", customer))
    (answer,) = books.write(a_dispatch(an_order()))
    assert isinstance(answer, BooksRefused)
    assert "customer_inactive" == answer.refusal
    assert "Active in (true, false)" in recorded.queries()[0]


def test_refusal_stays_vague_when_reading_does_not_explain_it(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(a_fault("610", *NEVER_WAS), status=400)
    recorded.answer(None, status=500, times=3)
    (answer,) = books.write(a_dispatch(an_order()))
    assert isinstance(answer, BooksRefused)
    assert "reference_inactive" == answer.refusal


def test_pages_begin_where_the_last_one_ended_and_a_full_second_is_paged_by_position(peer: Peer) -> None:
    books, recorded = peer
    one_second = [a_payment_in_books(str(id), MetaData=meta("2026-03-10T08:00:01-07:00")) for id in range(1000)]
    recorded.answer(found("Payment", *one_second))
    recorded.answer(found("Payment", *one_second))
    recorded.answer(found("Payment", a_payment_in_books("2000", MetaData=meta("2026-03-10T08:00:02-07:00"))))

    receipts = books.receipts_of(["7"], date(2026, 3, 1))

    assert 1001 == len({receipt.id for receipt in receipts}) == len(receipts)
    bounds = ["LastUpdatedTime >=" in query for query in recorded.queries()]
    assert [False, True, True] == bounds
    assert ["startposition 1 ", "startposition 1 ", "startposition 901 "] == [
        next(words for words in ("startposition 1 ", "startposition 901 ") if words in query) for query in recorded.queries()
    ]


def test_apostrophe_in_a_number_is_escaped(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(found("Invoice"))
    assert [] == list(books.invoices_numbered(["10'42", "a\\b"]))
    assert r"DocNumber in ('10\'42', 'a\\b')" in recorded.queries()[0]


AT = "2026-03-10T08:00:00-07:00"


def mirrored(peer: Peer) -> str:
    """The cursor after a first mirror of empty books, and the feed asked once."""
    books, recorded = peer
    recorded.answer(found("Customer"), times=4)
    recorded.answer({"CDCResponse": [{"QueryResponse": [{}]}], "time": AT})
    page = books.changes("")
    while page.more:
        page = books.changes(page.cursor)
    return page.cursor


def feed_of(*invoices: object) -> dict[str, object]:
    return {"CDCResponse": [{"QueryResponse": [{"Invoice": list(invoices)}]}], "time": AT}


def test_change_feed_that_is_full_is_read_by_queries_instead(peer: Peer) -> None:
    books, recorded = peer
    cursor = mirrored(peer)
    stub = {"Id": "9", "status": "Deleted", "domain": "QBO", "MetaData": {"LastUpdatedTime": AT}}
    recorded.answer(feed_of(*(an_invoice(str(id)) for id in range(1000))))
    recorded.answer(feed_of())  # of customers alone, then of invoices: there is room for what was deleted
    recorded.answer(feed_of(*(an_invoice(str(id)) for id in range(999)), stub))
    recorded.answer(feed_of(), times=2)

    first = books.changes(cursor)
    recorded.answer(found("Customer"))
    books.changes(first.cursor)

    assert ([], ["9"], True) == (list(first.documents), [tombstone.id for tombstone in first.gone], first.more)
    assert "select * from Customer" in recorded.queries()[-1]
    assert "LastUpdatedTime >= '2026-03-10T14:55:00Z'" in recorded.queries()[-1]


def test_change_feed_that_stays_full_ends_for_this_sync(peer: Peer) -> None:
    """A thousand receipts of our own in the last minutes must not make one sync page for ever."""
    books, recorded = peer
    busy = [an_invoice(str(id)) for id in range(1000)]
    cursor = mirrored(peer)
    recorded.answer(feed_of(*busy))
    recorded.answer(feed_of(), times=4)
    page = books.changes(cursor)
    recorded.answer(found("Customer"))
    recorded.answer(found("Invoice", *busy[:400]))
    recorded.answer(found("Invoice", *busy[200:600]))
    recorded.answer(found("Invoice", *busy[400:410]))
    recorded.answer(found("CreditMemo"))
    recorded.answer(found("Payment"))
    recorded.answer({**feed_of(*busy), "time": "2026-03-10T08:04:00-07:00"}, times=2)
    seen = [getattr(document, "id", "") for document in page.documents]
    asked_before = len(recorded.asked)
    while page.more:
        page = books.changes(page.cursor)
        seen += [getattr(document, "id", "") for document in page.documents]
    assert 1000 == len(seen) == len(set(seen))
    assert ["query"] * 6 + ["cdc"] == [call.path for call in recorded.asked[asked_before:]]
    recorded.answer(feed_of(), times=4)
    books.changes(page.cursor)
    assert {"2026-03-10T14:55:00Z"} == {call.params["changedSince"] for call in recorded.asked if call.path == "cdc"}


def test_many_changes_at_once_are_handed_on_in_pages_each_document_once(peer: Peer) -> None:
    books, recorded = peer
    cursor = mirrored(peer)
    recorded.answer(feed_of(*(an_invoice(str(id)) for id in range(900))), times=4)

    pages = [books.changes(cursor)]
    for _ in range(3):
        pages.append(books.changes(pages[-1].cursor))

    assert [(400, True), (400, True), (100, False), (0, False)] == [(len(page.documents), page.more) for page in pages]
    assert 900 == len({getattr(document, "id", "") for page in pages for document in page.documents})


def test_refusals_of_one_cause_are_explained_by_the_same_few_reads(peer: Peer) -> None:
    books, recorded = peer
    orders = [an_order(f"TXN-{number}") for number in range(3)]
    customer = {"Id": "7", "SyncToken": "1", "DisplayName": "Hooli", "Active": False, "MetaData": meta()}
    items = [{"bId": str(place), **a_fault("2500", "Invalid Reference Id")} for place in (1, 2, 3)]
    recorded.answer({"BatchItemResponse": items})
    recorded.answer(found("Customer", customer))
    answers = books.write(a_dispatch(*orders))
    assert ["customer_inactive"] * 3 == [getattr(answer, "refusal", "") for answer in answers]
    assert ["batch", "query"] == [call.path for call in recorded.asked]


def test_credit_memo_nobody_understands_does_not_stop_the_others(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(found("Customer"), times=2)
    cursor = books.changes(books.changes("").cursor).cursor
    recorded.answer(found("CreditMemo", an_invoice("1"), an_invoice("2", total=10.005), an_invoice("3")))
    assert ["1", "3"] == [getattr(document, "id", "") for document in books.changes(cursor).documents]


def test_refused_read_stops_the_mirror_instead_of_leaving_credit_memos_out(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(found("Customer"), times=2)
    cursor = books.changes(books.changes("").cursor).cursor
    recorded.answer(found("CreditMemo", an_invoice("1", balance=400.0)))
    recorded.answer(a_fault("4000", "Error parsing query"), status=400)
    with pytest.raises(BooksRefused):
        books.changes(cursor)


def test_cursor_older_than_the_feed_reaches_is_read_by_queries(peer: Peer, clock: ManualClock) -> None:
    books, recorded = peer
    cursor = mirrored(peer)
    clock.advance(28 * 86_400)
    recorded.answer({"CDCResponse": [{"QueryResponse": [{}]}]})
    assert not books.changes(cursor).more
    clock.advance(2 * 86_400)
    recorded.answer(found("Customer"))
    assert books.changes(cursor).more
    assert ["cdc", "query"] == [call.path for call in recorded.asked[-2:]]


def test_document_nobody_understands_does_not_stop_the_others(peer: Peer) -> None:
    books, recorded = peer
    recorded.answer(found("Customer"))
    cursor = books.changes("").cursor
    poison = an_invoice("2", total=10.005)
    recorded.answer(found("Invoice", an_invoice("1"), poison, an_invoice("3")))

    page = books.changes(cursor)

    assert ["1", "3"] == [getattr(document, "id", "") for document in page.documents]
    recorded.answer(found("Invoice", poison))
    with pytest.raises(BooksRefused) as refusal:
        books.invoices(["2"])
    assert "unreadable" == refusal.value.refusal


def test_cursor_of_another_package_begins_from_the_beginning(peer: Peer) -> None:
    books, recorded = peer
    for text in ("250", "not json", '{"entity": 1}'):
        recorded.answer(found("Customer"))
        assert books.changes(text).more
    assert ["where Active in (true, false)"] * 3 == [query[23:52] for query in recorded.queries()]


def test_home_currency_is_asked_for_once_and_only_where_documents_do_not_name_theirs(peer: Peer) -> None:
    books, recorded = peer
    nameless = {name: value for name, value in an_invoice("1").items() if name != "CurrencyRef"}
    recorded.answer(found("Invoice", an_invoice("1")))
    books.invoices(["1"])
    assert ["query"] == [call.path for call in recorded.asked]
    recorded.answer(found("Invoice", nameless))
    recorded.answer({"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "JPY"}}}})
    recorded.answer(found("Invoice", nameless))
    for _ in range(2):
        invoice = books.invoices(["1"])["1"]
        assert isinstance(invoice, Invoice)
        assert ("JPY", 500) == (invoice.currency, invoice.total_minor)
    assert ["query", "query", "preferences", "query"] == [call.path for call in recorded.asked]


def test_credits_are_read_from_all_payments_of_the_customer_where_links_do_not_add_up(peer: Peer) -> None:
    books, recorded = peer
    memo = {**an_invoice("20", number="CM-1", total=120.0, balance=20.0), "LinkedTxn": [{"TxnId": "5", "TxnType": "Payment"}]}
    first = a_payment_in_books("5", total=0, Line=[a_line("Invoice", "1", 60), a_line("CreditMemo", "20", 60)])
    second = a_payment_in_books("6", total=0, Line=[a_line("Invoice", "2", 40), a_line("CreditMemo", "20", 40)])
    recorded.answer(found("CreditMemo", memo))
    recorded.answer(found("Payment", first))
    recorded.answer(found("Payment", first, second))

    (found_memo,) = books.credit_memos(["20"]).values()

    assert not isinstance(found_memo, Gone)
    told = [(application.id, application.invoice_id, application.amount_minor) for application in found_memo.applications]
    assert [("5-20-1", "1", 6_000), ("6-20-2", "2", 4_000)] == told
    assert "CustomerRef in ('7')" in recorded.queries()[2]
