"""Payments of several parts and remedies of several steps: whole, put back, or shown; never left in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from faulty_books import RETRY_AFTER_SECONDS, Fault, FaultyBooks
from scene import Scene
from step_by_step import (
    OneByOne,
    attempts_of,
    carry_out,
    decision_state,
    effects_of,
    faulty,
    invoice_id,
    later,
    promise,
    stands,
    states_of,
    three_invoices,
    verified_once,
)

from accounting.embedded.connector import EmbeddedBooks
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectKind, EffectState
from receivables.errors import StaleDecision
from receivables.payment import Bucket, PaymentState
from storage import failures
from sync import verification
from sync.rereading import JUDGED_SECONDS


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = three_invoices(tmp_path, database_url)
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> FaultyBooks:
    return faulty(scene)


@pytest.fixture
def parted(scene: Scene, books: FaultyBooks) -> FaultyBooks:
    """Books in which one receipt pays one invoice, so that a payment of two invoices has two parts."""
    books.inner = EmbeddedBooks(scene.ledger, scene.clock, one_invoice_per_receipt=True)
    return books


# --- payments of several parts ----------------------------------------------------------------------------------------


def _two_parts(scene: Scene, number: str = "TXN-1") -> None:
    scene.pay(number, 80_000, to={"1042": 50_000, "1043": 30_000})
    promise(scene)


def _both_verified(scene: Scene) -> None:
    verification.run_once(scene.desk)
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene)
    assert [("TXN-1", 30_000, 0), ("TXN-1", 50_000, 0)] == scene.receipts()
    assert scene.failure() is None


def test_each_part_is_posted_once(scene: Scene, parted: FaultyBooks) -> None:
    _two_parts(scene)
    carry_out(scene)
    assert [1, 2] == [effect.part for effect in effects_of(scene)]
    _both_verified(scene)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED, Fault.LATE, Fault.TOO_FEW_ANSWERS])
def test_parts_without_an_answer_are_looked_for_each(scene: Scene, parted: FaultyBooks, fault: Fault) -> None:
    scene.ledger.key_life *= 0
    _two_parts(scene)
    parted.faults = [fault]
    carry_out(scene)
    assert (PaymentState.POSTING, Bucket.UNKNOWN) == stands(scene)
    for _ in range(5):
        scene.clock.advance(30)
        scene.sync()
    _both_verified(scene)


@pytest.mark.parametrize("broken", ["1042", "1043"])
def test_nothing_is_sent_of_a_payment_with_one_stale_part(scene: Scene, parted: FaultyBooks, broken: str) -> None:
    _two_parts(scene)
    scene.ledger.void_invoice(invoice_id(scene, broken), by="bookkeeper")
    carry_out(scene)
    assert [] == parted.sent
    assert [EffectState.REFUSED_STALE, EffectState.REFUSED_STALE] == states_of(scene)
    assert (PaymentState.RECEIVED, Bucket.TO_DO) == stands(scene)
    assert [False] == attempts_of(scene)
    with scene.db.read() as connection:
        assert [] == list(failures.of_payment(connection, "acme", "TXN-1"))


def test_a_payment_half_posted_is_shown_to_a_person(scene: Scene, parted: FaultyBooks) -> None:
    """The first part is refused, the second is in the books: the payment neither hides nor seems under way."""
    _two_parts(scene)
    parted.faults = [Fault.MEMBER_REFUSED]
    carry_out(scene)
    assert [EffectState.FAILED, EffectState.DONE] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert ("partly_posted", "invalid") == (scene.failing().opened_because, scene.failing().refusal_code)
    for _ in range(3):
        scene.clock.advance(400)
        scene.sync()
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert [("TXN-1", 30_000, 0)] == scene.receipts()
    assert scene.failing().cause is not None


def test_half_posted_by_two_dispatches_is_shown_too(scene: Scene, parted: FaultyBooks) -> None:
    """The first part is unknown when the second is refused, and turns out to be in the books."""
    parted.inner = OneByOne(scene)
    _two_parts(scene)
    parted.faults = [Fault.UNANSWERED, Fault.MEMBER_REFUSED]
    carry_out(scene)
    assert [EffectState.UNKNOWN, EffectState.FAILED] == states_of(scene)
    assert Bucket.UNKNOWN == stands(scene)[1]
    later(scene, 5)
    assert [EffectState.DONE, EffectState.FAILED] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert "partly_posted" == scene.failing().opened_because


def test_a_part_that_never_arrived_is_not_sent_beside_a_refused_one(scene: Scene, parted: FaultyBooks) -> None:
    parted.inner = OneByOne(scene)
    _two_parts(scene)
    parted.faults = [Fault.LOST, Fault.MEMBER_REFUSED]
    carry_out(scene)
    for _ in range(60):
        later(scene, 2)
    assert 2 == len(parted.sent)
    assert [EffectState.REFUSED_STALE, EffectState.FAILED] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert ("books_refused", "invalid") == (scene.failing().opened_because, scene.failing().refusal_code)
    assert [] == scene.receipts()


def test_a_payment_half_posted_is_resumed_however_long_it_took(scene: Scene, parted: FaultyBooks) -> None:
    parted.inner = OneByOne(scene)
    _two_parts(scene)
    parted.faults = [Fault.NONE, Fault.THROTTLED]
    carry_out(scene)
    assert [EffectState.DONE, EffectState.PLANNED] == states_of(scene)
    assert 1 == later(scene, 10 * JUDGED_SECONDS).done
    _both_verified(scene)


def test_a_payment_half_posted_that_no_longer_fits_is_shown(scene: Scene, parted: FaultyBooks) -> None:
    parted.inner = OneByOne(scene)
    _two_parts(scene)
    parted.faults = [Fault.NONE, Fault.THROTTLED]
    carry_out(scene)
    scene.ledger.void_invoice(invoice_id(scene, "1043"), by="bookkeeper")
    later(scene, RETRY_AFTER_SECONDS)
    assert [EffectState.DONE, EffectState.REFUSED_STALE] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert "partly_posted" == scene.failing().opened_because


# --- books that swallow, chains ---------------------------------------------------------------------------------------


def test_books_that_swallow_too_much_are_noticed_when_read_back(tmp_path: Path, database_url: str) -> None:
    scene = three_invoices(tmp_path, database_url, temper="swallowing")
    books = faulty(scene)
    scene.pay()
    promise(scene)

    def eat() -> None:
        invoice = scene.ledger.invoices()[0]
        scene.ledger.enter_receipt(
            invoice.customer_id, 20_000, "USD", date(2026, 3, 1), by="bookkeeper", lines=[(invoice.id, 20_000)]
        )

    books.before_write = eat
    carry_out(scene)
    verification.run_once(scene.desk)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert "accepted_unapplied" == scene.failing().opened_because
    books.before_write = lambda: None
    scene.sync()
    assert Cause.ACCEPTED_UNAPPLIED == scene.failing().cause
    assert 1 == len(books.sent)
    scene.db.close()
    scene.ledger.close()


def _with_credit(scene: Scene, amount_minor: int = 50_000) -> None:
    """Invoice 1042 was taken up by a credit memo after the customer paid."""
    hooli = scene.ledger.customers()[0]
    memo = scene.ledger.add_credit_memo("CM-1", hooli.id, amount_minor, "USD", date(2026, 3, 4), by="robin")
    scene.ledger.apply_credit(memo.id, invoice_id(scene, "1042"), amount_minor, by="robin")
    scene.pay()
    scene.sync()
    assert Cause.CREDIT_MEMO_APPLIED == scene.failing().cause


def _unapply(scene: Scene, books: FaultyBooks, *faults: Fault) -> None:
    books.faults = list(faults)
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    for _ in range(6):
        scene.clock.advance(30)
        scene.sync()


@pytest.mark.parametrize(
    "fault", [Fault.NONE, Fault.UNANSWERED, Fault.LOST, Fault.LATE, Fault.THROTTLED, Fault.REFUSED_CONNECTION]
)
@pytest.mark.parametrize("step", [0, 1])
def test_a_chain_ends_with_one_receipt_whatever_becomes_of_a_step(
    scene: Scene, books: FaultyBooks, fault: Fault, step: int
) -> None:
    scene.ledger.key_life *= 0
    _with_credit(scene)
    _unapply(scene, books, *[Fault.NONE] * step, fault)
    assert [EffectKind.UNAPPLY_CREDIT, EffectKind.RECEIPT] == [effect.kind for effect in effects_of(scene)]
    assert [EffectState.DONE, EffectState.DONE] == states_of(scene)
    assert [50_000] == [memo.open_minor for memo in scene.ledger.credit_memos()]
    verified_once(scene)
    assert "dana" == scene.last_failure().resolved_by


def test_a_chain_whose_receipt_is_refused_puts_the_credit_back(scene: Scene, books: FaultyBooks) -> None:
    _with_credit(scene)
    _unapply(scene, books, Fault.NONE, Fault.MEMBER_REFUSED)
    assert [EffectState.DONE, EffectState.FAILED, EffectState.DONE] == states_of(scene)
    assert [0] == [memo.open_minor for memo in scene.ledger.credit_memos()]
    assert [] == scene.receipts()
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert () == scene.ledger.check_books()


def test_nothing_is_put_back_while_the_receipt_is_unknown(scene: Scene, books: FaultyBooks) -> None:
    _with_credit(scene)
    books.faults = [Fault.NONE, Fault.LOST]
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    for _ in range(10):
        later(scene, 2)
    assert [EffectState.DONE, EffectState.UNKNOWN] == states_of(scene)
    assert [50_000] == [memo.open_minor for memo in scene.ledger.credit_memos()]


def test_a_credit_that_cannot_be_put_back_is_told(scene: Scene, books: FaultyBooks) -> None:
    _with_credit(scene)
    _unapply(scene, books, Fault.NONE, Fault.MEMBER_REFUSED, Fault.MEMBER_REFUSED)
    assert [EffectState.DONE, EffectState.FAILED, EffectState.FAILED] == states_of(scene)
    assert ("credit_not_put_back", "failed") == (scene.failing().opened_because, decision_state(scene))


def test_credits_that_can_no_longer_be_re_applied_leave_nothing_planned(scene: Scene, books: FaultyBooks) -> None:
    """Two applications come off; of the first, what fits is put back and refused; the second must not wait for ever."""
    hooli = scene.ledger.customers()[0]
    scene.pay(amount_minor=20_000)
    for number in ("CM-1", "CM-2"):
        memo = scene.ledger.add_credit_memo(number, hooli.id, 20_000, "USD", date(2026, 3, 4), by="robin")
        scene.ledger.apply_credit(memo.id, invoice_id(scene, "1042"), 20_000, by="robin")
    scene.sync()
    assert Cause.CREDIT_MEMO_APPLIED == scene.failing().cause
    books.faults = [Fault.NONE, Fault.NONE, Fault.NONE, Fault.MEMBER_REFUSED]
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    for _ in range(3):
        scene.clock.advance(30)
        scene.sync()
    assert EffectState.PLANNED not in states_of(scene)
    assert "carrying_out" != decision_state(scene)
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene)


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.LOST, Fault.LATE, Fault.THROTTLED])
def test_a_payment_waits_until_what_its_remedy_changed_is_put_back(scene: Scene, books: FaultyBooks, fault: Fault) -> None:
    """Meanwhile the invoice looks open; posting into that room would leave none for the credit on its way back."""
    _with_credit(scene)
    books.faults = [Fault.NONE, Fault.MEMBER_REFUSED, fault]
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    assert PaymentState.POSTING is stands(scene)[0]
    assert (Bucket.IN_FLIGHT if fault is Fault.THROTTLED else Bucket.UNKNOWN) is stands(scene)[1]
    scene.sync()
    assert PaymentState.POSTING is stands(scene)[0]
    for _ in range(5):
        scene.clock.advance(30)
        scene.sync()
    assert [EffectState.DONE, EffectState.FAILED, EffectState.DONE] == states_of(scene)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == stands(scene)
    assert "books_refused" == scene.failing().opened_because
    assert [0] == [memo.open_minor for memo in scene.ledger.credit_memos()]
    assert [] == scene.receipts()


def test_nothing_is_decided_about_a_payment_under_way(scene: Scene, books: FaultyBooks) -> None:
    """A decision asked for before the effects began, and carried out after."""
    _with_credit(scene)
    books.faults = [Fault.NONE, Fault.LOST]
    scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)
    before = states_of(scene)
    assert "carrying_out" == decision_state(scene)
    with pytest.raises(StaleDecision):
        scene.decide(Remedy.RETRY)
    assert before == states_of(scene)
