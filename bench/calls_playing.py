"""Plays payments into each package in whatever checkout it is started in, and prints how many calls that took, as JSON.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have.
The clock moves with each call, so that what is read again because it has become old is counted as well.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from makers import CountingIds, ManualClock, a_company, a_payment
from scene import CREATED, PAID, Payments, Scene, a_person

from accounting import calling
from receivables.diagnosis import Remedy
from receivables.payment import Allocation, Payment, PaymentState
from rules import diagnose
from storage import decisions, payments
from storage.engine import Database
from storage.migrating import migrate
from sync import intake, journey, requests
from sync.desk import Desk

SECONDS_A_CALL = 0.3
MOST_SYNCS = 20  # 0.1.0 cannot send more to Tryton in one sync than what it read within a minute
INVOICE_MINOR, CREDIT_MINOR = 50_000, 12_000
#: How many invoices each of twenty payments is for: 80 % one, 15 % three; the rest is kept on account.
INVOICES_OF = (*[1] * 16, *[3] * 3, 0)

Counts = dict[str, int]


class Counted:
    """Counts what every connector asks and writes, and lets the clock go on meanwhile."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.clock: ManualClock | None = None
        add = calling.CallCounts.add

        def counted(counts: calling.CallCounts, kind: str) -> None:
            add(counts, kind)
            self.made[kind] += 1
            if self.clock is not None:
                self.clock.advance(SECONDS_A_CALL)

        vars(sys.modules["accounting.calling"])["CallCounts"].add = counted

    def of(self, step: Callable[[], object]) -> Counts:
        """The calls that a step takes."""
        before = Counter(self.made)
        step()
        made = self.made - before
        return {"reads": made["read"], "writes": made["write"]}


COUNTED = Counted()


def with_books(desk: Desk, books: Any, clock: ManualClock) -> Desk:
    """The desk in front of other books with their clock, in a version with a watch or without."""
    COUNTED.clock = clock
    other: dict[str, Any] = {"books": books, "clock": clock}
    if any(held.name == "watch" for held in fields(Desk)):
        from storage.watch import Watch  # noqa: PLC0415  # 0.1.0 has none

        other["watch"] = Watch(clock)
    return replace(desk, **other)


@dataclass(frozen=True)
class House:
    """One company in front of a package; the two makers return what the books call the document."""

    desk: Desk
    customer: Callable[[str], str]
    invoices: Callable[[list[tuple[str, str, int]]], list[str]]  # of (number, customer, minor units)
    credit: Callable[[str, str, int], None]  # of (customer, invoice, minor units): a memo, and applied
    paid_at: Callable[[], datetime]
    later: Callable[[], None]

    def feed(self, given: list[Payment], digest: str) -> None:
        intake.run_once(self.desk, Payments(tuple(given), digest=digest))

    def state(self, number: str) -> PaymentState:
        with self.desk.db.read() as connection:
            found = payments.find(connection, self.desk.company.id, number)
        assert found is not None, number
        return found.state


def healthy(house: House, count: int, customers: int) -> dict[str, Counts]:
    """So many payments that are as they should be, until the last one is verified; everything else was looked at before."""
    names = [f"Customer {place}" for place in range(customers)]
    of_name = {name: house.customer(name) for name in names}
    wanted: list[tuple[str, str, int]] = []
    meant: list[tuple[str, list[str]]] = []
    for place in range(count):
        name = names[place % customers]
        first = 1000 + len(wanted)  # Tryton gives its numbers one after the other
        numbers = [str(first + part) for part in range(INVOICES_OF[place % len(INVOICES_OF)])]
        wanted += [(number, of_name[name], INVOICE_MINOR + place) for number in numbers]
        meant.append((name, numbers))
    house.invoices(wanted)
    journey.run(house.desk)
    house.later()
    journey.run(house.desk)
    house.later()
    quiet = COUNTED.of(lambda: journey.run(house.desk))
    house.later()
    paid_at = house.paid_at()
    given = [
        a_payment(
            transaction_number=f"TXN-{place}",
            customer=name,
            amount_minor=(INVOICE_MINOR + place) * max(1, len(numbers)),
            paid_at=paid_at,
            allocations=tuple(Allocation(INVOICE_MINOR + place, number) for number in numbers),
        )
        for place, (name, numbers) in enumerate(meant)
    ]
    house.feed(given, "healthy")
    made = {"syncs": 0, "reads": 0, "writes": 0}
    for _ in range(MOST_SYNCS):
        calls = COUNTED.of(lambda: journey.run(house.desk))
        made = {"syncs": made["syncs"] + 1} | {kind: made[kind] + calls[kind] for kind in calls}
        waiting = [each for each in given if house.state(each.transaction_number) is not PaymentState.VERIFIED]
        if not waiting:
            return {"healthy": made, "quiet": quiet}
        house.later()
    raise AssertionError(f"{len(waiting)} of {count} payments did not land")


def one_failure(house: House) -> dict[str, Counts]:
    """A payment whose invoice a credit memo has partly paid: the sync that finds it, and what a person then presses."""
    customer = house.customer("Hooli")
    (invoice,) = house.invoices([("1042", customer, INVOICE_MINOR)])
    house.credit(customer, invoice, CREDIT_MINOR)
    journey.run(house.desk)
    house.later()
    paid = a_payment(
        transaction_number="TXN-FAILS",
        customer="Hooli",
        amount_minor=INVOICE_MINOR,
        paid_at=house.paid_at(),
        allocations=(Allocation(INVOICE_MINOR, "1042"),),
    )
    house.feed([paid], "failing")
    found = COUNTED.of(lambda: journey.run(house.desk))
    assert house.state("TXN-FAILS") is PaymentState.FAILED
    house.later()

    def press() -> None:
        made = requests.request(house.desk, "TXN-FAILS", Remedy.UNAPPLY_CREDIT_MEMO, by="sam", channel="cli")
        journey.finish_once(house.desk)
        with house.desk.db.read() as connection:
            assert decisions.get(connection, house.desk.company.id, made.id).state == "done"

    pressed = COUNTED.of(press)
    assert house.state("TXN-FAILS") is PaymentState.VERIFIED
    return {"failure": found, "decision": pressed}


def on_ledger(scene: Scene, desk: Desk) -> House:
    """A package whose stand-in keeps its books in the embedded ledger."""

    def invoices(wanted: list[tuple[str, str, int]]) -> list[str]:
        made = [
            scene.ledger.add_invoice(number, customer, minor, "USD", CREATED.date(), by="Dana", at=CREATED)
            for number, customer, minor in wanted
        ]
        return [invoice.id for invoice in made]

    def credit(customer: str, invoice: str, minor: int) -> None:
        memo = scene.ledger.add_credit_memo("CM-1", customer, minor, "USD", PAID.date(), by="Dana")
        scene.ledger.apply_credit(memo.id, invoice, minor, by="Dana")

    return House(
        desk,
        customer=lambda name: scene.ledger.add_customer(name, by="Dana", at=CREATED).id,
        invoices=invoices,
        credit=credit,
        paid_at=lambda: PAID,
        later=lambda: scene.clock.advance(3600),
    )


@contextmanager
def quickbooks(folder: Path) -> Iterator[House]:
    from quickbooks_scene import house_over_quickbooks  # noqa: PLC0415  # each package's own stand-in
    from stand_ins import quickbooks_contract  # noqa: PLC0415

    vars(quickbooks_contract)["violations"] = (
        lambda *_: []
    )  # the tests hold it to Intuit's schema; that takes longer than the rest
    with house_over_quickbooks(folder) as (scene, _):
        yield on_ledger(scene, with_books(scene.desk, scene.desk.books, scene.clock))


@contextmanager
def xero(folder: Path) -> Iterator[House]:
    from xero_house import a_house  # noqa: PLC0415

    with a_house(folder, check_contract=False) as house:
        yield on_ledger(house.scene, with_books(house.scene.desk, house.scene.desk.books, house.behind.clock))


@contextmanager
def tryton(folder: Path) -> Iterator[House]:
    """A real server, which goes by the machine's clock."""
    from tryton_scene import tryton_scene  # noqa: PLC0415

    with tryton_scene(start=datetime.now(UTC)) as behind:
        dana, clock = behind.dana, behind.clock
        db = Database(f"sqlite:///{folder / 'resolve-now.sqlite'}")
        migrate(db)
        needed: dict[str, Any] = {"watch": None} if any(held.name == "watch" for held in fields(Desk)) else {}
        bare = Desk(
            db=db,
            books=behind.books,
            company=a_company(time_zone="UTC"),
            clock=clock,
            ids=CountingIds(),
            people={name: a_person(name) for name in ("dana", "sam")},
            diagnose=diagnose,
            owner="bench",
            **needed,
        )

        def invoices(wanted: list[tuple[str, str, int]]) -> list[str]:
            today = clock.now().date()
            together = getattr(dana, "invoices", None)  # 0.1.0 enters them one by one
            if together is not None and len(wanted) > 1:
                return list(together(wanted, on=today))
            return [dana.invoice(number, customer, minor, on=today) for number, customer, minor in wanted]

        def credit(customer: str, invoice: str, minor: int) -> None:
            today = clock.now().date()
            dana.apply_credit(dana.credit_memo("CM-1", customer, minor, on=today), invoice, minor, on=today)

        def later() -> None:
            clock.advance(max(0.0, (datetime.now(UTC) - clock.now()).total_seconds()) + 1)

        def paid_at() -> datetime:
            newest = dana.clerk.call("account.invoice.search_read", [], 0, 1, [["create_date", "DESC"]], ["create_date"])
            made_at: datetime = newest[0]["create_date"].replace(tzinfo=UTC)
            return made_at + timedelta(milliseconds=1)

        yield House(with_books(bare, behind.books, clock), dana.customer, invoices, credit, paid_at, later)
        db.close()


PACKAGES = {"quickbooks": quickbooks, "xero": xero, "tryton": tryton}


def played(package: str, count: int, customers: int) -> Mapping[str, Any]:
    """What each of the three takes; the healthy payments in a company of their own."""
    found: dict[str, Any] = {"payments": count, "customers": customers}
    for play in ("healthy", "failure"):
        with tempfile.TemporaryDirectory(prefix="resolve-now-calls-") as name, PACKAGES[package](Path(name)) as house:
            found |= healthy(house, count, customers) if play == "healthy" else one_failure(house)
            COUNTED.clock = None
    return found


if __name__ == "__main__":
    print(json.dumps(played(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
