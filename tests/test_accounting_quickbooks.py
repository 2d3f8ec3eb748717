"""The traps of QuickBooks Online, walked into on purpose: the connector in front of the stand-in with Dana beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from quickbooks_scene import Scene, quickbooks_scene
from stand_ins.quickbooks_api import fault_text
from stand_ins.serving import Fault

from accounting.embedded.change import Kind
from accounting.quickbooks.documents import application_id, payment_of
from receivables.books_records import CreditMemo, Customer, Gone, Invoice, InvoiceStatus, Receipt, ReceiptLine
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Dispatch,
    Order,
    ReceiptWrite,
    UnapplyCredit,
    Verdict,
    Write,
    Written,
    classify,
    credit_marker,
    effect_key,
    marker,
    marker_stem,
)
from receivables.errors import BooksRefused, BooksUnavailable, OutcomeUnknown, Throttled

DAY = date(2026, 3, 10)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with quickbooks_scene(tmp_path) as made:
        yield made


def a_write(
    customer_id: str,
    amount_minor: int = 50_000,
    lines: tuple[tuple[str, int], ...] = (),
    reference: str = "TXN-1",
    deposit_account: str = "",
) -> ReceiptWrite:
    standing = tuple(ReceiptLine(invoice_id, line_minor) for invoice_id, line_minor in lines)
    return ReceiptWrite(
        customer_id, "USD", amount_minor, DAY, "card", reference, f"Portal payment {reference}", deposit_account, standing
    )


def an_order(write: Write, transaction: str = "TXN-1", generation: int = 0) -> Order:
    key = effect_key("acme", transaction, f"{write.kind}/1", generation)
    mark = credit_marker(key) if isinstance(write, ApplyCredit) else marker("acme", transaction, 1, generation)
    return Order(f"effect-{key}", key, mark, write)


def send(scene: Scene, *orders: Order, key: str = "dispatch-1") -> list[Answer]:
    return list(scene.books.write(Dispatch(key, orders, scene.clock.monotonic() + 30)))


def code_of(answer: Answer) -> str:
    assert isinstance(answer, BooksRefused), answer
    return answer.refusal


def id_of(answer: Answer) -> str:
    assert isinstance(answer, Written), answer
    return answer.document_id


def receipt(scene: Scene, receipt_id: str) -> Receipt:
    found = scene.books.receipts([receipt_id])[receipt_id]
    assert isinstance(found, Receipt)
    return found


def invoice(scene: Scene, invoice_id: str) -> Invoice:
    found = scene.books.invoices([invoice_id])[invoice_id]
    assert isinstance(found, Invoice)
    return found


def memo(scene: Scene, memo_id: str) -> CreditMemo:
    found = scene.books.credit_memos([memo_id])[memo_id]
    assert isinstance(found, CreditMemo)
    return found


def ours(scene: Scene, transaction: str = "TXN-1") -> list[str]:
    """The receipts of a payment as a process that has just started finds them."""
    stem = marker_stem("acme", transaction)
    return [receipt.id for receipt in scene.another_process().receipts_marked([stem])[stem]]


# --- what a key proves, and what it does not ---------------------------------------------------------------------------


def test_key_of_a_receipt_that_was_deleted_answers_with_the_dead_one_which_reading_shows(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    order = an_order(a_write(customer))
    dead = id_of(send(scene, order)[0])
    scene.dana.delete_receipt(dead)

    assert dead == id_of(send(scene, order)[0])
    assert isinstance(scene.books.receipts([dead])[dead], Gone)
    assert [()] == [tuple(traces) for traces in scene.books.look([order])]

    living = id_of(send(scene, an_order(order.write, generation=1))[0])
    assert living != dead
    assert 50_000 == receipt(scene, living).amount_minor
    assert [living] == ours(scene)


@pytest.mark.parametrize(("cut", "there"), [("before", 0), ("after", 1)])
def test_write_without_an_answer_is_unknown_and_found_by_its_marker_if_it_arrived(scene: Scene, cut: str, there: int) -> None:
    order = an_order(a_write(scene.dana.customer("Hooli")))
    scene.quickbooks.order(Fault(cut=cut, path="/payment"))

    with pytest.raises(OutcomeUnknown):
        send(scene, order)

    (traces,) = scene.another_process().look([order])
    assert there == len(traces) == len(ours(scene))
    send(scene, order)
    assert 1 == len(ours(scene))


def test_batch_that_breaks_off_is_unknown_for_all_and_the_marker_tells_how_far_it_came(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    orders = [an_order(a_write(customer, reference=f"TXN-{number}"), f"TXN-{number}") for number in range(5)]
    scene.quickbooks.break_batch_after(2)

    with pytest.raises(OutcomeUnknown):
        send(scene, *orders)

    traces = scene.another_process().look(orders)
    assert [1, 1, 0, 0, 0] == [len(found) for found in traces]


def test_throttled_write_was_not_done_and_says_how_long_to_wait(scene: Scene) -> None:
    order = an_order(a_write(scene.dana.customer("Hooli")))
    scene.quickbooks.order(Fault(status=429, headers={"Retry-After": "7"}, path="/payment"))
    with pytest.raises(Throttled) as waited:
        send(scene, order)
    assert 7 == waited.value.retry_after_seconds
    assert [] == ours(scene)


# --- the search on which "never twice" rests ---------------------------------------------------------------------------


def test_receipt_is_found_after_its_customer_was_merged_its_day_passed_and_its_reference_gone(scene: Scene) -> None:
    old, new = scene.dana.customer("Hooli"), scene.dana.customer("Hooli Inc")
    order = an_order(a_write(old))
    written = id_of(send(scene, order)[0])
    scene.clock.advance(86_400 * 60)
    scene.quickbooks.ledger.merge_customers(
        scene.dana.ledger_id(old, Kind.CUSTOMER), scene.dana.ledger_id(new, Kind.CUSTOMER), by="Dana"
    )
    scene.clock.advance(86_400 * 60)

    assert new == receipt(scene, written).customer_id
    (traces,) = scene.another_process().look([order])
    assert [written] == [trace.document_id for trace in traces]
    assert [written] == ours(scene)


def test_search_that_was_made_before_finds_what_came_since(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    stem = marker_stem("acme", "TXN-1")
    assert {stem: []} == {mark: list(found) for mark, found in scene.books.receipts_marked([stem]).items()}
    scene.clock.advance(3600)
    by_another = scene.another_process()
    (answer,) = by_another.write(Dispatch("d", (an_order(a_write(customer)),), scene.clock.monotonic() + 30))
    assert [id_of(answer)] == [receipt.id for receipt in scene.books.receipts_marked([stem])[stem]]


def test_search_asks_only_for_what_changed_since_the_last_one(scene: Scene) -> None:
    stem = marker_stem("acme", "TXN-1")
    scene.dana.receipt(scene.dana.customer("Hooli"), 50_000, ())
    scene.books.receipts_marked([stem])
    before = len(scene.quickbooks.asked)
    scene.books.receipts_marked([stem])
    (asked,) = scene.quickbooks.asked[before:]
    assert "MetaData.LastUpdatedTime >= '2026-03-10T14:50:00Z'" in asked


def test_receipt_whose_marker_was_taken_out_by_hand_is_no_longer_found(scene: Scene) -> None:
    order = an_order(a_write(scene.dana.customer("Hooli")))
    written = id_of(send(scene, order)[0])
    stem = marker_stem("acme", "TXN-1")
    assert [written] == [receipt.id for receipt in scene.books.receipts_marked([stem])[stem]]
    whole = scene.calls.read("GET", f"payment/{written}").body
    assert isinstance(whole, dict)
    body = {**whole["Payment"], "PrivateNote": "mine now"}
    scene.calls.write("POST", "payment", deadline=scene.clock.monotonic() + 30, body=body)

    assert [] == list(scene.books.receipts_marked([stem])[stem])
    assert [()] == [tuple(traces) for traces in scene.books.look([order])]


def test_credit_applied_by_us_is_no_receipt_of_ours(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill, credit = scene.dana.invoice("1", customer, 50_000), scene.dana.credit_memo("CM-1", customer, 12_000)
    send(scene, an_order(ApplyCredit(credit, bill, 12_000)))
    assert [] == ours(scene)
    assert [] == list(scene.books.receipts_of([customer], date(2026, 1, 1)))


# --- what is sent ------------------------------------------------------------------------------------------------------


def test_long_transaction_number_is_cut_in_the_reference_and_whole_in_the_note_after_the_marker(scene: Scene) -> None:
    number = "PORTAL-2026-03-10-000000042"
    order = an_order(a_write(scene.dana.customer("Hooli"), reference=number))
    found = receipt(scene, id_of(send(scene, order)[0]))
    assert number[:21] == found.reference
    assert found.memo.startswith(order.marker + " ")
    assert number in found.memo


@pytest.mark.parametrize("account", ["Checking", "35"])
def test_deposit_account_is_named_by_name_or_by_id(scene: Scene, account: str) -> None:
    order = an_order(a_write(scene.dana.customer("Hooli"), deposit_account=account))
    assert "35" == receipt(scene, id_of(send(scene, order)[0])).deposit_account


def test_account_nobody_can_use_is_told_from_a_customer_nobody_can_use(scene: Scene) -> None:
    customer, other = scene.dana.customer("Hooli"), scene.dana.customer("Initech")
    unknown = send(scene, an_order(a_write(customer, deposit_account="Nowhere")))
    scene.quickbooks.ledger.set_account_active("35", False, by="Dana")
    inactive = send(scene, an_order(a_write(customer, deposit_account="35")))
    by_name = send(scene, an_order(a_write(customer, deposit_account="Checking")))
    scene.quickbooks.ledger.deactivate_customer(scene.dana.ledger_id(other, Kind.CUSTOMER), by="Dana")
    gone_home = send(scene, an_order(a_write(other), "TXN-2"))

    assert ["account_inactive"] * 3 == [code_of(answers[0]) for answers in (unknown, inactive, by_name)]
    assert "customer_inactive" == code_of(gone_home[0])
    assert [] == ours(scene) + ours(scene, "TXN-2")


def test_account_remembered_by_name_is_asked_for_again_once_it_was_refused(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    id_of(send(scene, an_order(a_write(customer, deposit_account="Checking"), "TXN-1"))[0])
    scene.quickbooks.ledger.set_account_active("35", False, by="Dana")
    posts = scene.quickbooks.counts.requests["POST payment"]
    answers = [send(scene, an_order(a_write(customer, deposit_account="Checking"), f"TXN-{number}"))[0] for number in (2, 3)]
    assert ["account_inactive"] * 2 == [code_of(answer) for answer in answers]
    assert posts + 1 == scene.quickbooks.counts.requests["POST payment"]  # the second one was not sent


# --- refusals are told apart -------------------------------------------------------------------------------------------


def of_a_closed_period(scene: Scene, customer: str) -> Write:
    scene.quickbooks.prefers(show_close_date=False)
    scene.dana.close_period(DAY)
    assert scene.books.settings().closed_through is None
    return a_write(customer)


def of_a_reference_used_twice(scene: Scene, customer: str) -> Write:
    scene.quickbooks.prefers(refuse_duplicate_numbers=True)
    send(scene, an_order(a_write(customer, reference="TXN-9"), "TXN-9"))
    return a_write(customer, reference="TXN-9")


def of_a_deposited_receipt(scene: Scene, customer: str) -> Write:
    bill = scene.dana.invoice("1", customer, 50_000)
    held = scene.dana.receipt(customer, 50_000, ())
    scene.quickbooks.ledger.deposit_receipt(scene.dana.ledger_id(held, Kind.RECEIPT), by="Dana")
    assert receipt(scene, held).deposited
    return ApplyReceipt(held, (ReceiptLine(bill, 50_000),))


def of_another_customers_invoice(scene: Scene, customer: str) -> Write:
    theirs = scene.dana.invoice("1", scene.dana.customer("Initech"), 50_000)
    return a_write(customer, lines=((theirs, 50_000),))


def of_a_receipt_that_is_voided(scene: Scene, customer: str) -> Write:
    held = scene.dana.receipt(customer, 50_000, ())
    scene.dana.void_receipt(held)
    assert receipt(scene, held).voided
    return ApplyReceipt(held, ())


def of_a_save_in_between(scene: Scene, customer: str) -> Write:
    held = scene.dana.receipt(customer, 50_000, ())
    scene.quickbooks.order(Fault(status=400, body=fault_text("5010"), method="POST", path="/payment"))
    return ApplyReceipt(held, ())


@pytest.mark.parametrize(
    ("making", "code"),
    [
        (of_a_closed_period, "period_closed"),
        (of_a_reference_used_twice, "duplicate_reference"),
        (of_a_deposited_receipt, "receipt_deposited"),
        (of_another_customers_invoice, "customer_mismatch"),
        (of_a_receipt_that_is_voided, "document_gone"),
        (of_a_save_in_between, "stale"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_refusal_has_the_houses_own_word(scene: Scene, making: Callable[[Scene, str], Write], code: str) -> None:
    write = making(scene, scene.dana.customer("Hooli"))
    (answer,) = send(scene, an_order(write))
    assert code == code_of(answer)
    assert [] == ours(scene)


@pytest.mark.parametrize("as_transaction", [False, True])
def test_deleted_invoice_is_named_by_either_text_of_the_fault(scene: Scene, as_transaction: bool) -> None:
    scene.quickbooks.prefers(reject_deleted_link_as_transaction=as_transaction)
    customer = scene.dana.customer("Hooli")
    bill = scene.dana.invoice("1", customer, 50_000)
    scene.dana.delete_invoice(bill)
    assert "document_gone" == code_of(send(scene, an_order(a_write(customer, lines=((bill, 50_000),))))[0])


# --- invoices, customers and what changed -----------------------------------------------------------------------------


def test_voided_invoice_comes_up_as_a_change_and_keeps_its_number(scene: Scene) -> None:
    bill = scene.dana.invoice("1042", scene.dana.customer("Hooli"), 50_000)
    page = scene.books.changes("")
    while page.more:
        page = scene.books.changes(page.cursor)
    scene.clock.advance(60)
    scene.dana.void_invoice(bill)

    changed = scene.books.changes(page.cursor)

    assert () == changed.gone
    (voided,) = changed.documents
    assert isinstance(voided, Invoice)
    assert ("1042", InvoiceStatus.VOIDED, 0, 0) == (voided.number, voided.status, voided.total_minor, voided.open_minor)


def test_inactive_customer_is_read_and_not_gone(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    scene.quickbooks.ledger.deactivate_customer(scene.dana.ledger_id(customer, Kind.CUSTOMER), by="Dana")
    found = scene.books.customers([customer])[customer]
    assert isinstance(found, Customer)
    assert ("Hooli", False) == (found.name, found.active)  # QuickBooks shows "Hooli (deleted)"
    documents = scene.books.changes("").documents
    assert [customer] == [document.id for document in documents if isinstance(document, Customer)]


def test_cursor_of_an_older_form_has_everything_read_anew(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    cursor = json.loads(scene.books.changes("").cursor)
    del cursor["form"]
    assert [customer] == [document.id for document in scene.books.changes(json.dumps(cursor)).documents]


def test_who_did_it_is_told_where_quickbooks_tells_it(scene: Scene) -> None:
    scene.quickbooks.prefers(show_authors=True)
    customer = scene.dana.customer("Hooli")
    bill, credit = scene.dana.invoice("1", customer, 50_000), scene.dana.credit_memo("CM-1", customer, 12_000)
    scene.dana.apply_credit(credit, bill, 12_000)
    assert "Dana" == memo(scene, credit).applications[0].applied.person


def test_order_resting_on_a_token_that_a_receipt_bumped_is_refused(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill = scene.dana.invoice("1", customer, 50_000)
    seen = invoice(scene, bill)
    scene.dana.receipt(customer, 10_000, ((bill, 10_000),))
    now = invoice(scene, bill)
    assert (seen.version != now.version, 50_000, 40_000) == (True, now.total_minor, now.open_minor)
    order = an_order(a_write(customer, 40_000, ((bill, 40_000),)))
    stale = Order(order.effect_id, order.key, order.marker, order.write, {bill: seen.version})
    fresh = Order(order.effect_id, order.key, order.marker, order.write, {bill: now.version})
    assert "stale" == code_of(send(scene, stale)[0])
    assert id_of(send(scene, fresh)[0])


def test_older_token_in_a_list_makes_no_change_stale(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill, credit = scene.dana.invoice("1", customer, 50_000), scene.dana.credit_memo("CM-1", customer, 12_000)
    applied = scene.dana.apply_credit(credit, bill, 12_000)
    held = scene.dana.receipt(customer, 38_000, ())
    scene.quickbooks.api.listed_tokens |= {payment_of(applied): "77", held: "77"}
    seen = receipt(scene, held).version
    orders = [an_order(UnapplyCredit(applied, credit, bill, 12_000)), an_order(ApplyReceipt(held, (ReceiptLine(bill, 38_000),)))]
    resting = [replace(orders[0], versions={credit: memo(scene, credit).version}), replace(orders[1], versions={held: seen})]

    assert [applied, held] == [id_of(send(scene, order)[0]) for order in resting]

    assert 12_000 == invoice(scene, bill).open_minor


def test_order_rests_on_the_newest_token_even_where_a_list_tells_an_older_one(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill, credit = scene.dana.invoice("1", customer, 50_000), scene.dana.credit_memo("CM-1", customer, 12_000)
    order = replace(an_order(ApplyCredit(credit, bill, 12_000)), versions={credit: memo(scene, credit).version})
    scene.quickbooks.api.listed_tokens[credit] = "77"

    assert id_of(send(scene, order)[0])


def test_receipt_changed_since_it_was_read_is_stale(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill, held = scene.dana.invoice("1", customer, 50_000), scene.dana.receipt(customer, 50_000, ())
    order = replace(an_order(ApplyReceipt(held, (ReceiptLine(bill, 50_000),))), versions={held: receipt(scene, held).version})
    assert id_of(send(scene, an_order(ApplyReceipt(held, (ReceiptLine(bill, 10_000),)), "TXN-2"))[0])

    assert "stale" == code_of(send(scene, order)[0])


def in_euro(scene: Scene) -> Order:
    customer = scene.dana.customer("Hooli")
    return an_order(replace(a_write(customer), currency="EUR"))


def test_foreign_receipt_is_booked_at_the_companys_own_rate_of_its_day(scene: Scene) -> None:
    scene.quickbooks.api.rates["EUR"] = "1.0845"
    written = id_of(send(scene, in_euro(scene))[0])
    found = scene.calls.read("GET", f"payment/{written}").body
    assert isinstance(found, dict)
    assert Decimal("1.0845") == found["Payment"]["ExchangeRate"]
    assert ["sourcecurrencycode=EUR&asofdate=2026-03-10&minorversion=75"] == [
        asked.partition("?")[2] for asked in scene.quickbooks.asked if "exchangerate" in asked
    ]


def test_foreign_receipt_without_a_rate_is_held_and_never_booked_at_one(scene: Scene) -> None:
    (answer,) = send(scene, in_euro(scene))
    assert "currency_mismatch" == code_of(answer)
    assert [] == ours(scene)


def test_receipt_in_the_home_currency_asks_for_no_rate(scene: Scene) -> None:
    assert id_of(send(scene, an_order(a_write(scene.dana.customer("Hooli"))))[0])
    assert not any("exchangerate" in asked for asked in scene.quickbooks.asked)


# --- credits ----------------------------------------------------------------------------------------------------------


def linked_by_one_payment(scene: Scene, total_minor: int) -> tuple[str, tuple[str, str], tuple[str, str]]:
    """A Payment that applies two credit memos to two invoices, with money for the second; (payment, invoices, memos)."""
    customer = scene.dana.customer("Hooli")
    bills = (scene.dana.invoice("1", customer, 50_000), scene.dana.invoice("2", customer, 50_000))
    credits = (scene.dana.credit_memo("CM-1", customer, 20_000), scene.dana.credit_memo("CM-2", customer, 30_000))
    lines = [
        {"Amount": 200, "LinkedTxn": [{"TxnId": bills[0], "TxnType": "Invoice"}]},
        {"Amount": 300 + total_minor // 100, "LinkedTxn": [{"TxnId": bills[1], "TxnType": "Invoice"}]},
        {"Amount": 200, "LinkedTxn": [{"TxnId": credits[0], "TxnType": "CreditMemo"}]},
        {"Amount": 300, "LinkedTxn": [{"TxnId": credits[1], "TxnType": "CreditMemo"}]},
    ]
    body = {"CustomerRef": {"value": customer}, "TotalAmt": total_minor // 100, "TxnDate": "2026-03-10", "Line": lines}
    made = scene.calls.write("POST", "payment", deadline=scene.clock.monotonic() + 30, body=body).body
    assert isinstance(made, dict)
    return str(made["Payment"]["Id"]), bills, credits


@pytest.mark.parametrize("total_minor", [0, 10_000])
def test_taking_one_credit_off_leaves_what_else_the_payment_stands_for(scene: Scene, total_minor: int) -> None:
    payment, bills, credits = linked_by_one_payment(scene, total_minor)
    (taken,) = memo(scene, credits[0]).applications
    others, money = memo(scene, credits[1]).applications, receipt(scene, payment).lines
    assert (20_000, 30_000, total_minor) == (
        taken.amount_minor,
        sum(other.amount_minor for other in others),
        sum(line.amount_minor for line in money),
    )
    before = {bill: invoice(scene, bill).open_minor for bill in bills}

    answer = send(scene, an_order(UnapplyCredit(taken.id, credits[0], taken.invoice_id, 20_000)))[0]

    assert taken.id == id_of(answer)
    assert ((), 20_000) == (memo(scene, credits[0]).applications, memo(scene, credits[0]).open_minor)
    assert others == memo(scene, credits[1]).applications
    assert (total_minor, set(money)) == (receipt(scene, payment).amount_minor, set(receipt(scene, payment).lines))
    before[taken.invoice_id] += 20_000
    assert before == {bill: invoice(scene, bill).open_minor for bill in bills}


def test_two_changes_of_one_payment_do_not_leave_in_one_dispatch(scene: Scene) -> None:
    payment, bills, credits = linked_by_one_payment(scene, 0)
    orders = [
        an_order(UnapplyCredit(application_id(payment, credits[0], bills[0]), credits[0], bills[0], 20_000), "TXN-1"),
        an_order(UnapplyCredit(application_id(payment, credits[1], bills[1]), credits[1], bills[1], 30_000), "TXN-2"),
    ]

    first, second = send(scene, *orders), send(scene, *orders, key="dispatch-2")

    assert [Verdict.DONE, Verdict.AGAIN] == [classify(answer).verdict for answer in first]
    assert isinstance(first[1], BooksUnavailable)
    assert [Verdict.DONE, Verdict.DONE] == [classify(answer).verdict for answer in second]
    assert [50_000, 50_000] == [invoice(scene, bill).open_minor for bill in bills]
    assert isinstance(scene.books.receipts([payment])[payment], Gone)


def test_receipt_that_carries_credits_too_is_not_rearranged(scene: Scene) -> None:
    payment, bills, _ = linked_by_one_payment(scene, 10_000)
    (answer,) = send(scene, an_order(ApplyReceipt(payment, (ReceiptLine(bills[0], 10_000),))))
    assert "invalid" == code_of(answer)
    assert [30_000, 10_000] == [invoice(scene, bill).open_minor for bill in bills]


def test_freed_credit_that_quickbooks_applies_again_by_itself_is_seen(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    bill, credit = scene.dana.invoice("1", customer, 50_000), scene.dana.credit_memo("CM-1", customer, 12_000)
    applied = scene.dana.apply_credit(credit, bill, 12_000)
    scene.quickbooks.ledger.set_auto_apply_credits(True, by="Dana")
    scene.quickbooks.prefers(eat_freed_credit_at_once=True)
    assert scene.books.settings().auto_applies_credits

    assert applied == id_of(send(scene, an_order(UnapplyCredit(applied, credit, bill, 12_000)))[0])

    assert 38_000 == invoice(scene, bill).open_minor
    (again,) = scene.books.credit_memos_on([bill])
    assert [12_000] == [application.amount_minor for application in again.applications]
    assert payment_of(again.applications[0].id) != payment_of(applied)


def test_more_than_thirty_orders_do_not_leave_at_once(scene: Scene) -> None:
    customer = scene.dana.customer("Hooli")
    orders = [an_order(a_write(customer), f"TXN-{number}") for number in range(31)]
    with pytest.raises(ValueError, match="at most 30"):
        send(scene, *orders)
    assert 0 == scene.quickbooks.counts.batch_items
