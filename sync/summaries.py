"""Each working morning a company is told how it stands, once, in the channel of its cards.

Reads: when the last one was. Leaves: a wish for its message, and when the next one is due; before a month is closed a direct
message to whoever has failed payments of it. What they say is read when they are sent.
"""

from __future__ import annotations

from receivables.authority import can_be_told, sees
from receivables.closing import closing
from receivables.working_time import next_morning
from storage import care, companies, letters, outbox, periods
from storage.letters import About
from storage.summary import MORNING_LASTS
from storage.work import Work
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
            _tell_owners(work, desk)
            return True
    return False


def _tell_owners(work: Work, desk: Desk) -> None:
    """Whoever has failed payments of the month that is about to be closed is told directly, once for each month."""
    company, connection = desk.company, work.connection
    found = closing(company, company.day_of(work.at), periods.closed_through(connection, work.company))
    if found is None:
        return
    told = set(letters.were_told_of_month(connection, work.company, company.start_of(found.next_first)))
    for owner, failure in care.owned(connection, work.company, company.start_of(found.first), company.start_of(found.next_first)):
        person = desk.people.get(owner)
        if owner not in told and person is not None and can_be_told(person) and sees(person, work.company):
            letters.write(work.acting_as("reminders"), owner, About(letters.MONTH, failure.id))
            told.add(owner)
