"""A card's thread is its trail: who asked, who approved, what was done, in order, each once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from slack_sdk import WebClient

from bot.escalations import mentions
from bot.rooms import Rooms
from bot.text import Block, cut, fallback, moment, plain, safe
from bot.words import REMEDIES
from receivables.diagnosis import Remedy
from storage import cards, failures
from storage.audit import AuditRow
from storage.cards import Place
from storage.engine import Connection
from storage.outbox import Waiting

EVENT = "resolve_now_trail"
REPLY_AT_MOST = 2900


def rows_to_tell(connection: Connection, one: Waiting, place: Place) -> Sequence[AuditRow]:
    """What the thread of a failure or an escalation does not tell yet; other messages have no thread."""
    if one.subject_kind == "escalation":
        return cards.to_tell_of_escalation(connection, one.company, one.subject, place.told_seq)
    if one.subject_kind != "failure":
        return ()
    found = failures.get(connection, one.company, one.subject)
    rows = cards.to_tell(connection, one.company, found.transaction_number, place.told_seq)
    return [row for row in rows if row.at >= found.opened_at]  # an earlier failure has its own thread


def tell(client: WebClient, rooms: Rooms, one: Waiting, place: Place, zone: ZoneInfo) -> int:
    """Adds one reply with what is new; returns up to which row of the record the thread tells now."""
    with rooms.db.read() as connection:
        rows = rows_to_tell(connection, one, place)
    if not rows:
        return place.told_seq
    last = rows[-1].seq
    if one.sendings and _told_already(client, place, last):
        return last
    text = cut("\n".join(f"{moment(row.at, zone)}: {_words(row, rooms.names)}" for row in rows), REPLY_AT_MOST)
    called = mentions(rooms.channels[one.company]) if any(row.action == "escalation.reminded" for row in rows) else ""
    blocks: list[Block] = [{"type": "section", "text": {"type": "mrkdwn", "text": called, "verbatim": True}}] if called else []
    client.chat_postMessage(
        channel=place.channel,
        thread_ts=place.ts,
        text=fallback(text),
        blocks=[*blocks, {"type": "section", "text": plain(text)}],
        metadata={"event_type": EVENT, "event_payload": {"seq": last}},
        unfurl_links=False,
    )
    return last


def _told_already(client: WebClient, place: Place, seq: int) -> bool:
    """Whether an earlier sending, whose answer was lost, told as far as this."""
    answer = client.conversations_replies(channel=place.channel, ts=place.ts, limit=200, include_all_metadata=True)
    replies: Sequence[Mapping[str, Any]] = answer.get("messages") or []
    told = [(reply.get("metadata") or {}).get("event_payload", {}).get("seq", 0) for reply in replies]
    return any(int(one) >= seq for one in told)


def _words(row: AuditRow, names: Mapping[str, str]) -> str:
    body = json.loads(row.body)
    who = names.get(row.actor, safe(row.actor, 60))
    remedy = REMEDIES[Remedy(body["remedy"])] if body.get("remedy") in list(Remedy) else ""
    outcome = safe(str(body.get("outcome") or ""), 300)
    match row.action:
        case "decision.made":
            waiting = ", and a second person must approve" if body.get("state") == "waiting_approval" else ""
            reason = f' Reason: "{safe(str(body["reason"]), 300)}"' if body.get("reason") else ""
            return f"{who} chose: {remedy}{waiting}.{reason}"
        case "escalation.reminded":
            return "Nobody looks after this yet, and payments go on failing."
        case "escalation.taken":
            return f"{who} looks after it."
        case "decision.approved":
            return f"{who} approved it."
        case "decision.stale" | "decision.refused" | "decision.failed":
            return f"It was not carried out: {outcome}."
        case "payment.verified":
            return "The receipt was read back and stands in the books as meant."
        case "payment.reopened":
            return f"{who} reopened it."
        case "payment.put_right":
            by = safe(str(body.get("by") or ""), 60)
            return f"Put right in the books{f' by {by}' if by else ''}."
        case "effect.done":
            return (
                f"Done in the books: {str(body.get('kind', '')).replace('_', ' ')} ({safe(str(body.get('document', '')), 40)})."
            )
        case _:
            by = names.get(str(body.get("by")), safe(str(body.get("by") or ""), 60))
            return f"Resolved: {str(body.get('resolution', '')).replace('_', ' ')}{f' by {by}' if by else ''}."
