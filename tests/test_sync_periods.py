"""A closed period that was opened again is listed until it is closed again: by the proof, doctor and the card of the night."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from scene import Scene

from bot.nights import night_card
from bot.rooms import Channel
from receivables.diagnosis import Remedy
from receivables.reopened import Reopened
from storage import nights, periods
from storage.nights import StoredNight
from sync import reconciliation


def reopened(scene: Scene) -> Reopened | None:
    with scene.db.read() as connection:
        return periods.reopened(connection, "acme")


@pytest.fixture
def held(scene: Scene) -> Scene:
    """Invoice 1042 is paid by TXN-1 of March 3, and the books are closed through March."""
    scene.invoice("1042", scene.customer(), 50_000)
    scene.ledger.close_period(date(2026, 3, 31), by="erin")
    scene.pay("TXN-1")
    scene.sync()
    return scene


def test_reopened_for_a_retry_and_listed_until_closed_again(held: Scene) -> None:
    assert reopened(held) is None
    held.ledger.reopen_period(date(2026, 3, 1), by="erin")
    held.decide(Remedy.RETRY)
    held.sync()
    found = reconciliation.run_once(held.desk).reopened
    assert found is not None
    assert (date(2026, 3, 1), date(2026, 3, 31), "erin", ("TXN-1",)) == (found.first, found.last, found.by, found.payments)
    assert found == reopened(held)
    said = found.sentence(held.desk.company.words)
    assert "from Mar 1, 2026 through Mar 31, 2026 was reopened" in said
    assert "Posted into it since: 1 payment (TXN-1)." in said
    held.ledger.close_period(date(2026, 3, 31), by="erin")
    assert reconciliation.run_once(held.desk).reopened is None


@pytest.mark.parametrize(
    ("open_from", "closed_again", "still"),
    [
        (None, date(2026, 2, 28), (date(2026, 3, 1), date(2026, 3, 31))),  # all of it, then a part closed
        (date(2026, 2, 1), date(2026, 3, 15), (date(2026, 3, 16), date(2026, 3, 31))),
        (date(2026, 3, 31), date(2026, 4, 30), None),  # one day, and then a later month closed over it
    ],
)
def test_what_is_open_of_it(
    held: Scene, open_from: date | None, closed_again: date, still: tuple[date | None, date] | None
) -> None:
    held.ledger.reopen_period(open_from, by="erin")
    reconciliation.run_once(held.desk)
    first = reopened(held)
    assert first is not None
    assert (open_from, date(2026, 3, 31), ()) == (first.first, first.last, first.payments)
    held.ledger.close_period(closed_again, by="erin")
    reconciliation.run_once(held.desk)
    now = reopened(held)
    assert still == (now and (now.first, now.last))


def test_books_that_were_never_closed_have_nothing_reopened(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay("TXN-1")
    scene.sync()
    assert reconciliation.run_once(scene.desk).reopened is None


def test_the_card_of_the_night_tells_it_once_and_beside_other_news(held: Scene) -> None:
    held.ledger.reopen_period(by="erin")
    proven = reconciliation.run_once(held.desk)
    due = held.clock.now()
    with held.desk.work() as work:
        nights.proven(work, due, proven.counts(), [])
        night = nights.of(work.connection, "acme", due)
    assert isinstance(night, StoredNight)
    channel = Channel(held.desk.company, "C1", "C2")
    message = night_card(night, channel, {})
    assert "a closed period is open again" in message.text
    assert "The closed period through Mar 31, 2026 was reopened" in message.text
    other = {"transaction": "TXN-9", "problem": "missing", "text": "Payment TXN-9 is missing.", "receipts": []}
    beside = night_card(replace(night, found=[other], news=[other]), channel, {})
    assert "was reopened" in str(beside.blocks)
