"""The three doors to our own database, who must wait for whom, and which index each frequent question uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import private_postgres
import pytest
import sqlalchemy as sa
from makers import START, ManualClock, a_payment
from private_postgres import Cluster
from rows import a_company_row, a_payment_row, at_work
from scripts import script, together
from sqlalchemy.exc import DBAPIError, OperationalError

from receivables.errors import ConfigurationError
from receivables.payment import Bucket, PaymentState
from storage import attempts, decisions, diagnoses, effects, failures, mirror, outbox, payments, schema, sending
from storage.engine import Connection, Database
from storage.migrating import ensure_current, migrate, newest
from storage.payments import Move, StoredPayment
from storage.schema import searching
from storage.watch import Watch
from storage.work import Work

SHORT_OF = {"sqlite": "locked", "postgresql": "lock timeout"}
MIGRATE = """
import sys
from storage.engine import Database
from storage.work import Work
from storage.migrating import ensure_current
print("ready", flush=True)
sys.stdin.readline()
ensure_current(Database(sys.argv[1]))
"""

STORED = StoredPayment(a_payment(), PaymentState.RECEIVED, Bucket.TO_DO, 0, 1, 0, START, "a test")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        a_company_row(connection)
        a_payment_row(connection)
    yield database
    database.close()


@pytest.fixture
def sqlite_db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'ours.sqlite'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    cluster: Cluster | None = request.getfixturevalue("postgres")
    if cluster is None:
        pytest.skip(private_postgres.HOW_TO_GET_IT)
    cluster.create("empty")
    return cluster.url("empty")


def _busy(connection: Connection) -> None:
    """Holds the lock that a decision would need."""
    connection.execute(sa.update(schema.company).values(books_cursor="held"))


# --- doors ------------------------------------------------------------------------------------------------------------


def test_every_door_of_sqlite_is_durable_and_strict(sqlite_db: Database) -> None:
    for door in (sqlite_db.read, sqlite_db.acknowledge, sqlite_db.work):
        with door() as connection:
            held = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
            }
        assert {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0} == held


def test_a_press_waits_less_than_the_work(sqlite_db: Database) -> None:
    with sqlite_db.acknowledge() as connection:
        assert 1500 == connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    with sqlite_db.work() as connection:
        assert 30_000 == connection.exec_driver_sql("PRAGMA busy_timeout").scalar()


def test_the_reading_door_refuses_writes(db: Database) -> None:
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), db.read() as connection:
        a_company_row(connection, "globex")


def test_a_block_that_fails_leaves_nothing(db: Database) -> None:
    with pytest.raises(ZeroDivisionError), db.work() as connection:  # noqa: PT012 (the block is what fails)
        a_company_row(connection, "globex")
        assert 1 / 0
    with db.read() as connection:
        assert ["acme"] == list(connection.scalars(sa.select(schema.company.c.id)))


def test_a_writing_transaction_takes_the_lock_when_it_begins(sqlite_db: Database) -> None:
    """A deferred one that turns writer later fails at once, whatever the time-out."""
    with sqlite_db.work(), pytest.raises(OperationalError, match="locked"), sqlite_db.acknowledge():
        pass


def test_a_press_gives_up_while_somebody_holds_the_lock(db: Database) -> None:
    with db.work() as holding:
        _busy(holding)
        with pytest.raises(OperationalError, match=SHORT_OF[db.dialect]), db.acknowledge() as connection:
            _busy(connection)
    with db.acknowledge() as connection:
        _busy(connection)


def test_readers_see_what_was_committed_while_somebody_writes(db: Database) -> None:
    with db.work() as writing:
        a_payment_row(writing, number="TXN-2")
        with db.read() as reading:
            assert 1 == len(payments.of_company(reading, "acme"))
    with db.read() as reading:
        assert 2 == len(payments.of_company(reading, "acme"))


def test_one_reading_sees_one_moment(db: Database) -> None:
    with db.read() as reading:
        assert 1 == len(payments.of_company(reading, "acme"))
        with db.work() as writing:
            a_payment_row(writing, number="TXN-2")
        assert 1 == len(payments.of_company(reading, "acme"))


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/resolve", "sqlite:////no/such/folder/ours.sqlite"]
)
def test_a_database_that_would_forget_or_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Database(url)


# --- migrating --------------------------------------------------------------------------------------------------------


def test_two_processes_migrate_an_empty_database_at_once(tmp_path: Path, empty_database_url: str) -> None:
    ended = together([script(tmp_path, MIGRATE, empty_database_url) for _ in range(3)])
    assert [(0, ""), (0, ""), (0, "")] == [(ran.code, ran.err) for ran in ended]
    database = Database(empty_database_url)
    ensure_current(database)
    assert (newest(), newest()) == migrate(database)
    with database.read() as connection:
        others = ("procrastinate_", searching.WORDS)
        held = {name for name in sa.inspect(connection).get_table_names() if not name.startswith(others)}
        assert {*schema.metadata.tables, "alembic_version"} == held
    database.close()


def test_a_database_of_another_version_is_refused_with_what_to_run(db: Database) -> None:
    with db.work() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ConfigurationError, match="resolve-now migrate"):
        ensure_current(db)


# --- which index is used ----------------------------------------------------------------------------------------------


def _plans(database: Database, ask: Callable[[Work], object]) -> list[str]:
    """How SQLite finds the rows of every statement that a function runs."""
    said: list[tuple[str, object]] = []

    def listening(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        said.append((statement, values))

    with at_work(database) as work:
        connection = work.connection
        sa.event.listen(connection, "before_cursor_execute", listening)
        ask(work)
        sa.event.remove(connection, "before_cursor_execute", listening)
        assert said
        return [
            str(row[3])
            for statement, values in said
            if statement.startswith(("SELECT", "UPDATE"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
        ]


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (
            lambda w: sending.claim(w, Watch(ManualClock()), owner="a test", lease_seconds=60.0, limit=60),
            "ix_effect_by_state",
        ),
        (lambda w: effects.in_flight(w.connection, "acme"), "ix_effect_by_state"),
        (sending.due_now, "ix_effect_by_state"),
        (lambda w: effects.underway(w.connection, "acme", ["I1"]), "ix_binding_by_invoice"),
        (
            lambda w: payments.move_many(w, [Move(STORED, PaymentState.POSTING, Bucket.IN_FLIGHT, "tested")]),
            "sqlite_autoindex_payment_1",
        ),
        (lambda w: effects.of_payments(w.connection, "acme", ["TXN-1"]), "ix_effect_by_payment"),
        (lambda w: effects.of_decision(w.connection, "acme", "d"), "ix_effect_by_decision"),
        (lambda w: failures.open_of(w.connection, "acme", "TXN-1"), "ix_failure_by_payment"),
        (lambda w: failures.of_payment(w.connection, "acme", "TXN-1"), "ix_failure_by_payment"),
        (lambda w: diagnoses.wanted(w.connection, "acme", limit=100), "ix_diagnosis_by_evidence"),
        (lambda w: decisions.in_state(w.connection, "acme", "accepted", limit=20), "ix_decision_by_state"),
        (lambda w: decisions.of_payment(w.connection, "acme", "TXN-1"), "ix_decision_by_payment"),
        (lambda w: payments.in_state(w.connection, "acme", PaymentState.RECEIVED, limit=60), "ix_payment_by_state"),
        (lambda w: failures.open_ones(w.connection, "acme", limit=100), "ix_failure_by_state"),
        (lambda w: attempts.counts(w.connection, "acme", ["TXN-1"]), "ix_attempt_by_payment"),
        (lambda w: mirror.open_invoices_of(w.connection, "acme", ["C1"]), "ix_mirror_by_customer"),
        (lambda w: mirror.invoices_numbered(w.connection, "acme", ["1042"]), "ix_mirror_by_number"),
        (lambda w: outbox.want(w, "failure", "f"), "uq_outbox_waiting"),
    ],
)
def test_a_frequent_question_uses_its_index(sqlite_db: Database, ask: Callable[[Work], object], index: str) -> None:
    """With ten thousand payments a walk through a whole table would be felt by whoever waits for an answer."""
    with sqlite_db.work() as connection:
        a_company_row(connection)
    plans = _plans(sqlite_db, ask)
    assert [] != [plan for plan in plans if f"USING INDEX {index}" in plan or f"USING COVERING INDEX {index}" in plan], plans
    assert [] == [plan for plan in plans if plan.startswith(tuple(f"SCAN {table}" for table in schema.metadata.tables))]
