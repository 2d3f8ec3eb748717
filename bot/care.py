"""Who takes care of a failure, on its card: what its menu offers, and what is said of it. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.people import Names, name_of
from receivables.diagnosis import Cause, Remedy
from receivables.words import Words
from storage.cards import CardFacts
from storage.care import Care
from storage.failures import StoredFailure
from storage.payments import StoredPayment


def options(found: StoredFailure) -> list[tuple[str, str]]:
    """What a card's menu offers while its failure is open."""
    return [("Assign to me", f"mine {found.id}"), ("Assign or snooze…", f"care {found.id}")]


def said_of(facts: CardFacts, names: Names, words: Words) -> str:
    """Who has it and until when it is set aside, as sentences; "" where nobody said."""
    held = facts.care
    if held is None:
        return ""
    said = [f"Assigned to {name_of(names, held.assignee)}."] if held.assignee else []
    if facts.is_snoozed and held.snoozed_until and held.snoozed_by:
        who, day = name_of(names, held.snoozed_by), words.day(held.snoozed_until)
        if facts.decision and facts.decision.remedy is Remedy.WAIT and facts.failure.cause is Cause.PAYMENT_CHARGED_BACK:
            said.append(f"{who} left the receipt until the dispute is decided. This is back then, or on {day}.")
        else:
            said.append(f"Snoozed by {who} until {day}.")
    return " ".join(said)


def aside(held: Care, found: StoredFailure, stored: StoredPayment, words: Words, now: datetime) -> str:
    """What the row of a list ends with: until when it is snoozed, and that it is hidden; "" of most."""
    until = held.snoozed_until if held.is_snoozed(found, now) else None
    return (f" · snoozed until {words.day(until)}" if until else "") + (" · hidden" if stored.hidden_by else "")
