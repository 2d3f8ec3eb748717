"""A payment that needs several receipts, of which the books took one and refused the next: the rest follows, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_books import Fault, FaultyBooks
from scene import Scene
from step_by_step import carry_out, faulty, promise, stands, three_invoices

from accounting.embedded.connector import EmbeddedBooks
from receivables.diagnosis import Remedy
from receivables.payment import Bucket, PaymentState
from rules import sentence


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    made = three_invoices(tmp_path, database_url)
    yield made
    made.db.close()
    made.ledger.close()


@pytest.fixture
def half_posted(scene: Scene) -> FaultyBooks:
    """Invoice 1043 has its receipt; that of 1042 was refused for a reason that no cause of ours is."""
    books = faulty(scene)
    books.inner = EmbeddedBooks(scene.ledger, scene.clock, one_invoice_per_receipt=True)
    scene.pay("TXN-1", 80_000, to={"1042": 50_000, "1043": 30_000})
    promise(scene)
    books.faults = [Fault.MEMBER_REFUSED]
    carry_out(scene)
    scene.clock.advance(400)
    scene.sync()
    return books


def until_quiet(scene: Scene) -> None:
    for _ in range(4):
        scene.clock.advance(60)
        scene.sync()


def test_a_retry_sends_the_rest_and_nothing_twice(scene: Scene, half_posted: FaultyBooks) -> None:
    found = scene.failing()
    assert found.diagnosis is not None
    said = sentence(found.diagnosis, scene.desk.company.words)
    assert "the remaining $500.00 of this payment was rejected. The books refuse this one." in said
    assert Remedy.RETRY == found.diagnosis.primary.remedy

    sent = len(half_posted.sent)
    scene.decide(Remedy.RETRY)
    until_quiet(scene)

    assert 1 == len(half_posted.sent) - sent
    assert [("TXN-1", 30_000, 0), ("TXN-1", 50_000, 0)] == scene.receipts()
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene)
    assert scene.failure() is None


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.LOST, Fault.LATE])
def test_a_rest_without_an_answer_is_looked_for_first(scene: Scene, half_posted: FaultyBooks, fault: Fault) -> None:
    half_posted.faults = [fault]
    scene.decide(Remedy.RETRY)
    until_quiet(scene)
    until_quiet(scene)

    assert [("TXN-1", 30_000, 0), ("TXN-1", 50_000, 0)] == scene.receipts()
    assert (PaymentState.VERIFIED, Bucket.POSTED) == stands(scene)


def test_a_rest_that_is_refused_again_is_shown_again(scene: Scene, half_posted: FaultyBooks) -> None:
    half_posted.faults = [Fault.MEMBER_REFUSED]
    scene.decide(Remedy.RETRY)
    until_quiet(scene)

    assert [("TXN-1", 30_000, 0)] == scene.receipts()
    found = scene.failing()
    assert found.diagnosis is not None
    assert Remedy.RETRY == found.diagnosis.primary.remedy


def test_a_rest_that_no_longer_fits_is_not_sent(scene: Scene, half_posted: FaultyBooks) -> None:
    invoice = next(invoice for invoice in scene.ledger.invoices() if invoice.number == "1042")
    scene.ledger.void_invoice(invoice.id, by="bookkeeper")
    sent = len(half_posted.sent)
    until_quiet(scene)

    found = scene.failing()
    assert found.diagnosis is not None
    assert Remedy.RETRY != found.diagnosis.primary.remedy
    assert sent == len(half_posted.sent)
