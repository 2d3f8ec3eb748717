"""Money that goes out more than once, or in part, as the feed tells it: said, red in the proof, and over only by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from scene import PAID, Scene

from accounting.embedded.money_out import NewMoneyOut
from receivables.books_records import MoneyOut, MoneyOutKind, Receipt, ReceiptLine
from receivables.diagnosis import Cause, Remedy
from receivables.payment import Dispute, FeedStatus, PaymentState
from rules import sentence
from storage import decisions, failures
from storage.failures import StoredFailure
from sync import journey, reconciliation, requests
from sync.standings import Standing

FIRST, SECOND = (datetime(2026, 3, day, 15, 0, tzinfo=UTC) for day in (4, 9))
LOST = Dispute.LOST
KIND_OF = {
    FeedStatus.RETURNED: MoneyOutKind.RETURN,
    FeedStatus.REFUNDED: MoneyOutKind.REFUND,
    FeedStatus.CHARGED_BACK: MoneyOutKind.CHARGEBACK,
}


@pytest.fixture
def posted(scene: Scene) -> Scene:
    """Invoice 1042 of 500.00 is paid by TXN-1 of March 3, and our receipt is verified."""
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    scene.sync()
    return scene


def told(
    scene: Scene,
    status: FeedStatus,
    at: datetime | None,
    *,
    dispute: Dispute = Dispute.NONE,
    amount_minor: int = 50_000,
    status_minor: int = 0,
) -> None:
    """The feed says what became of the money; `amount_minor` is what its record says that the payment is."""
    over = LOST if status is FeedStatus.CHARGED_BACK and not dispute else dispute
    now = replace(scene.payment().payment, status_at=at, status=status, dispute=over, status_minor=status_minor)
    parts = tuple(replace(allocation, amount_minor=amount_minor) for allocation in now.allocations)
    scene.feed(replace(now, amount_minor=amount_minor, allocations=parts))
    scene.clock.advance(7 * 86_400)
    scene.sync()


def of_the_feed(scene: Scene) -> StoredFailure | None:
    with scene.db.read() as connection:
        return failures.open_of(connection, "acme", "TXN-1", "intake")


def said(scene: Scene) -> str:
    found = of_the_feed(scene)
    assert found is not None
    assert found.diagnosis is not None
    return sentence(found.diagnosis, scene.desk.company.words)


def receipt(scene: Scene) -> Receipt:
    (found,) = scene.ledger.receipts()
    return found


def recorded(scene: Scene, kind: MoneyOutKind, amount_minor: int | None = None) -> MoneyOut:
    """Erin enters it in the books."""
    of, refunded = receipt(scene), kind is MoneyOutKind.REFUND
    off = tuple(ReceiptLine(line.invoice_id, amount_minor or line.amount_minor) for line in of.lines) if refunded else ()
    entry = scene.ledger.pay_out(NewMoneyOut(kind, of.id, date(2026, 3, 10), amount_minor, off=off), by="erin")
    scene.sync()
    return entry


def two_people(scene: Scene, remedy: Remedy, **options: object) -> str:
    made = requests.request(scene.desk, "TXN-1", remedy, by="dana", channel="cli", options=options, reason="told twice")
    assert "waiting_approval" == made.state
    requests.approve(scene.desk, made.id, by="sam")
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        return decisions.get(connection, "acme", made.id).state


def standing(scene: Scene) -> Sequence[Standing]:
    return [name for name, tally in reconciliation.run_once(scene.desk).standings.items() if tally.count]


# --- twice ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FeedStatus.REFUNDED, FeedStatus.CHARGED_BACK),
        (FeedStatus.RETURNED, FeedStatus.CHARGED_BACK),
        (FeedStatus.RETURNED, FeedStatus.REFUNDED),
        (FeedStatus.CHARGED_BACK, FeedStatus.REFUNDED),
    ],
)
def test_a_second_way_out_is_told_and_red_until_two_people_name_its_entry(
    posted: Scene, first: FeedStatus, second: FeedStatus
) -> None:
    told(posted, first, FIRST)
    recorded(posted, KIND_OF[first])
    assert [Standing.RETURN_RECORDED] == standing(posted)

    told(posted, second, SECOND)

    ways = [status.value.replace("_", " ") for status in (first, second)]
    expected = f"Of payment TXN-1, $500.00 was {ways[0]} on Mar 4, 2026 and {ways[1]} on Mar 9, 2026: $1,000.00 went out for one "
    assert said(posted).startswith(f"{expected}payment of $500.00. Record the $500.00 too")
    posted.sync()
    assert [Standing.OUT_TWICE] == standing(posted)

    assert "done" == two_people(posted, Remedy.RECORD_RETURN, entry="JE-77")

    assert of_the_feed(posted) is None
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_a_second_way_out_before_the_first_is_recorded_leaves_both_open(posted: Scene) -> None:
    told(posted, FeedStatus.REFUNDED, FIRST)
    told(posted, FeedStatus.CHARGED_BACK, SECOND)
    assert [Standing.WENT_BACK_BUT_IN_BOOKS] == standing(posted)

    assert "done" == posted.decide(Remedy.RECORD_RETURN)  # what the receipt holds

    assert posted.failure() is None
    assert [Standing.OUT_TWICE] == standing(posted)
    assert "done" == two_people(posted, Remedy.RECORD_RETURN, entry="JE-77")
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_refunded_in_part_and_then_charged_back_as_a_whole_is_too_much_by_that_part(posted: Scene) -> None:
    posted.feed(replace(posted.payment().payment, refunded_minor=20_000))
    recorded(posted, MoneyOutKind.REFUND, 20_000)
    assert of_the_feed(posted) is None

    told(posted, FeedStatus.CHARGED_BACK, SECOND)

    expected = "$200.00 was refunded and $500.00 was charged back on Mar 9, 2026: $700.00 went out for one payment of $500.00."
    assert f"Of payment TXN-1, {expected} Record the $200.00 too" in said(posted)
    posted.decide(Remedy.RECORD_RETURN)
    assert [Standing.OUT_TWICE] == standing(posted)


def test_the_rest_after_a_refund_in_part_is_not_too_much(posted: Scene) -> None:
    posted.feed(replace(posted.payment().payment, refunded_minor=20_000))
    recorded(posted, MoneyOutKind.REFUND, 20_000)
    told(posted, FeedStatus.CHARGED_BACK, SECOND, status_minor=30_000)
    assert of_the_feed(posted) is None
    posted.decide(Remedy.RECORD_RETURN)
    assert [Standing.RETURN_RECORDED] == standing(posted)


def test_a_dispute_that_is_won_after_all_ends_it_and_the_refund_counts_again(posted: Scene) -> None:
    told(posted, FeedStatus.REFUNDED, FIRST)
    recorded(posted, MoneyOutKind.REFUND)
    told(posted, FeedStatus.CHARGED_BACK, SECOND)

    for _ in range(2):  # a portal says it in each of its files
        told(posted, FeedStatus.PAID, None, dispute=Dispute.WON)

        assert (None, None) == (of_the_feed(posted), posted.failure())
        assert FeedStatus.REFUNDED is posted.payment().payment.status
        assert [Standing.RETURN_RECORDED] == standing(posted)


def test_a_dispute_that_is_won_after_its_entry_was_named_asks_for_the_entry_back(posted: Scene) -> None:
    told(posted, FeedStatus.REFUNDED, FIRST)
    recorded(posted, MoneyOutKind.REFUND)
    told(posted, FeedStatus.CHARGED_BACK, SECOND)
    two_people(posted, Remedy.RECORD_RETURN, entry="JE-77")
    told(posted, FeedStatus.PAID, None, dispute=Dispute.WON)
    assert "$500.00 came back. Before, it was recorded as gone, and the books have it as JE-77." in said(posted)
    assert "done" == two_people(posted, Remedy.RECORD_RETURN, entry="JE-78")
    assert of_the_feed(posted) is None


def test_what_is_only_told_in_other_words_is_dismissed_by_two_people_and_not_told_again(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED, FIRST)
    recorded(posted, MoneyOutKind.RETURN)
    told(posted, FeedStatus.FAILED, SECOND)  # one event in two words
    assert of_the_feed(posted) is None
    told(posted, FeedStatus.CHARGED_BACK, SECOND)
    assert "done" == two_people(posted, Remedy.DISMISS)
    told(posted, FeedStatus.CHARGED_BACK, SECOND)
    assert (None, [Standing.RETURN_RECORDED]) == (of_the_feed(posted), standing(posted))


def test_a_refund_of_money_that_went_back_before_anything_was_recorded_is_told_too(scene: Scene) -> None:
    scene.customer()
    scene.pay("TXN-1")  # its invoice is not there
    scene.sync()
    told(scene, FeedStatus.RETURNED, FIRST)
    told(scene, FeedStatus.REFUNDED, SECOND)
    assert (PaymentState.EXCLUDED, [Standing.OUT_TWICE]) == (scene.payment().state, standing(scene))


# --- another amount -------------------------------------------------------------------------------------------------------


def test_a_return_of_a_part_is_a_document_of_its_own_and_the_payment_stays(posted: Scene) -> None:
    for _ in range(2):
        told(posted, FeedStatus.RETURNED, SECOND, amount_minor=30_000)

        assert (FeedStatus.PAID, PaymentState.VERIFIED) == (posted.payment().payment.status, posted.payment().state)
        assert (
            "Of the $500.00 of payment TXN-1, $300.00 was returned on Mar 9, 2026. Its receipt stays at the whole amount. Record "
            "the return as a separate entry; once the books show it, this ends by itself."
        ) == said(posted)
        found = of_the_feed(posted)
        assert found is not None
        assert Cause.PAYMENT_RETURNED is found.cause

    recorded(posted, MoneyOutKind.RETURN, 30_000)
    assert of_the_feed(posted) is None
    assert PaymentState.VERIFIED is posted.payment().state


def test_two_parts_that_are_all_of_it_end_the_payment(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED, FIRST, amount_minor=30_000)
    told(posted, FeedStatus.CHARGED_BACK, SECOND, amount_minor=20_000)
    assert FeedStatus.CHARGED_BACK is posted.payment().payment.status
    recorded(posted, MoneyOutKind.RETURN, 30_000)
    posted.decide(Remedy.RECORD_RETURN)
    assert (None, [Standing.RETURN_RECORDED]) == (of_the_feed(posted), standing(posted))


def test_a_return_of_more_than_was_paid_says_so(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED, SECOND, amount_minor=60_000)
    assert "Of payment TXN-1, $600.00 was returned on Mar 9, 2026: $600.00 went out for one payment of $500.00." in said(posted)
    posted.decide(Remedy.RECORD_RETURN)
    assert [Standing.OUT_TWICE] == standing(posted)


def test_a_refund_in_part_of_what_is_not_posted_yet_says_nothing_of_a_receipt_until_there_is_one(scene: Scene) -> None:
    customer = scene.customer()
    scene.pay("TXN-1")
    scene.sync()
    scene.feed(replace(scene.payment().payment, refunded_minor=5_000))
    assert "No receipt for it is in the books yet; one that is recorded is for the whole amount." in said(scene)
    scene.invoice("1042", customer, 50_000)
    scene.sync()
    scene.sync()
    assert ([("TXN-1", 50_000, 0)], True) == (scene.receipts(), "Its receipt stays at the whole amount." in said(scene))


# --- what the feed says again ---------------------------------------------------------------------------------------------


def correction(scene: Scene) -> StoredFailure | None:
    with scene.db.read() as connection:
        return failures.open_of(connection, "acme", "TXN-1", "correction")


@pytest.mark.parametrize("spelled", ["Hooli", "HOOLI"])
def test_a_correction_that_the_feed_takes_back_is_over_and_may_not_be_taken(scene: Scene, spelled: str) -> None:
    scene.customer()
    scene.pay("TXN-1")
    scene.sync()
    ours = scene.payment().payment
    scene.feed(replace(ours, method="ach"))
    waiting = requests.request(scene.desk, "TXN-1", Remedy.ACCEPT_CORRECTION, by="dana", channel="cli")

    scene.feed(replace(ours, customer=spelled))

    assert correction(scene) is None
    journey.finish_once(scene.desk)
    with scene.db.read() as connection:
        assert "stale" == decisions.get(connection, "acme", waiting.id).state
    assert ours.method == scene.payment().payment.method
    scene.feed(replace(ours, method="ach"))
    assert correction(scene) is not None


def test_a_correction_beside_a_recorded_return_leaves_the_receipt_alone(posted: Scene) -> None:
    told(posted, FeedStatus.RETURNED, FIRST)
    recorded(posted, MoneyOutKind.RETURN)
    now = posted.payment().payment
    posted.feed(replace(now, status=FeedStatus.PAID, status_at=None, method="ach"))
    for _ in range(2):
        found = correction(posted)
        assert found is not None
        assert found.diagnosis is not None
        words = sentence(found.diagnosis, posted.desk.company.words)
        assert ("That receipt stays, with the entry that balances it" in words, "void" in words) == (True, False)
        posted.sync()


# --- one receipt for several payments, and on which day ---------------------------------------------------------------------


def test_an_entry_of_equal_amount_on_a_shared_receipt_is_of_one_payment(scene: Scene) -> None:
    customer, numbers = scene.customer(), ("TXN-1", "TXN-2")
    lines = [(scene.invoice(number, customer, 50_000).id, 50_000) for number in ("1042", "1043")]
    scene.pay("TXN-1")
    scene.pay("TXN-2", to={"1043": 50_000}, paid_at=PAID + timedelta(hours=1))
    both = scene.ledger.enter_receipt(
        customer.id, 100_000, "USD", date(2026, 3, 3), by="erin", lines=lines, reference="TXN-1 TXN-2"
    )
    scene.sync()
    for number in numbers:
        assert "done" == scene.decide(Remedy.DISMISS, number)
    for number in numbers:
        now = scene.payment(number).payment
        scene.feed(replace(now, status=FeedStatus.RETURNED, status_at=SECOND))
        scene.clock.advance(86_400)
        scene.sync()

    for left in (["TXN-2"], []):
        scene.ledger.pay_out(NewMoneyOut(MoneyOutKind.RETURN, both.id, date(2026, 3, 10), 50_000), by="erin")
        scene.sync()
        assert left == [number for number in numbers if scene.failure(number)]
    assert [Standing.RETURN_RECORDED] == standing(scene)


@pytest.mark.parametrize(("at", "day"), [("2026-03-01T15:00", "Mar 3, 2026"), ("2062-03-10T15:00", "Mar 10, 2026")])
def test_a_return_has_one_day_that_is_neither_before_the_payment_nor_after_it_was_told(posted: Scene, at: str, day: str) -> None:
    told(posted, FeedStatus.RETURNED, datetime.fromisoformat(f"{at}+00:00"))
    diagnosis = posted.failing().diagnosis
    assert diagnosis is not None
    words = posted.desk.company.words
    assert f"was returned on {day}, according to the portal. Record the return dated {day}" in sentence(diagnosis, words)
    posted.decide(Remedy.RECORD_RETURN)
    (entry,) = posted.desk.books.money_out([receipt(posted).id])[receipt(posted).id]
    assert (day, True) == (words.day(entry.on), f"was returned on {day}" in entry.memo)
