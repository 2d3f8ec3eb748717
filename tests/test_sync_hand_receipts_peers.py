"""Other money, and a proof that is applied, on other books than the embedded ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cause_worlds import QUICKBOOKS, XERO, World, a_world

from receivables.diagnosis import Cause, Remedy
from receivables.payment import PaymentState
from sync import journey, reconciliation, requests

AMOUNT = 50_000
NUMBER = "TX-9001-AB"
BOOKS = [QUICKBOOKS, XERO]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as running:
        yield running.enter_context(a_world(str(request.param), tmp_path))


def enter(world: World, customer: str, on: str, reference: str, method: str = "") -> None:
    lines = ((on, AMOUNT),) if on else ()
    day = world.hands.today()
    world.scene.ledger.enter_receipt(customer, AMOUNT, "USD", day, by="Dana", lines=lines, reference=reference, method=method)


@pytest.mark.parametrize("world", BOOKS, indirect=True)
def test_a_check_is_other_money_and_ours_becomes_a_credit(world: World) -> None:
    hands, scene = world.hands, world.scene
    hooli = hands.customer("Hooli")
    invoice = hands.invoice("5000", hooli, AMOUNT)
    enter(world, hooli, invoice, "check 8841")
    scene.pay(NUMBER, AMOUNT, {"5000": AMOUNT}, paid_at=world.later())
    scene.sync()
    assert Remedy.NOT_DUPLICATE in scene.failing(NUMBER).offered
    options = {"cash_reference": "check 8841"}
    made = requests.request(scene.desk, NUMBER, Remedy.NOT_DUPLICATE, by="dana", channel="cli", options=options)
    requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    world.later()
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment(NUMBER).state
    assert [AMOUNT, AMOUNT] == [amount for _, amount, _ in hands.standing(hooli)]
    assert (0, AMOUNT) == (hands.open_minor(invoice), sum(unapplied for _, _, unapplied in scene.receipts()))
    assert reconciliation.run_once(scene.desk).clean


@pytest.mark.parametrize("world", BOOKS, indirect=True)
def test_a_proof_that_is_unapplied_is_applied(world: World) -> None:
    hands, scene = world.hands, world.scene
    hooli = hands.customer("Hooli")
    invoice = hands.invoice("5000", hooli, AMOUNT)
    enter(world, hooli, "", NUMBER)
    scene.pay(NUMBER, AMOUNT, {"5000": AMOUNT}, paid_at=world.later())
    scene.sync()
    assert Cause.RECEIPT_ALREADY_ENTERED is scene.failing(NUMBER).cause
    assert "done" == scene.decide(Remedy.DISMISS, NUMBER, apply_proof=True)
    assert 0 == hands.open_minor(invoice)
    assert [AMOUNT] == [amount for _, amount, _ in hands.standing(hooli)]
    world.later()
    scene.sync()
    assert scene.failure(NUMBER) is None
    assert reconciliation.run_once(scene.desk).clean
