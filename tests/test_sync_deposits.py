"""Cash whose invoice is not there: recorded as a customer deposit, and applied when the invoice comes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from makers import START
from scene import PAID, Scene, a_scene

import rules
from receivables.books_records import Customer, Invoice
from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from storage import failures, story
from sync.evidence import _is_long

LATER = START + timedelta(hours=1)
PAID_ON = PAID.date()


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)


@pytest.fixture(name="hooli")
def _hooli(scene: Scene) -> Customer:
    """Hooli paid invoice 1042 a week ago, which nobody has entered."""
    hooli = scene.customer()
    scene.pay()
    scene.sync()
    return hooli


def _comes(scene: Scene, hooli: Customer, *, on: date = PAID_ON) -> Invoice:
    return scene.ledger.add_invoice("1042", hooli.id, 50_000, currency="USD", issued_on=on, by="bea", at=LATER)


def _actions(scene: Scene) -> list[str]:
    with scene.db.read() as connection:
        told = story.tell(connection, scene.desk.company.id, "TXN-1")
    assert told is not None
    return [row.action for row in told.record]


@pytest.mark.usefixtures("hooli")
def test_what_waits_for_days_is_recommended_as_a_customer_deposit(scene: Scene) -> None:
    found = scene.failing()
    assert found.diagnosis is not None
    assert (Cause.INVOICE_NOT_READY, Remedy.KEEP_ON_ACCOUNT) == (found.diagnosis.primary.cause, found.diagnosis.primary.remedy)
    with scene.db.read() as connection:
        evidence = failures.evidence(connection, scene.desk.company.id, found.evidence_id or "")
    said = rules.follows(Remedy.KEEP_ON_ACCOUNT, found.diagnosis, evidence, {}, scene.desk.company.words)
    assert said[0].startswith("$500.00 is recorded as a customer deposit")


def test_deposit_is_applied_by_itself_when_its_invoice_comes(scene: Scene, hooli: Customer) -> None:
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()
    invoice = _comes(scene, hooli)
    scene.sync()
    assert [("TXN-1", 50_000, 0)] == scene.receipts()
    assert [0] == [found.open_minor for found in scene.ledger.invoices() if found.id == invoice.id]
    assert (PaymentState.VERIFIED, 0, None) == (scene.payment().state, scene.payment().on_account_minor, scene.failure())
    assert {"allocation.bound_late", "payment.deposit_applied"} <= set(_actions(scene))
    before = _actions(scene)
    scene.sync()
    assert before == _actions(scene)


def test_deposit_for_a_draft_is_applied_when_it_is_issued(scene: Scene) -> None:
    hooli = scene.customer()
    draft = scene.ledger.add_invoice(
        "1042", hooli.id, 50_000, currency="USD", issued_on=date(2026, 2, 1), by="bea", at=PAID - timedelta(days=9), draft=True
    )
    scene.pay()
    scene.sync()
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    scene.sync()
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()
    scene.ledger.issue_invoice(draft.id, by="bea", at=LATER)
    scene.sync()
    assert [("TXN-1", 50_000, 0)] == scene.receipts()


def test_invoice_that_is_not_plainly_the_one_leaves_the_deposit_alone(scene: Scene, hooli: Customer) -> None:
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    _comes(scene, hooli, on=PAID.date() + timedelta(days=1))
    scene.sync()
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()
    assert PaymentState.VERIFIED is scene.payment().state


def test_receipt_in_a_bank_deposit_is_left_alone(scene: Scene, hooli: Customer) -> None:
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    (receipt,) = scene.ledger.receipts()
    scene.ledger.deposit_receipt(receipt.id, by="bea")
    _comes(scene, hooli)
    scene.sync()
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()
    assert PaymentState.VERIFIED is scene.payment().state


@pytest.mark.parametrize(
    ("paid_on", "today", "long"),
    [
        (date(2026, 3, 3), date(2026, 3, 6), False),
        (date(2026, 3, 3), date(2026, 3, 7), True),
        (date(2026, 3, 30), date(2026, 3, 31), True),  # the last day of the month
        (date(2026, 3, 31), date(2026, 3, 31), False),  # its own day
        (date(2026, 3, 31), date(2026, 4, 1), True),
        (date(2026, 12, 31), date(2027, 1, 1), True),
        (date(2026, 3, 29), date(2026, 3, 30), False),
    ],
)
def test_over_three_days_or_over_a_month_end(paid_on: date, today: date, long: bool) -> None:
    assert long is _is_long(paid_on, today)
