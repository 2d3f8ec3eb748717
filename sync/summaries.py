"""Each working morning a company is told how it stands, once, in the channel of its cards.

Reads: when the last one was. Leaves: a wish for its message, and when the next one is due. What it says is read when it is sent.
"""

from __future__ import annotations

from receivables.working_time import next_morning
from storage import companies, outbox
from storage.summary import MORNING_LASTS
from sync.desk import Desk


def plan(desk: Desk) -> None:
    """Makes the next one due where one is wanted and none is planned, and none where none is wanted any more."""
    with desk.db.read() as connection:
        due_at = companies.summary_due_at(connection, desk.company.id)
    wanted = desk.company.daily_summary
    if wanted == (due_at is not None):
        return
    with desk.work() as work:
        companies.move_summary(work, before=due_at, to=next_morning(desk.company, work.at) if wanted else None)


def run_once(desk: Desk) -> bool:
    """Wants this morning's message, where it is due. True where it does."""
    with desk.db.read() as connection:
        due_at = companies.summary_due_at(connection, desk.company.id)
    if due_at is None or desk.clock.now() < due_at:
        return False
    with desk.work() as work:
        following = next_morning(desk.company, work.at) if desk.company.daily_summary else None
        told = companies.move_summary(work, before=due_at, to=following) and desk.company.daily_summary
        if told and work.at - due_at <= MORNING_LASTS:
            outbox.want(work, "summary", work.ids.new())
            return True
    return False
