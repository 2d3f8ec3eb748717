"""A feed that is asked gives its payments: page by page, each page durable before the next is asked for.

Reads: the company's polled feed, if it has one. Leaves: payments, or records kept with what is wrong with them, and
the cursor, in one transaction. Never: a stop of the company's own sync, however the feed fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feeds.polled import PolledFeed, Record
from receivables.errors import ConfigurationError, FeedError
from receivables.failpoints import failpoint
from storage import companies, feeds
from sync import intake
from sync.desk import Desk
from sync.money_back import FEED

PAGES_PER_RUN = 50  # of each list: 5,000 records; beyond it the next sync goes on
KEPT_PER_RUN = 100  # records that are read again one by one


@dataclass
class PollCounts(intake.IntakeCounts):
    """What one look at the feed gave. `refused` records wait to be corrected at their source; `problem` stopped it."""

    refused: int = 0
    problem: str = ""


def run_once(desk: Desk) -> PollCounts:
    """Takes in what the feed has; raises nothing of the feed's: what went wrong is in `problem`, and nothing was lost."""
    counts = PollCounts()
    feed = desk.feed
    if feed is None:
        return counts
    with desk.work(FEED) as work:
        companies.ensure(work.connection, work.company)
    try:
        _read_kept(desk, feed, counts)
        for walk in feed.walks:
            _walk(desk, feed, walk, counts)
    except (FeedError, ConfigurationError) as error:
        counts.problem = error.message
    with desk.db.read() as connection:
        counts.refused = len(feeds.refused(connection, desk.company.id))
    return counts


def _read_kept(desk: Desk, feed: PolledFeed, counts: PollCounts) -> None:
    """Records that were told of, or that were not right or not complete the last time."""
    with desk.db.read() as connection:
        kept = feeds.to_read(connection, desk.company.id, feed.kind, limit=KEPT_PER_RUN)
    for noted in kept:
        _take(desk, feed, [feed.look_up(noted.record_id)], counts)


def _walk(desk: Desk, feed: PolledFeed, walk: str, counts: PollCounts) -> None:
    place = f"{feed.kind}/{walk}"
    with desk.db.read() as connection:
        cursor = feeds.cursor(connection, desk.company.id, place)
    for _ in range(PAGES_PER_RUN):
        page = feed.page(walk, cursor)
        _take(desk, feed, page.records, counts, read=(place, page.cursor))
        failpoint("intake.after_page")
        cursor = page.cursor
        if not page.more:
            return


def _take(
    desk: Desk, feed: PolledFeed, records: Sequence[Record], counts: PollCounts, read: tuple[str, str] | None = None
) -> None:
    """Takes records in. `read` is the list that they are a page of, and how far it is read with them."""
    records = [_so_far(desk, record) for record in records]
    arrivals = [intake.arriving(desk, record.payment, feed.name) for record in records if record.payment is not None]
    with desk.work(FEED) as work:
        feeds.let_go(work, feed.kind, [record.id for record in records if not record.problem and not record.waiting])
        for record in records:
            if record.problem or record.waiting:
                feeds.keep(work, feed.kind, record.id, problem=record.problem, looked=True)
        intake.take(work, desk, arrivals, counts)
        feeds.prune_messages(work, feed.kind)
        if read is not None:
            feeds.set_cursor(work, *read)


def _so_far(desk: Desk, record: Record) -> Record:
    """The record; one whose money is told to have gone back after today is not right yet, and is read again."""
    at, today = record.payment.status_at if record.payment else None, desk.company.day_of(desk.clock.now())
    if at is None or desk.company.day_of(at) <= today:
        return record
    return Record(record.id, problem=f"its money went back on {desk.company.day_of(at)}, which is after today, {today}")


def note(desk: Desk, kind: str, message_id: str, record_ids: Sequence[str]) -> bool:
    """Keeps what a signed message of the feed names, to be read at the next sync. False where it was noted before.

    When this returns it is durable; raises `storage.feeds.DATABASE_SILENT`, and then nothing was.
    """
    with desk.acknowledge(FEED) as work:
        companies.ensure(work.connection, work.company)
        if not feeds.first_time(work, kind, message_id):
            return False
        for record_id in record_ids:
            feeds.keep(work, kind, record_id, problem="", looked=False)
        feeds.prune_messages(work, kind)
    failpoint("intake.after_message")
    return True
