"""Hides a payment for whoever asks in Slack, or shows it again."""

from __future__ import annotations

from bot.people import must_decide_at
from bot.rooms import Rooms
from bot.text import of_payment
from receivables.authority import Person
from receivables.errors import StaleDecision
from storage import hiding, payments


def hide(rooms: Rooms, company: str, number: str, person: Person, *, hidden: bool | None = None) -> str:
    """Hides or shows a payment that is known, or (None) the other of what it is; returns what to tell the person.

    Raises NotPermitted for somebody who only reads.
    """
    must_decide_at(person, company)
    try:
        with rooms.acknowledge(company, person.id) as work:
            stored = payments.find(work.connection, company, number)
            if stored is None:
                return f"{of_payment(number)} is not known here."
            wanted = stored.hidden_by is None if hidden is None else hidden
            hiding.hide(work, number, hidden=wanted)
    except StaleDecision as refused:
        return refused.message
    return f"{of_payment(number)} is {'hidden' if wanted else 'shown again'}."
