"""What a dismissal rests on may go before it is carried out, or afterward: nothing is posted by itself, and the proof says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scene import PAID, Scene

from accounting.embedded.change import Kind
from receivables.books_records import Receipt
from receivables.diagnosis import Remedy
from receivables.effects import marker
from receivables.payment import FeedStatus, PaymentState
from storage import decisions, receipt_claims
from sync import reconciliation, requests


def test_proof_that_is_gone_when_the_decision_is_carried_out_stops_nothing(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.pay("TXN-1")
    receipt = scene.ledger.enter_receipt(
        hooli.id, 50_000, "USD", PAID.date(), by="bookkeeper", lines=[(invoice.id, 50_000)], reference="TXN-1", at=PAID
    )
    scene.sync()
    made = requests.request(scene.desk, "TXN-1", Remedy.DISMISS, by="dana", channel="slack")
    scene.ledger.void_receipt(receipt.id, by="bookkeeper")

    counts = scene.sync()

    with scene.db.read() as connection:
        ended = decisions.get(connection, "acme", made.id)
        assert () == tuple(receipt_claims.every(connection, "acme"))
    assert ended.state in ("refused", "stale")
    assert "" == counts.problem
    scene.sync()
    assert [] == scene.receipts()  # a receipt with this number disappeared: a person is asked before anything is posted
    requests.request(scene.desk, "TXN-1", Remedy.RECREATE_RECEIPT, by="dana", channel="slack")
    scene.sync()
    assert [("TXN-1", 50_000, 0)] == scene.receipts()


def dismissed(scene: Scene, amount_minor: int = 50_000, memo: str = "", *numbers: str) -> Receipt:
    """One receipt entered by hand is what the payments of 500.00 and 200.00 were dismissed with, as many as are named."""
    hooli = scene.customer()
    receipt = scene.ledger.enter_receipt(hooli.id, amount_minor, "USD", PAID.date(), by="bookkeeper", memo=memo, at=PAID)
    for number, paid in zip(numbers, (50_000, 20_000), strict=False):
        scene.invoice(number, hooli, paid)
        scene.pay(number, paid, {number: paid})
    scene.sync()
    for number in numbers:
        assert "done" == scene.decide(Remedy.DISMISS, number, proof=[receipt.number])
    assert reconciliation.run_once(scene.desk).clean
    return receipt


def edit(scene: Scene, receipt: Receipt, **values: object) -> None:
    """Changes a receipt as some packages let a bookkeeper change it."""
    with scene.ledger.changing("Erin") as change:
        for column, value in values.items():
            change.connection.execute(f"UPDATE receipts SET {column} = ? WHERE id = ?", (value, receipt.id))
        change.changed(Kind.RECEIPT, receipt.id, "edited")


def found(scene: Scene) -> list[tuple[str, str]]:
    scene.sync()
    return [(told.transaction, told.problem) for told in reconciliation.run_once(scene.desk).discrepancies]


def test_one_receipt_that_became_less_than_all_it_is_proof_of_proves_none_of_them(scene: Scene) -> None:
    receipt = dismissed(scene, 70_000, "TXN-9001, TXN-9002", "TXN-9001", "TXN-9002")
    edit(scene, receipt, unapplied_minor=50_000, amount_minor=50_000)
    assert [("TXN-9001", "proof_gone"), ("TXN-9002", "proof_gone")] == found(scene)
    assert PaymentState.FAILED is scene.payment("TXN-9002").state


@pytest.mark.parametrize(("memo", "gone"), [("check 7", True), ("check 7 for TXN-9001", False)])
def test_a_receipt_that_was_moved_to_another_customer_proves_only_what_it_names(scene: Scene, memo: str, gone: bool) -> None:
    receipt = dismissed(scene, 50_000, memo, "TXN-9001")
    edit(scene, receipt, customer_id=scene.customer("Globex").id)
    assert ([("TXN-9001", "proof_gone")] if gone else []) == found(scene)


def test_a_receipt_stays_proof_when_its_customer_is_merged_into_others(scene: Scene) -> None:
    receipt = dismissed(scene, 50_000, "check 7", "TXN-9001")
    globex, initech = scene.customer("Globex"), scene.customer("Initech")
    scene.ledger.merge_customers(receipt.customer_id, globex.id, by="Erin")
    scene.ledger.merge_customers(globex.id, initech.id, by="Erin")
    assert [] == found(scene)


def test_a_receipt_of_ours_with_the_id_of_one_that_a_restored_copy_never_had_is_no_proof(scene: Scene) -> None:
    receipt = dismissed(scene, 50_000, "check 7", "TXN-9001")
    edit(scene, receipt, memo=f"[{marker('acme', 'TXN-9100', 1, 0)}]")
    assert ("TXN-9001", "proof_gone") in found(scene)


def test_money_that_went_back_is_still_in_the_books_with_the_receipt_that_was_the_proof(scene: Scene) -> None:
    receipt = dismissed(scene, 50_000, "check 7", "TXN-9001")
    paid = scene.payment("TXN-9001").payment
    scene.feed(replace(paid, status=FeedStatus.RETURNED))
    assert [("TXN-9001", "returned_but_in_books")] == found(scene)
    scene.ledger.void_receipt(receipt.id, by="Erin")
    assert [] == found(scene)
