"""A database that version 0.1.0 left, with rows in every table and work under way: upgraded, and the company plays on.

`tests/fixtures/make_database_0_1_0.py` says how it was made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import private_postgres
import psycopg
import pytest
import sqlalchemy as sa
from command_line import CommandLine, Ran, answered, change_file, run_process, seen, write_settings
from makers import messages_waiting
from private_postgres import Cluster
from sqlalchemy.exc import DatabaseError, IntegrityError

from receivables.diagnosis import Cause
from receivables.errors import ConfigurationError
from storage import audit, codec, decisions, effects, failures, incidents, mirror, payments, schema
from storage.engine import Connection, Database
from storage.migrating import ensure_current, migrate, newest

FIXTURES = Path(__file__).parent / "fixtures"
FROM = "0002"
#: What 0.1.0 itself cannot produce on embedded books: nobody signs in to a file, and nobody counts its calls.
NOT_PLAYED = {Cause.ACCESS_LOST, Cause.THROTTLED, Cause.BOOKS_UNAVAILABLE}
only_on_sqlite = pytest.mark.parametrize("old", ["sqlite"], indirect=True)  # PostgreSQL drops a CHECK where it stands
OF_CAUSES = 24 - len(NOT_PLAYED)
Rows = dict[str, list[dict[str, Any]]]


OPEN = "SELECT id FROM {} WHERE state = 'open'"


@dataclass(frozen=True)
class Old:
    """The folder of a company as 0.1.0 left it, and the URL of its database."""

    acme: CommandLine
    url: str

    def run(self, *words: str) -> Ran:
        return run_process(self.acme.words(*words, *seen(self.run, words)), {"RESOLVE_NOW_DATABASE_URL": self.url})

    def answer(self, *words: str) -> Any:
        return answered(words, self.run(*words, "--json"))


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Old]:
    acme = write_settings(tmp_path, temper="swallowing")
    _fill(acme.books_file, "books_0_1_0.sql")
    dump = f"resolve_now_0_1_0.{request.param}.sql"
    if request.param == "sqlite":
        acme.database.unlink()  # the tables of 0.1.0 take the place of ours
        _fill(acme.database, dump)
        yield Old(acme, f"sqlite:///{acme.database}")
        return
    cluster: Cluster | None = request.getfixturevalue("postgres")
    if cluster is None:
        pytest.skip(private_postgres.HOW_TO_GET_IT)
    with cluster.cloned("template0") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute((FIXTURES / dump).read_bytes())
        yield Old(acme, url)


@pytest.fixture
def db(old: Old) -> Iterator[Database]:
    database = Database(old.url)
    yield database
    database.close()


def _fill(file: Path, dump: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript((FIXTURES / dump).read_text(encoding="utf-8"))
    connection.close()


def _rows(database: Database, columns: dict[str, list[str]]) -> Rows:
    """Every row of every table, in these columns, as the database itself has it."""
    with database.read() as connection:
        return {
            table: sorted(
                (dict(row) for row in connection.execute(sa.text(f"SELECT {', '.join(names)} FROM {table}")).mappings()), key=repr
            )
            for table, names in columns.items()
        }


def _columns(database: Database) -> dict[str, list[str]]:
    with database.read() as connection:
        inspector = sa.inspect(connection)
        return {
            table: [str(column["name"]) for column in inspector.get_columns(table)]
            for table in inspector.get_table_names()
            if table != "alembic_version"
        }


# --- upgraded ---------------------------------------------------------------------------------------------------------


def test_every_row_of_every_table_is_still_there(db: Database) -> None:
    columns = _columns(db)
    held = _rows(db, columns)
    assert [] == [table for table in columns if not held[table]]
    columns["company"].remove("books_cursor")
    before = _rows(db, columns)
    assert (FROM, newest()) == migrate(db)
    assert before == _rows(db, columns)
    assert set(schema.metadata.tables) >= set(columns)


def test_invoices_and_customers_that_were_seen_are_found_by_another_spelling(db: Database) -> None:
    migrate(db)
    with db.read() as connection:
        table = schema.mirror
        seen_before = connection.execute(sa.select(table.c.kind, table.c.number, table.c.name).where(table.c.key != "")).all()
        assert {"invoice", "customer"} == {row.kind for row in seen_before}
        for row in seen_before[:5]:
            if row.kind == "invoice":
                found = [invoice.number for invoice in mirror.invoices_spelled_like(connection, "acme", f"00-{row.number}")]
                assert row.number in found
            else:
                assert row.name in {of.name for of in mirror.customers_spelled_like(connection, "acme", {f"{row.name}."})}


def test_the_books_are_read_anew_for_the_words_of_their_receipts_before_anything_is_sent(db: Database) -> None:
    migrate(db)
    with db.read() as connection:
        assert {("", None)} == {
            (row.books_cursor, row.mirrored_whole_at) for row in connection.execute(sa.select(schema.company))
        }


def test_a_card_that_was_given_up_waits_again_while_its_failure_is_open(db: Database) -> None:
    with db.work() as connection:
        connection.execute(sa.text("UPDATE outbox SET state = 'given_up', problem = 'not_in_channel'"))

    migrate(db)

    with db.read() as connection:
        waits = set(connection.execute(sa.text("SELECT subject FROM outbox WHERE state = 'waiting' AND problem = ''")).scalars())
        kinds = ("failure", "incident", "escalation")
        open_ones = {id for kind in kinds for id in connection.execute(sa.text(OPEN.format(kind))).scalars()}
        known = set(connection.execute(sa.text("SELECT subject FROM outbox")).scalars())
    assert open_ones & known == waits
    assert waits


def test_an_old_database_is_refused_until_it_is_migrated(db: Database) -> None:
    with pytest.raises(ConfigurationError, match="resolve-now migrate"):
        ensure_current(db)
    migrate(db)
    ensure_current(db)


def test_what_was_read_and_decided_can_still_be_read(db: Database) -> None:
    migrate(db)
    with db.read() as connection:
        for kind, body in connection.execute(sa.select(schema.mirror.c.kind, schema.mirror.c.body)):
            assert kind == codec.kind_of(codec.document_from_json(kind, body))
        for (body,) in connection.execute(sa.select(schema.evidence.c.body)):
            assert codec.evidence_from_json(body).payment.company == "acme"
        judged = [codec.diagnosis_from_json(body) for (body,) in connection.execute(sa.select(schema.diagnosis.c.body))]
        found = failures.of_company(connection, "acme")
        causes = {diagnosis.primary.cause for diagnosis in judged} | {failure.cause for failure in found}
        assert (OF_CAUSES, set()) == (len(causes), causes & NOT_PLAYED)
        numbers = [stored.number for stored in payments.of_company(connection, "acme")]
        kinds = {effect.kind for chain in effects.of_payments(connection, "acme", numbers).values() for effect in chain}
        assert {"receipt", "unapply_credit"} <= {str(kind) for kind in kinds}
        assert all(failure.diagnosis is not None and failure.diagnosis.primary.cause is failure.cause for failure in found)
        assert 5 == sum(len(decisions.of_payment(connection, "acme", number)) for number in numbers)
        assert () == tuple(incidents.open_ones(connection, "acme"))
        assert messages_waiting(connection) > 0
        assert audit.verify(connection, "acme") is None


def test_a_cause_that_nobody_knows_is_refused_by_the_code_when_the_database_no_longer_does(db: Database) -> None:
    statement = sa.text("UPDATE failure SET cause = 'bad luck'")
    with pytest.raises(IntegrityError, match="ck_failure_cause_known"), db.work() as connection:
        connection.execute(statement)
    migrate(db)
    with db.work() as connection:
        connection.execute(statement)
    with pytest.raises(ValueError, match="bad luck"), db.read() as connection:
        failures.of_company(connection, "acme")


# --- what remaking a table on SQLite must not lose ----------------------------------------------------------------------


def test_the_record_is_still_only_ever_added_to(db: Database) -> None:
    migrate(db)
    for statement in ("UPDATE audit SET actor = 'sam'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="audit rows are never"), db.work() as connection:
            connection.execute(sa.text(statement))


@only_on_sqlite
def test_triggers_indexes_and_references_are_those_of_a_new_database(old: Old, db: Database, tmp_path: Path) -> None:
    migrate(db)
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    migrate(fresh)
    with db.read() as connection, fresh.read() as new:
        assert _shape(new) == _shape(connection)
        assert 1 == connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    fresh.close()


def _shape(connection: Connection) -> list[tuple[str, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")]


@only_on_sqlite
def test_a_row_that_refers_to_nothing_stops_the_migration_and_nothing_is_changed(old: Old, db: Database) -> None:
    connection = sqlite3.connect(old.acme.database)  # which does not enforce references unless it is told to
    connection.execute("DELETE FROM payment WHERE transaction_number = 'TXN-9001'")
    connection.commit()
    connection.close()
    ran = old.run("migrate")
    assert (2, "") == (ran.code, ran.out)
    for words in (
        "was not migrated",
        "has a row (company acme, ",
        "refers to a row of table payment which does not exist",
        "Restore a backup",
    ):
        assert words in " ".join(ran.err.split())
    assert [(FROM,)] == old.acme.rows("SELECT version_num FROM alembic_version")
    assert "ck_offer_remedy_known" in old.acme.rows("SELECT sql FROM sqlite_master WHERE name = 'offer'")[0][0]


@only_on_sqlite
def test_a_view_that_somebody_made_for_reports_does_not_stop_the_migration(old: Old, db: Database) -> None:
    change_file(old.acme.database, "CREATE VIEW failing AS SELECT transaction_number FROM failure WHERE state = 'open'")
    (before,) = old.acme.rows("SELECT count(*) FROM failing")
    migrate(db)
    assert [before] == old.acme.rows("SELECT count(*) FROM failing")


@only_on_sqlite
def test_what_cannot_be_migrated_is_said_in_a_sentence_and_nothing_is_changed(old: Old) -> None:
    change_file(old.acme.database, "UPDATE alembic_version SET version_num = '0999'")
    for words in (["migrate"], ["failures"]):
        newer = old.run(*words)
        assert (2, "", True) == (newer.code, newer.out, "a newer program made it" in " ".join(newer.err.split()))
    assert [("0999",)] == old.acme.rows("SELECT version_num FROM alembic_version")
    old.acme.database.write_bytes(b"no database" * 1000)
    for words in (["migrate"], ["failures"]):
        broken = old.run(*words)
        assert (2, "", True) == (broken.code, broken.out, "the database cannot be opened" in " ".join(broken.err.split()))


# --- and the company plays on -------------------------------------------------------------------------------------------


#: What the proof finds of the old company: the receipt that a bookkeeper copied, and what people have not settled.
PROVEN_OTHERWISE = {
    "TXN-109": "receipt_doubled",
    "TXN-131": "returned_but_in_books",
    "TXN-133": "refunded_but_in_books",
    "TXN-541": "accepted_unapplied",
    "TXN-711": "accepted_unapplied",
    "TXN-9002": "may_be_in_books",
}


def test_the_company_plays_on(old: Old, db: Database) -> None:
    assert {"before": FROM, "now": newest(), "search_inside": True} == old.answer("migrate")
    shown = old.answer("failures", "--all")
    assert "TXN-9001" in {failure["transaction"] for failure in shown}
    assert all(failure["because"] for failure in shown if failure["cause"] == "credit_memo_applied")

    old.answer("sync")
    assert "verified" == _state(db, "TXN-9006")  # its answer had been lost; the books were asked, and nothing was sent again
    assert "verified" == _state(db, "TXN-9007")  # it had not been posted yet
    for number, remedy, state in (
        ("TXN-9001", "unapply_credit_memo", "verified"),
        ("TXN-9003", "dismiss", "dismissed"),  # it had been dismissed and reopened
    ):
        assert 0 == old.run("decide", number, remedy, "--as", "dana").code
        assert state == _state(db, number)
    waiting = old.run("decide", "TXN-9004", "keep_on_account", "--as", "dana")
    assert (1, True) == (waiting.code, "Sam Okafor already chose" in waiting.out + waiting.err)
    old.answer("sync")

    proof = old.run("reconcile", "--json")  # 0.1.0 told of the copied receipt; the others it took for "not in the books"
    assert (1, PROVEN_OTHERWISE) == (
        proof.code,
        {discrepancy["transaction"]: discrepancy["problem"] for discrepancy in proof.json[0]["discrepancies"]},
    )
    assert 0 == old.run("audit", "verify").code
    assert [("TXN-9006", 20_000, 0), ("TXN-9007", 20_000, 0)] == [
        receipt for receipt in old.acme.receipts() if receipt[0] in ("TXN-9006", "TXN-9007")
    ]


def _state(database: Database, number: str) -> str:
    with database.read() as connection:
        stored = payments.find(connection, "acme", number)
    assert stored is not None
    return str(stored.state)
