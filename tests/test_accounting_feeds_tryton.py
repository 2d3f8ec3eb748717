"""Generated feeds of Tryton's changes: every look ends, nothing changed is ever missed, and the next look moves on.

`make feeds` plays ten thousand of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, cast

from makers import CHICAGO, ManualClock
from tryton_records import COMPANY, INVOICE, LINE, MOVE, PARTY, TrytonRecords

from accounting.calling import Calls
from accounting.tryton.connector import TrytonBooks
from receivables.books_records import Gone

FEEDS = int(os.environ.get("FEEDS", "60"))
LONGEST_TRANSACTION_SECONDS = 240  # the overlap is for those that end within five minutes
CALLS_A_PAGE = 8  # the rows, then their lines, what those are matched with, and what is written on them
FIRST = 100


@dataclass
class People:
    """They enter, change, apply and void documents at random moments, in transactions that may take a while."""

    records: TrytonRecords
    random: Random
    count: dict[str, int] = field(default_factory=lambda: dict.fromkeys((PARTY, INVOICE, LINE, MOVE), FIRST))
    applied: dict[int, int] = field(default_factory=dict)  # line to invoice
    voided: set[int] = field(default_factory=set)

    def work(self, times: int) -> None:
        """So many pieces of work; a burst of them may be one transaction, with one stamp."""
        stamped, shown_at = self._transaction()
        together = self.random.random() < 0.5
        for _ in range(times):
            if not together:
                stamped, shown_at = self._transaction()
            self._something(stamped, shown_at)
        self.records.show()

    def _transaction(self) -> tuple[datetime, datetime]:
        """When it began, which is its stamp, and from when on others see what it did."""
        now = self.records.clock.now() + timedelta(microseconds=self.random.choice((0, 0, 1, 999_999)))
        took = timedelta(seconds=self.random.choice((0, 0, 0, 1, 60, LONGEST_TRANSACTION_SECONDS)))
        return self.random.choice(((now - took, now), (now, now + took)))

    def _something(self, stamped: datetime, shown_at: datetime) -> None:
        def put(model: str, record: int, **values: Any) -> None:
            self.records.put(model, record, values, stamped=stamped, shown_at=shown_at)

        pick = self.random.random()
        customer, invoice, line, move = (self._some(model) for model in (PARTY, INVOICE, LINE, MOVE))
        if pick < 0.2 or customer is None:
            put(PARTY, self._new(PARTY), name=f"Hooli {pick}", active=True, replaced_by=None)
        elif pick < 0.25:
            put(PARTY, customer, name=f"Hooli {pick}", active=self.random.random() < 0.8)
        elif pick < 0.5 or invoice is None:
            number = self._new(INVOICE)
            put(INVOICE, number, **an_invoice(number, customer, self.random.choice((500, 500, -120))))
        elif pick < 0.6:
            put(INVOICE, invoice, reference=str(pick), state=self.random.choice(("posted", "posted", "cancelled")))
        elif pick < 0.8 or line is None:
            made = self._new(MOVE)
            put(MOVE, made, **a_move(made))
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                put(LINE, self._new(LINE), **a_line(made, customer))
        elif pick < 0.85 and move is not None:
            put(MOVE, move, description=str(pick))
        else:
            self._match(put, line, invoice)

    def _match(self, put: Any, line: int, invoice: int) -> None:
        """Applies a line to an invoice, takes it off, or cancels its whole receipt."""
        lines_of = self.records.models[LINE]
        move = lines_of[line]["move"]
        whole = [number for number, row in lines_of.items() if row["move"] == move]
        if move in self.voided or not all(self._is_free(LINE, number) for number in whole):
            return
        on = self.applied.get(line)
        if on is not None:
            if self._is_free(INVOICE, on):
                del self.applied[line]
                put(LINE, line, invoice_payment=None)
                put(INVOICE, on, payment_lines=[], amount_to_pay=Decimal(500))
        elif self.random.random() < 0.7:
            self.applied[line] = invoice
            put(LINE, line, invoice_payment=invoice)
            put(INVOICE, invoice, payment_lines=[line], amount_to_pay=Decimal(400))
        elif not self.applied.keys() & set(whole):
            self._cancel(put, move, whole)

    def _cancel(self, put: Any, move: int, lines: list[int]) -> None:
        against, match = self._new(MOVE), move
        self.voided |= {move, against}
        put("account.move.reconciliation", match)
        put(MOVE, against, **a_move(against))
        for line in lines:
            put(LINE, line, reconciliation=match)
            party = self.records.models[LINE][line]["party"]
            money = {"debit": Decimal(100), "credit": Decimal(0)}
            put(
                LINE,
                self._new(LINE),
                **a_line(against, party) | money | {"move_origin": f"{MOVE},{move}", "reconciliation": match},
            )

    def _new(self, model: str) -> int:
        self.count[model] += 1
        return self.count[model] - 1

    def _some(self, model: str) -> int | None:
        """A record that can be seen, and that no open transaction holds."""
        free = [record for record in self.records.models[model] if record >= FIRST and self._is_free(model, record)]
        return self.random.choice(free) if free else None

    def _is_free(self, model: str, record: int) -> bool:
        return all((of, number) != (model, record) for _, of, number, _ in self.records.hidden)


def an_invoice(number: int, party: int, total: int) -> dict[str, Any]:
    money = {"total_amount": Decimal(total), "amount_to_pay": Decimal(total), "currency": 1}
    what = {"number": str(number), "state": "posted", "party": party, "company": COMPANY, "type": "out", "account": 1}
    words = {"description": "", "reference": "", "invoice_date": None}
    return {**money, **what, **words, "lines_to_pay": [], "payment_lines": [], "reconciliation_lines": []}


def a_move(number: int) -> dict[str, Any]:
    return {"number": str(number), "description": "", "journal": 1, "company": COMPANY}


def a_line(move: int, party: int) -> dict[str, Any]:
    money = {"debit": Decimal(0), "credit": Decimal(100), "amount_second_currency": None, "second_currency": None}
    what = {"move": move, "party": party, "account": 1, "company": COMPANY, "journal": 1, "move_state": "posted"}
    on = {"date": datetime(2026, 3, 10).date(), "description": "", "move_origin": None, "origin": None}  # noqa: DTZ001
    return {**money, **what, **on, "reconciliation": None, "invoice_payment": None}


@dataclass
class Look:
    """What a reader of the feed knows: of each document the version it was told last, and where it stands."""

    people: People
    per_page: int
    told: dict[str, str] = field(default_factory=dict)
    cursor: str = ""

    def __post_init__(self) -> None:
        self.another_process()

    def another_process(self) -> None:
        records = self.people.records
        self.books = TrytonBooks(
            cast("Calls", records), records.clock, statement_journal="", time_zone=CHICAGO, documents_per_page=self.per_page
        )

    def page(self) -> tuple[int, bool]:
        """The next page; how many documents it told, and whether more follow."""
        changes = self.books.changes(self.cursor)
        self.told |= {f"{type(document).__name__} {document.id}": document.version for document in changes.documents}
        self.cursor = changes.cursor
        return len(changes.documents), changes.more

    def once(self, *, disturbed: int = 0) -> int:
        """One look to its end, while people do so many pieces of work meanwhile; returns how many documents it told."""
        rows = sum(len(of) for of in self.people.records.models.values()) + 3 * disturbed
        told = 0
        for page in range(8 + 4 * rows // self.per_page):
            count, more = self.page()
            told += count
            if not more:
                return told
            if page < disturbed:
                self.people.work(1)
        raise AssertionError("the look does not end")


def as_it_is(books: TrytonBooks, people: People) -> dict[str, str]:
    """The version of every document, each asked for by its id."""
    ids = {model: [str(number) for number in range(FIRST, people.count[model])] for model in (PARTY, INVOICE, MOVE)}
    reads: list[Mapping[str, Any]] = [
        books.customers(ids[PARTY]), books.credit_memos(ids[INVOICE]), books.invoices(ids[INVOICE]), books.receipts(ids[MOVE])
    ]  # fmt: skip
    found = [document for read in reads for document in read.values() if not isinstance(document, Gone)]
    return {f"{type(document).__name__} {document.id}": document.version for document in found}


def play(seed: int) -> None:
    random = Random(seed)
    records = TrytonRecords(ManualClock())
    people = People(records, random)
    look = Look(people, random.randint(1, 6))
    for _ in range(random.randint(1, 4)):
        people.work(random.choice((0, 1, 2, 5, 20)))
        records.seconds_a_call = random.choice((0.0, 0.2, 5.0, 90.0, 400.0))
        look.once(disturbed=random.choice((0, 0, 1, 3)))
        records.clock.advance(random.choice((0, 1, 30, 200, 3600)))
        if random.random() < 0.2:
            look.another_process()
    records.seconds_a_call = 0.0
    records.clock.advance(2 * LONGEST_TRANSACTION_SECONDS)
    records.show()
    look.once()
    assert as_it_is(look.books, people) == look.told, seed
    records.clock.advance(3600)
    look.once()
    records.calls = 0
    pages = sum(1 + len(records.models[model]) // look.per_page for model in (PARTY, INVOICE, LINE, INVOICE))
    assert (0, True) == (look.once(), records.calls <= CALLS_A_PAGE * pages), seed


def test_every_look_at_trytons_changes_ends_and_tells_the_newest_version_of_everything() -> None:
    for seed in range(FEEDS):
        play(seed)


def test_what_changed_while_a_long_look_went_on_is_told_by_the_next() -> None:
    """A first look at many documents takes longer than the overlap; it must not end with a moment later than its own begin."""
    records = TrytonRecords(ManualClock())
    people = People(records, Random(0))
    for number in range(4):
        now = records.clock.now()
        values = {"name": f"Customer {number}", "active": True, "replaced_by": None}
        records.put(PARTY, FIRST + number, values, stamped=now, shown_at=now)
        people.count[PARTY] += 1
    records.show()
    look = Look(people, per_page=2)

    assert (2, True) == look.page()
    records.clock.advance(1)
    now = records.clock.now()
    records.put(PARTY, FIRST, {"name": "Renamed"}, stamped=now, shown_at=now)  # it was told already
    records.clock.advance(3600)
    late_at = records.clock.now()
    records.put(PARTY, FIRST + 3, {"name": "The last one"}, stamped=late_at, shown_at=late_at)
    look.once()
    look.another_process()
    look.once()

    assert as_it_is(look.books, people)[f"Customer {FIRST}"] == look.told[f"Customer {FIRST}"]
