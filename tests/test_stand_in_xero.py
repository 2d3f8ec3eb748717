"""The stand-in for Xero answers as the real service was seen to: refusals, replays, limits, lists, and what a person does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
import simplejson
from makers import ManualClock
from openapi_core.testing import MockResponse
from stand_ins.xero import Fault, Xero, start_xero
from stand_ins.xero_contract import Checker, needs_contract

from receivables.errors import AccessLost, BooksRefused

Json = dict[str, Any]
NOT_AUTHORISED = "Payments can only be made against Authorised documents"
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"
NEVER_WAS = "00000000-0000-4000-8000-000000000000"


@dataclass
class Answer:
    """What came back; `body` is parsed with Decimal where it is JSON."""

    status: int
    headers: httpx2.Headers
    text: str

    @property
    def body(self) -> Json:
        parsed: Json = simplejson.loads(self.text, use_decimal=True)
        return parsed

    def only(self, plural: str) -> Json:
        (document,) = self.body[plural]
        return dict(document)

    @property
    def messages(self) -> list[str]:
        """Why a request with one element was refused."""
        assert 400 == self.status
        (element,) = self.body["Elements"]
        return [error["Message"] for error in element["ValidationErrors"]]


@dataclass
class Caller:
    """Somebody who calls Xero over HTTP, with an invoice of 500.00 for Hooli to pay."""

    xero: Xero
    clock: ManualClock
    client: httpx2.Client
    hooli: str
    invoice: str

    def ask(
        self, method: str, path: str, body: Json | None = None, *, params: Any = None, organisation: str = "", **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        entering = {"Authorization": self.xero.access.authorization(), "Xero-tenant-id": organisation or self.xero.organisation}
        sent = {**entering, **named}
        response = self.client.request(method, path, params=params, headers=sent, json=body)
        return Answer(response.status_code, response.headers, response.text)

    def get(self, path: str, **params: str) -> Answer:
        return self.ask("GET", path, params=params)

    def ids(self, plural: str, key: str, **params: str) -> list[str]:
        return [document[key] for document in self.get(plural, **params).body[plural]]

    def pay(self, amount: str, invoice: str = "", *, key: str = "", **more: Any) -> Answer:
        headers = {"Idempotency_Key": key} if key else {}
        return self.ask("PUT", "Payments", {"Payments": [a_payment(invoice or self.invoice, amount, **more)]}, **headers)

    def paid(self, amount: str, invoice: str = "", **more: Any) -> str:
        """Pays and returns the id of the payment."""
        return str(self.pay(amount, invoice, **more).only("Payments")["PaymentID"])

    def delete(self, payment: str) -> Answer:
        return self.ask("POST", f"Payments/{payment}", {"Status": "DELETED"})

    def status(self, invoice: str = "") -> tuple[str, str]:
        """Of an invoice, with what is due."""
        found = self.get(f"Invoices/{invoice or self.invoice}").only("Invoices")
        return found["Status"], str(found["AmountDue"])


def a_payment(invoice: str, amount: str, *, account: str = "091", day: str = "2026-03-10", reference: str = "") -> Json:
    paying = {"Invoice": {"InvoiceID": invoice}, "Account": {"Code": account}, "Date": day, "Amount": float(amount)}
    return {**paying, "Reference": reference}


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    clock = ManualClock()
    with start_xero(tmp_path, clock=clock) as xero, httpx2.Client(base_url=xero.base_url, trust_env=False) as client:
        hooli = xero.bookkeeper.customer("Hooli")
        yield Caller(xero, clock, client, hooli, xero.bookkeeper.invoice("1042", hooli, 50_000))
        assert [] == xero.violations
        assert () == xero.ledger.check_books()


def test_payment_pays_its_invoice_and_deleting_it_opens_the_invoice_again(caller: Caller) -> None:
    made = caller.pay("500.00", reference="rn-a | TXN-1").only("Payments")
    assert ("AUTHORISED", "rn-a | TXN-1", "ACCRECPAYMENT") == (made["Status"], made["Reference"], made["PaymentType"])
    assert ("PAID", "0.00") == caller.status()

    deleted = caller.delete(made["PaymentID"]).only("Payments")

    assert ("DELETED", made["PaymentID"]) == (deleted["Status"], deleted["PaymentID"])
    assert ("AUTHORISED", "500.00") == caller.status()
    assert "DELETED" == caller.get(f"Payments/{made['PaymentID']}").only("Payments")["Status"]


def test_paid_invoice_is_refused_with_both_messages_and_others_with_one(caller: Caller) -> None:
    keeper = caller.xero.bookkeeper
    caller.paid("300.00")
    voided, draft = keeper.invoice("2", caller.hooli, 100), keeper.invoice("3", caller.hooli, 100, draft=True)
    deleted = keeper.invoice("4", caller.hooli, 100)
    keeper.void_invoice(voided)
    keeper.delete_invoice(deleted)

    assert [TOO_MUCH] == caller.pay("200.01").messages
    caller.paid("200.00")
    assert [NOT_AUTHORISED, TOO_MUCH] == caller.pay("0.01").messages
    assert [[NOT_AUTHORISED]] * 3 == [caller.pay("1.00", invoice_id).messages for invoice_id in (voided, draft, deleted)]
    assert ["Invoice could not be found"] == caller.pay("1.00", NEVER_WAS).messages


def test_refused_element_stands_beside_the_others_in_a_200(caller: Caller) -> None:
    other = caller.xero.bookkeeper.invoice("1043", caller.hooli, 10_000)
    body = {"Payments": [a_payment(caller.invoice, "500.01"), a_payment(other, "100.00")]}

    answer = caller.ask("PUT", "Payments", body, params={"summarizeErrors": "false"})

    assert 200 == answer.status
    wrong, right = answer.body["Payments"]
    assert (True, "ERROR", [{"Message": TOO_MUCH}]) == tuple(
        wrong[key] for key in ("HasValidationErrors", "StatusAttributeString", "ValidationErrors")
    )
    assert (False, "OK") == (right["HasValidationErrors"], right["StatusAttributeString"])
    assert [("AUTHORISED", "500.00"), ("PAID", "0.00")] == [caller.status(), caller.status(other)]


def test_refused_element_takes_a_summarised_request_with_it(caller: Caller) -> None:
    other = caller.xero.bookkeeper.invoice("1043", caller.hooli, 10_000)

    assert (
        400
        == caller.ask("PUT", "Payments", {"Payments": [a_payment(other, "100.00"), a_payment(caller.invoice, "501.00")]}).status
    )

    assert ("AUTHORISED", "100.00") == caller.status(other)
    assert [] == caller.ids("Payments", "PaymentID")


def test_several_payments_of_one_invoice_see_each_other(caller: Caller) -> None:
    body = {"Payments": [a_payment(caller.invoice, "300.00"), a_payment(caller.invoice, "300.00")]}
    first, second = caller.ask("PUT", "Payments", body, params={"summarizeErrors": "false"}).body["Payments"]
    assert ("OK", "ERROR") == (first["StatusAttributeString"], second["StatusAttributeString"])


def test_same_key_answers_the_same_for_six_minutes_even_when_the_payment_was_deleted(caller: Caller) -> None:
    first = caller.pay("500.00", key="k1")
    assert first.text == caller.pay("500.00", key="k1").text
    caller.delete(first.only("Payments")["PaymentID"])
    caller.clock.advance(359)
    assert first.text == caller.pay("500.00", key="k1").text
    assert ("AUTHORISED", "500.00") == caller.status()

    caller.clock.advance(1)

    assert first.only("Payments")["PaymentID"] != caller.pay("500.00", key="k1").only("Payments")["PaymentID"]
    assert ("PAID", "0.00") == caller.status()


def test_key_is_refused_for_another_request_or_over_128_characters(caller: Caller) -> None:
    assert 200 == caller.pay("100.00", key="k1").status
    assert ["Idempotency Key: k1 is used with a different request."] == caller.pay("200.00", key="k1").messages
    assert [200, 400] == [caller.pay("1.00", key="k" * length).status for length in (128, 129)]


def test_key_answers_a_refusal_again_even_after_its_cause_was_put_right(caller: Caller) -> None:
    caller.xero.bookkeeper.close_period(date(2026, 3, 10))
    refused = caller.pay("1.00", key="k1")
    caller.xero.ledger.reopen_period(by="Dana")
    assert (400, refused.text) == (caller.pay("1.00", key="k1").status, caller.pay("1.00", key="k1").text)
    caller.clock.advance(360)
    assert 200 == caller.pay("1.00", key="k1").status

    caller.xero.refusals_are_remembered = False

    assert 400 == caller.pay("900.00", key="k2").status
    assert 200 == caller.pay("1.00", key="k2").status


@pytest.mark.parametrize(
    ("account", "message"),
    [
        ("095", "Account code '095' has been archived, or deleted."),
        ("200", "Account code '200' is not enabled for payments."),
        ("999", "Account could not be found"),
    ],
)
def test_payment_goes_only_to_a_living_account_that_takes_payments(caller: Caller, account: str, message: str) -> None:
    assert [message] == caller.pay("1.00", account=account).messages


def test_account_archived_by_hand_takes_no_more_payments(caller: Caller) -> None:
    caller.paid("1.00")
    caller.xero.archive_account("091")
    assert ["Account code '091' has been archived, or deleted."] == caller.pay("1.00").messages
    assert ["091", "095"] == sorted(caller.ids("Accounts", "Code", where='Status=="ARCHIVED"'))


def test_lock_dates_refuse_what_is_dated_on_or_before_them(caller: Caller) -> None:
    payment = caller.paid("1.00", day="2026-03-05")
    caller.xero.bookkeeper.close_period(date(2026, 3, 5))
    locked = "The document date cannot be before the period lock date, currently set at 05-Mar-2026"
    assert [locked] == caller.pay("1.00", day="2026-03-05").messages
    assert [locked] == caller.delete(payment).messages
    assert 200 == caller.pay("1.00", day="2026-03-06").status

    caller.xero.lock_year(date(2026, 3, 7))

    locked = "The document date cannot be before the end of year lock date, currently set at 07-Mar-2026"
    assert [locked] == caller.pay("1.00", day="2026-03-06").messages
    organisation = caller.get("Organisation").only("Organisations")
    assert "/Date(1772668800000+0000)/" == organisation["PeriodLockDate"]
    assert "/Date(1772841600000+0000)/" == organisation["EndOfYearLockDate"]


def test_payment_is_deleted_only_unreconciled_and_outside_a_batch(caller: Caller) -> None:
    reconciled, batched, two = caller.paid("1.00"), caller.paid("2.00"), caller.paid("3.00")
    caller.xero.reconcile(reconciled)
    caller.xero.put_in_batch([batched, two])

    assert ["Payments within a batch cannot be deleted"] == caller.delete(batched).messages
    assert ["This payment has been reconciled and cannot be deleted"] == caller.delete(reconciled).messages
    assert caller.get(f"Payments/{reconciled}").only("Payments")["IsReconciled"]
    batches = {caller.get(f"Payments/{payment}").only("Payments")["BatchPaymentID"] for payment in (batched, two)}
    assert 1 == len(batches)


def test_payment_is_never_edited(caller: Caller) -> None:
    payment = caller.paid("1.00")
    answer = caller.ask("POST", f"Payments/{payment}", {"Status": "AUTHORISED"})
    assert ["Payments cannot be edited, only deleted"] == answer.messages
    assert 404 == caller.delete(NEVER_WAS).status
    caller.delete(payment)
    assert ["Payment not of valid status for modification"] == caller.delete(payment).messages


def test_payments_are_also_made_and_deleted_by_post(caller: Caller) -> None:
    first = caller.ask("POST", "Payments", a_payment(caller.invoice, "1.00")).only("Payments")["PaymentID"]
    two = caller.ask("POST", "Payments", {"Payments": [a_payment(caller.invoice, "2.00")]}).only("Payments")["PaymentID"]
    assert ("AUTHORISED", "497.00") == caller.status()

    deleted = caller.ask("POST", "Payments", {"Payments": [{"PaymentID": first, "Status": "DELETED"}]}).only("Payments")

    assert (first, "DELETED") == (deleted["PaymentID"], deleted["Status"])
    assert [two] == caller.ids("Payments", "PaymentID", where='Status=="AUTHORISED"')


def test_payment_made_with_a_warning_is_made(caller: Caller) -> None:
    caller.xero.warn("The date is far away")
    body = {"Payments": [a_payment(caller.invoice, "1.00"), a_payment(caller.invoice, "2.00")]}
    warned, plain = caller.ask("PUT", "Payments", body, params={"summarizeErrors": "false"}).body["Payments"]
    assert ("WARNING", [{"Message": "The date is far away"}]) == (warned["StatusAttributeString"], warned["Warnings"])
    assert "OK" == plain["StatusAttributeString"]
    assert ("AUTHORISED", "497.00") == caller.status()


def test_credit_taken_off_is_left_on_its_note_and_the_answer_is_the_one_of_the_examples(caller: Caller) -> None:
    note = caller.xero.bookkeeper.credit_memo("CN-1", caller.hooli, 20_000)
    sent = {"Allocations": [{"Invoice": {"InvoiceID": caller.invoice}, "Amount": 200.0, "Date": "2026-03-10"}]}
    assert 200 == caller.ask("PUT", f"CreditNotes/{note}/Allocations", sent).status
    shown = caller.get(f"CreditNotes/{note}").only("CreditNotes")
    assert ("PAID", 0, 200) == (shown["Status"], shown["RemainingCredit"], shown["Allocations"][0]["Amount"])
    invoice = caller.get(f"Invoices/{caller.invoice}").only("Invoices")
    assert (200, "CN-1") == (invoice["AmountCredited"], invoice["CreditNotes"][0]["CreditNoteNumber"])

    allocation = shown["Allocations"][0]["AllocationID"]
    taken_off = caller.ask("DELETE", f"CreditNotes/{note}/Allocations/{allocation}")

    assert (allocation, True) == (taken_off.body["AllocationId"], taken_off.body["IsDeleted"])
    assert 200 == caller.get(f"CreditNotes/{note}").only("CreditNotes")["RemainingCredit"]
    assert ("AUTHORISED", "500.00") == caller.status()
    assert 404 == caller.ask("DELETE", f"CreditNotes/{note}/Allocations/{allocation}").status


def test_allocation_larger_than_the_credit_or_the_invoice_is_refused(caller: Caller) -> None:
    note = caller.xero.bookkeeper.credit_memo("CN-1", caller.hooli, 60_000)

    def allocating(amount: float) -> Answer:
        sent = {"Allocations": [{"Invoice": {"InvoiceID": caller.invoice}, "Amount": amount, "Date": "2026-03-10"}]}
        return caller.ask("PUT", f"CreditNotes/{note}/Allocations", sent)

    too_much = "Credit Note cannot be allocated as amount is greater than amount outstanding"
    assert [too_much] == allocating(500.01).messages
    assert 200 == allocating(500.0).status
    assert ["The invoice you are trying to allocate to has already been paid off", too_much] == allocating(0.01).messages


@pytest.mark.parametrize(("word", "plural"), [("Overpayment", "Overpayments"), ("Prepayment", "Prepayments")])
def test_money_on_account_is_a_document_of_its_own_that_pays_by_allocation(caller: Caller, word: str, plural: str) -> None:
    sent = {
        "Type": f"RECEIVE-{word.upper()}",
        "Contact": {"ContactID": caller.hooli},
        "BankAccount": {"Code": "090"},
        "Date": "2026-03-10",
        "Reference": "rn-b | TXN-2",
        "LineItems": [{"Description": "On account", "Quantity": 1, "UnitAmount": 120.5}],
    }
    received = caller.ask("PUT", "BankTransactions", {"BankTransactions": [sent]}).only("BankTransactions")
    document, transaction = received[f"{word}ID"], received["BankTransactionID"]
    assert document != transaction
    on_account = caller.get(f"{plural}/{document}").only(plural)
    assert (Decimal("120.50"), "AUTHORISED") == (on_account["RemainingCredit"], on_account["Status"])

    allocated = {"Allocations": [{"Invoice": {"InvoiceID": caller.invoice}, "Amount": 120.5, "Date": "2026-03-10"}]}
    assert 200 == caller.ask("PUT", f"{plural}/{document}/Allocations", allocated).status
    (allocation,) = caller.get(f"{plural}/{document}").only(plural)["Allocations"]
    invoice = caller.get(f"Invoices/{caller.invoice}").only("Invoices")
    assert (Decimal("379.50"), Decimal("120.50"), 0) == tuple(
        invoice[key] for key in ("AmountDue", "AmountCredited", "AmountPaid")
    )
    assert [document] == [element[f"{word}ID"] for element in invoice[plural]]
    assert 400 == caller.ask("POST", f"BankTransactions/{transaction}", a_deletion(transaction, sent)).status

    assert 200 == caller.ask("DELETE", f"{plural}/{document}/Allocations/{allocation['AllocationID']}").status
    assert 200 == caller.ask("POST", f"BankTransactions/{transaction}", a_deletion(transaction, sent)).status
    assert "VOIDED" == caller.get(f"{plural}/{document}").only(plural)["Status"]
    assert [] == caller.ids("Payments", "PaymentID")


def a_deletion(transaction: str, sent: Json) -> Json:
    return {"BankTransactions": [{**sent, "BankTransactionID": transaction, "Status": "DELETED"}]}


def test_money_on_account_goes_to_a_bank_account_only(caller: Caller) -> None:
    sent = {
        "Type": "RECEIVE-OVERPAYMENT",
        "Contact": {"ContactID": caller.hooli},
        "BankAccount": {"Code": "091"},
        "LineItems": [{"LineAmount": 1.0}],
    }
    assert ["Bank account must be of type BANK"] == caller.ask("PUT", "BankTransactions", {"BankTransactions": [sent]}).messages


def test_changes_since_a_moment_show_an_invoice_that_only_a_payment_or_a_credit_touched(caller: Caller) -> None:
    keeper = caller.xero.bookkeeper
    credited, untouched = keeper.invoice("2", caller.hooli, 10_000), keeper.invoice("3", caller.hooli, 10_000)
    note = keeper.credit_memo("CN-1", caller.hooli, 5_000)
    caller.clock.advance(60)
    since = caller.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [] == caller.ask("GET", "Invoices", If_Modified_Since=since).body["Invoices"]

    keeper.apply_credit(note, credited, 5_000)
    payment = caller.paid("1.00")
    caller.delete(payment)

    changed = {invoice["InvoiceID"] for invoice in caller.ask("GET", "Invoices", If_Modified_Since=since).body["Invoices"]}
    assert {caller.invoice, credited} == changed
    assert untouched not in changed
    (deleted,) = caller.ask("GET", "Payments", If_Modified_Since=since).body["Payments"]
    assert (payment, "DELETED") == (deleted["PaymentID"], deleted["Status"])
    assert [note] == [
        note["CreditNoteID"] for note in caller.ask("GET", "CreditNotes", If_Modified_Since=since).body["CreditNotes"]
    ]


def test_number_may_stand_on_a_voided_a_deleted_and_a_living_invoice(caller: Caller) -> None:
    keeper = caller.xero.bookkeeper
    keeper.void_invoice(caller.invoice)
    deleted = keeper.invoice("1042", caller.hooli, 100)
    keeper.delete_invoice(deleted)
    living = keeper.invoice("1042", caller.hooli, 40_000)

    found = {invoice["InvoiceID"]: invoice for invoice in caller.get("Invoices", InvoiceNumbers="1042").body["Invoices"]}

    assert {caller.invoice: "VOIDED", deleted: "DELETED", living: "AUTHORISED"} == {id: found[id]["Status"] for id in found}
    assert (500, 0) == (found[caller.invoice]["Total"], found[caller.invoice]["AmountDue"])
    assert [living] == caller.ids("Invoices", "InvoiceID", InvoiceNumbers="1042", Statuses="DRAFT,AUTHORISED,PAID")


def test_lists_are_filtered_ordered_and_paged(caller: Caller) -> None:
    initech = caller.xero.bookkeeper.customer("Initech")
    ids = [caller.xero.bookkeeper.invoice(f"{number}", initech, number * 100) for number in range(1, 6)]
    of_initech = f'Contact.ContactID==guid("{initech}")'

    assert [ids[4], ids[3], ids[2]] == caller.ids("Invoices", "InvoiceID", where=f"{of_initech} AND Total>2", order="Total DESC")
    assert sorted([ids[0], caller.invoice]) == sorted(
        caller.ids("Invoices", "InvoiceID", where='InvoiceNumber=="1" OR InvoiceNumber.StartsWith("10")')
    )
    assert ids == caller.ids("Invoices", "InvoiceID", IDs=",".join(ids), order="InvoiceNumber")
    assert [] == caller.ids("Invoices", "InvoiceID", where="Date>=DateTime(2026,03,11)")
    assert 6 == len(caller.ids("Invoices", "InvoiceID", where="Date>=DateTime(2026,03,10) && FullyPaidOnDate==null"))
    page = caller.get("Invoices", page="2", pageSize="4", order="Total").body
    assert {"page": 2, "pageSize": 4, "pageCount": 2, "itemCount": 6} == page["pagination"]
    assert [ids[4], caller.invoice] == [invoice["InvoiceID"] for invoice in page["Invoices"]]
    assert [] != page["Invoices"][0]["LineItems"]
    assert "pagination" not in caller.get("Invoices").body


@pytest.mark.parametrize("condition", ['Nonsense=="1"', "Total", 'Total=="', "Date>=DateTime(2026,13,1)", "Total==1 Total==2"])
def test_query_that_cannot_be_read_is_refused(caller: Caller, condition: str) -> None:
    answer = caller.get("Invoices", where=condition)
    if condition == "Total":  # a field alone is a condition, true or not
        assert [] == answer.body["Invoices"]
    else:
        assert (400, "QueryParseException") == (answer.status, answer.body["Type"])


def test_archived_and_merged_contacts_are_listed_only_when_asked_for(caller: Caller) -> None:
    initech = caller.xero.bookkeeper.customer("Initech")
    caller.xero.ledger.merge_customers(caller.xero.ledger_id(initech), caller.xero.ledger_id(caller.hooli), by="Dana")

    assert [caller.hooli] == caller.ids("Contacts", "ContactID")
    assert sorted([caller.hooli, initech]) == sorted(caller.ids("Contacts", "ContactID", includeArchived="true"))
    merged = caller.get(f"Contacts/{initech}").only("Contacts")
    assert ("ARCHIVED", caller.hooli) == (merged["ContactStatus"], merged["MergedToContactID"])


def test_history_tells_who_did_what_when(caller: Caller) -> None:
    note = caller.xero.bookkeeper.credit_memo("CN-1", caller.hooli, 20_000)
    caller.clock.advance(60)
    caller.xero.bookkeeper.apply_credit(note, caller.invoice, 20_000)
    caller.clock.advance(60)
    payment = caller.paid("300.00")

    records = caller.get(f"Invoices/{caller.invoice}/History").body["HistoryRecords"]

    assert [("Paid", "Resolve Now"), ("Credit Applied", "Dana"), ("Created", "Dana")] == [
        (record["Changes"], record["User"]) for record in records
    ]
    assert ["2026-03-10T15:02:00", "2026-03-10T15:01:00", "2026-03-10T15:00:00"] == [
        record["DateUTCString"] for record in records
    ]
    assert "CN-1" in records[1]["Details"]
    assert ["Created"] == [entry["Changes"] for entry in caller.get(f"Payments/{payment}/History").body["HistoryRecords"]]
    assert 2 == len(caller.get(f"CreditNotes/{note}/History").body["HistoryRecords"])


def test_receipt_of_two_invoices_entered_in_the_ledger_is_a_batch_of_two_payments(caller: Caller) -> None:
    ledger, ledger_id = caller.xero.ledger, caller.xero.ledger_id
    other = caller.xero.bookkeeper.invoice("1043", caller.hooli, 10_000)
    lines = [(ledger_id(caller.invoice), 50_000), (ledger_id(other), 10_000)]
    ledger.enter_receipt(ledger_id(caller.hooli), 60_000, "USD", date(2026, 3, 10), by="Dana", lines=lines)

    payments = caller.get("Payments").body["Payments"]

    assert {caller.invoice: 500, other: 100} == {payment["Invoice"]["InvoiceID"]: payment["Amount"] for payment in payments}
    assert 1 == len({payment["BatchPaymentID"] for payment in payments})
    assert [1] == sorted({len(caller.delete(payment["PaymentID"]).messages) for payment in payments})


def test_bookkeeper_takes_money_on_account_and_cannot_pay_two_invoices_at_once(caller: Caller) -> None:
    keeper = caller.xero.bookkeeper
    overpayment = keeper.receipt(caller.hooli, 7_000, (), memo="cheque")
    assert [overpayment] == caller.ids("Overpayments", "OverpaymentID", References="cheque")
    payment = keeper.receipt(caller.hooli, 20_000, ((caller.invoice, 20_000),))
    assert [payment] == caller.ids("Payments", "PaymentID")
    with pytest.raises(BooksRefused):
        keeper.receipt(caller.hooli, 30_000, ((caller.invoice, 20_000),))
    keeper.delete_invoice(caller.invoice)
    assert ["DELETED"] == caller.ids("Payments", "Status")


def test_nobody_enters_without_access_or_into_another_organisation(caller: Caller) -> None:
    assert 403 == caller.ask("GET", "Organisation", organisation=NEVER_WAS).status
    caller.xero.access.end()
    refused = caller.ask("GET", "Organisation")
    assert (401, "Unauthorized") == (refused.status, refused.body["Title"])
    caller.xero.access.refused(caller.xero.access.authorization())
    assert 200 == caller.get("Organisation").status
    caller.xero.access.lost = True
    with pytest.raises(AccessLost):
        caller.xero.access.refused(caller.xero.access.authorization())


def test_what_never_was_is_not_found_in_plain_words(caller: Caller) -> None:
    for path in (f"Invoices/{NEVER_WAS}", f"Invoices/{NEVER_WAS}/History", f"Payments/{caller.invoice}"):
        missing = caller.get(path)
        assert (404, "The resource you're looking for cannot be found") == (missing.status, missing.text)


def test_limits_of_a_minute_and_a_day_are_told_and_kept(caller: Caller) -> None:
    caller.xero.limits.enforced = True
    caller.xero.limits.each_minute, caller.xero.limits.each_day = 3, 5
    first = caller.get("Organisation")
    assert ("2", "4") == (first.headers["X-MinLimit-Remaining"], first.headers["X-DayLimit-Remaining"])
    assert "X-AppMinLimit-Remaining" in first.headers
    caller.clock.advance(20)
    statuses = [caller.get("Organisation").status for _ in range(3)]
    refused = caller.get("Organisation")
    assert [200, 200, 429] == statuses
    assert ("minute", "41") == (refused.headers["X-Rate-Limit-Problem"], refused.headers["Retry-After"])

    caller.clock.advance(60)

    assert [200, 200, 429] == [caller.get("Organisation").status for _ in range(3)]
    assert "day" == caller.get("Organisation").headers["X-Rate-Limit-Problem"]


def test_sixth_call_at_once_is_refused(caller: Caller) -> None:
    caller.xero.limits.enforced = True
    caller.xero.faults.order(Fault(wait_seconds=1.5, path="Organisation", times=5))
    with ThreadPoolExecutor(5) as threads:
        slow = [threads.submit(caller.get, "Organisation") for _ in range(5)]
        while caller.xero.faults.in_flight < 5:
            assert not any(request.done() for request in slow)
        refused = caller.get("Accounts")
    assert (429, "concurrent") == (refused.status, refused.headers["X-Rate-Limit-Problem"])
    assert {200} == {request.result().status for request in slow}


def test_faults_to_order_happen_once_and_where_they_were_ordered(caller: Caller) -> None:
    caller.xero.throttle("day", 3600, path="Payments")
    caller.xero.go_offline(path="Payments")
    caller.xero.faults.order(Fault(status=500, method="PUT"))
    assert 200 == caller.get("Organisation").status
    throttled = caller.pay("1.00")
    assert (429, "day", "3600") == (
        throttled.status,
        throttled.headers["X-Rate-Limit-Problem"],
        throttled.headers["Retry-After"],
    )
    assert [503, 500, 200] == [caller.pay("1.00").status for _ in range(3)]
    assert 0 == caller.xero.faults.left


@pytest.mark.parametrize(("cut", "due"), [("before", "500.00"), ("after", "499.00")])
def test_cut_connection_leaves_no_answer_and_did_or_did_not_pay(caller: Caller, cut: str, due: str) -> None:
    caller.xero.faults.order(Fault(cut=cut, method="PUT"))
    with pytest.raises(httpx2.TransportError):
        caller.pay("1.00")
    assert ("AUTHORISED", due) == caller.status()


def test_requests_are_counted(caller: Caller) -> None:
    caller.paid("1.00")
    caller.status()
    assert {"PUT Payments": 1, "GET Invoices/{id}": 1} == dict(caller.xero.counts)


@needs_contract
def test_request_that_the_contract_does_not_know_is_told(caller: Caller) -> None:
    caller.ask("PUT", "Payments", {"Payments": [{**a_payment(caller.invoice, "1.00"), "Amunt": 1}]})
    caller.get("Invoices", colour="blue")
    (violation,) = caller.xero.violations
    assert "Amunt" in violation
    caller.xero.violations.clear()
    caller.xero.check_contract(False)
    caller.ask("PUT", "Payments", {"Payments": [{**a_payment(caller.invoice, "1.00"), "Amunt": 1}]})
    assert [] == caller.xero.violations


@needs_contract
@pytest.mark.parametrize("wrong", [{"Nome": "Acme"}, {"PaysTax": "yes"}, {"OrganisationID": "1"}, {"BaseCurrency": "XXX"}])
def test_answer_that_the_contract_does_not_know_is_told(wrong: Json) -> None:
    checker = Checker()
    body = simplejson.dumps({"Organisations": [{"Name": "Acme", **wrong}]}).encode()
    checker.check("GET", "Organisation", {}, {"xero-tenant-id": NEVER_WAS}, b"", MockResponse(body, 200))
    assert 1 == len(checker.violations)


def test_stand_in_as_a_process_of_its_own_keeps_the_books_for_the_next_start(tmp_path: Path) -> None:
    tests = Path(__file__).parent
    with start_xero(tmp_path, clock=ManualClock()) as xero:
        customer = xero.bookkeeper.customer("Hooli")
    command = [sys.executable, "-m", "stand_ins.xero", str(tmp_path), "0"]
    environment = {"PYTHONPATH": f"{tests.parent}:{tests}", "PATH": ""}
    with subprocess.Popen(command, cwd=tests, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url, organisation, token = process.stdout.readline().split()
            headers = {"Authorization": f"Bearer {token}", "Xero-tenant-id": organisation}
            answer = httpx2.get(f"{base_url}Contacts/{customer}", headers=headers, trust_env=False)
            assert ["Hooli"] == [contact["Name"] for contact in answer.json()["Contacts"]]
        finally:
            process.terminate()
