"""A person takes ownership of an incident or an escalation: it has one owner, who keeps it until it is over."""

from __future__ import annotations

from receivables.errors import NotFound, StaleDecision
from storage import escalations, incidents
from storage.escalations import StoredEscalation
from storage.incidents import StoredIncident
from storage.work import Work
from sync.desk import Desk


def take(desk: Desk, kind: str, subject: str, *, by: str) -> None:
    """`kind` is "incident" or "escalation". Raises NotFound, and StaleDecision where it has an owner or is over."""
    with desk.acknowledge(by) as work:
        found = _find(work, kind, subject)
        if not (incidents.take(work, found) if isinstance(found, StoredIncident) else escalations.take(work, found)):
            owner = _find(work, kind, subject).taken_by
            why = f"{desk.name_of(owner)} already took ownership." if owner else "This is closed; there is nothing left to own."
            raise StaleDecision(why)


def _find(work: Work, kind: str, subject: str) -> StoredIncident | StoredEscalation:
    found = (incidents.find if kind == "incident" else escalations.find)(work.connection, subject)
    if found is None or found.company != work.company:
        raise NotFound(f"There is no such {kind}.")
    return found
