"""What is read about failed payments: in batches, and with what speaks for and against each receipt entered by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from evidence_makers import WORDS
from faulty_books import FaultyBooks
from makers import a_payment
from scene import PAID, Scene

import rules
from bench.accuracy.playing import play_in
from bench.accuracy.world import World
from receivables.books_records import BooksSettings, Customer
from receivables.diagnosis import Cause, Confidence, Diagnosis, Remedy
from receivables.errors import AccessLost, BooksRefused
from receivables.evidence import Evidence
from receivables.payment import Allocation, PaymentState
from receivables.ports import BooksTraits
from receivables.refusal import Refusal
from storage import attempts, companies, failures, kept_evidence, payments
from sync import evidence, open_failures
from sync.desk import Desk

ENTERED = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
READS_PER_BATCH = 10  # settings, invoices, customers, receipts three ways, credit memos, numbers, similar invoices, merged


class CountedBooks(FaultyBooks):
    """Real books; every read of ours is counted."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.desk.books, scene.clock)
        self.reads = 0
        self.before_read = self._count

    def _count(self) -> None:
        self.reads += 1


class SecretiveBooks(FaultyBooks):
    """Real books that do not let us see their settings."""

    def settings(self) -> BooksSettings:
        raise BooksRefused("Our user has no right to see the settings.", Refusal.PERMISSION_MISSING)


def evidence_of(scene: Scene, number: str = "TXN-1") -> Evidence:
    with scene.db.read() as connection:
        return kept_evidence.get(connection, "acme", scene.failing(number).evidence_id or "")


def diagnosis_of(scene: Scene, number: str = "TXN-1") -> Diagnosis:
    found = scene.failing(number).diagnosis
    assert found is not None
    return found


def enter_receipt(scene: Scene, customer: Customer, amount_minor: int, lines: Mapping[str, int], *, reference: str = "") -> str:
    on = date(2026, 3, 4)
    made = scene.ledger.enter_receipt(
        customer.id, amount_minor, "USD", on, lines=lines.items(), reference=reference, by="erin", at=ENTERED
    )
    return made.id


def fail_many(scene: Scene, count: int) -> None:
    """So many failures of 20 customers, each invoice of its own number with too little open."""
    customers = [scene.customer(f"Customer {place}") for place in range(20)]
    given = []
    for place in range(count):
        customer, number = customers[place % 20], f"9{place:04d}"
        invoice = scene.invoice(number, customer, 40_000)
        if place % 3 == 0:
            scene.ledger.void_invoice(invoice.id, by="erin", at=ENTERED)
        given.append(
            a_payment(
                transaction_number=f"TXN-{place:04d}",
                customer=customer.name,
                allocations=(Allocation(50_000, number),),
                paid_at=PAID,
            )
        )
    scene.feed(*given)
    scene.sync()


@pytest.mark.parametrize(("count", "batches"), [(5, 1), (100, 1), (300, 3)])
def test_reads_grow_with_batches_and_not_with_failures(count: int, batches: int, scene: Scene) -> None:
    fail_many(scene, count)
    books = CountedBooks(scene)
    scene.with_books(books)

    open_failures.run_once(scene.desk)

    with scene.db.read() as connection:
        assert count == len(failures.open_ones(connection, "acme"))
    assert batches <= books.reads <= READS_PER_BATCH * batches


def test_a_receipt_that_may_be_either_of_two_payments_is_certain_for_neither(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 50_000)
    enter_receipt(scene, hooli, 50_000, {invoice.id: 50_000})
    scene.pay("TXN-1")
    scene.pay("TXN-2")

    scene.sync()
    scene.sync()

    for number, other in (("TXN-1", "TXN-2"), ("TXN-2", "TXN-1")):
        assert [(other,)] == [receipt.rivals for receipt in evidence_of(scene, number).receipts]
        said = diagnosis_of(scene, number).primary
        assert (Cause.RECEIPT_ALREADY_ENTERED, Confidence.LIKELY) == (said.cause, said.confidence)
        assert f"it could be payment {other} as well" in rules.fact_sentence(said.because[0], WORDS)


def test_the_reference_tells_which_of_two_payments_a_receipt_is(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 50_000)
    receipt_id = enter_receipt(scene, hooli, 50_000, {invoice.id: 50_000}, reference="TXN-2")
    scene.pay("TXN-1")
    scene.pay("TXN-2")

    scene.sync()

    mine, other = diagnosis_of(scene, "TXN-2").primary, diagnosis_of(scene, "TXN-1").primary
    assert (Confidence.CERTAIN, ((receipt_id, 50_000),)) == (mine.confidence, mine.proof)
    assert (Cause.UNIDENTIFIED, Remedy.ESCALATE, ()) == (other.cause, other.remedy, other.proof)
    assert ["TXN-2"] == [receipt.names_payment for receipt in evidence_of(scene, "TXN-1").receipts]


def test_a_payment_of_another_customer_is_no_rival(scene: Scene) -> None:
    hooli, globex = scene.customer(), scene.customer("Globex")
    invoice = scene.invoice("1042", hooli, 50_000)
    scene.invoice("1043", globex, 40_000)
    enter_receipt(scene, hooli, 50_000, {invoice.id: 50_000}, reference="TXN-1")
    scene.pay("TXN-1")
    scene.pay("TXN-2", to={"1043": 50_000}, customer="Globex")

    scene.sync()

    assert [()] == [receipt.rivals for receipt in evidence_of(scene, "TXN-1").receipts]
    assert Confidence.CERTAIN is diagnosis_of(scene, "TXN-1").primary.confidence


def test_a_receipt_entered_for_the_customer_that_remains_after_a_merger_is_found(scene: Scene) -> None:
    hooli, group = scene.customer(), scene.customer("Hooli Group")
    invoice = scene.invoice("1042", hooli, 40_000)
    scene.pay()
    scene.sync()
    assert Cause.OVERPAYMENT is diagnosis_of(scene).primary.cause

    scene.ledger.merge_customers(hooli.id, group.id, by="ida", at=ENTERED)
    scene.sync()

    merged = diagnosis_of(scene)
    assert (Cause.CUSTOMER_CHANGED, Confidence.CERTAIN) == (merged.primary.cause, merged.primary.confidence)
    assert "Customer Hooli was merged into customer Hooli Group" in rules.sentence(merged, WORDS)

    receipt_id = enter_receipt(scene, group, 50_000, {invoice.id: 40_000}, reference="TXN-1")
    scene.sync()

    found = diagnosis_of(scene).primary
    assert (Cause.RECEIPT_ALREADY_ENTERED, Remedy.DISMISS) == (found.cause, found.remedy)
    assert ((receipt_id, 50_000),) == found.proof
    assert "done" == scene.decide(Remedy.DISMISS)
    assert PaymentState.DISMISSED is scene.payment().state


def test_settings_that_we_may_not_see_are_named_and_leave_nothing_certain(scene: Scene) -> None:
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    scene.invoice("1043", hooli, 40_000)
    scene.pay("TXN-1")
    scene.pay("TXN-2", to={"1043": 50_000})
    scene.sync()
    assert Confidence.CERTAIN is diagnosis_of(scene, "TXN-2").primary.confidence
    scene.pay("TXN-3", to={"1043": 40_000})
    scene.with_books(SecretiveBooks(scene.desk.books, scene.clock))

    counts = scene.sync()

    assert ("", PaymentState.RECEIVED) == (counts.problem, scene.payment("TXN-3").state)  # nothing is posted on a guess
    said = diagnosis_of(scene, "TXN-2")
    assert Confidence.LIKELY is said.primary.confidence
    assert "settings: Our user has no right to see the settings. could not be read" in rules.not_checked(said, WORDS)


def test_how_far_receipts_were_searched_for_is_said_where_it_matters(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 40_000)
    scene.pay()
    scene.sync()
    assert () == rules.not_checked(diagnosis_of(scene), WORDS)  # certain: another receipt would not change it

    enter_receipt(scene, hooli, 100, {invoice.id: 100})
    scene.sync()

    assert Cause.UNIDENTIFIED is diagnosis_of(scene).primary.cause
    said = ("receipts dated before Feb 24, 2026, and those after Mar 10, 2026 on other invoices",)
    assert said == rules.not_checked(diagnosis_of(scene), WORDS)


class PartlyRead(FaultyBooks):
    """Real books with a kind of document that nobody reads."""

    @property
    def traits(self) -> BooksTraits:
        return replace(self.inner.traits, not_read=("sales receipts",))


def test_kinds_of_documents_that_are_not_read_are_named_where_it_matters(scene: Scene) -> None:
    hooli = scene.customer()
    invoice = scene.invoice("1042", hooli, 40_000)
    scene.with_books(PartlyRead(scene.desk.books, scene.clock))
    scene.pay()
    scene.sync()
    assert () == rules.not_checked(diagnosis_of(scene), WORDS)
    enter_receipt(scene, hooli, 100, {invoice.id: 100})
    scene.sync()
    assert "sales receipts" in rules.not_checked(diagnosis_of(scene), WORDS)


def test_lost_access_pauses_the_company_and_fails_no_payment(scene: Scene) -> None:
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    scene.pay()
    books = FaultyBooks(scene.desk.books, scene.clock)
    books.reads_raise = AccessLost("The connection was revoked.")
    scene.with_books(books)

    counts = scene.sync()

    with scene.db.read() as connection:
        pause = companies.get(connection, "acme").pause
        tally = attempts.tally_since(connection, "acme", PAID)
    assert "The connection was revoked." == counts.problem
    assert pause is not None
    assert (Cause.ACCESS_LOST, None) == (pause.cause, pause.until)
    assert (0, 0, PaymentState.RECEIVED, None) == (tally.attempted, tally.failed, scene.payment().state, scene.failure())


def alone_and_among_others(desk: Desk) -> Mapping[str, tuple[Evidence, Evidence]]:
    """For each open failure, by transaction number, what is read about it alone and what in one batch with all others."""
    with desk.db.read() as connection:
        page = failures.open_ones(connection, desk.company.id, about="payment", limit=1000)
        known = payments.by_numbers(connection, desk.company.id, failures.transaction_numbers(page))
    among = evidence.gather(desk, list(known.values()), isolated=True)
    pairs = {}
    for number, stored in known.items():
        (alone,) = evidence.gather(desk, [stored], isolated=True).values()
        pairs[number] = (replace(alone, taken_at=among[number].taken_at), among[number])
    return pairs


def test_evidence_is_the_same_for_one_payment_alone_and_among_others(tmp_path: Path) -> None:
    """Else a decision, which reads its payment alone, would find the facts changed for ever."""
    world = World(tmp_path, Random(1), rules.diagnose)
    play_in(world, "ordinary", 40)
    pairs = alone_and_among_others(world.desk)
    world.close()

    assert 30 < len(pairs)
    assert [] == [number for number, (alone, among) in pairs.items() if alone != among]


def test_what_is_read_for_another_payment_changes_no_evidence(scene: Scene) -> None:
    """Neither an older receipt on the invoice nor a receipt of another amount that names another payment, in any form."""
    hooli, initech = scene.customer(), scene.customer("Initech")
    short = scene.invoice("1042", hooli, 50_000)
    scene.invoice("2001", initech, 70_000)
    scene.pay("TXN-1")
    scene.pay("TXN-2", 70_000, {"2001": 70_000}, customer="Initech")
    scene.pay("TXN-3", 30_000, {"1050": 30_000}, paid_at=PAID - timedelta(days=60))
    long_ago = PAID.date() - timedelta(days=40)
    scene.ledger.enter_receipt(hooli.id, 20_000, "USD", long_ago, lines=[(short.id, 20_000)], by="erin", at=ENTERED)
    enter_receipt(scene, hooli, 70_000, {}, reference="txn 2")
    scene.sync()

    pairs = alone_and_among_others(scene.desk)

    assert ["TXN-1", "TXN-2", "TXN-3"] == sorted(pairs)
    assert [] == [number for number, (alone, among) in pairs.items() if alone != among]
    assert ["TXN-2"] == [receipt.names_payment for receipt in pairs["TXN-1"][0].receipts]
