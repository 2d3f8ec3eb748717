"""Plays syncs of payments into the embedded books in whatever checkout it is started in; prints one JSON line for each.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have. The
first line it prints is how many older payments are there; then it plays one sync for each line it reads. The clock is real.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from makers import a_payment
from scene import CREATED, PAID, Payments, Scene, a_scene

from accounting.embedded import loading
from accounting.embedded.connector import EmbeddedBooks
from receivables.payment import Allocation, Payment
from storage.engine import Database
from sync import intake, journey
from sync.desk import Desk

CUSTOMERS = 200
OLDER_AT_ONCE = 1000
#: How many invoices each of twenty payments pays: 80 % one, 15 % three; the one with 0 pays one that a credit memo shrank.
INVOICES_OF = (*[1] * 16, *[3] * 3, 0)
HEALTHY = (*[1] * 17, *[3] * 3)
HAS_TIME: Any = {"has_time": True} if any(held.name == "has_time" for held in fields(Payment)) else {}  # 0.1.0 has none


class Clock:
    """A real one that began at another moment."""

    def __init__(self, began: datetime) -> None:
        self._began, self._at = began, time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=time.monotonic() - self._at)

    def monotonic(self) -> float:
        return time.monotonic()


class Ids:
    """Ids that count, and begin otherwise than those of an earlier process."""

    def __init__(self, beginning: str) -> None:
        self._beginning, self._given = beginning, 0

    def new(self) -> str:
        self._given += 1
        return f"{self._beginning}{self._given:0{26 - len(self._beginning)}d}"


class Told:
    """Statements that our database's driver was handed, and for how long writing transactions were open."""

    def __init__(self) -> None:
        self.statements = 0
        self.held: list[float] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", self._said)
        work = Database.work

        @contextmanager
        def timed(database: Database) -> Any:
            with work(database) as connection:
                began = time.monotonic()
                yield connection
            self.held.append(time.monotonic() - began)

        vars(sys.modules["storage.engine"])["Database"].work = timed

    def _said(self, *_: Any) -> None:
        self.statements += 1


def scene_at(folder: Path, began: datetime, beginning: str) -> Scene:
    scene = a_scene(folder)
    clock: Any = Clock(began)
    vars(scene.ledger)["clock"] = clock
    other: dict[str, Any] = {"clock": clock, "ids": Ids(beginning), "books": EmbeddedBooks(scene.ledger, clock)}
    if any(held.name == "watch" for held in fields(Desk)):
        from storage.watch import Watch  # noqa: PLC0415  # 0.1.0 has none

        other["watch"] = Watch(clock)
    vars(scene)["desk"] = replace(scene.desk, **other)
    return scene


def give(scene: Scene, name: str, count: int, kinds: tuple[int, ...], paid_at: datetime) -> None:
    """So many payments of as many customers, with their invoices, and what is wrong with those that fail."""
    ledger = scene.ledger
    known = {customer.name: customer.id for customer in ledger.customers()}
    rows, memos, given = ["number,customer,amount,currency,issued_on,created_at"], list[tuple[str, str]](), []
    for place in range(count):
        customer, minor = f"Customer {place % CUSTOMERS}", 50_000 + place
        if customer not in known:
            known[customer] = ledger.add_customer(customer, by="bookkeeper", at=CREATED).id
        numbers = [f"{name}-{place}-{line}" for line in range(max(1, kinds[place % len(kinds)]))]
        rows += [f"{number},{customer},{minor / 100:.2f},USD,2026-02-01,{CREATED.isoformat()}" for number in numbers]
        if not kinds[place % len(kinds)]:
            memos.append((numbers[0], known[customer]))
        given.append(
            a_payment(
                transaction_number=f"TXN-{name}-{place:06d}",
                customer=customer,
                amount_minor=minor * len(numbers),
                allocations=tuple(Allocation(minor, number) for number in numbers),
                paid_at=paid_at + timedelta(seconds=7 * place),
                **HAS_TIME,
            )
        )
    file = ledger.path.with_name(f"{name}.csv")
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    loading.load(ledger, file, by="bookkeeper", at=CREATED)
    ids = {invoice.number: invoice.id for invoice in ledger.invoices()} if memos else {}
    for number, customer_id in memos:
        of = {"currency": "USD", "issued_on": date(2026, 3, 4), "by": "gale", "at": PAID}
        memo = ledger.add_credit_memo(f"CM-{number}", customer_id, 12_000, **of)  # type: ignore[arg-type]
        ledger.apply_credit(memo.id, ids[number], 12_000, by="gale", at=PAID + timedelta(hours=1))
    intake.run_once(scene.desk, Payments(tuple(given), digest=name))


def prepare(folder: Path, older: int) -> None:
    """A house with so many payments that were posted and verified weeks ago."""
    scene = scene_at(folder, datetime(2026, 3, 5, 15, tzinfo=UTC), "old")
    for begin in range(0, older, OLDER_AT_ONCE):
        count = min(OLDER_AT_ONCE, older - begin)
        give(scene, f"old{begin}", count, HEALTHY, PAID - timedelta(days=14))
        counts = journey.run(scene.desk)
        assert counts.verified == count, counts


def play(folder: Path, payments: int, told: Told) -> dict[str, Any]:
    """One sync of so many new payments in a copy of the house."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        scene = scene_at(Path(copy), datetime(2026, 3, 25, 15, tzinfo=UTC), "new")
        journey.run(scene.desk)  # what a sync compiles and imports once is not counted
        give(scene, "new", payments, INVOICES_OF, datetime(2026, 3, 20, 16, tzinfo=UTC))
        told.statements, told.held = 0, []
        began, worked = time.monotonic(), time.process_time()
        counts = journey.run(scene.desk)
        took, worked = time.monotonic() - began, time.process_time() - worked
        assert (counts.verified, counts.failed) == (payments - payments // 20, payments // 20), counts
        figures = {"seconds": took, "processor_seconds": worked, "statements": told.statements}
        return figures | {"longest_hold_ms": 1000 * max(told.held)}


def main() -> None:
    older, payments = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="resolve-now-journey-") as folder:
        house = Path(folder) / "house"
        house.mkdir()
        prepare(house, older)
        print(older, flush=True)
        told = Told()
        for _ in sys.stdin:
            print(json.dumps(play(house, payments, told)), flush=True)


if __name__ == "__main__":
    main()
