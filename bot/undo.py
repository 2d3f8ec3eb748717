"""Undo, where what was done has an inverse: the answer offers it as a button. Where it has none, the answer says why.

A button says for the person what they could type after /payments; whether they may is asked then.
"""

from __future__ import annotations

from bot.found import buttons
from bot.text import Block, context
from receivables.diagnosis import Remedy
from receivables.makers import WITHOUT_CONSEQUENCE
from receivables.payment import NOT_POSTED, PaymentState
from storage.decisions import StoredDecision
from storage.endings import Bulk
from storage.payments import StoredPayment

#: What brings a payment back to where it was, by what was done with it.
INVERSE = {"hide": "unhide", "snooze": "unsnooze", "assign": "unassign"}
KEPT = "This cannot be undone here. Our record stays as it is; a different record from the feed is shown to you again."
EACH_REOPENED = "To undo it for a payment, use /payments reopen and its number, or the menu of its card."
IN_THE_BOOKS = "This cannot be undone here, because the books were changed. If it was wrong, correct it there."
_REASONS = {
    Remedy.VOID_RECEIPT: "This cannot be undone: a voided receipt stays void. Record the payment again if it was wrong.",
    Remedy.ACCEPT_CORRECTION: "This cannot be undone: the feed's record has taken the place of ours.",
}
_CHANGES_NOTHING = WITHOUT_CONSEQUENCE | {Remedy.RETRY}


def button(done: str, company: str, number: str) -> list[Block]:
    """The button that undoes what was just done with a payment."""
    return [buttons(("Undo", f"{INVERSE[done]} {number} company:{company}"))]


def after(made: StoredDecision, stored: StoredPayment, about: str) -> list[Block]:
    """What is offered below the end of a decision: its undoing, or why there is none; nothing where nothing was changed."""
    not_posted = stored.state in NOT_POSTED
    if made.state != "done" or (made.remedy in _CHANGES_NOTHING and not_posted):
        return []
    if made.remedy is Remedy.DISMISS and stored.state is not PaymentState.DISMISSED:
        return [] if about == "payment" else [context(KEPT)]
    if made.remedy is Remedy.DISMISS or (made.remedy in (Remedy.MATCH, Remedy.NOT_DUPLICATE) and not_posted):
        return [buttons(("Undo", f"reopen {stored.number} company:{made.company}"))]
    return [context(_REASONS.get(made.remedy, IN_THE_BOOKS))]


def after_many(bulk: Bulk) -> list[Block]:
    """The same below the end of one remedy for many payments."""
    if bulk.states.total() == sum(bulk.states[state] for state in NOT_POSTED) or bulk.remedy is None:
        return []
    return [context(EACH_REOPENED if bulk.remedy is Remedy.DISMISS else _REASONS.get(bulk.remedy, IN_THE_BOOKS))]
