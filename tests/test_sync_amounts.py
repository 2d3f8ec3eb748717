"""Money that is not what the invoice is for, played to its end: paid twice, too much, a surcharge, entered net of a fee."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evidence_makers import WORDS
from scene import PAID, Scene, a_scene

import rules
from accounting.embedded.change import Kind
from receivables.books_records import Invoice
from receivables.diagnosis import Cause, Remedy
from receivables.errors import CannotBeDone
from receivables.payment import PaymentState
from sync import reconciliation
from sync.standings import Standing

T = "TX-9001-AB"


@pytest.fixture
def scene(tmp_path: Path, migrated_sqlite: Path) -> Scene:
    (tmp_path / "resolve-now.sqlite").write_bytes(migrated_sqlite.read_bytes())
    return a_scene(tmp_path)


def failing(scene: Scene, amount_minor: int, invoice: Invoice, *others: Invoice) -> Cause:
    """Hooli pays this much for the invoice; the cause of what does not fit."""
    del others
    scene.pay(T, amount_minor, {invoice.number: amount_minor})
    scene.sync()
    found = scene.failing(T).cause
    assert found is not None
    return found


def sentence(scene: Scene) -> str:
    diagnosis = scene.failing(T).diagnosis
    assert diagnosis is not None
    return rules.sentence(diagnosis, WORDS)


def applied(scene: Scene) -> tuple[dict[str, int], int]:
    """What our receipt is applied to, by invoice number, and what of it is unapplied."""
    numbers = {invoice.id: invoice.number for invoice in scene.ledger.invoices()}
    (receipt,) = [receipt for receipt in scene.ledger.receipts() if receipt.reference == T and not receipt.voided]
    return {numbers[line.invoice_id]: line.amount_minor for line in receipt.lines}, receipt.unapplied_minor


def proven(scene: Scene) -> tuple[bool, int]:
    found = reconciliation.run_once(scene.desk)
    return found.clean, found.standings[Standing.EXACTLY_ONCE].count


def paid_before(scene: Scene) -> tuple[Invoice, Invoice]:
    """1042 of 500.00 is paid by TXN-1; 1043 of 300.00 is open."""
    hooli = scene.customer()
    first, second = scene.invoice("1042", hooli, 50_000), scene.invoice("1043", hooli, 30_000)
    scene.pay()
    scene.sync()
    return first, second


PAID_TWICE = [
    ({}, {}, 50_000),
    ({"to_invoice": "1043"}, {"1043": 30_000}, 20_000),
]


@pytest.mark.parametrize(("options", "lines", "rest"), PAID_TWICE, ids=["as a credit", "to another open invoice"])
def test_who_paid_twice_has_a_credit_or_pays_another_invoice(
    scene: Scene, options: dict[str, Any], lines: dict[str, int], rest: int
) -> None:
    first, _ = paid_before(scene)
    assert Cause.CUSTOMER_PAID_TWICE is failing(scene, 50_000, first)
    said = f"Invoice 1042 was already paid by TXN-1 on {WORDS.day(PAID)}; this is a second payment of $500.00."
    assert sentence(scene).startswith(said)

    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT, T, **options)

    assert ((lines, rest), (True, 2)) == (applied(scene), proven(scene))


def test_invoice_that_is_not_open_for_the_customer_is_refused_by_name(scene: Scene) -> None:
    first, _ = paid_before(scene)
    failing(scene, 50_000, first)
    with pytest.raises(CannotBeDone, match=r"Invoice 1042 is not another open invoice .* Choose one of: 1043"):
        scene.decide(Remedy.KEEP_ON_ACCOUNT, T, to_invoice="1042")


def test_surcharge_that_is_added_to_the_invoice_lets_the_payment_land(scene: Scene) -> None:
    invoice = scene.invoice("1042", scene.customer(), 50_000)
    assert Cause.SURCHARGE is failing(scene, 51_500, invoice)
    with scene.ledger.changing("bea") as change:
        change.connection.execute("UPDATE invoices SET total_minor = 51500, open_minor = 51500 WHERE id = ?", (invoice.id,))
        change.changed(Kind.INVOICE, invoice.id, "a surcharge line was added")

    scene.sync()
    scene.sync()

    assert (PaymentState.VERIFIED, ({"1042": 51_500}, 0)) == (scene.payment(T).state, applied(scene))


def test_overpayment_leaves_a_credit(scene: Scene) -> None:
    invoice = scene.invoice("1042", scene.customer(), 50_000)
    assert Cause.OVERPAYMENT is failing(scene, 60_000, invoice)
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT, T)
    assert (({"1042": 50_000}, 10_000), (True, 1)) == (applied(scene), proven(scene))


def test_receipt_entered_net_of_a_fee_is_the_proof_once_it_was_corrected(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 50_000)
    entered = scene.ledger.enter_receipt(
        hooli.id, 48_500, "USD", scene.desk.company.day_of(PAID), by="bea", lines=((invoice.id, 48_500),), reference=T
    )
    assert Cause.ENTERED_NET_OF_FEE is failing(scene, 50_000, invoice)
    scene.ledger.void_receipt(entered.id, by="bea")
    scene.ledger.enter_receipt(
        hooli.id, 50_000, "USD", scene.desk.company.day_of(PAID), by="bea", lines=((invoice.id, 50_000),), reference=T
    )
    scene.sync()
    assert (Cause.RECEIPT_ALREADY_ENTERED, "done") == (scene.failing(T).cause, scene.decide(Remedy.DISMISS, T))


OLD = [(50_000, {}, "waiting_approval"), (50_000, {"USD": 50_000}, "done")]


@pytest.mark.parametrize(("amount", "small", "state"), OLD, ids=["by two people", "small enough for one"])
def test_what_was_paid_over_a_month_ago_is_kept_on_account_by_two_people(
    scene: Scene, amount: int, small: dict[str, int], state: str
) -> None:
    first, _ = paid_before(scene)
    assert Cause.CUSTOMER_PAID_TWICE is failing(scene, amount, first)
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, small_credits=small))
    scene.clock.advance(31 * 24 * 3600)
    assert state == scene.decide(Remedy.KEEP_ON_ACCOUNT, T)
