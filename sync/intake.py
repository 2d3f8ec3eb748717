"""Payments come in: each is remembered once, durably, before anybody is told that we have it.

Reads: a feed. Leaves: payments *received*, or *excluded* by a named rule. Never: an overwrite. The same number
with the same content is ignored; with other content it becomes a failure of its own, for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.failpoints import failpoint
from receivables.payment import FeedStatus, Payment, PaymentState
from receivables.ports import Feed
from storage import companies, failures, payments
from storage.engine import Connection
from storage.payments import Intake
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
                _take(connection, desk, payment, feed.name, counts)
            done += len(chunk)
            _record(connection, desk, feed, done, finished=False)
        failpoint("intake.after_chunk")
        if progress:
            progress(done)
    with desk.db.work() as connection:
        _record(connection, desk, feed, done, finished=True)
    return counts


def _chunks(waiting: Iterator[Payment]) -> Iterator[list[Payment]]:
    while chunk := list(islice(waiting, PAYMENTS_PER_CHUNK)):
        yield chunk


def _record(connection: Connection, desk: Desk, feed: Feed, done: int, *, finished: bool) -> None:
    companies.record_intake(
        connection, desk.company.id, feed.digest, name=feed.name, done=done, at=desk.clock.now(), finished=finished
    )


def _take(connection: Connection, desk: Desk, payment: Payment, source: str, counts: IntakeCounts) -> None:
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
    """The feed says that money we know of was returned or refunded: never automatic, a person is told."""
    at = desk.clock.now()
    payments.set_status(connection, desk.company.id, payment.transaction_number, payment.status, at=at)
    stored = payments.find(connection, desk.company.id, payment.transaction_number)
    if stored is None or payment.status is FeedStatus.PAID or stored.state in (PaymentState.EXCLUDED, PaymentState.DISMISSED):
        return
    cause = Cause.PAYMENT_RETURNED if payment.status is FeedStatus.RETURNED else Cause.PAYMENT_REFUNDED
    sentence = (
        f"The feed now says that payment {payment.transaction_number} was {payment.status}. "
        "Take its receipt out of the books by your own procedure; nothing is changed automatically."
    )
    _tell(connection, desk, payment, cause, sentence, because=cause.value)


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
