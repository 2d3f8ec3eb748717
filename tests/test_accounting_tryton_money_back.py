"""Money that goes back on a real Tryton: entries read and made, receipts taken back, and what somebody undid by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from accounting_peers import a_receipt_write, an_order
from test_accounting_tryton import every_change, invoice, receipt, send, written
from tryton_scene import TrytonScene, tryton_scene

from receivables.books_records import Invoice, MoneyOut, MoneyOutKind, Receipt, ReceiptLine
from receivables.effects import ApplyReceipt, Order, RecordReturn, VoidReceipt
from receivables.errors import BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal

pytestmark = pytest.mark.slow
WENT_BACK = date(2026, 3, 20)


@pytest.fixture
def tryton() -> Iterator[TrytonScene]:
    with tryton_scene() as scene:
        yield scene


def paid(tryton: TrytonScene, *amounts: int, on_account: int = 0) -> tuple[str, list[str], str]:
    """A customer, invoices of these amounts, and our receipt that pays them."""
    customer = tryton.dana.customer("Hooli")
    invoices = [tryton.dana.invoice(str(place), customer, amount) for place, amount in enumerate(amounts, start=1)]
    lines = tuple(zip(invoices, amounts, strict=True))
    made = written(send(tryton, an_order(a_receipt_write(customer, sum(amounts) + on_account, lines))))
    return customer, invoices, made.document_id


def returning(
    tryton: TrytonScene,
    receipt_id: str,
    amount_minor: int = 50_000,
    *,
    out: MoneyOutKind = MoneyOutKind.RETURN,
    off_minor: int = -1,
) -> Order:
    """An order that records a return and takes it off the last invoices first."""
    left, off = amount_minor, []
    for line in reversed(receipt(tryton, receipt_id).lines):
        off += [ReceiptLine(line.invoice_id, min(left, line.amount_minor))] if left else []
        left -= min(left, line.amount_minor)
    memo = f"Payment TXN-1 was {out.value}ed"
    return an_order(RecordReturn(receipt_id, out, amount_minor, WENT_BACK, memo, tuple(off)), generation=1)


def entries(tryton: TrytonScene, receipt_id: str) -> list[MoneyOut]:
    return list(tryton.books.money_out([receipt_id])[receipt_id])


def opened(tryton: TrytonScene, invoices: list[str]) -> list[int]:
    return [invoice(tryton, invoice_id).open_minor for invoice_id in invoices]


def refused(tryton: TrytonScene, order: Order) -> Refusal:
    answer = send(tryton, order)
    assert isinstance(answer, BooksRefused), answer
    return answer.refusal


# --- an entry of its own day ----------------------------------------------------------------------------------------------


def test_return_cut_off_after_it_was_validated_is_looked_for_and_ends_as_one_entry(tryton: TrytonScene) -> None:
    _, invoices, made = paid(tryton, 50_000)
    order = returning(tryton, made)
    tryton.calls.writes_until_cut = 4  # drafted, unreconciled, unlinked, validated
    assert isinstance(send(tryton, order), OutcomeUnknown)
    assert 1 == len(tryton.books.look([order])[0])

    done = written(send(tryton, order, tryton.another()))

    assert [(done.document_id, MoneyOutKind.RETURN, 50_000)] == told(tryton, made)
    assert [50_000] == opened(tryton, invoices)
    assert 2 == len(tryton.statements())


def test_part_is_refunded_and_the_rest_stays_on_its_invoice(tryton: TrytonScene) -> None:
    _, invoices, made = paid(tryton, 50_000)

    written(send(tryton, returning(tryton, made, 20_000, out=MoneyOutKind.REFUND)))

    now = receipt(tryton, made)
    assert ((ReceiptLine(invoices[0], 30_000),), 0) == (now.lines, now.unapplied_minor)
    assert [20_000] == opened(tryton, invoices)
    assert [(MoneyOutKind.REFUND, 20_000)] == [(entry.kind, entry.amount_minor) for entry in entries(tryton, made)]
    assert Refusal.STALE is refused(tryton, an_order(returning(tryton, made, 40_000).write, generation=2))


def test_entry_by_hand_counts_where_it_names_the_receipt_or_is_reconciled_with_it_and_is_never_doubled(
    tryton: TrytonScene,
) -> None:
    customer, invoices, made = paid(tryton, 50_000)
    tryton.dana.pay_back(customer, 10_000, "Returned: TXN-1-2", on=WENT_BACK)
    by_hand = tryton.dana.pay_back(customer, 50_000, "ACH returns", on=WENT_BACK)
    assert [] == entries(tryton, made)
    assert Refusal.INVALID is refused(tryton, returning(tryton, made))  # it may be this return

    tryton.dana.unreconcile(made)
    tryton.dana.reconcile(tryton.dana.receivable_lines(made, by_hand))
    assert [(by_hand, MoneyOutKind.RETURN, 50_000)] == told(tryton, made)
    assert ((), 0, 50_000) == (receipt(tryton, made).lines, receipt(tryton, made).unapplied_minor, *opened(tryton, invoices))
    assert Refusal.STALE is refused(tryton, returning(tryton, made))

    tryton.dana.unreconcile(made)
    named = tryton.dana.pay_back(customer, 50_000, "Chargeback TXN-1", on=WENT_BACK)
    assert [(named, MoneyOutKind.CHARGEBACK, 50_000)] == told(tryton, made)
    assert 4 == len(tryton.statements())  # ours, and the three by hand


def told(tryton: TrytonScene, receipt_id: str) -> list[tuple[str, MoneyOutKind, int]]:
    return [(entry.id, entry.kind, entry.amount_minor) for entry in entries(tryton, receipt_id)]


# --- a receipt that is taken back -----------------------------------------------------------------------------------------


def voiding(receipt_id: str, transaction: str = "TXN-1") -> Order:
    return an_order(VoidReceipt(receipt_id), transaction, generation=3)


def test_voided_receipt_is_cancelled_in_whatever_parts_it_was_divided(tryton: TrytonScene) -> None:
    customer, invoices, made = paid(tryton, 50_000, on_account=10_000)
    other = tryton.dana.invoice("9", customer, 20_000)
    lines = (ReceiptLine(other, 20_000), ReceiptLine(invoices[0], 25_000))
    written(send(tryton, an_order(ApplyReceipt(made, lines), generation=2)))
    assert [25_000, 0] == opened(tryton, [*invoices, other])

    done = written(send(tryton, voiding(made)))

    now = receipt(tryton, made)
    assert (True, (), 0) == (now.voided, now.lines, now.unapplied_minor)
    assert [50_000, 20_000] == opened(tryton, [*invoices, other])
    assert ((done,),) == tryton.books.look([voiding(made)])
    assert done == send(tryton, voiding(made))
    written(send(tryton, an_order(a_receipt_write(customer, 20_000, ((other, 20_000),), "TXN-2"), "TXN-2")))


def test_only_ours_is_voided_and_nothing_is_written_in_a_closed_month(tryton: TrytonScene) -> None:
    customer, _, made = paid(tryton, 50_000)
    by_hand = tryton.dana.receipt(customer, 10_000, ())
    assert Refusal.WRONG_STATE is refused(tryton, voiding(by_hand))
    assert Refusal.WRONG_STATE is refused(tryton, voiding(made, "TXN-2"))
    tryton.dana.close_period(date(2026, 3, 31))
    assert Refusal.PERIOD_CLOSED is refused(tryton, voiding(made))
    assert Refusal.PERIOD_CLOSED is refused(tryton, returning(tryton, made))
    assert 1 == len(tryton.statements())  # no draft is left
    assert ([], False) == (entries(tryton, made), receipt(tryton, made).voided)


# --- what somebody undid by hand ------------------------------------------------------------------------------------------


def test_receipt_unreconciled_by_hand_is_seen_as_taken_off_and_can_be_applied_again(tryton: TrytonScene) -> None:
    _, invoices, made = paid(tryton, 30_000, 20_000)
    cursor = every_change(tryton, "")[1]

    tryton.dana.unreconcile(made)

    changed, _ = every_change(tryton, cursor)
    assert {(made, 50_000), (invoices[0], 30_000), (invoices[1], 20_000)} == {
        (document.id, document.unapplied_minor if isinstance(document, Receipt) else document.open_minor)
        for document in changed
        if isinstance(document, Receipt | Invoice)
    }
    order = an_order(ApplyReceipt(made, (ReceiptLine(invoices[0], 30_000),)), generation=2)
    written(send(tryton, order))
    assert [0, 20_000] == opened(tryton, invoices)
    assert 20_000 == receipt(tryton, made).unapplied_minor
    assert 1 == len(tryton.books.look([order])[0])


def test_receipt_in_one_reconciliation_with_others_comes_off_and_they_pay_on(tryton: TrytonScene) -> None:
    """Dana reconciles two invoices with ours and with a receipt of her own at once."""
    customer = tryton.dana.customer("Hooli")
    invoices = [tryton.dana.invoice(str(number), customer, amount) for number, amount in ((1, 30_000), (2, 20_000))]
    made = written(send(tryton, an_order(a_receipt_write(customer, 40_000)))).document_id
    hers = tryton.dana.receipt(customer, 10_000, ())
    claims = [line["id"] for invoice_id in invoices for line in tryton.dana.lines_to_pay(invoice_id)]
    tryton.dana.reconcile([*claims, *tryton.dana.receivable_lines(made, hers)])
    assert [0, 0] == opened(tryton, invoices)

    written(send(tryton, returning(tryton, made, 40_000)))

    assert [30_000, 10_000] == opened(tryton, invoices)
    assert (ReceiptLine(invoices[1], 10_000),) == receipt(tryton, hers).lines
    assert [40_000] == [entry.amount_minor for entry in entries(tryton, made)]
