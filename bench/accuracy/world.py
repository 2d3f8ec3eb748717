"""One company with real embedded books and a real database, in which histories are played before anything is judged.

What happens here happens as a bookkeeper or the portal would do it: through the ledger's own operations and the feed.
Nothing of the rules is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from receivables.books_records import Customer, Invoice, Receipt
from receivables.company import Company
from receivables.diagnosis import Diagnosis
from receivables.effects import Answer, Dispatch, ReceiptWrite
from receivables.errors import OutcomeUnknown
from receivables.evidence import Evidence
from receivables.payment import Allocation, Dispute, FeedStatus, Payment
from storage.engine import Database
from storage.migrating import migrate
from storage.watch import Watch
from sync import intake
from sync.desk import Desk

COMPANY = Company(
    id="acme", name="Acme", time_zone=ZoneInfo("America/Chicago"), start_on=date(2026, 1, 1), writes=True, large_percentage=100,
    deposit_accounts={"ach/USD": "Clearing", "default": "Bank"},
)  # fmt: skip
#: Companies sit in five of them; whoever pays in the evening may be a day further in UTC.
ZONES = tuple(map(ZoneInfo, ("America/Chicago", "America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland")))
EVENING = time(23, 30)
MADE = datetime(2026, 2, 1, 15, 0, tzinfo=UTC)  # when the invoices were made
FIRST_PAID = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 27, 15, 0, tzinfo=UTC)  # when it is judged
PEOPLE = ("Bea", "Chris", "Noor", "Ulla")


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self._now, self._monotonic = MADE, 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def set(self, at: datetime) -> None:
        self._monotonic += max(0.0, (at - self._now).total_seconds())
        self._now = at


class Ids:
    """Ids that count up."""

    def __init__(self) -> None:
        self._given = 0

    def new(self) -> str:
        self._given += 1
        return f"id{self._given:024}"


@dataclass(frozen=True)
class _Given:
    """Payments as a feed."""

    given: Sequence[Payment]
    digest: str
    name: str = "generated"

    def payments(self) -> Iterator[Payment]:
        return iter(self.given)


class RacingBooks(EmbeddedBooks):
    """The books of a package that checks no versions, in which somebody may be quicker than our own write."""

    def __init__(self, world: World) -> None:
        super().__init__(world.ledger, world.clock)
        self._world = world

    def write(self, dispatch: Dispatch) -> Sequence[Answer]:
        for order in dispatch.orders:
            if isinstance(order.write, ReceiptWrite):
                for race in self._world.races.pop(order.write.reference, ()):
                    race()
        unchecked = replace(dispatch, orders=tuple(replace(order, versions={}) for order in dispatch.orders))
        silent = {
            order.write.reference for order in dispatch.orders if isinstance(order.write, ReceiptWrite)
        } & self._world.silent
        if silent:
            raise OutcomeUnknown("the line broke")
        return super().write(unchecked)


@dataclass
class World:
    """The books, the portal and the bookkeepers of one company."""

    folder: Path
    random: Random
    diagnose: Callable[[Evidence], Diagnosis]
    zone: ZoneInfo = ZONES[0]
    temper: str = "strict"
    paid: list[Payment] = field(default_factory=list)
    races: dict[str, list[Callable[[], object]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    fed: int = 0

    def __post_init__(self) -> None:
        self.company = replace(COMPANY, time_zone=self.zone)
        self.clock = Clock()
        self.ledger = Ledger(self.folder / "books.sqlite", self.clock, temper=self.temper)
        self.db = Database(f"sqlite:///{self.folder / 'resolve-now.sqlite'}")
        migrate(self.db)
        self.desk = Desk(
            db=self.db,
            books=RacingBooks(self),
            company=self.company,
            clock=self.clock,
            ids=Ids(),
            people={},
            diagnose=self.diagnose,
            owner="accuracy",
            watch=Watch(self.clock),
        )

    def close(self) -> None:
        self.db.close()
        self.ledger.close()

    # --- chance -------------------------------------------------------------------------------------------------------

    def chance(self, of_a_hundred: int) -> bool:
        return self.random.randrange(100) < of_a_hundred

    def person(self) -> str:
        return self.random.choice(PEOPLE)

    def amount(self) -> int:
        """Round amounts are as frequent as in life."""
        return self.random.choice((self.random.randrange(1_000, 500_000), 100 * self.random.randrange(10, 5_000), 50_000, 12_000))

    def paid_moment(self) -> datetime:
        at = FIRST_PAID + timedelta(minutes=self.random.randrange(12 * 24 * 60))
        if self.chance(20):  # in the evening, by the company's calendar
            at = datetime.combine(self.company.day_of(at), EVENING, self.zone).astimezone(UTC)
        return at

    def soon_after(self, at: datetime, *, days: int = 6) -> datetime:
        return at + timedelta(minutes=self.random.randrange(30, days * 24 * 60))

    def number(self, key: str) -> str:
        """As people number invoices; a few of them are the same at several customers."""
        return self.random.choice((f"INV-{key}", key, f"2026/{key}", str(self.random.randrange(1000, 1400)) + key[-3:]))

    # --- the portal ---------------------------------------------------------------------------------------------------

    def pay(
        self, key: str, customer: Customer, amount_minor: int, to: Mapping[str, int], at: datetime, method: str = "card"
    ) -> str:
        number = f"CB{key}"
        allocations = tuple(Allocation(minor, invoice) for invoice, minor in to.items())
        self.paid.append(
            Payment(
                company=self.company.id,
                transaction_number=number,
                customer=customer.name,
                customer_id=customer.id,
                amount_minor=amount_minor,
                currency="USD",
                paid_at=at,
                method=method,
                allocations=allocations,
            )
        )
        return number

    def told(self, number: str, status: FeedStatus, dispute: Dispute = Dispute.NONE) -> None:
        """The feed says something else about the money now."""
        held = next(payment for payment in self.paid if payment.transaction_number == number)
        self.feed([replace(held, status=status, dispute=dispute)])

    def told_again(self, number: str, amount_minor: int) -> None:
        """The feed says something else about the payment itself."""
        held = next(payment for payment in self.paid if payment.transaction_number == number)
        self.feed([replace(held, amount_minor=amount_minor)])

    def feed(self, given: Sequence[Payment]) -> None:
        self.fed += 1
        intake.run_once(self.desk, _Given(given, digest=f"{self.fed}"))

    # --- the books ----------------------------------------------------------------------------------------------------

    def customer(self, key: str, at: datetime = MADE) -> Customer:
        return self.ledger.add_customer(f"Client {key}", by=self.person(), at=at)

    def invoice(
        self,
        number: str,
        customer: Customer,
        amount_minor: int,
        *,
        at: datetime = MADE,
        currency: str = "USD",
        draft: bool = False,
    ) -> Invoice:
        return self.ledger.add_invoice(
            number, customer.id, amount_minor, currency, at.date(), by=self.person(), at=at, draft=draft
        )

    def receipt(
        self,
        customer: Customer,
        amount_minor: int,
        lines: Mapping[str, int],
        at: datetime,
        *,
        on: date | None = None,
        reference: str = "",
        method: str = "",
        memo: str = "",
    ) -> Receipt:
        return self.ledger.enter_receipt(
            customer.id, amount_minor, "USD", on or self.company.day_of(at), by=self.person(), at=at,
            lines=tuple(lines.items()), reference=reference, method=method, memo=memo,
        )  # fmt: skip

    def credit(self, key: str, invoice: Invoice, amount_minor: int, at: datetime, *, total_minor: int | None = None) -> str:
        """A credit memo applied by hand; returns the application's id."""
        memo = self.ledger.add_credit_memo(
            f"CM-{key}", invoice.customer_id, total_minor or amount_minor, "USD", at.date(), by=self.person(), at=at
        )
        return self.ledger.apply_credit(memo.id, invoice.id, amount_minor, by=self.person(), at=at).id

    def noise(self, key: str, customer: Customer, *, besides: int) -> None:
        """What else happens at a customer: other invoices, other receipts, open credits, other customers with the same number."""
        for place in range(self.random.randrange(4)):
            minor = self.amount()
            if minor == besides:
                minor += 101
            other = self.invoice(f"N{place}-{key}", customer, minor)
            match self.random.randrange(4):
                case 0:
                    self.receipt(
                        customer, minor, {other.id: minor}, self.soon_after(FIRST_PAID, days=20), reference=f"{8_000 + place}"
                    )
                case 1:
                    self.credit(f"N{place}-{key}", other, max(1, minor // 3), self.soon_after(FIRST_PAID, days=20))
                case 2:
                    self.receipt(customer, minor, {}, MADE + timedelta(days=2), reference="on account")
                case _:
                    pass
