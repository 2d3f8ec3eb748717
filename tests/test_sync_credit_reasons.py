"""A credit memo's reason decides: a genuine credit comes off, just enough; a rebill, a write-off or a tax correction stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scene import Scene, a_scene

from receivables.authority import Ruling
from receivables.books_records import Invoice
from receivables.credit_reasons import CreditReason, CreditWords
from receivables.diagnosis import Cause, Remedy
from receivables.errors import StaleDecision
from receivables.payment import PaymentState
from receivables.two_people import TwoPeople
from sync import requests

CREDITED = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)  # two days after the customer paid


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Hooli has invoice 1042 of $500.00."""
    made = a_scene(tmp_path)
    made.invoice("1042", made.customer(), 50_000)
    yield made
    made.db.close()
    made.ledger.close()


def credited(scene: Scene, amount_minor: int, reason: str = "", *, on: str = "1042", at: datetime = CREDITED) -> None:
    hooli = scene.ledger.customers()[0]
    memo = scene.ledger.add_credit_memo("CM-77", hooli.id, amount_minor, "USD", at.date(), by="erin", at=at, reason=reason)
    scene.ledger.apply_credit(memo.id, invoice(scene, on).id, amount_minor, by="erin", at=at)


def invoice(scene: Scene, number: str) -> Invoice:
    return next(found for found in scene.ledger.invoices() if found.number == number)


def left(scene: Scene) -> tuple[list[int], list[int], list[int]]:
    """What is open on the invoices, what on the credit memos, and what is unapplied on the receipts."""
    return (
        [found.open_minor for found in sorted(scene.ledger.invoices(), key=lambda found: found.number)],
        [memo.open_minor for memo in scene.ledger.credit_memos()],
        [receipt.unapplied_minor for receipt in scene.ledger.receipts()],
    )


@pytest.mark.parametrize(("said_no", "open_then"), [(False, ([0], [20_000], [0])), (True, ([20_000], [40_000], [0]))])
def test_just_enough_of_a_genuine_credit_comes_off(scene: Scene, said_no: bool, open_then: object) -> None:
    scene.pay(amount_minor=30_000)
    credited(scene, 40_000)
    scene.sync()

    assert (Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO) == (scene.failing().cause, scene.failing().remedy)
    assert "done" == scene.decide(Remedy.UNAPPLY_CREDIT_MEMO, no_reapply=said_no)

    assert open_then == left(scene)
    assert PaymentState.VERIFIED is scene.payment().state


def test_a_rebilled_invoice_is_paid_by_its_new_one_and_the_memo_stays(scene: Scene) -> None:
    scene.pay()
    scene.ledger.add_invoice("1042R", invoice(scene, "1042").customer_id, 48_000, "USD", CREDITED.date(), by="erin", at=CREDITED)
    credited(scene, 50_000)
    scene.sync()

    offered = scene.failing().offered
    assert (Cause.CREDIT_MEMO_APPLIED, Remedy.RECREATE_RECEIPT) == (scene.failing().cause, offered[0])
    assert Remedy.UNAPPLY_CREDIT_MEMO not in offered
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT)

    assert ([0, 0], [0], [2_000]) == left(scene)
    assert PaymentState.VERIFIED is scene.payment().state


def test_of_two_new_invoices_of_the_day_a_person_names_the_rebill(scene: Scene) -> None:
    scene.pay()
    for number in ("1050", "1051"):
        scene.ledger.add_invoice(
            number, invoice(scene, "1042").customer_id, 50_000, "USD", CREDITED.date(), by="erin", at=CREDITED
        )
    credited(scene, 50_000)
    scene.sync()

    assert "refused" == scene.decide(Remedy.RECREATE_RECEIPT)
    assert "done" == scene.decide(Remedy.RECREATE_RECEIPT, successor="1051")

    assert ([0, 50_000, 0], [0], [0]) == left(scene)


def test_a_write_off_is_not_made_spendable_and_its_reversal_lets_the_payment_land(scene: Scene) -> None:
    scene.pay()
    scene.ledger.write_off(invoice(scene, "1042").id, CREDITED.date(), by="erin", at=CREDITED)
    scene.sync()

    assert Remedy.UNAPPLY_CREDIT_MEMO not in scene.failing().offered
    with pytest.raises(StaleDecision):
        scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)

    scene.ledger.delete_credit_memo(scene.ledger.credit_memos()[0].id, by="erin")
    scene.sync()

    assert (([0], [], [0]), PaymentState.VERIFIED) == (left(scene), scene.payment().state)


def test_a_write_off_from_before_the_payment_is_told_as_well(scene: Scene) -> None:
    credited(scene, 50_000, "Write-off", at=datetime(2026, 2, 20, tzinfo=UTC))
    scene.pay()
    scene.sync()

    assert (Cause.CREDIT_MEMO_APPLIED, Remedy.REVERSE_WRITE_OFF) == (scene.failing().cause, scene.failing().remedy)
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)
    assert ([0], [0], [50_000]) == left(scene)


def test_a_tax_correction_is_left_alone_and_what_is_too_much_is_a_credit(scene: Scene) -> None:
    scene.pay()
    credited(scene, 4_000, "Sales tax adjustment")
    scene.sync()

    assert Remedy.UNAPPLY_CREDIT_MEMO not in scene.failing().offered
    assert "done" == scene.decide(Remedy.KEEP_ON_ACCOUNT)

    assert (([0], [0], [4_000]), PaymentState.VERIFIED) == (left(scene), scene.payment().state)


def test_a_rebill_without_its_new_invoice_comes_off_only_with_two_people(scene: Scene) -> None:
    scene.pay()
    credited(scene, 50_000, "Rebill")
    scene.sync()

    assert Remedy.KEEP_ON_ACCOUNT is scene.failing().remedy
    answer = requests.shown(scene.desk, "TXN-1", Remedy.UNAPPLY_CREDIT_MEMO, by="dana").answer

    assert (Ruling.SECOND_PERSON, TwoPeople.NO_GENUINE_CREDIT.said) == (answer.ruling, answer.reason)


def test_a_credit_and_another_payment_together_are_told_and_either_remedy_settles(scene: Scene) -> None:
    scene.pay()
    credited(scene, 30_000)
    scene.pay("TXN-2", 20_000, {"1042": 20_000})
    scene.sync()

    assert (Cause.CREDIT_MEMO_APPLIED, Remedy.KEEP_ON_ACCOUNT) == (scene.failing().cause, scene.failing().remedy)
    assert "done" == scene.decide(Remedy.UNAPPLY_CREDIT_MEMO)

    assert (([0], [30_000]), [0, 20_000]) == (left(scene)[:2], sorted(left(scene)[2]))
    assert PaymentState.VERIFIED is scene.payment().state


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("BAD DEBT 3/26", CreditReason.WRITE_OFF),
        ("Write-off", CreditReason.WRITE_OFF),
        ("Reclass: written_off", CreditReason.WRITE_OFF),
        ("Credit & Rebill", CreditReason.REBILL),
        ("RE-BILL of 1042", CreditReason.REBILL),
        ("Sales  Tax adj.", CreditReason.TAX),
        ("Returned goods", CreditReason.GENUINE),
        ("Taxi fare", CreditReason.GENUINE),
        ("", CreditReason.GENUINE),
    ],
)
def test_words_tell_why_a_credit_memo_was_made(text: str, reason: CreditReason) -> None:
    assert reason is CreditWords().reason_of(("", text))


def test_a_company_has_its_own_words() -> None:
    own = CreditWords({CreditReason.WRITE_OFF: ("Ausbuchung",)})
    assert (CreditReason.WRITE_OFF, CreditReason.GENUINE) == (own.reason_of(["ausbuchung"]), own.reason_of(["bad debt"]))
