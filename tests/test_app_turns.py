"""What is due is asked of all companies at once: nothing for idle ones, and each thing that waits is taken up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa
from faulty_books import Fault, FaultyBooks
from makers import START
from scene import Scene, a_person, a_scene
from turns_scene import a_house_of, take_what_is_due, what_is_due

from app.turns import Turns
from receivables.diagnosis import Remedy
from receivables.errors import BooksUnavailable
from receivables.payment import PaymentState
from storage import companies, decisions, due, escalations, schema, searchable
from storage.engine import Database
from sync import escalation, requests, searching
from sync.due import Piece
from sync.escalation import REMINDER_PAUSES

HOUR = 3600


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    """Synced and proven a moment ago: nothing is due."""
    made = a_scene(tmp_path, url=database_url, people=(a_person(),))
    made.invoice("1042", made.customer(), 50_000)
    made.pay()
    turns = Turns(a_house_of(made))
    turns.begin()
    assert [Piece.SYNC, Piece.PROVE] == take_what_is_due(turns)
    yield made
    made.db.close()


@pytest.fixture
def turns(scene: Scene) -> Turns:
    return Turns(a_house_of(scene))


def a_failing_payment(scene: Scene) -> str:
    """One that a person may decide about; nothing else is due."""
    scene.pay("TXN-2", 777, to={"9999": 777})
    scene.sync()
    return "TXN-2"


def test_nothing_is_due_at_an_idle_company(turns: Turns) -> None:
    assert [] == what_is_due(turns)


def test_search_learns_what_it_does_not_know_after_everything_else_and_is_due_until_it_knows_it(
    scene: Scene, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STEPS_AT_ONCE", 1)
    monkeypatch.setattr(searchable, "AT_ONCE", 2)
    looks = []
    while found := turns.due():
        looks.append(found)
        for due_now in found:
            turns.take(due_now.company, due_now.piece)
    assert 2 == len(looks)  # a payment, an invoice; a customer, a receipt
    assert {Piece.SEARCH} == {found.piece for look in looks for found in look}
    scene.clock.advance(HOUR)
    scene.pay("TXN-2")
    assert [Piece.SYNC, Piece.SEARCH] == [found.piece for found in turns.due()]


def test_a_sync_is_due_after_its_interval_or_when_somebody_wants_it(scene: Scene, turns: Turns) -> None:
    scene.clock.advance(HOUR - 1)
    assert [] == what_is_due(turns)
    scene.clock.advance(1)
    assert [Piece.SYNC] == take_what_is_due(turns)
    assert [] == what_is_due(turns)
    with scene.desk.work() as work:
        companies.want_sync(work)
    assert [Piece.SYNC] == take_what_is_due(turns)
    assert [] == what_is_due(turns)


def test_a_sync_that_bears_a_moment_to_come_keeps_no_sync_waiting(scene: Scene, turns: Turns) -> None:
    """The clock of a machine was wrong when it synced, and is right now."""
    with scene.desk.work() as work:
        work.connection.execute(sa.update(schema.company).values(synced_at=work.at + timedelta(days=365)))
    assert [Piece.SYNC] == take_what_is_due(turns)
    assert [] == what_is_due(turns)


def test_a_decision_is_finished_at_once(scene: Scene, turns: Turns) -> None:
    number = a_failing_payment(scene)
    assert [] == what_is_due(turns)
    made = retry(scene, number)
    assert [Piece.FINISH] == take_what_is_due(turns)
    assert "done" == state_of(scene, made)
    assert Piece.FINISH not in what_is_due(turns)


def test_nothing_is_finished_while_the_configuration_cannot_be_relied_on(scene: Scene, turns: Turns) -> None:
    number = a_failing_payment(scene)
    retry(scene, number)
    stops(scene, "The file is broken.")
    assert [] == what_is_due(turns)
    stops(scene, "")
    assert [Piece.FINISH] == what_is_due(turns)


def test_what_is_planned_waits_for_writes_and_what_is_in_flight_does_not(scene: Scene, turns: Turns) -> None:
    books = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(books)
    scene.invoice("1043", scene.ledger.customers()[0], 600)
    scene.pay("TXN-2", 600, to={"1043": 600})
    books.faults = [Fault.LOST]
    scene.sync()
    assert scene.payment("TXN-2").state is PaymentState.POSTING
    scene.clock.advance(HOUR - 2)
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, writes=False))
    assert [Piece.FINISH] == what_is_due(turns)


def test_books_that_are_paused_are_left_alone_until_they_may_be_asked(scene: Scene, turns: Turns) -> None:
    number = a_failing_payment(scene)
    books = FaultyBooks(scene.desk.books, scene.clock)
    scene.with_books(books)
    books.reads_raise = BooksUnavailable("Too many calls.", retry_after_seconds=1800)
    made = retry(scene, number)
    assert [Piece.FINISH] == take_what_is_due(turns)
    scene.clock.advance(1799)
    assert [] == what_is_due(turns)
    books.reads_raise = None
    scene.clock.advance(1)
    assert Piece.SYNC in take_what_is_due(turns)
    assert "done" == state_of(scene, made)


def test_what_stays_due_rests_longer_each_time_until_something_else_waits_or_somebody_presses(scene: Scene, turns: Turns) -> None:
    with scene.db.work() as connection:
        connection.execute(sa.update(schema.payment).values(state="posted", bucket="in_flight"))
    handed_out = []
    for second in range(60):
        handed_out += [second for piece in what_is_due(turns) if piece is Piece.FINISH]
        scene.clock.advance(1)
    assert [0, 2, 6, 14, 29, 44, 59] == handed_out
    assert [] == what_is_due(turns)
    turns.rested()
    assert [Piece.FINISH] == what_is_due(turns)


def test_an_escalation_that_nobody_took_is_due_at_its_reminder(scene: Scene, turns: Turns) -> None:
    with scene.desk.work() as work:
        escalations.begin(work, {})
    scene.clock.advance(REMINDER_PAUSES[0].total_seconds() - 1)
    assert Piece.FINISH not in what_is_due(turns)
    scene.clock.advance(1)
    assert Piece.FINISH in what_is_due(turns)
    assert escalation.remind(scene.desk)
    scene.clock.advance(REMINDER_PAUSES[1].total_seconds() - 1)
    assert Piece.FINISH not in what_is_due(turns)
    scene.clock.advance(1)
    assert Piece.FINISH in what_is_due(turns)


def test_a_clock_that_was_set_is_checked_at_once_and_once(scene: Scene, turns: Turns) -> None:
    scene.clock.set_by(-600)
    assert [Piece.FINISH] == take_what_is_due(turns)
    assert [] == what_is_due(turns)


def retry(scene: Scene, number: str) -> str:
    made = requests.request(scene.desk, number, Remedy.RETRY, by="dana", channel="cli", reason="", options={})
    assert "accepted" == made.state
    return made.id


def state_of(scene: Scene, decision_id: str) -> str:
    with scene.db.read() as connection:
        return decisions.get(connection, scene.desk.company.id, decision_id).state


def stops(scene: Scene, problem: str) -> None:
    standing = replace(scene.desk._standing, problem=problem)
    scene.desk = replace(scene.desk, standing=lambda: standing)


# --- the statement ----------------------------------------------------------------------------------------------------


def test_the_look_reads_indexes_of_what_waits_and_no_table_that_grows(tmp_path: Path) -> None:
    """One scan of the companies; of everything else only what a partial index holds."""
    db = Database(f"sqlite:///{a_scene(tmp_path).db.url.database}")
    asked: list[tuple[str, object]] = []
    sa.event.listen(db._read, "before_cursor_execute", lambda _c, _cur, text, values, *_: asked.append((text, values)))
    now = datetime.now(UTC)
    with db.read() as connection:
        due.look(connection, now, synced_before=now, proven_before=now, reminders=[timedelta(hours=1)])
    ((text, values),) = [found for found in asked if "UNION ALL" in found[0]]
    file = sqlite.connect(str(db.url.database))
    plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    file.close()
    db.close()
    waiting = (
        "ix_payment_posted", "ix_effect_open", "uq_decision_live", "uq_incident_open", "uq_escalation_open", "ix_care_snoozed",
        "ix_letter_remind",
    )  # fmt: skip
    scans = {step for step in plan if step.startswith("SCAN")}
    assert {"SCAN company", "SCAN noted"} == {step for step in scans if not step.endswith(waiting)}
    noted = {step.split(" (")[0] for step in plan if "search_due" in step}  # one row for each company that has any
    assert {"SEARCH search_due USING COVERING INDEX ix_search_due_of"} == noted


def test_a_look_at_many_idle_companies_is_one_statement_and_no_row(tmp_path: Path) -> None:
    made = a_scene(tmp_path)
    ids = [f"c{number}" for number in range(600)]
    with made.db.work() as connection:
        companies.ensure_all(connection, ids)
        connection.execute(sa.update(schema.company).values(synced_at=START, reconciled_at=START))
    asked: list[str] = []
    sa.event.listen(made.db._read, "before_cursor_execute", lambda _c, _cur, text, *_: asked.append(text))
    with made.db.read() as connection:
        found = due.look(
            connection,
            START,
            synced_before=START - timedelta(hours=1),
            proven_before=START - timedelta(hours=9),
            reminders=REMINDER_PAUSES,
        )
    assert ([], 1) == (found, len([text for text in asked if "SELECT" in text]))
