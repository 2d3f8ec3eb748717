"""Failures that nothing on their card ended, each with what ends it now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from makers import a_payment
from scene import Scene, a_scene

from receivables.books_records import Customer, Invoice
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.payment import Allocation, FeedStatus, PaymentState
from sync import journey, reconciliation, requests

WHOLE = 50_000
PAYMENT = a_payment(allocations=(Allocation(WHOLE, "1042"),))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Hooli owes $500.00 on invoice 1042, and the books were looked at."""
    made = a_scene(tmp_path)
    made.invoice("1042", made.customer(), WHOLE)
    made.sync()
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def bound(scene: Scene) -> Scene:
    """Hooli paid it, and the payment is bound to it but not posted yet."""
    on = scene.desk
    scene.desk = replace(on, company=replace(on.company, writes=False))
    scene.feed(PAYMENT)
    scene.sync()
    scene.desk = on
    return scene


@pytest.fixture
def posted(scene: Scene) -> Scene:
    scene.feed(PAYMENT)
    scene.sync()
    scene.clock.advance(60)
    return scene


def hooli(scene: Scene) -> Customer:
    return next(customer for customer in scene.ledger.customers() if customer.name == "Hooli")


def invoice(scene: Scene, number: str = "1042") -> Invoice:
    return next(invoice for invoice in scene.ledger.invoices() if invoice.number == number)


def merge(scene: Scene) -> Customer:
    """The books merge Hooli into another customer, to whom its documents move."""
    remaining = scene.customer("Hooli Group")
    scene.ledger.merge_customers(hooli(scene).id, remaining.id, by="erin")
    return remaining


def later(scene: Scene) -> None:
    scene.clock.advance(60)
    scene.sync()


def both(scene: Scene, remedy: Remedy, **options: object) -> None:
    """Dana asks, Sam agrees, and it is carried out."""
    asked = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli", options=options)
    assert "waiting_approval" == asked.state
    requests.approve(scene.desk, asked.id, by="sam")
    journey.finish_once(scene.desk)
    later(scene)


def is_proven(scene: Scene, state: PaymentState = PaymentState.VERIFIED) -> bool:
    """Nothing is open, the payment is in this state, and the proof is clean."""
    return scene.failure() is None and state is scene.payment().state and reconciliation.run_once(scene.desk).clean


def test_a_retry_follows_a_merged_customer_whose_invoice_was_recreated(bound: Scene) -> None:
    bound.ledger.recreate_invoice(invoice(bound).id, by="erin")
    remaining = merge(bound)
    later(bound)
    assert (Cause.CUSTOMER_CHANGED, Remedy.RETRY) == (bound.failing().cause, bound.failing().remedy)

    bound.decide(Remedy.RETRY)
    later(bound)

    assert (Cause.INVOICE_RECREATED, Remedy.RECREATE_RECEIPT) == (bound.failing().cause, bound.failing().remedy)
    assert "done" == bound.decide(Remedy.RECREATE_RECEIPT)
    later(bound)
    assert [(remaining.id, WHOLE, 0)] == [(of.customer_id, of.amount_minor, of.unapplied_minor) for of in bound.ledger.receipts()]
    assert is_proven(bound)


def test_a_deleted_receipt_of_a_merged_customer_is_recorded_at_the_one_that_remains(posted: Scene) -> None:
    posted.ledger.delete_receipt(posted.ledger.receipts()[0].id, by="erin")
    remaining = merge(posted)
    later(posted)
    reconciliation.run_once(posted.desk)
    later(posted)
    assert (Cause.RECEIPT_DELETED, (Remedy.ESCALATE, Remedy.RETRY)) == (posted.failing().cause, posted.failing().offered[:2])

    posted.decide(Remedy.RETRY)
    later(posted)

    assert [remaining.id] == [receipt.customer_id for receipt in posted.ledger.receipts()]
    assert is_proven(posted)


def test_a_receipt_of_an_inactive_customer_is_not_offered_to_be_applied(posted: Scene) -> None:
    posted.ledger.apply_receipt(posted.ledger.receipts()[0].id, [], by="erin")
    posted.ledger.deactivate_customer(hooli(posted).id, by="erin")
    later(posted)
    reconciliation.run_once(posted.desk)
    later(posted)
    assert Cause.RECEIPT_CHANGED is posted.failing().cause
    assert Remedy.APPLY_RECEIPT not in posted.failing().offered

    posted.ledger.reactivate_customer(hooli(posted).id, by="erin")
    later(posted)

    assert "done" == posted.decide(Remedy.APPLY_RECEIPT)
    assert is_proven(posted)


@pytest.mark.parametrize("kept", ["deposited", "month closed"])
def test_a_receipt_of_money_that_never_came_is_balanced_where_the_books_keep_it(posted: Scene, kept: str) -> None:
    receipt = posted.ledger.receipts()[0]
    if kept == "deposited":
        posted.ledger.deposit_receipt(receipt.id, by="erin")
    else:
        posted.ledger.close_period(receipt.received_on, by="erin")
        posted.clock.advance(3 * 86_400)
    posted.feed(replace(PAYMENT, status=FeedStatus.FAILED, status_at=posted.clock.now()))
    later(posted)
    assert (Cause.PAYMENT_FAILED, Remedy.RECORD_RETURN) == (posted.failing().cause, posted.failing().remedy)

    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    later(posted)

    assert [receipt.id] == [entry.receipt_id for entry in posted.ledger.money_out()]
    assert WHOLE == invoice(posted).open_minor
    assert is_proven(posted, PaymentState.EXCLUDED)


def test_what_may_be_the_returned_payment_beside_ours_is_told_first(posted: Scene) -> None:
    receipt = posted.ledger.receipts()[0]
    beside = posted.ledger.enter_receipt(hooli(posted).id, WHOLE, "USD", receipt.received_on, by="erin")
    posted.feed(replace(PAYMENT, status=FeedStatus.RETURNED, status_at=posted.clock.now()))
    later(posted)
    assert (Remedy.NOT_DUPLICATE, Remedy.ESCALATE) == posted.failing().offered
    with pytest.raises(CannotBeDone, match="Say which money"):
        requests.request(posted.desk, "TXN-1", Remedy.NOT_DUPLICATE, by="dana", channel="cli")

    both(posted, Remedy.NOT_DUPLICATE, receipt=f"#{beside.id}", cash_reference="check 4471")

    assert Remedy.RECORD_RETURN is posted.failing().remedy
    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    later(posted)
    assert [receipt.id] == [entry.receipt_id for entry in posted.ledger.money_out()]
    assert is_proven(posted, PaymentState.EXCLUDED)
