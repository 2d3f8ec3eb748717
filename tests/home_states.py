"""Makers of Home tabs: a whole small house, and what it does not have made up: an incident, a course, somebody's request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import card_states
import message_states
from card_answers import DANA, rooms_of
from scene import Scene

from bot.home import ROWS, WINDOW, HomeFacts, ages, home
from bot.home_tab import HomeTab
from bot.looking import Looking
from bot.text import Block
from receivables.authority import Person
from receivables.diagnosis import Cause, Remedy
from storage import overview
from storage.overview import Asked, Listed, Measured, Overview, Waiting

#: What else is failing: number, customer, minor units, cause.
OTHERS = (
    ("TXN-88", "Globex", 1_250_00, Cause.INVOICE_NOT_READY),
    ("TXN-91", "Initech", 84_10, Cause.RECEIPT_ALREADY_ENTERED),
    ("TXN-92", "Vehement Capital Partners", 12_000_00, Cause.PERIOD_CLOSED),
    ("TXN-95", "Umbrella", 430_00, Cause.PAYMENT_RETURNED),
)


def _other(listed: Listed, number: str, customer: str, minor: int, cause: Cause) -> Listed:
    payment = replace(listed.payment.payment, transaction_number=number, customer=customer, amount_minor=minor, allocations=())
    return replace(listed, failure=replace(listed.failure, cause=cause), payment=replace(listed.payment, payment=payment))


def facts_of(scene: Scene, looking: Looking | None = None) -> HomeFacts:
    """What Dana's Home tab is drawn from, as this house stands."""
    company, now = scene.desk.company, scene.clock.now()
    with scene.db.read() as connection:
        held = overview.read(connection, Asked(company.id, "dana", now, ages(company, now), WINDOW, rows=ROWS))
    people = {"dana": DANA, "sam": Person("sam", "Sam Okafor", rights=DANA.rights)}
    return HomeFacts(looking or Looking(), DANA, [company], company, held, people, now)


def troubled(held: Overview) -> Overview:
    """The same with an escalation, two incidents, a request of Sam's, a rate with a course, and hidden payments."""
    begun = card_states.FOUND_AT
    rates = ((71, 1_000), (90, 1_000), (124, 1_000))
    course = [Measured(begun + timedelta(hours=place), of, failed, 10) for place, (failed, of) in enumerate(rates)]
    incident = message_states.an_incident(Cause.PERIOD_CLOSED, "2026-02-28").incident
    access = message_states.an_incident(Cause.CREDIT_MEMO_APPLIED, "auto_apply", chosen=True).incident
    first = held.page[0]
    dana = replace(first, care=replace(first.care, assignee="dana", assigned_by="sam", assigned_at=begun))
    until = held.standing.company.synced_at or begun
    aside = replace(
        first,
        care=replace(first.care, snoozed_until=until + timedelta(days=3), snoozed_by="sam", snoozed_cause=first.failure.cause),
    )
    made = card_states.a_decision(Remedy.UNAPPLY_CREDIT_MEMO, "waiting_approval")
    many = [replace(of, count=12, money_minor=600_000, incident_id=incident.id, age=2) for of in held.failing]
    return replace(
        held,
        standing=replace(held.standing, hidden=3, discrepancies=1, proven_at=begun, undelivered=2, undelivered_since=begun),
        course=course,
        failing=[*held.failing, *many],
        escalation=message_states.an_escalation(),
        incidents=[incident, access],
        waiting=[Waiting(made, first.payment)],
        mine=[dana],
        snoozed=[aside],
        snoozed_count=1,
        page=[_other(first, *of) for of in OTHERS],
        open=237,
    )


def home_states(scene: Scene) -> dict[str, Block]:
    """Every kind of Home tab, by name."""
    calm = facts_of(scene)
    tab = HomeTab(rooms_of(scene))
    return {
        "home": home(replace(calm, overview=troubled(calm.overview), looking=Looking(page=2))),
        "home-calm": home(calm),
        "home-search": tab.view(DANA, Looking(search="hooli kind:payment,invoice")),
        "home-not-understood": tab.view(DANA, Looking(search="kind:check")),
    }
