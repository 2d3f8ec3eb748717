"""A customer that was merged into another: a person's retry follows the invoices, and nothing else does by itself."""

from __future__ import annotations

from pathlib import Path

from scene import a_scene

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from sync import binding, mirroring


def test_retry_after_a_merger_posts_for_the_customer_that_remains(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    hooli, group = scene.customer("Hooli"), scene.customer("Hooli Group")
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.pay()
    mirroring.run_once(scene.desk)
    binding.run_once(scene.desk)  # a sync that could not post yet
    scene.ledger.merge_customers(hooli.id, group.id, by="ida")
    scene.sync()
    failing = scene.failing()
    assert (Cause.CUSTOMER_CHANGED, []) == (failing.cause, scene.receipts())

    assert "done" == scene.decide(Remedy.RETRY)
    scene.sync()

    (receipt,) = scene.ledger.receipts()
    assert PaymentState.VERIFIED is scene.payment().state
    assert (group.id, [(invoice.id, 50_000)]) == (
        receipt.customer_id,
        [(line.invoice_id, line.amount_minor) for line in receipt.lines],
    )
