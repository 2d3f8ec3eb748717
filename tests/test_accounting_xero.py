"""Writing into Xero: what it takes, what it refuses in its own way, and what is found again when it did not answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from stand_ins.xero import Fault
from xero_scene import DAY, XeroScene, a_receipt_write, an_order, refusal, written, xero_scene

from receivables.books_records import CreditMemo, ReceiptLine
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    UnapplyCredit,
    Verdict,
    Written,
    classify,
    marker,
    marker_stem,
)
from receivables.errors import AccessLost, BooksUnavailable, OutcomeUnknown, Throttled


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[XeroScene]:
    with xero_scene(tmp_path) as held:
        yield held


def code_and_words(answer: Answer) -> tuple[str, str]:
    refused = refusal(answer)
    return refused.refusal, refused.message


def memo_of(scene: XeroScene, memo_id: str) -> CreditMemo:
    found = scene.books.credit_memos([memo_id])[memo_id]
    assert isinstance(found, CreditMemo)
    return found


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_the_marker_stands_first_in_the_reference_before_the_transaction_number(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()

    paid = written(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0])

    (held,) = scene.xero.ledger.receipts()
    mark = marker("acme", "TXN-1", 1, 0)
    assert f"{mark} | TXN-1" == held.reference
    receipt = scene.receipt(paid.document_id)
    assert (f"{mark} | TXN-1", "TXN-1") == (receipt.memo, receipt.reference)


def test_one_receipt_goes_out_under_its_own_key_and_several_in_one_call_under_the_dispatch(scene: XeroScene) -> None:
    customer, first = scene.customer_with_invoice("1")
    second, third = scene.dana.invoice("2", customer, 50_000), scene.dana.invoice("3", customer, 50_000)
    orders = [an_order(a_receipt_write(customer, invoice_id=invoice_id), f"TXN-{invoice_id}") for invoice_id in (second, third)]

    scene.send(an_order(a_receipt_write(customer, invoice_id=first)))
    assert 1 == scene.xero.counts["PUT Payments"]
    answers = scene.send(*orders)

    assert 2 == scene.xero.counts["PUT Payments"]
    assert [Verdict.DONE, Verdict.DONE] == [classify(answer).verdict for answer in answers]
    assert [0, 0, 0] == [scene.open_minor(invoice_id) for invoice_id in (first, second, third)]


def test_a_refusal_inside_a_200_is_a_refusal_and_the_others_are_done(scene: XeroScene) -> None:
    customer, fits = scene.customer_with_invoice("1")
    short = scene.dana.invoice("2", customer, 10_000)
    good = an_order(a_receipt_write(customer, invoice_id=fits), "TXN-1")
    bad = an_order(a_receipt_write(customer, invoice_id=short, reference="TXN-2"), "TXN-2")

    answers = scene.send(bad, good)

    assert "over_application" == refusal(answers[0]).refusal
    assert [0, 10_000] == [scene.open_minor(fits), scene.open_minor(short)]
    assert written(answers[1]).document_id == written(scene.send(bad, good)[1]).document_id


def test_one_of_a_dispatch_can_be_sent_again_by_itself(scene: XeroScene) -> None:
    """The dispatch has a key of its own: with the first order's, Xero would take the second sending for another request."""
    customer, full = scene.customer_with_invoice("1")
    other = scene.dana.invoice("2", customer, 50_000)
    in_the_way = scene.dana.receipt(customer, 50_000, ((full, 50_000),))
    first = an_order(a_receipt_write(customer, invoice_id=full), "TXN-1")
    second = an_order(a_receipt_write(customer, invoice_id=other, reference="TXN-2"), "TXN-2")
    assert Verdict.REFUSED is classify(scene.send(first, second)[0]).verdict
    scene.dana.delete_receipt(in_the_way)

    assert Verdict.DONE is classify(scene.send(first)[0]).verdict


def test_a_paid_a_partly_paid_a_voided_and_a_draft_invoice_are_told_apart(scene: XeroScene) -> None:
    customer, paid = scene.customer_with_invoice("1")
    scene.dana.receipt(customer, 50_000, ((paid, 50_000),))
    partly = scene.dana.invoice("2", customer, 50_000)
    scene.dana.receipt(customer, 20_000, ((partly, 20_000),))
    voided = scene.dana.invoice("3", customer, 50_000)
    scene.dana.void_invoice(voided)
    draft = scene.dana.invoice("4", customer, 50_000, draft=True)
    gone = scene.dana.invoice("5", customer, 50_000)
    scene.dana.delete_invoice(gone)

    found = [
        code_and_words(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice_id), invoice_id))[0])
        for invoice_id in (paid, partly, voided, draft, gone)
    ]

    assert [
        ("invoice_not_open", "Invoice 1 is already paid."),
        ("over_application", "The amount is more than the invoice's open balance."),
        ("invoice_not_open", "Invoice 3 was voided."),
        ("invoice_not_open", "Invoice 4 is not approved yet."),
        ("document_gone", "Invoice 5 was deleted in Xero."),
    ] == found


def test_xeros_own_words_are_kept_for_the_log_and_not_shown(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice(amount_minor=10_000)

    refused = refusal(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0])

    assert "exceeds the amount outstanding" in refused.vendor_detail
    assert "10" == refused.vendor_code
    assert "exceeds the amount outstanding" not in refused.message


def test_an_archived_or_missing_deposit_account_is_told_from_a_bad_payment(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    archived = a_receipt_write(customer, invoice_id=invoice, deposit_account="095")
    unknown = a_receipt_write(customer, invoice_id=invoice, deposit_account="777")
    for_sales = a_receipt_write(customer, invoice_id=invoice, deposit_account="200")

    found = [
        refusal(scene.send(an_order(write, str(place)))[0]).refusal for place, write in enumerate((archived, unknown, for_sales))
    ]

    assert ["account_inactive"] * 3 == found
    assert 50_000 == scene.open_minor(invoice)


def test_the_deposit_account_may_be_given_by_its_id(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    write = a_receipt_write(customer, invoice_id=invoice, deposit_account=scene.xero.account_id("091"))

    paid = written(scene.send(an_order(write))[0])

    assert "091" == scene.receipt(paid.document_id).deposit_account


def test_either_lock_date_is_a_closed_period(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.lock_year(DAY)

    assert "period_closed" == refusal(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0]).refusal


def test_a_receipt_that_xero_has_no_single_document_for_is_refused_in_words(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    rest_beside = replace(a_receipt_write(customer, 60_000), lines=(ReceiptLine(invoice, 50_000),))

    assert ("invalid", "In Xero one payment is applied to one invoice, in full.") == code_and_words(
        scene.send(an_order(rest_beside))[0]
    )
    assert "not_found" == refusal(scene.send(an_order(a_receipt_write(customer, invoice_id='x" OR 1==1')))[0]).refusal
    assert 0 == scene.calls.counts.made.get("write", 0)


# --- answers that do not tell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_write_without_an_answer_is_unknown_and_looking_tells(scene: XeroScene, cut: str) -> None:
    customer, invoice = scene.customer_with_invoice()
    order = an_order(a_receipt_write(customer, invoice_id=invoice))
    scene.xero.faults.order(Fault(cut=cut, method="PUT", path="Payments"))

    (answer,) = scene.send(order)

    assert Verdict.UNKNOWN is classify(answer).verdict
    (traces,) = scene.books.look([order])
    assert (1 if cut == "after" else 0) == len(traces)


def test_offline_is_unknown_for_a_write_and_a_pause_for_a_read(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.go_offline(times=1, path="Payments")
    assert isinstance(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0], OutcomeUnknown)

    scene.xero.go_offline(times=3)
    with pytest.raises(BooksUnavailable):
        scene.books.settings()


def test_a_throttled_write_was_not_done_and_says_how_long(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.throttle("day", retry_after=7200)

    with pytest.raises(Throttled) as throttled:
        scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))

    assert 7200 == throttled.value.retry_after_seconds
    assert 50_000 == scene.open_minor(invoice)


def test_lost_access_answers_for_all_and_nothing_was_done(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    forbidden = Fault(status=403, body='{"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful", "Status": 403}', times=2)
    scene.xero.faults.order(forbidden)

    assert isinstance(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0], AccessLost)
    with pytest.raises(AccessLost):
        scene.books.invoices([invoice])
    assert 50_000 == scene.open_minor(invoice)


def test_an_ended_access_is_renewed_and_the_write_done_once(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.access.end()

    (answer,) = scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))

    assert isinstance(answer, Written)
    assert (1, 0) == (scene.xero.access.renewals, scene.open_minor(invoice))


@pytest.mark.parametrize(("status", "verdict"), [(408, Verdict.UNKNOWN), (409, Verdict.UNKNOWN), (412, Verdict.REFUSED)])
def test_a_status_that_xero_does_not_refuse_by_is_unknown(scene: XeroScene, status: int, verdict: Verdict) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.faults.order(Fault(status=status, method="PUT"))

    assert verdict is classify(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0]).verdict


STRANGE_ANSWERS = {
    "no list": {"Status": "OK"},
    "another number of elements": {"Payments": []},
    "no id": {"Payments": [{"Amount": 500.00}]},
    "another payment": {
        "Payments": [{"PaymentID": "5083ec90-78d9-5950-9147-f2dbbfa20c8a", "Reference": marker("acme", "TXN-9", 1, 0)}]
    },
}


@pytest.mark.parametrize("name", STRANGE_ANSWERS)
def test_an_answer_that_is_not_about_what_was_sent_is_unknown(scene: XeroScene, name: str) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.xero.faults.order(Fault(status=200, body=json.dumps(STRANGE_ANSWERS[name]), method="PUT"))

    (answer,) = scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))

    assert isinstance(answer, OutcomeUnknown)


def test_errors_and_the_id_of_a_payment_in_one_element_are_settled_by_reading(scene: XeroScene) -> None:
    """Xero's own example of a refused element carries an id: a refusal taken at its word would double the receipt."""
    customer, invoice = scene.customer_with_invoice()
    order = an_order(a_receipt_write(customer, invoice_id=invoice))
    done = written(scene.send(order)[0])

    def answered_with(payment_id: str) -> Answer:
        errors = [{"Message": "Payment amount exceeds the amount outstanding on this document"}]
        element = {"PaymentID": payment_id, "HasValidationErrors": True, "ValidationErrors": errors}
        scene.xero.faults.order(Fault(status=200, body=json.dumps({"Payments": [element]}), method="PUT"))
        return scene.send(order)[0]

    assert done.document_id == written(answered_with(done.document_id)).document_id
    assert Verdict.REFUSED is classify(answered_with("00000000-0000-0000-0000-000000000000")).verdict
    assert Verdict.REFUSED is classify(answered_with("11111111-1111-1111-1111-111111111111")).verdict


def test_the_same_key_after_a_deletion_answers_with_the_dead_payment_and_reading_back_shows_it(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    order = an_order(a_receipt_write(customer, invoice_id=invoice))
    first = written(scene.send(order)[0])
    scene.dana.delete_receipt(first.document_id)

    again = written(scene.send(order)[0])

    assert first.document_id == again.document_id
    assert scene.receipt(again.document_id).voided
    assert [[]] == [list(traces) for traces in scene.books.look([order])]


def test_a_refusal_is_told_again_for_its_key_until_another_generation_asks(scene: XeroScene) -> None:
    """Xero keeps its answers for six minutes, refusals too: what is tried again after one needs a key of its own."""
    customer, invoice = scene.customer_with_invoice()
    write = a_receipt_write(customer, invoice_id=invoice)
    scene.dana.close_period(DAY)
    assert "period_closed" == refusal(scene.send(an_order(write))[0]).refusal
    scene.dana.close_period(date(2026, 2, 28))

    assert "period_closed" == refusal(scene.send(an_order(write))[0]).refusal
    assert Verdict.DONE is classify(scene.send(an_order(write, generation=1))[0]).verdict


def test_another_generation_of_a_deleted_receipt_is_another_payment(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    write = a_receipt_write(customer, invoice_id=invoice)
    first = written(scene.send(an_order(write))[0])
    scene.dana.delete_receipt(first.document_id)

    again = written(scene.send(an_order(write, generation=1))[0])

    assert first.document_id != again.document_id
    stem = marker_stem("acme", "TXN-1")
    assert [again.document_id] == [receipt.id for receipt in scene.books.receipts_marked([stem])[stem]]


def test_the_tenth_generation_is_not_taken_for_the_first(scene: XeroScene) -> None:
    """Xero finds by the beginning, and one marker may be the beginning of another."""
    customer, invoice = scene.customer_with_invoice()
    write = a_receipt_write(customer, invoice_id=invoice)
    written(scene.send(an_order(write, generation=10))[0])

    assert [0, 1] == [
        len(traces) for traces in scene.books.look([an_order(write, generation=generation) for generation in (1, 10)])
    ]


# --- money on account -------------------------------------------------------------------------------------------------


def test_money_on_account_is_an_overpayment_and_is_found_by_its_marker(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")
    order = an_order(a_receipt_write(customer, 30_000))

    made = written(scene.send(order)[0])

    receipt = scene.receipt(made.document_id)
    assert made.document_id.startswith("Overpayments/")
    assert (30_000, 30_000, "TXN-1", ()) == (receipt.amount_minor, receipt.unapplied_minor, receipt.reference, receipt.lines)
    assert [made.document_id] == [trace.document_id for trace in scene.books.look([order])[0]]


def test_money_on_account_goes_out_in_one_call_beside_that_of_the_payments_each_answered_by_itself(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    paid = an_order(a_receipt_write(customer, invoice_id=invoice), "TXN-1")
    held = [an_order(a_receipt_write(customer, reference=f"TXN-{number}"), f"TXN-{number}") for number in (2, 3)]
    no_bank = an_order(a_receipt_write(customer, reference="TXN-4", deposit_account="091"), "TXN-4")

    answers = scene.send(held[0], paid, no_bank, held[1])

    assert (1, 1) == (scene.xero.counts["PUT Payments"], scene.xero.counts["PUT BankTransactions"])
    assert "account_inactive" == refusal(answers[2]).refusal
    found = [[trace.document_id for trace in traces] for traces in scene.books.look([held[0], paid, held[1]])]
    assert [[written(answers[place]).document_id] for place in (0, 1, 3)] == found


def test_money_on_account_cannot_go_to_an_account_that_is_no_bank(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")

    (answer,) = scene.send(an_order(a_receipt_write(customer, deposit_account="091")))

    code, words = code_and_words(answer)
    assert "account_inactive" == code
    assert "bank" in words


def test_money_on_account_is_applied_to_an_invoice_without_a_second_receipt(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    receipt_id = written(scene.send(an_order(a_receipt_write(customer, 60_000)))[0]).document_id
    order = an_order(ApplyReceipt(receipt_id, (ReceiptLine(invoice, 50_000),)))
    assert [[]] == [list(traces) for traces in scene.books.look([order])]

    written(scene.send(order)[0])

    assert (10_000, ((invoice, 50_000),)) == (
        scene.receipt(receipt_id).unapplied_minor,
        tuple((line.invoice_id, line.amount_minor) for line in scene.receipt(receipt_id).lines),
    )
    assert 0 == scene.open_minor(invoice)
    assert [receipt_id] == [trace.document_id for trace in scene.books.look([order])[0]]
    writes = scene.calls.counts.made["write"]
    assert receipt_id == written(scene.send(order)[0]).document_id  # it stands so already
    assert writes == scene.calls.counts.made["write"]


def test_more_than_one_change_of_money_on_account_is_refused_before_anything_is_sent(scene: XeroScene) -> None:
    customer, first = scene.customer_with_invoice("1")
    second = scene.dana.invoice("2", customer, 10_000)
    receipt_id = written(scene.send(an_order(a_receipt_write(customer, 60_000)))[0]).document_id
    writes = scene.calls.counts.made["write"]

    both = ApplyReceipt(receipt_id, (ReceiptLine(first, 50_000), ReceiptLine(second, 10_000)))
    too_much = ApplyReceipt(receipt_id, (ReceiptLine(first, 60_001),))

    assert ["invalid", "credit_exhausted"] == [
        refusal(scene.send(an_order(write, str(place)))[0]).refusal for place, write in enumerate((both, too_much))
    ]
    assert writes == scene.calls.counts.made["write"]


def test_a_reconciled_or_batched_payment_counts_as_deposited_and_is_not_moved(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice("1")
    other = scene.dana.invoice("2", customer, 50_000)
    paid = written(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0]).document_id
    second = written(scene.send(an_order(a_receipt_write(customer, invoice_id=other), "TXN-2"))[0]).document_id
    assert [False, False] == [scene.receipt(receipt_id).deposited for receipt_id in (paid, second)]

    scene.xero.reconcile(paid)
    scene.xero.put_in_batch([second])

    assert [True, True] == [scene.receipt(receipt_id).deposited for receipt_id in (paid, second)]
    move = ApplyReceipt(paid, (ReceiptLine(other, 50_000),))
    assert "receipt_deposited" == refusal(scene.send(an_order(move))[0]).refusal


# --- credit -----------------------------------------------------------------------------------------------------------


def test_taking_credit_off_reads_xeros_own_spelling_of_the_answer(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    memo = scene.dana.credit_memo("CM-1", customer, 12_000)
    application = scene.dana.apply_credit(memo, invoice, 12_000)

    answer = written(scene.send(an_order(UnapplyCredit(application, memo, invoice, 12_000)))[0])

    assert application == answer.document_id
    assert (50_000, 12_000) == (scene.open_minor(invoice), memo_of(scene, memo).open_minor)


def test_taking_credit_off_is_unknown_when_xero_does_not_say_it_is_deleted(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    memo = scene.dana.credit_memo("CM-1", customer, 12_000)
    order = an_order(UnapplyCredit(scene.dana.apply_credit(memo, invoice, 12_000), memo, invoice, 12_000))
    scene.xero.faults.order(Fault(status=200, body="{}", method="DELETE"))

    assert isinstance(scene.send(order)[0], OutcomeUnknown)
    assert [[]] == [list(traces) for traces in scene.books.look([order])]


def test_credit_of_a_note_that_xero_never_heard_of_is_not_taken_for_taken_off(scene: XeroScene) -> None:
    _, invoice = scene.customer_with_invoice()
    never = "11111111-1111-1111-1111-111111111111"
    order = an_order(UnapplyCredit(never, never, invoice, 12_000))

    assert "not_found" == refusal(scene.send(order)[0]).refusal
    assert [[]] == [list(traces) for traces in scene.books.look([order])]


def test_applied_credit_gets_its_id_from_the_credit_note_where_the_answer_has_none(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    memo = scene.dana.credit_memo("CM-1", customer, 20_000)

    answer = written(scene.send(an_order(ApplyCredit(memo, invoice, 12_000)))[0])

    assert [answer.document_id] == [application.id for application in memo_of(scene, memo).applications]


def test_applied_credit_without_an_answer_is_recognised_by_note_invoice_and_amount(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    memo = scene.dana.credit_memo("CM-1", customer, 50_000)
    scene.dana.apply_credit(memo, invoice, 1_000)  # another amount: not ours
    order = an_order(ApplyCredit(memo, invoice, 12_000))
    assert [[]] == [list(traces) for traces in scene.books.look([order])]
    scene.xero.faults.order(Fault(cut="after", method="PUT", path="Allocations"))

    assert Verdict.UNKNOWN is classify(scene.send(order)[0]).verdict
    assert [1] == [len(traces) for traces in scene.books.look([order])]

    scene.dana.apply_credit(memo, invoice, 12_000)  # a second one alike: a person has to see it
    assert [2] == [len(traces) for traces in scene.books.look([order])]


def test_more_credit_than_the_note_has_left_is_refused_before_anything_is_sent(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    memo = scene.dana.credit_memo("CM-1", customer, 5_000)

    assert "credit_exhausted" == refusal(scene.send(an_order(ApplyCredit(memo, invoice, 5_001)))[0]).refusal
    assert 0 == scene.calls.counts.made.get("write", 0)


def test_an_unanswered_credit_does_not_answer_for_what_was_sent_before_it(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice("1")
    credited = scene.dana.invoice("2", customer, 50_000)
    memo = scene.dana.credit_memo("CM-1", customer, 5_000)
    scene.xero.faults.order(Fault(cut="before", method="PUT", path="Allocations"))

    answers = scene.send(
        an_order(ApplyCredit(memo, credited, 5_000), "TXN-2"), an_order(a_receipt_write(customer, invoice_id=invoice), "TXN-1")
    )

    assert [Verdict.UNKNOWN, Verdict.DONE] == [classify(answer).verdict for answer in answers]
