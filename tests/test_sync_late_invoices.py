"""An invoice that comes into the books after the customer paid: what binds by itself, and what a person is asked about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from evidence_makers import an_invoice
from scene import PAID, Scene, a_scene

import rules
from receivables.books_records import Customer, Invoice, Stamp
from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from storage import kept_evidence, story
from sync import invoice_meant, successors
from sync.invoice_meant import Wanted, choose, told

EVENING = PAID + timedelta(hours=10)
PAID_ON = PAID.date()


def _late(scene: Scene, customer: Customer, *, number: str = "1042", minor: int = 50_000, on: date = PAID_ON) -> Invoice:
    return scene.ledger.add_invoice(number, customer.id, minor, currency="USD", issued_on=on, by="bea", at=EVENING)


def _seen(scene: Scene, number: str = "TXN-1") -> tuple[PaymentState, Cause | None]:
    found = scene.failure(number)
    return scene.payment(number).state, found.diagnosis.primary.cause if found and found.diagnosis else None


def _actions(scene: Scene, number: str = "TXN-1") -> list[str]:
    with scene.db.read() as connection:
        told = story.tell(connection, scene.desk.company.id, number)
    assert told is not None
    return [row.action for row in told.record]


def test_invoice_that_comes_in_the_evening_is_posted_by_itself_with_a_record(scene: Scene) -> None:
    hooli = scene.customer()
    scene.pay()
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_NOT_READY) == _seen(scene)
    _late(scene, hooli)
    scene.sync()
    assert (PaymentState.VERIFIED, None) == _seen(scene)
    assert [("TXN-1", 50_000, 0)] == scene.receipts()
    assert 1 == _actions(scene).count("allocation.bound_late")


def test_books_filled_in_bulk_after_the_payments_take_them_all(scene: Scene) -> None:
    hooli = scene.customer()
    for place in range(5):
        scene.pay(f"TXN-{place}", 1_000, {f"100{place}": 1_000})
        _late(scene, hooli, number=f"100{place}", minor=1_000, on=date(2026, 1, 10 + place))
    scene.sync()
    assert [(PaymentState.VERIFIED, None)] * 5 == [_seen(scene, f"TXN-{place}") for place in range(5)]


def _dated_after(scene: Scene, hooli: Customer) -> None:
    _late(scene, hooli, on=PAID_ON + timedelta(days=1))


def _smaller(scene: Scene, hooli: Customer) -> None:
    _late(scene, hooli, minor=49_900)


def _twice(scene: Scene, hooli: Customer) -> None:
    _late(scene, hooli)
    _late(scene, hooli, minor=60_000)


def _recreated(scene: Scene, hooli: Customer) -> None:
    scene.ledger.recreate_invoice(_late(scene, hooli).id, by="bea", at=EVENING)


def _voided_before(scene: Scene, hooli: Customer) -> None:
    old = scene.invoice("1042", hooli, 50_000)
    scene.ledger.void_invoice(old.id, by="bea", at=PAID - timedelta(days=1))
    _late(scene, hooli)


def _deleted_unseen(scene: Scene, hooli: Customer) -> None:
    old = scene.invoice("1042", hooli, 50_000)
    scene.ledger.recreate_invoice(old.id, by="bea", at=EVENING)


@pytest.mark.parametrize(
    ("comes", "cause"),
    [
        (_dated_after, Cause.INVOICE_LATE),
        (_smaller, Cause.INVOICE_LATE),
        (_twice, Cause.INVOICE_LATE),
        (_recreated, Cause.INVOICE_RECREATED),
        (_voided_before, Cause.INVOICE_RECREATED),
        (_deleted_unseen, Cause.INVOICE_RECREATED),
    ],
)
def test_what_is_not_plainly_the_one_that_was_paid_is_offered(
    scene: Scene, comes: Callable[[Scene, Customer], None], cause: Cause
) -> None:
    hooli = scene.customer()
    scene.pay()
    comes(scene, hooli)
    scene.sync()
    assert (PaymentState.FAILED, cause) == _seen(scene)
    assert [] == scene.receipts()
    finding = scene.failing().diagnosis
    assert finding is not None
    assert Remedy.RECREATE_RECEIPT is finding.primary.remedy
    chosen = finding.primary.successors or ((1, next(invoice.id for invoice in scene.ledger.invoices())),)
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT, successor=chosen[0][1])
    assert 1 == len(scene.receipts())
    assert PaymentState.VERIFIED is scene.payment().state


def test_draft_that_came_late_is_taken_once_it_is_issued(scene: Scene) -> None:
    hooli = scene.customer()
    scene.pay()
    draft = scene.ledger.add_invoice(
        "1042", hooli.id, 50_000, currency="USD", issued_on=PAID_ON, by="bea", at=EVENING, draft=True
    )
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_NOT_READY) == _seen(scene)
    scene.ledger.issue_invoice(draft.id, by="bea", at=EVENING + timedelta(hours=1))
    scene.sync()
    assert (PaymentState.VERIFIED, None) == _seen(scene)


def test_voided_and_living_invoice_both_older_than_the_payment(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, 50_000)
    scene.ledger.void_invoice(first.id, by="bea", at=PAID - timedelta(days=5))
    scene.invoice("1042", hooli, 50_000, at=PAID - timedelta(days=4))
    scene.pay()
    scene.sync()
    assert (PaymentState.VERIFIED, None) == _seen(scene)


def test_copy_made_before_the_payment_is_offered_when_the_first_is_voided_after_it(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, 50_000)
    scene.invoice("1042", hooli, 50_000, at=PAID - timedelta(days=4))
    scene.ledger.void_invoice(first.id, by="bea", at=EVENING)
    scene.pay()
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_RECREATED) == _seen(scene)


def test_one_that_was_voided_before_the_payment_and_never_replaced_is_not_waited_for(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, 50_000)
    scene.ledger.void_invoice(first.id, by="bea", at=PAID - timedelta(days=5))
    scene.pay()
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_VOIDED) == _seen(scene)


def test_the_day_of_the_payment_is_the_companys() -> None:
    """At 23:30 in Chicago it is the next day in UTC: an invoice of that next day came after the payment."""
    late_evening = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    wanted = Wanted(late_evening, date(2026, 3, 3), 50_000, "USD")
    assert [True, False] == [invoice_meant.is_due(_invoice(issued), wanted) for issued in (date(2026, 3, 3), date(2026, 3, 4))]


def test_two_payments_to_one_late_invoice_are_read_together() -> None:
    """What fits is asked of all allocations to the number: 300 and 300 do not fit an invoice for 500."""
    named = [told(_invoice(PAID_ON), None)]
    assert None is choose(named, Wanted(PAID, PAID_ON, 60_000, "USD")).invoice
    assert choose(named, Wanted(PAID, PAID_ON, 50_000, "USD")).late
    assert None is choose(named, Wanted(PAID, PAID_ON, 50_000, "EUR")).invoice


def _invoice(issued_on: date) -> Invoice:
    return an_invoice(created=Stamp("bea", EVENING), issued_on=issued_on)


# --- successors -------------------------------------------------------------------------------------------------------


def _open(scene: Scene, invoice: Invoice) -> int:
    return next(found.open_minor for found in scene.ledger.invoices() if found.id == invoice.id)


def _lost(scene: Scene, minor: int = 4_000) -> Customer:
    """Invoice 1042 was paid for, posted to no receipt yet, and is deleted."""
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, minor)
    scene.pay(amount_minor=minor)
    scene.ledger.delete_invoice(first.id, by="bea", at=EVENING)
    return hooli


def test_invoice_recreated_for_less_takes_what_fits_and_the_rest_is_an_unapplied_credit(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, 4_000)
    scene.pay(amount_minor=4_000)
    scene.ledger.recreate_invoice(first.id, 2_500, by="bea", at=EVENING)
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_RECREATED) == _seen(scene)
    found = scene.failing()
    assert found.diagnosis is not None
    with scene.db.read() as connection:
        evidence = kept_evidence.get(connection, scene.desk.company.id, found.evidence_id or "")
    said = rules.follows(Remedy.RECREATE_RECEIPT, found.diagnosis, evidence, {}, scene.desk.company.words)
    assert ("$25.00 of the payment is applied to invoice 1042; $15.00 becomes an unapplied credit.",) == said
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    assert [("TXN-1", 4_000, 1_500)] == scene.receipts()
    assert (PaymentState.VERIFIED, None) == _seen(scene)


def test_invoice_of_another_number_and_amount_at_the_same_sitting_is_offered(scene: Scene) -> None:
    hooli = _lost(scene)
    new = _late(scene, hooli, number="1077", minor=2_500)
    scene.sync()
    assert (PaymentState.FAILED, Cause.INVOICE_RECREATED) == _seen(scene)
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    assert [("TXN-1", 4_000, 1_500)] == scene.receipts()
    assert 0 == _open(scene, new)


def test_invoice_that_a_person_names_is_taken_though_nobody_proposed_it(scene: Scene) -> None:
    """Older, of another number, for another amount, and behind more of the same amount than anybody lists."""
    hooli = _lost(scene)
    named = scene.invoice("0007", hooli, 3_000)
    for place in range(successors.AT_MOST):
        scene.invoice(f"20{place:02}", hooli, 4_000)
    scene.sync()
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT, successor="0007")
    assert [("TXN-1", 4_000, 1_000)] == scene.receipts()
    assert 0 == _open(scene, named)


@pytest.mark.parametrize("whose", ["another customer", "paid", "another currency"])
def test_invoice_that_cannot_take_the_money_is_not_taken_even_when_named(scene: Scene, whose: str) -> None:
    hooli = _lost(scene)
    customer = scene.customer("Globex") if whose == "another customer" else hooli
    other = scene.ledger.add_invoice(
        "0007",
        customer.id,
        4_000,
        currency="EUR" if whose == "another currency" else "USD",
        issued_on=PAID_ON,
        by="bea",
        at=PAID - timedelta(days=9),
    )
    if whose == "paid":
        scene.ledger.void_invoice(other.id, by="bea", at=PAID - timedelta(days=8))
    scene.sync()
    assert "refused" == scene.decide(Remedy.RECREATE_RECEIPT, successor="0007")
    assert [] == scene.receipts()


def test_voided_invoice_beside_an_open_one_of_the_same_amount_is_offered_that_one(scene: Scene) -> None:
    hooli = scene.customer()
    first = scene.invoice("1042", hooli, 50_000)
    other = scene.invoice("1043", hooli, 50_000)
    scene.pay()
    scene.ledger.void_invoice(first.id, by="bea", at=EVENING)
    scene.sync()
    found = scene.failing()
    assert found.diagnosis is not None
    said = rules.sentence(found.diagnosis, scene.desk.company.words)
    assert "invoice 1043 ($500.00) of the same customer is open" in said
    assert "no replacement" not in said
    assert (Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT, Remedy.DISMISS) == found.offered
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)
    assert 0 == _open(scene, other)


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)
