"""What the feed says beside the amount: a part that was given back, money gone from the first word on, and why it went."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from accounting_stories import Office
from cause_worlds import QUICKBOOKS, XERO, a_world
from makers import a_payment
from scene import Scene
from stand_ins.quickbooks import QuickBooks
from stand_ins.xero import Xero

import rules
from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOutKind, Receipt, ReceiptLine
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.payment import Dispute, FeedStatus, Payment, PaymentState
from storage import audit, decisions, failures, kept_evidence
from storage.decisions import StoredDecision
from storage.failures import StoredFailure
from sync import decisions as sync_decisions
from sync import journey, reconciliation, requests

WENT_BACK = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


@pytest.fixture
def posted(scene: Scene) -> Scene:
    """Invoice 1042 of 500.00, due Feb 14, is paid by TXN-1 of March 3, and our receipt is verified."""
    scene.ledger.add_invoice("1042", scene.customer().id, 50_000, "USD", date(2026, 2, 1), by="erin", due_on=date(2026, 2, 14))
    scene.pay("TXN-1")
    scene.sync()
    return scene


def fed(scene: Scene, payment: Payment) -> None:
    scene.feed(payment)
    scene.clock.advance(86_400)
    scene.sync()


def of_the_feed(scene: Scene) -> StoredFailure | None:
    with scene.db.read() as connection:
        return failures.open_of(connection, "acme", "TXN-1", "intake")


def ours(scene: Scene) -> Receipt:
    (receipt,) = scene.ledger.receipts()
    return receipt


def refund(scene: Scene, amount_minor: int, kind: MoneyOutKind = MoneyOutKind.REFUND) -> None:
    """Erin records it, taken off the invoice."""
    off = (ReceiptLine(ours(scene).lines[0].invoice_id, amount_minor),) if kind is MoneyOutKind.REFUND else ()
    scene.ledger.pay_out(NewMoneyOut(kind, ours(scene).id, date(2026, 3, 10), amount_minor, off=off), by="erin")
    scene.sync()


# --- a part that was given back -------------------------------------------------------------------------------------------


def test_a_part_that_was_refunded_ends_once_as_much_is_recorded(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    found = of_the_feed(posted)
    assert found is not None
    assert (Remedy.RECORD_RETURN,) == found.offered

    refund(posted, 3_000)
    refund(posted, 1_500, MoneyOutKind.FEE)
    assert of_the_feed(posted) is not None

    refund(posted, 2_000)

    with posted.db.read() as connection:
        ended = failures.get(connection, "acme", found.id)
    assert ("resolved", "put_right", "erin") == (ended.state, ended.resolution, ended.resolved_by)
    assert PaymentState.VERIFIED is posted.payment().state
    assert reconciliation.run_once(posted.desk).clean


def decided(scene: Scene, remedy: Remedy = Remedy.RECORD_RETURN, **options: object) -> StoredDecision:
    """Dana asks, and Sam agrees where two are needed; then it is carried out."""
    made = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli", reason="told so", options=options)
    if made.state == "waiting_approval":
        requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id)


def resolved(scene: Scene, failure_id: str) -> tuple[str | None, str]:
    with scene.db.read() as connection:
        ended = failures.get(connection, "acme", failure_id)
    return ended.resolution, ended.resolved_by


def entries(scene: Scene) -> list[tuple[MoneyOutKind, int]]:
    of_receipt = scene.desk.books.money_out([ours(scene).id])[ours(scene).id]
    return [(entry.kind, entry.amount_minor) for entry in of_receipt]


def test_a_part_that_was_refunded_is_recorded_by_two_people_and_the_payment_stays(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    found = of_the_feed(posted)
    assert found is not None

    made = decided(posted)

    assert ("done", "sam", 5_000) == (made.state, made.approved_by, made.amount_minor)
    assert [(MoneyOutKind.REFUND, 5_000)] == entries(posted)
    assert (50_000, 5_000) == (ours(posted).amount_minor, posted.ledger.invoices()[0].open_minor)
    assert ("carried_out", "dana") == resolved(posted, found.id)
    assert (PaymentState.VERIFIED, None) == (posted.payment().state, posted.failure())
    assert reconciliation.run_once(posted.desk).clean


def test_parts_by_several_reversals_are_recorded_one_after_the_other(posted: Scene) -> None:
    paid = replace(posted.payment().payment, refunded_minor=5_000)
    lost = replace(paid, status=FeedStatus.CHARGED_BACK, dispute=Dispute.LOST, status_at=WENT_BACK, status_minor=10_000)
    fed(posted, lost)

    assert "done" == decided(posted).state
    assert [(MoneyOutKind.CHARGEBACK, 10_000)] == entries(posted)
    assert of_the_feed(posted) is not None
    assert "done" == decided(posted).state

    assert {(MoneyOutKind.CHARGEBACK, 10_000), (MoneyOutKind.REFUND, 5_000)} == {*entries(posted)}
    assert of_the_feed(posted) is None
    assert reconciliation.run_once(posted.desk).clean


def test_a_part_recorded_by_hand_after_it_was_shown_is_not_recorded_again(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    shown = of_the_feed(posted)
    off = (ReceiptLine(ours(posted).lines[0].invoice_id, 2_000),)
    by_hand = NewMoneyOut(MoneyOutKind.REFUND, ours(posted).id, date(2026, 3, 10), 2_000, off=off)
    posted.ledger.pay_out(by_hand, by="erin")

    assert "stale" == decided(posted).state
    posted.sync()
    renewed = of_the_feed(posted)
    assert shown is not None
    assert renewed is not None
    assert shown.evidence_id != renewed.evidence_id
    assert "done" == decided(posted).state

    assert [3_000, 2_000] == sorted((minor for _, minor in entries(posted)), reverse=True)
    assert of_the_feed(posted) is None


def test_a_part_is_recorded_in_quickbooks(tmp_path: Path) -> None:
    with a_world(QUICKBOOKS, tmp_path) as world:
        office, scene = Office(world, 1), world.scene
        office.pay()
        office.sync()
        scene.feed(replace(scene.payment(office.number).payment, refunded_minor=5_000))
        office.sync()

        made = requests.request(scene.desk, office.number, Remedy.RECORD_RETURN, by="dana", channel="cli")
        requests.approve(scene.desk, made.id, by="sam")
        journey.finish_once(scene.desk)

        with scene.db.read() as connection:
            told = failures.of_payment(connection, "acme", office.number)
        assert [("intake", "carried_out")] == [(of.about, of.resolution) for of in told]
        assert PaymentState.VERIFIED is scene.payment(office.number).state
        assert reconciliation.run_once(scene.desk).clean


def test_a_part_that_the_books_refuse_changes_nothing_and_is_offered_again(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    made = requests.request(posted.desk, "TXN-1", Remedy.RECORD_RETURN, by="dana", channel="cli")
    requests.approve(posted.desk, made.id, by="sam")
    sync_decisions.run_once(posted.desk)
    posted.ledger.close_period(posted.clock.now().date(), by="erin")  # between the plan and its sending

    journey.finish_once(posted.desk)

    with posted.db.read() as connection:
        made = decisions.get(connection, "acme", made.id)
    assert "failed" == made.state
    assert ([], PaymentState.VERIFIED) == (entries(posted), posted.payment().state)
    found = of_the_feed(posted)
    assert found is not None
    assert (Remedy.RECORD_RETURN,) == found.offered


def test_a_part_whose_document_is_not_found_is_named_by_two_people(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    found = of_the_feed(posted)
    assert found is not None

    made = decided(posted, entry="JE 7")

    assert ("done", "sam") == (made.state, made.approved_by)
    assert [] == entries(posted)
    assert ("carried_out", "dana") == resolved(posted, found.id)


def test_an_entry_that_was_named_says_nothing_of_what_went_out_after_it_was_named(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, refunded_minor=5_000))
    named = {"entry": "JE 7"}
    made = requests.request(posted.desk, "TXN-1", Remedy.RECORD_RETURN, by="dana", channel="cli", options=named)
    fed(posted, replace(posted.payment().payment, refunded_minor=8_000))  # before Sam answers

    requests.approve(posted.desk, made.id, by="sam")
    journey.finish_once(posted.desk)

    with posted.db.read() as connection:
        made = decisions.get(connection, "acme", made.id)
    assert "stale" == made.state
    assert of_the_feed(posted) is not None


def test_each_part_is_recorded_on_its_own_day(posted: Scene) -> None:
    paid = replace(posted.payment().payment, status=FeedStatus.REFUNDED)
    fed(posted, replace(paid, status_at=datetime(2026, 3, 3, 17, 0, tzinfo=UTC), status_minor=15_000))
    fed(posted, replace(paid, status_at=datetime(2026, 3, 5, 15, 0, tzinfo=UTC), status_minor=20_000))

    assert "done" == decided(posted).state
    assert "done" == decided(posted).state

    of_receipt = posted.desk.books.money_out([ours(posted).id])[ours(posted).id]
    assert {(date(2026, 3, 3), 15_000), (date(2026, 3, 5), 20_000)} == {(of.on, of.amount_minor) for of in of_receipt}
    assert of_the_feed(posted) is None


def test_a_part_of_what_is_not_recorded_yet_is_only_named(scene: Scene) -> None:
    scene.customer()
    scene.pay("TXN-1")  # its invoice is not there
    scene.sync()
    fed(scene, replace(scene.payment().payment, refunded_minor=5_000))

    found = of_the_feed(scene)

    assert found is not None
    with pytest.raises(CannotBeDone, match="Record it in the books"):
        requests.request(scene.desk, "TXN-1", Remedy.RECORD_RETURN, by="dana", channel="cli", evidence_id=found.shown)


# --- gone from the first word on ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entered", [False, True])
def test_a_chargeback_as_the_first_word_is_on_record_and_told_where_a_receipt_has_its_number(scene: Scene, entered: bool) -> None:
    customer = scene.customer()
    if entered:
        scene.ledger.enter_receipt(customer.id, 50_000, "USD", date(2026, 3, 3), by="erin", reference="TXN-1")
    scene.sync()
    gone = replace(a_payment(), status=FeedStatus.CHARGED_BACK, dispute=Dispute.LOST, status_at=WENT_BACK)

    fed(scene, gone)

    with scene.db.read() as connection:
        rows = [row for row in audit.rows(connection, "acme", "TXN-1") if row.action == "payment.excluded"]
    assert ["arrived_charged_back"] == [json.loads(row.body)["rule"] for row in rows]
    if entered:
        assert Cause.PAYMENT_CHARGED_BACK is scene.failing().cause
    else:
        assert (None, PaymentState.EXCLUDED) == (scene.failure(), scene.payment().state)


# --- when and why it went back --------------------------------------------------------------------------------------------


def test_the_reason_that_a_feed_tells_later_is_taken(posted: Scene) -> None:
    returned = replace(posted.payment().payment, status=FeedStatus.RETURNED)
    fed(posted, returned)

    fed(posted, replace(returned, status_at=WENT_BACK, reason_code="R01"))
    fed(posted, returned)  # a feed that says nothing of it takes nothing back

    held, diagnosis = posted.payment().payment, posted.failing().diagnosis
    assert diagnosis is not None
    assert (WENT_BACK, "R01") == (held.status_at, held.reason_code)
    assert "returned on Mar 10, 2026 (R01, insufficient funds)" in rules.sentence(diagnosis, posted.desk.company.words)


def test_a_preview_says_since_when_an_invoice_that_opens_again_is_due(posted: Scene) -> None:
    fed(posted, replace(posted.payment().payment, status=FeedStatus.RETURNED, status_at=WENT_BACK))
    found, words = posted.failing(), posted.desk.company.words
    with posted.db.read() as connection:
        evidence = kept_evidence.get(connection, "acme", found.evidence_id or "")
    assert found.diagnosis is not None

    said = rules.follows(Remedy.RECORD_RETURN, found.diagnosis, evidence, {}, words)

    overdue = (evidence.taken_at.date() - date(2026, 2, 14)).days
    assert f"Invoice 1042 is open again: $500.00, due Feb 14, 2026, {overdue} days overdue." == said[-1]


def test_a_preview_says_where_the_books_keep_a_receipt_on_its_invoice(posted: Scene) -> None:
    posted.ledger.deposit_receipt(ours(posted).id, by="erin")
    fed(posted, replace(posted.payment().payment, status=FeedStatus.RETURNED, status_at=WENT_BACK))
    found, words, number = posted.failing(), posted.desk.company.words, ours(posted).number
    with posted.db.read() as connection:
        evidence = replace(kept_evidence.get(connection, "acme", found.evidence_id or ""), deposits_hold=True)
    assert found.diagnosis is not None

    said = rules.follows(Remedy.RECORD_RETURN, found.diagnosis, evidence, {}, words)

    assert (
        f"Return of $500.00 for receipt {number}, dated Mar 10, 2026.",
        f"Receipt {number} stays applied to invoice 1042, because it is in a bank deposit; by the return itself the customer "
        "owes $500.00.",
    ) == said


# --- what a bookkeeper enters elsewhere -----------------------------------------------------------------------------------


@pytest.mark.parametrize("books", [QUICKBOOKS, XERO])
def test_what_a_bookkeeper_enters_for_a_refund_ends_it_in_quickbooks_and_xero(books: str, tmp_path: Path) -> None:
    with a_world(books, tmp_path) as world:
        office = Office(world, 1)
        office.number = "TXN-100001"
        office.pay()
        office.sync()
        office.told(FeedStatus.REFUNDED)
        office.shows(Cause.PAYMENT_REFUNDED, Remedy.RECORD_RETURN)

        if isinstance(world.package, QuickBooks):
            customer = {"value": office.hooli.id.removeprefix("C")}
            typed = {"CustomerRef": customer, "TotalAmt": 500, "PrivateNote": "Refund TXN-100001", "TxnDate": str(office.today)}
            world.package.enter("RefundReceipt", typed)
        elif isinstance(world.package, Xero):
            customer_id = world.package.id_of("customer", office.hooli.id)
            world.package.spend(customer_id, "500.00", office.today, "Refund TXN-100001")
        office.sync()

        assert (None, PaymentState.EXCLUDED) == (world.scene.failure(office.number), world.scene.payment(office.number).state)
        assert reconciliation.run_once(world.scene.desk).clean


def test_a_part_given_back_of_a_payment_that_then_went_back_as_a_whole_unposted_ends_with_it(scene: Scene) -> None:
    scene.customer()
    scene.pay("TXN-1")  # its invoice is not there
    scene.sync()
    paid = scene.payment().payment
    fed(scene, replace(paid, refunded_minor=10_000))
    assert of_the_feed(scene) is not None
    fed(scene, replace(paid, refunded_minor=10_000, status=FeedStatus.REFUNDED, status_at=WENT_BACK))
    scene.sync()  # this ends what the one before settled
    assert (None, PaymentState.EXCLUDED) == (of_the_feed(scene), scene.payment().state)
