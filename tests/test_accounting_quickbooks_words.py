"""QuickBooks' words and figures turned into ours and back, without a call: faults, documents, lines and what is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st
from quickbooks_answers import a_fault, a_line, a_payment_in_books, an_invoice, meta

from accounting.quickbooks import documents, faults, fields, writes
from accounting.quickbooks.fields import Json
from accounting.quickbooks.writes import Before, Request
from receivables.books_records import InvoiceStatus, ReceiptLine
from receivables.effects import Order, ReceiptWrite, UnapplyCredit, Verdict, classify, marker, markers_in
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown, Throttled
from receivables.refusal import UNEXPLAINED

SECRET = "Hooli owes 500.00, see Invoice 1042"
DELETED = "Object Not Found : Another user has deleted this transaction."
REMOVED = "Object Not Found : Something you're trying to use has been deleted. Check the fields with accounts, customers, items"
INACTIVE = "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers"
REFUSALS = [
    ("610", DELETED, "document_gone"),
    ("610", REMOVED, "reference_gone"),
    ("610", INACTIVE, "reference_inactive"),
    ("00610", DELETED, "document_gone"),
    ("2500", "Invalid Reference Id : Accounts element id 99 not found", "account_inactive"),
    ("2500", "Invalid Reference Id : Names element id 99 not found", "reference_inactive"),
    ("620", "Transaction ID cannot be linked", "not_linkable"),
    ("600", "Duplicate Request ID", "duplicate_request"),
    ("5010", "Stale Object Error : You and Dana were working on this at the same time.", "stale"),
    ("6000", "Business Validation Error: This transaction is matched to a downloaded transaction.", "receipt_deposited"),
    ("6000", "Business Validation Error: The account period has closed.", "period_closed"),
    ("6000", "Business Validation Error: The transaction's currency differs from the customer's.", "currency_mismatch"),
    ("6000", "Business Validation Error: The selected account is inactive.", "account_inactive"),
    ("6000", "Business Validation Error: Both must be of the same customer.", "customer_mismatch"),
    ("6000", "Business Validation Error: You must set a transaction amount.", "invalid"),
    ("6000", "Business Validation Error: Sales tax could not be computed.", "invalid"),
    ("6140", "Duplicate Document Number Error : You must specify a different number.", "duplicate_reference"),
    ("6210", "Account Period Closed, Cannot Update Through Services API", "period_closed"),
    ("6240", "Duplicate Name Exists Error", "duplicate_name"),
    ("6540", "Deposited Transaction cannot be changed", "receipt_deposited"),
    ("5020", "Permission Denied", "permission_missing"),
    ("5030", "Feature Not Supported", "permission_missing"),
    ("8888", "Something nobody has seen yet", "invalid"),
]
OTHERS: list[tuple[str, str, type[BooksError]]] = [
    ("003001", "THROTTLE", Throttled),
    ("3001", "ValidationFault", Throttled),
    ("429", "ValidationFault", Throttled),
    ("120", "AuthorizationFault", AccessLost),
    ("3100", "AuthorizationFault", AccessLost),
    ("3200", "AUTHENTICATION", AccessLost),
    ("invalid_grant", "", AccessLost),
    ("6190", "ValidationFault", AccessLost),
]


@pytest.mark.parametrize(("code", "detail", "word"), REFUSALS)
def test_fault_has_one_word_for_reads_and_writes_and_is_quoted_only_where_no_cause_explains_it(
    code: str, detail: str, word: str
) -> None:
    fault = faults.fault_in(a_fault(code, "In Intuit's words", f"{detail} {SECRET}"))
    for refusal in (faults.of_write(fault, 400, "tid-9"), faults.of_read(fault, 400, "tid-9")):
        assert isinstance(refusal, BooksRefused)
        assert (word, code.lstrip("0")) == (refusal.refusal, refusal.vendor_code)
        assert SECRET in refusal.vendor_detail
        assert "tid-9" in refusal.vendor_detail
        assert (refusal.refusal in UNEXPLAINED) == (f'QuickBooks says: "{detail} {SECRET}."' in refusal.message)
        assert (refusal.refusal in UNEXPLAINED) == ("Hooli" in refusal.message)
        assert "Intuit" not in refusal.message
        assert Verdict.REFUSED == classify(refusal).verdict


@pytest.mark.parametrize(("code", "kind", "error"), OTHERS)
def test_fault_of_the_connection_is_never_a_refusal(code: str, kind: str, error: type[BooksError]) -> None:
    fault = faults.fault_in(a_fault(code, "x", kind=kind))
    assert error is type(faults.of_write(fault, 400, "")) is type(faults.of_read(fault, 400, ""))


PASSING = "An unexpected error occurred while accessing or saving your data. Please wait a few minutes and try again."


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("6000", f"Business Validation Error: {PASSING}"),
        ("6000", "Business Validation Error: Unexpected Internal Error. (-30003)"),
        ("-30003", "x"),
        ("10000", "An application error has occurred while processing your request"),
    ],
)
def test_trouble_of_quickbooks_own_is_looked_for_before_the_same_write_is_sent_again(code: str, detail: str) -> None:
    fault = faults.fault_in(a_fault(code, "A business validation error has occurred", detail))
    assert (OutcomeUnknown, BooksUnavailable) == (type(faults.of_write(fault, 400, "")), type(faults.of_read(fault, 400, "")))


@pytest.mark.parametrize("said", ["Your changes were not saved. Try again later.", "The company is being restored."])
def test_fault_that_says_nothing_was_saved_is_simply_tried_again(said: str) -> None:
    fault = faults.fault_in(a_fault("6000", "A business validation error has occurred", f"Business Validation Error: {said}"))
    assert Verdict.AGAIN == classify(faults.of_write(fault, 400, "")).verdict
    assert isinstance(faults.of_read(fault, 400, ""), BooksUnavailable)


@pytest.mark.parametrize("kind", ["SystemFault", "SERVICE", "", "SomethingNew"])
def test_fault_of_an_unknown_kind_leaves_a_write_unknown_and_a_read_unanswered(kind: str) -> None:
    fault = faults.fault_in(a_fault("10000", "An application error has occurred", kind=kind))
    assert isinstance(faults.of_write(fault, 400, ""), OutcomeUnknown)
    assert isinstance(faults.of_read(fault, 400, ""), BooksUnavailable)


def test_fault_in_lower_case_is_read_too() -> None:
    body = {"fault": {"error": [{"message": "AuthenticationFailed", "detail": "", "code": "3200"}], "type": "AUTHENTICATION"}}
    assert isinstance(faults.of_write(faults.fault_in(body), 401, ""), AccessLost)


def test_second_error_of_a_fault_counts_where_the_first_says_nothing() -> None:
    fault = a_fault("8888", "x")
    fault["Fault"]["Error"].append({"Message": "x", "Detail": "", "code": "6210"})  # type: ignore[index]
    refusal = faults.of_write(faults.fault_in(fault), 400, "")
    assert isinstance(refusal, BooksRefused)
    assert "period_closed" == refusal.refusal


@pytest.mark.parametrize("body", [None, [], "x", {}, {"Fault": None}, {"Fault": {"Error": "x"}}, {"Fault": {"Error": [1]}}])
def test_answer_without_a_readable_fault_leaves_a_write_unknown(body: object) -> None:
    assert isinstance(faults.of_write(faults.fault_in(body), 400, ""), OutcomeUnknown)


def as_sent(document: object) -> Json:
    """The document as it comes out of an answer: numbers with decimals are Decimal."""
    sent: Json = simplejson.loads(simplejson.dumps(document, use_decimal=True), use_decimal=True)
    return sent


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, InvoiceStatus.OPEN),
        ({"Balance": 0}, InvoiceStatus.PAID),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided - by hand"}, InvoiceStatus.VOIDED),
        ({"TotalAmt": 0, "Balance": 0}, InvoiceStatus.PAID),
        ({"PrivateNote": "Voided cheque attached"}, InvoiceStatus.OPEN),
        ({"status": "Draft"}, InvoiceStatus.DRAFT),
    ],
)
def test_state_of_an_invoice(more: dict[str, object], status: InvoiceStatus) -> None:
    assert status is documents.invoice(as_sent({**an_invoice(), **more})).status


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("USD", Decimal("10.01"), 1001), ("USD", 10, 1000), ("JPY", Decimal("500"), 500), ("KWD", Decimal("1.005"), 1005)],
)
def test_amounts_are_exact_in_both_directions(currency: str, amount: Decimal | int, minor: int) -> None:
    assert minor == fields.minor({"TotalAmt": amount}, "TotalAmt", currency)
    assert amount == fields.amount(minor, currency)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("USD", Decimal("10.005")), ("JPY", Decimal("0.5")), ("XXX", 1), ("USD", "10"), ("USD", True), ("USD", Decimal("NaN"))],
)
def test_amount_that_is_none_is_refused_and_never_rounded(currency: str, amount: object) -> None:
    with pytest.raises(BooksRefused) as refusal:
        fields.minor({"Id": "1", "TotalAmt": amount}, "TotalAmt", currency)
    assert "unreadable" == refusal.value.refusal


def test_moments_are_utc_and_who_is_told_where_it_is_said() -> None:
    said = {**meta("2026-03-10T08:00:00-07:00"), "CreatedByRef": {"value": "11", "name": "Dana"}}
    found = documents.invoice(as_sent(an_invoice(MetaData=said)))
    assert datetime(2026, 3, 10, 15, tzinfo=UTC) == found.changed.at
    assert ("Dana", "") == (found.created.person, found.changed.person)
    modified = {**meta(), "LastModifiedByRef": {"value": "12"}}
    assert "12" == documents.invoice(as_sent(an_invoice(MetaData=modified))).created.person
    assert "" == documents.invoice(as_sent(an_invoice(MetaData=modified, SyncToken="1"))).created.person


def test_receipt_in_a_deposit_says_so_and_a_credit_link_is_no_receipt() -> None:
    deposited = a_payment_in_books(LinkedTxn=[{"TxnId": "9", "TxnType": "Deposit"}])
    assert documents.receipt(as_sent(deposited)).deposited
    assert not documents.receipt(as_sent(a_payment_in_books())).deposited
    link = as_sent(a_payment_in_books(total=0, Line=[a_line("Invoice", "1", 5), a_line("CreditMemo", "2", 5)]))
    voided = as_sent(a_payment_in_books(total=0, PrivateNote="Voided - rn-x"))
    assert [(True, False), (False, False)] == [
        (documents.is_credit_link(payment), documents.is_receipt(payment)) for payment in (link, voided)
    ]
    assert documents.receipt(voided).voided


def test_money_on_an_invoice_is_never_more_than_the_receipt_has() -> None:
    lines = [a_line("Invoice", "1", 150), a_line("JournalEntry", "8", 50)]
    receipt = documents.receipt(as_sent(a_payment_in_books(total=100.0, Line=lines)))
    assert (10_000, 0, (ReceiptLine("1", 10_000),)) == (receipt.amount_minor, receipt.unapplied_minor, receipt.lines)


def test_what_is_applied_to_an_entry_is_not_unapplied_where_quickbooks_leaves_the_figure_out() -> None:
    payment = a_payment_in_books(Line=[a_line("Invoice", "1", 300), a_line("JournalEntry", "8", 150)])
    credited = a_payment_in_books(total=100.0, Line=[a_line("Invoice", "1", 150), a_line("JournalEntry", "8", 50)])
    del payment["UnappliedAmt"], credited["UnappliedAmt"]
    assert [5_000, 0] == [documents.receipt(as_sent(of)).unapplied_minor for of in (payment, credited)]


def test_the_day_an_invoice_is_due_is_read_where_it_is_told() -> None:
    told = [documents.invoice(as_sent({**an_invoice(), **more})).due_on for more in ({"DueDate": "2026-04-09"}, {})]
    assert [date(2026, 4, 9), None] == told


def test_unapplied_rest_is_counted_where_quickbooks_leaves_it_out() -> None:
    payment = a_payment_in_books(Line=[a_line("Invoice", "1", 300)])
    del payment["UnappliedAmt"]
    assert 20_000 == documents.receipt(as_sent(payment)).unapplied_minor


@st.composite
def mixed_payments(draw: st.DrawFn) -> tuple[Json, int]:
    """A Payment that applies some credits, and perhaps money, to some invoices, its lines in any order."""
    credits = draw(st.lists(st.integers(1, 300), min_size=1, max_size=3))
    money = draw(st.integers(0, 300))
    invoices: list[int] = []
    left = sum(credits) + money
    while left:
        invoices.append(draw(st.integers(1, left)) if len(invoices) < 2 else left)
        left -= invoices[-1]
    lines = [a_line("Invoice", str(9 + place), float(amount)) for place, amount in enumerate(invoices)]
    lines += [a_line("CreditMemo", str(99 + place), float(amount)) for place, amount in enumerate(credits)]
    lines = draw(st.permutations(lines))
    return as_sent(a_payment_in_books(total=float(money), Line=list(lines))), money


@given(mixed_payments(), st.data())
def test_taking_a_pair_off_leaves_every_other_pair_and_the_money_as_they_were(
    made: tuple[Json, int], data: st.DataObject
) -> None:
    payment, money = made
    pairs = documents.pairs_in(payment)
    before = documents.money_lines(payment)
    assert money * 100 == sum(line.amount_minor for line in before)
    taken = data.draw(st.sampled_from(pairs))
    application = documents.application_id("5", taken.credit_memo_id, taken.invoice_id)
    write = UnapplyCredit(application, taken.credit_memo_id, taken.invoice_id, taken.amount_minor)
    request = writes.prepare(an_order(write), Before(payments={"5": payment}))

    assert isinstance(request, Request)
    if request.operation == "delete":
        assert ((taken,), 0) == (pairs, money)
        assert {"Id": "5", "SyncToken": "0"} == request.payment
        return
    after = {**payment, "Line": request.payment["Line"]}
    assert set(pairs) - {taken} == set(documents.pairs_in(after))
    assert set(before) == set(documents.money_lines(after))


def an_order(write: ReceiptWrite | UnapplyCredit) -> Order:
    return Order("effect-1", "key-1", marker("acme", "TXN-1", 1, 0), write)


WRITE = ReceiptWrite("7", "USD", 50_000, date(2026, 3, 10), "card", "TXN-1", "Portal payment TXN-1", "")


def created(write: ReceiptWrite, before: Before | None = None) -> dict[str, object]:
    request = writes.prepare(an_order(write), before or Before())
    assert isinstance(request, Request)
    assert "create" == request.operation
    return request.payment


def test_receipt_is_sent_as_intuit_describes_it() -> None:
    sent = created(replace(WRITE, lines=(ReceiptLine("1", 30_001),), reference="R" * 30))
    order = an_order(WRITE)
    assert {
        "CustomerRef": {"value": "7"},
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": Decimal("500.00"),
        "TxnDate": "2026-03-10",
        "PaymentRefNum": "R" * 21,
        "PrivateNote": f"{order.marker} Portal payment TXN-1",
        "Line": [{"Amount": Decimal("300.01"), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}],
    } == sent


def test_note_is_cut_at_its_end_and_never_in_the_marker() -> None:
    note = created(replace(WRITE, memo="x" * 5000))["PrivateNote"]
    assert isinstance(note, str)
    assert 4000 == len(note)
    assert (an_order(WRITE).marker,) == markers_in(note)


def test_whole_payment_is_sent_back_without_what_would_charge_a_card() -> None:
    payment = as_sent(
        a_payment_in_books(
            total=100.0,
            ProcessPayment=True,
            PrivateNote="kept",
            PaymentRefNum="77",
            Line=[a_line("Invoice", "1", 150), a_line("CreditMemo", "2", 50)],
        )
    )
    write = UnapplyCredit("5-2-1", "2", "1", 5_000)
    request = writes.prepare(an_order(write), Before(payments={"5": payment}))
    assert isinstance(request, Request)
    assert ("update", False) == (request.operation, request.payment["sparse"])
    assert {"PrivateNote": "kept", "PaymentRefNum": "77", "SyncToken": "0", "Id": "5"}.items() <= request.payment.items()
    assert not {"ProcessPayment", "UnappliedAmt", "MetaData"} & set(request.payment)
    assert [a_line("Invoice", "1", 100)] == request.payment["Line"]


@pytest.mark.parametrize("application", ["A1005", "5", "5-2-9", "5-9-1"])
def test_application_that_is_not_the_one_meant_is_never_taken_for_one_taken_off(application: str) -> None:
    answer = writes.prepare(an_order(UnapplyCredit(application, "2", "1", 5_000)), Before())
    assert isinstance(answer, BooksRefused)
    assert "stale" == answer.refusal


def a_customer(shown: str, full: str, *, active: bool = True, parent: str = "") -> Json:
    below = {"ParentRef": {"value": parent}} if parent else {}
    names = {"DisplayName": shown, "FullyQualifiedName": full}
    return as_sent({"Id": "7", "SyncToken": "3", **names, "Active": active, "MetaData": meta(), **below})


@pytest.mark.parametrize(
    ("shown", "full", "active", "parent", "name", "full_name"),
    [
        ("Hooli", "Hooli", True, "", "Hooli", ""),
        ("West", "Hooli:West", True, "6", "West", "Hooli:West"),
        ("Hooli (deleted)", "Hooli (deleted)", False, "", "Hooli", ""),
        ("Hooli (deleted 2)", "Hooli (deleted 2)", False, "", "Hooli", ""),
        ("West (deleted)", "Hooli (deleted):West (deleted)", False, "6", "West", "Hooli:West"),
        ("Records (deleted)", "Records (deleted)", True, "", "Records (deleted)", ""),
        ("Hooli (deleted) Ltd", "Hooli (deleted) Ltd", False, "", "Hooli (deleted) Ltd", ""),
        ("", "Hooli:West", True, "6", "Hooli:West", "Hooli:West"),
    ],
)
def test_customer_keeps_its_own_name_and_its_place_in_its_family(
    shown: str, full: str, active: bool, parent: str, name: str, full_name: str
) -> None:
    customer = documents.customer(a_customer(shown, full, active=active, parent=parent))
    assert (name, full_name, parent, active) == (customer.name, customer.full_name, customer.parent_id, customer.active)


@pytest.mark.parametrize(
    ("note", "booked", "told"),
    [
        ("rn-abcdefghijklmnop.1.0 Exchange rate 1.0845: Portal payment", "1.08450", ("", "")),
        ("rn-abcdefghijklmnop.1.0 Exchange rate 1.0845: Portal payment", "1", ("1.0845", "1")),
        ("rn-abcdefghijklmnop.1.0 Exchange rate 110: Portal payment", "111.5", ("110", "111.5")),
        ("rn-abcdefghijklmnop.1.0 Portal payment", "1", ("", "")),  # in the home currency, or of an earlier version
        ("Exchange rate 1.0845: a note of Dana's", "1", ("", "")),
        ("rn-abcdefghijklmnop.1.0 Exchange rate 1.0845: Portal payment", None, ("", "")),
    ],
)
def test_rate_at_which_it_is_booked_is_compared_with_the_one_sent(note: str, booked: str | None, told: tuple[str, str]) -> None:
    rate = {} if booked is None else {"ExchangeRate": Decimal(booked)}
    money = {"TotalAmt": Decimal(500), "UnappliedAmt": Decimal(500), "CurrencyRef": {"value": "EUR"}, **rate}
    payment = {"Id": "7", "SyncToken": "0", "MetaData": meta(), "TxnDate": "2026-03-03", "PrivateNote": note, **money}
    receipt = documents.receipt(payment)
    assert told == (receipt.rate_sent, receipt.rate_booked)


def test_custom_fields_of_every_kind_are_texts() -> None:
    fields = [{"StringValue": "TXN-1"}, {"NumberValue": 100042}, {"DateValue": "2026-03-10"}, {"BooleanValue": True}]
    assert ("TXN-1", "100042", "2026-03-10") == documents.texts_of(as_sent(a_payment_in_books(CustomField=fields)))


def test_an_invoice_tells_the_estimate_that_it_was_made_from_and_not_its_payments() -> None:
    paid, estimate = {"TxnId": "9", "TxnType": "Payment"}, {"TxnId": "7", "TxnType": "Estimate"}
    for linked, origin in (([paid, estimate], "estimate 7"), ([paid], ""), ([], "")):
        assert origin == documents.invoice(as_sent(an_invoice(LinkedTxn=linked))).origin
