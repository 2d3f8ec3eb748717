"""Hiding keeps a payment out of lists and search, and changes nothing else; its card then says so."""

from __future__ import annotations

from bot.rooms import Rooms
from bot.text import of_payment
from receivables.authority import Person
from storage import failures, outbox, payments

NOT_WHILE_FAILING = "A payment with an open failure cannot be hidden; resolve or dismiss it first."


def hide(rooms: Rooms, company: str, number: str, person: Person, *, hidden: bool | None = None) -> str:
    """Hides or shows a payment that is known, or (None) the other of what it is; returns what to tell the person."""
    with rooms.acknowledge(company, person.id) as work:
        stored = payments.find(work.connection, company, number)
        if stored is None:
            return f"{of_payment(number)} is not known here."
        wanted = stored.hidden_by is None if hidden is None else hidden
        if wanted and failures.open_of(work.connection, company, number) is not None:
            return NOT_WHILE_FAILING
        payments.hide(work, number, hidden=wanted)
        for failure in failures.of_payment(work.connection, company, number)[-1:]:
            outbox.want(work, "failure", failure.id)
    return f"{of_payment(number)} is {'hidden' if wanted else 'shown again'}."
