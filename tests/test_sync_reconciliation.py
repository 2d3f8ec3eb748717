"""The proof walks both sides: what was changed, removed, doubled or forgotten afterwards is found and told once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from scene import PAID, Scene, a_scene

from receivables.diagnosis import Remedy
from receivables.effects import marker
from receivables.payment import Bucket, PaymentState
from storage import audit, schema
from sync import reconciliation
from sync.reconciliation import Proven


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """One payment, posted and verified."""
    made = a_scene(tmp_path)
    made.invoice("1042", made.customer(), 50_000)
    made.pay()
    made.sync()
    assert PaymentState.VERIFIED is made.payment().state
    return made


def prove(scene: Scene) -> Proven:
    return reconciliation.run_once(scene.desk)


def problems(proven: Proven) -> list[tuple[str, str]]:
    return [(discrepancy.transaction, discrepancy.problem) for discrepancy in proven.discrepancies]


def the_receipt(scene: Scene) -> str:
    (receipt,) = [receipt for receipt in scene.ledger.receipts() if not receipt.voided]
    return receipt.id


def test_what_was_posted_stands_exactly_once(scene: Scene) -> None:
    proven = prove(scene)

    assert (1, 1, 1, []) == (proven.payments, proven.exactly_once, proven.marked_receipts, proven.discrepancies)


def removed(scene: Scene) -> None:
    scene.ledger.delete_receipt(the_receipt(scene), by="bookkeeper")


def voided(scene: Scene) -> None:
    scene.ledger.void_receipt(the_receipt(scene), by="bookkeeper")


def unapplied(scene: Scene) -> None:
    scene.ledger.apply_receipt(the_receipt(scene), (), by="bookkeeper")


def copied(scene: Scene) -> None:
    (receipt,) = scene.ledger.receipts()
    scene.ledger.enter_receipt(receipt.customer_id, 50_000, "USD", receipt.received_on, by="bookkeeper", memo=receipt.memo)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (removed, "receipt_deleted"),
        (voided, "receipt_deleted"),
        (unapplied, "accepted_unapplied"),
        (copied, "receipt_doubled"),
    ],
)
def test_receipt_changed_after_it_was_verified_is_found_and_told_once(
    scene: Scene, change: Callable[[Scene], None], problem: str
) -> None:
    change(scene)

    first, second = prove(scene), prove(scene)

    assert [("TXN-1", problem)] == problems(first)
    assert (PaymentState.FAILED, problem) == (scene.payment().state, scene.failing().opened_because)
    assert 1 == first.differing
    assert 1 == sum(1 for action in actions(scene) if action == "failure.opened")
    assert problems(second) in ([("TXN-1", problem)], [])  # shown to a person, it is no longer a verified payment


def actions(scene: Scene) -> list[str]:
    with scene.db.read() as connection:
        return [row.action for row in audit.rows(connection, "acme", "TXN-1")]


def test_nothing_found_is_ever_posted_again_by_itself(scene: Scene) -> None:
    removed(scene)
    prove(scene)
    for _ in range(3):
        scene.clock.advance(3600)
        scene.sync()

    assert ([], PaymentState.FAILED) == (scene.receipts(), scene.payment().state)


def test_receipt_with_our_marker_and_no_payment_of_ours_is_found(scene: Scene) -> None:
    """As after restoring an old copy of our database, or a copy of a receipt that was edited."""
    customer, day = scene.ledger.customers()[0].id, scene.desk.company.day_of(PAID)
    lost = scene.ledger.enter_receipt(
        customer, 10_000, "USD", day, by="bookkeeper", memo=f"Portal payment [{marker('acme', 'TXN-9', 1, 0)}]"
    )

    proven = prove(scene)

    assert [("", "marker_unknown", (lost.id,))] == [
        (discrepancy.transaction, discrepancy.problem, discrepancy.receipts) for discrepancy in proven.discrepancies
    ]
    assert (1, False) == (proven.exactly_once, proven.clean)


def test_receipt_in_the_books_for_a_payment_that_was_not_posted_yet_is_held_for_a_person(scene: Scene) -> None:
    scene.invoice("1043", scene.ledger.customers()[0], 10_000)
    scene.pay("TXN-2", 10_000, {"1043": 10_000})
    mine = marker("acme", "TXN-2", 1, 0)
    customer = scene.ledger.customers()[0].id
    day = scene.desk.company.day_of(PAID)
    scene.ledger.enter_receipt(customer, 10_000, "USD", day, by="bookkeeper", memo=f"by an older copy of us [{mine}]")

    proven = prove(scene)
    scene.sync()

    assert [("TXN-2", "receipt_unexpected")] == problems(proven)
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON) == (scene.payment("TXN-2").state, scene.payment("TXN-2").bucket)
    assert [10_000] == [amount for _, amount, _ in scene.receipts() if amount == 10_000]


def test_dismissal_stands_as_long_as_its_receipt_and_is_opened_again_without_it(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 50_000)
    day = scene.desk.company.day_of(PAID)
    by_hand = scene.ledger.enter_receipt(hooli.id, 50_000, "USD", day, by="bookkeeper", lines=((invoice.id, 50_000),))
    scene.pay()
    scene.sync()
    assert "done" == scene.decide(Remedy.DISMISS, reason="entered by hand")

    standing = prove(scene)
    scene.ledger.delete_receipt(by_hand.id, by="bookkeeper")
    gone = prove(scene)
    scene.sync()

    assert (1, []) == (standing.dismissed_with_proof, standing.discrepancies)
    assert [("TXN-1", "proof_gone")] == problems(gone)
    assert (PaymentState.FAILED, True, []) == (scene.payment().state, scene.failing().held, scene.receipts())
    with scene.db.read() as connection:
        assert [] == connection.execute(sa.select(schema.proof).where(schema.proof.c.withdrawn_at.is_(None))).all()


def test_every_payment_is_in_exactly_one_count(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    hooli = scene.customer()
    for number in range(250):
        scene.invoice(f"{number}", hooli, 1_000)
        scene.pay(f"TXN-{number:03}", 1_000, {f"{number}": 1_000 if number % 50 else 900})
    scene.pay("TXN-short", 5_000, {"no such invoice": 5_000})
    scene.sync()

    proven = prove(scene)

    counts = (proven.exactly_once, proven.not_in_books, proven.under_way, proven.differing)
    assert (251, 251) == (proven.payments, sum(counts))
    assert proven.exactly_once >= 245
    assert [] == proven.discrepancies


def test_walk_leaves_one_row_of_the_record_and_remembers_when(scene: Scene) -> None:
    prove(scene)

    with scene.db.read() as connection:
        (row,) = [row for row in audit.rows(connection, "acme") if row.action == "company.reconciled"]
        assert '"exactly_once":1' in row.body
        assert None is audit.verify(connection, "acme")
