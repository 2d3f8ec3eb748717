"""Money that goes back, played to its end on the embedded books: nothing is posted by itself, and nothing stays open for ever."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from scene import Scene

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import Invoice, MoneyOut, MoneyOutKind, Receipt
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.payment import Dispute, FeedStatus, PaymentState
from receivables.ports import BooksTraits
from rules import sentence
from storage import care, decisions
from sync import decisions as sync_decisions
from sync import journey, reconciliation, remedies, requests
from sync.cases import Case, Plan
from sync.standings import Standing

WENT_BACK = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
EVERY_WAY = [FeedStatus.RETURNED, FeedStatus.REFUNDED, FeedStatus.CHARGED_BACK, FeedStatus.FAILED]


@pytest.fixture
def posted(scene: Scene) -> Scene:
    """Invoice 1042 of 500.00 is paid by TXN-1 of March 3, and our receipt is verified."""
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    scene.sync()
    return scene


def told(scene: Scene, status: FeedStatus, *, number: str = "TXN-1", dispute: Dispute = Dispute.NONE, reason: str = "") -> None:
    """The feed says what became of the money."""
    lost = Dispute.LOST if status is FeedStatus.CHARGED_BACK and not dispute else dispute
    at = None if status is FeedStatus.PAID else WENT_BACK
    now = replace(scene.payment(number).payment, status=status, status_at=at, dispute=lost, reason_code=reason)
    scene.feed(now)
    scene.clock.advance(7 * 86_400)
    scene.sync()


def said(scene: Scene, number: str = "TXN-1") -> str:
    diagnosis = scene.failing(number).diagnosis
    assert diagnosis is not None
    return sentence(diagnosis, scene.desk.company.words)


def two_people(scene: Scene, remedy: Remedy, number: str = "TXN-1", **options: object) -> str:
    """Dana asks, Sam agrees; returns the decision's state after it was carried out."""
    made = requests.request(scene.desk, number, remedy, by="dana", channel="cli", options=options)
    assert "waiting_approval" == made.state
    requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def ours(scene: Scene) -> Receipt:
    (receipt,) = [receipt for receipt in scene.ledger.receipts() if not receipt.voided]
    return receipt


def invoice(scene: Scene) -> Invoice:
    (found,) = scene.ledger.invoices()
    return found


def standing(scene: Scene) -> list[Standing]:
    return [name for name, tally in reconciliation.run_once(scene.desk).standings.items() if tally.count]


def test_a_return_is_recorded_on_its_own_day_and_the_receipt_stays(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED, reason="R01")
    assert [Standing.WENT_BACK_BUT_IN_BOOKS] == standing(posted)
    assert (
        "Payment TXN-1 of $500.00 was returned on Mar 10, 2026 (R01, insufficient funds), according to the portal. Record "
        f"the return dated Mar 10, 2026 and keep receipt {ours(posted).number} as it is: its deposit is in the bank. The debit "
        "may be paid if it is submitted again."
    ) == said(posted)
    before = ours(posted)

    assert "done" == posted.decide(Remedy.RECORD_RETURN)

    (entry,) = posted.desk.books.money_out([before.id])[before.id]
    assert (MoneyOutKind.RETURN, 50_000, date(2026, 3, 10)) == (entry.kind, entry.amount_minor, entry.on)
    assert (50_000, before.received_on, ()) == (ours(posted).amount_minor, ours(posted).received_on, ours(posted).lines)
    assert 50_000 == invoice(posted).open_minor
    assert posted.failure() is None
    assert (PaymentState.EXCLUDED, "return_recorded") == (posted.payment().state, posted.payment().excluded_by)
    assert [Standing.RETURN_RECORDED] == standing(posted)
    assert "carried_out" == posted.last_failure().resolution


@pytest.mark.parametrize("status", EVERY_WAY)
def test_what_went_back_before_anything_was_recorded_closes_by_itself(scene: Scene, status: FeedStatus) -> None:
    scene.customer()
    scene.pay("TXN-1")
    scene.sync()
    assert PaymentState.FAILED is scene.payment().state  # its invoice is not there

    told(scene, status)

    assert scene.failure() is None
    assert (PaymentState.EXCLUDED, "excluded") == (scene.payment().state, scene.last_failure().resolution)
    assert [Standing.WENT_BACK] == standing(scene)
    scene.invoice("1042", scene.ledger.customers()[0], 50_000)
    scene.sync()
    assert [] == scene.receipts()


@pytest.mark.parametrize("status", EVERY_WAY)
def test_our_receipt_voided_by_hand_ends_it_and_nothing_is_posted_again(posted: Scene, status: FeedStatus) -> None:
    told(posted, status)
    assert posted.failing().held
    posted.ledger.void_receipt(ours(posted).id, by="erin")
    posted.sync()
    assert posted.failure() is None
    assert PaymentState.EXCLUDED is posted.payment().state
    posted.sync()
    assert [] == posted.receipts()
    assert [Standing.WENT_BACK] == standing(posted)


def test_a_return_that_somebody_recorded_in_the_books_ends_it(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED)
    posted.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, ours(posted).id, date(2026, 3, 10)), by="erin")
    posted.sync()
    assert ("put_right", "erin") == (posted.last_failure().resolution, posted.last_failure().resolved_by)
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_a_part_of_it_recorded_is_not_enough(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED)
    posted.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, ours(posted).id, date(2026, 3, 10), 20_000), by="erin")
    posted.sync()
    assert Cause.PAYMENT_RETURNED is posted.failing().cause
    assert [Standing.WENT_BACK_BUT_IN_BOOKS] == standing(posted)
    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    assert [30_000, 20_000] == sorted((entry.amount_minor for entry in entries(posted)), reverse=True)
    assert [Standing.RETURN_RECORDED] == standing(posted)


def entries(scene: Scene) -> list[MoneyOut]:
    receipt = ours(scene)
    return list(scene.desk.books.money_out([receipt.id])[receipt.id])


def test_a_return_taken_out_of_the_books_again_is_found_at_night(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED)
    posted.decide(Remedy.RECORD_RETURN)
    posted.ledger.delete_money_out(entries(posted)[0].id, by="erin")
    assert [Standing.WENT_BACK_BUT_IN_BOOKS] == standing(posted)
    assert Cause.PAYMENT_RETURNED is posted.failing().cause
    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_the_customers_next_payment_is_told_from_it_by_name_and_posts(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED)
    posted.pay("TXN-2", paid_at=posted.clock.now())
    posted.sync()
    assert (Cause.PAID_BY_RETURNED, Remedy.WAIT) == (posted.failing("TXN-2").cause, posted.failing("TXN-2").remedy)
    assert (
        "Invoice 1042 was paid by TXN-1, which was returned on Mar 10, 2026. Once that is recorded for TXN-1, this payment posts "
        "automatically."
    ) == said(posted, "TXN-2")
    posted.decide(Remedy.RECORD_RETURN)
    posted.sync()
    assert PaymentState.VERIFIED is posted.payment("TXN-2").state
    assert posted.failure("TXN-2") is None
    assert {Standing.RETURN_RECORDED, Standing.EXACTLY_ONCE} == set(standing(posted))


def test_a_refund_is_a_document_of_its_own_and_takes_two_people_where_it_opens_the_invoice(posted: Scene) -> None:
    told(posted, FeedStatus.REFUNDED)
    assert "do not void the receipt" in said(posted)
    assert "done" == two_people(posted, Remedy.RECORD_RETURN)
    assert [(MoneyOutKind.REFUND, 50_000)] == [(entry.kind, entry.amount_minor) for entry in entries(posted)]
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_an_open_dispute_is_shown_and_nothing_is_recorded_until_it_is_over(posted: Scene) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    assert (Cause.PAYMENT_CHARGED_BACK, Remedy.WAIT) == (posted.failing().cause, posted.failing().remedy)
    assert [Standing.DISPUTED] == standing(posted)
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.LOST)
    assert Remedy.RECORD_RETURN is posted.failing().remedy
    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    assert [MoneyOutKind.CHARGEBACK] == [entry.kind for entry in entries(posted)]
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_the_receipt_is_left_until_the_dispute_is_decided_and_the_card_is_back_then(posted: Scene) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)

    assert "done" == posted.decide(Remedy.WAIT)

    with posted.db.read() as connection:
        held = care.of_failure(connection, "acme", posted.failing().id)
    assert held.is_snoozed(posted.failing(), posted.clock.now())
    assert ([], [Standing.DISPUTED]) == (entries(posted), standing(posted))
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.LOST)
    with posted.db.read() as connection:
        held = care.of_failure(connection, "acme", posted.failing().id)
    assert held.snoozed_until is None
    assert Remedy.RECORD_RETURN is posted.failing().remedy


def test_a_dispute_that_is_lost_while_waiting_for_it_is_carried_out_is_not_set_aside(
    posted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    requests.request(posted.desk, "TXN-1", Remedy.WAIT, by="dana", channel="cli")
    planned = remedies.plan

    def plan(case: Case) -> Plan:
        posted.feed(replace(case.stored.payment, dispute=Dispute.LOST))  # taken in while the books are read
        return planned(case)

    monkeypatch.setattr(remedies, "plan", plan)
    sync_decisions.run_once(posted.desk)
    posted.sync()

    with posted.db.read() as connection:
        held = care.of_failure(connection, "acme", posted.failing().id)
    assert not held.is_snoozed(posted.failing(), posted.clock.now())
    assert Remedy.RECORD_RETURN is posted.failing().remedy


@pytest.mark.parametrize("ends", [Dispute.LOST, Dispute.WON])
def test_a_chargeback_recorded_while_its_dispute_is_open_stays_when_it_is_lost_and_is_a_persons_when_it_is_won(
    posted: Scene, ends: Dispute
) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    assert "done" == posted.decide(Remedy.RECORD_RETURN)
    assert (None, [Standing.RETURN_RECORDED]) == (posted.failure(), standing(posted))

    told(posted, FeedStatus.PAID if ends is Dispute.WON else FeedStatus.CHARGED_BACK, dispute=ends)

    if ends is Dispute.LOST:
        assert (None, [Standing.RETURN_RECORDED]) == (posted.failure(), standing(posted))
        assert [MoneyOutKind.CHARGEBACK] == [entry.kind for entry in entries(posted)]
    else:
        assert "out of the books first" in said(posted)


def test_a_chargeback_that_a_bookkeeper_records_while_its_dispute_is_open_ends_it(posted: Scene) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    posted.ledger.pay_out(NewMoneyOut(MoneyOutKind.CHARGEBACK, ours(posted).id, date(2026, 3, 10)), by="erin")
    posted.sync()
    assert ("put_right", "erin") == (posted.last_failure().resolution, posted.last_failure().resolved_by)
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_of_a_dispute_over_a_part_nothing_is_recorded_before_it_is_decided(posted: Scene) -> None:
    of = posted.payment().payment
    posted.feed(replace(of, status=FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN, status_at=WENT_BACK, status_minor=30_000))
    posted.sync()
    assert 30_000 == posted.payment().payment.status_minor
    assert (Remedy.WAIT, Remedy.ESCALATE) == posted.failing().offered


def test_a_dispute_that_was_won_ends_by_itself(posted: Scene) -> None:
    told(posted, FeedStatus.CHARGED_BACK, dispute=Dispute.OPEN)
    told(posted, FeedStatus.PAID, dispute=Dispute.WON)
    assert posted.failure() is None
    assert PaymentState.VERIFIED is posted.payment().state
    assert [Standing.EXACTLY_ONCE] == standing(posted)


def test_a_dispute_won_after_its_chargeback_was_recorded_is_a_persons_until_the_entry_is_out_of_the_books(posted: Scene) -> None:
    told(posted, FeedStatus.CHARGED_BACK)
    posted.decide(Remedy.RECORD_RETURN)
    told(posted, FeedStatus.PAID, dispute=Dispute.WON)
    assert "take chargeback E1004 out of the books first" in said(posted)
    assert Remedy.RETRY not in posted.failing().offered
    assert [Standing.DIFFERENT] == standing(posted)

    posted.ledger.delete_money_out(entries(posted)[0].id, by="erin")
    posted.sync()
    posted.decide(Remedy.RETRY)
    posted.sync()
    assert "done" == posted.decide(Remedy.APPLY_RECEIPT)
    assert (PaymentState.VERIFIED, 0) == (posted.payment().state, invoice(posted).open_minor)
    assert [Standing.EXACTLY_ONCE] == standing(posted)


@pytest.mark.parametrize("kind", [MoneyOutKind.RETURN, MoneyOutKind.REFUND])
def test_an_entry_by_hand_that_takes_money_out_which_the_feed_has_is_found_at_night(posted: Scene, kind: MoneyOutKind) -> None:
    off = ours(posted).lines if kind is MoneyOutKind.REFUND else ()
    entry = posted.ledger.pay_out(NewMoneyOut(kind, ours(posted).id, date(2026, 3, 10), off=off), by="erin")
    assert [Standing.DIFFERENT] == standing(posted)
    posted.sync()
    assert Cause.RECEIPT_CHANGED is posted.failing().cause
    assert "now $500.00 of it is applied to an entry that is no invoice" in said(posted)

    posted.ledger.delete_money_out(entry.id, by="erin")
    posted.sync()
    assert "done" == posted.decide(Remedy.APPLY_RECEIPT)
    assert [Standing.EXACTLY_ONCE] == standing(posted)


def test_an_entry_by_hand_before_the_feed_tells_of_the_return_is_that_return(posted: Scene) -> None:
    posted.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, ours(posted).id, date(2026, 3, 10)), by="erin")
    reconciliation.run_once(posted.desk)
    told(posted, FeedStatus.RETURNED)
    assert posted.failure() is None
    assert [Standing.RETURN_RECORDED] == standing(posted)


@pytest.mark.parametrize("status", EVERY_WAY)
def test_paid_after_all_is_confirmed_by_a_person_and_the_receipt_stays(posted: Scene, status: FeedStatus) -> None:
    told(posted, status)
    told(posted, FeedStatus.PAID)
    posted.sync()
    assert "paid after all" in said(posted)
    assert "done" == posted.decide(Remedy.RETRY)
    assert PaymentState.VERIFIED is posted.payment().state
    assert posted.failure() is None
    assert [Standing.EXACTLY_ONCE] == standing(posted)


@pytest.mark.parametrize("status", EVERY_WAY)
def test_paid_after_all_is_posted_once_a_person_says_so(scene: Scene, status: FeedStatus) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    told(scene, status)
    assert PaymentState.EXCLUDED is scene.payment().state
    told(scene, FeedStatus.PAID)
    scene.sync()
    assert [] == scene.receipts()
    assert Remedy.RETRY is scene.failing().remedy
    scene.decide(Remedy.RETRY)
    scene.sync()
    assert [("TXN-1", 50_000, 0)] == scene.receipts()
    assert [Standing.EXACTLY_ONCE] == standing(scene)


def test_a_receipt_of_money_that_never_came_is_voided_by_two_people(posted: Scene) -> None:
    told(posted, FeedStatus.FAILED)
    assert Remedy.VOID_RECEIPT is posted.failing().remedy
    assert "done" == two_people(posted, Remedy.VOID_RECEIPT)
    assert [] == posted.receipts()
    assert 50_000 == invoice(posted).open_minor
    assert PaymentState.EXCLUDED is posted.payment().state
    assert [Standing.WENT_BACK] == standing(posted)


@pytest.mark.parametrize("kept", ["deposited", "closed"])
def test_a_receipt_that_the_books_must_keep_is_not_voided(posted: Scene, kept: str) -> None:
    if kept == "deposited":
        posted.ledger.deposit_receipt(ours(posted).id, by="erin")
    else:
        posted.ledger.close_period(date(2026, 3, 31), by="erin")
    told(posted, FeedStatus.FAILED)
    assert Remedy.VOID_RECEIPT not in posted.failing().offered


def copied(scene: Scene) -> tuple[Receipt, Receipt]:
    """Our receipt, and a copy of it by hand with our mark on the customer's account."""
    first = ours(scene)
    second = scene.ledger.enter_receipt(
        first.customer_id, 50_000, "USD", first.received_on, by="erin", memo=first.memo, reference="TXN-1"
    )
    reconciliation.run_once(scene.desk)
    scene.sync()
    return first, second


def test_the_second_receipt_of_one_payment_is_voided_and_the_first_stays(posted: Scene) -> None:
    first, second = copied(posted)
    assert (Cause.RECEIPT_DOUBLED, Remedy.VOID_RECEIPT) == (posted.failing().cause, posted.failing().remedy)
    assert "done" == two_people(posted, Remedy.VOID_RECEIPT)
    assert [(first.id, False), (second.id, True)] == [(found.id, found.voided) for found in posted.ledger.receipts()]
    assert PaymentState.VERIFIED is posted.payment().state
    assert [Standing.EXACTLY_ONCE] == standing(posted)


def test_the_deposited_copy_stays_and_our_receipt_is_voided(posted: Scene) -> None:
    first, second = copied(posted)
    posted.ledger.deposit_receipt(second.id, by="erin")
    posted.sync()
    assert "done" == two_people(posted, Remedy.VOID_RECEIPT)
    assert [(first.id, True), (second.id, False)] == [(found.id, found.voided) for found in posted.ledger.receipts()]
    assert "Apply the receipt to its invoice in the books" in said(posted)  # the deposit is left alone
    posted.ledger.apply_receipt(second.id, [(invoice(posted).id, 50_000)], by="erin")
    posted.sync()
    assert PaymentState.VERIFIED is posted.payment().state
    assert [Standing.EXACTLY_ONCE] == standing(posted)


def test_of_two_that_are_deposited_one_is_said_to_be_other_money(posted: Scene) -> None:
    first, second = copied(posted)
    for receipt in (first, second):
        posted.ledger.deposit_receipt(receipt.id, by="erin")
    posted.sync()
    assert Remedy.VOID_RECEIPT not in posted.failing().offered
    assert "so the bank has the money twice" in said(posted)
    assert "done" == two_people(posted, Remedy.NOT_DUPLICATE, cash_reference="check 77")
    assert [False, False] == [found.voided for found in posted.ledger.receipts()]
    assert PaymentState.VERIFIED is posted.payment().state
    assert [Standing.EXACTLY_ONCE] == standing(posted)


def test_our_receipt_voided_by_hand_beside_its_copy_leaves_the_copy_as_ours(posted: Scene) -> None:
    first, second = copied(posted)
    posted.ledger.void_receipt(first.id, by="erin")
    posted.ledger.apply_receipt(second.id, [(invoice(posted).id, 50_000)], by="erin")
    posted.sync()
    if posted.failure() is not None:
        posted.decide(Remedy.RETRY)
        posted.sync()
    assert PaymentState.VERIFIED is posted.payment().state
    assert [Standing.EXACTLY_ONCE] == standing(posted)


class BooksThatRecordNoReturns(EmbeddedBooks):
    """As QuickBooks, Xero and Tryton are to us: we neither make such entries nor read them."""

    @property
    def traits(self) -> BooksTraits:
        return replace(super().traits, able=())

    def money_out(self, receipt_ids: Collection[str]) -> Mapping[str, Sequence[MoneyOut]]:
        return dict.fromkeys(receipt_ids, ())


def test_where_we_cannot_record_it_two_people_name_the_entry(posted: Scene) -> None:
    posted.with_books(BooksThatRecordNoReturns(posted.ledger, posted.clock))
    told(posted, FeedStatus.RETURNED)
    with pytest.raises(CannotBeDone, match="name its entry"):
        posted.decide(Remedy.RECORD_RETURN)
    assert "done" == two_people(posted, Remedy.RECORD_RETURN, entry="JE 55")
    assert [Standing.RETURN_RECORDED] == standing(posted)
    assert posted.failure() is None


def test_a_return_day_in_a_closed_month_is_recorded_on_the_first_open_day_by_two_people(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED)
    posted.ledger.close_period(date(2026, 3, 31), by="erin")
    posted.sync()
    assert "done" == two_people(posted, Remedy.RECORD_RETURN)
    (entry,) = entries(posted)
    assert date(2026, 4, 1) == entry.on
    assert "Mar 10, 2026" in entry.memo


def test_a_receipt_by_hand_that_was_the_proof_is_balanced_as_ours_is(scene: Scene) -> None:
    hooli = scene.customer()
    open_invoice = scene.invoice("1042", hooli, 50_000)
    scene.pay("TXN-1")
    scene.ledger.enter_receipt(
        hooli.id, 50_000, "USD", date(2026, 3, 3), by="erin", lines=[(open_invoice.id, 50_000)], reference="TXN-1"
    )
    scene.sync()
    scene.decide(Remedy.DISMISS)
    assert PaymentState.DISMISSED is scene.payment().state
    told(scene, FeedStatus.RETURNED)
    assert Remedy.RECORD_RETURN is scene.failing().remedy
    assert "done" == scene.decide(Remedy.RECORD_RETURN)
    assert [50_000] == [entry.amount_minor for entry in entries(scene)]
    assert [Standing.RETURN_RECORDED] == standing(scene)


@pytest.fixture
def shared(scene: Scene) -> Scene:
    """One receipt by hand of 800.00 is TXN-1 of 500.00 on invoice 1042 and TXN-2 of 300.00 on invoice 1043; both rest on it."""
    hooli = scene.customer()
    first, second = scene.invoice("1042", hooli, 50_000), scene.invoice("1043", hooli, 30_000)
    scene.pay("TXN-1")
    scene.pay("TXN-2", 30_000, {"1043": 30_000})
    lines = [(first.id, 50_000), (second.id, 30_000)]
    scene.ledger.enter_receipt(hooli.id, 80_000, "USD", date(2026, 3, 3), by="erin", lines=lines, reference="TXN-1 TXN-2")
    scene.sync()
    for number in ("TXN-1", "TXN-2"):
        assert "done" == scene.decide(Remedy.DISMISS, number)
    return scene


def still_open(scene: Scene) -> dict[str, int]:
    return {found.number: found.open_minor for found in scene.ledger.invoices()}


def test_of_a_receipt_that_holds_other_money_too_only_the_payment_that_went_back_is_paid_out(shared: Scene) -> None:
    told(shared, FeedStatus.RETURNED)
    assert "done" == shared.decide(Remedy.RECORD_RETURN)
    assert [50_000] == [entry.amount_minor for entry in entries(shared)]
    assert {"1042": 50_000, "1043": 0} == still_open(shared)
    assert {Standing.RETURN_RECORDED, Standing.DISMISSED_WITH_PROOF} == set(standing(shared))


def test_the_other_payment_of_such_a_receipt_goes_back_by_an_entry_of_its_own(shared: Scene) -> None:
    for number in ("TXN-2", "TXN-1"):
        told(shared, FeedStatus.RETURNED, number=number)
        assert Cause.PAYMENT_RETURNED is shared.failing(number).cause
        assert "done" == shared.decide(Remedy.RECORD_RETURN, number)
    assert [30_000, 50_000] == sorted(entry.amount_minor for entry in entries(shared))
    assert {"1042": 50_000, "1043": 30_000} == still_open(shared)
    assert [Standing.RETURN_RECORDED] == standing(shared)


def test_an_entry_by_hand_for_all_of_such_a_receipt_ends_both(shared: Scene) -> None:
    for number in ("TXN-1", "TXN-2"):
        told(shared, FeedStatus.RETURNED, number=number)
    shared.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, ours(shared).id, date(2026, 3, 10)), by="erin")
    shared.sync()
    assert (None, None) == (shared.failure("TXN-1"), shared.failure("TXN-2"))
    assert [Standing.RETURN_RECORDED] == standing(shared)
