"""A whole small house for tests: real database, real embedded books, a clock driven by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import templates
from makers import CountingIds, ManualClock, a_company, a_payment

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from receivables.authority import Person, Right
from receivables.books_records import Customer, Invoice
from receivables.company import Company
from receivables.diagnosis import Diagnosis, Remedy
from receivables.evidence import Evidence
from receivables.payment import Allocation, Payment
from receivables.ports import Books
from rules import diagnose
from storage import decisions, failures, payments
from storage.engine import Database
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.watch import Watch
from sync import intake, journey, requests
from sync.desk import Desk
from sync.journey import JourneyCounts

CREATED = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)  # when the books' documents were made
PAID = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)


def a_person(id: str = "dana", *, limit_minor: int = 1_000_000, company: str = "acme", books_name: str = "") -> Person:
    rights = tuple(Right(company, remedy, "USD", limit_minor) for remedy in Remedy)
    return Person(id, id.title(), rights=rights, books_names=frozenset({books_name} - {""}))


@dataclass(frozen=True)
class Payments:
    """A feed made of records."""

    given: tuple[Payment, ...]
    name: str = "test feed"
    digest: str = ""

    def payments(self) -> Iterator[Payment]:
        return iter(self.given)


@dataclass
class Scene:
    """One company with its books; `desk` may be replaced to change what a step is given."""

    db: Database
    ledger: Ledger
    clock: ManualClock
    desk: Desk
    fed: int = 0

    def customer(self, name: str = "Hooli") -> Customer:
        return self.ledger.add_customer(name, by="bookkeeper", at=CREATED)

    def invoice(self, number: str, customer: Customer, amount_minor: int, *, at: datetime = CREATED) -> Invoice:
        return self.ledger.add_invoice(
            number, customer.id, amount_minor, currency="USD", issued_on=date(2026, 2, 1), by="bookkeeper", at=at
        )

    def pay(
        self,
        number: str = "TXN-1",
        amount_minor: int = 50_000,
        to: Mapping[str, int] | None = None,
        *,
        customer: str = "Hooli",
        paid_at: datetime = PAID,
    ) -> None:
        allocations = tuple(
            Allocation(amount, invoice) for invoice, amount in ({"1042": amount_minor} if to is None else to).items()
        )
        self.feed(
            a_payment(
                company=self.desk.company.id,
                transaction_number=number,
                amount_minor=amount_minor,
                customer=customer,
                allocations=allocations,
                paid_at=paid_at,
            )
        )

    def feed(self, *given: Payment) -> intake.IntakeCounts:
        self.fed += 1
        return intake.run_once(self.desk, Payments(given, digest=f"feed-{self.fed}"))

    def sync(self) -> JourneyCounts:
        return journey.run(self.desk)

    def payment(self, number: str = "TXN-1") -> StoredPayment:
        with self.db.read() as connection:
            found = payments.find(connection, self.desk.company.id, number)
        assert found is not None
        return found

    def failure(self, number: str = "TXN-1") -> StoredFailure | None:
        with self.db.read() as connection:
            return failures.open_of(connection, self.desk.company.id, number)

    def failing(self, number: str = "TXN-1") -> StoredFailure:
        found = self.failure(number)
        assert found is not None
        return found

    def last_failure(self, number: str = "TXN-1") -> StoredFailure:
        with self.db.read() as connection:
            return failures.of_payment(connection, self.desk.company.id, number)[-1]

    def decide(self, remedy: Remedy, number: str = "TXN-1", *, by: str = "dana", **options: object) -> str:
        """Decides, carries out, and returns the decision's state."""
        made = requests.request(self.desk, number, remedy, by=by, channel="cli", options=options)
        journey.finish_once(self.desk)
        with self.db.read() as connection:
            return decisions.get(connection, self.desk.company.id, made.id).state

    def with_books(self, books: Books) -> None:
        self.desk = replace(self.desk, books=books)

    def with_rules(self, rules: Callable[[Evidence], Diagnosis]) -> None:
        self.desk = replace(self.desk, diagnose=rules)

    def receipts(self) -> list[tuple[str, int, int]]:
        """(reference, amount, unapplied) of every living receipt in the books."""
        return sorted(
            (receipt.reference, receipt.amount_minor, receipt.unapplied_minor)
            for receipt in self.ledger.receipts()
            if not receipt.voided
        )


def a_scene(
    folder: Path,
    *,
    temper: str = "strict",
    url: str | None = None,
    company: Company | None = None,
    people: tuple[Person, ...] = (a_person("dana"), a_person("sam")),
    one_invoice_per_receipt: bool = False,
) -> Scene:
    clock = ManualClock()
    db = Database(url or f"sqlite:///{templates.new_database(folder)}")
    ledger = Ledger(folder / "books.sqlite", clock, temper=temper)
    desk = Desk(
        db=db,
        books=EmbeddedBooks(ledger, clock, one_invoice_per_receipt=one_invoice_per_receipt),
        company=company or a_company(),
        clock=clock,
        ids=CountingIds(),
        people={person.id: person for person in people},
        diagnose=diagnose,
        owner="test",
        watch=Watch(clock),
    )
    return Scene(db, ledger, clock, desk)
