"""Hiding keeps a payment out of lists and search, and changes nothing else; its card then says so."""

from __future__ import annotations

from bot.rooms import Rooms
from bot.text import of_payment
from receivables.authority import Person
from storage import failures, outbox, payments

NOT_WHILE_FAILING = "A payment with an open failure cannot be hidden; resolve or dismiss it first."


def hide(rooms: Rooms, company: str, number: str, person: Person, *, hidden: bool | None = None) -> str:
    """Hides or shows a payment that is known, or (None) the other of what it is; returns what to tell the person."""
    at = rooms.clock.now()
    with rooms.db.acknowledge() as connection:
        stored = payments.find(connection, company, number)
        if stored is None:
            return f"{of_payment(number)} is not known here."
        wanted = stored.hidden_by is None if hidden is None else hidden
        if wanted and failures.open_of(connection, company, number) is not None:
            return NOT_WHILE_FAILING
        payments.hide(connection, company, number, hidden=wanted, by=person.id, at=at)
        for failure in failures.of_payment(connection, company, number)[-1:]:
            outbox.want(connection, rooms.ids, company=company, subject_kind="failure", subject=failure.id, at=at)
    return f"{of_payment(number)} is {'hidden' if wanted else 'shown again'}."
