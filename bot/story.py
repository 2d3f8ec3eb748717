"""One payment's story in a modal: as much as a modal holds; the command line tells all of it."""

from __future__ import annotations

from bot.cards import context
from bot.rooms import Rooms
from bot.text import Block, listed, moment, money, plain, safe
from bot.words import CAUSES, REMEDIES
from receivables.diagnosis import Cause
from storage.story import Story, tell

LINES_AT_MOST = 40


def modal(rooms: Rooms, company: str, number: str) -> Block:
    """The story of a payment that is known."""
    with rooms.db.read() as connection:
        told = tell(connection, company, number)
    zone = rooms.channels[company].company.time_zone
    blocks: list[Block] = []
    if told is not None:
        payment = told.payment.payment
        invoices = listed([one.invoice_number or f"#{one.invoice_id}" for one in payment.allocations], 20)
        head = (
            f"{safe(payment.customer)}, {money(payment.amount_minor, payment.currency)} for {invoices}, paid "
            f"{moment(payment.paid_at, zone)}. Now: {told.payment.state}."
        )
        blocks.append({"type": "section", "text": plain(head)})
        blocks += [{"type": "section", "text": plain(one)} for one in _happened(rooms, company, told)]
        blocks.append(context(f"Everything, with keys and hashes: resolve-now show {safe(number, 64)}"))
    return {"type": "modal", "title": plain(f"Payment {safe(number, 15)}", 24), "close": plain("Close", 24), "blocks": blocks}


def _happened(rooms: Rooms, company: str, told: Story) -> list[str]:
    """What was found, decided and written, one line each, in order."""
    zone, names = rooms.channels[company].company.time_zone, rooms.names
    lines = []
    for failed in told.failures:
        cause = CAUSES[Cause(failed.cause)] if failed.cause else "not diagnosed"
        sentence = safe(failed.diagnosis.sentence, 600) if failed.diagnosis else ""
        lines.append((failed.opened_at, f"Failed: {cause}. {sentence}"))
        if failed.resolved_at:
            by = f" by {names.get(failed.resolved_by, safe(failed.resolved_by))}" if failed.resolved_by else ""
            lines.append((failed.resolved_at, f"Resolved: {(failed.resolution or '').replace('_', ' ')}{by}."))
    for made in told.decisions:
        who = names.get(made.requested_by, safe(made.requested_by, 60))
        reason = f' "{safe(made.reason, 300)}"' if made.reason else ""
        lines.append((made.requested_at, f"{who} chose {REMEDIES[made.remedy]}.{reason} {made.state}: {safe(made.outcome, 300)}"))
    for one in told.effects:
        where = f" as {safe(one.document_id, 40)}" if one.document_id else ""
        lines.append((one.settled_at or one.planned_at, f"{one.kind.replace('_', ' ').capitalize()}: {one.state}{where}."))
    lines.sort(key=lambda line: line[0])
    shown = [f"{moment(at, zone)}  {text}" for at, text in lines[-LINES_AT_MOST:]]
    return shown or ["Nothing went wrong with it so far."]
