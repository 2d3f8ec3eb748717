"""Money that goes back in Xero: what a bookkeeper enters is read back, and a receipt of ours is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from stand_ins.serving import Fault
from xero_scene import DAY, XeroScene, a_receipt_write, an_order, written, xero_scene

from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt
from receivables.effects import Order, RecordReturn, VoidCredit, VoidReceipt, Written, marker
from receivables.errors import BooksRefused, OutcomeUnknown

NUMBER, RETURNED = "TXN-100001", date(2026, 3, 12)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[XeroScene]:
    with xero_scene(tmp_path) as made:
        yield made


def posted(scene: XeroScene, number: str = NUMBER, *, on_account: bool = False) -> Receipt:
    """Our receipt of 500.00, on an invoice or on account."""
    customer, invoice_id = scene.customer_with_invoice()
    write = a_receipt_write(customer, invoice_id="" if on_account else invoice_id, reference=number)
    (answer,) = scene.send(an_order(write, number))
    assert isinstance(answer, Written)
    return scene.receipt(answer.document_id)


def entries(scene: XeroScene, of: Receipt) -> list[MoneyOut]:
    return list(scene.books.money_out([of.id])[of.id])


def the_void(of: Receipt, number: str = NUMBER) -> Order:
    return an_order(VoidReceipt(of.id), number, 1)


@pytest.mark.parametrize(
    ("amount", "on", "reference", "description", "expected"),
    [
        pytest.param("500.00", RETURNED, f"NSF {NUMBER}", "", [(MoneyOutKind.RETURN, 50_000)], id="returned"),
        pytest.param("500.00", RETURNED, "", f"dispute lost, {NUMBER}", [(MoneyOutKind.CHARGEBACK, 50_000)], id="in a line"),
        pytest.param("120.00", RETURNED, f"Refund {NUMBER}", "", [(MoneyOutKind.REFUND, 12_000)], id="a part refunded"),
        pytest.param("500.00", RETURNED, "NSF", "", [], id="names no payment"),
        pytest.param("900.00", RETURNED, f"NSF {NUMBER}", "", [], id="more than the receipt"),
        pytest.param("500.00", date(2026, 3, 9), f"NSF {NUMBER}", "", [], id="before the receipt"),
    ],
)
def test_money_spent_on_the_customer_that_names_the_receipt_is_read_back(
    scene: XeroScene, amount: str, on: date, reference: str, description: str, expected: list[tuple[MoneyOutKind, int]]
) -> None:
    ours = posted(scene)

    scene.xero.spend(ours.customer_id, amount, on, reference, description)

    assert expected == [(entry.kind, entry.amount_minor) for entry in entries(scene, ours)]
    assert 50_000 == scene.receipt(ours.id).amount_minor  # Xero moves no payment


def two_receipts(scene: XeroScene, *numbers: str) -> tuple[str, list[str]]:
    """A customer with receipts of 300.00 and 200.00 on two invoices: parts of one payment, or payments of their own."""
    customer, invoice_id = scene.customer_with_invoice("1042", 30_000)
    ids = []
    for place, (number, minor) in enumerate(zip(numbers, (30_000, 20_000), strict=True)):
        write = a_receipt_write(customer, minor, invoice_id, reference=number)
        order = replace(an_order(write, number), key=f"key-{place}", marker=marker("acme", number, place, 0))
        ids.append(written(scene.send(order)[0]).document_id)
        invoice_id = scene.dana.invoice(f"105{place}", customer, 20_000)
    return customer, ids


@pytest.mark.parametrize(
    ("numbers", "said", "expected"),
    [
        pytest.param((NUMBER, NUMBER), f"NSF {NUMBER}", [[30_000], [20_000]], id="both parts of a payment"),
        pytest.param((NUMBER, "TXN-100002"), f"NSF {NUMBER} or TXN-100002", [[], []], id="two payments: nobody's for certain"),
    ],
)
def test_an_entry_pays_out_the_receipts_of_one_payment(
    scene: XeroScene, numbers: tuple[str, str], said: str, expected: list[list[int]]
) -> None:
    customer, ids = two_receipts(scene, *numbers)

    scene.xero.spend(customer, "500.00", RETURNED, said)

    found = scene.books.money_out(ids)
    assert expected == [[entry.amount_minor for entry in found[receipt_id]] for receipt_id in ids]


def test_money_spent_on_another_customer_is_no_return(scene: XeroScene) -> None:
    ours = posted(scene)

    scene.xero.spend(scene.dana.customer("Globex"), "500.00", RETURNED, f"NSF {NUMBER}")

    assert [] == entries(scene, ours)


def test_a_refund_of_an_overpayment_is_its_own_without_any_words(scene: XeroScene) -> None:
    ours = posted(scene, on_account=True)
    ledger_id = scene.xero.ledger_id(ours.id.rpartition("/")[2])

    scene.xero.ledger.pay_out(NewMoneyOut(MoneyOutKind.REFUND, ledger_id, RETURNED), by="Dana")

    assert [(MoneyOutKind.REFUND, 50_000, RETURNED)] == [(of.kind, of.amount_minor, of.on) for of in entries(scene, ours)]
    assert (50_000, 0) == (scene.receipt(ours.id).amount_minor, scene.receipt(ours.id).unapplied_minor)


def test_a_cash_refund_of_a_credit_note_that_names_the_receipt_is_read_back(scene: XeroScene) -> None:
    ours = posted(scene)

    scene.xero.refund_credit(ours.customer_id, "500.00", RETURNED, f"Refund {NUMBER}")

    assert [(MoneyOutKind.REFUND, 50_000)] == [(of.kind, of.amount_minor) for of in entries(scene, ours)]


@pytest.mark.parametrize("on_account", [False, True])
def test_a_receipt_of_ours_is_taken_back_and_its_record_stays(scene: XeroScene, on_account: bool) -> None:
    ours = posted(scene, on_account=on_account)
    assert [[]] == [list(traces) for traces in scene.books.look([the_void(ours)])]

    (answer,) = scene.send(the_void(ours))
    (again,) = scene.send(the_void(ours))

    assert [True, True] == [isinstance(given, Written) for given in (answer, again)]
    assert scene.receipt(ours.id).voided
    assert [ours.id] == [trace.document_id for (trace,) in scene.books.look([the_void(ours)])]
    assert 1 == sum(made for asked, made in scene.xero.counts.items() if asked.startswith("POST"))


def test_a_receipt_that_is_reconciled_or_not_ours_or_changed_is_not_taken_back(scene: XeroScene) -> None:
    ours = posted(scene)
    by_hand = scene.dana.receipt(ours.customer_id, 10_000, ())
    changed = scene.send(replace(the_void(ours), versions={ours.id: "other"}))
    scene.xero.reconcile(ours.id)

    answers = [*changed, *scene.send(an_order(VoidReceipt(by_hand), NUMBER, 1)), *scene.send(the_void(ours))]

    assert ["stale", "invalid", "receipt_deposited"] == [getattr(answer, "refusal", answer) for answer in answers]
    assert not scene.receipt(ours.id).voided


def test_a_reconciled_overpayment_and_a_closed_period_are_left_alone(scene: XeroScene) -> None:
    held = posted(scene, on_account=True)
    scene.xero.ledger.deposit_receipt(scene.xero.ledger_id(held.id.rpartition("/")[2]), by="Dana")
    (reconciled,) = scene.send(the_void(held))
    other = posted(scene, "TXN-100002", on_account=True)
    scene.dana.close_period(DAY)
    (closed,) = scene.send(the_void(other, "TXN-100002"))

    assert ["receipt_deposited", "period_closed"] == [getattr(answer, "refusal", answer) for answer in (reconciled, closed)]


def test_a_void_without_an_answer_is_looked_for(scene: XeroScene) -> None:
    ours = posted(scene)
    scene.xero.faults.order(Fault(cut="after", method="POST", path="/Payments"))

    (answer,) = scene.send(the_void(ours))

    assert isinstance(answer, OutcomeUnknown)
    assert [ours.id] == [trace.document_id for (trace,) in scene.books.look([the_void(ours)])]


def test_a_credit_note_voided_without_an_answer_is_looked_for_and_never_voided_twice(scene: XeroScene) -> None:
    memo = scene.dana.credit_memo("WO-1", scene.dana.customer("Hooli"), 50_000)
    order = an_order(VoidCredit(memo), NUMBER, 1)
    scene.xero.faults.order(Fault(cut="after", method="POST", path="/CreditNotes"))

    (answer,) = scene.send(order)

    assert isinstance(answer, OutcomeUnknown)
    assert [memo] == [trace.document_id for (trace,) in scene.books.look([order])]
    writes = scene.calls.counts.made["write"]
    assert [memo] == [written(again).document_id for again in scene.send(order, key="dispatch-2")]
    assert writes == scene.calls.counts.made["write"]


def test_a_return_is_never_written_into_xero(scene: XeroScene) -> None:
    ours = posted(scene)

    (answer,) = scene.send(an_order(RecordReturn(ours.id, MoneyOutKind.RETURN, 50_000, RETURNED, "Returned"), NUMBER, 1))

    assert isinstance(answer, BooksRefused)
    assert [] == entries(scene, ours)
