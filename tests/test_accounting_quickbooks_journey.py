"""The three remedies with the books in QuickBooks Online: failures found by reading, remedied by a press, read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest
from evidence_makers import WORDS
from faulty_books import Fault as Unsure
from faulty_books import FaultyBooks
from makers import a_payment
from quickbooks_scene import house_over_quickbooks
from scene import CREATED, PAID, Scene
from stand_ins.quickbooks import QuickBooks
from stand_ins.serving import Fault

import rules
from receivables.diagnosis import Cause, Remedy
from receivables.payment import Allocation, PaymentState
from storage import decisions
from sync import reconciliation

Made = tuple[Scene, QuickBooks]
SETTLED_SECONDS = 200


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    with house_over_quickbooks(tmp_path) as house:
        yield house


def an_invoice_seen(house: Scene) -> tuple[str, str]:
    """A customer and its invoice 1042 of 500.00, mirrored."""
    customer = house.customer("Hooli")
    invoice = house.invoice("1042", customer, 50_000)
    house.sync()
    house.clock.advance(3600)
    return customer.id, invoice.id


def test_healthy_payment_ends_verified_with_one_receipt(made: Made) -> None:
    house, _ = made
    an_invoice_seen(house)
    house.pay()
    house.sync()
    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()


def test_credit_memo_is_taken_off_and_the_receipt_posted(made: Made) -> None:
    house, _ = made
    customer, invoice = an_invoice_seen(house)
    credit = house.ledger.add_credit_memo("CM-77", customer, 12_000, "USD", date(2026, 3, 4), by="Dana", at=CREATED)
    house.ledger.apply_credit(credit.id, invoice, 12_000, by="Dana")
    house.pay()
    house.sync()
    assert Cause.CREDIT_MEMO_APPLIED is house.failing().cause
    assert [] == house.receipts()

    assert "done" == house.decide(Remedy.UNAPPLY_CREDIT_MEMO)

    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()
    assert [12_000] == [memo.open_minor for memo in house.ledger.credit_memos()]
    assert [0] == [invoice.open_minor for invoice in house.ledger.invoices()]


@pytest.mark.parametrize(("refused", "fault"), [(False, Unsure.UNANSWERED), (True, Unsure.UNANSWERED), (False, Unsure.LOST)])
def test_credit_put_on_without_an_answer_is_found_and_stands_once(made: Made, refused: bool, fault: Unsure) -> None:
    house, _ = made
    customer, invoice = an_invoice_seen(house)
    credit = house.ledger.add_credit_memo("CM-77", customer, 40_000, "USD", date(2026, 3, 4), by="Dana", at=CREATED)
    house.ledger.apply_credit(credit.id, invoice, 40_000, by="Dana")
    house.pay(amount_minor=30_000)
    house.sync()
    line = FaultyBooks(house.desk.books, house.clock)
    house.with_books(line)
    # Taken off; the receipt; then what fits of the credit, or all of it where the receipt was refused.
    line.faults = [Unsure.NONE, Unsure.MEMBER_REFUSED if refused else Unsure.NONE, fault]

    state = house.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    for _ in range(4):
        house.clock.advance(SETTLED_SECONDS)
        house.sync()

    (decision,) = decided(house)
    assert ("carrying_out", "failed" if refused else "done") == (state, decision.state)
    assert [0 if refused else 20_000] == [memo.open_minor for memo in house.ledger.credit_memos()]
    assert [10_000 if refused else 0] == [found.open_minor for found in house.ledger.invoices()]
    assert ([] if refused else [("TXN-1", 30_000, 0)]) == house.receipts()


def decided(house: Scene) -> Sequence[decisions.StoredDecision]:
    with house.db.read() as connection:
        return decisions.of_payment(connection, "acme", "TXN-1")


def test_invoice_made_anew_gets_the_receipt(made: Made) -> None:
    house, _ = made
    _, invoice = an_invoice_seen(house)
    house.pay()
    house.ledger.recreate_invoice(invoice, by="Dana")
    house.sync()
    assert Cause.INVOICE_RECREATED is house.failing().cause
    assert "done" == house.decide(Remedy.RECREATE_RECEIPT)
    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()


def test_receipt_entered_by_hand_is_the_proof_to_dismiss_with(made: Made) -> None:
    house, _ = made
    customer, invoice = an_invoice_seen(house)
    house.ledger.enter_receipt(customer, 50_000, "USD", date(2026, 3, 3), by="Dana", lines=((invoice, 50_000),))
    house.pay()
    house.sync()
    assert Cause.RECEIPT_ALREADY_ENTERED is house.failing().cause
    assert "done" == house.decide(Remedy.DISMISS)
    assert PaymentState.DISMISSED is house.payment().state
    assert 1 == len(house.receipts())


@pytest.mark.parametrize("cut", ["before", "after"])
def test_lost_answer_ends_with_exactly_one_receipt(made: Made, cut: str) -> None:
    house, quickbooks = made
    an_invoice_seen(house)
    house.pay()
    quickbooks.order(Fault(cut=cut, method="POST", path="/payment"))
    house.sync()
    for _ in range(4):
        house.clock.advance(SETTLED_SECONDS)
        house.sync()
    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()


def test_access_that_ends_just_before_a_write_is_renewed_in_the_same_sync(made: Made) -> None:
    house, quickbooks = made
    an_invoice_seen(house)
    house.pay()
    quickbooks.order(Fault(status=401, method="POST", path="/payment"))
    house.sync()
    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()


def test_trouble_of_quickbooks_own_is_waited_for_and_ends_with_one_receipt(made: Made) -> None:
    house, quickbooks = made
    an_invoice_seen(house)
    house.pay()
    quickbooks.order_fault("6000", path="/payment", detail="Business Validation Error: Unexpected Internal Error. (-30003)")
    house.sync()
    assert Cause.OUTCOME_UNKNOWN is house.failing().cause
    for _ in range(4):
        house.clock.advance(SETTLED_SECONDS)
        house.sync()
    assert PaymentState.VERIFIED is house.payment().state
    assert [("TXN-1", 50_000, 0)] == house.receipts()


def test_credit_that_slips_in_between_reading_and_posting_is_noticed_afterwards(made: Made) -> None:
    house, quickbooks = made
    customer, invoice = an_invoice_seen(house)
    house.pay()
    quickbooks.order(Fault(status=429, headers={"Retry-After": "1"}, method="POST", path="/payment"))
    house.sync()
    credit = house.ledger.add_credit_memo("CM-77", customer, 12_000, "USD", date(2026, 3, 4), by="Dana")
    house.clock.advance(30)
    house.ledger.apply_credit(credit.id, invoice, 12_000, by="Dana")
    house.sync()
    assert Cause.CREDIT_MEMO_APPLIED is house.failing().cause
    assert [] == house.receipts()


def test_receipt_at_another_exchange_rate_than_sent_is_found_by_the_proof_until_it_is_corrected(made: Made) -> None:
    house, quickbooks = made
    quickbooks.api.rates["EUR"] = "1.0845"
    customer = house.customer("Hooli")
    house.ledger.add_invoice("1042", customer.id, 50_000, "EUR", date(2026, 2, 1), by="Dana", at=CREATED)
    paid = a_payment(
        currency="EUR", amount_minor=50_000, customer="Hooli", paid_at=PAID, allocations=(Allocation(50_000, "1042"),)
    )
    house.feed(paid)
    house.sync()
    number = paid.transaction_number
    assert PaymentState.VERIFIED is house.payment(number).state
    (receipt,) = house.ledger.receipts()
    quickbooks.write_on(receipt.id, {"ExchangeRate": 1.0})

    proven = reconciliation.run_once(house.desk)

    assert [("receipt_changed", number)] == [(found.problem, found.transaction) for found in proven.discrepancies]
    assert Cause.RECEIPT_CHANGED is house.failing(number).cause
    diagnosis = house.failing(number).diagnosis
    assert diagnosis is not None
    assert "sent with an exchange rate of 1.0845 and is booked at 1" in rules.sentence(diagnosis, WORDS)
    quickbooks.write_on(receipt.id, {"ExchangeRate": 1.0845})
    house.clock.advance(3600)
    house.sync()
    assert reconciliation.run_once(house.desk).clean
    assert house.failure(number) is None
