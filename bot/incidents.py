"""The card of an incident: many payments that fail for one reason, in one message with one remedy for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import rules
from bot import labels
from bot.cards import Message
from bot.choices import PRESSABLE
from bot.people import Names, name_of, owner
from bot.rooms import Channel
from bot.text import Block, button, confirmation, context, fallback, header, row, section, take
from receivables.diagnosis import Remedy
from receivables.words import Words, counted, listed, plain
from storage.companies import Pause
from storage.incidents import IncidentFigures, StoredIncident

OVER = "This is resolved. No action is needed."
CHOOSE_ALL = "choose_all/"  # then the remedy that the button names, so that no other is carried out


@dataclass(frozen=True)
class IncidentFacts:
    """What the card is drawn from. `frozen` while too many payments fail: many are not dismissed at once then."""

    incident: StoredIncident
    figures: IncidentFigures
    frozen: bool
    pause: Pause | None = None


def incident_card(facts: IncidentFacts, channel: Channel, names: Names) -> Message:
    """One reason, how many payments and how much money, what to do, and one button for all of it."""
    incident, words = facts.incident, channel.company.words
    head = _headline(facts, plain(channel.company.name))
    reason = rules.incident(incident.cause, incident.about, words) if incident.state == "open" else OVER
    blocks = [header(head), section(reason, "what")]
    blocks += _connection(facts, channel) if rules.stops_company(incident.cause) else [_amounts(facts, words)]
    elements = _buttons(facts) if incident.state == "open" else []
    if elements:
        blocks.append({"type": "actions", "block_id": "buttons", "elements": elements})
    blocks.append(context(_notes(facts, words, names)))
    return Message(fallback(f"{head}. {reason}"), blocks)


def _headline(facts: IncidentFacts, company: str) -> str:
    incident, held = facts.incident, facts.figures
    stopped = rules.stops_company(incident.cause)
    if incident.state != "open":
        return f"{company}: {'the books can be reached again' if stopped else counted(held.all, 'payment') + ' settled'}"
    if stopped:
        return f"{company}: {rules.title(incident.cause).lower()}"
    if held.open == 1:
        return f"{company}: 1 payment is left"
    return f"{company}: {counted(held.open, 'payment')} are failing for the same reason"


def _connection(facts: IncidentFacts, channel: Channel) -> list[Block]:
    if facts.incident.state != "open":
        return []
    fields = row("Message", plain(facts.pause.message, 500) if facts.pause else "")
    if rules.needs_reconnecting(facts.incident.cause):
        package = channel.company.package or "the books"
        fields += row("What to do", f"Ask your administrator to sign in to {package} again.")
    return [{"type": "section", "block_id": "connection", "fields": fields}]


def _amounts(facts: IncidentFacts, words: Words) -> Block:
    held = facts.figures
    total = "".join(f", {words.money(amount, currency)}" for currency, amount in held.money.items())
    fields = [
        *row("Cause", rules.title(facts.incident.cause)),
        *row("Open", f"{held.open:,} of {held.all:,}{total}"),
    ]
    if held.first:
        numbers = [plain(failure.transaction_number, 24) for failure in held.first]
        more = held.open - len(held.first)
        fields += row("Payments", listed([*numbers, *([f"{more:,} more"] if more > 0 else [])]))
    return {"type": "section", "block_id": "amounts", "fields": fields}


def _buttons(facts: IncidentFacts) -> list[Block]:
    incident, held = facts.incident, facts.figures
    elements: list[Block] = []
    remedy = held.bulk_remedy
    offered = not rules.stops_company(incident.cause) and held.open > 0 and incident.bulk_at is None
    if offered and remedy in PRESSABLE and not held.takes_two_each and not (remedy is Remedy.DISMISS and facts.frozen):
        again = "Each is checked again first; any that changed is left out."
        text = f"{labels.EXPLAINED[remedy]} This is for {counted(held.open, 'payment')}. {again}"
        confirm = confirmation(remedy.label, text, "Yes, all of them")
        label, action = f"{remedy.label}: all {held.open:,}", f"{CHOOSE_ALL}{remedy.value}"
        elements.append(button(action, label, incident.id, style="primary", confirm=confirm))
    if incident.taken_by is None:
        elements.append(take(incident.id))
    return elements


def _notes(facts: IncidentFacts, words: Words, names: Names) -> str:
    incident = facts.incident
    notes = [f"Since {words.moment(incident.opened_at)}."]
    if incident.closed_at is not None:
        notes.append(f"Resolved on {words.moment(incident.closed_at)}.")
    if incident.state == "open" or incident.taken_by:
        notes.append(owner(incident.taken_by, names))
    if incident.bulk_remedy is not None and incident.bulk_by is not None:
        chosen = incident.bulk_remedy.label
        notes.append(f"{name_of(names, incident.bulk_by)} chose “{chosen}” for all; it is being carried out.")
    if incident.state == "open" and facts.frozen and facts.figures.bulk_remedy is Remedy.DISMISS:
        notes.append("Dismissing many at once is off while too many payments are failing.")
    if incident.state == "open" and facts.figures.takes_two_each:
        notes.append("Each needs two people, so they are decided one by one.")
    if incident.state == "open" and not rules.stops_company(incident.cause):
        notes.append("Type /payments failing to see them.")
    return " ".join(notes)
