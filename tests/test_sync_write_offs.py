"""A write-off is reversed by two people: its credit memo comes off and is voided, and the payment lands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from evidence_makers import WORDS
from faulty_books import Fault, FaultyBooks
from scene import Scene
from step_by_step import decision_state, effects_of, faulty, invoice_id, stands, states_of, three_invoices, verified_once

import rules
from receivables.authority import Ruling
from receivables.books_records import CreditMemo
from receivables.diagnosis import Cause, Remedy
from receivables.effects import EffectKind, EffectState
from receivables.payment import Bucket, PaymentState
from receivables.two_people import TwoPeople
from storage import kept_evidence
from sync import journey, requests

WRITTEN_OFF_ON = date(2026, 3, 4)
CHAIN = [EffectKind.UNAPPLY_CREDIT, EffectKind.VOID_CREDIT, EffectKind.RECEIPT]
DONE, FAILED, CANCELLED = EffectState.DONE, EffectState.FAILED, EffectState.CANCELLED


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The customer paid invoice 1042, and Robin wrote it off a day later."""
    made = three_invoices(tmp_path)
    made.pay()
    made.ledger.write_off(invoice_id(made, "1042"), WRITTEN_OFF_ON, by="robin")
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def books(scene: Scene) -> FaultyBooks:
    made = faulty(scene)
    scene.sync()
    return made


def reverse(scene: Scene, books: FaultyBooks, *faults: Fault) -> None:
    """Dana asks and Sam agrees; then syncs, until every window has passed."""
    made = requests.request(scene.desk, "TXN-1", Remedy.REVERSE_WRITE_OFF, by="dana", channel="cli")
    assert "waiting_approval" == made.state
    books.faults = list(faults)
    requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    for _ in range(6):
        scene.clock.advance(30)
        scene.sync()


def the_memo(scene: Scene) -> CreditMemo:
    (memo,) = scene.ledger.credit_memos()
    return memo


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.UNANSWERED, Fault.LOST, Fault.LATE, Fault.THROTTLED])
def test_the_chain_ends_whole_whatever_becomes_of_the_void(scene: Scene, books: FaultyBooks, fault: Fault) -> None:
    """The steps beside it are those of other chains (`test_sync_chains`)."""
    scene.ledger.key_life *= 0
    reverse(scene, books, Fault.NONE, fault)
    assert CHAIN == [effect.kind for effect in effects_of(scene)]
    assert [DONE, DONE, DONE] == states_of(scene)
    assert (True, 0, ()) == (the_memo(scene).voided, the_memo(scene).open_minor, the_memo(scene).applications)
    verified_once(scene)


def test_it_takes_two_people_and_says_what_changes(scene: Scene, books: FaultyBooks) -> None:
    answer = requests.shown(scene.desk, "TXN-1", Remedy.REVERSE_WRITE_OFF, by="dana").answer
    assert (Ruling.SECOND_PERSON, TwoPeople.WRITE_OFF.said) == (answer.ruling, answer.reason)
    failing = scene.failing()
    with scene.db.read() as connection:
        evidence = kept_evidence.find(connection, "acme", failing.evidence_id)
    assert evidence is not None
    assert failing.diagnosis is not None
    assert (
        "Credit memo WO-1042 is voided, not deleted: nothing of it can be spent.",
        "Changed: the customer's balance and aging, and bad debt, which is $500.00 less. Not changed: the bank.",
    ) == rules.follows(Remedy.REVERSE_WRITE_OFF, failing.diagnosis, evidence, {}, WORDS)


def test_a_void_that_is_refused_puts_the_write_off_back(scene: Scene, books: FaultyBooks) -> None:
    reverse(scene, books, Fault.NONE, Fault.MEMBER_REFUSED)
    assert [*CHAIN, EffectKind.APPLY_CREDIT] == [effect.kind for effect in effects_of(scene)]
    assert [DONE, FAILED, CANCELLED, DONE] == states_of(scene)
    assert (False, 0, []) == (the_memo(scene).voided, the_memo(scene).open_minor, scene.receipts())
    assert (PaymentState.FAILED, "failed") == (stands(scene)[0], decision_state(scene))
    assert () == scene.ledger.check_books()


def test_what_is_voided_stays_so_when_the_receipt_is_refused_and_a_retry_lands_it(scene: Scene, books: FaultyBooks) -> None:
    """To put a voided credit memo back is not possible, and the write-off was wrong in any case."""
    reverse(scene, books, Fault.NONE, Fault.NONE, Fault.MEMBER_REFUSED)
    assert [DONE, DONE, FAILED] == states_of(scene)
    assert (True, (PaymentState.FAILED, Bucket.WAITING_PERSON)) == (the_memo(scene).voided, stands(scene))
    assert Remedy.RETRY in scene.failing().offered
    scene.decide(Remedy.RETRY)
    scene.sync()
    verified_once(scene)


@pytest.mark.parametrize("why", ["closed", "on another invoice too", "not enough"])
def test_it_is_not_offered_where_the_books_keep_the_memo_or_it_would_not_help(scene: Scene, books: FaultyBooks, why: str) -> None:
    memo = the_memo(scene)
    if why == "closed":
        scene.ledger.close_period(WRITTEN_OFF_ON, by="robin")
    else:
        scene.ledger.delete_credit_memo(memo.id, by="robin")
        total, applied = (60_000, 50_000) if why == "on another invoice too" else (40_000, 40_000)
        customer = scene.ledger.customers()[0].id
        other = scene.ledger.add_credit_memo("WO-2", customer, total, "USD", WRITTEN_OFF_ON, by="robin", reason="Bad debt")
        scene.ledger.apply_credit(other.id, invoice_id(scene, "1042"), applied, by="robin")
        if why == "not enough":
            genuine = scene.ledger.add_credit_memo("CM-3", customer, 10_000, "USD", WRITTEN_OFF_ON, by="robin")
            scene.ledger.apply_credit(genuine.id, invoice_id(scene, "1042"), 10_000, by="robin")
    scene.clock.advance(60)
    scene.sync()
    assert (Cause.PERIOD_CLOSED if why == "closed" else Cause.CREDIT_MEMO_APPLIED) is scene.failing().cause
    assert Remedy.REVERSE_WRITE_OFF not in scene.failing().offered


def test_what_the_payment_does_not_need_of_it_is_open_again_and_said_so(tmp_path: Path) -> None:
    scene = three_invoices(tmp_path)
    scene.pay(amount_minor=30_000)
    scene.ledger.write_off(invoice_id(scene, "1042"), WRITTEN_OFF_ON, by="robin")
    books = faulty(scene)
    scene.sync()
    failing = scene.failing()
    with scene.db.read() as connection:
        evidence = kept_evidence.find(connection, "acme", failing.evidence_id)
    assert evidence is not None
    assert failing.diagnosis is not None
    said = rules.follows(Remedy.REVERSE_WRITE_OFF, failing.diagnosis, evidence, {}, WORDS)
    assert "Invoice 1042 has $200.00 open again. Write off what is still not collectible anew." == said[-1]

    reverse(scene, books)

    assert [20_000] == [invoice.open_minor for invoice in scene.ledger.invoices() if invoice.number == "1042"]
    assert PaymentState.VERIFIED is scene.payment().state
    scene.db.close()
    scene.ledger.close()
