"""A dismissal whose proof goes away before it is carried out ends refused or stale, and stops no sync."""

from __future__ import annotations

from scene import PAID, Scene

from receivables.diagnosis import Remedy
from storage import decisions
from sync import requests


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
        assert () == tuple(decisions.proofs(connection, "acme"))
    assert ended.state in ("refused", "stale")
    assert "" == counts.problem
    scene.sync()
    assert [] == scene.receipts()  # a receipt with this number disappeared: a person is asked before anything is posted
    requests.request(scene.desk, "TXN-1", Remedy.RECREATE_RECEIPT, by="dana", channel="slack")
    scene.sync()
    assert [("TXN-1", 50_000, 0)] == scene.receipts()
