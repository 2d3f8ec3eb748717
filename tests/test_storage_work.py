"""A unit of work: its record is written once, in order, at its end; a part that fails takes its own rows back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from makers import START
from rows import a_company_row, a_payment_row, a_planned_effect, at_work

from receivables.effects import EffectState
from storage import audit, effects, payments, schema
from storage.canonical import LARGEST_EXACT, canonical, is_simple
from storage.engine import Connection, Database


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
            a_payment_row(connection, company)
    yield database
    database.close()


def actions(db: Database, company: str = "acme") -> list[str]:
    with db.read() as connection:
        assert audit.verify(connection, company) is None
        return [row.action for row in audit.rows(connection, company)]


def test_rows_are_written_in_order_with_one_moment_and_each_with_its_actor(db: Database) -> None:
    with at_work(db, actor="dana") as work:
        work.record("first")
        work.acting_as("rules").record("second", transaction_number="TXN-1", body={"cause": "short"})
        work.record("third")
    assert ["first", "second", "third"] == actions(db)
    with db.read() as connection:
        rows = list(audit.rows(connection, "acme"))
    assert [(1, "dana"), (2, "rules"), (3, "dana")] == [(row.seq, row.actor) for row in rows]
    assert {START} == {row.at for row in rows}


def test_the_head_is_read_once_and_changed_once_however_much_is_recorded(db: Database) -> None:
    with at_work(db) as work:
        work.record("the record begins")
    said: list[str] = []

    def listening(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement.split(maxsplit=1)[0] + (" head" if "audit_head" in statement else ""))

    with at_work(db) as work:
        sa.event.listen(work.connection, "before_cursor_execute", listening)
        for number in range(20):
            work.record(f"row {number}")
        assert [] == said
    assert ["SELECT head", "INSERT", "UPDATE head"] == said
    assert 21 == len(actions(db))


def test_a_unit_without_a_word_leaves_the_head_alone(db: Database) -> None:
    with at_work(db):
        pass
    with db.read() as connection:
        assert [] == connection.execute(sa.select(schema.audit_head)).all()


def test_what_was_recorded_in_a_savepoint_that_is_rolled_back_is_dropped(db: Database) -> None:
    with at_work(db) as work:
        work.record("before")
        with pytest.raises(ZeroDivisionError), work.savepoint():  # noqa: PT012 (the block is what fails)
            effects.plan(work, a_planned_effect())
            with work.savepoint():
                work.record("deeper")
            assert 1 / 0
        with work.savepoint():
            work.record("kept")
        work.record("after")
        assert [] == list(effects.of_payments(work.connection, "acme", ["TXN-1"])["TXN-1"])
    assert ["before", "kept", "after"] == actions(db)


def test_nothing_is_written_when_the_block_raises(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), at_work(db) as work:  # noqa: PT012 (the block is what fails)
        effects.plan(work, a_planned_effect())
        assert 1 / 0
    assert [] == actions(db)
    with db.read() as connection:
        assert [] == connection.execute(sa.select(schema.effect.c.id)).all()


def test_the_last_number_is_not_told_before_the_end(db: Database) -> None:
    with at_work(db) as work:
        work.record("first")
        with pytest.raises(AssertionError, match="before the work ends"):
            audit.last_seq(work.connection, "acme")
    with db.read() as connection:
        assert 1 == audit.last_seq(connection, "acme")
    with db.work() as connection:  # the same pooled connection, outside any unit
        assert 1 == audit.last_seq(connection, "acme")


def test_a_unit_writes_for_its_own_company_only(db: Database) -> None:
    with at_work(db, "acme") as work:
        effects.plan(work, a_planned_effect())
        (ours,) = effects.by_ids(work.connection, "acme", [a_planned_effect().id])
    with db.read() as connection:
        stored = payments.find(connection, "acme", "TXN-1")
    assert stored is not None
    with at_work(db, "globex") as other:
        for attempt in (
            lambda: effects.plan(other, a_planned_effect()),
            lambda: effects.end_without_sending(other, ours, EffectState.CANCELLED, why="a test"),
            lambda: payments.move(other, stored, stored.state, stored.bucket, action="tested"),
        ):
            with pytest.raises(AssertionError, match="work for globex cannot write for acme"):
                attempt()
    assert [] == actions(db, "globex")
    assert ["effect.planned"] == actions(db)


def test_a_record_made_row_by_row_goes_on_in_batches(db: Database) -> None:
    """Rows of version 0.1.0, written one at a time with the slower encoder, and ours are one chain."""
    with db.work() as connection:
        _as_before(connection, {"amount_minor": 100, "to": "posted", "who": 'Zoë "Z"\n'})
        _as_before(connection, {"amount_minor": 200, "rate": 0.5})
    with at_work(db) as work:
        work.record("first")
        work.record("second", body={"at": START})
    assert ["old", "old", "first", "second"] == actions(db)


def _as_before(connection: Connection, body: dict[str, Any]) -> None:
    head = connection.execute(sa.select(schema.audit_head)).one_or_none()
    seq, previous = (head.seq + 1, head.hash) if head else (1, audit.GENESIS)
    words = rfc8785.dumps(body).decode()
    row = audit.AuditRow("acme", seq, START, "dana", "old", "TXN-1", words, previous, "")
    connection.execute(sa.insert(schema.audit).values(**vars(row) | {"hash": audit.row_hash(row)}))
    change = {"seq": seq, "hash": audit.row_hash(row)}
    if head:
        connection.execute(sa.update(schema.audit_head).values(**change))
    else:
        connection.execute(sa.insert(schema.audit_head).values(company="acme", **change))


_plain = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-LARGEST_EXACT, LARGEST_EXACT) | st.sampled_from(EffectState),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(_plain)
def test_the_quick_encoder_writes_what_the_standard_says(value: object) -> None:
    assert rfc8785.dumps(value) == canonical(value)  # type: ignore[arg-type]


def test_what_the_quick_encoder_would_write_otherwise_is_left_to_the_other() -> None:
    for value in (1.0, LARGEST_EXACT + 1, {"é": 1}, {1: 2}, [{"a": 1e30}]):
        assert not is_simple(value)
    assert b'{"\xf0\x90\x80\x80":1,"\xef\xbf\xbf":2}' == canonical({"\uffff": 2, "\U00010000": 1})
