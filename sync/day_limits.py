"""What a person may decide alone in a day: counted beside each decision, in the same transaction, by the company's calendar.

Reads: the decisions of the day. Never: two decisions at once that each see only themselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from receivables.authority import DaySoFar, Question
from storage import companies, decisions
from storage.engine import Connection
from storage.work import Work
from sync.desk import Desk


def counted_alone(work: Work, desk: Desk, question: Question) -> Question:
    """The question with what was decided on this day; until the work ends nobody else decides at the company.

    By another machine's clock that may be later than this moment, and it counts all the same.
    """
    if not _limited(desk):
        return question
    companies.one_at_a_time(work)
    return counted(work.connection, desk, question, work.at)


def counted(connection: Connection, desk: Desk, question: Question, at: datetime, of: str = "") -> Question:
    """The question with what was decided alone on the day of `at`; of a decision, `of`, with what came before it."""
    if not _limited(desk):
        return question
    since = desk.company.start_of(desk.company.day_of(at))
    decided = decisions.alone_on(connection, desk.company.id, question.currency, since, before=(at, of) if of else None)
    return replace(question, day=DaySoFar(desk.company.words, decided))


def _limited(desk: Desk) -> bool:
    """Whether anybody's day is limited at this company."""
    return any(limit.company == desk.company.id for person in desk.people.values() for limit in person.day_limits)
