"""What the figures of a watched service cost: counters and indexes of what is open, however many payments there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from rows import a_company_row, a_failure_row, a_payment_row, an_effect_row, at_work

from receivables.payment import Bucket, PaymentState
from storage import bucket_counts, outbox, payments, vitals
from storage.engine import Connection, Database

#: Tables that grow with the payments, and the indexes through which they may be asked: of what is open, or of one state.
OPEN_ONLY = {
    "payment": ("ix_payment_by_state",),
    "effect": ("ix_effect_by_state", "ix_effect_open"),
    "failure": ("ix_failure_open", "ix_failure_by_state", "ix_failure_by_root"),
    "outbox": ("ix_outbox_leaving", "uq_outbox_waiting"),
}
RARE = ("received", "unknown", "needs_person", "open", "waiting", "sending")  # the states that may be asked for


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        a_company_row(connection)
        a_payment_row(connection)
    yield database
    database.close()


def counted(db: Database) -> dict[Bucket, int]:
    with db.read() as connection:
        return {bucket: many for (_, bucket), many in bucket_counts.read(connection).items()}


def test_the_counters_follow_what_is_moved_and_not_what_is_taken_back(db: Database) -> None:
    with at_work(db) as work:
        work.counted(Bucket.TO_DO)  # as whoever takes it in does
    with db.read() as connection:
        stored = payments.find(connection, "acme", "TXN-1")
    assert stored is not None
    for fails in (True, False):
        with at_work(db) as work, pytest.raises(KeyError) if fails else work.savepoint(), work.savepoint():
            assert payments.move(work, stored, PaymentState.POSTED, Bucket.IN_FLIGHT, action="tested")
            if fails:
                raise KeyError
        assert counted(db).get(Bucket.IN_FLIGHT, 0) == (0 if fails else 1)
    assert {Bucket.TO_DO: 0, Bucket.IN_FLIGHT: 1} == counted(db)
    with at_work(db) as work:  # somebody else was quicker
        assert not payments.move(work, stored, PaymentState.VERIFIED, Bucket.POSTED, action="tested")
    assert {Bucket.TO_DO: 0, Bucket.IN_FLIGHT: 1} == counted(db)


#: Of what is there long since: everything is over.
COPIED = {
    "payment": "'transaction_number', 'H-' || n, 'state', 'verified', 'bucket', 'posted'",
    "effect": "'transaction_number', 'H-' || n, 'id', n, 'key', n, 'state', 'done', 'document_id', n",
    "failure": "'transaction_number', 'H-' || n, 'id', n, 'state', 'resolved', 'resolved_at', now(), 'resolution', 'landed'",
    "outbox": "'id', n, 'state', 'sent'",
}


@pytest.fixture
def many(db: Database) -> Database:
    """Enough of the past for PostgreSQL, which plans by what there is; SQLite plans without looking."""
    with db.work() as connection:
        a_failure_row(connection, "failure")
        an_effect_row(connection, "effect")
    with at_work(db) as work:
        outbox.want(work, "failure", "failure")
    if db.dialect == "postgresql":
        with db.work() as connection:
            for table, changed in COPIED.items():
                row = f"(jsonb_populate_record(t, jsonb_build_object({changed}))).*"
                connection.exec_driver_sql(f"INSERT INTO {table} SELECT {row} FROM {table} t, generate_series(1, 3000) n")
                connection.exec_driver_sql(f"ANALYZE {table}")
    return db


def test_no_statement_of_the_figures_reads_by_the_number_of_payments(many: Database) -> None:
    said: list[tuple[str, Any]] = []
    sa.event.listen(many._read, "before_cursor_execute", lambda _c, _cur, statement, values, *_: said.append((statement, values)))
    with many.read() as connection:
        vitals.read(connection)
        vitals.moments(connection)
        asked = [found for found in said if found[0].startswith("SELECT")]
        for statement, values in asked:
            table = re.findall(r"FROM (\w+)", statement)[-1]
            if table in OPEN_ONLY:
                plan = plan_of(connection, statement, values)
                assert any(index in plan for index in OPEN_ONLY[table]), plan
                assert any(f"'{state}'" in statement or state in str(values) for state in RARE), statement
    assert {*OPEN_ONLY, "bucket_count"} <= {re.findall(r"FROM (\w+)", statement)[-1] for statement, _ in asked}


def plan_of(connection: Connection, statement: str, values: Any) -> str:
    how = "EXPLAIN " if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + statement, values))
