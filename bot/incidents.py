"""The card of an incident: many payments that fail for one reason, in one message with one remedy for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot import words
from bot.cards import MOVES_MONEY, PRESSABLE, Message
from bot.escalations import about_in_words
from bot.rooms import Channel
from bot.text import BUTTON_AT_MOST, CONTEXT_AT_MOST, HEADER_AT_MOST, Block, fallback, listed, moment, money, plain, row, safe
from receivables.diagnosis import Cause, Remedy
from storage.companies import Pause
from storage.incidents import IncidentFigures, StoredIncident

#: What happened and what to do about it outside, by cause; {about} is the day, the name, the account in question.
REASONS: Mapping[Cause, str] = {
    Cause.PERIOD_CLOSED: "The books are closed through {about}, and these payments touch documents before that. "
    "Ask the controller to open the period, then try all of them again.",
    Cause.ACCOUNT_INACTIVE: "The books do not take money on the account in question: {about}. "
    "Make the account active in the books, or name another in the configuration, then try all of them again.",
    Cause.CUSTOMER_INACTIVE: "The client is inactive in the books. Make the client active, then try all of them again.",
    Cause.CUSTOMER_CHANGED: "The client was merged or moved in the books. Check where the invoices stand now, then try again.",
    Cause.CREDIT_MEMO_APPLIED: "The books apply credit memos by themselves, and so take what portal payments were meant for. "
    "Turn “Automatically apply credits” off in the books; until then this happens again and again.",
    Cause.RECEIPT_ALREADY_ENTERED: "{about} entered these receipts by hand before the sync came to post them. "
    "Agree on a waiting time, or sync more often.",
    Cause.ACCESS_LOST: "The access to the books was lost. Nothing is lost: payments wait until the company is connected again.",
    Cause.THROTTLED: "The books ask us to wait. Payments are posted as soon as they allow it again.",
    Cause.BOOKS_UNAVAILABLE: "The books have not answered for a while. Payments are posted as soon as they do.",
}
CHOOSE_ALL = "choose_all/"  # then the remedy that the button names, so that no other is carried out
OF_THE_CONNECTION = (Cause.ACCESS_LOST, Cause.THROTTLED, Cause.BOOKS_UNAVAILABLE)


@dataclass(frozen=True)
class IncidentFacts:
    """What the card is drawn from. `frozen` while too many payments fail: many are not dismissed at once then."""

    incident: StoredIncident
    figures: IncidentFigures
    frozen: bool
    pause: Pause | None = None


def incident_card(facts: IncidentFacts, channel: Channel, names: Mapping[str, str]) -> Message:
    """One reason, how many payments and how much money, what to do, and one button for all of it."""
    one, zone = facts.incident, channel.company.time_zone
    head = _headline(facts, safe(channel.company.name))
    reason = REASONS.get(one.cause, words.CAUSES[one.cause] + ".").format(about=about_in_words(one.cause, one.about))
    blocks: list[Block] = [
        {"type": "header", "text": plain(head, HEADER_AT_MOST)},
        {"type": "section", "block_id": "what", "text": plain(reason)},
    ]
    if one.cause in OF_THE_CONNECTION:
        blocks += _connection(facts, channel)
    else:
        blocks.append(_amounts(facts))
    if one.state == "open":
        blocks += _buttons(facts)
    blocks.append({"type": "context", "elements": [plain(_notes(facts, zone, names), CONTEXT_AT_MOST)]})
    return Message(fallback(f"{head}. {reason}"), blocks)


def _headline(facts: IncidentFacts, company: str) -> str:
    one, held = facts.incident, facts.figures
    if one.cause in OF_THE_CONNECTION:
        return f"{company}: {'the books are reached again' if one.state != 'open' else words.CAUSES[one.cause].lower()}"
    if one.state != "open":
        return f"{company}: nothing of {_payments(held.all)} is open any more"
    return f"{company}: {_payments(held.open)} fail for one reason" if held.open != 1 else f"{company}: 1 payment is left"


def _payments(count: int) -> str:
    return f"{count} payment{'' if count == 1 else 's'}"


def _connection(facts: IncidentFacts, channel: Channel) -> list[Block]:
    if facts.incident.state != "open":
        return []
    message = safe(facts.pause.message, 500) if facts.pause else ""
    fields = row("What they said", message or "nothing")
    if facts.incident.cause is Cause.ACCESS_LOST:
        fields += row("What to do", f"resolve-now connect {channel.company.id}")
    return [{"type": "section", "block_id": "connection", "fields": fields}]


def _amounts(facts: IncidentFacts) -> Block:
    held = facts.figures
    total = "".join(f", {money(amount, currency)}" for currency, amount in held.money.items())
    fields = [
        *row("Cause", words.CAUSES[facts.incident.cause]),
        *row("Open", f"{held.open} of {held.all}{total}"),
    ]
    if held.first:
        shown = listed([safe(one.transaction_number, 64) for one in held.first])
        fields += row("Payments", shown if held.open <= len(held.first) else f"{shown} and {held.open - len(held.first)} more")
    return {"type": "section", "block_id": "amounts", "fields": fields}


def _buttons(facts: IncidentFacts) -> list[Block]:
    one, held = facts.incident, facts.figures
    elements: list[Block] = []
    remedy = held.bulk_remedy
    offered = one.cause not in OF_THE_CONNECTION and held.open > 0 and one.bulk_at is None and remedy in PRESSABLE
    if offered and not (remedy is Remedy.DISMISS and facts.frozen):
        label = f"{words.REMEDIES[remedy]}: all {held.open}"
        again = "Each one is looked at again first; one that changed is left out."
        text = f"{words.EXPLAINED[remedy]} This is for {_payments(held.open)}. {again}"
        elements.append(
            {
                "type": "button",
                "action_id": f"{CHOOSE_ALL}{remedy.value}",
                "text": plain(label, BUTTON_AT_MOST),
                "value": one.id,
                **({"style": "primary"} if remedy in MOVES_MONEY or remedy is Remedy.RETRY else {}),
                "confirm": {
                    "title": plain(words.REMEDIES[remedy], 100),
                    "text": plain(text, 300),
                    "confirm": plain("Yes, all of them", 30),
                    "deny": plain("Not now", 30),
                },
            }
        )
    if one.taken_by is None:
        elements.append(
            {
                "type": "button",
                "action_id": "take",
                "text": plain("I look after it", BUTTON_AT_MOST),
                "value": one.id,
            }
        )
    return [{"type": "actions", "block_id": "buttons", "elements": elements}] if elements else []


def _notes(facts: IncidentFacts, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    one = facts.incident
    notes = [f"Since {moment(one.opened_at, zone)}."]
    if one.closed_at is not None:
        notes.append(f"Over since {moment(one.closed_at, zone)}.")
    if one.taken_by:
        notes.append(f"{names.get(one.taken_by, safe(one.taken_by, 60))} looks after it.")
    if one.bulk_remedy is not None and one.bulk_by is not None:
        who = names.get(one.bulk_by, safe(one.bulk_by, 60))
        notes.append(f"{who} chose “{words.REMEDIES[one.bulk_remedy]}” for all; it is being carried out.")
    if one.state == "open" and facts.frozen and facts.figures.bulk_remedy is Remedy.DISMISS:
        notes.append("Dismissing many at once is off while too many payments fail.")
    if one.state == "open" and one.cause not in OF_THE_CONNECTION:
        notes.append("/payments failing lists them one by one.")
    return " ".join(notes)
