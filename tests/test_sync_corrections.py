"""The feed brings a payment again: the same in another spelling, or a correction that a person takes or dismisses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from makers import a_payment
from scene import PAID, Payments, Scene, a_person, a_scene

import rules
from receivables.corrections import Differs, differences, respelled
from receivables.diagnosis import Remedy
from receivables.errors import NotPermitted, StaleDecision
from receivables.payment import Allocation, FeedStatus, Payment, PaymentState
from storage import audit, bindings, decisions, failures, payments
from storage.bindings import Bound
from storage.corrections import CORRECTION
from storage.decisions import StoredDecision
from storage.failures import StoredFailure
from sync import intake, journey, preview, requests

TAKE, DISMISS, RETRY = Remedy.ACCEPT_CORRECTION, Remedy.DISMISS, Remedy.RETRY
HELD = replace(
    a_payment(transaction_number="TXN-1", customer="Hooli", allocations=(Allocation(50_000, "1042"),), paid_at=PAID),
    has_time=True,
)


CHICAGO = ZoneInfo("America/Chicago")
A_DECISION = StoredDecision(
    "acme", "", None, "TXN-1", RETRY, "dana", PAID, None, None, "cli", "", "", {}, 50_000, "USD", None, "done", "", PAID
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An invoice of $500.00, and people who may decide up to $10,000.00."""
    made = a_scene(tmp_path)
    made.invoice("1042", made.customer(), 50_000)
    return made


def correction_of(scene: Scene, number: str = "TXN-1") -> StoredFailure | None:
    with scene.db.read() as connection:
        return failures.open_of(connection, "acme", number, CORRECTION)


def told(scene: Scene, number: str = "TXN-1") -> str:
    found = correction_of(scene, number)
    assert found is not None
    assert found.diagnosis is not None
    return rules.sentence(found.diagnosis, scene.desk.company.words)


def brought(scene: Scene, payment: Payment, by: str = "") -> tuple[int, int]:
    """Takes in a file of one payment, and returns how many were the same and how many contradict what we hold."""
    scene.fed += 1
    counts = intake.run_once(scene.desk, Payments((payment,), name="p.csv", digest=f"file-{scene.fed}"), by=by)
    assert 0 == counts.new
    return counts.same, counts.conflicts


def decided(scene: Scene, remedy: Remedy, *, by: str = "dana", second: str = "") -> str:
    made = requests.request(scene.desk, "TXN-1", remedy, by=by, channel="cli", reason="as the portal says")
    if second:
        requests.approve(scene.desk, made.id, by=second)
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def recorded(scene: Scene) -> list[str]:
    with scene.db.read() as connection:
        return [row.action for row in audit.rows(connection, "acme", "TXN-1")]


# --- the same payment, written differently ----------------------------------------------------------------------------

SPELLINGS = {
    "customer in capitals": replace(HELD, customer="HOOLI"),
    "customer with punctuation": replace(HELD, customer="Hooli."),
    "method in capitals": replace(HELD, method=HELD.method.upper()),
    "leading zeros": replace(HELD, allocations=(Allocation(50_000, "001042"),)),
    "full width": replace(HELD, allocations=(Allocation(50_000, "１０４２"),)),
    "a customer's id added": replace(HELD, customer_id="C1"),
    "a fraction of a second": replace(HELD, paid_at=PAID + timedelta(microseconds=1)),
    "only the day": replace(HELD, paid_at=datetime(2026, 3, 3, 18, tzinfo=UTC), has_time=False),
}


@pytest.mark.parametrize("newer", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_the_same_payment(newer: Payment) -> None:
    assert () == differences(HELD, newer, CHICAGO) == differences(newer, HELD, CHICAGO)


def test_the_order_of_the_invoices_says_nothing() -> None:
    held = replace(HELD, allocations=(Allocation(30_000, "1042"), Allocation(20_000, "INV-7")))
    newer = replace(HELD, allocations=(Allocation(20_000, "inv 7"), Allocation(30_000, "01042")))
    assert () == differences(held, newer, CHICAGO)
    assert ["01042", "inv 7"] == [line.invoice_number for line in respelled(held, newer).allocations]


OTHERS = {
    Differs.AMOUNT: replace(HELD, amount_minor=50_001),
    Differs.CURRENCY: replace(HELD, currency="EUR"),
    Differs.CUSTOMER: replace(HELD, customer="Hooli 2"),
    Differs.PAID_AT: replace(HELD, paid_at=PAID + timedelta(minutes=5)),
    Differs.METHOD: replace(HELD, method="ach"),
    Differs.INVOICES: replace(HELD, allocations=(Allocation(50_000, "10420"),)),
}


@pytest.mark.parametrize(("field", "newer"), OTHERS.items(), ids=OTHERS)
def test_what_really_differs_is_no_spelling(field: Differs, newer: Payment) -> None:
    assert field in differences(HELD, newer, CHICAGO)


@pytest.mark.parametrize(
    ("first", "then"),
    [("Globex Inc", "Globex, Inc."), ("GLOBEX,INC.", "Globex, Inc."), ("Globex (Inc)", "Globex, Inc.")],
)
def test_a_corrected_spelling_of_the_customer_is_taken_and_posts(scene: Scene, first: str, then: str) -> None:
    scene.invoice("N3", scene.customer("Globex, Inc."), 50_000)
    scene.pay(customer=first, to={"N3": 50_000})
    scene.sync()
    assert PaymentState.FAILED is scene.payment().state
    assert (1, 0) == brought(scene, replace(scene.payment().payment, customer=then))
    scene.sync()
    assert (PaymentState.VERIFIED, then) == (scene.payment().state, scene.payment().payment.customer)
    assert "payment.respelled" in recorded(scene)


@pytest.mark.parametrize(("first", "then"), [("1042", "001042"), ("inv-1043", "INV-1043"), ("INV–1044", "INV-1044")])
def test_a_corrected_spelling_of_the_invoice_is_taken_and_posts(scene: Scene, first: str, then: str) -> None:
    scene.invoice(then, scene.customer("Initech"), 50_000)
    scene.pay(customer="Initech", to={first: 50_000})
    scene.sync()
    assert (1, 0) == brought(scene, replace(scene.payment().payment, allocations=(Allocation(50_000, then),)))
    scene.sync()
    assert PaymentState.VERIFIED is scene.payment().state


def test_once_ours_is_in_the_books_a_spelling_is_simply_the_same(scene: Scene) -> None:
    scene.pay()
    scene.sync()
    before = scene.payment()
    assert (1, 0) == brought(scene, replace(before.payment, customer="HOOLI", method="CARD"))
    assert before == scene.payment()
    assert "payment.respelled" not in recorded(scene)


def test_two_documents_of_the_books_are_no_spellings_of_each_other(scene: Scene) -> None:
    hooli = scene.ledger.customers()[0]
    scene.invoice("001042", hooli, 50_000)
    scene.pay()
    scene.sync()
    assert (0, 1) == brought(scene, replace(scene.payment().payment, allocations=(Allocation(50_000, "001042"),)))
    assert "invoices 1042 → 001042" in told(scene)
    assert 1 == len(scene.receipts())


def test_two_customers_of_the_books_are_no_spellings_of_each_other(scene: Scene) -> None:
    scene.customer("A-1 Corp")
    scene.customer("A 1 Corp")
    scene.pay(customer="A-1 Corp")
    preview.run_once(scene.desk)
    assert (0, 1) == brought(scene, replace(scene.payment().payment, customer="A 1 Corp"))
    assert "customer A-1 Corp → A 1 Corp" in told(scene)
    assert "waiting_approval" == decided(scene, TAKE)


def test_a_spelling_keeps_what_a_person_bound(scene: Scene) -> None:
    scene.pay()
    invoice = scene.ledger.invoices()[0]
    with scene.desk.work("dana") as work:
        made = replace(A_DECISION, company="acme", id=scene.desk.ids.new())
        decisions.record(work, made)
        bindings.bind_many(work, [Bound("TXN-1", 1, invoice.id, invoice.customer_id, made.id)])
    brought(scene, replace(scene.payment().payment, customer="HOOLI", allocations=(Allocation(50_000, "#1042."),)))
    with scene.db.read() as connection:
        bound = bindings.held(connection, "acme", ["TXN-1"])["TXN-1"]
    assert ("HOOLI", ["dana"]) == (scene.payment().payment.customer, [line.bound_by for line in bound.values()])


def test_a_spelling_that_makes_it_another_payment_again_holds_it(scene: Scene) -> None:
    scene.feed(replace(HELD, transaction_number="A-1", customer="Hooli, Inc."), replace(HELD, customer="Hooli Inc"))
    assert PaymentState.RECEIVED is scene.payment().state
    assert (1, 0) == brought(scene, replace(scene.payment().payment, customer="Hooli, Inc."))
    assert (PaymentState.FAILED, True) == (scene.payment().state, scene.failing().held)


# --- what really differs ----------------------------------------------------------------------------------------------


def test_each_difference_is_told_in_money_and_words(scene: Scene) -> None:
    scene.pay()
    newer = replace(
        scene.payment().payment, amount_minor=55_000, customer="Pied Piper", allocations=(Allocation(55_000, "1043"),)
    )
    assert (0, 1) == brought(scene, newer)
    assert told(scene).startswith(
        "In p.csv, payment TXN-1 appears again with other content: amount $500.00 → $550.00; customer Hooli → Pied Piper; "
        "invoices 1042 → 1043. Nothing of it is in the books"
    )


def test_parts_of_invoices_are_told_with_their_amounts(scene: Scene) -> None:
    scene.pay()
    newer = replace(scene.payment().payment, method="ach", allocations=(Allocation(38_000, "1042"), Allocation(12_000, "1043")))
    brought(scene, newer)
    assert "method card → ACH; invoices 1042 → 1042 ($380.00) and 1043 ($120.00)." in told(scene)


def test_nothing_is_posted_while_a_correction_waits(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),)))
    scene.sync()
    assert ([], PaymentState.RECEIVED) == (scene.receipts(), scene.payment().state)


def test_a_correction_of_the_amount_takes_two_people_and_posts(scene: Scene) -> None:
    scene.pay()
    newer = replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),))
    brought(scene, newer)
    assert "waiting_approval" == decided(scene, TAKE)
    with scene.db.read() as connection:
        (waiting,) = decisions.of_payment(connection, "acme", "TXN-1")
    requests.approve(scene.desk, waiting.id, by="sam")
    scene.sync()
    assert ([("TXN-1", 45_000, 0)], PaymentState.VERIFIED) == (scene.receipts(), scene.payment().state)
    assert correction_of(scene) is None
    assert "payment.corrected" in recorded(scene)
    assert (1, 0) == brought(scene, newer)


def test_a_second_person_is_asked_about_the_larger_amount(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, amount_minor=90_000, allocations=(Allocation(90_000, "1042"),)))
    asked = requests.request(scene.desk, "TXN-1", TAKE, by="dana", channel="cli", reason="as the portal says")
    assert (90_000, "waiting_approval") == (asked.amount_minor, asked.state)


def test_a_correction_of_the_invoice_takes_one_person_and_is_bound_anew(scene: Scene) -> None:
    scene.invoice("1043", scene.ledger.customers()[0], 50_000)
    scene.pay()
    preview.run_once(scene.desk)  # binds it to 1042
    brought(scene, replace(scene.payment().payment, allocations=(Allocation(50_000, "1043"),)))
    assert "done" == decided(scene, TAKE)
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    invoices = {invoice.id: invoice.number for invoice in scene.ledger.invoices()}
    assert ["1043"] == [invoices[line.invoice_id] for line in receipt.lines]


def test_a_failed_payment_is_corrected_and_posts(scene: Scene) -> None:
    scene.pay(to={"9999": 50_000})
    scene.sync()
    assert PaymentState.FAILED is scene.payment().state
    brought(scene, replace(scene.payment().payment, allocations=(Allocation(50_000, "1042"),)))
    with pytest.raises(StaleDecision, match="Take that correction or dismiss it first"):
        scene.decide(Remedy.KEEP_ON_ACCOUNT)
    assert "done" == decided(scene, TAKE)
    scene.sync()
    assert (PaymentState.VERIFIED, None) == (scene.payment().state, scene.failure())


def test_dismissed_it_is_kept_and_not_told_again(scene: Scene) -> None:
    scene.pay()
    newer = replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),))
    brought(scene, newer)
    assert (1, 0) == brought(scene, newer)
    assert "done" == decided(scene, DISMISS)
    assert (1, 0) == brought(scene, replace(newer, customer="HOOLI"))
    scene.sync()
    assert ([("TXN-1", 50_000, 0)], None) == (scene.receipts(), correction_of(scene))
    assert (0, 1) == brought(scene, replace(newer, amount_minor=40_000, allocations=()))


def test_a_dismissed_correction_is_reopened_and_taken(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, method="ach"))
    decided(scene, DISMISS)
    requests.reopen(scene.desk, "TXN-1", by="dana")
    assert "method card → ACH" in told(scene)
    assert "done" == decided(scene, TAKE)
    with pytest.raises(StaleDecision, match="nothing to reopen"):
        requests.reopen(scene.desk, "TXN-1", by="dana")
    scene.sync()
    assert (PaymentState.VERIFIED, "ach") == (scene.payment().state, scene.payment().payment.method)


def test_with_ours_in_the_books_it_is_refused_in_words_and_can_be_dismissed(scene: Scene) -> None:
    scene.pay()
    scene.sync()
    brought(scene, replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),)))
    scene.sync()
    assert "Our record was kept. Receipt" in told(scene)
    with pytest.raises(StaleDecision, match="is in the books"):
        decided(scene, TAKE)
    assert "done" == decided(scene, DISMISS)
    assert (PaymentState.VERIFIED, None) == (scene.payment().state, correction_of(scene))


def test_after_our_receipt_was_voided_the_correction_can_be_taken(scene: Scene) -> None:
    scene.pay()
    scene.sync()
    brought(scene, replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),)))
    (receipt,) = scene.ledger.receipts()
    scene.clock.advance(300)
    scene.ledger.void_receipt(receipt.id, by="erin", at=scene.clock.now())
    scene.sync()
    assert "waiting_approval" == decided(scene, TAKE)
    with scene.db.read() as connection:
        waiting = decisions.of_payment(connection, "acme", "TXN-1")[-1]
    requests.approve(scene.desk, waiting.id, by="sam")
    scene.sync()
    assert ([("TXN-1", 45_000, 0)], PaymentState.VERIFIED) == (scene.receipts(), scene.payment().state)
    assert (None, None) == (scene.failure(), correction_of(scene))


def test_who_imported_the_file_never_takes_its_correction(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, customer="Pied Piper"), by="dana")
    with pytest.raises(NotPermitted, match="takes two people, and Dana imported this payment"):
        decided(scene, TAKE, by="dana")


@pytest.mark.parametrize(
    ("moved_to", "ruling"),
    [(datetime(2026, 3, 10, 16, tzinfo=UTC), "done"), (datetime(2026, 4, 1, 4, 59, tzinfo=UTC), "done"),
     (datetime(2026, 4, 1, 5, 0, tzinfo=UTC), "waiting_approval")],
)  # fmt: skip
def test_another_month_of_the_company_s_calendar_takes_two_people(scene: Scene, moved_to: datetime, ruling: str) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, paid_at=moved_to))
    assert ruling == decided(scene, TAKE)


def test_a_day_in_a_closed_period_takes_two_people(scene: Scene) -> None:
    scene.ledger.close_period(date(2026, 3, 5), by="erin", at=scene.clock.now())
    scene.pay(paid_at=datetime(2026, 3, 10, 16, tzinfo=UTC))
    brought(scene, replace(scene.payment().payment, paid_at=datetime(2026, 3, 4, 16, tzinfo=UTC)))
    assert "refused" == decided(scene, TAKE)  # the books were not read before
    assert "waiting_approval" == decided(scene, TAKE)


def test_a_day_before_the_company_began_excludes_it(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, paid_at=datetime(2025, 12, 31, 12, tzinfo=UTC)))
    assert "waiting_approval" == decided(scene, TAKE)
    with scene.db.read() as connection:
        (waiting,) = decisions.of_payment(connection, "acme", "TXN-1")
    requests.approve(scene.desk, waiting.id, by="sam")
    scene.sync()
    assert (PaymentState.EXCLUDED, "before_start_on") == (scene.payment().state, scene.payment().excluded_by)


def test_money_that_went_back_counts_before_a_correction(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, method="ach", allocations=(), status=FeedStatus.REFUNDED))
    assert (PaymentState.EXCLUDED, None) == (scene.payment().state, correction_of(scene))


def test_paid_after_all_with_another_amount_is_told_and_nothing_is_posted_before_a_person_decides(scene: Scene) -> None:
    brought(scene, replace(HELD, status=FeedStatus.RETURNED))
    brought(scene, replace(HELD, amount_minor=30_000, allocations=(Allocation(30_000, "1042"),)))
    scene.sync()
    assert "amount $500.00 → $300.00" in told(scene)
    scene.decide(RETRY)
    scene.sync()
    assert [] == scene.receipts()


def test_another_correction_makes_the_older_card_stale(scene: Scene) -> None:
    scene.pay()
    brought(scene, replace(scene.payment().payment, method="ach"))
    seen = correction_of(scene)
    assert seen is not None
    brought(scene, replace(scene.payment().payment, method="wire"))
    with pytest.raises(StaleDecision, match="changed since this was shown"):
        requests.request(scene.desk, "TXN-1", TAKE, by="dana", channel="slack", evidence_id=seen.shown)


# --- what the feed says beside the amount ------------------------------------------------------------------------------


def settled_by_two(scene: Scene, entry: str) -> None:
    """Dana and Sam name the document of a refund that cannot be found in the books."""
    asked = requests.request(scene.desk, "TXN-1", Remedy.RECORD_RETURN, by="dana", channel="cli", options={"entry": entry})
    assert "waiting_approval" == asked.state
    requests.approve(scene.desk, asked.id, by="sam")
    journey.finish_once(scene.desk)


def test_each_sum_refunded_in_part_is_told_once_and_a_fee_is_held(scene: Scene) -> None:
    paid = replace(HELD, fee_minor=1_480)
    scene.feed(paid)
    scene.sync()
    for refunded, expected in ((5_000, "$50.00"), (5_000, ""), (0, ""), (7_500, "$75.00")):
        assert (1, 0) == brought(scene, replace(paid, refunded_minor=refunded, fee_minor=0))
        with scene.db.read() as connection:
            found = failures.open_of(connection, "acme", "TXN-1", "intake")
        said = rules.sentence(found.diagnosis, scene.desk.company.words) if found and found.diagnosis else ""
        assert expected in said
        if expected:
            assert found is not None
            settled_by_two(scene, "Refund 7")
    held = scene.payment().payment
    assert (1_480, 7_500, 50_000) == (held.fee_minor, held.refunded_minor, held.amount_minor)
    assert [("TXN-1", 50_000, 0)] == scene.receipts()


def test_a_payment_that_comes_partly_refunded_is_posted_whole_and_told(scene: Scene) -> None:
    scene.feed(replace(HELD, refunded_minor=5_000))
    scene.sync()
    with scene.db.read() as connection:
        assert failures.open_of(connection, "acme", "TXN-1", "intake") is not None
    assert ([("TXN-1", 50_000, 0)], PaymentState.VERIFIED) == (scene.receipts(), scene.payment().state)


def test_nobody_without_the_right_takes_it(tmp_path: Path) -> None:
    poor = replace(a_person("dana"), rights=tuple(right for right in a_person("dana").rights if right.remedy is not TAKE))
    made = a_scene(tmp_path, people=(poor, a_person("sam")))
    made.pay()
    brought(made, replace(made.payment().payment, method="ach"))
    with pytest.raises(NotPermitted):
        decided(made, TAKE)
    with made.db.read() as connection:
        assert "card" == payments.by_numbers(connection, "acme", {"TXN-1"})["TXN-1"].payment.method
