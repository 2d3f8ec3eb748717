"""A decision waits until the books take its write: what it rests on beside the documents it changes is asked again before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from faulty_books import Fault, FaultyBooks
from scene import CREATED, Scene

from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOutKind, Receipt
from receivables.diagnosis import Remedy
from receivables.payment import Dispute, FeedStatus, PaymentState
from storage import decisions
from sync import journey, reconciliation, requests

LATER_SECONDS = 200


def told(scene: Scene, status: FeedStatus, dispute: Dispute = Dispute.NONE) -> None:
    at = None if status is FeedStatus.PAID else scene.clock.now()
    scene.feed(replace(scene.payment().payment, status=status, status_at=at, dispute=dispute))


def posted(scene: Scene) -> Receipt:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    return receipt


def went_back(scene: Scene, status: FeedStatus, dispute: Dispute = Dispute.NONE) -> None:
    told(scene, status, dispute)
    scene.clock.advance(86_400)
    scene.sync()


def ended(scene: Scene, remedy: Remedy, meanwhile: Callable[[], object], *, taken: int = 0) -> str:
    """The state of a decision by two people whose next write but so many is throttled, while something happens."""
    line = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(line)
    line.faults = [*[Fault.NONE] * taken, Fault.THROTTLED]
    made = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli")
    if made.state == "waiting_approval":
        requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    meanwhile()
    for _ in range(3):
        scene.clock.advance(LATER_SECONDS)
        scene.sync()
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def test_a_chargeback_is_not_recorded_once_its_dispute_was_won(scene: Scene) -> None:
    receipt = posted(scene)
    went_back(scene, FeedStatus.CHARGED_BACK, Dispute.LOST)

    state = ended(scene, Remedy.RECORD_RETURN, lambda: told(scene, FeedStatus.PAID, Dispute.WON))

    assert "stale" == state
    assert [] == scene.desk.books.money_out([receipt.id])[receipt.id]
    assert [("TXN-1", 50_000, 0)] == scene.receipts()


@pytest.mark.parametrize("paid_minor", [51_500, 30_000])
def test_a_receipt_that_a_person_decided_is_not_sent_once_the_money_went_back(scene: Scene, paid_minor: int) -> None:
    invoice = scene.invoice("1042", scene.customer(), 50_000)
    if paid_minor < 50_000:  # a credit stands in the way, comes off, and is put back
        memo = scene.ledger.add_credit_memo("CM-1", invoice.customer_id, 40_000, "USD", date(2026, 3, 4), by="erin", at=CREATED)
        scene.ledger.apply_credit(memo.id, invoice.id, 40_000, by="erin")
    scene.pay(amount_minor=paid_minor)
    scene.sync()
    before = scene.ledger.invoices()[0].open_minor
    remedy, taken = (Remedy.UNAPPLY_CREDIT_MEMO, 1) if paid_minor < 50_000 else (Remedy.KEEP_ON_ACCOUNT, 0)

    state = ended(scene, remedy, lambda: told(scene, FeedStatus.RETURNED), taken=taken)

    assert ("stale", [], before) == (state, scene.receipts(), scene.ledger.invoices()[0].open_minor)
    assert (PaymentState.EXCLUDED, None) == (scene.payment().state, scene.failure())


def test_a_receipt_is_not_voided_once_its_money_came_after_all(scene: Scene) -> None:
    posted(scene)
    went_back(scene, FeedStatus.FAILED)

    assert "stale" == ended(scene, Remedy.VOID_RECEIPT, lambda: told(scene, FeedStatus.PAID))
    assert [("TXN-1", 50_000, 0)] == scene.receipts()


def test_a_second_receipt_is_not_voided_once_the_first_was(scene: Scene) -> None:
    ours = posted(scene)
    scene.ledger.enter_receipt(
        ours.customer_id, 50_000, "USD", date(2026, 3, 3), by="erin", reference=ours.reference, memo=ours.memo
    )
    scene.clock.advance(3600)
    reconciliation.run_once(scene.desk)
    scene.sync()

    assert "stale" == ended(scene, Remedy.VOID_RECEIPT, lambda: scene.ledger.void_receipt(ours.id, by="erin"))
    assert [("TXN-1", 50_000, 50_000)] == scene.receipts()


def test_a_return_is_not_recorded_beside_an_entry_that_somebody_made_meanwhile(scene: Scene) -> None:
    receipt = posted(scene)
    went_back(scene, FeedStatus.RETURNED)
    by_hand = NewMoneyOut(MoneyOutKind.RETURN, receipt.id, date(2026, 3, 11), 20_000)

    assert "stale" == ended(scene, Remedy.RECORD_RETURN, lambda: scene.ledger.pay_out(by_hand, by="erin"))
    assert [20_000] == [entry.amount_minor for entry in scene.desk.books.money_out([receipt.id])[receipt.id]]
