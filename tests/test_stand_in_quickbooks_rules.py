"""The stand-in for QuickBooks Online does what live companies were seen to do, and says no in their words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import simplejson
from house import ROOT
from makers import START, ManualClock
from stand_ins import quickbooks_contract
from stand_ins.quickbooks import BOOKS, TOKEN, QuickBooks, start_quickbooks
from stand_ins.serving import Fault

from accounting.embedded import customers
from accounting.embedded.change import Kind, Temper
from accounting.embedded.ledger import Ledger

needs_schema = pytest.mark.skipif(not quickbooks_contract.FILE.is_file(), reason=quickbooks_contract.ABSENT)
JUST_BEFORE = "2026-03-10T14:00:00Z"


class Client:
    """A plain client that reads amounts exactly and keeps the last answer."""

    def __init__(self, quickbooks: QuickBooks, token: str = TOKEN) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = httpx2.Client(base_url=quickbooks.base_url, headers=headers, trust_env=False)
        self.last: httpx2.Response

    def get(self, path: str, **parameters: str) -> Any:
        self.last = self._http.get(path, params={"minorversion": "75", **parameters})
        return simplejson.loads(self.last.text or "{}", use_decimal=True)

    def post(self, path: str, body: Mapping[str, Any], **parameters: str) -> Any:
        self.last = self._http.post(path, params={"minorversion": "75", **parameters}, json=body)
        return simplejson.loads(self.last.text or "{}", use_decimal=True)

    def query(self, text: str) -> Any:
        return self.get("query", query=text)

    def ids(self, text: str) -> list[str]:
        """The ids that a query of one entity finds, in its order."""
        found = self.query(text)["QueryResponse"]
        return [row["Id"] for rows in found.values() if isinstance(rows, list) for row in rows]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def quickbooks(tmp_path: Path, clock: ManualClock) -> Iterator[QuickBooks]:
    with start_quickbooks(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture
def client(quickbooks: QuickBooks) -> Client:
    return Client(quickbooks)


@pytest.fixture
def hooli(quickbooks: QuickBooks) -> str:
    return quickbooks.bookkeeper.customer("Hooli")


def a_payment(customer_id: str, amount: str, *lines: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """The body of a Payment; `lines` are (kind, id, amount)."""
    linked = [
        {"Amount": amounted(minor), "LinkedTxn": [{"TxnId": document_id, "TxnType": kind}]} for kind, document_id, minor in lines
    ]
    return {"CustomerRef": {"value": customer_id}, "TotalAmt": amounted(amount), "Line": linked, **more}


def amounted(text: str) -> Any:
    """A number of the JSON we send; none of these needs more than 64 bits."""
    return simplejson.loads(text)


def code(answer: Any) -> str:
    return str(answer["Fault"]["Error"][0]["code"])


def detail(answer: Any) -> str:
    return str(answer["Fault"]["Error"][0]["Detail"])


# What is swallowed


@pytest.mark.parametrize(("open_minor", "applied", "unapplied"), [(500, "5.00", "25.00"), (3_000, "30.00", "0.00")])
def test_a_payment_larger_than_the_balance_is_taken_and_the_rest_stays_unapplied(
    quickbooks: QuickBooks, client: Client, hooli: str, open_minor: int, applied: str, unapplied: str
) -> None:
    invoice_id = quickbooks.bookkeeper.invoice("1042", hooli, open_minor)
    taken = client.post("payment", a_payment(hooli, "30.00", ("Invoice", invoice_id, "30.00")))["Payment"]
    assert (applied, unapplied) == (str(taken["Line"][0]["Amount"]), str(taken["UnappliedAmt"]))


@pytest.mark.parametrize("ending", ["paid", "voided"])
def test_a_line_on_an_invoice_with_nothing_to_pay_falls_away(
    quickbooks: QuickBooks, client: Client, hooli: str, ending: str
) -> None:
    dana = quickbooks.bookkeeper
    invoice_id = dana.invoice("1042", hooli, 3_000)
    if ending == "paid":
        dana.receipt(hooli, 3_000, ((invoice_id, 3_000),))
    else:
        dana.void_invoice(invoice_id)
    taken = client.post("payment", a_payment(hooli, "30.00", ("Invoice", invoice_id, "30.00")))["Payment"]
    assert ([], "30.00") == (taken["Line"], str(taken["UnappliedAmt"]))


def test_one_payment_of_zero_applies_several_credits_to_several_invoices(
    quickbooks: QuickBooks, client: Client, hooli: str
) -> None:
    dana = quickbooks.bookkeeper
    invoices = [dana.invoice("1", hooli, 5_000), dana.invoice("2", hooli, 2_000)]
    memos = [dana.credit_memo("M1", hooli, 3_000), dana.credit_memo("M2", hooli, 4_000)]
    lines = [("Invoice", invoices[0], "50"), ("Invoice", invoices[1], "20"), ("CreditMemo", memos[0], "30")]
    body = a_payment(hooli, "0", *lines, ("CreditMemo", memos[1], "40"), PrivateNote="both credits")
    made = client.post("payment", body)["Payment"]
    shown = [(line["LinkedTxn"][0]["TxnId"], str(line["Amount"])) for line in made["Line"]]
    assert [(invoices[0], "50.00"), (invoices[1], "20.00"), (memos[0], "30.00"), (memos[1], "40.00")] == shown
    assert ("0.00", "0.00", "both credits") == (str(made["TotalAmt"]), str(made["UnappliedAmt"]), made["PrivateNote"])
    # Two lines taken off leave the rest standing, as an unapply of one credit must.
    kept = a_payment(hooli, "0", ("Invoice", invoices[1], "20"), ("CreditMemo", memos[1], "20"), PrivateNote="one credit")
    after = client.post("payment", {**kept, "Id": made["Id"], "SyncToken": made["SyncToken"]})["Payment"]
    assert (2, "one credit") == (len(after["Line"]), after["PrivateNote"])
    open_now = [str(client.get(f"invoice/{invoice}")["Invoice"]["Balance"]) for invoice in invoices]
    left = [str(client.get(f"creditmemo/{memo}")["CreditMemo"]["RemainingCredit"]) for memo in memos]
    assert (["50.00", "0.00"], ["30.00", "20.00"]) == (open_now, left)


def test_a_credit_larger_than_the_balance_is_cut_to_it(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id, memo_id = dana.invoice("1", hooli, 1_000), dana.credit_memo("M", hooli, 3_000)
    body = a_payment(hooli, "0", ("Invoice", invoice_id, "30"), ("CreditMemo", memo_id, "30"))
    assert ["10.00", "10.00"] == [str(line["Amount"]) for line in client.post("payment", body)["Payment"]["Line"]]
    assert "6000" == code(client.post("payment", body))  # nothing is open any more
    assert "20.00" == str(client.get(f"creditmemo/{memo_id}")["CreditMemo"]["Balance"])


def test_money_and_a_credit_may_stand_in_one_payment(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id, memo_id = dana.invoice("1", hooli, 5_000), dana.credit_memo("M", hooli, 2_000)
    lines = [("Invoice", invoice_id, "50.00"), ("CreditMemo", memo_id, "20.00")]
    made = client.post("payment", a_payment(hooli, "30.00", *lines))["Payment"]
    assert ("30.00", "0.00") == (str(made["TotalAmt"]), str(made["UnappliedAmt"]))
    assert ["50.00", "20.00"] == [str(line["Amount"]) for line in made["Line"]]
    without = a_payment(hooli, "30.00", ("Invoice", invoice_id, "30.00"))
    after = client.post("payment", {**without, "Id": made["Id"], "SyncToken": made["SyncToken"]})["Payment"]
    assert ["30.00"] == [str(line["Amount"]) for line in after["Line"]]
    assert "20.00" == str(client.get(f"creditmemo/{memo_id}")["CreditMemo"]["RemainingCredit"])
    assert () == quickbooks.ledger.check_books()


def test_applying_bumps_the_invoice_and_leaves_its_total(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    invoice_id = quickbooks.bookkeeper.invoice("1042", hooli, 5_000)
    before = client.get(f"invoice/{invoice_id}")["Invoice"]
    client.post("payment", a_payment(hooli, "20", ("Invoice", invoice_id, "20")))
    after = client.get(f"invoice/{invoice_id}")["Invoice"]
    assert ("0", "1") == (before["SyncToken"], after["SyncToken"])
    assert ("50.00", "50.00", "30.00") == (str(before["TotalAmt"]), str(after["TotalAmt"]), str(after["Balance"]))


def test_a_voided_invoice_says_so_and_leaves_its_payment_unapplied(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id = dana.invoice("1042", hooli, 5_000)
    payment_id = dana.receipt(hooli, 5_000, ((invoice_id, 5_000),))
    held = client.get(f"invoice/{invoice_id}")["Invoice"]
    quickbooks.prefers(refuse_void_of_paid=True)
    meant = {"Id": invoice_id, "SyncToken": held["SyncToken"]}
    assert "6000" == code(client.post("invoice", meant, operation="void"))
    quickbooks.prefers(refuse_void_of_paid=False)
    voided = client.post("invoice", meant, operation="void")["Invoice"]
    assert ("0.00", "0.00", "Voided") == (str(voided["TotalAmt"]), str(voided["Balance"]), voided["PrivateNote"])
    assert "50.00" == str(client.get(f"payment/{payment_id}")["Payment"]["UnappliedAmt"])


def test_a_freed_credit_is_eaten_again_where_the_company_is_set_so(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id, memo_id = dana.invoice("1", hooli, 5_000), dana.credit_memo("M", hooli, 2_000)
    application_id = dana.apply_credit(memo_id, invoice_id, 2_000)
    quickbooks.ledger.set_auto_apply_credits(True, by="Dana")
    quickbooks.prefers(eat_freed_credit_at_once=True)
    assert client.get("preferences")["Preferences"]["SalesFormsPrefs"]["AutoApplyCredit"] is True
    client.post("payment", {"Id": application_id, "SyncToken": "0"}, operation="delete")
    assert "30.00" == str(client.get(f"invoice/{invoice_id}")["Invoice"]["Balance"])


def test_a_payment_copied_by_hand_keeps_the_note(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    made = client.post("payment", a_payment(hooli, "30.00", PrivateNote="Portal payment [rn-abc.1]"))["Payment"]
    copied = quickbooks.bookkeeper.receipt(hooli, 3_000, (), memo=made["PrivateNote"])
    assert made["PrivateNote"] == client.get(f"payment/{copied}")["Payment"]["PrivateNote"]


# Editing


def test_an_edit_of_a_payment_needs_the_whole_object(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    invoice_id = quickbooks.bookkeeper.invoice("1042", hooli, 5_000)
    body = a_payment(hooli, "20.00", ("Invoice", invoice_id, "20.00"), PrivateNote="kept?", PaymentRefNum="TXN-1")
    made = client.post("payment", body)["Payment"]
    sparse = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "PrivateNote": "other"}
    assert "2020" == code(client.post("payment", sparse))
    assert "2020" == code(client.post("payment", sparse, operation="update", include="void"))
    bare = {**a_payment(hooli, "20.00"), "Id": made["Id"], "SyncToken": made["SyncToken"]}
    after = client.post("payment", bare)["Payment"]
    assert (set(), "20.00") == ({"PrivateNote", "PaymentRefNum"} & set(after), str(after["UnappliedAmt"]))


def test_a_payment_of_zero_has_a_date_a_version_and_an_end(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id, memo_id = dana.invoice("1", hooli, 1_000), dana.credit_memo("M", hooli, 1_000)
    lines = [("Invoice", invoice_id, "10"), ("CreditMemo", memo_id, "10")]
    made = client.post("payment", a_payment(hooli, "0", *lines, TxnDate="2026-02-28"))["Payment"]
    noted = {**a_payment(hooli, "0", *lines, TxnDate="2026-02-28", PrivateNote="n"), "Id": made["Id"], "SyncToken": "0"}
    after = client.post("payment", noted)["Payment"]
    assert ("2026-02-28", "n", "1") == (after["TxnDate"], after["PrivateNote"], after["SyncToken"])
    dana.close_period(date(2026, 2, 28))
    assert "6210" == code(client.post("payment", {**noted, "SyncToken": "1", "TxnDate": "2026-03-01"}))
    quickbooks.ledger.reopen_period(by="Dana")
    voided = client.post("payment", {**noted, "SyncToken": "1"}, include="void")["Payment"]
    assert ("Voided - n", [], "10.00") == (
        voided["PrivateNote"],
        voided["Line"],
        str(client.get(f"invoice/{invoice_id}")["Invoice"]["Balance"]),
    )


def test_a_version_that_moved_is_stale(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id = dana.invoice("1042", hooli, 5_000)
    made = client.post("payment", a_payment(hooli, "20.00", ("Invoice", invoice_id, "20.00")))["Payment"]
    dana.delete_invoice(invoice_id)  # which leaves the payment unapplied, and changes it
    assert "5010" == code(client.post("payment", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="delete"))
    assert 400 == client.last.status_code


def test_an_invoice_over_the_api_has_its_number_total_and_note(client: Client, hooli: str) -> None:
    sale = {"Amount": 12.5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    body = {"CustomerRef": {"value": hooli}, "DocNumber": "77", "TxnDate": "2026-03-01", "PrivateNote": "n", "Line": [sale, sale]}
    made = client.post("invoice", body)["Invoice"]
    assert ("77", "25.00", "n", "2026-03-01") == (made["DocNumber"], str(made["Balance"]), made["PrivateNote"], made["TxnDate"])
    memo = client.post("creditmemo", {"CustomerRef": {"value": hooli}, "Line": [sale]})["CreditMemo"]
    assert ("1001", "12.50") == (memo["DocNumber"], str(memo["RemainingCredit"]))
    edited = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "DocNumber": "78"}
    after = client.post("invoice", edited)["Invoice"]
    assert ("78", "n") == (after["DocNumber"], after["PrivateNote"])
    assert "Deleted" == client.post("invoice", {"Id": made["Id"], "SyncToken": "1"}, operation="delete")["Invoice"]["status"]


# Saying no


def test_the_three_texts_of_what_is_not_found(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id = dana.invoice("1042", hooli, 5_000)
    dana.delete_invoice(invoice_id)
    never, gone = client.get("invoice/999999"), client.get(f"invoice/{invoice_id}")
    linked = client.post("payment", a_payment(hooli, "20.00", ("Invoice", invoice_id, "20.00")))
    assert ["610", "610", "610"] == [code(never), code(gone), code(linked)]
    assert "Object Not Found : Another user has deleted this transaction." == detail(gone)
    assert detail(never).startswith("Object Not Found : Something you're trying to use has been made inactive.")
    assert detail(linked).startswith("Object Not Found : Something you're trying to use has been deleted.")
    quickbooks.prefers(reject_deleted_link_as_transaction=True)
    assert detail(gone) == detail(client.post("payment", a_payment(hooli, "20.00", ("Invoice", invoice_id, "20.00"))))


def test_what_is_in_a_closed_period_stays_as_it_is(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    made = client.post("payment", a_payment(hooli, "20.00", TxnDate="2026-02-28"))["Payment"]
    quickbooks.bookkeeper.close_period(date(2026, 2, 28))
    meant = {"Id": made["Id"], "SyncToken": made["SyncToken"]}
    refused = [
        client.post("payment", a_payment(hooli, "20.00", TxnDate="2026-02-28")),
        client.post("payment", meant, operation="delete"),
        client.post("payment", {**a_payment(hooli, "21.00"), **meant}),
    ]
    assert ["6210"] * 3 == [code(answer) for answer in refused]
    assert "2026-02-28" == client.get("preferences")["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"]
    quickbooks.prefers(show_close_date=False)
    assert "BookCloseDate" not in client.get("preferences")["Preferences"]["AccountingInfoPrefs"]


def test_a_deposited_payment_cannot_be_changed(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    payment_id = quickbooks.bookkeeper.receipt(hooli, 2_000, ())
    quickbooks.ledger.deposit_receipt(quickbooks.bookkeeper.ledger_id(payment_id, Kind.RECEIPT), by="Dana")
    held = client.get(f"payment/{payment_id}")["Payment"]
    assert (["Deposit"], "4") == ([link["TxnType"] for link in held["LinkedTxn"]], held["DepositToAccountRef"]["value"])
    token = held["SyncToken"]
    for operation in ("delete", "update"):
        body = {**a_payment(hooli, "20.00"), "Id": payment_id, "SyncToken": token}
        assert "6540" == code(client.post("payment", body, operation=operation))


def test_numbers_used_twice_are_refused_where_the_company_is_set_so(client: Client, quickbooks: QuickBooks, hooli: str) -> None:
    body = a_payment(hooli, "20.00", PaymentRefNum="TXN-1")
    first = client.post("payment", body)["Payment"]["Id"]
    assert 200 == client.last.status_code
    quickbooks.prefers(refuse_duplicate_numbers=True)
    refusal = client.post("payment", body)
    assert ("6140", True) == (code(refusal), f"TxnType=Payment with TxnId={first}" in detail(refusal))


def test_inactive_names_are_refused_and_left_out_of_lists(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    quickbooks.ledger.set_account_active("35", False, by="Dana")
    assert "2500" == code(client.post("payment", a_payment(hooli, "20.00", DepositToAccountRef={"value": "35"})))
    assert "2500" == code(client.post("payment", a_payment(hooli, "20.00", PaymentMethodRef={"value": "99"})))
    quickbooks.ledger.deactivate_customer(quickbooks.bookkeeper.ledger_id(hooli, Kind.CUSTOMER), by="Dana")
    assert "2500" == code(client.post("payment", a_payment(hooli, "20.00")))
    assert ([], [hooli]) == (
        client.ids("select * from Customer"),
        client.ids("select * from Customer where Active in (true, false)"),
    )
    assert "35" not in client.ids("select * from Account where AccountType = 'Bank'")
    assert "Hooli (deleted)" == client.get(f"customer/{hooli}")["Customer"]["DisplayName"]


def test_every_other_no(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    invoice_id, other = dana.invoice("1042", hooli, 5_000), dana.customer("Initech")
    refused = {
        "another customer's invoice": client.post("payment", a_payment(other, "5", ("Invoice", invoice_id, "5"))),
        "linked as another kind": client.post("payment", a_payment(hooli, "5", ("CreditMemo", invoice_id, "5"))),
        "the same name": client.post("customer", {"DisplayName": "HOOLI"}),
        "no amount": client.post("payment", {"CustomerRef": {"value": hooli}}),
        "nothing": client.post("payment", a_payment(hooli, "0")),
        "more lines than money": client.post("payment", a_payment(hooli, "5", ("Invoice", invoice_id, "6"))),
        "too long": client.post("payment", a_payment(hooli, "5", PaymentRefNum="x" * 22)),
        "half a cent": client.post("payment", a_payment(hooli, "5.005")),
        "no token": client.post("payment", {"Id": invoice_id}, operation="delete"),
    }
    expected = "620 620 6240 2020 6000 6000 2050 6000 2020".split()
    assert dict(zip(refused, expected, strict=True)) == {why: code(answer) for why, answer in refused.items()}
    assert [] == quickbooks.ledger.receipts()


# Asking


def test_queries_find_order_and_page(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    dana = quickbooks.bookkeeper
    ids = [dana.invoice(number, hooli, minor) for number, minor in (("A-1", 100), ("A-2", 300), ("B-1", 200), ("O'B", 50))]
    asked = {
        "select * from Invoice where DocNumber in ('A-1', 'B-1') orderby Id": [ids[0], ids[2]],
        "SELECT Id FROM invoice WHERE DocNumber LIKE 'A%' ORDER BY TotalAmt DESC": [ids[1], ids[0]],
        "select * from Invoice where Balance > '1.00' and Balance <= '3' orderby Balance": [ids[2], ids[1]],
        "select * from Invoice where DocNumber = 'O\\'B'": [ids[3]],
        f"select * from Invoice where CustomerRef = '{hooli}' orderby Id startposition 2 maxresults 2": [ids[1], ids[2]],
        f"select * from Invoice where MetaData.LastUpdatedTime >= '{START.isoformat()}' orderby Id": ids,
        "select * from Invoice where MetaData.LastUpdatedTime > '2026-03-10T08:00:00-07:00'": [],
    }
    assert asked == {text: client.ids(text) for text in asked}
    assert 4 == client.query("select count(*) from Invoice")["QueryResponse"]["totalCount"]
    assert {} == client.query("select * from Payment")["QueryResponse"]
    assert "Acme Networks" == client.query("select * from CompanyInfo")["QueryResponse"]["CompanyInfo"][0]["CompanyName"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select * from Payment where PrivateNote = 'x'", "4001"),
        ("select * from Payment where UnappliedAmt > '0'", "4001"),
        ("select * from Invoice where Line.Amount = '1'", "4001"),
        ("select * from Unicorn", "4001"),
        ("select * from Invoice maxresults 1001", "4001"),
        ("select * from Invoice where TotalAmt = 'much'", "4001"),
        ("select * from Invoice where DocNumber = '1' or DocNumber = '2'", "4000"),
        ("select * from Invoice where DocNumber = '1", "4000"),
        ("select from Invoice", "4000"),
        ("", "4000"),
    ],
)
def test_what_may_not_be_asked_is_refused(client: Client, quickbooks: QuickBooks, hooli: str, text: str, expected: str) -> None:
    quickbooks.bookkeeper.invoice("1042", hooli, 100)
    assert expected == code(client.query(text))


def test_times_carry_an_offset_and_amounts_are_written_exactly(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    quickbooks.bookkeeper.invoice("1042", hooli, 999_999_999_999_990)
    held = client.query("select * from Invoice")["QueryResponse"]["Invoice"][0]
    assert '"TotalAmt": 9999999999999.90,' in client.last.text
    assert "2026-03-10T08:00:00-07:00" == held["MetaData"]["LastUpdatedTime"]
    assert client.last.headers["intuit_tid"]


def test_the_feed_tells_what_changed_and_what_was_deleted(
    quickbooks: QuickBooks, client: Client, clock: ManualClock, hooli: str
) -> None:
    dana = quickbooks.bookkeeper
    kept, gone = dana.invoice("1", hooli, 100), dana.invoice("2", hooli, 100)
    clock.advance(60)
    dana.delete_invoice(gone)
    feed = client.get("cdc", entities="Invoice,payment", changedSince=(START + timedelta(seconds=1)).isoformat())
    invoices, payments = feed["CDCResponse"][0]["QueryResponse"]
    assert [(gone, "Deleted")] == [(invoice["Id"], invoice["status"]) for invoice in invoices["Invoice"]]
    assert {} == payments
    everything = client.get("cdc", entities="Invoice", changedSince=START.isoformat())
    assert {kept, gone} == {invoice["Id"] for invoice in everything["CDCResponse"][0]["QueryResponse"][0]["Invoice"]}
    clock.advance(31 * 86_400)
    assert 400 == (client.get("cdc", entities="Invoice", changedSince=START.isoformat()), client.last.status_code)[1]


def test_the_feed_gives_a_thousand_and_no_more(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    quickbooks.bookkeeper.invoice("1", hooli, 100)
    with quickbooks.ledger.changing("Dana") as change:
        for number in range(1_001):
            customers.add(change, f"Customer {number}")
    feed = client.get("cdc", entities="Invoice,Customer", changedSince=JUST_BEFORE)["CDCResponse"][0]["QueryResponse"]
    assert [1, 999] == [page["totalCount"] for page in feed]


# Once, and in batches


def test_a_request_is_replayed_for_a_day_with_the_same_body_only(client: Client, clock: ManualClock, hooli: str) -> None:
    body = a_payment(hooli, "20.00")
    first = client.post("payment", body, requestid="k")["Payment"]["Id"]
    assert first == client.post("payment", body, requestid="k")["Payment"]["Id"]
    assert "600" == code(client.post("payment", a_payment(hooli, "21.00"), requestid="k"))
    client.post("payment", {"Id": first, "SyncToken": "0"}, operation="delete", requestid="d")
    assert first == client.post("payment", body, requestid="k")["Payment"]["Id"]
    assert [] == client.ids("select * from Payment")
    clock.advance(86_401)
    assert first != client.post("payment", body, requestid="k")["Payment"]["Id"]
    assert "2050" == code(client.post("payment", body, requestid="x" * 51))


def test_many_at_once_under_one_request_id_are_one_payment(quickbooks: QuickBooks, hooli: str) -> None:
    def ask(_: int) -> str:
        return str(Client(quickbooks).post("payment", a_payment(hooli, "20.00"), requestid="k")["Payment"]["Id"])

    with ThreadPoolExecutor(8) as workers:
        assert 1 == len(set(workers.map(ask, range(8))))
    assert (1, 8) == (len(quickbooks.ledger.receipts()), quickbooks.counts.all)


def test_a_refused_request_is_not_remembered(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    body = a_payment(hooli, "20.00", TxnDate="2026-02-28")
    quickbooks.bookkeeper.close_period(date(2026, 2, 28))
    assert "6210" == code(client.post("payment", body, requestid="k"))
    quickbooks.ledger.reopen_period(by="Dana")
    assert "20.00" == str(client.post("payment", body, requestid="k")["Payment"]["TotalAmt"])


def test_a_batch_answers_each_item_by_its_name(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    invoice_id = quickbooks.bookkeeper.invoice("1042", hooli, 3_000)
    paying = a_payment(hooli, "20.00", ("Invoice", invoice_id, "20.00"))
    items = [
        {"bId": "a", "operation": "create", "Payment": paying},
        {"bId": "b", "operation": "create", "Payment": a_payment("999999", "5")},
        {"bId": "c", "operation": "create", "Payment": paying},
        {"bId": "d", "Query": "select * from Payment where TotalAmt = '20'"},
    ]
    answers = client.post("batch", {"BatchItemRequest": items}, requestid="b1")["BatchItemResponse"]
    assert ["a", "b", "c", "d"] == [answer["bId"] for answer in answers]
    assert ("0.00", "610", "10.00", {}) == (
        str(answers[0]["Payment"]["UnappliedAmt"]),
        code(answers[1]),
        str(answers[2]["Payment"]["UnappliedAmt"]),
        answers[3]["QueryResponse"],  # items do not see each other
    )
    client.post("batch", {"BatchItemRequest": items}, requestid="b1")
    assert 2 == len(client.ids("select * from Payment"))
    many = [{"bId": str(place), "Query": "select * from Invoice"} for place in range(31)]
    assert "6000" == code(client.post("batch", {"BatchItemRequest": many}))


def test_a_batch_may_break_in_the_middle(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    items = [{"bId": str(place), "operation": "create", "Payment": a_payment(hooli, "5")} for place in range(3)]
    quickbooks.break_batch_after(2)
    with pytest.raises(httpx2.TransportError):
        client.post("batch", {"BatchItemRequest": items}, requestid="b1")
    assert 2 == len(client.ids("select * from Payment"))


# What goes wrong on the way


def test_faults_come_to_the_next_request_that_fits(quickbooks: QuickBooks, client: Client, hooli: str) -> None:
    quickbooks.order(Fault(status=429, headers={"Retry-After": "7"}, path="/payment"))
    quickbooks.order_fault("6190", path="/payment")
    client.query("select * from Invoice")
    assert 200 == client.last.status_code
    client.post("payment", a_payment(hooli, "5"))
    assert (429, "7") == (client.last.status_code, client.last.headers["retry-after"])
    assert "6190" == code(client.post("payment", a_payment(hooli, "5")))
    assert [] == quickbooks.ledger.receipts()


@pytest.mark.parametrize(("cut", "carried_out"), [("before", 0), ("after", 1)])
def test_a_cut_line_leaves_the_write_undone_or_done(
    quickbooks: QuickBooks, client: Client, hooli: str, cut: str, carried_out: int
) -> None:
    quickbooks.order(Fault(cut=cut, path="/payment"))
    with pytest.raises(httpx2.TransportError):
        client.post("payment", a_payment(hooli, "5"))
    assert carried_out == len(quickbooks.ledger.receipts())


def test_an_unknown_token_and_another_company_are_turned_away(quickbooks: QuickBooks, client: Client) -> None:
    stranger = Client(quickbooks, token="expired")
    stranger.get("invoice/1")
    client.get("../1/invoice/1")
    assert (401, 403) == (stranger.last.status_code, client.last.status_code)
    assert 0 == quickbooks.counts.all


def test_limits_are_kept_where_they_are_enforced(quickbooks: QuickBooks, client: Client, clock: ManualClock) -> None:
    def statuses(times: int) -> list[int]:
        return [(client.query("select * from Invoice"), client.last.status_code)[1] for _ in range(times)]

    assert [200] * 12 == statuses(12)
    quickbooks.prefers(enforce_limits=True)
    assert [200] * 10 + [429] == statuses(11)
    for _ in range(40):
        clock.advance(1.5)
        client.post("batch", {"BatchItemRequest": []})
    assert 200 == client.last.status_code
    client.post("batch", {"BatchItemRequest": []})
    assert (429, "60") == (client.last.status_code, client.last.headers["retry-after"])


@needs_schema
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"SyncToken": 0}, "is not of type 'string'"),
        ({"Privatenote": "x"}, "unexpected"),
        ({"ProcessPayment": True}, "would charge a card"),
    ],
)
def test_a_request_that_breaks_the_schema_fails_the_test_that_sent_it(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        send_to_a_new_company(tmp_path, change)


def send_to_a_new_company(folder: Path, change: dict[str, Any]) -> None:
    with start_quickbooks(folder) as quickbooks:
        customer_id = quickbooks.bookkeeper.customer("Hooli")
        Client(quickbooks).post("payment", {**a_payment(customer_id, "5"), **change})


# A process of its own


def test_its_own_process_loses_nothing_when_it_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-m", "stand_ins.quickbooks", str(tmp_path), "0"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        ledger = Ledger(tmp_path / BOOKS, ManualClock(datetime.now(UTC)), temper=Temper.SWALLOWING)
        customer = ledger.add_customer("Hooli", by="Dana")
        http = httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        made = http.post("payment", json=a_payment(customer.id[1:], "5.00"), params={"requestid": "k"}).json()["Payment"]
        process.send_signal(signal.SIGKILL)
    with start_quickbooks(tmp_path) as again:
        client = Client(again)
        assert made["Id"] == client.get(f"payment/{made['Id']}")["Payment"]["Id"]
        assert made["Id"] == client.post("payment", a_payment(customer.id[1:], "5.00"), requestid="k")["Payment"]["Id"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v3/company/\d+/", base_url)
    ledger.close()
