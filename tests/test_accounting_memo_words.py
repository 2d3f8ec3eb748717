"""What a credit memo is for is read from what each package has: items, lines, messages, references."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from accounting.quickbooks import documents as quickbooks
from accounting.tryton import documents as tryton
from accounting.tryton.entries import Entries, Line
from accounting.xero import documents as xero
from receivables.books_records import CreditMemo, Stamp
from receivables.credit_reasons import CreditReason, CreditWords, reasons_of


def test_quickbooks_tells_it_by_the_items_of_the_lines_and_by_both_memos() -> None:
    item = {"ItemRef": {"value": "9", "name": "Bad Debt"}}
    memo = quickbooks.credit_memo(
        {
            "Id": "20",
            "DocNumber": "CM-1",
            "CustomerRef": {"value": "1"},
            "CurrencyRef": {"value": "USD"},
            "TotalAmt": Decimal("500.0"),
            "Balance": Decimal(0),
            "TxnDate": "2026-03-05",
            "SyncToken": "0",
            "MetaData": {"CreateTime": "2026-03-05T08:00:00-08:00", "LastUpdatedTime": "2026-03-05T08:00:00-08:00"},
            "CustomerMemo": {"value": "Sorry to lose you"},
            "PrivateNote": "March cleanup",
            "Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item, "Description": "Invoice 1042"}, {}],
        },
        (),
    )
    assert ("Bad Debt Invoice 1042", "Sorry to lose you March cleanup") == (memo.reason, memo.memo)
    assert CreditReason.WRITE_OFF is CreditWords().reason_of((memo.reason, memo.memo))


def test_xero_tells_it_by_the_lines_and_the_reference() -> None:
    memo = xero.credit_memo(
        {
            "CreditNoteID": "5b6c9e40-0000-4000-8000-000000000001",
            "CreditNoteNumber": "CN-1",
            "Type": "ACCRECCREDIT",
            "Status": "AUTHORISED",
            "Contact": {"ContactID": "5b6c9e40-0000-4000-8000-000000000002"},
            "CurrencyCode": "USD",
            "Total": Decimal("40.0"),
            "RemainingCredit": Decimal("40.0"),
            "Date": "/Date(1772668800000+0000)/",
            "UpdatedDateUTC": "/Date(1772700000000+0000)/",
            "Reference": "1042",
            "LineItems": [{"Description": "Sales tax charged in error", "ItemCode": "TAX"}, {"AccountCode": "820"}],
        }
    )
    assert isinstance(memo, CreditMemo)
    assert ("TAX Sales tax charged in error", "1042") == (memo.reason, memo.memo)
    assert CreditReason.TAX is CreditWords().reason_of((memo.reason, memo.memo))


@pytest.mark.parametrize(
    ("lines", "texts", "reason"),
    [
        (["Widget", "Sales tax"], [], CreditReason.GENUINE),
        (["Sales tax"], [], CreditReason.TAX),
        (["Sales tax", "Use tax"], [], CreditReason.TAX),
        (["Widget"], ["sales tax charged twice"], CreditReason.TAX),
        (["Bad debt", "Sales tax"], [], CreditReason.WRITE_OFF),
    ],
)
def test_a_line_of_tax_beside_returned_goods_is_no_correction_of_the_tax(
    lines: list[str], texts: list[str], reason: CreditReason
) -> None:
    assert reason is CreditWords().of_memo(reasons_of(lines), *texts)


def a_line(id: int, amount_minor: int, invoice: int) -> Line:
    """The claim of an invoice or a credit note, matched in reconciliation 7."""
    at = Stamp("dana", datetime(2026, 3, 5, tzinfo=UTC))
    return Line(
        id=id,
        move=100 + id,
        party=1,
        account=1,
        amount_minor=amount_minor,
        currency="USD",
        reconciliation=7,
        matched=at,
        linked_invoice=0,
        unreconciled_from=0,
        banked=False,
        origin=f"account.invoice,{invoice}",
        own_origin="",
        journal=1,
        journal_type="revenue",
        journal_name="",
        on=at.at.date(),
        description="",
        move_number="",
        move_description="",
        created=at,
        changed=at,
    )


@pytest.mark.parametrize(("claims", "shared"), [((50_000,), False), ((30_000, 20_000), True)])
def test_tryton_tells_it_by_lines_accounts_and_descriptions_and_whether_it_is_reconciled_with_several_invoices(
    claims: tuple[int, ...], shared: bool
) -> None:
    entries = Entries()
    entries.add([a_line(10, 50_000, 30), *(a_line(10 + place, -amount, place) for place, amount in enumerate(claims, 1))])
    row = {
        "id": 30,
        "number": "CN-1",
        "state": "paid",
        "party": 1,
        "currency.": {"code": "USD"},
        "total_amount": Decimal("-500.00"),
        "invoice_date": date(2026, 3, 5),
        "lines_to_pay": [10],
        "_timestamp": "1",
        "description": "Credit and rebill",
        "reference": "1042",
        "comment": "",
        "lines.": [{"description": "Goods", "note": "see 1043", "account.": {"name": "Bad debt"}}],
    }
    memo = tryton.credit_memo(row, entries, {}, ZoneInfo("UTC"))
    assert ("Goods (Bad debt) see 1043", "Credit and rebill · 1042") == (memo.reason, memo.memo)
    assert CreditReason.WRITE_OFF is CreditWords().of_memo(memo.reason, memo.memo)
    assert {shared} == {application.shared for application in memo.applications}
    assert list(claims) == [application.amount_minor for application in memo.applications]
