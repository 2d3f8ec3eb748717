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
from storage.engine import Connection
from sync import intake
from sync.desk import Desk

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
    with desk.db.work() as connection:
        companies.ensure(connection, desk.company.id)
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
    for one in kept:
        record = feed.look_up(one.record_id)
        with desk.db.work() as connection:
            _take(connection, desk, feed, [record], counts)


def _walk(desk: Desk, feed: PolledFeed, walk: str, counts: PollCounts) -> None:
    place = f"{feed.kind}/{walk}"
    with desk.db.read() as connection:
        cursor = feeds.cursor(connection, desk.company.id, place)
    for _ in range(PAGES_PER_RUN):
        page = feed.page(walk, cursor)
        with desk.db.work() as connection:
            _take(connection, desk, feed, page.records, counts)
            feeds.set_cursor(connection, desk.company.id, place, page.cursor, desk.clock.now())
        failpoint("intake.after_page")
        cursor = page.cursor
        if not page.more:
            return


def _take(connection: Connection, desk: Desk, feed: PolledFeed, records: Sequence[Record], counts: PollCounts) -> None:
    company, at = desk.company.id, desk.clock.now()
    let_go = [one.id for one in records if not one.problem and not one.waiting]
    feeds.let_go(connection, company, feed.kind, let_go)
    for one in records:
        if one.problem or one.waiting:
            feeds.keep(connection, company, feed.kind, one.id, problem=one.problem, at=at, looked=True)
        if one.payment is None:
            continue
        intake.take(connection, desk, one.payment, feed.name, counts)
        told = f"refunded/{one.id}/{one.given_back_minor}"  # each sum that was given back is told once
        if one.given_back_minor and feeds.first_time(connection, company, feed.kind, told, at):
            intake.tell_partly_given_back(connection, desk, one.payment, one.given_back_minor)
    feeds.prune_messages(connection, company, feed.kind, at)


def note(desk: Desk, kind: str, message_id: str, record_ids: Sequence[str]) -> bool:
    """Keeps what a signed message of the feed names, to be read at the next sync. False where it was noted before.

    When this returns it is durable; raises `storage.feeds.DATABASE_SILENT`, and then nothing was.
    """
    with desk.db.acknowledge() as connection:
        companies.ensure(connection, desk.company.id)
        at = desk.clock.now()
        if not feeds.first_time(connection, desk.company.id, kind, message_id, at):
            return False
        for record_id in record_ids:
            feeds.keep(connection, desk.company.id, kind, record_id, problem="", at=at, looked=False)
        feeds.prune_messages(connection, desk.company.id, kind, at)
    failpoint("intake.after_message")
    return True
