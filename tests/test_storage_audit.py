"""Any tampering with the record shows, and writers at the same time keep one unbroken chain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from makers import START
from rows import a_company_row, at_work

from storage import audit, schema
from storage.audit import AuditRow
from storage.engine import Connection, Database
from storage.work import Work

ROWS = 6


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A record of six rows; another company's beside it."""
    database = Database(database_url)
    for company in ("acme", "globex"):
        with at_work(database, company) as work:
            a_company_row(work.connection, company)
            for number in range(1, ROWS + 1):
                _record(work, number)
    yield database
    database.close()


def _record(work: Work, number: int) -> None:
    at = START + timedelta(seconds=number, microseconds=number)
    body = {"amount_minor": 100 * number, "to": "posted"}
    replace(work, at=at, actor="dana").record("payment.moved", transaction_number=f"TXN-{number}", body=body)


def _unguarded(connection: Connection) -> None:
    """What somebody with the database in their hands would do first."""
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text("DROP TRIGGER audit_no_update"))
        connection.execute(sa.text("DROP TRIGGER audit_no_delete"))
    else:
        connection.execute(sa.text("DROP TRIGGER audit_no_change ON audit"))


def _at(seq: int) -> sa.ColumnElement[bool]:
    return sa.and_(schema.audit.c.company == "acme", schema.audit.c.seq == seq)


def _set(connection: Connection, where: int, /, **values: object) -> None:
    connection.execute(sa.update(schema.audit).where(_at(where)).values(**values))


def _delete(connection: Connection, seq: int) -> None:
    connection.execute(sa.delete(schema.audit).where(_at(seq)))


def _delete_and_close_the_gap(connection: Connection) -> None:
    _delete(connection, 3)
    for seq in range(4, ROWS + 1):
        _set(connection, seq, seq=seq - 1)


def _swap(connection: Connection) -> None:
    _set(connection, 2, seq=99)
    _set(connection, 3, seq=2)
    _set(connection, 99, seq=3)


def _swap_words(connection: Connection) -> None:
    """Two rows trade everything but their place in the chain."""
    two, three = (next(row for row in audit.rows(connection, "acme") if row.seq == seq) for seq in (2, 3))
    for into, words in ((2, three), (3, two)):
        _set(connection, into, at=words.at, actor=words.actor, action=words.action, body=words.body)


def _insert(connection: Connection) -> None:
    """A row of their own in the middle, well hashed, with the others moved up."""
    for seq in range(ROWS, 2, -1):
        _set(connection, seq, seq=seq + 1)
    before = next(row for row in audit.rows(connection, "acme") if row.seq == 2)
    _put(connection, before, seq=3)


def _put(connection: Connection, before: AuditRow, *, seq: int, at: datetime = START, body: str = "{}") -> AuditRow:
    row = AuditRow("acme", seq, at, "sam", "invented", None, body, before.hash, "")
    row = replace(row, hash=audit.row_hash(row))
    connection.execute(sa.insert(schema.audit).values(**vars(row)))
    return row


def _cut_off(connection: Connection) -> None:
    _delete(connection, ROWS)


def _cut_off_all(connection: Connection) -> None:
    for seq in range(1, ROWS + 1):
        _delete(connection, seq)


def _cut_off_with_the_head(connection: Connection) -> None:
    _delete(connection, ROWS)
    connection.execute(sa.delete(schema.audit_head).where(schema.audit_head.c.company == "acme"))


def _append(connection: Connection) -> None:
    last = list(audit.rows(connection, "acme"))[-1]
    _put(connection, last, seq=ROWS + 1)


def _chain_again_from_the_middle(connection: Connection) -> None:
    """Edits row 3 and hashes it and everything after it anew, as the code itself would have."""
    kept = list(audit.rows(connection, "acme"))
    previous = kept[1].hash
    for row in kept[2:]:
        body = '{"amount_minor":1,"to":"posted"}' if row.seq == 3 else row.body
        digest = audit.row_hash(replace(row, body=body, prev_hash=previous))
        _set(connection, row.seq, body=body, prev_hash=previous, hash=digest)
        previous = digest


TAMPERING: dict[str, tuple[Callable[[Connection], None], int]] = {
    "a word of the body": (lambda c: _set(c, 3, body='{"amount_minor":301,"to":"posted"}'), 3),
    "the actor": (lambda c: _set(c, 3, actor="sam"), 3),
    "the action": (lambda c: _set(c, 1, action="payment.left"), 1),
    "the moment": (lambda c: _set(c, 3, at=START), 3),
    "the payment": (lambda c: _set(c, 3, transaction_number="TXN-4"), 3),
    "no payment": (lambda c: _set(c, 3, transaction_number=None), 3),
    "a hash": (lambda c: _set(c, 3, hash="f" * 64), 3),
    "the hash before": (lambda c: _set(c, 3, prev_hash="f" * 64), 3),
    "deleted": (lambda c: _delete(c, 3), 3),
    "the first deleted": (lambda c: _delete(c, 1), 1),
    "deleted, gap closed": (_delete_and_close_the_gap, 3),
    "swapped": (_swap, 2),
    "words swapped": (_swap_words, 2),
    "inserted": (_insert, 4),
    "cut off": (_cut_off, 6),
    "cut off wholly": (_cut_off_all, 1),
    "cut off, head deleted": (_cut_off_with_the_head, 6),
    "appended": (_append, 8),
    "chained again from the middle": (_chain_again_from_the_middle, 7),
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_shows_and_where(db: Database, tampering: str) -> None:
    tamper, where = TAMPERING[tampering]
    with db.work() as connection:
        _unguarded(connection)
        tamper(connection)
    with db.read() as connection:
        broken = audit.verify(connection, "acme")
        assert broken is not None
        assert ("acme", where) == (broken.company, broken.seq)
        assert audit.verify(connection, "globex") is None


def test_a_row_copied_from_another_company_shows(db: Database) -> None:
    with db.work() as connection:
        _unguarded(connection)
        theirs = next(row for row in audit.rows(connection, "globex") if row.seq == 3)
        _set(connection, 3, prev_hash=theirs.prev_hash, hash=theirs.hash)
        broken = audit.verify(connection, "acme")
    assert broken is not None
    assert 3 == broken.seq


def test_an_honest_record_holds_and_goes_on(db: Database) -> None:
    with at_work(db) as work:
        _record(work, ROWS + 1)
    with db.read() as connection:
        assert ROWS + 1 == audit.last_seq(connection, "acme")
        assert audit.verify(connection, "acme") is None
        assert [1, 2, 3, 4, 5, 6, 7] == [row.seq for row in audit.rows(connection, "acme")]
        assert ["TXN-3"] == [row.transaction_number for row in audit.rows(connection, "acme", "TXN-3")]


def test_a_company_without_a_record_has_nothing_to_hold(db: Database) -> None:
    with db.work() as connection:
        a_company_row(connection, "initech")
        assert audit.verify(connection, "initech") is None


def test_a_change_that_is_undone_leaves_no_row(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), at_work(db) as work:  # noqa: PT012 (the block is what fails)
        _record(work, 7)
        assert 1 / 0
    with db.read() as connection:
        assert ROWS == len(list(audit.rows(connection, "acme")))
        assert audit.verify(connection, "acme") is None


def test_writers_at_the_same_time_keep_one_unbroken_chain(db: Database) -> None:
    """The first row of a new record is raced for too."""
    with db.work() as connection:
        a_company_row(connection, "initech")
    writers, each = 4, 15
    together = threading.Barrier(writers)
    went_wrong: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            together.wait()
            for number in range(each):
                with at_work(db, "initech") as work:
                    _record(work, 100 * writer + number)
        except BaseException as error:
            went_wrong.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == went_wrong
    with db.read() as connection:
        kept = list(audit.rows(connection, "initech"))
        assert audit.verify(connection, "initech") is None
    assert writers * each == len(kept)
    wanted = {f"TXN-{100 * writer + number}" for writer in range(writers) for number in range(each)}
    assert wanted == {row.transaction_number for row in kept}


def test_amount_beyond_json_s_exact_numbers_is_recorded_exactly(db: Database) -> None:
    largest = 9_999_999_999_999_999  # twelve digits and four decimals, as CLF has
    with at_work(db) as work:
        work.record("payment.received", body={"amount_minor": largest})
    with db.read() as connection:
        assert f'{{"amount_minor":"{largest}"}}' == list(audit.rows(connection, "acme"))[-1].body
        assert audit.verify(connection, "acme") is None
