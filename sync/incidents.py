"""Many failures with one root become one incident: one card, one person who looks after it, one remedy for all.

Reads: diagnosed failures, and whether the books can be reached. Leaves: incidents opened, joined and closed, and, where
a person chose a remedy for all of one, a decision for each payment. Never: a payment decided without being looked at
again: each decision is carried out on fresh facts like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from receivables.authority import Question, Ruling, may_decide
from receivables.diagnosis import Cause, Diagnosis, Remedy
from receivables.errors import NotFound, NotPermitted, ReceivablesError, StaleDecision
from receivables.evidence import Evidence
from storage import audit, companies, escalations, incidents, outbox
from storage.failures import StoredFailure
from storage.incidents import StoredIncident
from sync import requests
from sync.desk import Desk

MEMBERS_AT_LEAST = 3  # one or two payments with the same root are two cases
MEMBERS_PER_WRITE = 200
DECISIONS_PER_RUN = 20
BOOKS_AWAY_AT_LEAST = timedelta(minutes=15)  # a short outage mends itself and is nobody's work
BOOKS = "books"  # what an incident of the company's own connection is about
AUTO_APPLY = "auto_apply"


@dataclass
class IncidentCounts:
    opened: int = 0
    joined: int = 0
    closed: int = 0


def root_of(diagnosis: Diagnosis, evidence: Evidence) -> str:
    """What a failure has in common with others of the same root, or "" where it stands alone. Pure."""
    cause, about = diagnosis.primary.cause, ""
    match cause:
        case Cause.PERIOD_CLOSED if evidence.settings.closed_through is not None:
            about = evidence.settings.closed_through.isoformat()
        case Cause.ACCOUNT_INACTIVE:
            about = evidence.refusal.message if evidence.refusal else BOOKS
        case Cause.CUSTOMER_INACTIVE | Cause.CUSTOMER_CHANGED:
            about = evidence.customer.id if evidence.customer else evidence.payment.customer
        case Cause.CREDIT_MEMO_APPLIED if evidence.settings.auto_applies_credits:
            about = AUTO_APPLY
        case Cause.RECEIPT_ALREADY_ENTERED:
            proof = {receipt_id for receipt_id, _ in diagnosis.primary.proof}
            people = {one.receipt.created.person for one in evidence.receipts if one.receipt.id in proof}
            about = people.pop() if len(people) == 1 else ""
    return incidents.root(cause, about[:200]) if about else ""


def run_once(desk: Desk) -> IncidentCounts:
    """Opens, joins and closes incidents by what is failing now; then the cards that were held back may be shown."""
    counts = IncidentCounts()
    company = desk.company.id
    with desk.db.work() as connection:
        incidents.leave_all_of_another_root(connection, company)
        roots = incidents.alone(connection, company)
        standing = {incidents.root(one.cause, one.about): one for one in incidents.open_ones(connection, company)}
    for root, count in roots:
        if root in standing or count >= MEMBERS_AT_LEAST:
            counts.opened += root not in standing
            counts.joined += _join(desk, root)
    with desk.db.work() as connection:
        at = desk.clock.now()
        for one in incidents.open_ones(connection, company):
            if one.about != BOOKS and incidents.figures(connection, company, one.id, first=0).open == 0:
                counts.closed += incidents.close(connection, desk.ids, one, at)
        outbox.release(connection, company, at)
    return counts


def _join(desk: Desk, root: str) -> int:
    cause, _, about = root.partition(" ")
    joined = 0
    while True:
        with desk.db.work() as connection:
            at = desk.clock.now()
            incident_id = incidents.begin(connection, desk.ids, desk.company.id, Cause(cause), about, at)
            taken = incidents.join(connection, desk.ids, desk.company.id, incident_id, root, at=at, limit=MEMBERS_PER_WRITE)
        joined += taken
        if taken < MEMBERS_PER_WRITE:
            return joined


def look_at_connection(desk: Desk) -> None:
    """One incident while the books cannot be reached: at once where a person must act, otherwise when it lasts."""
    with desk.db.work() as connection:
        pause = companies.get(connection, desk.company.id).pause
        at = desk.clock.now()
        for one in incidents.open_ones(connection, desk.company.id):
            if one.about == BOOKS and (pause is None or pause.cause is not one.cause):
                incidents.close(connection, desk.ids, one, at)
        if pause is not None and (pause.cause is Cause.ACCESS_LOST or at - pause.since >= BOOKS_AWAY_AT_LEAST):
            incidents.begin(connection, desk.ids, desk.company.id, pause.cause, BOOKS, at)


# --- one remedy for all -----------------------------------------------------------------------------------------------


def request_all(desk: Desk, incident_id: str, remedy: Remedy, *, by: str) -> StoredIncident:
    """Writes down one remedy for every open payment of an incident. Raises NotFound, NotPermitted and StaleDecision."""
    with desk.db.acknowledge() as connection:
        one = incidents.find(connection, incident_id)
        if one is None or one.company != desk.company.id:
            raise NotFound("There is no such incident.")
        held = incidents.figures(connection, one.company, one.id, first=0)
        if one.state != "open" or not held.open:
            raise StaleDecision("This is over; nothing of it is open any more.")
        if remedy is not held.bulk_remedy:
            raise StaleDecision("What is recommended for these payments changed; look at the card again.")
        if remedy is Remedy.DISMISS and escalations.open_now(connection, one.company) is not None:
            raise StaleDecision("Too many payments fail just now: dismissing many at once is off until that is over.")
        for currency, amount_minor in incidents.largest(connection, one.company, one.id).items():
            answer = may_decide(desk.people.get(by), Question(one.company, remedy, amount_minor, currency))
            if answer.ruling is Ruling.REFUSED:
                raise NotPermitted(answer.reason)
        if not incidents.want_bulk(connection, desk.ids, one, remedy, by=by, at=desk.clock.now()):
            raise StaleDecision("Somebody already chose a remedy for all of these; it is being carried out.")
        return incidents.get(connection, one.company, one.id)


def take(desk: Desk, incident_id: str, *, by: str) -> StoredIncident:
    """Somebody says that they look after it. Raises NotFound and StaleDecision."""
    with desk.db.acknowledge() as connection:
        one = incidents.find(connection, incident_id)
        if one is None or one.company != desk.company.id:
            raise NotFound("There is no such incident.")
        if not incidents.take(connection, desk.ids, one, by=by, at=desk.clock.now()):
            taken = incidents.get(connection, one.company, one.id).taken_by
            person = desk.people.get(taken or "")
            raise StaleDecision(f"{person.name if person else taken} already looks after it." if taken else "It is over.")
        return incidents.get(connection, one.company, one.id)


def decide_members(desk: Desk) -> int:
    """A decision for each payment of an incident for which a person chose one remedy; bounded, and resumed by the next run."""
    with desk.db.read() as connection:
        waiting = [one for one in incidents.open_ones(connection, desk.company.id) if one.bulk_remedy and one.bulk_by]
        frozen = escalations.open_now(connection, desk.company.id) is not None
    made = 0
    for one in waiting:
        if one.bulk_remedy is Remedy.DISMISS and frozen:
            continue  # opened meanwhile: what was not decided yet waits until it is over
        with desk.db.read() as connection:
            batch = incidents.undecided(connection, one, limit=DECISIONS_PER_RUN)
        for member in batch:
            made += _decide(desk, one, member)
        if not batch:
            with desk.db.work() as connection:
                incidents.end_bulk(connection, desk.ids, one, desk.clock.now())
    return made


def _decide(desk: Desk, one: StoredIncident, member: StoredFailure) -> int:
    """One payment of it, or, where it needs a decision of its own, out of the incident it goes."""
    if one.bulk_remedy is None or one.bulk_by is None:
        return 0
    why = ""
    try:
        made = requests.request(
            desk,
            member.transaction_number,
            one.bulk_remedy,
            by=one.bulk_by,
            channel="slack",
            reason="chosen for all payments of the incident",
        )
        if made.state == "waiting_approval":
            why = made.outcome
    except ReceivablesError as error:
        why = error.message
    if why:
        with desk.db.work() as connection:
            at = desk.clock.now()
            incidents.leave(connection, desk.ids, member, at)
            audit.record(
                connection,
                company=one.company,
                at=at,
                actor="sync",
                action="incident.left",
                transaction_number=member.transaction_number,
                body={"incident": one.id, "why": why},
            )
    return 1
