"""What people should see waits in lines of its own: a company with much to show delays no other, and no escalation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from makers import START, CountingIds
from rows import a_company_row

from storage import outbox
from storage.engine import Database

LEASE = START + timedelta(minutes=2)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
    yield database
    database.close()


def want(db: Database, ids: CountingIds, company: str, kind: str, count: int, *, seconds: int = 0) -> None:
    with db.work() as connection:
        for _ in range(count):
            at = START + timedelta(seconds=seconds)
            outbox.want(connection, ids, company=company, subject_kind=kind, subject=ids.new(), at=at)


def test_each_company_and_its_escalations_have_a_line_of_their_own(db: Database) -> None:
    ids = CountingIds()
    want(db, ids, "acme", "failure", 60)
    want(db, ids, "acme", "escalation", 1, seconds=5)
    want(db, ids, "globex", "failure", 1, seconds=9)
    now = START + timedelta(seconds=10)

    with db.work() as connection:
        lines = outbox.lines(connection, ["acme", "globex"], now)
        taken = {
            line: outbox.claim(connection, [line[0]], owner="me", now=now, lease_until=LEASE, limit=5, urgent=line[1])
            for line in lines
        }

    assert [("acme", False), ("acme", True), ("globex", False)] == lines
    assert [5, 1, 1] == [len(taken[line]) for line in lines]
    assert {("acme", "escalation")} == {(one.company, one.subject_kind) for one in taken["acme", True]}


def test_what_is_held_back_is_in_no_line_until_it_is_released(db: Database) -> None:
    ids = CountingIds()
    with db.work() as connection:
        outbox.want(
            connection,
            ids,
            company="acme",
            subject_kind="failure",
            subject=ids.new(),
            at=START,
            not_before=START + timedelta(hours=1),
        )
        before = outbox.lines(connection, ["acme"], START)
        outbox.release(connection, "acme", START)
        after = outbox.lines(connection, ["acme"], START)

    assert ([], [("acme", False)]) == (before, after)


def test_what_was_sent_or_is_being_sent_is_in_no_line(db: Database) -> None:
    ids = CountingIds()
    want(db, ids, "acme", "failure", 2)
    with db.work() as connection:
        first, second = outbox.claim(connection, ["acme"], owner="me", now=START, lease_until=LEASE, limit=5)
        outbox.settle(connection, first, state="sent", at=START)
        while_sending = outbox.lines(connection, ["acme"], START)
        past_the_lease = outbox.lines(connection, ["acme"], LEASE + timedelta(seconds=1))

    assert ([], [("acme", False)]) == (while_sending, past_the_lease)
    assert second.sendings == 0
