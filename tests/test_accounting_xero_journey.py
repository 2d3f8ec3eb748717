"""The whole journey with Xero behind it: posted, diagnosed, decided, carried out and proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from scene import PAID
from stand_ins.xero import Fault
from xero_house import House, a_house

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path) as held:
        yield held


def test_a_payment_of_two_invoices_and_a_rest_ends_as_two_payments_and_an_overpayment(house: House) -> None:
    scene = house.scene
    customer = scene.customer()
    for number in ("1042", "1043"):
        scene.invoice(number, customer, 20_000)
    scene.pay(amount_minor=50_000, to={"1042": 20_000, "1043": 20_000})

    scene.sync()

    assert PaymentState.VERIFIED is scene.payment().state
    assert [("TXN-1", 10_000), ("TXN-1", 20_000), ("TXN-1", 20_000)] == house.payments_in_xero()


def test_an_applied_credit_note_is_diagnosed_by_name_taken_off_and_the_payment_posted(house: House) -> None:
    scene = house.scene
    customer = scene.customer()
    invoice = scene.invoice("1042", customer, 50_000)
    memo = scene.ledger.add_credit_memo("CM-77", customer.id, 12_000, "USD", PAID.date(), by="Dana")
    scene.ledger.apply_credit(memo.id, invoice.id, 12_000, by="Dana")
    scene.pay()

    scene.sync()
    assert Cause.CREDIT_MEMO_APPLIED is house.cause()
    assert "Dana" in house.sentence()
    assert "CM-77" in house.sentence()

    assert "done" == scene.decide(Remedy.UNAPPLY_CREDIT_MEMO, by="sam")
    scene.sync()

    assert PaymentState.VERIFIED is scene.payment().state
    assert [("TXN-1", 50_000)] == house.payments_in_xero()
    assert [12_000] == [memo.open_minor for memo in scene.ledger.credit_memos()]


def test_a_payment_entered_by_hand_is_found_and_dismissed_with_it_as_proof(house: House) -> None:
    scene = house.scene
    customer = scene.customer()
    invoice = scene.invoice("1042", customer, 50_000)
    scene.ledger.enter_receipt(customer.id, 50_000, "USD", PAID.date(), by="Dana", lines=[(invoice.id, 50_000)])
    scene.pay()

    scene.sync()
    assert Cause.RECEIPT_ALREADY_ENTERED is house.cause()
    assert "Dana" in house.sentence()
    scene.decide(Remedy.DISMISS, by="sam")

    assert PaymentState.DISMISSED is scene.payment().state
    assert 1 == len(house.payments_in_xero())


def test_an_invoice_deleted_and_made_again_with_a_new_number_is_found_and_paid(house: House) -> None:
    scene = house.scene
    customer = scene.customer()
    old = scene.invoice("1042", customer, 50_000)
    scene.pay()
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, writes=False))
    scene.sync()  # it is bound to the invoice of that number, and not posted yet
    scene.ledger.delete_invoice(old.id, by="Dana")
    scene.invoice("2001", customer, 50_000, at=PAID + timedelta(days=2))  # still dated the first of February
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, writes=True))

    scene.sync()
    assert Cause.INVOICE_RECREATED is house.cause()
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    scene.sync()

    assert PaymentState.VERIFIED is scene.payment().state
    assert [("TXN-1", 50_000)] == house.payments_in_xero()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_write_that_was_not_answered_ends_as_one_payment(house: House, cut: str) -> None:
    scene = house.scene
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    house.behind.xero.faults.order(Fault(cut=cut, method="PUT", path="Payments"))

    for _ in range(6):
        scene.sync()
        scene.clock.advance(60)

    assert PaymentState.VERIFIED is scene.payment().state
    assert [("TXN-1", 50_000)] == house.payments_in_xero()
