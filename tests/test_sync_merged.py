"""A customer that was merged into another: a person's retry follows the invoices, and nothing else does by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene import PAID, a_scene

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from rules import InTheWay, obstacles
from sync import binding, mirroring, open_failures


@pytest.mark.parametrize("twice", [False, True])
def test_retry_after_a_merger_posts_for_the_customer_that_remains(tmp_path: Path, twice: bool) -> None:
    scene = a_scene(tmp_path)
    hooli, group = scene.customer("Hooli"), scene.customer("Hooli Group")
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.pay()
    mirroring.run_once(scene.desk)
    binding.run_once(scene.desk)  # a sync that could not post yet
    if twice:
        between = scene.customer("Hooli East")
        scene.ledger.merge_customers(hooli.id, between.id, by="ida")
        scene.ledger.merge_customers(between.id, group.id, by="ida")
    else:
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


def test_what_came_after_two_mergers_is_posted_for_the_customer_that_remains(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    hooli, east, group = scene.customer("Hooli"), scene.customer("Hooli East"), scene.customer("Hooli Group")
    scene.invoice("1042", hooli, 50_000)
    scene.ledger.merge_customers(hooli.id, east.id, by="ida")
    scene.ledger.merge_customers(east.id, group.id, by="ida")
    scene.pay()
    scene.sync()
    assert [(group.id, 0)] == [(receipt.customer_id, receipt.unapplied_minor) for receipt in scene.ledger.receipts()]


def test_a_receipt_entered_for_the_customer_that_remains_is_found_after_two_mergers(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    hooli, east, group = scene.customer("Hooli"), scene.customer("Hooli East"), scene.customer("Hooli Group")
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.pay()
    mirroring.run_once(scene.desk)
    binding.run_once(scene.desk)
    scene.ledger.merge_customers(hooli.id, east.id, by="ida")
    scene.ledger.merge_customers(east.id, group.id, by="ida")
    lines = [(invoice.id, 50_000)]
    scene.ledger.enter_receipt(group.id, 50_000, "USD", PAID.date(), by="ida", lines=lines, reference="check 7")
    scene.sync()
    stored, found = scene.payment(), scene.failing()
    assert PaymentState.FAILED is stored.state
    assert InTheWay.RECEIPT_FOUND in {obstacle.code for obstacle in obstacles(open_failures.of_one(scene.desk, stored, found))}
