"""Receipts of ours that somebody moved by hand: what is expected, what is told, and how each ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scene import Scene, a_scene

from receivables.books_records import Invoice, Receipt
from receivables.diagnosis import Cause, Remedy
from receivables.payment import FeedStatus, PaymentState
from storage import audit
from sync import reconciliation
from sync.standings import Standing

T, WHOLE = "TX-9001-AB", 50_000


@pytest.fixture
def scene(tmp_path: Path, migrated_sqlite: Path) -> Scene:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    return a_scene(tmp_path)


def invoices(scene: Scene) -> tuple[Invoice, Invoice]:
    """Ada owes 500.00 on each of two invoices."""
    ada = scene.customer("Ada")
    return scene.invoice("A-1", ada, WHOLE), scene.invoice("A-2", ada, WHOLE)


def pay(scene: Scene, amount_minor: int = WHOLE, **to: int) -> Receipt:
    scene.pay(T, amount_minor, {number.replace("_", "-"): amount for number, amount in to.items()}, customer="Ada")
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment(T).state
    return ours(scene)


def ours(scene: Scene) -> Receipt:
    (receipt,) = [receipt for receipt in scene.ledger.receipts() if receipt.reference == T and not receipt.voided]
    return receipt


def apply(scene: Scene, **to: Invoice) -> None:
    """Bea applies our receipt; the amounts are the names: `m500=invoice`."""
    lines = tuple((invoice.id, int(name[1:]) * 100) for name, invoice in to.items())
    scene.ledger.apply_receipt(ours(scene).id, lines, by="bea")


def prove(scene: Scene) -> tuple[list[str], int]:
    proven = reconciliation.run_once(scene.desk)
    return [found.problem for found in proven.discrepancies], proven.standings[Standing.EXACTLY_ONCE].count


def told(scene: Scene) -> list[str]:
    with scene.db.read() as connection:
        return [row.action for row in audit.rows(connection, "acme", T) if row.action == "payment.applied_since"]


PREPAID = [
    ("a prepayment is applied to an invoice", WHOLE, {}, {"m500": 0}),
    ("a part of it is applied", WHOLE, {}, {"m200": 1}),
    ("it is applied to two invoices", 100_000, {}, {"m500": 0, "m400": 1}),
    ("the rest on account is applied to another invoice", 70_000, {"A_1": WHOLE}, {"m500": 0, "m200": 1}),
]


@pytest.mark.parametrize(("amount", "to", "applied"), [row[1:] for row in PREPAID], ids=[row[0] for row in PREPAID])
def test_money_on_account_that_is_applied_later_is_taken_up_and_told_once(
    scene: Scene, amount: int, to: dict[str, int], applied: dict[str, int]
) -> None:
    both = invoices(scene)
    pay(scene, amount, **to)
    assert ([], 1, []) == (*prove(scene), told(scene))

    apply(scene, **{name: both[place] for name, place in applied.items()})

    assert ([], 1) == prove(scene) == prove(scene)
    assert ["payment.applied_since"] == told(scene)
    assert PaymentState.VERIFIED is scene.payment(T).state


def test_prepayment_taken_off_again_is_where_it_was_meant_to_be(scene: Scene) -> None:
    first, _ = invoices(scene)
    pay(scene)
    apply(scene, m500=first)
    prove(scene)
    apply(scene)
    assert ([], 1, 2) == (*prove(scene), len(told(scene)))


def test_receipt_taken_off_its_invoice_is_applied_again_with_what_was_on_account(scene: Scene) -> None:
    first, second = invoices(scene)
    pay(scene, 70_000, A_1=WHOLE)
    apply(scene, m200=second)
    assert ["accepted_unapplied"] == prove(scene)[0]
    found = scene.failing(T).diagnosis
    assert found is not None
    assert (Cause.RECEIPT_CHANGED, Remedy.APPLY_RECEIPT) == (found.primary.cause, found.primary.remedy)

    assert "done" == scene.decide(Remedy.APPLY_RECEIPT, T)

    assert {first.id: WHOLE, second.id: 20_000} == {line.invoice_id: line.amount_minor for line in ours(scene).lines}
    assert ([], 1) == prove(scene)


def test_receipt_moved_to_another_invoice_is_accepted_as_it_is_applied(scene: Scene) -> None:
    _, second = invoices(scene)
    pay(scene, A_1=WHOLE)
    apply(scene, m500=second)
    assert ["receipt_changed"] == prove(scene)[0]

    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT, T)

    assert (([], 1), {second.id: WHOLE}) == (
        prove(scene),
        {line.invoice_id: line.amount_minor for line in ours(scene).lines},
    )


def test_receipt_that_was_put_back_by_hand_is_found_by_the_next_sync(scene: Scene) -> None:
    first, second = invoices(scene)
    pay(scene, A_1=WHOLE)
    apply(scene, m500=second)
    prove(scene)
    apply(scene, m500=first)
    scene.sync()
    assert (PaymentState.VERIFIED, ([], 1), 1) == (scene.payment(T).state, prove(scene), len(scene.ledger.receipts()))


def test_receipt_of_money_that_went_back_is_never_applied_again(scene: Scene) -> None:
    invoices(scene)
    pay(scene, A_1=WHOLE)
    apply(scene)
    prove(scene)
    scene.feed(replace(scene.payment(T).payment, status=FeedStatus.RETURNED))
    scene.sync()
    assert Remedy.APPLY_RECEIPT not in scene.failing(T).offered
