"""The embedded books: both tempers, versions, tombstones, keys, deposits, closed periods, two writers at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from makers import START, ManualClock
from pysqlite3 import dbapi2 as sqlite
from scripts import Script, script

from accounting.embedded.change import AUTOMATIC, Kind
from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from accounting.embedded.money_out import NewMoneyOut
from accounting.embedded.receipts import Correction
from receivables.books_records import Gone, Invoice, InvoiceStatus, MoneyOutKind, Receipt
from receivables.effects import Dispatch, Order, ReceiptWrite, Written, effect_key, marker
from receivables.errors import BooksRefused, BooksUnavailable, ConfigurationError, NotFound

DAY = date(2026, 3, 10)
ROOT = Path(__file__).resolve().parent.parent


class Impatient(Ledger):
    busy_timeout_seconds = 0.05


def a_ledger(folder: Path, *, temper: str = "strict", clock: ManualClock | None = None) -> Ledger:
    return Ledger(folder / "books.sqlite", clock or ManualClock(), temper=temper)


def a_customer(ledger: Ledger, name: str = "Hooli") -> str:
    return ledger.add_customer(name, by="Dana").id


def an_invoice(ledger: Ledger, customer_id: str, number: str = "1042", amount_minor: int = 50_000, on: date = DAY) -> Invoice:
    return ledger.add_invoice(number, customer_id, amount_minor, "USD", on, by="Dana")


def a_receipt(
    ledger: Ledger,
    customer_id: str,
    amount_minor: int = 50_000,
    lines: tuple[tuple[str, int], ...] = (),
    on: date = DAY,
    account: str = "",
) -> Receipt:
    return ledger.enter_receipt(customer_id, amount_minor, "USD", on, by="Dana", lines=lines, deposit_account=account)


def an_order(customer_id: str, transaction: str = "TXN-1") -> Order:
    write = ReceiptWrite(customer_id, "USD", 50_000, DAY, "card", transaction, f"Portal payment {transaction}", "")
    return Order("effect", effect_key("acme", transaction, "receipt/1", 0), marker("acme", transaction, 1, 0), write)


def send(ledger: Ledger, *orders: Order) -> list[Written]:
    books = EmbeddedBooks(ledger, ledger.clock)
    answers = books.write(Dispatch("dispatch", orders, ledger.clock.monotonic() + 60))
    return [answer for answer in answers if isinstance(answer, Written)]


def the_invoice(ledger: Ledger, invoice_id: str) -> Invoice:
    return next(invoice for invoice in ledger.invoices() if invoice.id == invoice_id)


def refusal_of(call: Callable[[], object]) -> str:
    with pytest.raises(BooksRefused) as refusal:
        call()
    return refusal.value.refusal


def test_temper_and_currency_are_those_the_file_was_made_with(tmp_path: Path) -> None:
    Ledger(tmp_path / "books.sqlite", ManualClock(), temper="swallowing", home_currency="EUR").close()

    reopened = Ledger(tmp_path / "books.sqlite", ManualClock(), temper="strict", home_currency="USD")

    assert (reopened.temper.value, reopened.settings().home_currency) == ("swallowing", "EUR")


def test_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear auditor, " * 100)
    other = sqlite.connect(str(tmp_path / "other.sqlite"))
    other.execute("CREATE TABLE letters (text TEXT)")
    other.close()
    before = [(tmp_path / name).read_bytes() for name in ("letter.txt", "other.sqlite")]

    for name in ("letter.txt", "other.sqlite"):
        with pytest.raises(ConfigurationError):
            Ledger(tmp_path / name, ManualClock())

    assert before == [(tmp_path / name).read_bytes() for name in ("letter.txt", "other.sqlite")]


def test_file_is_synchronised_fully_and_written_ahead(tmp_path: Path) -> None:
    with a_ledger(tmp_path).reading() as connection:
        pragmas = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert pragmas == ["wal", 2, 1]


def test_every_change_gives_a_new_version_and_applied_money_also_to_the_invoice(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)
    receipt = a_receipt(ledger, customer, 50_000, ((invoice.id, 20_000),))
    paid = the_invoice(ledger, invoice.id)
    changed = ledger.apply_receipt(receipt.id, [(invoice.id, 30_000)], by="Dana")
    same = ledger.apply_receipt(receipt.id, [(invoice.id, 30_000)], by="Dana")

    assert [invoice.version, paid.version, the_invoice(ledger, invoice.id).version] == ["1", "2", "3"]
    assert [receipt.version, changed.version, same.version] == ["1", "2", "2"]


def test_tombstone_tells_number_person_and_moment(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    invoice = an_invoice(ledger, a_customer(ledger))
    at = datetime(2026, 3, 12, 9, 30, 15, 123456, tzinfo=UTC)

    ledger.delete_invoice(invoice.id, by="Eve", at=at)

    gone = EmbeddedBooks(ledger, ledger.clock).invoices([invoice.id])[invoice.id]
    assert isinstance(gone, Gone)
    assert gone.deleted is not None
    assert (gone.number, gone.deleted.person, gone.deleted.at) == ("1042", "Eve", at)


def test_id_of_a_deleted_document_is_never_given_again(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    invoice = an_invoice(ledger, a_customer(ledger))

    successor = ledger.recreate_invoice(invoice.id, 45_000, by="Eve")

    assert successor.id != invoice.id
    assert (successor.number, successor.total_minor, successor.customer_id) == ("1042", 45_000, invoice.customer_id)
    assert successor.created.person == "Eve"


def test_history_names_who_did_what_when(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)
    memo = ledger.add_credit_memo("CM-77", customer, 12_000, "USD", DAY, by="Dana")
    ledger.apply_credit(memo.id, invoice.id, 12_000, by="Eve", at=START - timedelta(days=3))

    entries = [entry for entry in ledger.history("1042") if entry.kind == "invoice"]

    assert [(entry.person, entry.at) for entry in entries] == [("Dana", START), ("Eve", START - timedelta(days=3))]
    assert entries[1].what == "received 120.00 USD of credit memo CM-77"


def test_key_replays_its_answer_even_after_the_receipt_was_deleted(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    order = an_order(a_customer(ledger))
    (first,) = send(ledger, order)
    ledger.delete_receipt(first.document_id, by="Dana")

    (second,) = send(ledger, order)

    assert second == first
    assert ledger.receipts() == []


def test_expired_key_is_forgotten(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = a_ledger(tmp_path, clock=clock)
    order = an_order(a_customer(ledger))
    (first,) = send(ledger, order)
    clock.advance(24 * 3600 - 1)
    (within,) = send(ledger, order)
    clock.advance(1)

    (after,) = send(ledger, order)

    assert (within, after == first) == (first, False)
    assert len(ledger.receipts()) == 2


def test_deposited_receipt_cannot_be_changed_until_it_is_taken_out(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)
    receipt = a_receipt(ledger, customer, 50_000, ((invoice.id, 50_000),))
    ledger.deposit_receipt(receipt.id, by="Dana")

    codes = [
        refusal_of(lambda: ledger.void_receipt(receipt.id, by="Dana")),
        refusal_of(lambda: ledger.delete_receipt(receipt.id, by="Dana")),
        refusal_of(lambda: ledger.correct_receipt(receipt.id, Correction(49_000), by="Dana")),
        refusal_of(lambda: ledger.delete_invoice(invoice.id, by="Dana")),
        refusal_of(lambda: ledger.void_invoice(invoice.id, by="Dana")),
    ]

    assert codes == ["receipt_deposited"] * 5
    assert the_invoice(ledger, invoice.id).status is InvoiceStatus.PAID
    ledger.undo_deposit(receipt.id, by="Dana")
    assert ledger.void_receipt(receipt.id, by="Dana").voided


def test_nothing_dated_in_a_closed_period_is_made_changed_or_deleted(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    old, new = date(2026, 2, 20), DAY
    invoice, memo = an_invoice(ledger, customer, on=old), ledger.add_credit_memo("CM", customer, 5_000, "USD", old, by="Dana")
    receipt = a_receipt(ledger, customer, 20_000, ((invoice.id, 20_000),), on=old)
    february = datetime(2026, 2, 20, tzinfo=UTC)
    application = ledger.apply_credit(memo.id, invoice.id, 1_000, by="Dana", at=february)
    voided = ledger.void_receipt(a_receipt(ledger, customer, on=old).id, by="Dana")
    paid_now = a_receipt(ledger, customer, on=new)
    ledger.close_period(date(2026, 2, 28), by="Dana")

    calls: list[Callable[[], object]] = [
        lambda: an_invoice(ledger, customer, "2", on=old),
        lambda: a_receipt(ledger, customer, on=old),
        lambda: ledger.add_credit_memo("CM-2", customer, 5_000, "USD", old, by="Dana"),
        lambda: ledger.delete_invoice(invoice.id, by="Dana"),
        lambda: ledger.void_invoice(invoice.id, by="Dana"),
        lambda: ledger.recreate_invoice(invoice.id, by="Dana"),
        lambda: ledger.delete_receipt(receipt.id, by="Dana"),
        lambda: ledger.void_receipt(receipt.id, by="Dana"),
        lambda: ledger.delete_receipt(voided.id, by="Dana"),
        lambda: ledger.apply_receipt(receipt.id, [], by="Dana"),
        lambda: ledger.deposit_receipt(receipt.id, by="Dana", deposited_on=old),
        lambda: ledger.correct_receipt(receipt.id, Correction(received_on=new), by="Dana"),
        lambda: ledger.correct_receipt(paid_now.id, Correction(received_on=old), by="Dana"),
        lambda: ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, receipt.id, old), by="Dana"),
        lambda: ledger.write_off(invoice.id, old, by="Dana"),
        lambda: ledger.delete_credit_memo(memo.id, by="Dana"),
        lambda: ledger.unapply_credit(application.id, by="Dana"),
        lambda: ledger.apply_credit(memo.id, invoice.id, 100, by="Dana", at=february),
    ]

    assert [refusal_of(call) for call in calls] == ["period_closed"] * len(calls)
    paid_later = a_receipt(ledger, customer, 10_000, ((invoice.id, 10_000),), on=new)  # the receipt's own date counts
    assert paid_later.unapplied_minor == 0
    ledger.reopen_period(date(2026, 2, 20), by="Dana")
    assert ledger.settings().closed_through == date(2026, 2, 19)
    assert isinstance(ledger.delete_invoice(invoice.id, by="Dana"), Gone)


def test_invoice_paid_by_a_receipt_of_a_closed_period_cannot_be_deleted(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)
    a_receipt(ledger, customer, 10_000, ((invoice.id, 10_000),), on=date(2026, 2, 20))
    ledger.close_period(date(2026, 2, 28), by="Dana")

    assert refusal_of(lambda: ledger.delete_invoice(invoice.id, by="Dana")) == "period_closed"
    assert the_invoice(ledger, invoice.id).open_minor == 40_000


@pytest.mark.parametrize("temper", ["strict", "swallowing"])
def test_whose_money_it_is_and_what_is_inactive_is_refused_in_either_temper(tmp_path: Path, temper: str) -> None:
    ledger = a_ledger(tmp_path, temper=temper)
    hooli, initech = a_customer(ledger), a_customer(ledger, "Initech")
    theirs = an_invoice(ledger, initech)
    euros = ledger.add_invoice("7", hooli, 50_000, "EUR", DAY, by="Dana")
    retired = a_customer(ledger, "Retired")
    ledger.deactivate_customer(retired, by="Dana")
    ledger.set_account_active("Old bank", False, by="Dana")
    receipt = a_receipt(ledger, hooli)
    voided = ledger.void_receipt(a_receipt(ledger, hooli).id, by="Dana")
    memo = ledger.add_credit_memo("CM", hooli, 5_000, "USD", DAY, by="Dana")

    codes = [
        refusal_of(lambda: a_receipt(ledger, hooli, lines=((theirs.id, 50_000),))),
        refusal_of(lambda: a_receipt(ledger, hooli, lines=((euros.id, 50_000),))),
        refusal_of(lambda: a_receipt(ledger, retired)),
        refusal_of(lambda: a_receipt(ledger, hooli, account="Old bank")),
        refusal_of(lambda: a_receipt(ledger, hooli, lines=(("I999999", 50_000),))),
        refusal_of(lambda: ledger.apply_receipt(receipt.id, [(theirs.id, 1)], by="Dana")),
        refusal_of(lambda: ledger.apply_receipt(voided.id, [], by="Dana")),
        refusal_of(lambda: a_receipt(ledger, hooli, 0)),
        refusal_of(lambda: a_receipt(ledger, hooli, 100, lines=((euros.id, 101),))),
        refusal_of(lambda: ledger.add_customer("Again", by="Dana", customer_id=hooli)),
        refusal_of(lambda: ledger.apply_credit(memo.id, theirs.id, 1_000, by="Dana")),
        refusal_of(lambda: ledger.apply_credit(memo.id, euros.id, 1_000, by="Dana")),
    ]

    assert codes == [
        "customer_mismatch",
        "currency_mismatch",
        "customer_inactive",
        "account_inactive",
        "not_found",
        "customer_mismatch",
        "receipt_voided",
        "invalid",
        "invalid",
        "duplicate_id",
        "customer_mismatch",
        "currency_mismatch",
    ]
    assert [found.id for found in ledger.receipts()] == [receipt.id, voided.id]
    assert ledger.check_books() == ()


@pytest.mark.parametrize("temper", ["strict", "swallowing"])
def test_draft_cannot_be_paid_until_it_is_issued(tmp_path: Path, temper: str) -> None:
    ledger = a_ledger(tmp_path, temper=temper)
    customer = a_customer(ledger)
    draft = ledger.add_invoice("1042", customer, 50_000, "USD", DAY, by="Dana", draft=True)
    assert draft.status is InvoiceStatus.DRAFT
    if temper == "strict":
        assert refusal_of(lambda: a_receipt(ledger, customer, lines=((draft.id, 50_000),))) == "invoice_not_open"
    else:
        assert a_receipt(ledger, customer, lines=((draft.id, 50_000),)).unapplied_minor == 50_000

    ledger.issue_invoice(draft.id, by="Dana")

    assert a_receipt(ledger, customer, lines=((draft.id, 50_000),)).unapplied_minor == 0


def test_merged_customer_leaves_the_documents_to_the_other(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    old, new = a_customer(ledger, "Hooli Inc"), a_customer(ledger, "Hooli")
    invoice = an_invoice(ledger, old)
    receipt = a_receipt(ledger, old, 20_000, ((invoice.id, 20_000),))

    ledger.merge_customers(old, new, by="Eve")

    merged = next(customer for customer in ledger.customers() if customer.id == old)
    assert (merged.active, merged.merged_into, merged.changed.person) == (False, new, "Eve")
    assert {found.customer_id for found in ledger.invoices()} == {new}
    assert {found.customer_id for found in ledger.receipts()} == {new}
    assert (the_invoice(ledger, invoice.id).version, receipt.version) == ("3", "1")
    assert refusal_of(lambda: a_receipt(ledger, old)) == "customer_inactive"
    assert ledger.check_books() == ()


def test_credit_set_free_is_eaten_again_at_the_next_change_when_credits_apply_automatically(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)
    ledger.set_auto_apply_credits(True, by="Dana")
    memo = ledger.add_credit_memo("CM-77", customer, 12_000, "USD", DAY, by="Dana")
    assert (memo.open_minor, memo.applications[0].applied.person) == (0, AUTOMATIC)

    freed = ledger.unapply_credit(memo.applications[0].id, by="Dana")
    assert (freed.open_minor, the_invoice(ledger, invoice.id).open_minor) == (12_000, 50_000)
    an_invoice(ledger, customer, "1043")

    assert the_invoice(ledger, invoice.id).open_minor == 38_000
    assert ledger.check_books() == ()


def test_name_that_fits_several_is_not_guessed(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    first, second = an_invoice(ledger, customer), an_invoice(ledger, customer)

    with pytest.raises(NotFound, match=rf"#{first.id}, #{second.id}"):
        ledger.find(Kind.INVOICE, "1042")
    assert ledger.find(Kind.INVOICE, f"#{second.id}") == second.id
    assert ledger.find(Kind.CUSTOMER, "hooli") == customer
    ledger.delete_invoice(first.id, by="Eve")
    assert ledger.find(Kind.INVOICE, "1042") == second.id
    ledger.delete_invoice(second.id, by="Eve")
    with pytest.raises(NotFound, match="deleted by Eve"):
        ledger.find(Kind.INVOICE, "1042")


def test_check_books_sees_a_figure_changed_behind_its_back(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    invoice = an_invoice(ledger, a_customer(ledger))
    assert ledger.check_books() == ()
    outside = sqlite.connect(str(ledger.path), isolation_level=None)
    outside.execute("UPDATE invoices SET open_minor = open_minor - 1")

    assert ledger.check_books() == (f"the open balance of invoice {invoice.id} is not its total less receipts and credits",)


def test_change_after_which_the_books_would_not_add_up_is_not_made(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    invoice = an_invoice(ledger, a_customer(ledger))

    def miscount() -> None:
        with ledger.changing("Dana") as change:
            change.connection.execute("UPDATE invoices SET open_minor = open_minor - 1")
            change.changed(Kind.INVOICE, invoice.id, "miscounted")

    with pytest.raises(AssertionError, match="do not add up"):
        miscount()

    assert the_invoice(ledger, invoice.id) == invoice
    assert ledger.check_books() == ()


def test_several_lines_on_one_invoice_are_added_up(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer)

    receipt = a_receipt(ledger, customer, 30_000, ((invoice.id, 10_000), (invoice.id, 20_000)))

    assert [(line.invoice_id, line.amount_minor) for line in receipt.lines] == [(invoice.id, 30_000)]
    assert (receipt.unapplied_minor, the_invoice(ledger, invoice.id).open_minor) == (0, 20_000)


def test_id_brought_from_elsewhere_is_never_given_to_another_document(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    taken = ledger.add_customer("Hooli", by="Dana", customer_id="I1001")

    invoice = an_invoice(ledger, taken.id)

    assert invoice.id == "I1002"


def test_making_an_inactive_customer_inactive_changes_nothing(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)

    versions = [ledger.deactivate_customer(customer, by="Dana").version for _ in range(2)]

    assert versions == ["2", "2"]


@pytest.mark.parametrize("count", [199, 200, 201, 400, 401])
def test_pages_of_changes_leave_nothing_out_at_their_edges(tmp_path: Path, count: int) -> None:
    ledger = a_ledger(tmp_path)
    with ledger.changing("Dana") as change:
        made = [change.created(Kind.CUSTOMER, f"Customer {number}", "created") for number in range(count)]
        change.connection.executemany(
            "INSERT INTO customers (id, active) VALUES (?, 1)", [(customer_id,) for customer_id in made]
        )
    books = EmbeddedBooks(ledger, ledger.clock)

    found: list[str] = []
    cursor, more = "", True
    while more:
        page = books.changes(cursor)
        found += [document.id for document in page.documents]
        assert len(page.documents) <= 200
        cursor, more = page.cursor, page.more

    assert found == made


def test_books_held_by_another_process_are_unavailable_and_nothing_is_done(tmp_path: Path) -> None:
    ledger = Impatient(tmp_path / "books.sqlite", ManualClock())
    order = an_order(a_customer(ledger))
    holder = sqlite.connect(str(ledger.path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(BooksUnavailable):
        send(ledger, order)
    assert EmbeddedBooks(ledger, ledger.clock).look([order]) == ((),)  # reading needs no lock
    holder.execute("ROLLBACK")

    assert len(send(ledger, order)) == 1


def test_order_whose_deadline_passed_does_not_wait_for_the_file(tmp_path: Path) -> None:
    ledger = Impatient(tmp_path / "books.sqlite", ManualClock())
    order = an_order(a_customer(ledger))
    holder = sqlite.connect(str(ledger.path), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    late = Dispatch("dispatch", (order,), ledger.clock.monotonic() - 1)

    with pytest.raises(BooksUnavailable, match="time for this write"):
        EmbeddedBooks(ledger, ledger.clock).write(late)
    holder.execute("ROLLBACK")


def test_order_whose_deadline_passed_while_it_waited_or_was_paused_is_not_done(tmp_path: Path) -> None:
    class ClockThatRunsWhileWaiting(ManualClock):
        def now(self) -> datetime:
            self.advance(100)  # asked for once the file is free
            return super().now()

    clock = ClockThatRunsWhileWaiting()
    ledger = a_ledger(tmp_path, clock=clock)
    order = an_order(a_customer(ledger))

    with pytest.raises(BooksUnavailable, match="time for this write"):
        send(ledger, order)

    assert ledger.receipts() == []
    assert EmbeddedBooks(ledger, clock).look([order]) == ((),)


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)
    invoice = an_invoice(ledger, customer, amount_minor=1_000)
    outcomes: list[str] = []

    def pay() -> None:
        try:
            a_receipt(ledger, customer, 300, ((invoice.id, 300),))
            outcomes.append("paid")
        except BooksRefused as refusal:
            outcomes.append(refusal.refusal)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["over_application"] * 5 + ["paid"] * 3
    assert the_invoice(ledger, invoice.id).open_minor == 100
    assert ledger.check_books() == ()


WRITER = """
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo
from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from app.clock import SystemClock
from receivables.effects import Dispatch, Order, ReceiptWrite, marker
path, customer, first, last = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
clock = SystemClock()
Ledger.busy_timeout_seconds = 30.0
ledger = Ledger(path, clock)
if customer == "-":
    sys.exit()
books = EmbeddedBooks(ledger, clock)
for number in range(first, last):
    name = f"TXN-{number}"
    write = ReceiptWrite(customer, "USD", 100, date(2026, 3, 10), "card", name, name, "")
    order = Order(name, f"key-{number}", marker("acme", name, 1, 0), write)
    books.write(Dispatch(name, (order,), clock.monotonic() + 60))
"""


def a_writer(path: Path, customer: str, first: int = 0, last: int = 0, failpoint: str = "") -> Script:
    environment = {"RESOLVE_NOW_FAILPOINT": failpoint}
    return script(path.parent, WRITER, str(path), customer, str(first), str(last), environment=environment)


def test_processes_that_send_the_same_orders_write_each_once(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)

    writers = [a_writer(ledger.path, customer, first, last) for first, last in ((0, 30), (10, 40), (0, 40))]

    assert [writer.ended().code for writer in writers] == [0, 0, 0]
    assert sorted(receipt.reference for receipt in ledger.receipts()) == sorted(f"TXN-{number}" for number in range(40))
    assert ledger.check_books() == ()


def test_processes_that_make_the_file_at_once_make_one(tmp_path: Path) -> None:
    writers = [a_writer(tmp_path / "books.sqlite", "-") for _ in range(4)]

    assert [writer.ended().code for writer in writers] == [0, 0, 0, 0]
    assert a_ledger(tmp_path).customers() == []


def test_process_killed_inside_the_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    customer = a_customer(ledger)

    killed = a_writer(ledger.path, customer, 0, 10, failpoint="books.inside_transaction:3")

    assert killed.ended().code == -signal.SIGKILL
    assert [receipt.reference for receipt in ledger.receipts()] == ["TXN-0", "TXN-1"]
    assert a_writer(ledger.path, customer, 0, 10).ended().code == 0
    assert len(ledger.receipts()) == 10


@pytest.mark.parametrize(("zone", "day"), [("America/Chicago", date(2026, 3, 10)), ("UTC", date(2026, 3, 11))])
def test_a_change_is_dated_by_the_companys_calendar(tmp_path: Path, zone: str, day: date) -> None:
    evening = datetime(2026, 3, 11, 3, 0, tzinfo=UTC)
    ledger = Ledger(tmp_path / "books.sqlite", ManualClock(evening), time_zone=ZoneInfo(zone))
    with ledger.changing("Dana") as change:
        assert day == change.day
