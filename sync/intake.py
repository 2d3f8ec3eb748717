"""Payments come in: each is remembered once, durably, before anybody is told that we have it.

Reads: a feed. Leaves: payments *received*, or *excluded* by a named rule. Never: an overwrite. The same number
with the same content is ignored; what becomes of other content is said in `sync/corrections.py`; a payment that is
probably another one again becomes a failure, for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from receivables.failpoints import failpoint
from receivables.payment import FeedStatus, Payment
from receivables.ports import Feed
from storage import companies, feeds, payments
from storage.taking_in import BEFORE_START_ON, Intake, take_in
from storage.work import Work
from sync import corrections, money_back, ways_out
from sync.desk import Desk
from sync.money_back import FEED

_KNOWN = (Intake.SAME, Intake.STATUS_CHANGED)  # a payment that was taken in before
PAYMENTS_PER_CHUNK = 100  # with allocations and record rows this stays well under 500 rows a transaction


@dataclass
class IntakeCounts:
    """What became of a feed's payments."""

    new: int = 0
    excluded: int = 0
    same: int = 0
    conflicts: int = 0
    twins: int = 0  # probably other payments again: held for a person
    went_back: dict[str, int] = field(default_factory=dict)  # of what became of their money, by what the feed says now

    def now_says(self, status: str) -> None:
        """The feed says of a known payment that its money went back, or is there after all."""
        self.went_back[status] = self.went_back.get(status, 0) + 1

    @property
    def contradicting(self) -> int:
        """What came with other content; what only became of the money is no contradiction."""
        return self.conflicts - sum(count for status, count in self.went_back.items() if status != ways_out.PART)


def run_once(desk: Desk, feed: Feed, progress: Callable[[int], None] | None = None, *, by: str = "") -> IntakeCounts:
    """Takes in a whole feed in chunks, resuming where an interrupted intake stopped. Raises FeedError before any of it.

    `by` is the person who imports, where one was named.
    """
    counts = IntakeCounts()
    with desk.work(FEED) as work:
        companies.ensure(work.connection, work.company)
        done, finished = companies.intake_done(work.connection, work.company, feed.digest)
    waiting = feed.payments()
    counts.same += sum(1 for _ in islice(waiting, done))
    if finished:
        return counts
    for chunk in _chunks(waiting):
        with desk.work(FEED) as work:
            for payment in chunk:
                take(work, desk, payment, feed.name, counts, by=by)
            done += len(chunk)
            companies.record_intake(work, feed.digest, name=feed.name, done=done, finished=False)
        failpoint("intake.after_chunk")
        if progress:
            progress(done)
    with desk.work(FEED) as work:
        companies.record_intake(work, feed.digest, name=feed.name, done=done, finished=True)
    return counts


def numbers_are_not_cards(desk: Desk, feed: Feed, *, lines: int, by: str) -> None:
    """A person says that the numbers on so many lines of this file only look like card numbers; put on record once."""
    with desk.work(by) as work:
        companies.ensure(work.connection, work.company)
        if not companies.are_not_cards(work.connection, work.company, feed.digest):
            companies.record_not_cards(work, feed.digest, name=feed.name, lines=lines)


def take_message(desk: Desk, feed: Feed, *, kind: str) -> IntakeCounts | None:
    """Takes in one message of at most a chunk of payments, in one transaction; None where it was taken before.

    When this returns, its payments are durable. Whoever waits for the answer is not kept long: a database that does
    not answer raises one of `storage.feeds.DATABASE_SILENT`, and nothing was taken.
    """
    counts = IntakeCounts()
    with desk.acknowledge(FEED) as work:
        companies.ensure(work.connection, work.company)
        if not feeds.first_time(work, kind, feed.digest):
            return None
        for payment in feed.payments():
            take(work, desk, payment, feed.name, counts)
        feeds.prune_messages(work, kind)
    failpoint("intake.after_message")
    return counts


def _chunks(waiting: Iterator[Payment]) -> Iterator[list[Payment]]:
    while chunk := list(islice(waiting, PAYMENTS_PER_CHUNK)):
        yield chunk


def take(work: Work, desk: Desk, payment: Payment, source: str, counts: IntakeCounts, *, by: str = "") -> None:
    """Takes in one payment and counts what became of it."""
    time_zone, before = desk.company.time_zone, ways_out.known_before(work, payment)
    told = ways_out.stated(payment, before)
    says_again, payment = told is payment, ways_out.held(told, before)
    became = take_in(work, payment, source=source, excluded_by=excluded_by(desk, payment), time_zone=time_zone, by=by)
    if became is Intake.OTHER_CONTENT:
        became = corrections.came_again(work, desk, payment, source, by=by)
    elif says_again:
        corrections.taken_back(work, payment)
    match became:
        case Intake.NEW:
            counts.new += 1
        case Intake.EXCLUDED:
            counts.excluded += 1
            if payment.status is not FeedStatus.PAID:
                money_back.came_gone(work, desk, payment)
        case Intake.TWIN:
            counts.twins += 1
        case Intake.SAME:
            counts.same += 1
        case Intake.STATUS_CHANGED:
            counts.conflicts += 1
            counts.now_says(payment.status)
            if before is None or not ways_out.won_beside(work, before, payment):
                money_back.status_changed(work, payment)
        case Intake.OTHER_CONTENT:
            counts.conflicts += 1  # a person is told already
            return
    in_part = note_fee_and_refund(work, desk, payment)
    if payment.status is not FeedStatus.PAID or told is not payment:
        in_part = ways_out.note(work, desk, told, before) and payment.status is FeedStatus.PAID
    if in_part and became in _KNOWN:
        counts.now_says(ways_out.PART)


def excluded_by(desk: Desk, payment: Payment) -> str | None:
    """The rule that keeps a payment from ever being posted, if one does."""
    if payment.paid_at < desk.company.start_of(desk.company.start_on):
        return BEFORE_START_ON
    if payment.status is not FeedStatus.PAID:
        return f"arrived_{payment.status}"
    return None


def note_fee_and_refund(work: Work, desk: Desk, payment: Payment) -> bool:
    """Tells a person of each sum that was refunded of a payment, once; the payment itself goes on as it is. True where it did."""
    if not payments.note_fee_and_refund(work, payment) or payment.status is not FeedStatus.PAID:
        return False
    stored = payments.find(work.connection, work.company, payment.transaction_number)
    if stored is not None:
        ways_out.tell(work, desk, stored)
    return True
