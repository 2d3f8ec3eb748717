"""Many failures with one root become one incident: one card, one owner, one remedy for all.

Reads: diagnosed failures, and whether the books can be reached. Leaves: incidents opened, joined and closed, and, where
a person chose a remedy for all of one, a decision for each payment. Never: a payment decided without being checked
again: each decision is carried out on fresh facts like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import rules
from receivables.authority import Question, Ruling, may_decide
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.errors import NotFound, NotPermitted, ReceivablesError, StaleDecision
from receivables.evidence import Evidence
from storage import companies, escalations, incidents, outbox
from storage.failures import StoredFailure
from storage.incidents import StoredIncident
from sync import requests
from sync.desk import Desk

MEMBERS_AT_LEAST = 3  # one or two payments with the same root are two cases
MEMBERS_PER_WRITE = 200
DECISIONS_PER_RUN = 20
BOOKS_AWAY_AT_LEAST = timedelta(minutes=15)  # a short outage ends by itself and needs nobody
BOOKS = "books"  # what an incident of the company's own connection is about
ABOUT_AT_MOST = 200  # of what a root is about; an account may be named by a whole sentence


@dataclass
class IncidentCounts:
    opened: int = 0
    joined: int = 0
    closed: int = 0


def root_of(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What a failure has in common with others of the same cause, or "" where it stands alone. Pure."""
    about = rules.root(diagnosis, evidence)
    return incidents.root(diagnosis.primary.cause, about[:ABOUT_AT_MOST]) if about else ""


def run_once(desk: Desk) -> IncidentCounts:
    """Opens, joins and closes incidents by what is failing now; then the cards that were held back may be shown."""
    counts = IncidentCounts()
    with desk.work() as work:
        incidents.leave_all_of_another_root(work)
        roots = incidents.alone(work.connection, work.company)
        open_now = incidents.open_ones(work.connection, work.company)
    standing = {incidents.root(incident.cause, incident.about) for incident in open_now}
    for root, count in roots:
        if root in standing or count >= MEMBERS_AT_LEAST:
            counts.opened += root not in standing
            counts.joined += _join(desk, root)
    with desk.work() as work:
        for incident in incidents.open_ones(work.connection, work.company):
            figures = incidents.figures(work.connection, work.company, incident.id, first=0)
            if incident.about != BOOKS and figures.open == 0:
                counts.closed += incidents.close(work, incident)
        outbox.release(work)
    return counts


def _join(desk: Desk, root: str) -> int:
    cause, _, about = root.partition(" ")
    joined = 0
    while True:
        with desk.work() as work:
            incident_id = incidents.begin(work, Cause(cause), about)
            taken = incidents.join(work, incident_id, root, limit=MEMBERS_PER_WRITE)
        joined += taken
        if taken < MEMBERS_PER_WRITE:
            return joined


def look_at_connection(desk: Desk) -> None:
    """One incident while the books cannot be reached: at once where a person must act, otherwise when it lasts."""
    with desk.work() as work:
        pause = companies.get(work.connection, work.company).pause
        for incident in incidents.open_ones(work.connection, work.company):
            if incident.about == BOOKS and (pause is None or pause.cause is not incident.cause):
                incidents.close(work, incident)
        if pause is not None and (rules.needs_reconnecting(pause.cause) or work.at - pause.since >= BOOKS_AWAY_AT_LEAST):
            incidents.begin(work, pause.cause, BOOKS)


# --- one remedy for all -----------------------------------------------------------------------------------------------


def request_all(desk: Desk, incident_id: str, remedy: Remedy, *, by: str) -> StoredIncident:
    """Writes down one remedy for every open payment of an incident. Raises NotFound, NotPermitted and StaleDecision."""
    desk.must_be_configured()
    with desk.acknowledge(by) as work:
        connection, incident = work.connection, incidents.find(work.connection, incident_id)
        if incident is None or incident.company != work.company:
            raise NotFound("There is no such incident.")
        held = incidents.figures(connection, work.company, incident.id, first=0)
        if incident.state != "open" or not held.open:
            raise StaleDecision("This incident is closed; none of its payments is open any more.")
        if remedy is not held.bulk_remedy:
            raise StaleDecision("What is recommended for these payments changed; look at the card again.")
        if remedy is Remedy.DISMISS and escalations.open_now(connection, work.company) is not None:
            raise StaleDecision("Too many payments are failing: they cannot be dismissed together until the rate is down again.")
        for currency, amount_minor in incidents.largest(connection, work.company, incident.id).items():
            answer = may_decide(desk.people.get(by), Question(work.company, remedy, amount_minor, currency))
            if answer.ruling is Ruling.REFUSED:
                raise NotPermitted(answer.reason)
        if not incidents.want_bulk(work, incident, remedy):
            raise StaleDecision("Somebody already chose a remedy for all of these payments; it is being carried out.")
        return incidents.get(connection, work.company, incident.id)


def decide_members(desk: Desk) -> int:
    """A decision for each payment of an incident for which a person chose one remedy; bounded, and resumed by the next run."""
    if desk.stopped:
        return 0
    with desk.db.read() as connection:
        waiting = [held for held in incidents.open_ones(connection, desk.company.id) if held.bulk_remedy and held.bulk_by]
        frozen = escalations.open_now(connection, desk.company.id) is not None
    made = 0
    for incident in waiting:
        if incident.bulk_remedy is Remedy.DISMISS and frozen:
            continue  # opened meanwhile: what was not decided yet waits until it is over
        with desk.db.read() as connection:
            batch = incidents.undecided(connection, incident, limit=DECISIONS_PER_RUN)
        for member in batch:
            made += _decide(desk, incident, member)
        if not batch:
            with desk.work() as work:
                incidents.end_bulk(work, incident)
    return made


def _decide(desk: Desk, incident: StoredIncident, member: StoredFailure) -> int:
    """One payment of it, or, where it needs a decision of its own, out of the incident it goes."""
    if incident.bulk_remedy is None or incident.bulk_by is None:
        return 0
    why = ""
    try:
        made = requests.request(
            desk,
            member.transaction_number,
            incident.bulk_remedy,
            by=incident.bulk_by,
            channel="slack",
            reason="chosen for all payments of the incident",
        )
        if made.state == "waiting_approval":
            why = made.outcome
    except ReceivablesError as error:
        why = error.message
    if why:
        with desk.work() as work:
            incidents.leave(work, member)
            body = {"incident": incident.id, "why": why}
            work.record("incident.left", transaction_number=member.transaction_number, body=body)
    return 1
