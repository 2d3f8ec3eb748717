"""The whole journey of payments into a real Tryton: posted, failed, decided, put right, proved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import templates
from makers import CountingIds, a_company, a_payment
from scene import Payments, a_person
from tryton_scene import TrytonScene, tryton_scene

from receivables.diagnosis import Cause, Remedy
from receivables.payment import Allocation, PaymentState
from rules import diagnose
from storage import decisions, failures, payments
from storage.engine import Database
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.watch import Watch
from sync import intake, journey, requests
from sync.desk import Desk

pytestmark = pytest.mark.slow


@dataclass
class Journey:
    """A small house on Tryton. The clock begins with the machine's, because Tryton goes by that one."""

    tryton: TrytonScene
    desk: Desk
    fed: int = 0

    def pay(self, number: str, amount_minor: int, to: dict[str, int], customer: str = "Hooli") -> None:
        """A payment made right after the newest invoice, by the server's own clock, which is not exactly ours."""
        newest = self.tryton.dana.clerk.call("account.invoice.search_read", [], 0, 1, [["create_date", "DESC"]], ["create_date"])
        made_at: datetime = newest[0]["create_date"].replace(tzinfo=UTC) if newest else self._now()
        self._now()
        self.fed += 1
        given = a_payment(
            transaction_number=number,
            customer=customer,
            amount_minor=amount_minor,
            paid_at=made_at + timedelta(milliseconds=1),
            allocations=tuple(Allocation(amount, invoice) for invoice, amount in to.items()),
        )
        intake.run_once(self.desk, Payments((given,), digest=f"feed-{self.fed}"))

    def _now(self) -> datetime:
        """The journey's clock, at least where the machine's stands."""
        behind = datetime.now(UTC) - self.tryton.clock.now()
        self.tryton.clock.advance(max(0.0, behind.total_seconds()))
        return self.tryton.clock.now()

    def sync(self) -> None:
        self._now()
        journey.run(self.desk)

    def payment(self, number: str) -> StoredPayment:
        with self.desk.db.read() as connection:
            found = payments.find(connection, self.desk.company.id, number)
        assert found is not None
        return found

    def failure(self, number: str) -> StoredFailure:
        with self.desk.db.read() as connection:
            found = failures.open_of(connection, self.desk.company.id, number)
        assert found is not None
        return found

    def decide(self, remedy: Remedy, number: str, **options: object) -> str:
        made = requests.request(self.desk, number, remedy, by="dana", channel="cli", options=options)
        journey.finish_once(self.desk)
        with self.desk.db.read() as connection:
            return decisions.get(connection, self.desk.company.id, made.id).state

    def receipts(self, customer: str) -> list[tuple[str, int, int]]:
        """(reference, amount, unapplied) of every living receipt of the customer."""
        found = self.tryton.books.receipts_of([customer], self.tryton.clock.now().date() - timedelta(days=400))
        return sorted((receipt.reference, receipt.amount_minor, receipt.unapplied_minor) for receipt in found)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Journey]:
    with tryton_scene(start=datetime.now(UTC)) as tryton:
        db = Database(f"sqlite:///{templates.new_database(tmp_path)}")
        desk = Desk(
            db=db,
            books=tryton.books,
            company=a_company(time_zone="UTC"),
            clock=tryton.clock,
            ids=CountingIds(),
            people={"dana": a_person("dana")},
            diagnose=diagnose,
            owner="test",
            watch=Watch(tryton.clock),
        )
        yield Journey(tryton, desk)
        db.close()


def test_payments_are_posted_once_each_and_verified_by_reading_back(house: Journey) -> None:
    customer = house.tryton.dana.customer("Hooli")
    house.tryton.dana.invoice("1041", customer, 30_000)
    house.tryton.dana.invoice("1042", customer, 20_000)
    house.pay("TXN-1", 55_000, {"1041": 30_000, "1042": 20_000})
    house.pay("TXN-2", 5_000, {})

    house.sync()
    house.sync()

    assert [PaymentState.VERIFIED] * 2 == [house.payment(number).state for number in ("TXN-1", "TXN-2")]
    assert [("TXN-1", 55_000, 5_000), ("TXN-2", 5_000, 5_000)] == house.receipts(customer)
    assert 2 == len(house.tryton.statements())


def test_receipt_entered_by_hand_with_the_pay_button_is_recognised_and_dismissed_with_proof(house: Journey) -> None:
    customer = house.tryton.dana.customer("Hooli")
    number = house.tryton.dana.invoice("1042", customer, 50_000)
    today = house.tryton.clock.now().date()
    house.pay("TXN-1", 50_000, {"1042": 50_000})
    house.tryton.dana.receipt_by_wizard(number, 50_000, on=today)

    house.sync()

    failure = house.failure("TXN-1")
    assert (Cause.RECEIPT_ALREADY_ENTERED, Remedy.DISMISS) == (failure.cause, failure.remedy)
    assert "done" == house.decide(Remedy.DISMISS, "TXN-1")
    assert PaymentState.DISMISSED is house.payment("TXN-1").state
    assert [("", 50_000, 0)] == house.receipts(customer)


def test_credit_that_eats_a_payment_is_taken_off_and_the_payment_posted(house: Journey) -> None:
    customer = house.tryton.dana.customer("Hooli")
    number = house.tryton.dana.invoice("1042", customer, 50_000)
    credit = house.tryton.dana.credit_memo("CM-1", customer, 12_000)
    house.pay("TXN-1", 50_000, {"1042": 50_000})
    house.tryton.dana.apply_credit(credit, number, 12_000)
    house.sync()
    failure = house.failure("TXN-1")
    assert (Cause.CREDIT_MEMO_APPLIED, Remedy.UNAPPLY_CREDIT_MEMO) == (failure.cause, failure.remedy)

    assert "done" == house.decide(Remedy.UNAPPLY_CREDIT_MEMO, "TXN-1")

    assert PaymentState.VERIFIED is house.payment("TXN-1").state
    assert [("TXN-1", 50_000, 0)] == house.receipts(customer)
    (memo,) = house.tryton.books.credit_memos([credit]).values()
    assert (12_000, ()) == (getattr(memo, "open_minor", 0), getattr(memo, "applications", None))


def test_invoice_cancelled_and_made_again_is_followed_to_its_successor(house: Journey) -> None:
    customer = house.tryton.dana.customer("Hooli")
    before = house.tryton.dana.invoice("1042", customer, 50_000)
    house.pay("TXN-1", 50_000, {"1042": 50_000})
    house.desk = replace(house.desk, company=a_company(time_zone="UTC", writes=False))
    house.sync()  # bound, and not posted yet
    house.desk = replace(house.desk, company=a_company(time_zone="UTC"))
    house.tryton.dana.void_invoice(before)
    after = house.tryton.dana.invoice("1043", customer, 50_000)

    house.sync()

    failure = house.failure("TXN-1")
    assert (Cause.INVOICE_RECREATED, Remedy.RECREATE_RECEIPT) == (failure.cause, failure.remedy)
    assert "done" == house.decide(Remedy.RECREATE_RECEIPT, "TXN-1")
    assert PaymentState.VERIFIED is house.payment("TXN-1").state
    assert 0 == house.tryton.dana.open_minor(after)


def test_payment_into_a_closed_period_waits_until_it_is_open_again(house: Journey) -> None:
    customer = house.tryton.dana.customer("Hooli")
    house.tryton.dana.invoice("1042", customer, 50_000)
    house.pay("TXN-1", 50_000, {"1042": 50_000})
    end_of_time = house.tryton.clock.now().date() + timedelta(days=31)
    house.tryton.dana.close_period(end_of_time)
    house.sync()
    assert Cause.PERIOD_CLOSED is house.failure("TXN-1").cause
    assert [] == house.tryton.statements()

    house.tryton.dana.close_period(datetime(2024, 12, 31, tzinfo=UTC).date())
    house.sync()
    house.sync()

    assert PaymentState.VERIFIED is house.payment("TXN-1").state
    assert [("TXN-1", 50_000, 0)] == house.receipts(customer)


@pytest.mark.parametrize("cut_after", [1, 2], ids=["created", "validated"])
def test_answer_lost_on_the_way_is_read_back_and_posted_once(house: Journey, cut_after: int) -> None:
    customer = house.tryton.dana.customer("Hooli")
    house.tryton.dana.invoice("1042", customer, 50_000)
    house.pay("TXN-1", 50_000, {"1042": 50_000})
    house.tryton.calls.writes_until_cut = cut_after

    for _ in range(5):
        house.sync()
        house.tryton.clock.advance(120)

    assert PaymentState.VERIFIED is house.payment("TXN-1").state
    assert [("TXN-1", 50_000, 0)] == house.receipts(customer)
    assert 1 == len(house.tryton.statements())


def test_what_a_thousand_healthy_payments_cost(house: Journey, capsys: pytest.CaptureFixture[str]) -> None:
    """The calls grow with the dispatches: two of them here, slow enough that the books are read again before the second.

    The printed figures are scaled to 1,000.
    """
    count, customer = 24, house.tryton.dana.customer("Hooli")
    wanted = [(str(1000 + number), customer, 40_000) for number in range(count // 4)]
    house.tryton.dana.invoices(wanted, on=house.tryton.clock.now().date())
    house.sync()  # the first look at the books is paid once
    before = dict(house.tryton.calls.counts.made)
    for number in range(count):
        house.pay(f"TXN-{number}", 10_000, {str(1000 + number // 4): 10_000})
    house.tryton.calls.before_write = lambda _: house.tryton.clock.advance(2.0)

    house.sync()

    made = {kind: house.tryton.calls.counts.made[kind] - before.get(kind, 0) for kind in ("read", "write")}
    reads, writes = (round(made[kind] * 1000 / count) for kind in ("read", "write"))
    with capsys.disabled():
        print(f"\nTryton: calls for 1,000 healthy payments: {reads} reads, {writes} writes")
    assert [PaymentState.VERIFIED] * count == [house.payment(f"TXN-{number}").state for number in range(count)]
    assert 2 * 3 == made["write"]  # created, validated, posted
    assert made["read"] + made["write"] <= 2 * count
