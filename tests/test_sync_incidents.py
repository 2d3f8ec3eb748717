"""Many failures with one root are one incident: opened, joined, decided together, each looked at again, and closed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from makers import messages_waiting
from scene import PAID, Scene, a_person, a_scene

from receivables.authority import Person
from receivables.diagnosis import Cause, Remedy
from receivables.errors import AccessLost, BooksUnavailable, NotPermitted, StaleDecision
from receivables.payment import PaymentState
from storage import audit, decisions, escalations, incidents, outbox, receipt_claims
from storage.incidents import IncidentFigures, StoredIncident
from sync import journey, ownership
from sync.incidents import request_all

CLOSED = date(2026, 3, 31)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return a_scene(tmp_path)


def pay_into_closed_period(scene: Scene, count: int, *, first: int = 0) -> None:
    if not first:
        customer = scene.customer()
        for number in range(count + 1):
            scene.invoice(f"{number}", customer, 10_000)
        scene.ledger.close_period(CLOSED, by="controller")
    for number in range(first, first + count):
        scene.pay(f"TXN-{number:04}", 10_000, {f"{number}": 10_000})
    scene.sync()


def enter_by_hand(scene: Scene, count: int, *, by: str = "bookkeeper") -> None:
    """Somebody records the receipts of several clients before the sync comes."""
    for number in range(count):
        customer = scene.customer(f"Client {number}")
        invoice = scene.invoice(f"{number}", customer, 10_000)
        day = scene.desk.company.day_of(PAID)
        scene.ledger.enter_receipt(customer.id, 10_000, "USD", day, by=by, lines=((invoice.id, 10_000),))
        scene.pay(f"TXN-{number:04}", 10_000, {f"{number}": 10_000}, customer=f"Client {number}")
    scene.sync()


def standing(scene: Scene) -> list[StoredIncident]:
    with scene.db.read() as connection:
        return list(incidents.open_ones(connection, "acme"))


def figures(scene: Scene, incident: StoredIncident) -> IncidentFigures:
    with scene.db.read() as connection:
        return incidents.figures(connection, "acme", incident.id)


def test_two_failures_of_one_root_are_two_cases(scene: Scene) -> None:
    pay_into_closed_period(scene, 2)

    assert [] == standing(scene)


def test_three_failures_of_one_root_are_one_incident_and_a_fourth_joins_it(scene: Scene) -> None:
    pay_into_closed_period(scene, 3)
    (incident,) = standing(scene)
    pay_into_closed_period(scene, 1, first=3)

    assert [incident] == standing(scene)
    assert (Cause.PERIOD_CLOSED, "2026-03-31") == (incident.cause, incident.about)
    held = figures(scene, incident)
    assert (4, 4, {"USD": 40_000}) == (held.open, held.all, held.money)
    assert {incident.id} == {scene.failing(f"TXN-{number:04}").incident_id for number in range(4)}


def test_failures_of_other_roots_stay_alone(scene: Scene) -> None:
    enter_by_hand(scene, 3)
    scene.pay("TXN-other", 5_000, {"no such invoice": 5_000})
    scene.sync()

    assert None is scene.failing("TXN-other").incident_id
    assert 1 == len(standing(scene))


def test_what_is_put_right_in_the_books_closes_it(scene: Scene) -> None:
    pay_into_closed_period(scene, 3)
    scene.ledger.reopen_period(by="controller")
    scene.sync()

    assert ([], 3) == (standing(scene), len(scene.receipts()))


def no_escalation(scene: Scene) -> None:
    with scene.desk.work() as work:
        current = escalations.open_now(work.connection, "acme")
        if current is not None:
            escalations.clear(work, current)


def test_receipts_that_one_person_enters_before_the_sync_are_one_incident_with_each_its_own_proof(scene: Scene) -> None:
    enter_by_hand(scene, 4)
    (incident,) = standing(scene)
    assert (Cause.RECEIPT_ALREADY_ENTERED, "bookkeeper") == (incident.cause, incident.about)
    no_escalation(scene)  # four of four is also an escalation; this is about the time after it

    request_all(scene.desk, incident.id, Remedy.DISMISS, by="dana")
    for _ in range(3):
        journey.finish_once(scene.desk)
    scene.sync()

    states = [scene.payment(f"TXN-{number:04}").state for number in range(4)]
    with scene.db.read() as connection:
        proven = {number: receipt_claims.every(connection, "acme", f"TXN-{number:04}")[0].receipt_id for number in range(4)}
    assert [PaymentState.DISMISSED] * 4 == states
    assert (4, []) == (len(set(proven.values())), standing(scene))


def test_bulk_dismissal_is_off_while_too_many_fail(scene: Scene) -> None:
    enter_by_hand(scene, 12)
    (incident,) = standing(scene)
    with scene.db.read() as connection:
        assert escalations.open_now(connection, "acme") is not None

    with pytest.raises(StaleDecision, match="Too many"):
        request_all(scene.desk, incident.id, Remedy.DISMISS, by="dana")

    journey.finish_once(scene.desk)
    assert 12 == figures(scene, incident).open


def test_each_payment_is_looked_at_again_and_one_that_changed_is_left_out(scene: Scene) -> None:
    enter_by_hand(scene, 4)
    (incident,) = standing(scene)
    no_escalation(scene)
    request_all(scene.desk, incident.id, Remedy.DISMISS, by="dana")
    gone = next(iter(scene.ledger.receipts()))
    scene.ledger.void_receipt(gone.id, by="bookkeeper")

    for _ in range(3):
        journey.finish_once(scene.desk)

    states = sorted(scene.payment(f"TXN-{number:04}").state for number in range(4))
    assert 3 == states.count(PaymentState.DISMISSED)


def test_remedy_for_all_needs_the_right_and_is_chosen_once(tmp_path: Path) -> None:
    small = a_person("sam", limit_minor=5_000)
    stranger = Person("bea", "Bea")
    scene = a_scene(tmp_path, people=(a_person("dana"), small, stranger))
    pay_into_closed_period(scene, 3)
    (incident,) = standing(scene)
    remedy = figures(scene, incident).bulk_remedy

    with pytest.raises(NotPermitted):
        request_all(scene.desk, incident.id, remedy, by="bea")
    with pytest.raises(StaleDecision, match="recommended"):
        request_all(scene.desk, incident.id, Remedy.KEEP_ON_ACCOUNT, by="dana")
    request_all(scene.desk, incident.id, remedy, by="dana")
    with pytest.raises(StaleDecision, match="already"):
        request_all(scene.desk, incident.id, remedy, by="dana")

    with scene.db.read() as connection:
        assert ["dana"] == [row.actor for row in audit.rows(connection, "acme") if row.action == "incident.decided"]


def test_payment_above_a_limit_leaves_for_a_decision_of_its_own(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, people=(a_person("sam", limit_minor=5_000), a_person("dana")))
    pay_into_closed_period(scene, 3)
    (incident,) = standing(scene)

    request_all(scene.desk, incident.id, figures(scene, incident).bulk_remedy, by="sam")
    journey.finish_once(scene.desk)

    with scene.db.read() as connection:
        waiting = decisions.in_state(connection, "acme", "waiting_approval", limit=10)
    assert ["sam"] * 3 == [made.requested_by for made in waiting]
    assert {None} == {scene.failing(f"TXN-{number:04}").incident_id for number in range(3)}


def test_one_of_two_people_looks_after_it(scene: Scene) -> None:
    pay_into_closed_period(scene, 3)
    (incident,) = standing(scene)

    ownership.take(scene.desk, "incident", incident.id, by="dana")
    assert ["dana"] == [found.taken_by for found in standing(scene)]
    with pytest.raises(StaleDecision, match="Dana already"):
        ownership.take(scene.desk, "incident", incident.id, by="sam")


class BrokenBooks:
    """Answers every question with one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("error", "minutes", "expected"),
    [
        (AccessLost("The token was revoked; run: resolve-now connect acme"), 0, [Cause.ACCESS_LOST]),
        (BooksUnavailable("no answer"), 0, []),
        (BooksUnavailable("no answer"), 16, [Cause.BOOKS_UNAVAILABLE]),
    ],
)
def test_connection_that_is_lost_is_one_incident_and_no_failed_payment(
    scene: Scene, error: Exception, minutes: int, expected: list[Cause]
) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    books = scene.desk.books
    scene.with_books(BrokenBooks(error))  # type: ignore[arg-type]  # raises whatever it is asked

    scene.sync()
    scene.clock.advance(minutes * 60)
    scene.sync()

    assert expected == [incident.cause for incident in standing(scene)]
    assert None is scene.failure()
    scene.with_books(books)
    scene.sync()
    assert ([], PaymentState.VERIFIED) == (standing(scene), scene.payment().state)


def test_wishes_for_cards_of_its_payments_are_told_by_its_own_card(scene: Scene) -> None:
    pay_into_closed_period(scene, 5)
    (incident,) = standing(scene)

    with scene.desk.work() as work:
        told = outbox.tell_in_incidents(work, limit=500)
        fresh = outbox.first_wishes(work.connection, "acme", now=work.at, limit=500)
        waiting = messages_waiting(work.connection)

    assert (5, []) == (told, list(fresh))
    assert 1 <= waiting <= 2  # the incident, and perhaps an escalation
    assert incident.state == "open"
