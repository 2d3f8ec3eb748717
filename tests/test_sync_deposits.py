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
from storage import kept_evidence, story
from storage.failures import StoredFailure
from sync import reconciliation
from sync.invoice_wait import is_long

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
        evidence = kept_evidence.get(connection, scene.desk.company.id, found.evidence_id or "")
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
    assert long is is_long(paid_on, today)


# --- an invoice that is not plainly its own -----------------------------------------------------------------------------


@pytest.fixture(name="deposit")
def _deposit(scene: Scene, hooli: Customer) -> Customer:
    """The money is recorded as a customer deposit."""
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    scene.sync()
    return hooli


def _asked(scene: Scene) -> StoredFailure:
    scene.sync()
    found = scene.failing()
    assert (Cause.INVOICE_LATE, "invoice_came") == (found.cause, found.opened_because)
    return found


def test_invoice_dated_after_the_payment_is_offered_and_both_amounts_are_shown(scene: Scene, deposit: Customer) -> None:
    invoice = _comes(scene, deposit, on=PAID_ON + timedelta(days=1))
    found = _asked(scene)
    assert found.diagnosis is not None
    assert ((1, invoice.id),) == found.diagnosis.primary.successors
    with scene.db.read() as connection:
        evidence = kept_evidence.get(connection, scene.desk.company.id, found.evidence_id or "")
    said = rules.follows(Remedy.APPLY_RECEIPT, found.diagnosis, evidence, {}, scene.desk.company.words)
    assert ("$500.00 of the deposit is applied to invoice 1042; $0.00 stays an unapplied credit.",) == said
    assert "done" == scene.decide(Remedy.APPLY_RECEIPT)
    assert [("TXN-1", 50_000, 0)] == scene.receipts()
    assert (PaymentState.VERIFIED, 0, None) == (scene.payment().state, scene.payment().on_account_minor, scene.failure())


def test_only_what_fits_is_applied(scene: Scene, deposit: Customer) -> None:
    scene.ledger.add_invoice("1042", deposit.id, 40_000, currency="USD", issued_on=PAID_ON, by="bea", at=LATER)
    _asked(scene)
    assert "done" == scene.decide(Remedy.APPLY_RECEIPT)
    assert [("TXN-1", 50_000, 10_000)] == scene.receipts()
    assert (PaymentState.VERIFIED, 10_000) == (scene.payment().state, scene.payment().on_account_minor)
    scene.sync()
    assert scene.failure() is None


def test_of_several_invoices_a_person_chooses(scene: Scene, deposit: Customer) -> None:
    first, second = _comes(scene, deposit), _comes(scene, deposit)
    _asked(scene)
    assert "refused" == scene.decide(Remedy.APPLY_RECEIPT)
    assert "done" == scene.decide(Remedy.APPLY_RECEIPT, successor=second.id)
    assert {first.id: 50_000, second.id: 0} == {found.id: found.open_minor for found in scene.ledger.invoices()}


def test_invoice_in_the_place_of_a_voided_one_is_offered(scene: Scene, deposit: Customer) -> None:
    voided = _comes(scene, deposit, on=PAID_ON + timedelta(days=1))
    scene.ledger.void_invoice(voided.id, by="bea", at=LATER)
    scene.sync()
    assert scene.failure() is None
    invoice = scene.ledger.add_invoice(
        "1042", deposit.id, 50_000, currency="USD", issued_on=PAID_ON, by="bea", at=LATER + timedelta(minutes=1)
    )
    _asked(scene)
    assert "done" == scene.decide(Remedy.APPLY_RECEIPT)
    assert [0] == [found.open_minor for found in scene.ledger.invoices() if found.id == invoice.id]


def test_kept_on_account_again_it_waits_no_more(scene: Scene, deposit: Customer) -> None:
    _comes(scene, deposit, on=PAID_ON + timedelta(days=1))
    _asked(scene)
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    scene.sync()
    assert (PaymentState.VERIFIED, 50_000, None) == (scene.payment().state, scene.payment().on_account_minor, scene.failure())
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()


def test_applied_in_the_books_the_question_ends_by_itself(scene: Scene, deposit: Customer) -> None:
    invoice = _comes(scene, deposit, on=PAID_ON + timedelta(days=1))
    _asked(scene)
    (receipt,) = scene.ledger.receipts()
    scene.ledger.apply_receipt(receipt.id, [(invoice.id, 50_000)], by="bea")
    scene.sync()
    assert (PaymentState.VERIFIED, None) == (scene.payment().state, scene.failure())


def test_locked_deposit_is_applied_in_the_books(scene: Scene, deposit: Customer) -> None:
    (receipt,) = scene.ledger.receipts()
    scene.ledger.deposit_receipt(receipt.id, by="bea")
    _comes(scene, deposit)
    found = _asked(scene)
    assert (Remedy.RETRY, Remedy.KEEP_ON_ACCOUNT) == found.offered
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()


@pytest.mark.parametrize("how", ["parent", "other number"])
def test_what_is_not_its_own_is_not_offered(scene: Scene, deposit: Customer, how: str) -> None:
    other = scene.customer("Hooli Group") if how == "parent" else deposit
    number = "1042" if how == "parent" else "1077"
    scene.ledger.add_invoice(number, other.id, 50_000, currency="USD", issued_on=PAID_ON, by="bea", at=LATER)
    scene.sync()
    assert (PaymentState.VERIFIED, None) == (scene.payment().state, scene.failure())


def test_proof_is_green_while_a_person_is_asked(scene: Scene, deposit: Customer) -> None:
    _comes(scene, deposit, on=PAID_ON + timedelta(days=1))
    _asked(scene)
    assert reconciliation.run_once(scene.desk).clean
