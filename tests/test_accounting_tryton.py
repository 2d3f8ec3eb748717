"""The Tryton connector against a real Tryton: what the contract suite cannot ask of every package."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from accounting_peers import a_receipt_write, an_order
from makers import CHICAGO
from tryton_bookkeeper import DAY
from tryton_people import JOURNAL, OUR_LOGIN, TrytonError
from tryton_scene import TrytonScene, calls, tryton_scene
from tryton_server import WITH_REFERENCE

from accounting.tryton.connector import TrytonBooks
from receivables.books_records import CreditMemo, Document, Gone, Invoice, InvoiceStatus, Receipt, ReceiptLine
from receivables.effects import Answer, ApplyCredit, ApplyReceipt, Dispatch, Order, UnapplyCredit, Written, marker_stem
from receivables.errors import AccessLost, BooksRefused, BooksUnavailable, OutcomeUnknown

pytestmark = pytest.mark.slow
CREATE, VALIDATE, POST = 1, 2, 3  # the writes of a receipt, in order


@pytest.fixture
def tryton() -> Iterator[TrytonScene]:
    with tryton_scene() as made:
        yield made


@pytest.fixture
def with_reference() -> Iterator[TrytonScene]:
    with tryton_scene(WITH_REFERENCE) as made:
        yield made


def send(tryton: TrytonScene, order: Order, books: TrytonBooks | None = None) -> Answer:
    (answer,) = (books or tryton.books).write(Dispatch("dispatch", (order,), tryton.clock.monotonic() + 60.0))
    return answer


def send_together(tryton: TrytonScene, *orders: Order, books: TrytonBooks | None = None) -> list[Answer]:
    return list((books or tryton.books).write(Dispatch("dispatch", orders, tryton.clock.monotonic() + 60.0)))


def several(customer: str, count: int) -> list[Order]:
    """Orders for receipts of 500.00 on account: TXN-1, TXN-2 ..."""
    numbers = [f"TXN-{number}" for number in range(1, count + 1)]
    return [an_order(a_receipt_write(customer, reference=number), number) for number in numbers]


def written(answer: Answer) -> Written:
    assert isinstance(answer, Written), answer
    return answer


def code_of(answer: Answer) -> str:
    assert isinstance(answer, BooksRefused), answer
    return answer.refusal


def receipt(tryton: TrytonScene, receipt_id: str) -> Receipt:
    found = tryton.books.receipts([receipt_id])[receipt_id]
    assert isinstance(found, Receipt)
    return found


def invoice(tryton: TrytonScene, invoice_id: str) -> Invoice:
    found = tryton.books.invoices([invoice_id])[invoice_id]
    assert isinstance(found, Invoice)
    return found


def memo(tryton: TrytonScene, memo_id: str) -> CreditMemo:
    found = tryton.books.credit_memos([memo_id])[memo_id]
    assert isinstance(found, CreditMemo)
    return found


# --- receipts -------------------------------------------------------------------------------------------------------------


def test_receipt_is_one_posted_statement_of_one_move_with_our_marker(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    first, second = tryton.dana.invoice("1", customer, 30_000), tryton.dana.invoice("2", customer, 20_000)
    order = an_order(a_receipt_write(customer, 60_000, ((first, 30_000), (second, 15_000))))

    found = receipt(tryton, written(send(tryton, order)).document_id)

    assert [(f"TXN-1 [{order.marker}]", "posted")] == tryton.statements()
    assert (ReceiptLine(first, 30_000), ReceiptLine(second, 15_000)) == found.lines
    assert 15_000 == found.unapplied_minor
    assert [InvoiceStatus.PAID, InvoiceStatus.OPEN] == [invoice(tryton, invoice_id).status for invoice_id in (first, second)]
    assert "Resolve Now" == found.created.person
    assert {"read", "write"} == set(tryton.calls.counts.made)
    assert 3 == tryton.calls.counts.made["write"]


@pytest.mark.parametrize(("amount_minor", "left_minor"), [(50_000, 0), (20_000, 30_000)], ids=["whole", "part"])
def test_receipt_entered_with_the_pay_button_is_seen_with_what_it_pays(
    tryton: TrytonScene, amount_minor: int, left_minor: int
) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1042", customer, 50_000)

    tryton.dana.receipt_by_wizard(number, amount_minor, "cheque 17")

    (found,) = tryton.books.receipts_of([customer], DAY)
    assert (amount_minor, 0, (ReceiptLine(number, amount_minor),)) == (found.amount_minor, found.unapplied_minor, found.lines)
    assert "cheque 17" in found.memo
    assert "Dana" == found.created.person
    assert left_minor == invoice(tryton, number).open_minor


@pytest.mark.parametrize("cut_after", [CREATE, VALIDATE, POST])
def test_receipts_cut_off_anywhere_are_looked_for_and_end_as_one_posted_statement_each(
    tryton: TrytonScene, cut_after: int
) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    paying = an_order(a_receipt_write(customer, lines=((number, 50_000),)))
    orders = [paying, *several(customer, 3)[1:]]
    tryton.calls.writes_until_cut = cut_after
    assert {OutcomeUnknown} == {type(answer) for answer in send_together(tryton, *orders)}
    assert [0 if cut_after == CREATE else 1] * 3 == [len(traces) for traces in tryton.books.look(orders)]

    again = send_together(tryton, *orders, books=tryton.another())

    names = [f"TXN-{place} [{order.marker}]" for place, order in enumerate(orders, start=1)]
    assert [(name, "posted") for name in names] == tryton.statements()
    found = {receipt.id: receipt for receipt in tryton.books.receipts_of([customer], DAY)}
    assert [written(answer).document_id for answer in again] == sorted(found)
    assert (50_000, 0) == (found[written(again[0]).document_id].applied_to(number), invoice(tryton, number).open_minor)


def test_process_killed_between_creating_and_validating_leaves_a_draft_that_is_gone_on_with(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    order = an_order(a_receipt_write(customer, lines=((number, 50_000),)))
    child = [sys.executable, str(Path(__file__).parent / "tryton_child.py"), tryton.server.url, tryton.database, customer, number]
    here = Path(__file__).parent
    done = subprocess.run(
        child, env={"PYTHONPATH": f"{here.parent}:{here}"}, capture_output=True, text=True, check=False, timeout=120
    )
    assert -9 == done.returncode, done.stderr
    assert [(f"TXN-1 [{order.marker}]", "draft")] == tryton.statements()
    assert [()] == list(tryton.books.look([order]))

    written(send(tryton, order))

    assert [(f"TXN-1 [{order.marker}]", "posted")] == tryton.statements()
    assert InvoiceStatus.PAID is invoice(tryton, number).status


def test_copy_that_a_person_began_is_neither_gone_on_with_nor_deleted(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    order = an_order(a_receipt_write(customer, 20_000))
    number = tryton.dana.invoice("1", customer, 50_000)
    copy = f"TXN-1 [{order.marker}]"
    tryton.dana.draft_statement(copy, number, 50_000)

    written(send(tryton, order))

    assert [(copy, "draft"), (copy, "posted")] == tryton.statements()
    assert 50_000 == invoice(tryton, number).open_minor


def test_draft_of_an_earlier_generation_is_cleared_away_by_the_next_one(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    given_up = an_order(a_receipt_write(customer, lines=((number, 50_000),)))
    tryton.calls.writes_until_cut = CREATE
    send(tryton, given_up)

    again = an_order(given_up.write, generation=1)
    written(send(tryton, again))

    assert [(f"TXN-1 [{again.marker}]", "posted")] == tryton.statements()


def test_statement_validated_and_cut_off_is_posted_with_the_next_receipt(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    cut, other = (an_order(a_receipt_write(customer, reference=number), number) for number in ("TXN-1", "TXN-2"))
    tryton.calls.writes_until_cut = VALIDATE
    send(tryton, cut)
    assert ["validated"] == [state for _, state in tryton.statements()]

    written(send(tryton, other))

    assert ["posted", "posted"] == [state for _, state in tryton.statements()]


@pytest.mark.parametrize("with_module", [False, True], ids=["without the module", "with the module"])
def test_two_of_us_with_the_same_orders_at_once_make_one_receipt_each(with_module: bool) -> None:
    with tryton_scene(WITH_REFERENCE) if with_module else tryton_scene() as tryton:
        customer = tryton.dana.customer("Hooli")
        number = tryton.dana.invoice("1", customer, 50_000)
        paying = an_order(a_receipt_write(customer, lines=((number, 50_000),)))
        orders = [paying, *several(customer, 3)[1:]]
        answers: list[Answer] = []
        both = [threading.Thread(target=_send_by_another, args=(tryton, orders, answers)) for _ in "12"]
        for worker in both:
            worker.start()
        for worker in both:
            worker.join()

        found = list(tryton.books.receipts_of([customer], DAY))
        assert [("TXN-1", 0), ("TXN-2", 50_000), ("TXN-3", 50_000)] == sorted(
            (receipt.reference, receipt.unapplied_minor) for receipt in found
        )
        assert sorted((f"TXN-{place} [{order.marker}]", "posted") for place, order in enumerate(orders, start=1)) == sorted(
            tryton.statements()
        )
        assert {receipt.id for receipt in found} >= {answer.document_id for answer in answers if isinstance(answer, Written)}


def _send_by_another(tryton: TrytonScene, orders: list[Order], answers: list[Answer]) -> None:
    answers.extend(send_together(tryton, *orders, books=tryton.another()))


def test_second_statement_made_by_another_of_us_in_between_is_not_doubled(tryton: TrytonScene) -> None:
    """The other one begins after our search and ends before our statement is created."""
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    order = an_order(a_receipt_write(customer, 20_000, lines=((number, 20_000),)))

    def other_goes_first(method: str) -> None:
        if method.endswith("statement.create"):
            tryton.calls.before_write = None
            written(send(tryton, order, tryton.another()))

    tryton.calls.before_write = other_goes_first
    written(send(tryton, order))

    assert ["posted"] == [state for _, state in tryton.statements()]
    assert 30_000 == invoice(tryton, number).open_minor


def test_invoice_cancelled_between_creating_and_validating_is_refused_and_leaves_no_draft(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)

    def cancel_first(method: str) -> None:
        if method.endswith("validate_statement"):
            tryton.dana.void_invoice(number)

    tryton.calls.before_write = cancel_first

    assert "invoice_not_open" == code_of(send(tryton, an_order(a_receipt_write(customer, lines=((number, 50_000),)))))
    assert [] == tryton.statements()
    assert [] == list(tryton.books.receipts_of([customer], DAY))


def test_invoice_dropped_from_a_statement_without_a_word_is_read_as_money_on_account(tryton: TrytonScene) -> None:
    """Tryton takes a statement for an invoice that does not exist; what it stands on comes from the books, not from the order."""
    customer = tryton.dana.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    account = tryton.dana.clerk.ids("account.account", ["type.receivable", "=", True], ["closed", "!=", True])[0]
    (journal,) = tryton.dana.clerk.ids("account.statement.journal", ["name", "=", JOURNAL])
    amount = Decimal("500.00")
    line = {"number": "TXN-1", "date": DAY, "party": int(customer), "account": account, "amount": amount}
    line |= {"related_to": "account.invoice,999999", "description": order.marker}
    us = tryton.server.sign_in_as(OUR_LOGIN, tryton.database)
    statement = us.make(
        "account.statement", name=f"TXN-1 [{order.marker}]", journal=journal, date=DAY, total_amount=amount,
        company=tryton.dana.clerk.context["company"], lines=[["create", [line]]],
    )  # fmt: skip
    assert tryton.dana.clerk.read("account.statement", statement, "state")["state"] == "draft"

    found = receipt(tryton, written(send(tryton, order)).document_id)

    assert ((), 50_000) == (found.lines, found.unapplied_minor)


# --- many at once ---------------------------------------------------------------------------------------------------------


def test_one_that_is_refused_stands_alone_and_the_others_are_posted(tryton: TrytonScene) -> None:
    """The invoice is canceled when everything is created: Tryton refuses the whole call, and again the half with it."""
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    first, second, third, fourth = several(customer, 4)
    paying = an_order(a_receipt_write(customer, lines=((number, 50_000),), reference="TXN-5"), "TXN-5")
    written(send(tryton, first))  # posted before
    tryton.calls.writes_until_cut = VALIDATE
    send(tryton, second)  # only validated
    validations: list[str] = []

    def cancel_first(method: str) -> None:
        if method.endswith("validate_statement"):
            if not validations:
                tryton.dana.void_invoice(number)
            validations.append(method)

    tryton.calls.before_write = cancel_first
    answers = send_together(tryton, first, third, paying, fourth, second)

    assert "invoice_not_open" == code_of(answers.pop(2))
    found = [receipt(tryton, written(answer).document_id) for answer in answers]
    assert ["TXN-1", "TXN-3", "TXN-4", "TXN-2"] == [posted.reference for posted in found]
    assert sorted(
        (f"TXN-{place} [{order.marker}]", "posted") for place, order in enumerate([first, second, third, fourth], 1)
    ) == (sorted(tryton.statements()))
    assert 3 == len(validations)  # three together, then either half; the canceled invoice is seen before it is sent again


def test_two_that_do_not_fit_on_one_invoice_together_are_the_first_and_a_refusal(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    numbers = ["TXN-1", "TXN-2", "TXN-3"]
    amounts = [30_000, 30_000, 20_000]
    orders = [
        an_order(a_receipt_write(customer, amount_minor, ((number, amount_minor),), reference), reference)
        for reference, amount_minor in zip(numbers, amounts, strict=True)
    ]

    first, second, third = send_together(tryton, *orders)

    assert "over_application" == code_of(second)
    stands = [receipt(tryton, written(answer).document_id).lines for answer in (first, third)]
    assert [(ReceiptLine(number, 30_000),), (ReceiptLine(number, 20_000),)] == stands
    assert InvoiceStatus.PAID is invoice(tryton, number).status
    assert ["posted", "posted"] == [state for _, state in tryton.statements()]


def test_dispatch_of_receipts_takes_three_writes_and_a_few_reads(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    orders = several(customer, 12)
    tryton.books.settings()
    before = dict(tryton.calls.counts.made)

    for answer in send_together(tryton, *orders):
        written(answer)

    made = {kind: tryton.calls.counts.made[kind] - before.get(kind, 0) for kind in ("read", "write")}
    assert 3 == made["write"]
    assert made["read"] <= len(orders)


# --- refusals -------------------------------------------------------------------------------------------------------------


def test_draft_statement_of_a_person_with_the_same_invoice_is_in_the_way_and_is_never_passed_over(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 50_000)
    tryton.dana.draft_statement("Monday's cheques", number, 50_000)

    answer = send(tryton, an_order(a_receipt_write(customer, lines=((number, 50_000),))))

    assert "draft_in_the_way" == code_of(answer)
    assert [("Monday's cheques", "draft")] == tryton.statements()
    assert 50_000 == invoice(tryton, number).open_minor


def test_customer_currency_and_journal_are_checked_before_anything_is_written(tryton: TrytonScene) -> None:
    hooli, initech = tryton.dana.customer("Hooli"), tryton.dana.customer("Initech")
    theirs = tryton.dana.invoice("1", initech, 50_000)
    tryton.dana.clerk.call("party.party.write", [int(initech)], {"active": False})
    elsewhere = TrytonBooks(
        calls(tryton.server.url, tryton.database, tryton.clock), tryton.clock, statement_journal="Nowhere", time_zone=CHICAGO
    )
    write = a_receipt_write(hooli)

    assert "customer_mismatch" == code_of(send(tryton, an_order(a_receipt_write(hooli, lines=((theirs, 50_000),)))))
    assert "customer_inactive" == code_of(send(tryton, an_order(a_receipt_write(initech))))
    assert "not_found" == code_of(send(tryton, an_order(a_receipt_write("999999"))))
    assert "currency_mismatch" == code_of(send(tryton, an_order(replace(write, currency="EUR"))))
    assert "account_inactive" == code_of(send(tryton, an_order(write), elsewhere))
    assert 0 == tryton.calls.counts.made.get("write", 0)
    assert [] == tryton.statements()


def test_day_without_a_fiscal_year_is_refused_as_a_closed_period_and_leaves_no_draft(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    write = replace(a_receipt_write(customer), received_on=DAY.replace(year=2019))

    assert "period_closed" == code_of(send(tryton, an_order(write)))
    assert [] == tryton.statements()


# --- credit memos ---------------------------------------------------------------------------------------------------------


def test_credit_in_a_match_with_a_receipt_is_taken_off_and_the_receipt_stays(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 10_000)
    credit = tryton.dana.credit_memo("CM-1", customer, 3_000)
    tryton.dana.apply_credit(credit, number, 3_000)
    tryton.dana.receipt_by_wizard(number, 7_000)
    assert InvoiceStatus.PAID is invoice(tryton, number).status
    (application,) = memo(tryton, credit).applications

    written(send(tryton, an_order(UnapplyCredit(application.id, credit, number, 3_000))))

    assert (3_000, ()) == (memo(tryton, credit).open_minor, memo(tryton, credit).applications)
    assert 3_000 == invoice(tryton, number).open_minor
    (found,) = tryton.books.receipts_of([customer], DAY)
    assert (7_000, 0) == (found.applied_to(number), found.unapplied_minor)


def test_credit_matched_in_full_tells_who_and_when_and_can_be_put_back(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 10_000)
    credit = tryton.dana.credit_memo("CM-1", customer, 10_000)
    tryton.dana.apply_credit(credit, number, 10_000)
    (application,) = memo(tryton, credit).applications
    assert (number, 10_000, "Dana") == (application.invoice_id, application.amount_minor, application.applied.person)
    written(send(tryton, an_order(UnapplyCredit(application.id, credit, number, 10_000))))
    assert (10_000, 10_000) == (invoice(tryton, number).open_minor, memo(tryton, credit).open_minor)

    back = an_order(ApplyCredit(credit, number, 10_000))
    done = written(send(tryton, back))

    assert [done.document_id] == [application.id for application in memo(tryton, credit).applications]
    assert (0, 0) == (invoice(tryton, number).open_minor, memo(tryton, credit).open_minor)
    assert [[done.document_id]] == [[trace.document_id for trace in traces] for traces in tryton.books.look([back])]


@pytest.mark.parametrize("cut_after", [1, 2, 3])
def test_credit_cut_off_while_it_is_applied_is_applied_once(tryton: TrytonScene, cut_after: int) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 7_000)
    credit = tryton.dana.credit_memo("CM-1", customer, 10_000)
    order = an_order(ApplyCredit(credit, number, 7_000))
    tryton.calls.writes_until_cut = cut_after
    assert isinstance(send(tryton, order), OutcomeUnknown)

    written(send(tryton, order, tryton.another()))

    assert [(number, 7_000)] == [
        (application.invoice_id, application.amount_minor) for application in memo(tryton, credit).applications
    ]
    assert 3_000 == memo(tryton, credit).open_minor
    assert 0 == invoice(tryton, number).open_minor


def test_receipt_entered_by_hand_is_divided_over_two_invoices(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    first, second = tryton.dana.invoice("1", customer, 30_000), tryton.dana.invoice("2", customer, 40_000)
    entered = tryton.dana.receipt(customer, 50_000, ())
    lines = (ReceiptLine(first, 30_000), ReceiptLine(second, 15_000))

    written(send(tryton, an_order(ApplyReceipt(entered, lines))))

    found = receipt(tryton, entered)
    assert (lines, 5_000, 50_000) == (found.lines, found.unapplied_minor, found.amount_minor)
    assert [0, 25_000] == [invoice(tryton, invoice_id).open_minor for invoice_id in (first, second)]
    assert [entered] == [receipt.id for receipt in tryton.books.receipts_of([customer], DAY)]


# --- access and changes ---------------------------------------------------------------------------------------------------


def test_session_that_ended_is_renewed_for_a_read_and_for_a_write_that_was_turned_away(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    tryton.books.settings()

    def end_every_session(method: str) -> None:
        tryton.calls.before_write = None
        tryton.end_sessions()

    tryton.calls.before_write = end_every_session
    written(send(tryton, order))
    assert ["posted"] == [state for _, state in tryton.statements()]
    tryton.end_sessions()

    assert "USD" == tryton.books.settings().home_currency


def test_wrong_password_and_unknown_database_are_lost_access(tryton: TrytonScene) -> None:
    for database, password in ((tryton.database, "not-the-password"), ("no-such-books", "any")):
        books = TrytonBooks(
            calls(tryton.server.url, database, tryton.clock, password), tryton.clock, statement_journal=JOURNAL, time_zone=CHICAGO
        )
        with pytest.raises(AccessLost):
            books.settings()


def test_server_that_does_not_answer_is_unavailable_for_reads_and_writes(tryton: TrytonScene) -> None:
    nobody = TrytonBooks(
        calls("http://127.0.0.1:9", "books", tryton.clock), tryton.clock, statement_journal=JOURNAL, time_zone=CHICAGO
    )
    with pytest.raises(BooksUnavailable):
        nobody.settings()
    assert isinstance(send(tryton, an_order(a_receipt_write("1")), nobody), BooksUnavailable)


def test_deleted_draft_is_gone_and_a_document_of_another_kind_is_not_an_invoice(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    draft = tryton.dana.deletable_invoice("1", customer, 10_000)
    assert InvoiceStatus.DRAFT is invoice(tryton, draft).status
    tryton.dana.delete_invoice(draft)

    assert Gone("invoice", draft) == tryton.books.invoices([draft])[draft]
    with pytest.raises(TrytonError):
        tryton.dana.clerk.read("account.invoice", int(draft), "number")


def test_cancelled_invoice_and_its_copy_with_another_number_are_both_reported(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    before = tryton.dana.invoice("1042", customer, 10_000)
    cursor = every_change(tryton, "")[1]

    tryton.dana.void_invoice(before)
    after = tryton.dana.invoice("1043", customer, 10_000)

    changed, _ = every_change(tryton, cursor)
    invoices = {document.id: document for document in changed if isinstance(document, Invoice)}
    assert {before: InvoiceStatus.VOIDED, after: InvoiceStatus.OPEN} == {id_: of.status for id_, of in invoices.items()}
    assert (True, invoices[before].items) == (bool(invoices[after].items), invoices[after].items)


def test_receipt_reversed_by_hand_brings_the_invoice_up_again_although_its_change_time_stands_still(tryton: TrytonScene) -> None:
    customer = tryton.dana.customer("Hooli")
    number = tryton.dana.invoice("1", customer, 10_000)
    entered = tryton.dana.receipt(customer, 4_000, ((number, 4_000),))
    cursor = every_change(tryton, "")[1]

    tryton.dana.void_receipt(entered)

    changed, _ = every_change(tryton, cursor)
    assert {number, entered} <= {document.id for document in changed}
    assert receipt(tryton, entered).voided
    assert 10_000 == invoice(tryton, number).open_minor


def test_changes_asked_for_again_from_the_same_place_are_told_again(tryton: TrytonScene) -> None:
    """A page that could not be kept is asked for once more, by this process or another."""
    customer = tryton.dana.customer("Hooli")
    cursor = every_change(tryton, "")[1]
    number = tryton.dana.invoice("1", customer, 10_000)

    first, _ = every_change(tryton, cursor)
    again, _ = every_change(tryton, cursor)
    elsewhere, _ = every_change(tryton, cursor, tryton.another())

    assert [number] == [document.id for document in first]
    assert number in {document.id for document in again}
    assert number in {document.id for document in elsewhere}


def every_change(tryton: TrytonScene, cursor: str, books: TrytonBooks | None = None) -> tuple[list[Document], str]:
    documents: list[Document] = []
    more = True
    while more:
        page = (books or tryton.books).changes(cursor)
        documents += page.documents
        cursor, more = page.cursor, page.more
    return documents, cursor


# --- the optional module --------------------------------------------------------------------------------------------------


def test_module_makes_a_second_statement_of_one_order_impossible(with_reference: TrytonScene) -> None:
    customer = with_reference.dana.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    written(send(with_reference, order))
    clerk = with_reference.dana.clerk
    (row,) = clerk.call("account.statement.search_read", [], 0, None, None, ["external_ref", "journal", "company", "date"])
    assert order.marker == row["external_ref"]
    assert marker_stem("acme", "TXN-1") in row["external_ref"]

    with pytest.raises(TrytonError, match="exists already"):
        clerk.make(
            "account.statement",
            name="copy",
            journal=row["journal"],
            company=row["company"],
            date=row["date"],
            external_ref=order.marker,
        )
