"""What every connector promises, whatever package is behind it: one suite for all; they join in `accounting_peers`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from accounting_peers import DAY, MAKERS, Peer, a_receipt_write, an_order
from makers import a_company, a_payment

from receivables import boundary
from receivables.books_records import Changes, CreditMemo, Gone, InvoiceStatus, MoneyOutKind, Receipt, ReceiptLine
from receivables.effects import (
    Answer,
    ApplyCredit,
    ApplyReceipt,
    Dispatch,
    EffectKind,
    Order,
    RecordReturn,
    UnapplyCredit,
    Verdict,
    VoidCredit,
    VoidReceipt,
    Written,
    classify,
    effect_key,
    marker_stem,
)
from receivables.errors import BooksRefused, BooksUnavailable


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    made: Peer = request.param(tmp_path)
    yield made
    made.close()


def send(peer: Peer, *orders: Order, key: str = "dispatch-1", seconds: float = 30.0) -> list[Answer]:
    return list(peer.books.write(Dispatch(key, orders, peer.clock.monotonic() + seconds)))


def written(answer: Answer) -> Written:
    assert isinstance(answer, Written), answer
    return answer


def code_of(answer: Answer) -> str:
    assert isinstance(answer, BooksRefused), answer
    return answer.refusal


def receipt_of(peer: Peer, receipt_id: str) -> Receipt:
    found = peer.books.receipts([receipt_id])[receipt_id]
    assert isinstance(found, Receipt)
    return found


def open_minor(peer: Peer, invoice_id: str) -> int:
    found = peer.books.invoices([invoice_id])[invoice_id]
    assert not isinstance(found, Gone)
    return found.open_minor


def pages(peer: Peer, cursor: str = "") -> list[Changes]:
    found = [peer.books.changes(cursor)]
    while found[-1].more:
        found.append(peer.books.changes(found[-1].cursor))
    return found


def ids_of(documents: Iterable[object]) -> list[str]:
    return [str(getattr(document, "id", "")) for document in documents]


def test_traits_are_limits_that_can_be_kept(peer: Peer) -> None:
    traits = peer.books.traits
    assert traits.package
    assert traits.orders_per_dispatch >= 1
    assert traits.settle_seconds > 0


def test_receipt_written_stands_on_its_invoices_exactly_as_ordered(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    first, second = peer.bookkeeper.invoice("1", customer, 30_000), peer.bookkeeper.invoice("2", customer, 20_000)
    lines = ((first, 30_000),) if peer.one_invoice_per_receipt else ((first, 30_000), (second, 15_000))
    amount_minor = 30_000 if peer.one_invoice_per_receipt else 50_000

    (answer,) = send(peer, an_order(a_receipt_write(customer, amount_minor, lines)))

    receipt = receipt_of(peer, written(answer).document_id)
    assert [(line.invoice_id, line.amount_minor) for line in receipt.lines] == list(lines)
    assert receipt.unapplied_minor == amount_minor - sum(line_minor for _, line_minor in lines)
    assert (receipt.customer_id, receipt.currency, receipt.amount_minor) == (customer, "USD", amount_minor)
    assert (receipt.received_on, receipt.reference, receipt.voided, receipt.deposited) == (DAY, "TXN-1", False, False)
    assert receipt.version == written(answer).version
    assert open_minor(peer, first) == 0
    assert open_minor(peer, second) == 20_000 - sum(line_minor for invoice, line_minor in lines if invoice == second)


def test_receipt_is_found_again_by_marker_and_by_stem(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    order = an_order(a_receipt_write(customer, lines=((invoice, 50_000),)))
    assert [list(traces) for traces in peer.books.look([order])] == [[]]

    answer = written(send(peer, order)[0])

    another_generation = an_order(order.write, generation=1)
    another_payment = an_order(order.write, transaction="TXN-2")
    looked = peer.books.look([order, another_generation, another_payment])
    assert [[trace.document_id for trace in traces] for traces in looked] == [[answer.document_id], [], []]
    ours, other = marker_stem("acme", "TXN-1"), marker_stem("acme", "TXN-2")
    marked = peer.books.receipts_marked([ours, other])
    assert {stem: ids_of(receipts) for stem, receipts in marked.items()} == {ours: [answer.document_id], other: []}


@pytest.mark.parametrize("undo", ["delete_receipt", "void_receipt"])
def test_receipt_undone_by_hand_is_no_longer_a_trace(peer: Peer, undo: str) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    order = an_order(a_receipt_write(customer, lines=((invoice, 50_000),)))
    receipt_id = written(send(peer, order)[0]).document_id

    getattr(peer.bookkeeper, undo)(receipt_id)

    assert [list(traces) for traces in peer.books.look([order])] == [[]]
    stem = marker_stem("acme", "TXN-1")
    assert ids_of(peer.books.receipts_marked([stem])[stem]) == []
    assert ids_of(peer.books.receipts_of([customer], date(2026, 1, 1))) == []
    assert open_minor(peer, invoice) == 50_000


def test_receipt_copied_by_hand_is_found_twice(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    ours = written(send(peer, order)[0]).document_id

    copy = peer.bookkeeper.receipt(customer, 50_000, (), memo=receipt_of(peer, ours).memo)

    (traces,) = peer.books.look([order])
    assert sorted(trace.document_id for trace in traces) == sorted([ours, copy])


def test_same_order_sent_twice_is_one_receipt(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    order = an_order(a_receipt_write(customer))

    first, second = send(peer, order), send(peer, order)

    assert written(first[0]).document_id == written(second[0]).document_id
    assert len(peer.books.receipts_of([customer], DAY)) == 1


def test_key_used_for_something_else_is_refused(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    send(peer, order)

    with pytest.raises(BooksRefused) as refusal:
        send(peer, replace(order, write=a_receipt_write(customer, 70_000)))

    assert refusal.value.refusal == "duplicate_request"
    assert len(peer.books.receipts_of([customer], DAY)) == 1


def test_receipt_larger_than_what_is_open_is_refused_or_swallowed(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    peer.bookkeeper.apply_credit(peer.bookkeeper.credit_memo("CM-1", customer, 12_000), invoice, 12_000)

    (answer,) = send(peer, an_order(a_receipt_write(customer, lines=((invoice, 50_000),))))

    if peer.swallows:
        receipt = receipt_of(peer, written(answer).document_id)
        assert (receipt.applied_to(invoice), receipt.unapplied_minor) == (38_000, 12_000)
        assert open_minor(peer, invoice) == 0
    else:
        assert code_of(answer) == "over_application"
        assert open_minor(peer, invoice) == 38_000
        assert list(peer.books.receipts_of([customer], DAY)) == []


def test_receipt_for_a_paid_invoice_is_refused_or_swallowed(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    peer.bookkeeper.receipt(customer, 50_000, ((invoice, 50_000),))

    (answer,) = send(peer, an_order(a_receipt_write(customer, lines=((invoice, 50_000),))))

    if peer.swallows:
        assert receipt_of(peer, written(answer).document_id).unapplied_minor == 50_000
    else:
        assert code_of(answer) == "invoice_not_open"


def test_receipt_for_a_deleted_invoice_is_refused(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.deletable_invoice("1", customer, 50_000)
    peer.bookkeeper.delete_invoice(invoice)

    (answer,) = send(peer, an_order(a_receipt_write(customer, lines=((invoice, 50_000),))))

    assert code_of(answer) == "document_gone"
    assert list(peer.books.receipts_of([customer], DAY)) == []


def test_receipt_in_a_closed_period_is_refused_and_the_same_order_passes_once_it_is_open(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    peer.bookkeeper.close_period(DAY)
    assert peer.books.settings().closed_through == DAY
    assert code_of(send(peer, order)[0]) == "period_closed"

    peer.bookkeeper.close_period(date(2026, 2, 28))

    assert written(send(peer, order)[0]).document_id


def test_refused_order_does_not_take_the_others_of_its_dispatch_with_it(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    gone = peer.deletable_invoice("1", customer, 50_000)
    peer.bookkeeper.delete_invoice(gone)
    before = an_order(a_receipt_write(customer, reference="TXN-1"), "TXN-1")
    broken = an_order(a_receipt_write(customer, lines=((gone, 50_000),), reference="TXN-2"), "TXN-2")
    after = an_order(a_receipt_write(customer, reference="TXN-3"), "TXN-3")

    answers = send(peer, before, broken, after)

    verdicts = [classify(answer).verdict for answer in answers]
    assert verdicts == [Verdict.DONE, Verdict.REFUSED, Verdict.DONE]
    assert sorted(receipt.reference for receipt in peer.books.receipts_of([customer], DAY)) == ["TXN-1", "TXN-3"]
    assert [len(traces) for traces in peer.books.look([before, broken, after])] == [1, 0, 1]


def test_identical_dispatch_sent_again_answers_the_same_and_writes_nothing(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    orders = [an_order(a_receipt_write(customer, reference=number), number) for number in ("TXN-1", "TXN-2")]

    first, second = send(peer, *orders), send(peer, *orders)

    assert [written(answer).document_id for answer in first] == [written(answer).document_id for answer in second]
    assert len(peer.books.receipts_of([customer], DAY)) == 2


def test_write_after_its_deadline_is_not_done(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")

    with pytest.raises(BooksUnavailable):
        send(peer, an_order(a_receipt_write(customer)), seconds=-0.1)

    assert list(peer.books.receipts_of([customer], DAY)) == []


def test_order_resting_on_an_older_version_is_refused(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    seen = peer.books.invoices([invoice])[invoice]
    assert not isinstance(seen, Gone)
    peer.bookkeeper.receipt(customer, 10_000, ((invoice, 10_000),))

    order = an_order(a_receipt_write(customer, 40_000, ((invoice, 40_000),)), versions={invoice: seen.version})

    assert code_of(send(peer, order)[0]) == "stale"
    assert open_minor(peer, invoice) == 40_000


def test_order_resting_on_a_document_deleted_meanwhile_is_refused_as_gone(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.deletable_invoice("1", customer, 50_000)
    seen = peer.books.invoices([invoice])[invoice]
    assert not isinstance(seen, Gone)
    peer.bookkeeper.delete_invoice(invoice)

    order = an_order(a_receipt_write(customer), versions={invoice: seen.version})

    assert code_of(send(peer, order)[0]) == "document_gone"
    assert list(peer.books.receipts_of([customer], DAY)) == []


def test_unapplying_an_application_that_is_not_the_one_meant_is_refused(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 12_000)
    application = peer.bookkeeper.apply_credit(memo, invoice, 12_000)

    (answer,) = send(peer, an_order(UnapplyCredit(application, memo, invoice, 11_999)))

    assert code_of(answer) == "stale"
    assert open_minor(peer, invoice) == 38_000


def test_unapplying_a_credit_frees_exactly_that_application(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice, other = peer.bookkeeper.invoice("1", customer, 50_000), peer.bookkeeper.invoice("2", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 20_000)
    application = peer.bookkeeper.apply_credit(memo, invoice, 12_000)
    peer.bookkeeper.apply_credit(memo, other, 5_000)
    order = an_order(UnapplyCredit(application, memo, invoice, 12_000))
    assert [list(traces) for traces in peer.books.look([order])] == [[]]

    written(send(peer, order)[0])

    (found,) = peer.books.credit_memos_on([other])
    assert [(a.invoice_id, a.amount_minor) for a in found.applications] == [(other, 5_000)]
    assert found.open_minor == 15_000
    assert list(peer.books.credit_memos_on([invoice])) == []
    assert (open_minor(peer, invoice), open_minor(peer, other)) == (50_000, 45_000)
    assert [tombstone for page in pages(peer) for tombstone in page.gone] == []  # no document of the books was deleted
    assert [len(traces) for traces in peer.books.look([order])] == [1]


def test_unapplying_what_somebody_took_off_already_is_fulfilled(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 12_000)
    application = peer.bookkeeper.apply_credit(memo, invoice, 12_000)
    peer.bookkeeper.unapply_credit(application)

    (answer,) = send(peer, an_order(UnapplyCredit(application, memo, invoice, 12_000), versions={invoice: "old"}))

    assert classify(answer).verdict is Verdict.DONE
    assert open_minor(peer, invoice) == 50_000


def test_applied_credit_is_found_by_its_marker_until_it_is_taken_off(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 20_000)
    order = an_order(ApplyCredit(memo, invoice, 12_000))

    application = written(send(peer, order)[0]).document_id

    assert [[trace.document_id for trace in traces] for traces in peer.books.look([order])] == [[application]]
    assert open_minor(peer, invoice) == 38_000
    peer.bookkeeper.unapply_credit(application)
    assert [list(traces) for traces in peer.books.look([order])] == [[]]


def test_more_credit_than_is_left_or_open_is_refused(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 10_000)
    small, large = peer.bookkeeper.credit_memo("CM-1", customer, 5_000), peer.bookkeeper.credit_memo("CM-2", customer, 50_000)

    exhausted = send(peer, an_order(ApplyCredit(small, invoice, 5_001), "TXN-1"))
    too_much = send(peer, an_order(ApplyCredit(large, invoice, 10_001), "TXN-2"))

    assert [code_of(exhausted[0]), code_of(too_much[0])] == ["credit_exhausted", "over_application"]
    assert open_minor(peer, invoice) == 10_000


def test_live_receipt_is_moved_to_other_lines_without_a_second_receipt(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    wrong, right = peer.bookkeeper.invoice("1", customer, 50_000), peer.bookkeeper.invoice("2", customer, 50_000)
    receipt_id = written(send(peer, an_order(a_receipt_write(customer, lines=((wrong, 50_000),))))[0]).document_id
    order = an_order(ApplyReceipt(receipt_id, (ReceiptLine(right, 40_000),)))
    assert [list(traces) for traces in peer.books.look([order])] == [[]]

    (answer,) = send(peer, order)

    if not peer.moves_receipts:  # then it says so in words, and leaves everything as it was
        assert code_of(answer) == "invalid"
        assert (open_minor(peer, wrong), open_minor(peer, right)) == (0, 50_000)
        return
    written(answer)
    receipt = receipt_of(peer, receipt_id)
    assert [(line.invoice_id, line.amount_minor) for line in receipt.lines] == [(right, 40_000)]
    assert receipt.unapplied_minor == 10_000
    assert (open_minor(peer, wrong), open_minor(peer, right)) == (50_000, 10_000)
    assert [len(traces) for traces in peer.books.look([order])] == [1]
    assert len(peer.books.receipts_of([customer], DAY)) == 1


def test_every_id_asked_for_is_answered_and_a_deleted_document_is_gone(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    kept, deleted = peer.bookkeeper.invoice("1", customer, 50_000), peer.deletable_invoice("2", customer, 50_000)
    peer.bookkeeper.delete_invoice(deleted)

    found = peer.books.invoices([kept, deleted, "never-was"])

    assert set(found) == {kept, deleted, "never-was"}
    assert not isinstance(found[kept], Gone)
    gone = found[deleted]
    assert isinstance(gone, Gone)
    assert (gone.kind, gone.id) == ("invoice", deleted)
    assert isinstance(found["never-was"], Gone)


def test_invoices_are_found_by_number_while_they_live(peer: Peer) -> None:
    hooli, initech = peer.bookkeeper.customer("Hooli"), peer.bookkeeper.customer("Initech")
    ours, theirs = peer.bookkeeper.invoice("1042", hooli, 50_000), peer.bookkeeper.invoice("1042", initech, 70_000)
    deleted = peer.deletable_invoice("1042", hooli, 10_000)
    peer.bookkeeper.delete_invoice(deleted)
    peer.bookkeeper.invoice("10", hooli, 10_000)

    found = peer.books.invoices_numbered(["1042"])

    assert sorted((invoice.id, invoice.total_minor) for invoice in found) == sorted([(ours, 50_000), (theirs, 70_000)])
    tells = peer.books.traits.package != "Embedded books"  # there only where somebody gave a day
    assert [tells, tells] == [invoice.due_on is not None for invoice in found]


def test_deleting_an_invoice_sets_its_money_free(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    receipt_id = peer.bookkeeper.receipt(customer, 30_000, ((invoice, 30_000),))
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 20_000)
    peer.bookkeeper.apply_credit(memo, invoice, 20_000)

    if peer.keeps_issued:
        peer.bookkeeper.void_invoice(invoice)
    else:
        peer.bookkeeper.delete_invoice(invoice)

    receipt = receipt_of(peer, receipt_id)
    assert (receipt.unapplied_minor, receipt.voided) == ((30_000, False) if peer.frees_receipts else (0, True))
    free = peer.books.credit_memos([memo])[memo]
    assert not isinstance(free, Gone)
    assert free.open_minor == 20_000


def test_voided_invoice_is_told_from_an_open_and_a_paid_one(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    ids = [peer.bookkeeper.invoice(number, customer, 50_000) for number in ("1", "2", "3")]
    peer.bookkeeper.receipt(customer, 50_000, ((ids[1], 50_000),))
    peer.bookkeeper.void_invoice(ids[2])

    found = peer.books.invoices(ids)

    status = [getattr(found[invoice_id], "status", None) for invoice_id in ids]
    assert status == [InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.VOIDED]
    assert open_minor(peer, ids[2]) == 0


def test_changes_since_the_beginning_hold_every_document_once(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoices = [peer.bookkeeper.invoice(str(number), customer, 50_000) for number in range(peer.more_than_a_page)]
    deleted = peer.deletable_invoice("1001", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 20_000)
    peer.bookkeeper.apply_credit(memo, invoices[0], 20_000)
    receipt_id = peer.bookkeeper.receipt(customer, 50_000, ((invoices[1], 50_000),))
    peer.bookkeeper.delete_invoice(deleted)

    found = pages(peer)

    documents = ids_of(document for page in found for document in page.documents)
    assert sorted(documents) == sorted([customer, memo, receipt_id, *invoices])
    assert (deleted in ids_of(tombstone for page in found for tombstone in page.gone)) is peer.tells_deletions
    assert len(found) > 1
    assert peer.books.changes(found[-1].cursor).documents == ()


def test_change_of_an_application_brings_the_invoice_up_again(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice, untouched = peer.bookkeeper.invoice("1", customer, 50_000), peer.bookkeeper.invoice("2", customer, 50_000)
    before = peer.books.invoices([invoice])[invoice]
    cursor = pages(peer)[-1].cursor

    receipt_id = peer.bookkeeper.receipt(customer, 20_000, ((invoice, 20_000),))

    changed = [document for page in pages(peer, cursor) for document in page.documents]
    assert {invoice, receipt_id} <= set(ids_of(changed))
    assert untouched not in ids_of(changed)
    assert getattr(before, "version", "") != getattr(peer.books.invoices([invoice])[invoice], "version", "")


def test_receipts_of_a_customer_begin_with_the_day_asked_for(peer: Peer) -> None:
    hooli, initech = peer.bookkeeper.customer("Hooli"), peer.bookkeeper.customer("Initech")
    ours = peer.bookkeeper.receipt(hooli, 50_000, ())
    theirs = peer.bookkeeper.receipt(initech, 50_000, ())

    def found(customers: Collection[str], day: date) -> list[str]:
        return sorted(ids_of(peer.books.receipts_of(customers, day)))

    assert found([hooli], DAY) == [ours]
    assert found([hooli, initech], DAY) == sorted([ours, theirs])
    assert found([hooli, initech], date(2026, 3, 11)) == []


def test_parts_add_up_to_the_payment_and_are_the_same_every_time(peer: Peer) -> None:
    company = a_company(deposit_accounts={"card/USD": "Clearing", "default": "Bank"})
    payment = a_payment(amount_minor=60_000, paid_at=datetime(2026, 3, 11, 3, 30, tzinfo=UTC))
    lines = (("I1", 30_000), ("I2", 20_000))

    parts = peer.books.parts(payment, lines, company, "C1")

    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert list(parts) == list(peer.books.parts(payment, lines, company, "C1"))
    assert sum(part.write.amount_minor for part in parts) == 60_000
    applied = [(line.invoice_id, line.amount_minor) for part in parts for line in part.write.lines]
    assert applied == list(lines)
    assert {part.write.received_on for part in parts} == {date(2026, 3, 10)}  # still the tenth in Chicago
    assert {(part.write.reference, part.write.deposit_account) for part in parts} == {("TXN-1", "Clearing")}
    assert len(parts) == (3 if peer.one_invoice_per_receipt else 1)


def test_return_is_an_entry_of_its_day_or_is_refused_with_nothing_done(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    recorded = send(peer, an_order(a_receipt_write(customer, lines=((invoice, 50_000),), reference="TXN-100001")))
    receipt_id = written(recorded[0]).document_id
    write = RecordReturn(receipt_id, MoneyOutKind.RETURN, 50_000, DAY, "Returned", (ReceiptLine(invoice, 50_000),))
    order, able = an_order(write, generation=1), EffectKind.RECORD_RETURN in peer.books.traits.able

    (answer,) = send(peer, order, key="dispatch-2")

    assert isinstance(answer, Written if able else BooksRefused)
    found = [(entry.amount_minor, entry.on) for entry in peer.books.money_out([receipt_id])[receipt_id]]
    assert ([(50_000, DAY)] if able else []) == found
    assert (int(able), 50_000 * able) == (len(peer.books.look([order])[0]), open_minor(peer, invoice))
    assert (50_000, False) == (receipt_of(peer, receipt_id).amount_minor, receipt_of(peer, receipt_id).voided)


def test_receipt_of_ours_is_voided_and_its_record_stays_or_nothing_is_done(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    receipt_id = written(send(peer, an_order(a_receipt_write(customer, lines=((invoice, 50_000),))))[0]).document_id
    order, able = an_order(VoidReceipt(receipt_id), generation=1), EffectKind.VOID_RECEIPT in peer.books.traits.able

    (answer,) = send(peer, order, key="dispatch-2")

    assert isinstance(answer, Written if able else BooksRefused)
    assert (able, 50_000 * able) == (receipt_of(peer, receipt_id).voided, open_minor(peer, invoice))
    assert int(able) == len(peer.books.look([order])[0])


def test_credit_memo_that_was_taken_off_is_voided_and_its_record_stays_or_nothing_is_done(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("WO-1", customer, 50_000)
    application = peer.bookkeeper.apply_credit(memo, invoice, 50_000)
    order, able = an_order(VoidCredit(memo), generation=1), EffectKind.VOID_CREDIT in peer.books.traits.able

    (too_early,) = send(peer, order, key="dispatch-2")
    assert isinstance(too_early, BooksRefused)
    peer.bookkeeper.unapply_credit(application)
    (answer,) = send(peer, replace(order, key=effect_key("acme", "TXN-1", "void", 2)), key="dispatch-3")

    assert isinstance(answer, Written if able else BooksRefused)
    found = peer.books.credit_memos([memo])[memo]
    assert isinstance(found, CreditMemo)
    assert (able, 50_000 * (not able)) == (found.voided, found.open_minor)
    assert int(able) == len(peer.books.look([order])[0])
    assert [] == list(peer.books.credit_memos_on([invoice]))


def test_nothing_calls_the_books_while_our_own_database_holds_a_transaction(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    order = an_order(a_receipt_write(customer))
    books = peer.books
    calls: list[Callable[[], object]] = [
        books.settings,
        lambda: books.changes(""),
        lambda: books.customers([]),
        lambda: books.invoices([]),
        lambda: books.invoices_numbered([]),
        lambda: books.credit_memos([]),
        lambda: books.credit_memos_on([]),
        lambda: books.receipts([]),
        lambda: books.receipts_of([], DAY),
        lambda: books.receipts_marked([]),
        lambda: books.money_out([]),
        lambda: books.reconciled([]),
        lambda: books.only_for_invoices([]),
        lambda: books.balances(DAY, DAY),
        lambda: books.look([order]),
        lambda: send(peer, order),
    ]
    refused = 0
    with boundary.transaction():
        for call in calls:
            with pytest.raises(AssertionError, match="transaction is open"):
                call()
            refused += 1
        planned = books.parts(a_payment(), (), a_company(), customer)  # asks nobody, so posting may plan inside its own
    assert refused == len(calls)
    assert sum(part.write.amount_minor for part in planned) == a_payment().amount_minor
    assert list(books.receipts_of([customer], DAY)) == []


def test_who_and_when_are_told_for_what_was_done_by_hand(peer: Peer) -> None:
    customer = peer.bookkeeper.customer("Hooli")
    invoice = peer.bookkeeper.invoice("1", customer, 50_000)
    memo = peer.bookkeeper.credit_memo("CM-1", customer, 12_000)
    peer.bookkeeper.apply_credit(memo, invoice, 12_000)

    (found,) = peer.books.credit_memos_on([invoice])

    told = peer.bookkeeper.name if peer.tells_who else ""
    assert [application.applied.person for application in found.applications] == [told]
    assert all(application.applied.at.tzinfo is not None for application in found.applications)
    assert found.applications[0].credit_memo_number == "CM-1"
