"""The message that says too many payments fail, and the one that says it is over."""

from __future__ import annotations

from bot.cards import Message
from bot.rooms import Channel
from bot.text import Block, fallback, moment, plain, row, safe
from bot.words import CAUSES
from receivables.diagnosis import Cause
from storage.escalations import StoredEscalation

CAUSES_AT_MOST = 5  # most frequent first; a section takes five rows


def escalation_card(one: StoredEscalation, channel: Channel) -> Message:
    """Opened: what, since when, the likely reasons, and what is no longer advised. Cleared: that it is over."""
    zone, figures = channel.company.time_zone, one.figures
    name = safe(channel.company.name)
    since = moment(one.opened_at, zone)
    if one.state == "cleared":
        head = f"{name}: payments sync again"
        over = moment(one.cleared_at, zone) if one.cleared_at else "now"
        text = f"The failure rate is back under its limit since {over}. It had been over it since {since}."
        blocks: list[Block] = [{"type": "header", "text": plain(head, 150)}, {"type": "section", "text": plain(text)}]
        return Message(fallback(f"{head}. {text}"), blocks)
    head = f"{name}: too many payments are failing to sync"
    rate = f"{figures['failed']} of {figures['attempted']} payments failed ({figures['window']})"
    text = (
        f"{rate}; the limit is {figures['limit_percentage']} %. Advice case by case is off for unidentified failures until this "
        "is over: look for what they have in common, most often a setting."
    )
    blocks = [{"type": "header", "text": plain(head, 150)}]
    if channel.tell_people:
        mentions = " ".join(f"<@{slack_id}>" for slack_id in channel.tell_people)  # ours, from the configuration
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": mentions, "verbatim": True}})
    blocks.append({"type": "section", "text": plain(text)})
    causes = figures.get("causes", [])[:CAUSES_AT_MOST]
    if causes:
        fields = [one for cause, count in causes for one in row(CAUSES[Cause(cause)], f"{count} open")]
        blocks.append({"type": "section", "block_id": "causes", "fields": fields})
    blocks.append({"type": "context", "elements": [plain(f"Since {since}. /payments failing lists them.")]})
    return Message(fallback(f"{head}. {rate}."), blocks)


def digest_card(company: str, counts: list[tuple[str, int]]) -> Message:
    """Many failures at once: one message that counts them, instead of a card for each."""
    total = sum(count for _, count in counts)
    head = f"{safe(company)}: {total} payments failed at once"
    lines = [f"{CAUSES[Cause(cause)] if cause else 'Being looked at'}: {count}" for cause, count in counts]
    blocks: list[Block] = [
        {"type": "header", "text": plain(head, 150)},
        {"type": "section", "text": plain("\n".join(lines))},
        {"type": "context", "elements": [plain("/payments failing lists them, each with Resolve Now.")]},
    ]
    return Message(fallback(f"{head}: {'; '.join(lines)}"), blocks)
