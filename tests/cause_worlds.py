"""The same small house on each kind of books, with somebody who breaks things in them by hand and troubles on the line.

Three kinds of books keep their documents in our own ledger, so Dana works there as she does in its own pages; a real
Tryton is worked in over its own protocol. What she makes is named by the ids of wherever she works.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from accounting_peers import DAY, Bookkeeper, EmbeddedBookkeeper
from faulty_books import Fault as Lost
from faulty_books import FaultyBooks
from makers import CHICAGO, a_company
from quickbooks_answers import Unlimited, calls_to
from scene import Scene, a_scene
from stand_ins.quickbooks import QuickBooks, start_quickbooks
from stand_ins.serving import Fault
from stand_ins.xero import Xero, start_xero
from tryton_bookkeeper import TrytonBookkeeper, dollars
from tryton_people import JOURNAL, OUR_LOGIN, PASSWORD
from tryton_scene import TrytonScene, tryton_scene
from tryton_scene import calls as tryton_calls

from accounting.calling import Calls
from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from accounting.quickbooks.connector import QuickBooksBooks
from accounting.tryton.connector import TrytonBooks
from accounting.xero.connector import XeroBooks
from receivables.books_records import Receipt
from receivables.effects import marker_stem
from receivables.ports import Books
from storage.watch import Watch

STRICT, SWALLOWING, QUICKBOOKS, XERO, TRYTON = "embedded_strict", "embedded_swallowing", "quickbooks", "xero", "tryton"
NAMES = (STRICT, SWALLOWING, QUICKBOOKS, XERO, TRYTON)
Standing = tuple[str, int, tuple[tuple[str, int], ...]]  # customer, amount, (invoice, amount) of each line


class Hands(Bookkeeper, Protocol):
    """What Dana does beyond what every contract case needs."""

    def today(self) -> date: ...
    def customers(self, names: Sequence[str]) -> list[str]: ...
    def invoices(self, wanted: Sequence[tuple[str, str, int]]) -> dict[str, str]: ...
    def draft(self, number: str, customer_id: str, amount_minor: int) -> str: ...
    def issue(self, draft_id: str, number: str) -> None: ...
    def make_again(self, invoice_id: str, number: str, customer_id: str, amount_minor: int) -> str: ...
    def remove(self, invoice_id: str) -> None: ...
    def foreign_invoice(self, number: str, customer_id: str, amount_minor: int) -> str: ...
    def enter(self, customer_id: str, amount_minor: int, invoice_id: str) -> str: ...
    def ours(self, number: str) -> str: ...
    def copy(self, number: str) -> str: ...
    def put_on(self, receipt_id: str, invoice_id: str, amount_minor: int) -> None: ...
    def take_off(self, receipt_id: str) -> None: ...
    def deactivate(self, customer_id: str) -> None: ...
    def reactivate(self, customer_id: str) -> None: ...
    def merge(self, from_id: str, into_id: str) -> None: ...
    def close_account(self) -> None: ...
    def open_account(self) -> None: ...
    def deposit(self, receipt_id: str) -> None: ...
    def standing(self, customer_id: str) -> list[Standing]: ...
    def open_minor(self, invoice_id: str) -> int: ...
    def free_credit_minor(self, credit_memo_id: str) -> int: ...
    def marked_minor(self, numbers: Sequence[str]) -> dict[str, int]: ...


class LedgerHands(EmbeddedBookkeeper):
    """Dana in books that are kept in our ledger; `check_account` is where checks are deposited."""

    def __init__(self, ledger: Ledger, check_account: str) -> None:
        super().__init__(ledger)
        self._check_account = check_account

    def today(self) -> date:
        return DAY

    def customers(self, names: Sequence[str]) -> list[str]:
        return [self.customer(name) for name in names]

    def invoices(self, wanted: Sequence[tuple[str, str, int]]) -> dict[str, str]:
        """Several of (number, customer, amount); ids by number."""
        return {number: self.invoice(number, customer_id, amount_minor) for number, customer_id, amount_minor in wanted}

    def draft(self, number: str, customer_id: str, amount_minor: int) -> str:
        return self._ledger.add_invoice(number, customer_id, amount_minor, "USD", DAY, by=self.name, draft=True).id

    def issue(self, draft_id: str, number: str) -> None:
        del number
        self._ledger.issue_invoice(draft_id, by=self.name)

    def make_again(self, invoice_id: str, number: str, customer_id: str, amount_minor: int) -> str:
        self.delete_invoice(invoice_id)
        return self.invoice(number, customer_id, amount_minor)

    def remove(self, invoice_id: str) -> None:
        self.delete_invoice(invoice_id)

    def foreign_invoice(self, number: str, customer_id: str, amount_minor: int) -> str:
        return self._ledger.add_invoice(number, customer_id, amount_minor, "EUR", DAY, by=self.name).id

    def enter(self, customer_id: str, amount_minor: int, invoice_id: str) -> str:
        return self.receipt(customer_id, amount_minor, ((invoice_id, amount_minor),) if invoice_id else ())

    def ours(self, number: str) -> str:
        return self._of(number).id

    def _of(self, number: str) -> Receipt:
        """The oldest living receipt of this payment."""
        living = [receipt for receipt in self._ledger.receipts() if number in receipt.reference and not receipt.voided]
        return living[0]

    def copy(self, number: str) -> str:
        whole = self._of(number)
        return self._ledger.enter_receipt(
            whole.customer_id, whole.amount_minor, "USD", DAY, by=self.name, reference=whole.reference, memo=whole.memo
        ).id

    def put_on(self, receipt_id: str, invoice_id: str, amount_minor: int) -> None:
        self._ledger.apply_receipt(receipt_id, [(invoice_id, amount_minor)], by=self.name)

    def take_off(self, receipt_id: str) -> None:
        self._ledger.apply_receipt(receipt_id, [], by=self.name)

    def deactivate(self, customer_id: str) -> None:
        self._ledger.deactivate_customer(customer_id, by=self.name)

    def reactivate(self, customer_id: str) -> None:
        self._ledger.reactivate_customer(customer_id, by=self.name)

    def merge(self, from_id: str, into_id: str) -> None:
        self._ledger.merge_customers(from_id, into_id, by=self.name)

    def close_account(self) -> None:
        self._ledger.set_account_active(self._check_account, False, by=self.name)

    def open_account(self) -> None:
        self._ledger.set_account_active(self._check_account, True, by=self.name)

    def deposit(self, receipt_id: str) -> None:
        self._ledger.deposit_receipt(receipt_id, by=self.name)

    def standing(self, customer_id: str) -> list[Standing]:
        """Every living receipt of the customer, as the books themselves hold it."""
        living = [receipt for receipt in self._ledger.receipts() if receipt.customer_id == customer_id and not receipt.voided]
        return sorted((customer_id, receipt.amount_minor, _lines(receipt)) for receipt in living)

    def open_minor(self, invoice_id: str) -> int:
        (found,) = [invoice for invoice in self._ledger.invoices() if invoice.id == invoice_id]
        return found.open_minor

    def free_credit_minor(self, credit_memo_id: str) -> int:
        (found,) = [memo for memo in self._ledger.credit_memos() if memo.id == credit_memo_id]
        return found.open_minor

    def marked_minor(self, numbers: Sequence[str]) -> dict[str, int]:
        """What stands in living receipts that name each of these payments."""
        living = [receipt for receipt in self._ledger.receipts() if not receipt.voided]
        return {
            number: sum(receipt.amount_minor for receipt in living if number in receipt.reference.split()) for number in numbers
        }


def _lines(receipt: Receipt) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((line.invoice_id, line.amount_minor) for line in receipt.lines))


class TrytonHands(TrytonBookkeeper):
    """Dana in a real Tryton, where what was issued is cancelled and made again, never deleted."""

    def __init__(self, scene: TrytonScene) -> None:
        super().__init__(scene.server, scene.database)
        self._books = scene.books

    def today(self) -> date:
        return datetime.now(UTC).date()

    def customers(self, names: Sequence[str]) -> list[str]:
        """All at once, which is quicker, as with invoices."""
        values = [{"name": name, "addresses": [["create", [{"city": "Springfield"}]]]} for name in names]
        made: list[int] = self.clerk.call("party.party.create", values)
        return [str(customer) for customer in made]

    def invoices(self, wanted: Sequence[tuple[str, str, int]], *, on: date = DAY) -> dict[str, str]:
        """Those whose numbers follow one another are posted at once."""
        runs: list[list[tuple[str, str, int]]] = []
        for each in wanted:
            if runs and int(each[0]) == int(runs[-1][-1][0]) + 1:
                runs[-1].append(each)
            else:
                runs.append([each])
        made: dict[str, str] = {}
        for run in runs:
            made |= super().invoices(run, on=on)
        return made

    def draft(self, number: str, customer_id: str, amount_minor: int) -> str:
        del number
        return str(self._draft(customer_id, amount_minor, 1, DAY))

    def issue(self, draft_id: str, number: str) -> None:
        self.next_number(number)
        self.clerk.call("account.invoice.post", [int(draft_id)])

    def make_again(self, invoice_id: str, number: str, customer_id: str, amount_minor: int) -> str:
        self.void_invoice(invoice_id)
        return self.invoice(f"9{number}", customer_id, amount_minor)  # no number is given out twice

    def remove(self, invoice_id: str) -> None:
        self.void_invoice(invoice_id)

    def foreign_invoice(self, number: str, customer_id: str, amount_minor: int) -> str:
        found = self.admin.ids("currency.currency", ["code", "=", "EUR"])
        if not found:
            made = self.admin.make("currency.currency", name="Euro", symbol="EUR", code="EUR", rounding=Decimal("0.01"), digits=2)
            self.admin.make("currency.currency.rate", currency=made, date=date(2025, 1, 1), rate=Decimal(1))
            found = [made]
        party = self.clerk.read("party.party", int(customer_id), "addresses")
        line = {"type": "line", "company": self._company, "currency": found[0], "account": self._accounts["revenue"]}
        line |= {"quantity": 1, "unit_price": dollars(amount_minor), "description": "Goods"}
        draft = self.clerk.make(
            "account.invoice", company=self._company, type="out", party=int(customer_id), invoice_address=party["addresses"][0],
            account=self._accounts["receivable"], journal=self._journals["revenue"], currency=found[0], invoice_date=DAY,
            lines=[["create", [line]]],
        )  # fmt: skip
        self.issue(str(draft), number)
        return str(draft)

    def enter(self, customer_id: str, amount_minor: int, invoice_id: str) -> str:
        lines = ((invoice_id, amount_minor),) if invoice_id else ()
        return self.receipt(customer_id, amount_minor, lines, on=self.today())

    def ours(self, number: str) -> str:
        return self._of(number).id

    def _of(self, number: str) -> Receipt:
        stem = marker_stem("acme", number)
        return self._books.receipts_marked([stem])[stem][0]

    def copy(self, number: str) -> str:
        whole = self._of(number)
        return self.receipt(whole.customer_id, whole.amount_minor, (), whole.memo, on=self.today())

    def put_on(self, receipt_id: str, invoice_id: str, amount_minor: int) -> None:
        (line,) = self.clerk.ids("account.move.line", ["move", "=", int(receipt_id)], ["credit", "=", dollars(amount_minor)])
        self._put_on(line, invoice_id)

    def take_off(self, receipt_id: str) -> None:
        self.unreconcile(receipt_id)

    def deactivate(self, customer_id: str) -> None:
        self.clerk.call("party.party.write", [int(customer_id)], {"active": False})

    def reactivate(self, customer_id: str) -> None:
        self.clerk.call("party.party.write", [int(customer_id)], {"active": True})

    def merge(self, from_id: str, into_id: str) -> None:
        raise NotImplementedError("Tryton changes no line of a posted move, and a party's invoice has one")

    def close_account(self) -> None:
        raise NotImplementedError("what Tryton does with accounts is in the table of what cannot be played")

    open_account = close_account

    def close_period(self, closed_through: date) -> None:
        """Each journal has the period as well, closed along with it; opened, it must be opened there too."""
        super().close_period(closed_through)
        closed = self.admin.ids("account.journal.period", ["state", "=", "closed"], ["period.state", "=", "open"])
        if closed:
            self.admin.call("account.journal.period.reopen", closed)

    def deposit(self, receipt_id: str) -> None:
        raise NotImplementedError("Tryton knows no deposits")

    def standing(self, customer_id: str) -> list[Standing]:
        """Every receipt by its move's lines on the customer's account, undone ones left out."""
        lines = self.clerk.call(
            "account.move.line.search_read",
            [("party", "=", int(customer_id)), ("credit", ">", 0)],
            0, None, None, ["move", "credit", "invoice_payment", "move.origin", "journal.type"],
        )  # fmt: skip
        of_invoices = "account.invoice,"  # a credit note's; the *Pay* button makes a move for an invoice too, in another journal
        lines = [
            line
            for line in lines
            if not (line["journal."]["type"] == "revenue" and str(line["move."]["origin"]).startswith(of_invoices))
        ]
        found: dict[int, list[tuple[str, int]]] = {}
        for line in lines:
            found.setdefault(line["move"], []).append((str(line["invoice_payment"] or ""), int(line["credit"].scaleb(2))))
        return sorted(
            (customer_id, sum(part for _, part in parts), tuple(sorted(part for part in parts if part[0])))
            for parts in found.values()
        )

    def free_credit_minor(self, credit_memo_id: str) -> int:
        return -self.open_minor(credit_memo_id)

    def marked_minor(self, numbers: Sequence[str]) -> dict[str, int]:
        stems = {number: marker_stem("acme", number) for number in numbers}
        marked = self._books.receipts_marked(list(stems.values()))
        return {number: sum(receipt.amount_minor for receipt in marked[stem]) for number, stem in stems.items()}


class Troubles(Protocol):
    """What goes wrong between us and the books. Each but the last of a pair lasts for one sync."""

    def access_lost(self) -> None: ...
    def access_ended(self) -> None: ...
    def throttled(self) -> None: ...
    def asked_to_slow_down(self) -> None: ...
    def away(self) -> None: ...
    def away_for_a_moment(self) -> None: ...
    def answer_lost(self) -> None: ...
    def over(self) -> None: ...


@dataclass
class World:
    """One company on one kind of books. `line` stands between the journey and the connector."""

    name: str
    scene: Scene
    hands: Hands
    line: FaultyBooks
    troubles: Troubles
    real_time: bool = False  # the books go by the machine's clock, and so must we
    package: QuickBooks | Xero | None = None  # the stand-in, for what only its own pages can do

    def later(self, hours: float = 1.0) -> datetime:
        """Time passes; returns the moment. Beside a real clock it is only waited for."""
        if self.real_time:
            time.sleep(0.02)
            now = datetime.now(UTC)  # ours may be ahead of it, where something was waited for
            self.scene.clock.advance(max(0.0, (now - self.scene.clock.now()).total_seconds()))
            return now
        self.scene.clock.advance(hours * 3600)
        return self.scene.clock.now()

    def writing(self, on: bool) -> None:
        desk = self.scene.desk
        self.scene.desk = replace(desk, company=replace(desk.company, writes=on))

    def reading_from(self, books: Books) -> None:
        self.line.inner = books


class Slow(Unlimited):
    """A budget that asks to wait once, when told to."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def take(self, company: str, calls: int) -> float:
        del company, calls
        return self.waits.pop() if self.waits else 0.0


@dataclass
class FileTroubles:
    """The embedded books are a file on this machine: it can be away, or held by somebody else."""

    world: Callable[[], World]
    path: Path
    books: Books
    held: list[threading.Timer] = field(default_factory=list)

    def away(self) -> None:
        clock = self.world().scene.clock
        self.world().reading_from(EmbeddedBooks(Ledger(self.path.with_name("unplugged.sqlite"), clock, make=False), clock))

    def away_for_a_moment(self) -> None:
        """Another program writes for a tenth of a second; the books wait for five."""
        other = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            other.execute("ROLLBACK")
            other.close()

        timer = threading.Timer(0.1, let_go)
        timer.start()
        self.held.append(timer)

    def answer_lost(self) -> None:
        self.world().line.faults.append(Lost.UNANSWERED)

    def over(self) -> None:
        for timer in self.held:
            timer.join()
        self.world().reading_from(self.books)

    def access_lost(self) -> None:
        raise NotImplementedError

    access_ended = throttled = asked_to_slow_down = access_lost


@dataclass
class LineTroubles:
    """Troubles of a package behind HTTP, ordered at the door of its stand-in."""

    order: Callable[[Fault], None]
    forget: Callable[[], None]
    budget: Slow
    lose_access: Callable[[bool], None]
    receipts_at: tuple[str, str]  # method and path where receipts are made

    def access_lost(self) -> None:
        self.lose_access(True)

    def access_ended(self) -> None:
        self.order(Fault(status=401, times=1))

    def throttled(self) -> None:
        self.order(Fault(status=429, headers={"Retry-After": "30"}, times=50))

    def asked_to_slow_down(self) -> None:
        self.budget.waits.append(2.0)

    def away(self) -> None:
        self.order(Fault(status=503, body="{}", times=50))

    def away_for_a_moment(self) -> None:
        self.order(Fault(status=503, body="{}", times=1))

    def answer_lost(self) -> None:
        method, path = self.receipts_at
        self.order(Fault(cut="after", method=method, path=path))

    def over(self) -> None:
        self.lose_access(False)
        self.forget()


@dataclass
class TrytonTroubles:
    """A real server cannot be ordered to fail: we knock at a door where nobody is, or with another password."""

    world: Callable[[], World]
    scene: TrytonScene
    wrong_password: Callable[[], Books]
    nobody_there: Callable[[], Books]

    def access_lost(self) -> None:
        self.world().reading_from(self.wrong_password())

    def access_ended(self) -> None:
        file = self.scene.server.file(self.scene.database)
        with closing(sqlite3.connect(file)) as database, database:
            ours = "SELECT id FROM res_user WHERE login = ?"
            database.execute(f"DELETE FROM ir_session WHERE create_uid = ({ours})", (OUR_LOGIN,))

    def throttled(self) -> None:
        raise NotImplementedError("Tryton counts nobody's calls")

    asked_to_slow_down = throttled

    def away(self) -> None:
        self.world().reading_from(self.nobody_there())

    def away_for_a_moment(self) -> None:
        """The server takes a moment to answer: it is held by a lock on its database."""
        other = sqlite3.connect(self.scene.server.file(self.scene.database), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            other.execute("ROLLBACK")
            other.close()

        threading.Timer(0.2, let_go).start()

    def answer_lost(self) -> None:
        self.scene.calls.writes_until_cut = 1

    def over(self) -> None:
        self.world().reading_from(self.scene.books)


def _behind(made: Scene, books: Books, name: str, hands: Hands, troubles: Troubles, accounts: Mapping[str, str]) -> World:
    """The house with these books behind a line that can be cut."""
    line = FaultyBooks(books, made.clock)
    company = a_company(deposit_accounts=dict(accounts))
    made.desk = replace(made.desk, books=line, company=company)
    return World(name, made, hands, line, troubles)


@contextmanager
def _embedded(folder: Path, name: str, temper: str) -> Iterator[World]:
    made = a_scene(folder, temper=temper)
    books = made.desk.books
    troubles = FileTroubles(lambda: world, folder / "books.sqlite", books)
    hands = LedgerHands(made.ledger, "Checks")
    world = _behind(made, books, name, hands, troubles, {"check/USD": "Checks"})
    yield world
    made.ledger.close()
    made.db.close()


@contextmanager
def _quickbooks(folder: Path) -> Iterator[World]:
    made = a_scene(folder)
    made.ledger.close()
    (folder / "quickbooks").mkdir()
    with start_quickbooks(folder / "quickbooks", clock=made.clock) as quickbooks:
        made.ledger = quickbooks.ledger
        budget, calls = Slow(), calls_to(quickbooks.base_url, made.clock, quickbooks.access)
        calls._budget = budget
        lost = Fault(status=403, body='{"fault":{"error":[{"code":"3100"}],"type":"AUTHENTICATION"}}', times=50)
        order, forget = quickbooks.order, quickbooks.faults.forget
        troubles = LineTroubles(order, forget, budget, lambda on: order(lost) if on else None, ("POST", "/payment"))
        hands = LedgerHands(quickbooks.ledger, "36")
        world = _behind(made, QuickBooksBooks(calls, made.clock), QUICKBOOKS, hands, troubles, {"check/USD": "36"})
        world.package = quickbooks
        yield world
        calls.close()
    made.db.close()


@contextmanager
def _xero(folder: Path) -> Iterator[World]:
    made = a_scene(folder)
    made.ledger.close()
    with start_xero(folder, clock=made.clock) as xero:
        made.ledger = xero.ledger
        xero.check_contract(False)  # its own tests hold every request to it
        budget = Slow()
        calls = Calls(
            "acme", "Xero", xero.base_url, access=xero.access, budget=budget, clock=made.clock,
            trace_header="xero-correlation-id", pause=lambda _: None,
        )  # fmt: skip

        def lose_access(on: bool) -> None:
            xero.access.lost = on
            if on:
                xero.access.end()

        troubles = LineTroubles(xero.faults.order, xero.faults.forget, budget, lose_access, ("PUT", "Payments"))
        books = XeroBooks(calls, made.clock, organisation=xero.organisation, time_zone=CHICAGO, deposit_account="090")
        world = _behind(made, books, XERO, LedgerHands(xero.ledger, "091"), troubles, {"check/USD": "091"})
        world.package = xero
        yield world
        calls.close()
        assert [] == xero.violations
    made.db.close()


def _another(tryton: TrytonScene, url: str, password: str) -> Books:
    made = tryton_calls(url, tryton.database, tryton.clock, password)
    return TrytonBooks(made, tryton.clock, statement_journal=JOURNAL, time_zone=CHICAGO)


@contextmanager
def _tryton(folder: Path) -> Iterator[World]:
    made = a_scene(folder)
    with tryton_scene(start=datetime.now(UTC)) as tryton:
        made.clock = tryton.clock
        made.desk = replace(made.desk, clock=tryton.clock, watch=Watch(tryton.clock))
        troubles = TrytonTroubles(
            lambda: world,
            tryton,
            lambda: _another(tryton, tryton.server.url, "not-the-password"),
            lambda: _another(tryton, "http://127.0.0.1:1", PASSWORD),
        )
        world = _behind(made, tryton.books, TRYTON, TrytonHands(tryton), troubles, {})
        world.real_time = True
        made.desk = replace(made.desk, company=a_company(time_zone="UTC"))
        yield world
    made.ledger.close()
    made.db.close()


@contextmanager
def a_world(name: str, folder: Path) -> Iterator[World]:
    """The house on one kind of books; skips the test where Tryton is asked for and not installed."""
    makers = {
        STRICT: lambda: _embedded(folder, STRICT, "strict"),
        SWALLOWING: lambda: _embedded(folder, SWALLOWING, "swallowing"),
        QUICKBOOKS: lambda: _quickbooks(folder),
        XERO: lambda: _xero(folder),
        TRYTON: lambda: _tryton(folder),
    }
    with ExitStack() as running:
        yield running.enter_context(makers[name]())
