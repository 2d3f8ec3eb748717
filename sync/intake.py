"""Payments come in: each is remembered once, durably, before anybody is told that we have it.

Reads: a feed. Leaves: payments *received*, or *excluded* by a named rule. Never: an overwrite. The same number
with the same content is ignored; what becomes of other content is said in `sync/corrections.py`; a payment that is
probably another one again becomes a failure, for a person. However many come at once, they are taken in together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from receivables.failpoints import failpoint
from receivables.payment import FeedStatus, Payment
from receivables.ports import Feed
from storage import companies, feeds, payments, taking_in
from storage.payments import StoredPayment
from storage.taking_in import BEFORE_START_ON, Arrival, Intake, Taken
from storage.work import Work
from sync import corrections, money_back, reversals
from sync.desk import Desk
from sync.money_back import FEED

_KNOWN = (Intake.SAME, Intake.STATUS_CHANGED)  # a payment that was taken in before
ROWS_PER_CHUNK = 1_000  # in one transaction, so that it holds the database for less than 100 ms: about 300 payments
ROWS_OF_A_REPEAT = 100  # a number that comes again is judged alone, by statements of its own: they take as long as so many rows


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
        return self.conflicts - sum(count for status, count in self.went_back.items() if status != reversals.PART)


def run_once(desk: Desk, feed: Feed, progress: Callable[[int], None] | None = None, *, by: str = "") -> IntakeCounts:
    """Takes in a whole feed in chunks, resuming where an interrupted intake stopped. Raises FeedError before any of it.

    `by` is the person who imports, where one was named.
    """
    counts, digest = IntakeCounts(), feed.digest
    with desk.work(FEED) as work:
        companies.ensure(work.connection, work.company)
        done, finished = companies.intake_done(work.connection, work.company, digest)
    waiting = feed.payments()
    counts.same += sum(1 for _ in islice(waiting, done))
    if finished:
        return counts
    for chunk in chunks(arriving(desk, payment, feed.name, by=by) for payment in waiting):
        with desk.work(FEED) as work:
            take(work, desk, chunk, counts)
            done += len(chunk)
            companies.record_intake(work, digest, name=feed.name, done=done, finished=False)
        failpoint("intake.after_chunk")
        if progress:
            progress(done)
    with desk.work(FEED) as work:
        companies.record_intake(work, digest, name=feed.name, done=done, finished=True)
    return counts


def numbers_are_not_cards(desk: Desk, feed: Feed, *, lines: int, by: str) -> None:
    """A person says that the numbers on so many lines of this file only look like card numbers; put on record once."""
    digest = feed.digest
    with desk.work(by) as work:
        companies.ensure(work.connection, work.company)
        if not companies.are_not_cards(work.connection, work.company, digest):
            companies.record_not_cards(work, digest, name=feed.name, lines=lines)


def take_message(desk: Desk, feed: Feed, *, kind: str) -> IntakeCounts | None:
    """Takes in one message of at most a chunk of payments, in one transaction; None where it was taken before.

    When this returns, its payments are durable. Whoever waits for the answer is not kept long: a database that does
    not answer raises one of `storage.feeds.DATABASE_SILENT`, and nothing was taken.
    """
    counts = IntakeCounts()
    arrivals = [arriving(desk, payment, feed.name) for payment in feed.payments()]
    with desk.acknowledge(FEED) as work:
        companies.ensure(work.connection, work.company)
        if not feeds.first_time(work, kind, feed.digest):
            return None
        take(work, desk, arrivals, counts)
        feeds.prune_messages(work, kind)
    failpoint("intake.after_message")
    return counts


def arriving(desk: Desk, payment: Payment, source: str, *, by: str = "") -> Arrival:
    """A payment of a feed with the rows that it becomes, built before a transaction is open."""
    return taking_in.arrival(payment, source=source, excluded_by=excluded_by(desk, payment), by=by)


def chunks(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """What is taken in together: as much as a transaction may write."""
    chunk: list[Arrival] = []
    numbers: set[str] = set()
    rows = 0
    for arrival in arrivals:
        more = 2 + len(arrival.lines)  # the payment, its row of the record, and its allocations
        if arrival.number in numbers:
            more += ROWS_OF_A_REPEAT
        if chunk and rows + more > ROWS_PER_CHUNK:
            yield chunk
            chunk, rows, numbers = [], 0, set()
        chunk.append(arrival)
        numbers.add(arrival.number)
        rows += more
    if chunk:
        yield chunk


def take(work: Work, desk: Desk, arrivals: Iterable[Arrival], counts: IntakeCounts) -> None:
    """Takes payments in, in their order, and counts what became of each."""
    waiting: dict[str, Arrival] = {}
    for arrival in arrivals:
        if arrival.number in waiting:  # what the feed says next of a payment is judged by what it said before
            _take(work, desk, list(waiting.values()), counts)
            waiting = {}
        waiting[arrival.number] = arrival
    if waiting:
        _take(work, desk, list(waiting.values()), counts)


@dataclass(frozen=True)
class _Coming:
    """What a feed says of a payment: `told` with what it says of the money apart, `held` as we hold it."""

    said: Payment
    told: Payment
    held: Arrival
    before: StoredPayment | None

    @property
    def went_out(self) -> bool:
        """Whether the feed says that money of it went out again."""
        return self.held.payment.status is not FeedStatus.PAID or self.told is not self.held.payment


def _take(work: Work, desk: Desk, arrivals: Sequence[Arrival], counts: IntakeCounts) -> None:
    """Takes in payments of which no two have the same number."""
    before = reversals.known_before(work, [arrival.payment for arrival in arrivals])
    coming = {arrival.number: _coming(desk, arrival, before.get(arrival.number)) for arrival in arrivals}
    taken = taking_in.take_in(work, [each.held for each in coming.values()], desk.company.time_zone)
    known = [number for number, what in taken.items() if what.became in _KNOWN]
    corrections.taken_back(work, [number for number in known if coming[number].told is coming[number].said])
    came = [each.held.payment for number, each in coming.items() if taken[number].became is Intake.EXCLUDED]
    money_back.came_gone(work, desk, [payment for payment in came if payment.status is not FeedStatus.PAID])
    followed = {number: _follow(work, desk, each, taken[number], counts) for number, each in coming.items()}
    in_part = _money_out(
        work, desk, [each for number, each in coming.items() if followed[number] is not Intake.OTHER_CONTENT], taken
    )
    for number, became in followed.items():
        if number in in_part and became in _KNOWN:
            counts.now_says(reversals.PART)


def _coming(desk: Desk, arrival: Arrival, before: StoredPayment | None) -> _Coming:
    told = reversals.stated(arrival.payment, before)
    held = reversals.held(told, before)
    if held is not arrival.payment:
        return _Coming(arrival.payment, told, arriving(desk, held, arrival.source, by=arrival.by), before)
    return _Coming(arrival.payment, told, arrival, before)


def _follow(work: Work, desk: Desk, coming: _Coming, taken: Taken, counts: IntakeCounts) -> Intake:
    """Counts what became of a payment, does what follows from it, and says it."""
    payment, before, became = coming.held.payment, coming.before, taken.became
    if became is Intake.OTHER_CONTENT:
        became = corrections.came_again(work, desk, payment, coming.held.source, by=coming.held.by)
    match became:
        case Intake.NEW:
            counts.new += 1
        case Intake.EXCLUDED:
            counts.excluded += 1
        case Intake.TWIN:
            counts.twins += 1
        case Intake.SAME:
            counts.same += 1
        case Intake.STATUS_CHANGED:
            counts.conflicts += 1
            counts.now_says(payment.status)
            if before is None or not reversals.won_beside(work, desk, before, payment):
                money_back.status_changed(work, payment)
        case Intake.OTHER_CONTENT:
            counts.conflicts += 1  # a person is told already
    return became


def _money_out(work: Work, desk: Desk, coming: Sequence[_Coming], taken: Mapping[str, Taken]) -> set[str]:
    """Notes what the feed says of fees and of money that went out again. Returns the payments of which a part went out."""
    in_part = set()
    for each in coming:
        held = taken[each.held.number]
        if note_fee_and_refund(work, desk, each.held.payment, before=(held.fee_minor, held.refunded_minor)):
            in_part.add(each.held.number)
    out = [each for each in coming if each.went_out]
    stored = payments.by_numbers(work.connection, work.company, [each.held.number for each in out])
    for each in out:
        in_part.discard(each.held.number)
        noted = reversals.note(work, desk, each.told, each.before, stored[each.held.number])
        if noted and each.held.payment.status is FeedStatus.PAID:
            in_part.add(each.held.number)
    return in_part


def excluded_by(desk: Desk, payment: Payment) -> str | None:
    """The rule that keeps a payment from ever being posted, if one does."""
    if payment.paid_at < desk.company.start_of(desk.company.start_on):
        return BEFORE_START_ON
    if payment.status is not FeedStatus.PAID:
        return f"arrived_{payment.status}"
    return None


def note_fee_and_refund(work: Work, desk: Desk, payment: Payment, *, before: tuple[int, int]) -> bool:
    """Tells a person of each sum that was refunded of a payment, once; the payment itself goes on as it is. True where it did.

    `before` is what we hold of its fee and its refund.
    """
    if not payments.note_fee_and_refund(work, payment, before=before) or payment.status is not FeedStatus.PAID:
        return False
    stored = payments.find(work.connection, work.company, payment.transaction_number)
    if stored is not None:
        reversals.tell(work, desk, stored)
    return True
