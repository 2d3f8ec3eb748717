"""Reading Xero: what a deleted, voided, merged, reconciled or foreign document looks like, and who did what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from stand_ins.xero import Fault
from xero_scene import DAY, XeroScene, a_receipt_write, an_order, written, xero_scene

from accounting.xero.asking import DOCUMENTS_PER_PAGE
from accounting.xero.history import DOCUMENTS_PER_QUESTION
from receivables.books_records import Customer, Gone, Invoice, InvoiceStatus, Receipt
from receivables.errors import BooksUnavailable


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[XeroScene]:
    with xero_scene(tmp_path) as held:
        yield held


def invoice_of(scene: XeroScene, invoice_id: str) -> Invoice:
    found = scene.books.invoices([invoice_id])[invoice_id]
    assert isinstance(found, Invoice)
    return found


def customer_of(scene: XeroScene, customer_id: str) -> Customer:
    found = scene.books.customers([customer_id])[customer_id]
    assert isinstance(found, Customer)
    return found


# --- gone, or not read ------------------------------------------------------------------------------------------------


def test_a_deleted_invoice_is_gone_with_who_deleted_it_and_when(scene: XeroScene) -> None:
    _, invoice = scene.customer_with_invoice()
    scene.clock.advance(600)
    scene.dana.delete_invoice(invoice)

    gone = scene.books.invoices([invoice])[invoice]

    assert isinstance(gone, Gone)
    assert gone.deleted is not None
    assert ("1042", "Dana", scene.clock.now()) == (gone.number, gone.deleted.person, gone.deleted.at)


def test_a_voided_invoice_tells_who_voided_it_and_owes_nothing(scene: XeroScene) -> None:
    _, invoice = scene.customer_with_invoice()
    scene.clock.advance(600)
    scene.dana.void_invoice(invoice)

    found = invoice_of(scene, invoice)

    assert (InvoiceStatus.VOIDED, 0, "Dana") == (found.status, found.open_minor, found.changed.person)


@pytest.mark.parametrize("status", [500, 503, 404, 400])
def test_a_list_that_fails_is_an_error_and_no_invoice_is_gone(scene: XeroScene, status: int) -> None:
    _, invoice = scene.customer_with_invoice()
    scene.xero.faults.order(Fault(status=status, body="", path="Invoices", times=3))

    with pytest.raises(Exception, match="Xero") as failed:
        scene.books.invoices([invoice])

    assert failed.type.__name__ == ("BooksRefused" if status == 400 else "BooksUnavailable")


def test_a_list_without_the_invoice_and_a_failing_read_of_it_is_an_error(scene: XeroScene) -> None:
    """Left out of a list, it is asked for by its id; only a 404 to that is an answer."""
    _, invoice = scene.customer_with_invoice()
    scene.xero.faults.order(Fault(status=200, body='{"Invoices": []}', path="Invoices"))
    assert isinstance(scene.books.invoices([invoice])[invoice], Invoice)

    scene.xero.faults.order(Fault(status=200, body='{"Invoices": []}', path="Invoices"))
    scene.xero.faults.order(Fault(status=500, path=f"Invoices/{invoice}", times=3))
    with pytest.raises(BooksUnavailable):
        scene.books.invoices([invoice])


def test_a_single_404_for_a_credit_note_that_a_list_still_has_is_no_deletion(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")
    memo = scene.dana.credit_memo("CM-1", customer, 12_000)
    scene.xero.answer_not_found(path=f"CreditNotes/{memo}")

    with pytest.raises(BooksUnavailable):
        scene.books.credit_memos([memo])


def test_a_page_of_html_is_no_answer(scene: XeroScene) -> None:
    _, invoice = scene.customer_with_invoice()
    scene.xero.faults.order(Fault(status=200, body="<html>Sign in</html>", path="Invoices"))

    with pytest.raises(BooksUnavailable):
        scene.books.invoices([invoice])


def test_ids_that_xero_cannot_have_given_are_gone_without_a_question(scene: XeroScene) -> None:
    strange = ['x" OR 1==1', "1042", ""]

    assert all(isinstance(invoice, Gone) for invoice in scene.books.invoices(strange).values())
    assert all(isinstance(receipt, Gone) for receipt in scene.books.receipts([*strange, "Overpayments/1", "Invoices/2"]).values())
    assert [] == list(scene.books.receipts_of(strange, DAY))
    assert {} == scene.calls.counts.made


# --- invoices and customers -------------------------------------------------------------------------------------------


def test_a_draft_is_a_draft_and_a_number_with_comma_and_quotes_is_found(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")
    strange, plain = 'A,"1"\\2', "77"
    ids = [scene.dana.invoice(strange, customer, 10_000, draft=True), scene.dana.invoice(plain, customer, 20_000)]

    found = scene.books.invoices_numbered([strange, plain, "A"])

    assert {(ids[0], InvoiceStatus.DRAFT), (ids[1], InvoiceStatus.OPEN)} == {(invoice.id, invoice.status) for invoice in found}


def test_many_ids_and_long_numbers_are_asked_for_in_addresses_that_xero_takes(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")
    ids = [scene.dana.invoice(f"{'9' * 40}-{number}", customer, 10_000) for number in range(100)]

    assert 100 == len([invoice for invoice in scene.books.invoices(ids).values() if isinstance(invoice, Invoice)])
    assert 100 == len(scene.books.invoices_numbered([f"{'9' * 40}-{number}" for number in range(100)]))
    assert 3 + 4 == scene.calls.counts.made["read"]  # 45 ids, or 1,500 characters of numbers, in one address


def test_when_an_invoice_was_made_comes_from_its_history_where_its_own_words_leave_it_open(scene: XeroScene) -> None:
    """Its day is what somebody typed, and its last change may be a reminder: neither says when it was made."""
    customer = scene.dana.customer("Hooli")
    on_its_day = scene.dana.invoice("1", customer, 10_000)
    scene.clock.advance(5 * 86_400)
    later = scene.dana.invoice("2", customer, 10_000)  # still dated the tenth
    made_at = scene.clock.now()

    first, second = invoice_of(scene, on_its_day), invoice_of(scene, later)

    assert (made_at - timedelta(days=5), made_at) == (first.created.at, second.created.at)
    assert ("", "Dana") == (first.created.person, second.created.person)
    asked = scene.xero.counts["GET Invoices/{id}/History"]
    invoice_of(scene, later)
    assert (1, 1) == (asked, scene.xero.counts["GET Invoices/{id}/History"])  # that never changes, so it is not asked again


def test_archived_and_merged_customers_are_told(scene: XeroScene) -> None:
    kept, merged, archived = (scene.dana.customer(name) for name in ("Hooli", "Hooli Inc", "Initech"))
    ledger = scene.xero.ledger
    ledger.merge_customers(scene.xero.ledger_id(merged), scene.xero.ledger_id(kept), by="Dana")
    ledger.deactivate_customer(scene.xero.ledger_id(archived), by="Dana")

    assert [(True, ""), (False, kept), (False, "")] == [
        (customer.active, customer.merged_into) for customer in (customer_of(scene, id) for id in (kept, merged, archived))
    ]


def test_the_later_lock_date_closes_the_books(scene: XeroScene) -> None:
    assert ("USD", None) == (scene.books.settings().home_currency, scene.books.settings().closed_through)
    scene.dana.close_period(date(2026, 1, 31))
    scene.xero.lock_year(date(2025, 12, 31))
    assert date(2026, 1, 31) == scene.books.settings().closed_through
    scene.xero.lock_year(date(2026, 2, 28))
    assert date(2026, 2, 28) == scene.books.settings().closed_through


# --- receipts ---------------------------------------------------------------------------------------------------------


def test_a_payment_entered_by_hand_names_who_entered_it_and_ours_costs_no_question(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice("1")
    other = scene.dana.invoice("2", customer, 50_000)
    scene.send(an_order(a_receipt_write(customer, invoice_id=other)))
    scene.dana.receipt(customer, 50_000, ((invoice, 50_000),), memo="bank transfer")

    found = {receipt.reference: receipt.created.person for receipt in scene.books.receipts_of([customer], DAY)}

    assert {"TXN-1": "", "bank transfer": "Dana"} == found
    assert 1 == scene.xero.counts["GET Payments/{id}/History"]


def test_a_payment_deleted_by_hand_is_voided_and_names_who_did_it(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    paid = written(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0]).document_id
    scene.dana.delete_receipt(paid)

    receipt = scene.receipt(paid)

    assert (True, "Dana", (), 0) == (receipt.voided, receipt.changed.person, receipt.lines, receipt.unapplied_minor)


def test_money_on_account_that_ate_the_balance_is_among_the_receipts(scene: XeroScene) -> None:
    """Real money, so it is a receipt: an overpayment and a prepayment allocated to the invoice."""
    customer, invoice = scene.customer_with_invoice()
    held = scene.dana.receipt(customer, 30_000, (), memo="advance")
    scene.xero.ledger.apply_receipt(
        scene.xero.ledger_id(held.rpartition("/")[2]), [(scene.xero.ledger_id(invoice), 20_000)], by="Dana"
    )

    (found,) = scene.books.receipts_of([customer], DAY)

    assert (held, 30_000, 10_000, 20_000) == (found.id, found.amount_minor, found.unapplied_minor, found.applied_to(invoice))
    assert [] == list(scene.books.credit_memos_on([invoice]))
    assert 30_000 == scene.open_minor(invoice)


def test_histories_are_read_for_a_bounded_number_of_documents(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")
    for number in range(DOCUMENTS_PER_QUESTION + 5):
        scene.dana.receipt(customer, 1_000, (), memo=f"hand {number}")

    first = [receipt.created.person for receipt in scene.books.receipts_of([customer], DAY)]
    second = [receipt.created.person for receipt in scene.books.receipts_of([customer], DAY)]

    assert DOCUMENTS_PER_QUESTION == first.count("Dana")
    assert DOCUMENTS_PER_QUESTION + 5 == second.count("Dana")  # what was left out is found the next time


def test_a_history_that_cannot_be_read_holds_nothing_up(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.dana.apply_credit(scene.dana.credit_memo("CM-1", customer, 12_000), invoice, 12_000)
    scene.xero.faults.order(Fault(status=500, path="History", times=3))

    (memo,) = scene.books.credit_memos_on([invoice])

    assert [""] == [application.applied.person for application in memo.applications]
    assert [memo.changed.at] == [application.applied.at for application in memo.applications]


def test_who_applied_each_part_of_a_credit_note_is_told_apart_by_invoice_and_amount(scene: XeroScene) -> None:
    customer, first = scene.customer_with_invoice("1")
    second = scene.dana.invoice("12", customer, 50_000)
    memo = scene.dana.credit_memo("CM-1", customer, 20_000)
    scene.dana.apply_credit(memo, first, 12_000)
    scene.clock.advance(3600)
    ledger = scene.xero.ledger
    ledger.apply_credit(scene.xero.ledger_id(memo), scene.xero.ledger_id(second), 8_000, by="Sam")

    (found,) = scene.books.credit_memos_on([first])

    told = {application.invoice_id: (application.applied.person, application.applied.at) for application in found.applications}
    assert {first: ("Dana", scene.clock.now() - timedelta(hours=1)), second: ("Sam", scene.clock.now())} == told


# --- changes ----------------------------------------------------------------------------------------------------------


def looked(scene: XeroScene, cursor: str = "") -> tuple[list[object], str]:
    """Every document and tombstone of one whole look, and the cursor for the next."""
    found: list[object] = []
    for _ in range(30):
        changes = scene.books.changes(cursor)
        found += [*changes.documents, *changes.gone]
        cursor = changes.cursor
        if not changes.more:
            return found, cursor
    raise AssertionError("the look does not end")


def ids_of(found: list[object]) -> list[str]:
    return sorted(str(getattr(document, "id", "")) for document in found)


def test_a_payment_deleted_in_xero_is_a_change_though_no_webhook_tells(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    paid = written(scene.send(an_order(a_receipt_write(customer, invoice_id=invoice)))[0]).document_id
    _, cursor = looked(scene)
    scene.clock.advance(3600)
    scene.dana.delete_receipt(paid)

    found, _ = looked(scene, cursor)

    assert sorted([paid, invoice]) == ids_of(found)
    assert [True] == [receipt.voided for receipt in found if isinstance(receipt, Receipt)]


def test_a_document_that_shows_up_late_is_not_missed_and_none_is_told_twice(scene: XeroScene) -> None:
    customer, first = scene.customer_with_invoice("1")
    scene.clock.advance(60)
    second = scene.dana.invoice("2", customer, 10_000)
    _, cursor = looked(scene)
    scene.clock.advance(-30)  # its stamp lies before what was seen already
    late = scene.dana.invoice("3", customer, 10_000)
    scene.clock.advance(90)

    found, cursor = looked(scene, cursor)
    again, _ = looked(scene, cursor)

    assert ([late], []) == (ids_of(found), ids_of(again))
    assert first != second


def test_not_modified_is_an_answer_and_means_nothing_new(scene: XeroScene) -> None:
    scene.customer_with_invoice()
    _, cursor = looked(scene)
    for name in ("Contacts", "Invoices"):
        scene.xero.faults.order(Fault(status=304, path=name))

    assert [] == looked(scene, cursor)[0]
    assert 0 == scene.xero.faults.left


def test_a_look_from_any_cursor_of_the_last_one_finds_what_changed_since(scene: XeroScene) -> None:
    """Only the cursors of pages with something on them are kept: a new look may have to begin at any of the lists."""
    customer, invoice = scene.customer_with_invoice()
    cursors = [""]
    for _ in range(8):
        cursors.append(scene.books.changes(cursors[-1]).cursor)
    scene.clock.advance(3600)
    renamed = scene.dana.customer("Initech")
    scene.dana.receipt(customer, 50_000, ((invoice, 50_000),))

    found = [ids_of(looked(scene, cursor)[0]) for cursor in cursors]

    assert [True] * len(cursors) == [{renamed, invoice} <= set(ids) for ids in found]


def test_one_document_that_cannot_be_read_does_not_stop_the_rest(scene: XeroScene) -> None:
    ids = [f"{number}8c0b5d1-0000-4000-8000-000000000000" for number in range(3)]
    listed = [an_invoice_body(document_id, CurrencyCode="?" if document_id == ids[1] else "USD") for document_id in ids]
    scene.xero.faults.order(Fault(status=200, body=json.dumps({"Invoices": listed}), path="Invoices"))

    found, _ = looked(scene)

    assert [ids[0], ids[2]] == ids_of(found)
    scene.xero.faults.order(Fault(status=200, body=json.dumps({"Invoices": listed}), path="Invoices"))
    with pytest.raises(BooksUnavailable, match="cannot be read"):
        scene.books.invoices(ids)


def an_invoice_body(invoice_id: str, **fields: object) -> dict[str, object]:
    body: dict[str, object] = {
        "Type": "ACCREC",
        "InvoiceID": invoice_id,
        "InvoiceNumber": "1042",
        "Contact": {"ContactID": "a3675fc4-f8dd-4f03-ba5b-f1870566bcd7"},
        "Date": "/Date(1773100800000+0000)/",
        "Status": "AUTHORISED",
        "Total": "500.00",
        "AmountDue": 500,
        "CurrencyCode": "USD",
        "UpdatedDateUTC": "/Date(1773154800000+0000)/",
    }
    return {**body, **fields}


def test_suppliers_bills_and_credits_are_nobodys_invoices(scene: XeroScene) -> None:
    bill = an_invoice_body("08c0b5d1-0000-4000-8000-000000000000", Type="ACCPAY")
    for _ in range(2):
        scene.xero.faults.order(Fault(status=200, body=json.dumps({"Invoices": [bill]}), path="Invoices"))

    assert [] == looked(scene)[0]
    assert [] == list(scene.books.invoices_numbered(["1042"]))


def test_pages_out_of_order_are_read_one_by_one_and_none_is_left_out(scene: XeroScene) -> None:
    newer, older = "28c0b5d1-0000-4000-8000-000000000000", "18c0b5d1-0000-4000-8000-000000000000"
    moments = {
        newer: "/Date(1773154800000+0000)/",
        older: "/Date(1770000000000+0000)/",
        "38c0b5d1-0000-4000-8000-000000000000": "/Date(1771000000000+0000)/",
    }
    bodies = [an_invoice_body(invoice_id, UpdatedDateUTC=at) for invoice_id, at in moments.items()]
    for number, listed in enumerate((bodies[:2], bodies[2:]), start=1):
        answer = {"Invoices": listed, "pagination": {"page": number, "pageCount": 2}}
        scene.xero.faults.order(Fault(status=200, body=json.dumps(answer), path="Invoices"))

    assert sorted(moments) == ids_of(looked(scene)[0])


def test_a_payment_in_a_currency_that_is_none_any_more_holds_up_nobody(scene: XeroScene) -> None:
    customer, invoice = scene.customer_with_invoice()
    scene.dana.receipt(customer, 50_000, ((invoice, 50_000),))
    old = {"PaymentID": invoice, "PaymentType": "ACCRECPAYMENT", "Amount": 5, "Invoice": {"CurrencyCode": "BYR"}}
    scene.xero.faults.order(Fault(status=200, body=json.dumps({"Payments": [old]}), path="Payments"))

    assert [] == list(scene.books.receipts_of([customer], DAY))


def test_more_documents_of_one_moment_than_a_page_holds_are_all_told_once(scene: XeroScene) -> None:
    """An import by the thousand bears one stamp; then the pages are counted, because time cannot tell them apart."""
    scene.xero.check_contract(False)
    customer = scene.dana.customer("Hooli")
    ids = [scene.dana.invoice(str(number), customer, 10_000) for number in range(DOCUMENTS_PER_PAGE + 50)]

    found, cursor = looked(scene)

    assert sorted([customer, *ids]) == ids_of(found)
    assert [] == looked(scene, cursor)[0]


def test_a_cursor_of_something_else_begins_again(scene: XeroScene) -> None:
    customer = scene.dana.customer("Hooli")

    assert [[customer]] * 4 == [ids_of(looked(scene, cursor)[0]) for cursor in ("", "17", "{}", '{"places": 3}')]
