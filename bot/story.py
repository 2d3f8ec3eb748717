"""One payment's story in a modal: as much as a modal holds; the command line tells all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import rules
from bot import labels
from bot.called import called_failure
from bot.cards import invoices_of, paid
from bot.outcomes import not_carried_out
from bot.people import Names, name_of
from bot.rooms import Rooms
from bot.text import NUMBER_AT_MOST, Block, because, context, of_payment, plain_text, section
from receivables.diagnosis import Cause
from receivables.words import Words, plain
from storage.decisions import StoredDecision
from storage.story import Story, tell

LINES_AT_MOST = 40
INVOICES_AT_MOST = 20


def modal(rooms: Rooms, company: str, number: str) -> Block:
    """The story of a payment that is known."""
    with rooms.db.read() as connection:
        told = tell(connection, company, number)
    settings = rooms.channels[company].company
    words = settings.words
    blocks: list[Block] = []
    if told is not None:
        payment = told.payment.payment
        invoices, now = invoices_of(payment, INVOICES_AT_MOST), told.payment.state.capitalize()
        blocks.append(section(f"{plain(payment.customer)}: {paid(payment, words)}. Invoices: {invoices}. Now: {now}."))
        told = replace(told, failures=[called_failure(failure, settings, rooms.people) for failure in told.failures])
        happened = sorted(_happened(told, words, rooms.names), key=lambda line: line[0])[-LINES_AT_MOST:]
        blocks += [section(f"{words.moment(at)}: {text}") for at, text in happened]
        if not happened:
            blocks.append(section("Nothing has gone wrong with it."))
        blocks.append(context(f"Everything, with keys and hashes: resolve-now show {plain(number, NUMBER_AT_MOST)}"))
    title = plain_text(of_payment(number), 24)
    return {"type": "modal", "title": title, "close": plain_text("Close", 24), "blocks": blocks}


def _happened(told: Story, words: Words, names: Names) -> list[tuple[datetime, str]]:
    """What was found, decided and written: when, and a line for people."""
    lines, resolved = [], []
    for failure in told.failures:
        cause = rules.title(Cause(failure.cause)) if failure.cause else "not diagnosed"
        sentence = (
            plain(rules.sentence(failure.diagnosis, words, unread_since=failure.unread_since), 600) if failure.diagnosis else ""
        )
        lines.append((failure.opened_at, f"Failed: {cause}. {sentence}"))
        if failure.resolved_at:
            by = name_of(names, failure.resolved_by) if failure.resolved_by else ""
            resolved.append((failure.resolved_at, labels.resolved(failure.resolution or "", by)))
    for decision in told.decisions:
        chosen = f"{name_of(names, decision.requested_by)} chose “{decision.remedy.label}”"
        lines.append((decision.requested_at, f"{chosen}; {_became(decision, names)}{because(decision.reason)}"))
    for effect in told.effects:
        at = effect.settled_at or effect.planned_at
        lines.append((at, labels.written(effect.kind, effect.state, effect.document_id or "")))
    return lines + resolved


def _became(decision: StoredDecision, names: Names) -> str:
    if decision.changed_nothing:
        return not_carried_out(decision.outcome, names)
    state = "" if decision.state == "done" else f"{decision.state.replace('_', ' ')}: "
    return f"{state}{plain(decision.outcome, 300) or 'done'}".rstrip(".") + "."
