"""Xero's JSON turned into records: its days, moments, money and refusals, and the examples of its own description."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st
from makers import a_company, a_payment

from accounting import planning
from accounting.xero import bodies, documents, faults, wire
from accounting.xero.asking import chunks_of_text
from accounting.xero.changes import OVERLAP_MILLISECONDS, Cursor, Place, cursor_of, next_place
from receivables.books_records import CreditMemo, Gone, Invoice, InvoiceStatus
from receivables.effects import marker
from receivables.money import CURRENCIES, decimals_of

DESCRIPTION = Path(__file__).parents[1].parent / "shared" / "contracts" / "xero" / "accounting-openapi.json"
ABSENT = "Xero's description is not in ../shared/contracts; put it there to read its own examples"
needs_description = pytest.mark.skipif(not DESCRIPTION.is_file(), reason=ABSENT)


def example(path: str, method: str = "get", code: str = "200") -> Any:
    """An example answer of Xero's own, parsed as the connector parses answers."""
    operation = json.loads(DESCRIPTION.read_text())["paths"][path][method]
    return simplejson.loads(json.dumps(operation["responses"][code]["content"]["application/json"]["example"]), use_decimal=True)


def test_every_line_is_read_of_money_on_account_whose_list_leaves_the_lines_out() -> None:
    lines = [{"Description": "advance"}, {"Description": "portal TX-9001-AB", "LineAmount": 5}]
    listed = {"OverpaymentID": "1", "Reference": "", "LineItems": []}
    whole = {**listed, **documents.written_on({**listed, "LineItems": lines})}
    assert ("advance", "portal TX-9001-AB") == documents.texts_of(whole)
    assert "advance" == documents.note_of(whole)


# --- days, moments, money ---------------------------------------------------------------------------------------------


def test_a_moment_is_read_to_the_millisecond_whatever_offset_stands_beside_it() -> None:
    at = datetime(2018, 2, 15, 17, 19, 10, 940_000, tzinfo=UTC)
    for written in ("/Date(1518715150940+0000)/", "/Date(1518715150940)/", "/Date(1518715150940+1300)/"):
        assert at == wire.moment({"UpdatedDateUTC": written}, "UpdatedDateUTC")
    assert at.replace(microsecond=0) == wire.moment({"UpdatedDateUTCString": "2018-02-15T17:19:10Z"}, "UpdatedDateUTC")
    assert at == wire.moment({"DateUTC": "2018-02-15T17:19:10.940"}, "DateUTC")


@pytest.mark.parametrize("written", ["", "/Date(now)/", "yesterday", 5, None])
def test_what_is_no_moment_is_unreadable(written: object) -> None:
    with pytest.raises(wire.Unreadable):
        wire.moment({"UpdatedDateUTC": written}, "UpdatedDateUTC")


def test_a_day_is_the_organisations_own_and_not_shifted() -> None:
    assert date(2019, 3, 12) == wire.day({"Date": "/Date(1552348800000+0000)/"}, "Date")
    assert date(2019, 3, 12) == wire.day({"Date": "/Date(1552300000000+0000)/", "DateString": "2019-03-12T00:00:00"}, "Date")
    assert None is wire.optional_day({}, "PeriodLockDate")


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        (Decimal("500.00"), "USD", 50_000),
        (Decimal("229.0"), "NZD", 22_900),
        (46, "NZD", 4_600),
        ("50.00", "USD", 5_000),  # a batch payment's total, in Xero's own example
        (Decimal("1E+3"), "USD", 100_000),
        (Decimal("100.00"), "JPY", 100),
        (Decimal("1.234"), "KWD", 1_234),
        (Decimal("9999999999.99"), "USD", 999_999_999_999),
        (Decimal("-1.50"), "USD", -150),
        (None, "USD", 0),
    ],
)
def test_an_amount_is_exact_in_minor_units(written: object, currency: str, minor: int) -> None:
    assert minor == wire.minor({"Total": written}, "Total", currency)


@pytest.mark.parametrize("written", [Decimal("0.001"), "1,5", "NaN", Decimal("Infinity"), True, 1.5, [], Decimal("1E+30")])
def test_what_is_no_amount_of_the_currency_is_unreadable_and_never_rounded(written: object) -> None:
    with pytest.raises(wire.Unreadable):
        wire.minor({"Total": written}, "Total", "USD")


@given(st.integers(1, 10**12 - 1), st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_sent_is_the_amount_read_back(amount_minor: int, currency: str) -> None:
    sent = simplejson.loads(simplejson.dumps({"Amount": wire.amount(amount_minor, currency)}, use_decimal=True), use_decimal=True)
    assert amount_minor == wire.minor(sent, "Amount", currency)
    assert decimals_of(currency) == -int(wire.amount(amount_minor, currency).as_tuple().exponent)


def test_nothing_but_a_guid_gets_into_a_filter() -> None:
    with pytest.raises(ValueError, match="no id"):
        wire.is_guid("PaymentID", 'x") OR (1==1')
    assert "" == wire.identity({"PaymentID": "00000000-0000-0000-0000-000000000000"}, "PaymentID")


def test_modified_since_is_rounded_down_to_the_second() -> None:
    assert "2018-02-15T17:19:10Z" == wire.modified_since(1518715150940)


@given(st.lists(st.text(max_size=300), max_size=60))
def test_lists_for_an_address_hold_everything_once_and_in_order(values: list[str]) -> None:
    assert values == [value for chunk in chunks_of_text(values) for value in chunk]


# --- documents --------------------------------------------------------------------------------------------------------


@needs_description
def test_xeros_own_invoices_are_read() -> None:
    read = [documents.invoice(of) for of in wire.elements(example("/Invoices")["Invoices"]) if documents.is_sales_invoice(of)]

    assert [("INV-0001", InvoiceStatus.VOIDED, 4_000, 0), ("INV-0002", InvoiceStatus.PAID, 4_600, 0)] == [
        (invoice.number, invoice.status, invoice.total_minor, invoice.open_minor)
        for invoice in read[:2]
        if isinstance(invoice, Invoice)
    ]


@needs_description
def test_xeros_own_payments_are_read_and_refunds_of_credit_are_none_of_ours() -> None:
    received, refund = wire.elements(example("/Payments")["Payments"])

    receipt = documents.receipt(received)

    assert (4_600, "NZD", True, False) == (receipt.amount_minor, receipt.currency, receipt.deposited, receipt.voided)
    assert ["046d8a6d-1ae1-4b4d-9340-5601bdf41b87"] == [line.invoice_id for line in receipt.lines]
    assert [True, False] == [documents.is_receipt(payment) for payment in (received, refund)]


@needs_description
def test_xeros_own_credit_notes_and_overpayments_are_read() -> None:
    notes = [note for note in wire.elements(example("/CreditNotes")["CreditNotes"]) if documents.is_customer_credit(note)]
    memo = documents.credit_memo(notes[0])
    assert isinstance(memo, CreditMemo)
    assert ("CN-0005", 3_450, 3_250, ()) == (memo.number, memo.total_minor, memo.open_minor, memo.applications)

    held = [
        overpayment
        for overpayment in wire.elements(example("/Overpayments")["Overpayments"])
        if overpayment["Type"] == "RECEIVE-OVERPAYMENT"
    ]
    receipt = documents.on_account_receipt(held[0], documents.OVERPAYMENTS)
    assert ("Reference for payment2", 2_000, 2_000) == (receipt.reference, receipt.amount_minor, receipt.unapplied_minor)


@needs_description
def test_xeros_own_organisation_is_read_with_the_later_lock_date() -> None:
    of = wire.elements(example("/Organisation")["Organisations"])[0]
    shown = {name: wire.optional_day(of, name) for name in ("PeriodLockDate", "EndOfYearLockDate")}

    assert max(day for day in shown.values() if day) == documents.settings(of).closed_through


def test_a_deleted_credit_note_is_gone_and_a_voided_one_has_nothing_left() -> None:
    of = {
        "Type": "ACCRECCREDIT",
        "CreditNoteID": "249f15fa-f2a7-4acc-8769-0984103f2225",
        "CreditNoteNumber": "CN-1",
        "Contact": {"ContactID": "430fa14a-f945-44d3-9f97-5df5e28441b8"},
        "Date": "2026-03-10",
        "Status": "VOIDED",
        "Total": Decimal("10.00"),
        "RemainingCredit": Decimal("10.00"),
        "CurrencyCode": "USD",
        "UpdatedDateUTC": "/Date(1773154800000+0000)/",
    }

    voided = documents.credit_memo(of)
    assert isinstance(voided, CreditMemo)
    assert (0, ()) == (voided.open_minor, voided.applications)
    assert isinstance(documents.credit_memo({**of, "Status": "DELETED"}), Gone)


def test_the_transaction_number_is_what_stands_after_the_marker_and_only_then() -> None:
    mark = marker("acme", "TXN-1", 1, 0)

    assert "TXN-1 | more" == documents.reference(f"{mark} | TXN-1 | more")
    assert f"copy of {mark} | TXN-1" == documents.reference(f"copy of {mark} | TXN-1")
    assert "INV-1 | thanks" == documents.reference("INV-1 | thanks")


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_payment_over_several_invoices_becomes_several_parts_and_its_rest_one_on_account() -> None:
    payment = a_payment(amount_minor=60_000)

    parts = planning.one_for_each_invoice(payment, [("A", 30_000), ("B", 15_000), ("A", 5_000)], a_company(), "C")

    assert [(1, 35_000, 1), (2, 15_000, 1), (3, 10_000, 0)] == [
        (part.number, part.write.amount_minor, len(part.write.lines)) for part in parts
    ]
    with pytest.raises(ValueError, match="do not fit"):
        planning.one_for_each_invoice(payment, [("A", 60_001)], a_company(), "C")


def test_a_long_transaction_number_never_cuts_the_marker() -> None:
    mark = marker("acme", "TXN-1", 1, 0)

    written = bodies.reference(mark, "9" * 400)

    assert (255, True) == (len(written), written.startswith(f"{mark} | 9"))


# --- refusals ---------------------------------------------------------------------------------------------------------

SAID = {
    "Payment amount exceeds the amount outstanding on this document": "over_application",
    "Payments can only be made against Authorised documents": "invoice_not_open",
    "Invoice not of valid status for modification": "invoice_not_open",
    "This document cannot be edited as it has a payment or credit note allocated to it.": "invoice_not_open",
    "The document date cannot be before the period lock date, currently set at 31/03/2026": "period_closed",
    "The document date cannot be before the end of year lock date, currently set at 31/12/2025": "period_closed",
    "Account code '095' has been archived, or deleted.": "account_inactive",
    "Account could not be found": "account_inactive",
    "The bank account has been archived": "account_inactive",
    "Payments within a batch cannot be deleted": "receipt_deposited",
    "This payment cannot be deleted because it has been reconciled with a bank transaction": "receipt_deposited",
    "Invoice # must be unique.": "duplicate_reference",
    "Invoice could not be found": "not_found",
    "The contact is archived. Archived contacts cannot be used": "customer_inactive",
    "The idempotency key was used with another request": "duplicate_request",
    "Idempotency Key: K is used with a different request.": "duplicate_request",
    "The invoice you are trying to allocate to has already been paid off": "invoice_not_open",
    "Credit Note cannot be allocated as amount is greater than amount outstanding": "over_application",
    "Payment not of valid status for modification": "invoice_not_open",
    "Credit Note cannot be allocated to an incorrect invoice type": "not_linkable",
    "The contact name Hooli is already assigned to another contact": "duplicate_name",
    "You have reached the limit of invoices you can approve": "permission_missing",
    "Something nobody has seen": "invalid",
}


@pytest.mark.parametrize("message", SAID)
def test_each_known_message_has_the_code_that_tells_causes_apart(message: str) -> None:
    assert SAID[message] == faults.refused([message]).refusal


def test_the_two_messages_of_a_paid_invoice_mean_its_status() -> None:
    both = [
        "Payment amount exceeds the amount outstanding on this document",
        "Payments can only be made against Authorised documents",
    ]

    assert ["invoice_not_open"] * 2 == [faults.refused(messages).refusal for messages in (both, both[::-1])]


def test_the_code_is_one_the_house_knows() -> None:
    known = set(SAID.values()) | {"credit_exhausted", "currency_mismatch", "customer_mismatch"}

    assert known >= {fault.refusal for fault in faults.FAULTS}


def test_messages_are_found_wherever_xero_puts_them() -> None:
    element = {"Invoice": {"ValidationErrors": [{"Message": "inside"}]}, "ValidationErrors": [{"Message": "outside"}]}

    assert ["outside", "inside"] == faults.messages_in({"Message": "A validation exception occurred", "Elements": [element]})
    assert ["A validation exception occurred"] == faults.messages_in({"Message": "A validation exception occurred"})
    assert [] == faults.messages_in(None)


@needs_description
def test_xeros_own_example_of_a_refused_element_is_a_refusal() -> None:
    (of,) = wire.elements(example("/Payments", "put")["Payments"])

    assert faults.is_refused(of)
    assert ["Payment amount exceeds the amount outstanding on this document"] == faults.validation_messages(of)


# --- the cursor -------------------------------------------------------------------------------------------------------


def test_a_cursor_comes_back_from_its_text_and_one_of_an_earlier_version_keeps_its_places() -> None:
    cursor = Cursor(3, 2, {"Invoices": Place(1518715150940, 2, {"abc": 1518715150940}, 1518715000000, 7), "Payments": Place()})
    earlier = '{"next":1,"places":{"Invoices":[1518715150940,1,{"abc":1518715150940}]},"quiet":4}'

    assert cursor == cursor_of(cursor.as_text())
    assert Cursor() == cursor_of("")
    assert Cursor(1, 0, {"Invoices": Place(1518715150940, 1, {"abc": 1518715150940}, 1518715150940)}) == cursor_of(earlier)


DAY = 86_400_000


@pytest.mark.parametrize(
    ("moments", "full", "expected"),
    [
        pytest.param(
            [3 * DAY, 5 * DAY], True, Place(5 * DAY - 1000, 1, {"b": 5 * DAY}, DAY, 1), id="from just before its newest"
        ),
        pytest.param([5 * DAY, 3 * DAY], True, Place(DAY, 2, {"a": 3 * DAY, "b": 5 * DAY}, DAY), id="out of order, by number"),
        pytest.param(
            [DAY + 999, DAY + 999], True, Place(DAY, 2, {"a": 3 * DAY, "b": 5 * DAY}, DAY), id="one moment only, by number"
        ),
        pytest.param(
            [3 * DAY, 5 * DAY],
            False,
            Place(5 * DAY - OVERLAP_MILLISECONDS, 1, {"b": 5 * DAY}, 5 * DAY - OVERLAP_MILLISECONDS),
            id="read to its end, a little before its newest",
        ),
    ],
)
def test_where_a_list_goes_on_after_a_page(moments: list[int], full: bool, expected: Place) -> None:
    place = Place(DAY, 1, {"a": 3 * DAY, "b": 5 * DAY}, DAY)

    assert expected == next_place(place, moments, full=full)
