"""What people should see waits in lines of its own: a company with much to show delays no other, and no escalation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from makers import START, ManualClock
from rows import a_company_row, at_work

from storage import outbox
from storage.engine import Database
from storage.outbox import Waiting
from storage.watch import Watch

LEASE_SECONDS = 120.0


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
    yield database
    database.close()


def want(db: Database, company: str, kind: str, count: int, *, seconds: int = 0) -> None:
    with at_work(db, company, at=START + timedelta(seconds=seconds)) as work:
        for _ in range(count):
            outbox.want(work, kind, work.ids.new())


def claim(db: Database, company: str, *, at: datetime = START, urgent: bool | None = None) -> Sequence[Waiting]:
    with at_work(db, company, at=at) as work:
        return outbox.claim(work, Watch(ManualClock(at)), owner="me", lease_seconds=LEASE_SECONDS, limit=5, urgent=urgent)


def test_each_company_and_its_escalations_have_a_line_of_their_own(db: Database) -> None:
    want(db, "acme", "failure", 60)
    want(db, "acme", "escalation", 1, seconds=5)
    want(db, "globex", "failure", 1, seconds=9)
    now = START + timedelta(seconds=10)

    with db.read() as connection:
        lines = outbox.lines(connection, ["acme", "globex"], now)
    taken = {line: claim(db, line[0], at=now, urgent=line[1]) for line in lines}

    assert [("acme", False), ("acme", True), ("globex", False)] == lines
    assert [5, 1, 1] == [len(taken[line]) for line in lines]
    assert {("acme", "escalation")} == {(message.company, message.subject_kind) for message in taken["acme", True]}


def test_what_is_held_back_is_in_no_line_until_it_is_released(db: Database) -> None:
    with at_work(db) as work:
        outbox.want_many(work, "failure", [work.ids.new()], not_before=START + timedelta(hours=1))
        before = outbox.lines(work.connection, ["acme"], START)
        outbox.release(work)
        after = outbox.lines(work.connection, ["acme"], START)

    assert ([], [("acme", False)]) == (before, after)


def test_what_another_process_is_sending_is_its_own_until_it_was_seen_unchanged_for_the_whole_lease(db: Database) -> None:
    want(db, "acme", "failure", 2)
    first, second = claim(db, "acme")
    with at_work(db) as work:
        outbox.sent(work, first)
    clock = ManualClock()
    watch, taken = Watch(clock), list[Sequence[Waiting]]()
    for seconds in (0, LEASE_SECONDS - 1, 2):
        clock.advance(seconds)
        with at_work(db, at=START) as work:  # whatever the wall clock says
            taken.append(outbox.claim(work, watch, owner="other", lease_seconds=LEASE_SECONDS, limit=5))

    assert [0, 0, 1] == [len(messages) for messages in taken]
    assert (second.id, 1) == (taken[2][0].id, taken[2][0].sendings)
