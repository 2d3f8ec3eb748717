"""Payments come in: each is remembered once, durably, before anybody is told that we have it.

Reads: a feed. Leaves: payments *received*, or *excluded* by a named rule. Never: an overwrite. The same number
with the same content is ignored; with other content it becomes a failure of its own, for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.failpoints import failpoint
from receivables.money import text_from_minor
from receivables.payment import Bucket, FeedStatus, Payment, PaymentState
from receivables.ports import Feed
from storage import companies, failures, feeds, payments
from storage.engine import Connection
from storage.payments import Intake, StoredPayment
from sync.desk import Desk

PAYMENTS_PER_CHUNK = 100  # with allocations and record rows this stays well under 500 rows a transaction


@dataclass
class IntakeCounts:
    """What became of a feed's payments."""

    new: int = 0
    excluded: int = 0
    same: int = 0
    conflicts: int = 0


def run_once(desk: Desk, feed: Feed, progress: Callable[[int], None] | None = None) -> IntakeCounts:
    """Takes in a whole feed in chunks, resuming where an interrupted intake stopped. Raises FeedError before any of it."""
    counts = IntakeCounts()
    with desk.db.work() as connection:
        companies.ensure(connection, desk.company.id)
        done, finished = companies.intake_done(connection, desk.company.id, feed.digest)
    waiting = feed.payments()
    counts.same += sum(1 for _ in islice(waiting, done))
    if finished:
        return counts
    for chunk in _chunks(waiting):
        with desk.db.work() as connection:
            for payment in chunk:
                take(connection, desk, payment, feed.name, counts)
            done += len(chunk)
            _record(connection, desk, feed, done, finished=False)
        failpoint("intake.after_chunk")
        if progress:
            progress(done)
    with desk.db.work() as connection:
        _record(connection, desk, feed, done, finished=True)
    return counts


def take_message(desk: Desk, feed: Feed, *, kind: str) -> IntakeCounts | None:
    """Takes in one message of at most a chunk of payments, in one transaction; None where it was taken before.

    When this returns, its payments are durable. Whoever waits for the answer is not kept long: a database that does
    not answer raises one of `storage.feeds.DATABASE_SILENT`, and nothing was taken.
    """
    counts = IntakeCounts()
    with desk.db.acknowledge() as connection:
        companies.ensure(connection, desk.company.id)
        at = desk.clock.now()
        if not feeds.first_time(connection, desk.company.id, kind, feed.digest, at):
            return None
        for payment in feed.payments():
            take(connection, desk, payment, feed.name, counts)
        feeds.prune_messages(connection, desk.company.id, kind, at)
    failpoint("intake.after_message")
    return counts


def _chunks(waiting: Iterator[Payment]) -> Iterator[list[Payment]]:
    while chunk := list(islice(waiting, PAYMENTS_PER_CHUNK)):
        yield chunk


def _record(connection: Connection, desk: Desk, feed: Feed, done: int, *, finished: bool) -> None:
    companies.record_intake(
        connection, desk.company.id, feed.digest, name=feed.name, done=done, at=desk.clock.now(), finished=finished
    )


def take(connection: Connection, desk: Desk, payment: Payment, source: str, counts: IntakeCounts) -> None:
    """Takes in one payment and counts what became of it."""
    at = desk.clock.now()
    match payments.take_in(connection, payment, at=at, source=source, excluded_by=_excluded_by(desk, payment)):
        case Intake.NEW:
            counts.new += 1
        case Intake.EXCLUDED:
            counts.excluded += 1
        case Intake.SAME:
            counts.same += 1
        case Intake.STATUS_CHANGED:
            counts.conflicts += 1
            _money_went_back(connection, desk, payment)
        case Intake.CONFLICT:
            counts.conflicts += 1
            _contradiction(connection, desk, payment, source)


def _excluded_by(desk: Desk, payment: Payment) -> str | None:
    """The rule that keeps a payment from ever being posted, if one does."""
    if payment.paid_at < desk.company.start_of(desk.company.start_on):
        return "before_start_on"
    if payment.status is not FeedStatus.PAID:
        return f"arrived_{payment.status}"
    return None


def _money_went_back(connection: Connection, desk: Desk, payment: Payment) -> None:
    """The feed says otherwise than before whether we have the money: nothing is posted by itself from now on.

    What no receipt was promised for is excluded; for everything else a person is told, because only a person can say
    what becomes of the receipt in the books.
    """
    at, number = desk.clock.now(), payment.transaction_number
    stored = payments.find(connection, desk.company.id, number)
    if stored is None:
        raise AssertionError(f"payment {number} changed its status and is not known")
    payments.set_status(connection, desk.company.id, number, payment.status, at=at)
    if payment.status is FeedStatus.PAID:
        cause = _cause_of(stored.payment.status)
        sentence = (
            f"The feed said that payment {number} was {stored.payment.status} and now says that it is paid after all. "
            f"Nothing is changed automatically; it stands as {stored.state}."
        )
        _tell(connection, desk, payment, cause, sentence, because="paid_after_all")
        return
    if stored.state is PaymentState.RECEIVED:
        exclude_gone(connection, stored, payment.status, at=at)
        return
    if stored.state is PaymentState.EXCLUDED:
        return
    if stored.state is PaymentState.FAILED:
        failures.hold(connection, desk.company.id, number)
    sentence = (
        f"The feed now says that payment {number} was {payment.status}. "
        "Take its receipt, if there is one, out of the books by your own procedure; nothing is changed automatically."
    )
    cause = _cause_of(payment.status)
    _tell(connection, desk, payment, cause, sentence, because=cause.value)


def exclude_gone(connection: Connection, stored: StoredPayment, status: FeedStatus, *, at: datetime) -> bool:
    """Keeps a payment whose money went back before it was posted from ever being posted. False when it was moved meanwhile."""
    return payments.move(
        connection,
        stored,
        PaymentState.EXCLUDED,
        Bucket.EXCLUDED,
        at=at,
        actor="feed",
        action="payment.excluded",
        body={"rule": f"{status}_before_posting"},
        excluded_by=f"{status}_before_posting",
    )


def tell_partly_given_back(connection: Connection, desk: Desk, payment: Payment, given_back_minor: int) -> None:
    """Tells a person that a part of a payment was refunded; the payment itself goes on as it is."""
    part = text_from_minor(given_back_minor, payment.currency)
    whole = text_from_minor(payment.amount_minor, payment.currency)
    sentence = (
        f"{part} of the {whole} {payment.currency} of payment {payment.transaction_number} were refunded in the portal. "
        "Its receipt stays at the whole amount; record the refund in the books by your own procedure."
    )
    _tell(connection, desk, payment, Cause.PAYMENT_REFUNDED, sentence, because="partly_refunded")


def _cause_of(status: FeedStatus) -> Cause:
    return Cause.PAYMENT_RETURNED if status is FeedStatus.RETURNED else Cause.PAYMENT_REFUNDED


def _contradiction(connection: Connection, desk: Desk, payment: Payment, source: str) -> None:
    stored = payments.find(connection, desk.company.id, payment.transaction_number)
    held = stored.payment if stored else payment
    sentence = (
        f"{source} brings transaction number {payment.transaction_number} again with other content "
        f"({payment.amount_minor} against {held.amount_minor} minor units of {held.currency}, "
        f"{payment.customer} against {held.customer}). What we hold was kept; correct the feed, then choose retry."
    )
    _tell(connection, desk, held, Cause.DUPLICATE_REFERENCE, sentence, because="content_differs")


def _tell(connection: Connection, desk: Desk, payment: Payment, cause: Cause, sentence: str, because: str) -> None:
    at = desk.clock.now()
    finding = Finding(
        cause=cause,
        rule="intake",
        remedy=Remedy.RETRY,
        confidence=Confidence.CERTAIN,
        because=(Fact(because, f"payment {payment.transaction_number}", sentence, at=at),),
    )
    failures.open_one(
        connection,
        desk.ids,
        payment,
        because=because,
        at=at,
        actor="feed",
        about="intake",
        diagnosis=Diagnosis(finding, sentence),
    )
