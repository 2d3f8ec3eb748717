"""Whoever may approve what somebody asked for is told directly, all of them but the one who asked."""

from __future__ import annotations

from receivables.authority import Question, Ruling, can_be_told, may_approve
from receivables.working_time import after_working_hours
from storage import letters
from storage.decisions import StoredDecision
from storage.letters import About
from storage.work import Work
from sync.desk import Desk

REMIND_AFTER_HOURS = 4  # of work


def ask(work: Work, desk: Desk, made: StoredDecision, question: Question) -> None:
    """Writes to each person who may approve a decision that waits, and reminds them from then on."""
    if made.state != "waiting_approval" or made.failure_id is None:
        return
    about = About(letters.APPROVAL, made.failure_id, made.id)
    remind_at = after_working_hours(desk.company, work.at, REMIND_AFTER_HOURS)
    requester = desk.people.get(made.requested_by)
    for person in desk.people.values():
        if can_be_told(person) and may_approve(person, requester, question).ruling is Ruling.ALLOWED:
            letters.write(work.acting_as(made.requested_by), person.id, about, remind_at=remind_at)
