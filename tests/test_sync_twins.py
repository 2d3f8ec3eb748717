"""The same money under another number is never posted twice: it is held, shown beside the first, and settled by a person."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from makers import a_company, a_payment
from scene import Payments, Scene, a_scene
from scripts import script, together

import rules
from receivables.diagnosis import Cause, Remedy
from receivables.errors import NotPermitted, StaleDecision
from receivables.payment import Allocation, Bucket, FeedStatus, Payment, PaymentState
from receivables.twins import Settled
from storage import schema, twins
from sync import intake, journey, reconciliation, requests

PAID = datetime(2026, 3, 3, 16, 15, 7, tzinfo=UTC)
CHECKOUT = Path(__file__).parent.parent
TAKE_IN = """
import sys
from datetime import datetime
sys.path.insert(0, "tests")
from makers import CHICAGO, START, a_payment
from app.clock import SystemClock, RandomIds
from storage.engine import Database
from storage.taking_in import arrival, take_in
from storage.work import working
db, clock, ids = Database(sys.argv[1]), SystemClock(), RandomIds()
print("ready", flush=True)
sys.stdin.readline()
for place in range(int(sys.argv[3])):
    number, paid_at = f"{sys.argv[2]}-{place}", datetime.fromisoformat(sys.argv[4])
    payment = a_payment(transaction_number=number, amount_minor=1_000 + place, paid_at=paid_at, has_time=True)
    with working(db.work(), "acme", clock, ids, "feed") as work:
        taken = take_in(work, [arrival(payment, source=sys.argv[2], excluded_by=None)], CHICAGO)
        print(taken[number].became.value, flush=True)
"""


def a_twin(number: str, **changes: object) -> Payment:
    """A payment of one moment and one content; only the number is given."""
    made = a_payment(
        transaction_number=number, paid_at=PAID, has_time=True, allocations=(Allocation(50_000, "1042"),), amount_minor=50_000
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def opened(scene: Scene) -> Scene:
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    return scene


@pytest.fixture
def held(opened: Scene) -> Scene:
    """00043 was posted, and then 43 came."""
    opened.feed(a_twin("00043"))
    opened.sync()
    counts = opened.feed(a_twin("43"))
    assert (0, 1) == (counts.new, counts.twins)
    opened.sync()
    return opened


def approve(scene: Scene, decision_id: str, *, by: str = "sam") -> None:
    requests.approve(scene.desk, decision_id, by=by)
    journey.finish_once(scene.desk)


def test_a_number_without_its_zeros_is_held_and_both_are_shown(held: Scene) -> None:
    assert [("00043", 50_000, 0)] == held.receipts()
    stored, found = held.payment("43"), held.failing("43")
    assert (PaymentState.FAILED, Bucket.WAITING_PERSON, True) == (stored.state, stored.bucket, found.held)
    assert found.diagnosis is not None
    assert (Cause.DUPLICATE_REFERENCE, Remedy.DISMISS) == (found.cause, found.remedy)
    assert Remedy.NOT_DUPLICATE in found.offered
    words = held.desk.company.words
    said = rules.sentence(found.diagnosis, words)
    for number in ("Payment 43 ", "payment 00043 "):
        assert f"{number}($500.00, Mar 3, 2026, 10:15 AM CST)" in said
    shown = [rules.fact_sentence(fact, words) for fact in found.diagnosis.primary.because]
    assert any("00043" in text and "$500.00" in text and "10:15 AM" in text for text in shown)
    assert any("Payment 43 " in text and "$500.00" in text and "10:15 AM" in text for text in shown)


@pytest.mark.parametrize(
    "again",
    [a_twin("PX-77"), a_twin("43", paid_at=PAID.replace(hour=23), method="ach", has_time=False), a_twin("００043")],
    ids=["another number", "another form on the same day", "other digits"],
)
def test_every_twin_is_held_however_often_the_books_are_read(opened: Scene, again: Payment) -> None:
    opened.feed(a_twin("00043"), again)
    for _ in range(3):
        opened.sync()
        opened.clock.advance(3600)
    assert [("00043", 50_000, 0)] == opened.receipts()
    assert PaymentState.FAILED is opened.payment(again.transaction_number).state


@pytest.mark.parametrize(
    "other",
    [
        a_twin("PX-77", paid_at=PAID + timedelta(seconds=1)),
        a_twin("PX-77", has_time=False),
        a_twin("PX-77", method="ach"),
        a_twin("PX-77", allocations=()),
        a_twin("44", customer="Globex"),
    ],
    ids=["a second later", "a day only", "method", "invoices", "customer"],
)
def test_another_payment_is_not_held(opened: Scene, other: Payment) -> None:
    counts = opened.feed(a_twin("00043"), other)
    assert (2, 0) == (counts.new, counts.twins)
    assert PaymentState.RECEIVED is opened.payment(other.transaction_number).state


def test_two_days_without_a_time_are_no_moment(opened: Scene) -> None:
    counts = opened.feed(*(a_twin(number, has_time=False) for number in ("A-1", "A-2", "A-3")))
    assert (3, 0) == (counts.new, counts.twins)


def test_the_webhook_and_a_file_that_bring_one_payment_under_two_numbers(opened: Scene) -> None:
    intake.take_message(opened.desk, Payments((a_twin("W-1"),), "the webhook", digest="message"), kind="webhook")
    counts = opened.feed(a_twin("00043"))
    opened.sync()
    assert 1 == counts.twins
    assert [("W-1", 50_000, 0)] == opened.receipts()


def test_a_twin_from_before_the_start_or_taken_in_again_changes_nothing(held: Scene) -> None:
    assert (1, 0) == ((again := held.feed(a_twin("43"))).same, again.twins)
    long_ago = datetime(2025, 12, 1, 10, 0, 1, tzinfo=UTC)
    counts = held.feed(a_twin("OLD-1", paid_at=long_ago), a_twin("OLD-2", paid_at=long_ago))
    assert (2, 0) == (counts.excluded, counts.twins)


def test_a_twin_that_came_returned_is_shown_and_never_posted(held: Scene) -> None:
    counts = held.feed(a_twin("0043", status=FeedStatus.RETURNED))
    held.sync()
    assert 1 == counts.twins
    assert Cause.PAYMENT_RETURNED is held.failing("0043").cause
    assert [("00043", 50_000, 0)] == held.receipts()


@pytest.mark.parametrize("remedy", [Remedy.RETRY, Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT])
def test_no_other_remedy_posts_a_twin(held: Scene, remedy: Remedy) -> None:
    """Also one that a second finding offers: invoice 1042 is paid by the first."""
    with suppress(StaleDecision):
        held.decide(remedy, "43")
    held.sync()
    held.sync()
    assert [("00043", 50_000, 0)] == held.receipts()
    assert Cause.DUPLICATE_REFERENCE is held.failing("43").cause


@pytest.mark.parametrize("proof", ["", "00043"], ids=["as shown", "named"])
def test_one_person_dismisses_it_with_the_other_payment_as_proof(held: Scene, proof: str) -> None:
    assert "done" == held.decide(Remedy.DISMISS, "43", proof=proof)
    assert PaymentState.DISMISSED is held.payment("43").state
    with held.db.read() as connection:
        (said,) = twins.settlements(connection, "acme", ["43"])["43"]
        record = connection.execute(
            sa.select(schema.audit.c.body).where(schema.audit.c.action == "payment.twin_settled")
        ).scalars()
        assert all('"00043"' in body for body in record)
    assert ("00043", Settled.DISMISSED) == (said.other_number, said.settled)
    proven = reconciliation.run_once(held.desk)
    assert (True, 2, 1, 1, 0) == (
        proven.clean,
        proven.payments,
        proven.exactly_once,
        proven.dismissed_with_proof,
        proven.dismissed_by_two_people,
    )


def test_a_payment_that_is_no_twin_of_it_is_no_proof(held: Scene) -> None:
    held.feed(a_twin("OTHER", amount_minor=50_000, paid_at=PAID + timedelta(days=2), allocations=()))
    with pytest.raises(StaleDecision, match="Payment 00043 may be named as proof"):
        held.decide(Remedy.DISMISS, "43", proof="OTHER")
    assert PaymentState.FAILED is held.payment("43").state


def test_a_dismissed_twin_that_is_reopened_is_a_twin_again(held: Scene) -> None:
    held.decide(Remedy.DISMISS, "43")
    requests.reopen(held.desk, "43", by="dana")
    for _ in range(2):
        held.sync()
    assert Cause.DUPLICATE_REFERENCE is held.failing("43").cause
    assert [("00043", 50_000, 0)] == held.receipts()
    assert "done" == held.decide(Remedy.DISMISS, "43")


def test_two_people_say_that_it_is_no_duplicate_and_it_is_posted_as_usual(opened: Scene) -> None:
    opened.feed(a_twin("00043", allocations=()), a_twin("43", allocations=()))
    opened.sync()
    made = requests.request(opened.desk, "43", Remedy.NOT_DUPLICATE, by="dana", channel="cli", reason="paid twice")
    assert "waiting_approval" == made.state
    with pytest.raises(NotPermitted):
        approve(opened, made.id, by="dana")
    opened.sync()
    assert [("00043", 50_000, 50_000)] == opened.receipts()
    approve(opened, made.id)
    opened.sync()
    assert [("00043", 50_000, 50_000), ("43", 50_000, 50_000)] == opened.receipts()
    assert PaymentState.VERIFIED is opened.payment("43").state
    assert reconciliation.run_once(opened.desk).clean


def test_a_third_one_shows_both_and_either_is_proof(held: Scene) -> None:
    held.feed(a_twin("0043"))
    held.sync()
    found = held.failing("0043")
    assert found.diagnosis is not None
    before = [fact.document for fact in found.diagnosis.primary.facts("twin_payment")]
    assert ["payment 00043", "payment 43", "payment 0043"] == before
    assert "done" == held.decide(Remedy.DISMISS, "0043", proof="43")
    with held.db.read() as connection:
        assert ["43"] == [said.other_number for said in twins.settlements(connection, "acme", ["0043"])["0043"]]


def test_many_payments_of_one_second_are_told_apart_by_their_customers(opened: Scene) -> None:
    given = [a_twin(f"RUN-{place}", customer=f"Customer {place}") for place in range(200)]
    counts = opened.feed(*given)
    assert (200, 0) == (counts.new, counts.twins)
    counts = opened.feed(*(replace(payment, transaction_number=f"S{payment.transaction_number}") for payment in given))
    assert (0, 200) == (counts.new, counts.twins)


@pytest.fixture
def two_feeds(tmp_path: Path, database_url: str) -> str:
    made = a_scene(tmp_path, url=database_url, company=a_company())
    made.feed()
    made.db.close()
    made.ledger.close()
    return database_url


def test_of_twins_taken_in_by_two_processes_at_once_exactly_one_is_free(two_feeds: str, tmp_path: Path) -> None:
    ended = together([script(tmp_path, TAKE_IN, two_feeds, name, "30", PAID.isoformat()) for name in ("csv", "hook")])
    became = [ran.out.split() for ran in ended]
    assert [["new", "twin"]] * 30 == [sorted(pair) for pair in zip(*became, strict=True)]
