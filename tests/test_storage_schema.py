"""The database itself refuses what must never be, whatever the code above it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from makers import START
from procrastinate.schema import SchemaManager
from rows import a_claim_row, a_company_row, a_decision_row, a_failure_row, a_payment_row, an_effect_row, at_work
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError

from receivables.diagnosis import Cause, Remedy
from receivables.effects import LIVE_STATES, EffectState
from storage import audit, schema
from storage.engine import Connection, Database
from storage.schema import searching

INCIDENT = {"company": "acme", "id": "i", "cause": "period_closed", "about": "", "state": "open", "opened_at": START}
EVIDENCE = {"company": "acme", "id": "e", "failure_id": "failure", "taken_at": START, "facts_hash": "0" * 64, "body": {}}
OFFER = {"company": "acme", "id": "o", "failure_id": "failure", "evidence_id": "e", "remedy": "retry", "made_at": START}


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.work() as connection:
        for company in ("acme", "globex"):
            a_company_row(connection, company)
        a_payment_row(connection)
    yield database
    database.close()


@pytest.fixture
def connection(db: Database) -> Iterator[Connection]:
    """A transaction that is thrown away, for statements of which the last one is refused."""
    with pytest.raises(_ThrownAway), db.work() as opened:  # noqa: PT012 (the test runs between)
        yield opened
        raise _ThrownAway


class _ThrownAway(Exception):
    pass


# --- effects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", LIVE_STATES)
def test_a_second_live_receipt_effect_for_a_part_is_refused(connection: Connection, state: EffectState) -> None:
    document = {"document_id": "R1"} if state is EffectState.DONE else {}
    an_effect_row(connection, "one", state=state, **document)
    with pytest.raises(IntegrityError):
        an_effect_row(connection, "two", generation=1)


@pytest.mark.parametrize("state", [state for state in EffectState if state not in LIVE_STATES])
def test_a_receipt_effect_may_follow_one_that_is_over(connection: Connection, state: EffectState) -> None:
    an_effect_row(connection, "one", state=state)
    an_effect_row(connection, "two", generation=1)
    an_effect_row(connection, "another part", part=2)
    an_effect_row(connection, "another kind", kind="apply_receipt")
    assert 4 == connection.execute(sa.select(sa.func.count()).select_from(schema.effect)).scalar_one()


def test_two_effects_with_one_key_are_refused(connection: Connection) -> None:
    an_effect_row(connection, "one", key="the same", state="failed")
    with pytest.raises(IntegrityError):
        an_effect_row(connection, "two", key="the same", generation=1)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "posted"}, "state_known"),
        ({"state": "done"}, "done_names_its_document"),
        ({"part": 0}, "counts_in_range"),
        ({"fence": -1}, "counts_in_range"),
    ],
)
def test_an_effect_that_cannot_be_is_refused(connection: Connection, changes: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_effect_{constraint}"):
        an_effect_row(connection, "one", **changes)


# --- payments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "verified", "bucket": "to_do"}, "bucket_fits_state"),
        ({"state": "received", "bucket": "posted"}, "bucket_fits_state"),
        ({"state": "dismissed", "bucket": "waiting_person"}, "bucket_fits_state"),
        ({"state": "excluded", "bucket": "excluded"}, "excluded_by_a_rule"),
        ({"excluded_by": "before_start_on"}, "excluded_by_a_rule"),
        ({"amount_minor": 0}, "amount_minor_in_range"),
        ({"amount_minor": -1}, "amount_minor_in_range"),
        ({"on_account_minor": -1}, "on_account_minor_in_range"),
        ({"on_account_minor": 50_001}, "on_account_within_amount"),
        ({"currency": "US"}, "currency_is_iso"),
        ({"hidden_by": "dana"}, "hidden_whole"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(connection: Connection, changes: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_payment_{constraint}"):
        a_payment_row(connection, number="TXN-2", **changes)


def test_a_state_or_bucket_with_an_unknown_word_is_refused(connection: Connection) -> None:
    """Two CHECKs speak of the same word; which of them the database names first is its own affair."""
    with pytest.raises(IntegrityError, match="ck_payment_"), connection.begin_nested():
        a_payment_row(connection, number="TXN-2", state="lost")
    with pytest.raises(IntegrityError, match="ck_payment_"), connection.begin_nested():
        a_payment_row(connection, number="TXN-2", bucket="elsewhere")


def test_a_payment_without_a_bucket_is_refused(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        a_payment_row(connection, number="TXN-2", bucket=None)


def test_a_transaction_number_is_taken_in_once_for_each_company(connection: Connection) -> None:
    a_payment_row(connection, "globex")
    with pytest.raises(IntegrityError):
        a_payment_row(connection, "globex")


# --- failures, decisions, proof ---------------------------------------------------------------------------------------


def test_a_payment_has_one_open_failure(connection: Connection) -> None:
    a_failure_row(connection, "past", state="resolved", resolved_at=START, resolution="landed")
    a_failure_row(connection, "open")
    a_failure_row(connection, "of the feed", about="intake")
    with pytest.raises(IntegrityError):
        a_failure_row(connection, "second")


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "resolved"}, "resolved_whole"),
        ({"resolved_at": START, "resolution": "landed"}, "resolved_whole"),
        ({"state": "closed"}, "state_known"),
        ({"about": "weather"}, "about_known"),
    ],
)
def test_a_failure_that_cannot_be_is_refused(connection: Connection, changes: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_failure_{constraint}"):
        a_failure_row(connection, "one", **changes)


@pytest.mark.parametrize("state", ["waiting_approval", "accepted", "carrying_out"])
def test_a_failure_has_one_undecided_decision(connection: Connection, state: str) -> None:
    a_failure_row(connection, "failure")
    a_decision_row(connection, "past", failure_id="failure", state="stale")
    a_decision_row(connection, "one", failure_id="failure", state=state)
    with pytest.raises(IntegrityError):
        a_decision_row(connection, "two", failure_id="failure")


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"approved_by": "dana", "approved_at": START}, "two_different_people"),
        ({"approved_by": "sam"}, "approved_whole"),
        ({"state": "pressed"}, "state_known"),
        ({"channel": "letter"}, "channel_known"),
        ({"amount_minor": 0}, "amount_minor_in_range"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(connection: Connection, changes: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_decision_{constraint}"):
        a_decision_row(connection, "one", **changes)


def test_another_person_may_approve(connection: Connection) -> None:
    a_decision_row(connection, "one", approved_by="sam", approved_at=START)
    assert "sam" == connection.execute(sa.select(schema.decision.c.approved_by)).scalar_one()


def test_claims_never_exceed_their_receipt(connection: Connection) -> None:
    a_claim_row(connection, "R1", claimed_minor=50_000)
    with pytest.raises(IntegrityError, match="ck_receipt_claim_claims_within_receipt"), connection.begin_nested():
        connection.execute(sa.update(schema.receipt_claim).values(claimed_minor=50_001))
    with pytest.raises(IntegrityError, match="ck_receipt_claim_claims_within_receipt"):
        connection.execute(sa.update(schema.receipt_claim).values(claimed_minor=-1))


# --- closed lists that grow with the product, held by the columns and by no CHECK ----------------------------------------

CAUSES = [(schema.company, "paused_cause"), (schema.incident, "cause"), (schema.failure, "cause")]
KINDS = [(schema.payment, "status"), (schema.effect, "kind")]
REMEDIES = [(schema.incident, "bulk_remedy"), (schema.failure, "remedy"), (schema.decision, "remedy"), (schema.offer, "remedy")]


@pytest.mark.parametrize(("table", "column"), [*CAUSES, *REMEDIES, *KINDS], ids=str)
def test_an_unknown_word_is_neither_written_nor_read(connection: Connection, table: sa.Table, column: str) -> None:
    a_failure_row(connection, "failure")
    a_decision_row(connection, "decision")
    an_effect_row(connection, "effect")
    connection.execute(sa.insert(schema.incident).values(INCIDENT))
    connection.execute(sa.insert(schema.evidence).values(EVIDENCE))
    connection.execute(sa.insert(schema.offer).values(OFFER))
    with pytest.raises(StatementError, match="bad luck"):
        connection.execute(sa.update(table).values({column: "bad luck"}))
    connection.execute(sa.text(f"UPDATE {table.name} SET {column} = 'bad luck'"))
    with pytest.raises(ValueError, match="bad luck"):
        connection.execute(sa.select(table.c[column])).all()


def test_every_cause_and_every_remedy_is_written_and_read(connection: Connection) -> None:
    a_failure_row(connection, "failure")
    read = sa.select(schema.failure.c.cause, schema.failure.c.remedy)
    for cause, remedy in [*((cause, None) for cause in Cause), *((None, remedy) for remedy in Remedy)]:
        connection.execute(sa.update(schema.failure).values(cause=cause, remedy=remedy))
        assert (cause, remedy) == connection.execute(read).one()


# --- companies never mix ----------------------------------------------------------------------------------------------


def _set_company(connection: Connection, table: sa.Table, **columns: str) -> None:
    connection.execute(sa.update(table).where(table.c.company == "globex").values(**columns))


def test_a_row_of_one_company_cannot_refer_to_a_row_of_another(db: Database) -> None:
    """Each reference is tried with ids that exist, but in the other company."""
    with db.work() as connection:
        a_payment_row(connection, "globex", "TXN-9")
        a_failure_row(connection, "f-acme")
        a_decision_row(connection, "d-acme")
        an_effect_row(connection, "e-acme")
        a_failure_row(connection, "f-globex", "globex", "TXN-9")
        a_decision_row(connection, "d-globex", "globex", "TXN-9")
        an_effect_row(connection, "e-globex", "globex", "TXN-9")
    refused = 0
    for table, column, foreign in [
        (schema.failure, "transaction_number", "TXN-1"),
        (schema.decision, "transaction_number", "TXN-1"),
        (schema.decision, "failure_id", "f-acme"),
        (schema.effect, "transaction_number", "TXN-1"),
        (schema.effect, "decision_id", "d-acme"),
        (schema.effect, "after_id", "e-acme"),
        (schema.effect, "compensates_id", "e-acme"),
    ]:
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"), db.work() as connection:
            _set_company(connection, table, **{column: foreign})
        refused += 1
    assert 7 == refused


def test_every_reference_between_tables_begins_with_the_company() -> None:
    keys = [key for table in schema.metadata.tables.values() for key in table.foreign_key_constraints]
    assert len(keys) > 20
    assert [] == [str(key.name) for key in keys if key.column_keys[0] != "company"]


def test_a_payment_with_rows_cannot_be_deleted(connection: Connection) -> None:
    an_effect_row(connection, "one")
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        connection.execute(sa.delete(schema.payment))


# --- the record -------------------------------------------------------------------------------------------------------


def _a_record(db: Database) -> None:
    with at_work(db, actor="dana") as work:
        work.record("tested")


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'sam'", "DELETE FROM audit"])
def test_the_record_is_only_ever_added_to(db: Database, statement: str) -> None:
    _a_record(db)
    with pytest.raises(DatabaseError, match="audit rows are never"), db.work() as connection:
        connection.execute(sa.text(statement))
    with db.read() as connection:
        assert ["dana"] == [row.actor for row in audit.rows(connection, "acme")]


# --- the shape --------------------------------------------------------------------------------------------------------


def _is_a_table_of_ours(name: str | None, kind: str, _parent: object) -> bool:
    """Not Procrastinate's, nor what finds the inside of words, which is made of other things in each kind of database."""
    others = ("procrastinate_", searching.WORDS, searching.INSIDE_POSTGRESQL)
    return not (kind in {"table", "index"} and str(name).startswith(others))


def test_the_migrated_schema_is_the_one_the_code_knows(db: Database) -> None:
    with db.work() as connection:
        options = {"compare_server_default": False, "include_name": _is_a_table_of_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert [] == compare_metadata(context, schema.metadata)


def test_the_queue_has_the_tables_that_our_migration_made() -> None:
    """A newer Procrastinate may want others: then a migration of ours runs what it brings, and this names its last file."""
    brought = sorted(file.name for file in Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    assert "03.04.00_50_post_add_retry_failed_job_procedure.sql" == brought[-1]


def test_the_migrated_schema_holds_every_check(db: Database) -> None:
    """Alembic compares no CHECK; a changed closed list must not be forgotten in a migration."""
    with db.work() as connection:
        inspector = sa.inspect(connection)
        held = {str(check["name"]) for table in schema.metadata.tables for check in inspector.get_check_constraints(table)}
    wanted = {
        str(constraint.name)
        for table in schema.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert len(wanted) > 30
    assert wanted == held


def test_the_migrated_schema_lists_every_word_of_a_closed_list(db: Database) -> None:
    """A word added to the code and not to a CHECK would be refused only on the day it is first written."""
    with db.work() as connection:
        inspector = sa.inspect(connection)
        held = {
            str(check["name"]): str(check["sqltext"])
            for table in schema.metadata.tables
            for check in inspector.get_check_constraints(table)
        }
    missing = [
        (constraint.name, word)
        for table in schema.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
        for word in str(constraint.sqltext).split("'")[1::2]
        if f"'{word}'" not in held[str(constraint.name)]
    ]
    assert [] == missing


def test_the_migrated_schema_holds_every_partial_index_with_its_condition(db: Database) -> None:
    partial = {
        str(index.name): (bool(index.unique), set(str(index.dialect_options["sqlite"]["where"]).split("'")[1::2]))
        for table in schema.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    if db.dialect == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    with db.read() as connection:
        held: dict[str, str] = {row[0]: row[1] for row in connection.execute(sa.text(query))}
    assert len(partial) >= 6
    for name, (unique, words) in partial.items():
        assert unique == ("UNIQUE" in held[name])
        assert " WHERE " in held[name]
        assert set() == {word for word in words if f"'{word}'" not in held[name]}


def test_the_migrated_schema_notes_what_search_does_not_know_yet(db: Database) -> None:
    """SQLite drops the triggers of a table that a migration makes anew."""
    on = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    with db.read() as connection:
        held = set(connection.execute(sa.text(on[db.dialect])).scalars())
    wanted = {"search_payment_new", "search_payment_changed", "search_mirror_new", "search_mirror_changed"}
    assert wanted == {name for name in held if name.startswith("search_")}
