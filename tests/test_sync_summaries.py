"""Each working morning of the company its channel is told how it stands, once, and before the close what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from makers import a_company
from scene import Scene, a_person, a_scene

from bot import direct
from bot.mornings import closing_month, this_morning
from bot.rooms import Channel
from storage import schema
from storage.letters import Letter
from sync import care, due, journey, preview
from sync.desk import Standing

HOUR = 3600
COMPANY = replace(a_company(), daily_summary=True, close_day=5)
FRIDAY_NOON = datetime(2026, 3, 6, 18, 0, tzinfo=UTC)  # in Chicago


@pytest.fixture
def acme(tmp_path: Path) -> Scene:
    made = a_scene(tmp_path, company=COMPANY)
    made.clock.advance(FRIDAY_NOON.timestamp() - made.clock.now().timestamp())
    made.sync()
    return made


def told(scene: Scene) -> int:
    with scene.db.read() as connection:
        table = schema.outbox
        return int(connection.scalar(sa.select(sa.func.count()).where(table.c.subject_kind == "summary")) or 0)


def later(scene: Scene, hours: float) -> None:
    scene.clock.advance(hours * HOUR)
    known = {"acme": scene.desk.company}
    found = due.look(scene.db, known, scene.clock.now(), scene.desk.watch, lambda _: Standing(True))
    if any("summary" in piece.waits for piece in found):
        journey.finish_once(scene.desk)
    with scene.db.work() as connection:  # as the outbox would send it
        connection.execute(sa.update(schema.outbox).values(state="sent"))


def test_it_is_told_once_each_working_morning(acme: Scene) -> None:
    counts = []
    for hours in (20, 24, 23.9, 0.2, 1, 23):  # Monday before and after nine, at the end, and Tuesday: the clocks change
        later(acme, hours)
        counts.append(told(acme))
    assert [0, 0, 0, 1, 1, 2] == counts


def test_a_morning_that_is_long_over_is_not_told_at_night(acme: Scene) -> None:
    later(acme, 78)  # Monday, 7 PM
    assert 0 == told(acme)
    later(acme, 15)
    assert 1 == told(acme)


def test_it_ends_and_begins_with_the_configuration(acme: Scene) -> None:
    acme.desk = replace(acme.desk, company=replace(COMPANY, daily_summary=False))
    acme.sync()
    later(acme, 72)
    assert 0 == told(acme)
    acme.desk = replace(acme.desk, company=COMPANY)
    acme.sync()
    later(acme, 24)
    assert 1 == told(acme)


def test_it_says_what_fails_and_before_the_close_what_is_missing(acme: Scene) -> None:
    invoice = acme.invoice("1042", acme.customer(), 50_000)
    preview.run_once(acme.desk)
    acme.pay()
    acme.ledger.void_invoice(invoice.id, by="Erin", at=acme.clock.now())
    acme.sync()
    with acme.db.work() as connection:
        message = this_morning(connection, Channel(COMPANY, "C1", "C1"), acme.clock.now())
        april = [datetime(2026, 4, day, 15, tzinfo=UTC) for day in (1, 2, 5, 6)]
        closes = [closing_month(connection, COMPANY, moment) for moment in april]
        assert "" == closing_month(connection, a_company(), april[1])
        says_nothing = replace(COMPANY, close_day=0)
        connection.execute(sa.update(schema.company).values(closed_through=date(2026, 2, 28)))
        by_the_books = [closing_month(connection, says_nothing, moment) for moment in april]
        connection.execute(sa.update(schema.company).values(closed_through=date(2026, 3, 31)))
        closed = [closing_month(connection, company, april[2]) for company in (COMPANY, says_nothing)]
        may = closing_month(connection, COMPANY, datetime(2026, 5, 4, 15, tzinfo=UTC))
    assert "Acme Networks: 1 payment failing, $500.00" == message.blocks[0]["text"]["text"]
    assert "1 payment is failing, $500.00." in message.blocks[1]["text"]["text"]
    said = "1 payment of March ($500.00) is not recorded."
    assert ["", f"Close of March in 3 days: {said}", f"Close of March today: {said}", ""] == closes
    open_still = f"The books are not closed for March yet: {said}"
    assert ([open_still, open_still, open_still, ""], ["", ""]) == (by_the_books, closed)
    assert "Close of April in 1 day: every payment of April that we know of is settled." == may


def test_whoever_has_failures_of_the_month_is_told_directly_once_before_it_is_closed(acme: Scene) -> None:
    dana = replace(a_person("dana", limit_minor=100), slack_accounts=frozenset({("T1", "U1")}))
    acme.desk = replace(acme.desk, people={"dana": dana})
    invoice = acme.invoice("1042", acme.customer(), 50_000)
    preview.run_once(acme.desk)
    acme.pay()
    acme.ledger.void_invoice(invoice.id, by="Erin", at=acme.clock.now())
    acme.sync()
    care.assign(acme.desk, acme.failing().id, "dana", by="dana")
    later(acme, 600)  # March 31
    assert [] == of_month(acme)
    for _ in range(4):
        later(acme, 24)
    (letter,) = of_month(acme)
    with acme.desk.work() as work:
        message = direct.message(work, letter.id, Channel(COMPANY, "C1", "C1"), acme.desk.people)
    said = "March is closed on Apr 5, 2026: 1 payment of March assigned to you is not recorded."
    assert (said, True) == (message.blocks[0]["text"]["text"], "TXN-1" in str(message.blocks))


def of_month(scene: Scene) -> list[Letter]:
    with scene.db.read() as connection:
        rows = connection.execute(sa.select(schema.letter).where(schema.letter.c.kind == "month"))
        return [Letter(**row._mapping) for row in rows]
