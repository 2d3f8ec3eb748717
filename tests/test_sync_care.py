"""Failures are given, taken and set aside; whoever must do something is told directly, reminded, and then left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from makers import a_company
from scene import Scene, a_person, a_scene

from receivables.authority import Person
from receivables.diagnosis import Remedy
from receivables.errors import NotPermitted, StaleDecision
from receivables.working_time import after_working_hours, next_morning
from storage import audit, care, letters, schema
from storage.decisions import StoredDecision
from storage.letters import Letter
from sync import care as taking_care
from sync import due, journey, preview, requests
from sync.desk import Standing
from sync.due import Piece

HOUR = 3600
TUESDAY_NOON = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)  # in Chicago


def in_slack(person: Person, user: str) -> Person:
    return replace(person, slack_accounts=frozenset({("T1", user)}))


DANA, SAM = in_slack(a_person("dana", limit_minor=100), "U1"), in_slack(a_person("sam", limit_minor=100), "U2")
KIM = in_slack(a_person("kim", limit_minor=100), "U3")
BEA = Person("bea", "Bea", reads=frozenset({"acme"}), slack_accounts=frozenset({("T1", "U4")}))


@pytest.fixture
def acme(tmp_path: Path) -> Scene:
    """TXN-1 fails, because its invoice was voided; nobody decides about so much alone."""
    made = a_scene(tmp_path, people=(DANA, SAM, KIM, BEA))
    made.clock.advance(TUESDAY_NOON.timestamp() - made.clock.now().timestamp())
    invoice = made.invoice("1042", made.customer(), 50_000)
    preview.run_once(made.desk)
    made.pay()
    made.ledger.void_invoice(invoice.id, by="Erin", at=made.clock.now())
    made.sync()
    return made


def written(scene: Scene) -> list[Letter]:
    with scene.db.read() as connection:
        rows = connection.execute(sa.select(schema.letter).order_by(schema.letter.c.id))
        return [Letter(**row._mapping) for row in rows]


def told(scene: Scene, kind: str) -> list[str]:
    return [letter.person for letter in written(scene) if letter.kind == kind]


def ask(scene: Scene) -> StoredDecision:
    return requests.request(scene.desk, "TXN-1", Remedy.KEEP_ON_ACCOUNT, by="dana", channel="slack")


def waits(scene: Scene) -> set[str]:
    """What the scheduler would take up of people's work now."""
    known = {"acme": scene.desk.company}
    found = due.look(scene.db, known, scene.clock.now(), scene.desk.watch, lambda _: Standing(True))
    return {str(what) for piece in found if piece.piece is Piece.FINISH for what in piece.waits}


def later(scene: Scene, hours: float) -> None:
    scene.clock.advance(hours * HOUR)
    if waits(scene):
        journey.finish_once(scene.desk)


# --- approvals --------------------------------------------------------------------------------------------------------


def test_everybody_who_may_approve_is_told_once_and_who_asked_is_not(acme: Scene) -> None:
    ask(acme)
    assert ["kim", "sam"] == sorted(told(acme, "approval"))
    assert {"dana"} == {letter.written_by for letter in written(acme)}


def test_reminders_come_after_four_working_hours_then_each_morning_and_three_at_most(acme: Scene) -> None:
    ask(acme)
    reminded = []
    for hours in (3.9, 0.2, 16.8, 0.2, 23.7, 0.3, 24, 24, 96):  # around 4 PM, and the next mornings at nine
        before = len(written(acme))
        later(acme, hours)
        reminded.append(len(written(acme)) - before)
        assert not waits(acme)
    assert [0, 2, 0, 2, 0, 2, 0, 0, 0] == reminded


@pytest.mark.parametrize("how", ["approved", "declined", "settled otherwise"])
def test_reminders_stop_when_it_is_decided_and_every_message_is_drawn_anew(acme: Scene, how: str) -> None:
    made = ask(acme)
    later(acme, 4)
    if how == "approved":
        requests.approve(acme.desk, made.id, by="sam")
    elif how == "declined":
        requests.decline(acme.desk, made.id, by="sam")
    else:
        acme.invoice("1042", acme.customer(), 50_000, at=acme.clock.now())
        with acme.desk.work() as work:
            letters.end(work, acme.failing().id)  # as `failures.resolve` does
    assert 4 == len([letter for letter in written(acme) if letter.ended_at])
    later(acme, 24)
    later(acme, 24)
    assert 4 == len(written(acme))
    with acme.db.read() as connection:
        table = schema.outbox
        waiting = sa.select(table.c.subject).where(table.c.subject_kind == "direct", table.c.state == "waiting")
        assert {letter.id for letter in written(acme)} == set(connection.execute(waiting).scalars())


def test_a_failure_that_is_resolved_asks_nobody_any_more(acme: Scene) -> None:
    made = ask(acme)
    requests.approve(acme.desk, made.id, by="sam")
    taking_care.assign(acme.desk, acme.failing().id, "kim", by="dana")
    journey.finish_once(acme.desk)
    acme.sync()
    assert (None, 0) == (acme.failure(), len([letter for letter in written(acme) if letter.ended_at is None]))


# --- assigning --------------------------------------------------------------------------------------------------------


def test_whoever_gets_it_is_told_with_the_note_and_it_is_on_record(acme: Scene) -> None:
    answer = taking_care.assign(acme.desk, acme.failing().id, "bea", by="dana", note="Record the return, please.")
    assert "Payment TXN-1 is assigned to Bea now. They are told directly." == answer
    (letter,) = written(acme)
    expected = ("assigned", "bea", "dana", "Record the return, please.")
    assert expected == (letter.kind, letter.person, letter.written_by, letter.note)
    with acme.db.read() as connection:
        assert ["TXN-1"] == [found.transaction_number for found in care.assigned_to(connection, "acme", "bea", limit=10)]
        (row,) = [row for row in audit.rows(connection, "acme", "TXN-1") if row.action == "failure.assigned"]
    assert "dana" in row.body


def test_who_has_it_is_not_told_of_taking_it_and_another_ends_the_first(acme: Scene) -> None:
    assert "Payment TXN-1 is assigned to you now." == taking_care.assign(acme.desk, acme.failing().id, "sam", by="sam")
    assert [] == written(acme)
    taking_care.assign(acme.desk, acme.failing().id, "kim", by="dana")
    taking_care.assign(acme.desk, acme.failing().id, None, by="dana")
    assert [True] == [letter.ended_at is not None for letter in written(acme)]
    later(acme, 48)
    assert 1 == len(written(acme))


def test_who_only_reads_takes_it_and_gives_back_their_own_and_nothing_else(acme: Scene) -> None:
    failure = acme.failing().id
    taking_care.assign(acme.desk, failure, "bea", by="bea")
    taking_care.assign(acme.desk, failure, None, by="bea")
    for to in ("sam", None):
        taking_care.assign(acme.desk, failure, "kim", by="dana")
        with pytest.raises(NotPermitted):
            taking_care.assign(acme.desk, failure, to, by="bea")
    with pytest.raises(NotPermitted):
        taking_care.snooze(acme.desk, failure, date(2026, 3, 12), by="bea")
    with pytest.raises(NotPermitted, match="nobody who sees"):
        taking_care.assign(acme.desk, failure, "stranger", by="dana")


# --- snoozing ---------------------------------------------------------------------------------------------------------


def aside(scene: Scene) -> Mapping[str, str]:
    with scene.db.read() as connection:
        found = care.snoozed(connection, "acme", scene.clock.now(), limit=10)
    moment = scene.desk.company.words.moment
    return {failure.transaction_number: moment(held.snoozed_until) for held, failure in found if held.snoozed_until}


def test_a_snoozed_failure_is_back_in_the_morning_and_who_has_it_is_told(acme: Scene) -> None:
    taking_care.assign(acme.desk, acme.failing().id, "kim", by="dana")
    taking_care.snooze(acme.desk, acme.failing().id, date(2026, 3, 14), by="dana")  # a Saturday
    assert {"TXN-1": "Mar 16, 2026, 9:00 AM CDT"} == aside(acme)
    for _ in range(5):
        later(acme, 24)  # nobody is reminded meanwhile
    assert ({"TXN-1": "Mar 16, 2026, 9:00 AM CDT"}, ["kim"], []) == (aside(acme), told(acme, "assigned"), told(acme, "back"))
    later(acme, 22)
    assert ({}, ["kim"]) == (aside(acme), told(acme, "back"))


def test_a_snoozed_failure_is_back_at_once_when_its_cause_changes(acme: Scene) -> None:
    taking_care.snooze(acme.desk, acme.failing().id, date(2026, 3, 20), by="dana")
    before = acme.failing().cause
    acme.invoice("1042", acme.ledger.customers()[0], 20_000, at=acme.clock.now())
    acme.clock.advance(HOUR)
    acme.sync()
    assert before is not acme.failing().cause
    assert ({}, ["dana"]) == (aside(acme), told(acme, "back"))


@pytest.mark.parametrize("day", [date(2026, 3, 9), date(2026, 3, 10), date(2026, 9, 1)])
def test_a_day_that_is_over_or_far_away_is_refused(acme: Scene, day: date) -> None:
    with pytest.raises(StaleDecision, match="from tomorrow on"):
        taking_care.snooze(acme.desk, acme.failing().id, day, by="dana")
    assert "Payment TXN-1 is no longer snoozed." == taking_care.snooze(acme.desk, acme.failing().id, None, by="dana")


# --- working time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ("2026-03-10 12:00", "2026-03-10 16:00"),
        ("2026-03-10 06:00", "2026-03-10 13:00"),
        ("2026-03-10 15:00", "2026-03-11 11:00"),
        ("2026-03-06 16:00", "2026-03-09 12:00"),  # a Friday; the clocks change in between
        ("2026-03-07 10:00", "2026-03-09 13:00"),
        ("2026-03-10 17:00", "2026-03-11 13:00"),
    ],
)
def test_working_hours_are_those_of_the_companys_weekdays(begun: str, expected: str) -> None:
    company = a_company()

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=company.time_zone).astimezone(UTC)

    assert moment(expected) == after_working_hours(company, moment(begun), 4)


def test_the_next_morning_is_never_now(tmp_path: Path) -> None:
    company = a_company()
    nine = datetime(2026, 3, 10, 9, tzinfo=company.time_zone).astimezone(UTC)
    assert [nine, nine.replace(day=11)] == [next_morning(company, nine.replace(hour=1)), next_morning(company, nine)]
