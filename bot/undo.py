"""Undo, where what was done has an inverse: the answer offers it as a button. Where it has none, the answer says why.

A button says for the person what they could type after /payments; whether they may is asked then.
"""

from __future__ import annotations

from bot.found import buttons
from bot.rooms import Rooms
from bot.text import Block, context
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage import decisions, payments
from storage.endings import Awaited, Started

#: What brings a payment back to where it was, by what was done with it.
INVERSE = {"hide": "unhide", "snooze": "unsnooze", "assign": "unassign"}
IN_THE_BOOKS = "This cannot be undone here, because the books were changed. If it was wrong, correct it there."
_REASONS = {
    Remedy.VOID_RECEIPT: "This cannot be undone: a voided receipt stays void. Record the payment again if it was wrong.",
    Remedy.ACCEPT_CORRECTION: "This cannot be undone: the feed's record has taken the place of ours.",
}
_CHANGES_NOTHING = (Remedy.RETRY, Remedy.WAIT, Remedy.RECONNECT, Remedy.ESCALATE)


def button(done: str, company: str, number: str) -> list[Block]:
    """The button that undoes what was just done with a payment."""
    return [buttons(("Undo", f"{INVERSE[done]} {number} company:{company}"))]


def after(rooms: Rooms, waits: Awaited) -> list[Block]:
    """What is offered below the end of a decision: its undoing, or why there is none; nothing where nothing was changed."""
    if waits.what is not Started.DECISION:
        return []
    with rooms.db.read() as connection:
        made = decisions.get(connection, waits.company, waits.subject)
        stored = payments.by_numbers(connection, waits.company, [made.transaction_number])[made.transaction_number]
    if made.state != "done" or made.remedy in _CHANGES_NOTHING:
        return []
    nothing_sent = stored.state in (PaymentState.RECEIVED, PaymentState.FAILED)
    said = made.remedy in (Remedy.MATCH, Remedy.NOT_DUPLICATE) and nothing_sent
    if said or (made.remedy is Remedy.DISMISS and stored.state is PaymentState.DISMISSED):
        return [buttons(("Undo", f"reopen {stored.number} company:{waits.company}"))]
    return [context(_REASONS.get(made.remedy, IN_THE_BOOKS))]
