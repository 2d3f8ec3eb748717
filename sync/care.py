"""People take care of failures: one is given to somebody, taken, or set aside until a morning; and people are reminded.

Reads: open failures and who may see them. Leaves: who has what and until when, direct messages, and a record of each.
Never: a payment changed, or a reminder of what is settled, decided or set aside.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from receivables.authority import Person, can_be_told, decides_at, sees
from receivables.errors import NotFound, NotPermitted, StaleDecision
from receivables.working_time import next_morning
from storage import care, failures, letters
from storage.care import NOTE_AT_MOST, Care
from storage.failures import StoredFailure
from storage.letters import About, Letter
from storage.work import Work
from sync.desk import Desk

REMINDERS_AT_MOST = 3
SNOOZED_AT_MOST = timedelta(days=92)  # a quarter: longer is forgotten, not set aside
AT_ONCE = 100


def assign(desk: Desk, failure_id: str, to: str | None, *, by: str, note: str = "", os_account: str = "") -> str:
    """Gives a failure to somebody, who is told directly; None gives it to nobody. Returns words for whoever asked.

    Whoever decides at the company gives it to anybody who sees it; who only reads takes it, or gives their own back. Raises
    NotFound, NotPermitted and StaleDecision.
    """
    with desk.acknowledge(os_account or by) as work:
        person, found = _asked(work, desk, failure_id, by)
        held = care.of_failure(work.connection, work.company, found.id)
        own = to == by or (to is None and held.assignee == by)
        if not own and not decides_at(person, work.company):
            raise NotPermitted(f"{person.name} can take this payment, but not assign it to somebody else.")
        assignee = None if to is None else desk.people.get(to)
        if to is not None and (assignee is None or not sees(assignee, work.company)):
            raise NotPermitted(f"{to!r} is nobody who sees the payments of {desk.company.name}.")
        if to == held.assignee and not note:
            return f"{_called(found)} is already {_theirs(assignee, by)}."
        letters.end(work, found.id, kind=letters.ASSIGNED)
        care.assign(work, found, to, by=by, note=note[:NOTE_AT_MOST])
        is_told = assignee is not None and assignee.id != by and can_be_told(assignee)
        if assignee is not None and is_told:
            about = About(letters.ASSIGNED, found.id, note=note[:NOTE_AT_MOST])
            letters.write(work.acting_as(by), assignee.id, about, remind_at=next_morning(desk.company, work.at))
        return f"{_called(found)} is {_theirs(assignee, by)} now." + (" They are told directly." if is_told else "")


def snooze(desk: Desk, failure_id: str, until: date | None, *, by: str, os_account: str = "") -> str:
    """Sets a failure aside until the morning of a day; None brings it back. Returns words for whoever asked.

    It is back earlier when it fails for another reason. Raises NotFound, NotPermitted and StaleDecision.
    """
    with desk.acknowledge(os_account or by) as work:
        person, found = _asked(work, desk, failure_id, by)
        if not decides_at(person, work.company):
            raise NotPermitted(f"{person.name} can see this payment, but not set it aside.")
        at = None if until is None else next_morning(desk.company, desk.company.start_of(until))
        if at is not None and not work.at < at <= work.at + SNOOZED_AT_MOST:
            raise StaleDecision(
                f"A payment can be snoozed until a day from tomorrow on, for at most {SNOOZED_AT_MOST.days} days."
            )
        care.snooze(work, found, at, by=by)
        if at is None:
            return f"{_called(found)} is no longer snoozed."
        return f"{_called(found)} is snoozed until {desk.company.words.moment(at)}, or until its cause changes."


def _asked(work: Work, desk: Desk, failure_id: str, by: str) -> tuple[Person, StoredFailure]:
    """Who asks, and the open failure."""
    person = desk.people.get(by)
    if person is None or not sees(person, work.company):
        raise NotPermitted(f"{by!r} is nobody who sees the payments of {desk.company.name}.")
    found = failures.find(work.connection, failure_id)
    if found is None or found.company != work.company:
        raise NotFound("There is no such failure.")
    if found.state != "open":
        raise StaleDecision(f"{_called(found)} has no open failure any more.")
    return person, found


def _called(found: StoredFailure) -> str:
    return f"Payment {found.transaction_number}"


def _theirs(assignee: Person | None, by: str) -> str:
    if assignee is None:
        return "unassigned"
    return "assigned to you" if assignee.id == by else f"assigned to {assignee.name}"


# --- by the clock -----------------------------------------------------------------------------------------------------


def remind(desk: Desk) -> int:
    """Reminds people of what still waits for them, each at most three times; returns how many reminders were written."""
    with desk.db.read() as connection:
        waiting = letters.due(connection, desk.company.id, desk.clock.now(), limit=AT_ONCE)
        ids = {letter.failure_id for letter in waiting}
        found = {id_: failures.get(connection, desk.company.id, id_) for id_ in ids}
        held = care.of_failures(connection, desk.company.id, ids)
    reminded = 0
    for letter in waiting:
        failure = found[letter.failure_id]
        with desk.work("reminders") as work:
            aside = _aside_until(held.get(failure.id), failure, letter, work.at)
            if aside is not None:
                letters.put_off(work, letter, aside)
            else:
                last = letter.reminders + 1 >= REMINDERS_AT_MOST
                reminded += letters.remind(work, letter, None if last else next_morning(desk.company, work.at))
    return reminded


def _aside_until(held: Care | None, found: StoredFailure, letter: Letter, now: datetime) -> datetime | None:
    """Until when whoever has a failure is left alone with it; an approval is waited for all the same."""
    aside = held is not None and letter.kind == letters.ASSIGNED and held.is_snoozed(found, now)
    return held.snoozed_until if held and aside else None


def bring_back(desk: Desk) -> int:
    """What was set aside and is due, or changed, is back; whoever has it, or set it aside, is told. Returns how many."""
    with desk.db.read() as connection:
        waiting = care.over(connection, desk.company.id, desk.clock.now(), limit=AT_ONCE)
    back = 0
    for held, found in waiting:
        with desk.work("reminders") as work:
            if not care.wake(work, held, found) or found.state != "open":
                continue
            back += 1
            person = desk.people.get(held.assignee or held.snoozed_by or "")
            if person is not None and can_be_told(person) and sees(person, work.company):
                letters.write(work, person.id, About(letters.BACK, found.id))
    return back
