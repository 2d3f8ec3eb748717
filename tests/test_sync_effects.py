"""Whatever becomes of a write, each payment ends as exactly one receipt, or in front of a person who is told the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from faulty_books import RETRY_AFTER_SECONDS, Fault, FaultyBooks, Killed
from scene import Scene
from step_by_step import (
    WINDOW,
    attempts_of,
    carry_out,
    effects_of,
    faulty,
    later,
    promise,
    stands,
    states_of,
    three_invoices,
    verified_once,
)

from receivables.books_records import Receipt
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectState
from receivables.errors import AccessLost, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.payment import Bucket, PaymentState
from receivables.refusal import Refusal
from storage import audit, companies, failures
from storage.companies import Pause
from storage.watch import Watch
from sync import effects as carrying_out
from sync.desk import Desk
from sync.effects import LEASE_SECONDS, SEND_SECONDS


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = three_invoices(tmp_path, database_url)
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> FaultyBooks:
    return faulty(scene)


def _pause(scene: Scene) -> Pause | None:
    with scene.db.read() as connection:
        return companies.get(connection, scene.desk.company.id).pause


def _copy(scene: Scene, receipt: Receipt) -> Receipt:
    """A bookkeeper copies a receipt with everything that stands in it, our marker too."""
    return scene.ledger.enter_receipt(
        receipt.customer_id, receipt.amount_minor, receipt.currency, receipt.received_on,
        by="bookkeeper", reference=receipt.reference, memo=receipt.memo,
    )  # fmt: skip


# --- unknown ----------------------------------------------------------------------------------------------------------


def test_a_timeout_after_send_is_read_back_before_retry(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.UNANSWERED]
    carry_out(scene)
    assert (PaymentState.POSTING, Bucket.UNKNOWN) == stands(scene)
    assert [EffectState.UNKNOWN] == states_of(scene)
    assert "outcome_unknown" == scene.failing().opened_because
    assert 1 == later(scene, 5).done
    assert 1 == len(books.sent)
    verified_once(scene)
    assert "landed" == scene.last_failure().resolution


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.LATE, Fault.UNANSWERED])
def test_nothing_is_sent_a_second_time_inside_the_settle_window(scene: Scene, books: FaultyBooks, fault: Fault) -> None:
    scene.pay()
    promise(scene)
    books.faults, books.late_seconds = [fault], WINDOW
    carry_out(scene)
    for _ in range(31):
        later(scene, 1)
    assert 1 == len(books.sent)


def test_after_the_window_and_an_empty_look_it_is_sent_once(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.LOST]
    carry_out(scene)
    assert 0 == later(scene, WINDOW - 1).done
    for _ in range(30):
        later(scene, 1)
    assert 2 == len(books.sent)
    assert 1 == len({order.key for order in books.orders})
    assert 1 == len({order.marker for order in books.orders})
    verified_once(scene)


def test_what_arrives_late_is_adopted(scene: Scene, books: FaultyBooks) -> None:
    scene.ledger.key_life *= 0  # the books forget keys at once; only our marker can tell
    scene.pay()
    promise(scene)
    books.faults, books.late_seconds = [Fault.LATE], WINDOW - 1
    carry_out(scene)
    for _ in range(60):
        later(scene, 2)
    assert 1 == len(books.sent)
    verified_once(scene)


@pytest.mark.parametrize("fault", [Fault.TOO_FEW_ANSWERS, Fault.EMPTY_ANSWERS])
def test_answers_that_make_no_sense_mean_unknown(scene: Scene, books: FaultyBooks, fault: Fault) -> None:
    scene.pay("TXN-1", to={"1042": 50_000})
    scene.pay("TXN-2", to={"1043": 50_000})
    promise(scene)
    books.faults = [fault]
    carry_out(scene)
    assert [EffectState.UNKNOWN, EffectState.UNKNOWN] == states_of(scene, "TXN-1") + states_of(scene, "TXN-2")
    later(scene, 5)
    assert 1 == len(books.sent)
    verified_once(scene, "TXN-1")
    verified_once(scene, "TXN-2")


def test_a_dispatch_without_answer_makes_every_member_unknown(scene: Scene, books: FaultyBooks) -> None:
    for number, invoice in (("TXN-1", "1042"), ("TXN-2", "1043"), ("TXN-3", "1044")):
        scene.pay(number, to={invoice: 50_000})
    promise(scene)
    books.faults = [Fault.LOST]
    carry_out(scene)
    for number in ("TXN-1", "TXN-2", "TXN-3"):
        assert (PaymentState.POSTING, Bucket.UNKNOWN) == stands(scene, number)
    assert [3] == [len(dispatch.orders) for dispatch in books.sent]


def test_an_effect_is_unknown_while_the_books_cannot_be_asked(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.LOST]
    carry_out(scene)
    books.reads_raise = BooksUnavailable("The books do not answer.")
    for _ in range(5):
        with pytest.raises(BooksUnavailable):
            later(scene, 120)
    assert [EffectState.UNKNOWN] == states_of(scene)
    assert (PaymentState.POSTING, Bucket.UNKNOWN) == stands(scene)
    assert 1 == len(books.sent)
    books.reads_raise = None
    scene.clock.advance(600)
    scene.sync()
    verified_once(scene)


@pytest.mark.parametrize("error", [BooksRefused("No such report.", Refusal.NOT_FOUND), OutcomeUnknown("a read timed out")])
def test_a_look_that_fails_oddly_proves_nothing(scene: Scene, books: FaultyBooks, error: BooksRefused | OutcomeUnknown) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.UNANSWERED]
    carry_out(scene)
    books.reads_raise = error
    later(scene, WINDOW + 1)
    assert [EffectState.UNKNOWN] == states_of(scene)
    books.reads_raise = None
    later(scene, 60)
    assert 1 == len(books.sent)
    verified_once(scene)


# --- found twice ------------------------------------------------------------------------------------------------------


def test_a_receipt_found_twice_is_shown_and_ends_verified_when_one_is_deleted(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.UNANSWERED]
    carry_out(scene)
    copy = _copy(scene, scene.ledger.receipts()[0])
    later(scene, 5)
    assert [EffectState.NEEDS_PERSON] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    scene.sync()
    assert Cause.RECEIPT_DOUBLED == scene.failing().cause
    for _ in range(3):
        scene.clock.advance(400)
        scene.sync()
    assert 1 == len(books.sent)
    scene.ledger.delete_receipt(copy.id, by="bookkeeper")
    scene.clock.advance(400)
    scene.sync()
    verified_once(scene)


def _doubled(scene: Scene, books: FaultyBooks) -> list[Receipt]:
    """A payment that waits for a person because the books hold it twice."""
    scene.pay()
    promise(scene)
    books.faults = [Fault.UNANSWERED]
    carry_out(scene)
    _copy(scene, scene.ledger.receipts()[0])
    later(scene, 5)
    scene.sync()
    return scene.ledger.receipts()


def test_a_doubled_receipt_does_not_block_other_payments_of_its_invoice(scene: Scene, books: FaultyBooks) -> None:
    scene.pay("TXN-1", 20_000, to={"1042": 20_000})
    promise(scene)
    books.faults = [Fault.UNANSWERED]
    carry_out(scene)
    _copy(scene, scene.ledger.receipts()[0])
    later(scene, 5)
    scene.pay("TXN-2", 30_000, to={"1042": 30_000})
    scene.sync()
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene, "TXN-2")


@pytest.mark.parametrize("remedy", [Remedy.RECREATE_RECEIPT, Remedy.RETRY])
def test_nothing_is_posted_beside_a_doubled_receipt(scene: Scene, books: FaultyBooks, remedy: Remedy) -> None:
    _doubled(scene, books)
    if remedy in _offered(scene):
        scene.decide(remedy)
    scene.clock.advance(400)
    scene.sync()
    assert 1 == len(books.sent)
    assert 2 == len(scene.receipts())
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)


def test_a_payment_dismissed_while_doubled_stays_dismissed(scene: Scene, books: FaultyBooks) -> None:
    """Nothing may move it afterwards, not even that one of the two receipts goes."""
    receipts = _doubled(scene, books)
    assert Remedy.DISMISS in _offered(scene)
    scene.decide(Remedy.DISMISS, proof=receipts[0].id)
    assert (PaymentState.DISMISSED, Bucket.DISMISSED) == stands(scene)
    scene.ledger.delete_receipt(receipts[1].id, by="bookkeeper")
    for _ in range(3):
        scene.clock.advance(400)
        scene.sync()
    assert (PaymentState.DISMISSED, Bucket.DISMISSED) == stands(scene)
    assert 1 == len(books.sent)


def _offered(scene: Scene) -> tuple[Remedy, ...]:
    found = scene.failing()
    assert found.diagnosis is not None
    return (found.diagnosis.primary.remedy, *found.diagnosis.primary.alternatives)


# --- certainly not done -----------------------------------------------------------------------------------------------


def test_a_throttled_write_waits_as_long_as_the_books_say(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.THROTTLED]
    carry_out(scene)
    assert [EffectState.PLANNED] == states_of(scene)
    assert (PaymentState.POSTING, Bucket.IN_FLIGHT) == stands(scene)
    later(scene, RETRY_AFTER_SECONDS - 1)
    assert 1 == len(books.sent)
    assert 1 == later(scene, 1).done
    assert [False] == attempts_of(scene)
    verified_once(scene)


def test_a_refused_connection_is_tried_again_with_the_same_key(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.REFUSED_CONNECTION, Fault.REFUSED_CONNECTION]
    carry_out(scene)
    for _ in range(3):
        later(scene, 15)
    assert 3 == len(books.sent)
    assert 1 == len({order.key for order in books.orders})
    assert [False] == attempts_of(scene)
    verified_once(scene)


def test_access_lost_pauses_the_company_and_fails_no_payment(scene: Scene, books: FaultyBooks) -> None:
    for number, invoice in (("TXN-1", "1042"), ("TXN-2", "1043")):
        scene.pay(number, to={invoice: 50_000})
    books.faults = [Fault.ACCESS_LOST]
    assert "must be made again" in scene.sync().problem
    pause = _pause(scene)
    assert pause is not None
    assert (Cause.ACCESS_LOST, None) == (pause.cause, pause.until)
    books.reads_raise = AccessLost("The connection to the books must be made again.")
    for _ in range(3):
        scene.clock.advance(120)
        scene.sync()
    with scene.db.read() as connection:
        said = [row.action for row in audit.rows(connection, "acme")]
        assert [] == list(failures.of_company(connection, "acme"))
    assert 1 == said.count("company.paused")
    assert [False, False] == attempts_of(scene, "TXN-1") + attempts_of(scene, "TXN-2")
    assert 1 == len(books.sent)
    books.reads_raise = None
    scene.clock.advance(120)
    scene.sync()
    assert _pause(scene) is None
    verified_once(scene, "TXN-1")
    verified_once(scene, "TXN-2")


def test_access_lost_while_re_reading_pauses_the_company_too(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.reads_raise = AccessLost("The connection to the books must be made again.")
    with pytest.raises(AccessLost):
        carry_out(scene)
    assert [EffectState.PLANNED] == states_of(scene)
    pause = _pause(scene)
    assert pause is not None
    assert Cause.ACCESS_LOST is pause.cause
    assert scene.failure() is None


def test_one_refused_member_of_a_dispatch_does_not_touch_the_others(scene: Scene, books: FaultyBooks) -> None:
    for number, invoice in (("TXN-1", "1042"), ("TXN-2", "1043"), ("TXN-3", "1044")):
        scene.pay(number, to={invoice: 50_000})
    promise(scene)
    books.faults = [Fault.MEMBER_REFUSED]
    counts = carry_out(scene)
    assert (1, 2) == (counts.refused, counts.done)
    assert [EffectState.FAILED] == states_of(scene, "TXN-1")
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene, "TXN-1")
    assert ("books_refused", "invalid") == (scene.failing().opened_because, scene.failing().refusal_code)
    assert [True] == attempts_of(scene, "TXN-1")
    for number in ("TXN-2", "TXN-3"):
        verified_once(scene, number)


def test_a_very_long_sentence_of_the_books_is_kept(scene: Scene, books: FaultyBooks) -> None:
    """PostgreSQL refuses what is longer than its column; an outcome that cannot be written would be unknown for ever."""
    sentence = "The books refuse this one: " + "x" * 3000

    def refuse() -> None:
        raise BooksRefused(sentence, Refusal.INVALID)

    scene.pay()
    promise(scene)
    books.before_write = refuse
    carry_out(scene)
    assert sentence == scene.failing().refusal_message
    assert [("invalid", sentence)] == [(effect.outcome_code, effect.outcome_message) for effect in effects_of(scene)]


# --- stale facts ------------------------------------------------------------------------------------------------------


def test_an_unattended_effect_that_is_stale_is_judged_again(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    invoice = next(invoice for invoice in scene.ledger.invoices() if invoice.number == "1042")
    scene.ledger.void_invoice(invoice.id, by="bookkeeper")
    carry_out(scene)
    assert [EffectState.REFUSED_STALE] == states_of(scene)
    assert (PaymentState.RECEIVED, Bucket.TO_DO) == stands(scene)
    assert [] == books.sent
    assert scene.failure() is None
    scene.sync()
    assert Cause.INVOICE_VOIDED == scene.failing().cause


def test_a_change_that_leaves_room_does_not_make_an_unattended_effect_stale(scene: Scene, books: FaultyBooks) -> None:
    scene.pay("TXN-1", 20_000, to={"1042": 20_000})
    promise(scene)
    invoice = next(invoice for invoice in scene.ledger.invoices() if invoice.number == "1042")
    scene.ledger.enter_receipt(
        invoice.customer_id, 10_000, "USD", date(2026, 3, 1), by="bookkeeper", lines=[(invoice.id, 10_000)]
    )
    carry_out(scene)
    verified_once(scene, amount_minor=20_000)


def _another_process(scene: Scene, books: FaultyBooks) -> Desk:
    """One that has seen nothing yet, and whose line to the books is good."""
    return replace(scene.desk, owner="other", books=books.inner, watch=Watch(scene.clock))


# --- paused and killed processes --------------------------------------------------------------------------------------


def test_a_paused_worker_whose_lease_ran_out_writes_nothing(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    other = _another_process(scene, books)

    def overtaken() -> None:
        books.before_read = lambda: None
        carrying_out.run_until_idle(other)
        scene.clock.advance(LEASE_SECONDS + 1)
        carrying_out.run_until_idle(other)

    books.before_read = overtaken
    carry_out(scene)
    assert [] == books.sent
    assert [EffectState.DONE] == states_of(scene)  # the other one read the books again and sent it
    scene.sync()
    verified_once(scene)


def test_a_worker_paused_between_claim_and_send_does_not_send(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)

    def paused() -> None:
        books.before_read = lambda: None
        scene.clock.advance(LEASE_SECONDS + 1)

    books.before_read = paused
    carry_out(scene)
    assert [] == books.sent
    scene.clock.advance(LEASE_SECONDS + 1)
    scene.sync()
    verified_once(scene)


def test_nothing_leaves_after_the_deadline(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)

    def paused() -> None:
        books.before_write = lambda: None
        scene.clock.advance(SEND_SECONDS + 1)

    books.before_write = paused
    carry_out(scene)
    assert [] == scene.receipts()
    assert [EffectState.PLANNED] == states_of(scene)
    later(scene, 15)
    scene.sync()
    verified_once(scene)


def test_a_worker_paused_while_sending_cannot_undo_what_another_found(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    other = _another_process(scene, books)

    def overtaken() -> None:
        books.before_write = lambda: None
        carrying_out.run_until_idle(other)
        scene.clock.advance(LEASE_SECONDS + WINDOW)
        carrying_out.run_until_idle(other)
        scene.clock.advance(5)

    books.before_write = overtaken
    carry_out(scene)
    scene.sync()
    verified_once(scene)


@pytest.mark.parametrize("fault", [Fault.KILLED_AFTER, Fault.KILLED_BEFORE])
def test_a_fresh_process_recovers_with_exactly_one_receipt(scene: Scene, books: FaultyBooks, fault: Fault) -> None:
    scene.ledger.key_life *= 0
    scene.pay()
    promise(scene)
    books.faults = [fault]
    with pytest.raises(Killed):
        carry_out(scene)
    assert [EffectState.SENDING] == states_of(scene)
    scene.desk = replace(scene.desk, owner="born later", watch=Watch(scene.clock))
    for _ in range(5):
        scene.clock.advance(LEASE_SECONDS / 2)
        scene.sync()
    verified_once(scene)


def test_what_a_dead_process_left_is_shown_as_unknown(scene: Scene, books: FaultyBooks) -> None:
    scene.pay()
    promise(scene)
    books.faults = [Fault.KILLED_AFTER]
    with pytest.raises(Killed):
        carry_out(scene)
    assert 0 == carry_out(scene).claimed  # its lease is seen for the first time
    books.reads_raise = BooksUnavailable("The books do not answer.")
    with pytest.raises(BooksUnavailable):
        later(scene, LEASE_SECONDS + 1)
    assert [EffectState.UNKNOWN] == states_of(scene)
    assert (PaymentState.POSTING, Bucket.UNKNOWN) == stands(scene)
    assert "outcome_unknown" == scene.failing().opened_because
