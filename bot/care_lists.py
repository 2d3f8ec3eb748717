"""What a person has to do, and what is set aside: the lists of /payments mine and /payments snoozed."""

from __future__ import annotations

from collections.abc import Sequence

from bot.found import failure_row
from bot.people import name_of
from bot.rooms import Rooms
from bot.text import Block, context, of_payment
from receivables.authority import Person
from receivables.errors import StaleDecision
from receivables.words import counted
from storage import care, failure_pages, failures, letters, payments
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
            asked = letters.open_to(connection, company, person.id, "approval", limit=READ_AT_MOST)
            to_approve += [failures.get(connection, company, letter.failure_id) for letter in asked]
            theirs += care.assigned_to(connection, company, person.id, limit=READ_AT_MOST)
        blocks = [*_part(connection, rooms, "Waiting for your approval", to_approve)]
        blocks += _part(connection, rooms, "Assigned to you", theirs)
    if not to_approve and not theirs:
        return "Nothing is waiting for you.", []
    waits = "waits" if len(to_approve) == 1 else "wait"
    approvals = f"{counted(len(to_approve), 'payment')} {waits} for your approval" if to_approve else ""
    assigned = f"{counted(len(theirs), 'payment')} {'is' if len(theirs) == 1 else 'are'} assigned to you" if theirs else ""
    return f"{' and '.join(filter(None, (approvals, assigned)))}.", blocks


def snoozed(rooms: Rooms, companies: Sequence[str]) -> tuple[str, list[Block]]:
    """What is set aside, those first that are back first."""
    now, blocks, count = rooms.clock.now(), list[Block](), 0
    with rooms.db.read() as connection:
        for company in companies:
            held = care.snoozed(connection, company, now, limit=READ_AT_MOST)
            words = rooms.channels[company].company.words
            for of, found in held[: max(0, SHOWN_AT_MOST - count)]:
                until = words.day(of.snoozed_until) if of.snoozed_until else ""
                stored = payments.by_numbers(connection, company, [found.transaction_number])[found.transaction_number]
                blocks += failure_row(found, stored, words)
                blocks.append(context(f"Snoozed until {until} by {name_of(rooms.names, of.snoozed_by or '')}."))
            count += len(held)
    are = "is" if count == 1 else "are"
    return (f"{counted(count, 'payment')} {are} snoozed." if count else "No payment is snoozed."), blocks


def back(rooms: Rooms, verb: str, company: str, number: str, person: Person) -> str:
    """Brings a payment back, or takes it from whoever has it; returns what to tell the person. Raises StaleDecision."""
    with rooms.db.read() as connection:
        found = next(iter(failure_pages.open_among(connection, [(company, number)]).values()), None)
    if found is None:
        raise StaleDecision(f"{of_payment(number)} has no open failure.")
    if verb == "unsnooze":
        return rooms.deciding.snooze(company, found.id, "", by=person.id)
    return rooms.deciding.assign(company, found.id, None, by=person.id)


def _part(connection: Connection, rooms: Rooms, title: str, found: Sequence[StoredFailure]) -> list[Block]:
    """A heading and rows; nothing where there are none."""
    blocks = [context(title)] if found else []
    for failure in found[:SHOWN_AT_MOST]:
        stored = payments.by_numbers(connection, failure.company, [failure.transaction_number])[failure.transaction_number]
        blocks += failure_row(failure, stored, rooms.channels[failure.company].company.words)
    if len(found) > SHOWN_AT_MOST:
        blocks.append(context(f"{len(found) - SHOWN_AT_MOST:,} more."))
    return blocks
