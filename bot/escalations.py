"""The message that says too many payments fail, and the one that says it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import rules
from bot.cards import Message
from bot.people import Names, owner
from bot.rooms import Channel
from bot.text import Block, context, fallback, header, mentioning, row, section, take
from receivables.diagnosis import Cause
from receivables.words import Words, counted, plain
from storage.escalations import StoredEscalation

CAUSES_AT_MOST = 2  # most frequent first; the Home tab has them all
CURRENCIES_AT_MOST = 3
UNTIL_OVER = "Until this is over, nothing is recommended where the cause is unknown, and bulk dismissal is off."


def escalation_card(escalation: StoredEscalation, channel: Channel, names: Names) -> Message:
    """Opened: what, since when, the likely reason, who took ownership. Cleared: that it is over."""
    words, figures, company = channel.company.words, escalation.figures, plain(channel.company.name)
    since = words.moment(escalation.opened_at)
    if escalation.state == "cleared":
        head = f"{company}: payments sync again"
        over = words.moment(escalation.cleared_at) if escalation.cleared_at else "now"
        text = f"The failure rate has been under its limit since {over}. It was over the limit from {since}."
        return Message(fallback(f"{head}. {text}"), [header(head), section(text)])
    head = f"{company}: too many payments are failing to sync"
    rate = rate_of(figures)
    blocks = [header(head)]
    if channel.tell_people:
        blocks.append(mentioning(mentions(channel)))
    by_amount = _by_amount(figures.get("money") or {}, words)
    blocks.append(section(f"{rate}; the limit is {figures['limit_percentage']}%. {by_amount}"))
    if reason := probable(str(figures.get("setting") or ""), words):
        blocks.append(section(f"Probable cause: {reason}.", "setting"))
    blocks += _causes(figures, words)
    if escalation.taken_by is None:
        blocks.append({"type": "actions", "block_id": "buttons", "elements": [take(escalation.id)]})
    oldest = figures.get("since")
    failing = f" Oldest open failure: {words.moment(datetime.fromisoformat(oldest))}." if oldest else ""
    blocks.append(context(f"Since {since}. {owner(escalation.taken_by, names)}{failing} {UNTIL_OVER}"))
    return Message(fallback(f"{head}. {rate}."), blocks)


def rate_of(figures: Mapping[str, Any]) -> str:
    """How many failed, of how many, when, and how much of the whole that is: rounded down, as the limit counts."""
    percentage = figures["failed"] * 100 // max(1, figures["attempted"])
    window = str(figures["window"]).removeprefix("last ")
    return f"{figures['failed']:,} of {counted(figures['attempted'], 'payment')} failed in the last {window} ({percentage}%)"


def mentions(channel: Channel) -> str:
    """Slack's own words for the configured people; nothing in it comes from anybody's data."""
    return " ".join(f"<@{slack_id}>" for slack_id in channel.tell_people)


def probable(root: str, words: Words) -> str:
    """What most of the failures have in common, as something to look at; "" where nothing is known of it."""
    cause, _, about = root.partition(" ")
    return rules.setting(Cause(cause), about, words) if cause in list(Cause) else ""


def _by_amount(amounts: Mapping[str, list[int]], words: Words) -> str:
    """The same rate by money: of $12,000.00 taken in, $4,000.00 did not get in."""
    told = [
        f"{words.money(failed, currency)} of {words.money(attempted, currency)}"
        for currency, (attempted, failed) in list(amounts.items())[:CURRENCIES_AT_MOST]
    ]
    return f"By amount: {', '.join(told)}. " if told else ""


def _causes(figures: Mapping[str, object], words: Words) -> list[Block]:
    counts, worth = figures.get("causes"), figures.get("causes_money")
    if not isinstance(counts, list) or not counts:
        return []
    amounts: Mapping[str, Mapping[str, int]] = worth if isinstance(worth, dict) else {}
    fields = []
    for cause, count in counts[:CAUSES_AT_MOST]:
        worth_of = list(amounts.get(cause, {}).items())[:CURRENCIES_AT_MOST]
        total = "".join(f", {words.money(amount, currency)}" for currency, amount in worth_of)
        fields += row(rules.title(Cause(cause)), f"{count:,} open{total}")
    return [{"type": "section", "block_id": "causes", "fields": fields}]


def digest_card(company: str, counts: list[tuple[str, int]]) -> Message:
    """Many failures at once: one message that counts them, instead of a card for each."""
    head = f"{plain(company)}: {counted(sum(count for _, count in counts), 'payment')} failed at once"
    lines = [f"{rules.title(Cause(cause)) if cause else 'Checking why'}: {count:,}" for cause, count in counts]
    notes = context("Type /payments failing to see them, each with Resolve Now.")
    return Message(fallback(f"{head}: {'; '.join(lines)}"), [header(head), section("\n".join(lines)), notes])
