"""What is failing, what of it a person has to do, and what is set aside: /payments failing, mine and snoozed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.care import aside
from bot.found import buttons, failure_row
from bot.people import name_of
from bot.rooms import Rooms
from bot.text import Block, context, of_payment
from receivables.authority import Person
from receivables.errors import StaleDecision
from receivables.words import counted
from storage import care, failure_pages, failures, hiding, letters, payments
from storage.care import Care
from storage.engine import Connection
from storage.failures import StoredFailure

SHOWN_AT_MOST = 12  # with a button each, well under Slack's 50 blocks
READ_AT_MOST = 100
BACK = ("unsnooze", "unassign")


def mine(rooms: Rooms, person: Person, companies: Sequence[str]) -> tuple[str, list[Block]]:
    """What waits for this person's approval, then what is assigned to them."""
    to_approve: list[StoredFailure] = []
    theirs: list[StoredFailure] = []
    with rooms.db.read() as connection:
        for company in companies:
            asked = letters.open_to(connection, company, person.id, letters.APPROVAL, limit=READ_AT_MOST)
            to_approve += [failures.get(connection, company, letter.failure_id) for letter in asked]
            theirs += care.assigned_to(connection, company, person.id, limit=READ_AT_MOST)
        blocks = [*_part(connection, rooms, "Waiting for your approval", to_approve, companies)]
        blocks += _part(connection, rooms, "Assigned to you", theirs, companies)
    if not to_approve and not theirs:
        return "Nothing is waiting for you.", []
    waits = "waits" if len(to_approve) == 1 else "wait"
    approvals = f"{counted(len(to_approve), 'payment')} {waits} for your approval" if to_approve else ""
    assigned = f"{counted(len(theirs), 'payment')} {'is' if len(theirs) == 1 else 'are'} assigned to you" if theirs else ""
    return f"{' and '.join(filter(None, (approvals, assigned)))}.", blocks


def failing(rooms: Rooms, companies: Sequence[str]) -> tuple[str, list[Block]]:
    """What fails now, those of longest ago first; then what of it is snoozed, and until when. Hidden payments are said."""
    now, found = rooms.clock.now(), list[StoredFailure]()
    with rooms.db.read() as connection:
        count = sum(failure_pages.count_open(connection, companies).values())
        set_aside = care.count_snoozed(connection, companies, now)
        for company in companies:
            room = SHOWN_AT_MOST - len(found)
            if room:
                found += failure_pages.page(connection, company, limit=room, without_snoozed_at=now)
        blocks = _rows(connection, rooms, found, companies)
        if (more := count - set_aside - len(found)) > 0:
            blocks.append(context(f"{more:,} more. The app's Home tab lists them all."))
        if set_aside:
            shown = _snoozed(connection, rooms, companies, SHOWN_AT_MOST - len(found))
            rest = "" if len(shown) == set_aside else " /payments snoozed lists them."
            blocks += [context(f"Snoozed: {counted(set_aside, 'payment')}.{rest}"), *_rows(connection, rooms, shown, companies)]
        blocks += _hidden(hiding.count(connection, companies))
    of_them = f", {set_aside:,} of them snoozed" if set_aside else ""
    are = "is" if count == 1 else "are"
    return (f"{counted(count, 'payment')} {are} failing{of_them}." if count else "No payment is failing."), blocks


def snoozed(rooms: Rooms, companies: Sequence[str]) -> tuple[str, list[Block]]:
    """What is set aside, those first that are back first."""
    with rooms.db.read() as connection:
        count = care.count_snoozed(connection, companies, rooms.clock.now())
        shown = _snoozed(connection, rooms, companies, SHOWN_AT_MOST)
        blocks = _rows(connection, rooms, shown, companies, says_who=True)
    if count > len(shown):
        blocks.append(context(f"{count - len(shown):,} more."))
    are = "is" if count == 1 else "are"
    return (f"{counted(count, 'payment')} {are} snoozed." if count else "No payment is snoozed."), blocks


def _snoozed(connection: Connection, rooms: Rooms, companies: Sequence[str], room: int) -> list[StoredFailure]:
    shown: list[StoredFailure] = []
    for company in companies:
        if len(shown) < room:
            held = care.snoozed(connection, company, rooms.clock.now(), limit=room - len(shown))
            shown += [found for _, found in held]
    return shown


def _hidden(count: int) -> list[Block]:
    if not count:
        return []
    are = "is" if count == 1 else "are"
    return [context(f"{counted(count, 'payment')} {are} hidden."), buttons(("Show hidden", "search hidden:only"))]


def back(rooms: Rooms, verb: str, company: str, number: str, person: Person) -> str:
    """Brings a payment back, or takes it from whoever has it; returns what to tell the person. Raises StaleDecision."""
    with rooms.db.read() as connection:
        found = next(iter(failure_pages.open_among(connection, [(company, number)]).values()), None)
    if found is None:
        raise StaleDecision(f"{of_payment(number)} has no open failure.")
    if verb == "unsnooze":
        return rooms.deciding.snooze(company, found.id, "", by=person.id)
    return rooms.deciding.assign(company, found.id, None, by=person.id)


def _part(
    connection: Connection, rooms: Rooms, title: str, found: Sequence[StoredFailure], companies: Sequence[str]
) -> list[Block]:
    """A heading and rows; nothing where there are none."""
    blocks = [context(title)] if found else []
    blocks += _rows(connection, rooms, found[:SHOWN_AT_MOST], companies)
    if len(found) > SHOWN_AT_MOST:
        blocks.append(context(f"{len(found) - SHOWN_AT_MOST:,} more."))
    return blocks


def _rows(
    connection: Connection, rooms: Rooms, found: Sequence[StoredFailure], companies: Sequence[str], *, says_who: bool = False
) -> list[Block]:
    """A row for each, which says until when it is snoozed, and that it is hidden."""
    now, blocks = rooms.clock.now(), list[Block]()
    for of_company, theirs in groupby(found, lambda failure: failure.company):
        company, those = rooms.channels[of_company].company, list(theirs)
        cared = care.of_failures(connection, of_company, [failure.id for failure in those])
        stored = payments.by_numbers(connection, of_company, failures.transaction_numbers(those))
        for failure in those:
            held, payment = cared.get(failure.id, Care(of_company, failure.id)), stored[failure.transaction_number]
            blocks += failure_row(failure, payment, company, companies, aside(held, failure, payment, company.words, now))
            if says_who and held.snoozed_by:
                blocks.append(context(f"Snoozed by {name_of(rooms.names, held.snoozed_by)}."))
    return blocks
