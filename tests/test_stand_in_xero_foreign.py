"""A client of Xero that nobody here wrote carries the whole repair out against the stand-in: Xero's own Python SDK.

What it is known to do wrong stands here by name, so that a change of either side is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from makers import ManualClock
from stand_ins.xero import Fault, Xero, start_xero
from xero_python.accounting import (  # type: ignore[import-untyped]
    Account,
    AccountingApi,
    Allocation,
    Allocations,
    BankTransaction,
    BankTransactions,
    Contact,
    Invoice,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
)
from xero_python.api_client import ApiClient  # type: ignore[import-untyped]
from xero_python.api_client.configuration import Configuration  # type: ignore[import-untyped]
from xero_python.api_client.oauth2 import OAuth2Token  # type: ignore[import-untyped]
from xero_python.exceptions import AccountingBadRequestException  # type: ignore[import-untyped]

DAY = date(2026, 3, 10)
#: The SDK sends flags that Xero's description marks as read-only; nothing else of it may be wrong.
KNOWN_FAULT = re.compile(r"request \w+ [^:]*: .*Tried to write read-only property.*", re.DOTALL)
#: Deleting an allocation is done, and then the SDK cannot read the answer (XeroAPI/xero-python#159).
UNREADABLE = "Invalid value for `amount`, must not be `None`"


@dataclass
class Foreigner:
    """The SDK with an invoice of 500.00 and a credit note of 200.00 for Hooli."""

    xero: Xero
    clock: ManualClock
    api: Any
    hooli: str
    invoice: str
    note: str

    @property
    def organisation(self) -> str:
        return self.xero.organisation

    def status(self) -> tuple[str, str]:
        (found,) = self.api.get_invoice(self.organisation, self.invoice).invoices
        return found.status, str(found.amount_due)

    def pay(self, amount: float, **more: Any) -> Any:
        payment = Payment(
            invoice=Invoice(invoice_id=self.invoice),
            account=Account(code="091"),
            date=DAY,
            amount=amount,
            reference="rn-a | TXN-1",
        )
        (made,) = self.api.create_payments(self.organisation, Payments(payments=[payment]), **more).payments
        return made

    def allocate(self, amount: float) -> str:
        """Allocates the credit note to the invoice and returns the allocation's id, which only a read tells."""
        part = Allocation(invoice=Invoice(invoice_id=self.invoice), amount=amount, date=DAY)
        self.api.create_credit_note_allocation(self.organisation, self.note, Allocations(allocations=[part]))
        (note,) = self.api.get_credit_note(self.organisation, self.note).credit_notes
        return str(note.allocations[-1].allocation_id)


@pytest.fixture
def foreigner(tmp_path: Path) -> Iterator[Foreigner]:
    clock = ManualClock()
    with start_xero(tmp_path, clock=clock) as xero:
        token = {"access_token": xero.access.token, "token_type": "Bearer", "expires_in": 1800, "refresh_token": "made up"}
        token |= {"scope": ["accounting.transactions"], "expires_at": None}
        client = ApiClient(
            Configuration(oauth2_token=OAuth2Token("made up", "made up")),
            oauth2_token_getter=lambda: token,
            oauth2_token_saver=lambda _token: None,
        )
        hooli = xero.bookkeeper.customer("Hooli")
        invoice = xero.bookkeeper.invoice("1042", hooli, 50_000)
        note = xero.bookkeeper.credit_memo("CN-1", hooli, 20_000)
        yield Foreigner(xero, clock, AccountingApi(client, base_url=xero.base_url.rstrip("/")), hooli, invoice, note)
        assert [] == [violation for violation in xero.violations if not KNOWN_FAULT.fullmatch(violation)]
        assert () == xero.ledger.check_books()


def test_whole_repair_of_an_applied_credit(foreigner: Foreigner) -> None:
    allocation = foreigner.allocate(200.0)
    with pytest.raises(AccountingBadRequestException) as refused:
        foreigner.pay(500.0, idempotency_key="key-0")
    assert "Payment amount exceeds the amount outstanding on this document" == refused.value.reason

    with pytest.raises(ValueError, match=UNREADABLE):
        foreigner.api.delete_credit_note_allocations(foreigner.organisation, foreigner.note, allocation)
    assert ("AUTHORISED", "500.00") == foreigner.status()
    (note,) = foreigner.api.get_credit_note(foreigner.organisation, foreigner.note).credit_notes
    assert (Decimal("200.00"), []) == (note.remaining_credit, note.allocations)

    paid, again = (foreigner.pay(500.0, idempotency_key="key-1") for _ in range(2))
    assert paid.payment_id == again.payment_id
    assert ("AUTHORISED", "PAID") == (paid.status, paid.invoice.status)
    assert ("PAID", "0.00") == foreigner.status()

    deleted = foreigner.api.delete_payment(foreigner.organisation, paid.payment_id, PaymentDelete(status="DELETED"))
    assert ["DELETED"] == [payment.status for payment in deleted.payments]
    assert ("AUTHORISED", "500.00") == foreigner.status()


def test_refused_element_of_a_200_carries_its_reasons(foreigner: Foreigner) -> None:
    foreigner.pay(500.0)
    refused = foreigner.pay(1.0, summarize_errors=False)
    assert refused.has_validation_errors
    assert [
        "Payments can only be made against Authorised documents",
        "Payment amount exceeds the amount outstanding on this document",
    ] == [error.message for error in refused.validation_errors]


def test_lists_by_condition_order_page_and_change(foreigner: Foreigner) -> None:
    keeper = foreigner.xero.bookkeeper
    others = [keeper.invoice(str(number), foreigner.hooli, number * 100) for number in range(1, 6)]
    foreigner.clock.advance(60)
    since = foreigner.clock.now().astimezone(UTC)
    paid = foreigner.pay(500.0)

    organisation, api = foreigner.organisation, foreigner.api
    page = api.get_invoices(organisation, where='Status=="AUTHORISED"', order="Total DESC", page=2, page_size=3)
    assert [others[1], others[0]] == [invoice.invoice_id for invoice in page.invoices]
    changed = api.get_invoices(organisation, if_modified_since=since).invoices
    assert [foreigner.invoice] == [document.invoice_id for document in changed]
    assert [datetime(2026, 3, 10, 15, 1, tzinfo=UTC)] == [document.updated_date_utc for document in changed]
    found = api.get_payments(organisation, where=f'Invoice.InvoiceID==guid("{foreigner.invoice}")').payments
    assert [(paid.payment_id, Decimal("500.00"), DAY)] == [
        (payment.payment_id, payment.amount, payment.date) for payment in found
    ]
    assert [] == api.get_payments(organisation, where='Status=="DELETED"').payments
    numbered = api.get_invoices(organisation, invoice_numbers=["1", "2"], order="InvoiceNumber").invoices
    assert others[:2] == [invoice.invoice_id for invoice in numbered]
    assert ["Hooli"] == [contact.name for contact in api.get_contacts(organisation, i_ds=[foreigner.hooli]).contacts]
    assert {"090", "091"} < {account.code for account in api.get_accounts(organisation, where='Status=="ACTIVE"').accounts}


def test_history_names_the_person(foreigner: Foreigner) -> None:
    foreigner.clock.advance(60)
    foreigner.pay(500.0)
    records = foreigner.api.get_invoice_history(foreigner.organisation, foreigner.invoice).history_records
    assert [("Paid", "Resolve Now"), ("Created", "Dana")] == [(record.changes, record.user) for record in records]
    assert datetime(2026, 3, 10, 15, 1, tzinfo=UTC) == records[0].date_utc


def test_money_on_account_is_received_and_allocated(foreigner: Foreigner) -> None:
    received = BankTransaction(
        type="RECEIVE-OVERPAYMENT",
        contact=Contact(contact_id=foreigner.hooli),
        bank_account=Account(code="090"),
        line_items=[LineItem(description="On account", line_amount=120.5)],
        date=DAY,
        reference="rn-b | TXN-2",
    )
    organisation, api = foreigner.organisation, foreigner.api
    (made,) = api.create_bank_transactions(organisation, BankTransactions(bank_transactions=[received])).bank_transactions
    part = Allocation(invoice=Invoice(invoice_id=foreigner.invoice), amount=120.5, date=DAY)
    api.create_overpayment_allocations(organisation, made.overpayment_id, Allocations(allocations=[part]))
    assert ("AUTHORISED", "379.50") == foreigner.status()
    (on_account,) = api.get_overpayments(organisation, references=["rn-b | TXN-2"]).overpayments
    assert (made.overpayment_id, 0) == (on_account.overpayment_id, on_account.remaining_credit)
    with pytest.raises(ValueError, match=UNREADABLE):
        api.delete_overpayment_allocations(organisation, made.overpayment_id, on_account.allocations[0].allocation_id)
    assert ("AUTHORISED", "500.00") == foreigner.status()


def test_sdk_waits_out_a_throttling_by_itself(foreigner: Foreigner) -> None:
    """As long as Retry-After says, inside the call: an hour where the limit of the day is used up."""
    foreigner.xero.throttle("minute", 0)
    assert 1 == len(foreigner.api.get_organisations(foreigner.organisation).organisations)
    assert 0 == foreigner.xero.faults.left


def test_sdk_repeats_an_unanswered_payment_and_only_its_key_saves_it_from_paying_twice(foreigner: Foreigner) -> None:
    foreigner.xero.faults.order(Fault(cut="after", method="PUT"))
    foreigner.pay(100.0, idempotency_key="key-1")
    assert ("AUTHORISED", "400.00") == foreigner.status()
    foreigner.xero.faults.order(Fault(cut="after", method="PUT"))
    foreigner.pay(100.0)
    assert ("AUTHORISED", "200.00") == foreigner.status()
