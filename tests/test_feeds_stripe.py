"""Stripe as a feed: asked page by page with the official SDK, against a stand-in nobody here wrote and official samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import stripe as sdk
from evidence_makers import WORDS
from makers import a_company
from scene import PAID, Scene, a_scene
from stand_ins.localstripe_process import KEY, LocalStripe, running

import rules
from feeds.polled import Page, Record
from feeds.stripe import StripeFeed, StripeFields, read_charge, read_notice
from feeds.stripe_amounts import minor_of
from receivables.diagnosis import Cause, Remedy
from receivables.errors import ConfigurationError, FeedError
from receivables.payment import Allocation, FeedStatus, PaymentState
from storage import failures, feeds, payments
from storage.failures import StoredFailure
from sync import polling
from sync.polling import PollCounts

SAMPLES = Path(__file__).parents[1].parent / "shared" / "contracts" / "stripe" / "fixtures3.json"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_file(), reason="Stripe's samples are not in ../shared/contracts; put them there to read them as charges"
)
CREATED = int(PAID.timestamp())


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStripe]:
    with running() as started:
        yield started


@pytest.fixture
def stripe(server: LocalStripe) -> LocalStripe:
    server.forget()
    return server


def asked(scene: Scene, stripe: LocalStripe, key: str = KEY) -> None:
    """Gives the desk a Stripe feed."""
    feed = StripeFeed(scene.desk.company, StripeFields(), lambda: key, stripe.url)
    scene.desk = replace(scene.desk, feed=feed)


def a_charge(**other: Any) -> dict[str, Any]:
    """A captured charge as Stripe tells it, with the metadata we ask for."""
    metadata = {"customer": "Hooli", "invoices": "1042:300.00;1043:200.00"}
    charge = {
        "id": "ch_1", "object": "charge", "status": "succeeded", "captured": True, "amount": 50_000, "amount_captured": 50_000,
        "amount_refunded": 0, "refunded": False, "disputed": False, "currency": "usd", "created": CREATED, "metadata": metadata,
        "payment_method_details": {"type": "card"},
    }  # fmt: skip
    return charge | other


def read(charge: dict[str, Any], *disputes: dict[str, Any], fields: StripeFields | None = None) -> Record:
    return read_charge(charge, disputes, a_company(), fields or StripeFields())


def told(scene: Scene, number: str) -> StoredFailure | None:
    """What a person was told about what the feed says of a payment."""
    with scene.db.read() as connection:
        found = failures.open_of(connection, "acme", number)
        return found or failures.open_of(connection, "acme", number, "intake")


def test_a_charge_becomes_the_payment_that_its_metadata_names() -> None:
    payment = read(a_charge()).payment
    assert payment is not None
    assert ("ch_1", "Hooli", 50_000, "USD", PAID, "card") == (
        payment.transaction_number, payment.customer, payment.amount_minor, payment.currency, payment.paid_at, payment.method,
    )  # fmt: skip
    assert (Allocation(30_000, "1042"), Allocation(20_000, "1043")) == payment.allocations
    named = StripeFields(transaction_number="order", customer="name", customer_id="id", invoices="")
    other = read(a_charge(metadata={"order": "TXN-9", "name": "Globex", "id": "C7"}), fields=named).payment
    assert other is not None
    assert ("TXN-9", "Globex", "C7", ()) == (other.transaction_number, other.customer, other.customer_id, other.allocations)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(500, "JPY", 500), (500, "ISK", 5), (500, "UGX", 5), (500, "MGA", 50_000), (5_120, "KWD", 5_120), (500, "USD", 500)],
)
def test_amounts_keep_their_value_whatever_decimals_stripe_writes(amount: int, currency: str, minor: int) -> None:
    assert minor == minor_of(amount, currency)


def test_a_fraction_of_the_smallest_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        minor_of(550, "ISK")
    assert "fraction" in read(a_charge(amount=550, amount_captured=550, currency="isk", metadata={"customer": "H"})).problem


@pytest.mark.parametrize(
    ("booked", "fee_minor"),
    [
        ({"fee": 1_480, "currency": "usd"}, 1_480),
        ({"fee": 1_480, "currency": "eur"}, 0),  # settled in another currency
        ({"fee": 60_000, "currency": "usd"}, 0),  # more than the payment: no fee of it alone
        ("txn_1", 0),  # not told along
    ],
)
def test_fee_is_what_stripe_kept_in_the_currency_of_the_payment(booked: object, fee_minor: int) -> None:
    payment = read(a_charge(balance_transaction=booked)).payment
    assert payment is not None
    assert (fee_minor, 50_000) == (payment.fee_minor, payment.amount_minor)


class Charges:
    """Stripe's charges for a key that may not read balance transactions."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def retrieve(self, charge_id: str, more: dict[str, Any]) -> Any:
        self.asked.append("expand" in more)
        if "expand" in more:
            raise sdk.PermissionError("The provided key does not have the required permissions.")
        return sdk.Charge.construct_from(a_charge(id=charge_id), "key")


def test_key_that_may_not_read_fees_reads_charges_all_the_same(scene: Scene) -> None:
    feed, charges = StripeFeed(scene.desk.company, StripeFields(), lambda: KEY), Charges()
    feed._opened = cast("Any", SimpleNamespace(v1=SimpleNamespace(charges=charges)))
    payments_read = [feed.look_up(charge_id).payment for charge_id in ("ch_1", "ch_2")]
    assert [0, 0] == [payment.fee_minor for payment in payments_read if payment]
    assert [True, False, False] == charges.asked  # it is asked for once


@pytest.mark.parametrize(
    ("other", "status", "given_back"),
    [
        ({}, FeedStatus.PAID, 0),
        ({"amount_refunded": 10_000}, FeedStatus.PAID, 10_000),
        ({"amount_refunded": 50_000, "refunded": True}, FeedStatus.REFUNDED, 0),
        ({"amount_captured": 50_000, "amount": 80_000, "amount_refunded": 30_000}, FeedStatus.PAID, 0),  # never was taken
        ({"amount_captured": 50_000, "amount": 80_000, "amount_refunded": 40_000}, FeedStatus.PAID, 10_000),
    ],
)
def test_what_was_refunded_is_the_whole_or_a_part(other: dict[str, Any], status: FeedStatus, given_back: int) -> None:
    record = read(a_charge(**other))
    assert record.payment is not None
    assert (status, given_back, 50_000) == (record.payment.status, record.payment.refunded_minor, record.payment.amount_minor)


@pytest.mark.parametrize(
    ("status", "meant", "outcome", "of_a_bank"),
    [
        ("warning_needs_response", FeedStatus.PAID, "", FeedStatus.PAID),
        ("needs_response", FeedStatus.CHARGED_BACK, "open", FeedStatus.RETURNED),
        ("under_review", FeedStatus.CHARGED_BACK, "open", FeedStatus.RETURNED),
        ("lost", FeedStatus.CHARGED_BACK, "lost", FeedStatus.RETURNED),
        ("won", FeedStatus.PAID, "won", FeedStatus.PAID),
    ],
)
def test_a_dispute_of_a_card_is_a_chargeback_and_one_of_a_bank_debit_a_return(
    status: str, meant: FeedStatus, outcome: str, of_a_bank: FeedStatus
) -> None:
    dispute = {"status": status, "created": CREATED + 86_400, "network_reason_code": "10.4"}
    payment = read(a_charge(disputed=True), dispute).payment
    assert payment is not None
    assert (meant, outcome) == (payment.status, payment.dispute)
    if meant is FeedStatus.CHARGED_BACK:
        assert ("10.4", CREATED + 86_400) == (payment.reason_code, payment.status_at and payment.status_at.timestamp())
    debit = read(a_charge(disputed=True, payment_method_details={"type": "us_bank_account"}), dispute).payment
    assert debit is not None
    assert of_a_bank is debit.status


def test_what_is_not_money_yet_waits_and_what_never_will_be_is_passed_over() -> None:
    assert read(a_charge(status="pending")).waiting
    assert read(a_charge(captured=False)).waiting
    assert Record("ch_1") == read(a_charge(status="failed"))
    assert Record("ch_1") == read(a_charge(captured=False, refunded=True, amount_refunded=50_000))


def test_a_charge_that_lacks_something_says_where_to_write_it() -> None:
    problem = read(a_charge(metadata={"invoices": "1042:900.00"})).problem
    assert 'metadata "customer": this must not be empty' in problem
    assert 'metadata "invoices": the invoices add up to 900.00' in problem


@needs_samples
def test_the_official_samples_are_read_as_they_are() -> None:
    samples = json.loads(SAMPLES.read_text())["resources"]
    assert read(samples["charge"]).waiting  # it is not captured
    record = read(samples["charge"] | {"captured": True, "metadata": {"customer": "Hooli"}}, samples["dispute"])
    assert record.payment is not None
    assert (100, FeedStatus.PAID) == (record.payment.amount_minor, record.payment.status)  # the sample is an inquiry
    taken = read(
        samples["charge"] | {"captured": True, "metadata": {"customer": "Hooli"}}, samples["dispute"] | {"status": "lost"}
    )
    assert taken.payment is not None
    assert FeedStatus.CHARGED_BACK is taken.payment.status


def test_an_unsigned_or_unreadable_notice_is_none() -> None:
    assert read_notice(b"{}", "", ["whsec_made_up_for_this_test"]) is None
    assert read_notice(b"\xff", "t=1,v1=00", ["whsec_made_up_for_this_test"]) is None


def test_all_of_many_charges_are_taken_in_and_a_second_look_changes_nothing(scene: Scene, stripe: LocalStripe) -> None:
    customer = stripe.customer()
    for place in range(130):
        stripe.charge(customer, 100 + place, customer="Hooli")
    asked(scene, stripe)
    first, second = polling.run_once(scene.desk), polling.run_once(scene.desk)
    assert (PollCounts(new=130), 0, "") == (first, second.new, second.problem)
    assert 130 == len(scene_numbers(scene))


def test_an_interrupted_walk_goes_on_at_its_page_and_misses_nothing(scene: Scene, stripe: LocalStripe) -> None:
    customer = stripe.customer()
    charges = {stripe.charge(customer, 100, customer="Hooli") for _ in range(130)}
    feed = StripeFeed(scene.desk.company, StripeFields(), lambda: KEY, stripe.url)
    first: Page = feed.page("charges", "")
    charges.add(stripe.charge(customer, 100, customer="Hooli"))  # comes while the walk is under way
    second = feed.page("charges", first.cursor)
    third = feed.page("charges", second.cursor)
    assert (True, False) == (first.more, second.more)
    assert charges == {record.id for page in (first, second, third) for record in page.records}


def test_a_wrong_charge_stops_no_other_and_is_taken_once_it_is_corrected(scene: Scene, stripe: LocalStripe) -> None:
    customer = stripe.customer()
    wrong, waiting = stripe.charge(customer, 100), stripe.charge(customer, 200, capture=False, customer="Hooli")
    right = stripe.charge(customer, 300, customer="Hooli")
    asked(scene, stripe)
    counts = scene.sync()
    assert (1, 1, "") == (counts.taken_in, counts.refused_records, counts.feed_problem)
    with scene.db.read() as connection:
        (kept,) = feeds.refused(connection, "acme")
    assert (wrong, True) == (kept.record_id, "customer" in kept.problem)
    stripe.call("POST", f"/v1/charges/{wrong}", **{"metadata[customer]": "Hooli"})
    stripe.call("POST", f"/v1/charges/{waiting}/capture", amount=200)
    assert (2, 0) == (scene.sync().taken_in, scene.sync().refused_records)
    assert {wrong, waiting, right} == scene_numbers(scene)


def test_refunds_and_disputes_of_posted_payments_reach_a_person(scene: Scene, stripe: LocalStripe) -> None:
    scene.invoice("1042", scene.customer(), 100_000)
    customer = stripe.customer()
    whole, part, disputed = (stripe.charge(customer, 1_000, customer="Hooli", invoices=f"1042:{to}.00") for to in (10, 9, 8))
    asked(scene, stripe)
    scene.sync()
    assert {PaymentState.VERIFIED} == {scene.payment(number).state for number in (whole, part, disputed)}
    stripe.refund(whole, 1_000)
    stripe.refund(part, 300)
    stripe.dispute(disputed, {"id": "dp_1", "object": "dispute", "status": "needs_response", "created": CREATED + 3_600})
    scene.sync()
    found = {number: told(scene, number) for number in (whole, part, disputed)}
    assert [Cause.PAYMENT_REFUNDED, Cause.PAYMENT_REFUNDED, Cause.PAYMENT_CHARGED_BACK] == [
        failure and failure.cause for failure in found.values()
    ]
    partly = found[part]
    assert partly is not None
    assert partly.diagnosis is not None
    assert "$3.00 of the $10.00" in rules.sentence(partly.diagnosis, WORDS)
    assert FeedStatus.PAID is scene.payment(part).payment.status
    assert 3 == len(scene.receipts())  # nothing was changed in the books
    scene.sync()
    again = told(scene, part)
    assert again is not None
    assert partly.version == again.version  # told once


def test_a_refund_that_comes_before_its_charge_is_kept_and_never_posted(scene: Scene, stripe: LocalStripe) -> None:
    charge = stripe.charge(stripe.customer(), 1_000, customer="Hooli")
    stripe.refund(charge, 1_000)
    asked(scene, stripe)
    assert polling.note(scene.desk, "stripe", "evt_1", [charge])
    scene.sync()
    assert (PaymentState.EXCLUDED, FeedStatus.REFUNDED) == (scene.payment(charge).state, scene.payment(charge).payment.status)
    assert [] == scene.receipts()


def test_a_feed_that_is_down_or_refuses_the_key_stops_nothing_else(scene: Scene, stripe: LocalStripe) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")

    def not_set() -> str:
        raise ConfigurationError("RESOLVE_NOW_ACME_STRIPE_API_KEY is not set")

    scene.desk = replace(scene.desk, feed=StripeFeed(scene.desk.company, StripeFields(), not_set, stripe.url))
    counts = scene.sync()
    assert (1, True) == (counts.verified, "is not set" in counts.feed_problem)
    refusing = StripeFeed(scene.desk.company, StripeFields(), lambda: "nonsense", stripe.url)
    with pytest.raises(FeedError, match="refused the key"):
        refusing.check()


def scene_numbers(scene: Scene) -> set[str]:
    with scene.db.read() as connection:
        return {payment.number for payment in payments.of_company(connection, "acme")}


#: What becomes of a payment in each state when its money goes back: its state after the next sync, and whether it is told.
WENT_BACK = {
    "received": (PaymentState.EXCLUDED, False),
    "failed": (PaymentState.EXCLUDED, False),
    "verified": (PaymentState.FAILED, True),
    "dismissed": (PaymentState.FAILED, True),
    "excluded": (PaymentState.EXCLUDED, False),
}


@pytest.mark.parametrize("state", WENT_BACK)
@pytest.mark.parametrize("status", [FeedStatus.RETURNED, FeedStatus.REFUNDED])
def test_money_that_goes_back_is_noticed_in_every_state_and_posts_nothing(tmp_path: Path, state: str, status: FeedStatus) -> None:
    begin = date(2026, 3, 9) if state == "excluded" else date(2026, 1, 1)
    scene = a_scene(tmp_path, company=a_company(start_on=begin))
    hooli = scene.customer()
    if state in ("verified", "received", "excluded"):
        scene.invoice("1042", hooli, 50_000)
    scene.pay("TXN-1")
    if state not in ("received", "excluded"):
        scene.sync()
    if state == "dismissed":
        entered = scene.ledger.enter_receipt(
            hooli.id, 50_000, "USD", PAID.date(), by="bookkeeper", lines=[], reference="TXN-1", at=PAID
        )
        scene.sync()
        assert "done" == scene.decide(Remedy.DISMISS, proof=f"#{entered.id}")
    assert state == scene.payment().state
    before = scene.receipts()

    scene.feed(replace(scene.payment().payment, status=status))
    if state == "failed":  # everything fits now, and still nothing is posted
        scene.invoice("1042", hooli, 50_000)
    scene.sync()

    after, is_told = WENT_BACK[state]
    assert (after, status) == (scene.payment().state, scene.payment().payment.status)
    assert is_told == (told(scene, "TXN-1") is not None)
    assert before == scene.receipts()
    scene.db.close()
    scene.ledger.close()


def test_money_that_comes_back_after_all_is_told_too(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    scene.sync()
    paid = scene.payment().payment
    for status in (FeedStatus.RETURNED, FeedStatus.PAID):
        scene.feed(replace(paid, status=status))
    found = told(scene, "TXN-1")
    assert found is not None
    assert "paid_after_all" == found.opened_because


def test_what_the_feed_says_while_the_receipt_is_under_way_keeps_it_from_being_posted_again(scene: Scene) -> None:
    """A payment that comes back to be posted, because its invoice changed meanwhile, is looked at with what is known then."""
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    with scene.desk.work() as work:
        payments.set_status(work, replace(scene.payment().payment, status=FeedStatus.RETURNED), before=FeedStatus.PAID)
    scene.sync()
    assert (PaymentState.EXCLUDED, "returned_before_posting") == (scene.payment().state, scene.payment().excluded_by)
    assert [] == scene.receipts()


def test_messages_are_forgotten_after_a_month_in_bounded_batches(scene: Scene) -> None:
    scene.pay("TXN-1")
    with scene.desk.work() as work:
        assert all(feeds.first_time(work, "webhook", f"m{place}") for place in range(150))
        assert not feeds.first_time(work, "webhook", "m1")
    scene.clock.advance(30 * 86_400 + 1)
    with scene.desk.work() as work:
        pruned = [feeds.prune_messages(work, "webhook") for _ in range(3)]
    assert [100, 50, 0] == pruned
