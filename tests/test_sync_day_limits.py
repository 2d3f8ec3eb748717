"""What a person decides alone in a day is limited: to the cent, by the company's calendar, and for two at once as well."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from makers import ManualClock
from scene import Scene, a_person, a_scene

from receivables.authority import DayLimit, Person
from receivables.diagnosis import Remedy
from storage import decisions
from storage.decisions import StoredDecision
from storage.watch import Watch
from sync import journey, preview, requests

FOUND = frozenset({Remedy.KEEP_ON_ACCOUNT, Remedy.RECREATE_RECEIPT})
AMOUNT_MINOR = 40_000


def limited(limit_minor: int, id: str = "dana") -> Person:
    return replace(a_person(id), day_limits=(DayLimit("acme", FOUND, "USD", limit_minor),))


def failing(folder: Path, count: int, *, limit_minor: int, url: str | None = None) -> Scene:
    """So many payments that each fail, because their invoices were voided; what is left of Dana's day is the limit."""
    made = a_scene(folder, people=(limited(limit_minor), a_person("sam")), url=url)
    hooli = made.customer()
    invoices = [made.invoice(str(1000 + place), hooli, AMOUNT_MINOR) for place in range(count)]
    preview.run_once(made.desk)
    for place, invoice in enumerate(invoices):
        made.pay(f"TXN-{place}", AMOUNT_MINOR, {invoice.number: AMOUNT_MINOR})
        made.ledger.void_invoice(invoice.id, by="Bea", at=made.clock.now())
    made.sync()
    return made


def ask(scene: Scene, place: int, *, by: str = "dana") -> StoredDecision:
    return requests.request(scene.desk, f"TXN-{place}", Remedy.KEEP_ON_ACCOUNT, by=by, channel="cli")


def states(scene: Scene, made: Sequence[StoredDecision]) -> list[str]:
    with scene.db.read() as connection:
        return [decisions.get(connection, "acme", decision.id).state for decision in made]


@pytest.mark.parametrize(("limit_minor", "expected"), [(80_000, "accepted"), (79_999, "waiting_approval")])
def test_the_days_limit_holds_to_the_cent(tmp_path: Path, limit_minor: int, expected: str) -> None:
    acme = failing(tmp_path, 2, limit_minor=limit_minor)
    assert ["accepted", expected] == [ask(acme, 0).state, ask(acme, 1).state]


def test_it_is_said_how_much_is_left(tmp_path: Path) -> None:
    acme = failing(tmp_path, 2, limit_minor=50_000)
    ask(acme, 0)
    assert "Dana can decide $100.00 more alone today; this takes a second person." == ask(acme, 1).outcome
    shown = requests.shown(acme.desk, "TXN-1", Remedy.KEEP_ON_ACCOUNT, by="dana").answer.reason
    assert "Dana can decide $100.00 more alone today; this takes a second person." == shown


def test_somebody_elses_day_and_what_two_agreed_on_do_not_count(tmp_path: Path) -> None:
    acme = failing(tmp_path, 3, limit_minor=50_000)
    ask(acme, 0, by="sam")
    acme.desk = replace(acme.desk, people={**acme.desk.people, "dana": limited(0)})
    asked = ask(acme, 1)
    requests.approve(acme.desk, asked.id, by="sam")
    acme.desk = replace(acme.desk, people={**acme.desk.people, "dana": limited(50_000)})
    assert ["accepted", "accepted"] == [*states(acme, [asked]), ask(acme, 2).state]


def test_a_new_day_of_the_company_begins_at_its_own_midnight(tmp_path: Path) -> None:
    acme = failing(tmp_path, 3, limit_minor=AMOUNT_MINOR)
    acme.clock.advance(13.9 * 3600)  # 11:54 PM in Chicago: in UTC it is the next day
    assert ["accepted", "waiting_approval"] == [ask(acme, 0).state, ask(acme, 1).state]
    acme.clock.advance(0.2 * 3600)
    assert "accepted" == ask(acme, 2).state


def test_a_limit_that_was_lowered_stops_what_is_not_carried_out_yet(tmp_path: Path) -> None:
    acme = failing(tmp_path, 2, limit_minor=80_000)
    made = [ask(acme, 0), ask(acme, 1)]
    acme.desk = replace(acme.desk, people={**acme.desk.people, "dana": limited(50_000)})
    journey.finish_once(acme.desk)
    assert ["done", "refused"] == states(acme, made)


def test_two_decisions_at_once_cannot_both_pass(tmp_path: Path, database_url: str) -> None:
    acme = failing(tmp_path, 2, limit_minor=AMOUNT_MINOR, url=database_url)
    begun, made = threading.Barrier(2), list[StoredDecision]()

    def press(place: int) -> None:
        clock = ManualClock(acme.clock.now())
        acme_here = replace(acme, desk=replace(acme.desk, clock=clock, watch=Watch(clock)))
        begun.wait()
        made.append(ask(acme_here, place))

    threads = [threading.Thread(target=press, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["accepted", "waiting_approval"] == sorted(decision.state for decision in made)


def test_what_a_machine_decided_whose_clock_is_ahead_counts_as_well(tmp_path: Path) -> None:
    acme = failing(tmp_path, 2, limit_minor=AMOUNT_MINOR)
    ahead = ManualClock(acme.clock.now() + timedelta(seconds=30))
    assert "accepted" == ask(replace(acme, desk=replace(acme.desk, clock=ahead, watch=Watch(ahead))), 0).state
    assert "waiting_approval" == ask(acme, 1).state
