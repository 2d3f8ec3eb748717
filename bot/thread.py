"""A card's thread is its trail: who asked, who approved, what was done, in order, each once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk import WebClient

from bot import labels, posting
from bot.cards import Message
from bot.escalations import mentions
from bot.outcomes import not_carried_out
from bot.people import Names, name_of
from bot.rooms import Rooms
from bot.text import because, cut, fallback, mentioning, section
from receivables.diagnosis import Remedy
from receivables.effects import EffectKind
from receivables.words import capitalized
from storage import cards, failures
from storage.audit import AuditRow
from storage.cards import Place
from storage.engine import Connection
from storage.outbox import Waiting

EVENT = "resolve_now_trail"
REPLY_AT_MOST = 2900
PAGE, PAGES_AT_MOST = 200, 10  # of replies, the oldest first: Slack gives no more at a time


def rows_to_tell(connection: Connection, wish: Waiting, place: Place) -> Sequence[AuditRow]:
    """What the thread of a failure or an escalation does not tell yet; other messages have no thread."""
    if wish.subject_kind == "escalation":
        return cards.to_tell_of_escalation(connection, wish.company, wish.subject, place.told_seq)
    if wish.subject_kind != "failure":
        return ()
    found = failures.get(connection, wish.company, wish.subject)
    rows = cards.to_tell(connection, wish.company, found.transaction_number, place.told_seq)
    return [row for row in rows if row.at >= found.opened_at]  # an earlier failure has its own thread


def tell(client: WebClient, rooms: Rooms, wish: Waiting, place: Place) -> int:
    """Adds one reply with what is new; returns up to which row of the record the thread tells now."""
    with rooms.db.read() as connection:
        rows = rows_to_tell(connection, wish, place)
    if not rows:
        return place.told_seq
    last = rows[-1].seq
    if wish.sendings and _told_already(client, place, last):
        return last
    channel = rooms.channels[wish.company]
    words = channel.company.words
    text = cut("\n".join(f"{words.moment(row.at)}: {_line(row, rooms.names)}" for row in rows), REPLY_AT_MOST)
    called = mentions(channel) if any(row.action == "escalation.reminded" for row in rows) else ""
    message = Message(fallback(text), [*([mentioning(called)] if called else []), section(text)])
    metadata = {"event_type": EVENT, "event_payload": {"seq": last}}
    posting.post(client, message, metadata, channel=place.channel, thread_ts=place.ts)
    return last


def _told_already(client: WebClient, place: Place, seq: int) -> bool:
    """Whether an earlier sending, whose answer was lost, told as far as this."""
    cursor = ""
    for _ in range(PAGES_AT_MOST):
        answer = client.conversations_replies(
            channel=place.channel, ts=place.ts, limit=PAGE, include_all_metadata=True, cursor=cursor or None
        )
        replies: Sequence[Mapping[str, Any]] = answer.get("messages") or []
        told = [(reply.get("metadata") or {}).get("event_payload", {}).get("seq", 0) for reply in replies]
        if any(int(known) >= seq for known in told):
            return True
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return False
    return False


def _line(row: AuditRow, names: Names) -> str:
    body: Mapping[str, Any] = json.loads(row.body)
    who = name_of(names, str(body.get("person") or row.actor))  # on the command line an account of the system acts for a person
    outcome, by = str(body.get("outcome") or ""), name_of(names, str(body.get("by") or ""))
    match row.action:
        case "decision.made":
            remedy = f" “{Remedy(body['remedy']).label}”" if body.get("remedy") in list(Remedy) else ""
            waiting = "; a second person must approve it" if body.get("state") == "waiting_approval" else ""
            return f"{who} chose{remedy}{waiting}.{because(str(body.get('reason') or ''))}"
        case "escalation.reminded":
            return "Still unassigned, and payments are still failing."
        case "escalation.taken":
            return f"{who} took ownership."
        case "decision.approved":
            return f"{who} approved it."
        case "decision.stale" | "decision.refused" | "decision.failed":
            return capitalized(not_carried_out(outcome, names))
        case "payment.verified":
            return "The receipt was read back and is in the books as intended."
        case "payment.reopened":
            return f"{who} reopened it."
        case "payment.put_right":
            return f"Fixed in the books{f' by {by}' if by else ''}."
        case "effect.done":
            return labels.written(EffectKind(str(body["kind"])), "done", str(body.get("document") or ""))
        case _:
            return labels.resolved(str(body.get("resolution") or ""), by)
