"""Money that goes back in QuickBooks: the journal entry we make, what a bookkeeper enters, and a receipt of ours voided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from quickbooks_scene import Scene, quickbooks_scene
from stand_ins.serving import Fault

from accounting import paid_out
from accounting.embedded.change import Kind
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt, ReceiptLine
from receivables.effects import (
    Answer,
    Dispatch,
    Order,
    ReceiptWrite,
    RecordReturn,
    VoidReceipt,
    Write,
    Written,
    effect_key,
    marker,
)
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown

DAY, RETURNED = date(2026, 3, 3), date(2026, 3, 10)
NUMBER = "TXN-100001"
CUSTOMER = "{customer}"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with quickbooks_scene(tmp_path) as made:
        yield made


def an_order(write: Write, number: str = NUMBER, generation: int = 0) -> Order:
    key = effect_key("acme", number, f"{write.kind}/1", generation)
    return Order(f"effect-{key}", key, marker("acme", number, 1, generation), write)


def send(scene: Scene, *orders: Order) -> list[Answer]:
    return list(scene.books.write(Dispatch("dispatch-1", orders, scene.clock.monotonic() + 30)))


def posted(scene: Scene, number: str = NUMBER, invoice: str = "1042") -> tuple[Receipt, str]:
    """Our receipt of 500.00 on an invoice of the customer, in the checking account."""
    customer = scene.dana.customer(f"Hooli {number}")
    invoice_id = scene.dana.invoice(invoice, customer, 50_000)
    line = (ReceiptLine(invoice_id, 50_000),)
    (answer,) = send(
        scene, an_order(ReceiptWrite(customer, "USD", 50_000, DAY, "ach", number, "Portal payment", "35", line), number)
    )
    assert isinstance(answer, Written)
    return receipt(scene, answer.document_id), invoice_id


def receipt(scene: Scene, receipt_id: str) -> Receipt:
    found = scene.books.receipts([receipt_id])[receipt_id]
    assert isinstance(found, Receipt)
    return found


def the_return(of: Receipt) -> Order:
    return an_order(RecordReturn(of.id, MoneyOutKind.RETURN, 50_000, RETURNED, "It was returned", of.lines), generation=1)


def entries(scene: Scene, of: Receipt) -> list[MoneyOut]:
    return list(scene.another_process().money_out([of.id])[of.id])


def open_minor(scene: Scene, invoice_id: str) -> int:
    return int(getattr(scene.books.invoices([invoice_id])[invoice_id], "open_minor", -1))


# --- the entry that we make ----------------------------------------------------------------------------------------------


def test_a_return_is_a_journal_entry_that_the_receipt_is_moved_to(scene: Scene) -> None:
    ours, invoice_id = posted(scene)

    (answer,) = send(scene, the_return(ours))

    (entry,) = entries(scene, ours)
    assert isinstance(answer, Written)
    assert (answer.document_id, MoneyOutKind.RETURN, 50_000, RETURNED) == (entry.id, entry.kind, entry.amount_minor, entry.on)
    after = receipt(scene, ours.id)
    assert (50_000, 0, (), DAY) == (after.amount_minor, after.unapplied_minor, after.lines, after.received_on)
    assert 50_000 == open_minor(scene, invoice_id)
    assert [entry.id] == [trace.document_id for (trace,) in scene.books.look([the_return(ours)])]


def test_a_return_whose_second_write_was_not_answered_is_taken_up_there(scene: Scene) -> None:
    ours, invoice_id = posted(scene)
    order = the_return(ours)
    scene.quickbooks.order(Fault(cut="before", method="POST", path="/payment"))

    (answer,) = send(scene, order)

    assert isinstance(answer, OutcomeUnknown)
    assert [()] == [tuple(traces) for traces in scene.books.look([order])]
    (again,) = send(scene, order)
    (entry,) = entries(scene, ours)
    assert isinstance(again, Written)
    assert (entry.id, 50_000) == (again.document_id, open_minor(scene, invoice_id))


def test_a_return_whose_first_write_was_not_answered_is_found_by_its_marker(scene: Scene) -> None:
    ours, invoice_id = posted(scene)
    scene.quickbooks.order(Fault(cut="after", method="POST", path="/journalentry"))

    (answer,) = send(scene, the_return(ours))
    (again,) = send(scene, the_return(ours))

    assert isinstance(answer, OutcomeUnknown)
    assert isinstance(again, Written)
    assert [again.document_id] == [entry.id for entry in entries(scene, ours)]
    assert 50_000 == open_minor(scene, invoice_id)


def test_the_return_of_a_deposited_receipt_is_the_entry_alone_and_leaves_the_bank_of_the_deposit(scene: Scene) -> None:
    ours, invoice_id = posted(scene)
    held = scene.quickbooks.ledger.deposit_receipt(scene.dana.ledger_id(ours.id, Kind.RECEIPT), by="Dana")
    assert [ours.id] == list(scene.books.balances(held.received_on, held.received_on).deposited_on or ())

    (answer,) = send(scene, the_return(ours))

    (entry,) = entries(scene, ours)
    assert isinstance(answer, Written)
    assert (answer.document_id, 50_000) == (entry.id, entry.amount_minor)
    assert 0 == open_minor(scene, invoice_id)  # the customer owes by the entry
    assert [entry.id] == [trace.document_id for (trace,) in scene.books.look([the_return(ours)])]


def test_a_receipt_that_changed_is_not_returned(scene: Scene) -> None:
    ours, _ = posted(scene)

    (answer,) = send(scene, replace(the_return(ours), versions={ours.id: "77"}))

    assert isinstance(answer, BooksRefused)
    assert ("stale", []) == (answer.refusal, entries(scene, ours))


# --- what a bookkeeper enters -------------------------------------------------------------------------------------------


def a_journal(
    *lines: tuple[str, str, str], note: str = f"NSF {NUMBER}", amount: str = "500.00", who: str = CUSTOMER
) -> dict[str, Any]:
    """Lines are (side, account, whether it names the customer)."""
    return {
        "TxnDate": RETURNED.isoformat(),
        "PrivateNote": note,
        "Line": [
            {
                "Amount": Decimal(amount),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": posting,
                    "AccountRef": {"value": account},
                    **({"Entity": {"Type": "Customer", "EntityRef": {"value": who}}} if named else {}),
                },
            }
            for posting, account, named in lines
        ],
    }


def an_expense(account: str = "84", payee: str = CUSTOMER, note: str = f"Refund of {NUMBER}") -> dict[str, Any]:
    line = {"Amount": Decimal("500.00"), "DetailType": "AccountBasedExpenseLineDetail"}
    detail = {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}
    head = {"TxnDate": RETURNED.isoformat(), "PrivateNote": note, "PaymentType": "Check", "AccountRef": {"value": "35"}}
    return {**head, "EntityRef": {"value": payee}, "TotalAmt": Decimal("500.00"), "Line": [{**line, **detail}]}


def a_refund(amount: str = "500.00", note: str = f"Card refund {NUMBER}", on: date = RETURNED) -> dict[str, Any]:
    return {"TxnDate": on.isoformat(), "CustomerRef": {"value": CUSTOMER}, "TotalAmt": Decimal(amount), "PrivateNote": note}


DISPUTE = f"Lost dispute {NUMBER}"
OWED, BANK, SALES = ("Debit", "84", "customer"), ("Credit", "35", ""), ("Credit", "79", "")


@pytest.mark.parametrize(
    ("entity", "typed", "expected"),
    [
        pytest.param("JournalEntry", a_journal(OWED, BANK), (MoneyOutKind.RETURN, 50_000), id="NSF entry"),
        pytest.param("JournalEntry", a_journal(OWED, BANK, note=DISPUTE), (MoneyOutKind.CHARGEBACK, 50_000), id="dispute"),
        pytest.param("Purchase", an_expense(), (MoneyOutKind.REFUND, 50_000), id="check to A/R"),
        pytest.param("RefundReceipt", a_refund(), (MoneyOutKind.REFUND, 50_000), id="refund receipt"),
        pytest.param("RefundReceipt", a_refund("120.00"), (MoneyOutKind.REFUND, 12_000), id="a part refunded"),
        pytest.param("JournalEntry", a_journal(OWED, SALES), None, id="billed, nothing left the bank"),
        pytest.param("JournalEntry", a_journal(OWED, BANK, note="NSF of somebody"), None, id="names no payment"),
        pytest.param("JournalEntry", a_journal(OWED, BANK, amount="900.00"), None, id="more than the receipt"),
        pytest.param("JournalEntry", a_journal(OWED, BANK, who="{other}"), None, id="another customer"),
        pytest.param("Purchase", an_expense(account="90"), None, id="a fee"),
        pytest.param("RefundReceipt", a_refund(on=date(2026, 3, 1)), None, id="before the receipt"),
    ],
)  # fmt: skip
def test_what_a_bookkeeper_enters_for_a_receipt_is_read_back(
    scene: Scene, entity: str, typed: Mapping[str, Any], expected: tuple[MoneyOutKind, int] | None
) -> None:
    ours, invoice_id = posted(scene)
    other = scene.dana.customer("Globex")

    scene.quickbooks.enter(entity, _filled(typed, ours.customer_id, other))

    found = [(entry.kind, entry.amount_minor) for entry in entries(scene, ours)]
    assert ([expected] if expected else []) == found
    assert 0 == open_minor(scene, invoice_id)


def _filled(typed: Any, customer: str, other: str) -> Any:
    if isinstance(typed, Mapping):
        return {name: _filled(value, customer, other) for name, value in typed.items()}
    if isinstance(typed, list):
        return [_filled(value, customer, other) for value in typed]
    return {CUSTOMER: customer, "{other}": other}.get(typed, typed) if isinstance(typed, str) else typed


def test_a_short_reference_counts_beside_the_same_amount_only(scene: Scene) -> None:
    ours, _ = posted(scene, "77")

    scene.quickbooks.enter("RefundReceipt", _filled(a_refund("120.00", "Check 77"), ours.customer_id, ""))
    assert [] == entries(scene, ours)

    scene.quickbooks.enter("RefundReceipt", _filled(a_refund("500.00", "Check 77"), ours.customer_id, ""))
    assert [50_000] == [entry.amount_minor for entry in entries(scene, ours)]


def test_two_parts_count_once_each_and_no_more_than_the_receipt(scene: Scene) -> None:
    ours, _ = posted(scene)
    for amount in ("300.00", "200.00", "500.00"):
        scene.quickbooks.enter("RefundReceipt", _filled(a_refund(amount), ours.customer_id, ""))

    assert [30_000, 20_000] == [entry.amount_minor for entry in entries(scene, ours)]


def test_a_part_that_a_receipt_is_moved_to_leaves_the_rest_applied(scene: Scene) -> None:
    ours, invoice_id = posted(scene)
    part = RecordReturn(ours.id, MoneyOutKind.REFUND, 12_000, RETURNED, "A part", (ReceiptLine(invoice_id, 12_000),))

    send(scene, an_order(part, generation=1))

    after = receipt(scene, ours.id)
    assert (38_000, 0, 12_000) == (after.applied_to(invoice_id), after.unapplied_minor, open_minor(scene, invoice_id))
    assert [12_000] == [entry.amount_minor for entry in entries(scene, ours)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"Payment {NUMBER} was charged back on Mar 10, 2026", MoneyOutKind.CHARGEBACK),
        ("Charge-back 44, lost", MoneyOutKind.CHARGEBACK),
        (f"Payment {NUMBER} was refunded on Mar 10, 2026", MoneyOutKind.REFUND),
        ("R01 insufficient funds", MoneyOutKind.RETURN),
        ("Check 4012", MoneyOutKind.REFUND),
    ],
)
def test_why_money_went_out_is_told_by_the_words_on_its_entry(said: str, expected: MoneyOutKind) -> None:
    assert expected is paid_out.kind_of(said, MoneyOutKind.REFUND)


# --- a receipt of ours voided -------------------------------------------------------------------------------------------


def test_receipts_of_ours_are_voided_and_stay_in_the_books(scene: Scene) -> None:
    numbers = [NUMBER, "TXN-100002", "TXN-100003"]
    made = [posted(scene, number, f"104{place}") for place, number in enumerate(numbers)]
    orders = [an_order(VoidReceipt(ours.id), number, 1) for number, (ours, _) in zip(numbers, made, strict=True)]

    answers = [*send(scene, orders[0]), *send(scene, *orders[1:]), *send(scene, orders[0])]

    assert [True] * 4 == [isinstance(answer, Written) for answer in answers]
    assert [True] * 3 == [receipt(scene, ours.id).voided for ours, _ in made]
    assert [50_000] * 3 == [open_minor(scene, invoice_id) for _, invoice_id in made]
    assert [ours.id for ours, _ in made] == [trace.document_id for (trace,) in scene.books.look(orders)]
    assert 1 == sum("include=void" in asked for asked in scene.quickbooks.asked)  # two went as a batch, one was voided already


def test_a_receipt_that_is_not_ours_or_in_a_deposit_or_changed_is_not_voided(scene: Scene) -> None:
    ours, _ = posted(scene)
    by_hand = scene.dana.receipt(ours.customer_id, 50_000, ())
    deposited, _ = posted(scene, "TXN-100002", "1043")
    scene.quickbooks.ledger.deposit_receipt(scene.dana.ledger_id(deposited.id, Kind.RECEIPT), by="Dana")

    answers = [
        send(scene, an_order(VoidReceipt(by_hand), generation=1))[0],
        send(scene, an_order(VoidReceipt(deposited.id), "TXN-100002", 1))[0],
        send(scene, replace(an_order(VoidReceipt(ours.id), generation=1), versions={ours.id: "77"}))[0],
    ]

    assert ["invalid", "receipt_deposited", "stale"] == [getattr(answer, "refusal", answer) for answer in answers]
    assert [False] * 3 == [receipt(scene, of).voided for of in (by_hand, deposited.id, ours.id)]


def test_a_void_without_an_answer_is_looked_for(scene: Scene) -> None:
    ours, _ = posted(scene)
    order = an_order(VoidReceipt(ours.id), generation=1)
    assert [()] == [tuple(traces) for traces in scene.books.look([order])]
    scene.quickbooks.order(Fault(cut="after", method="POST", path="/payment"))

    with pytest.raises(OutcomeUnknown):
        send(scene, order)

    assert [ours.id] == [trace.document_id for (trace,) in scene.books.look([order])]


def test_entries_that_cannot_be_read_are_not_absent(scene: Scene) -> None:
    ours, _ = posted(scene)
    scene.quickbooks.order(Fault(status=503, path="/query", times=9))

    with pytest.raises(BooksUnavailable):
        scene.books.money_out([ours.id])
