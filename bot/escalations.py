"""The message that says too many payments fail, and the one that says it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from bot.cards import Message
from bot.rooms import Channel
from bot.text import BUTTON_AT_MOST, Block, day, fallback, moment, money, plain, row, safe
from bot.words import CAUSES
from receivables.diagnosis import Cause
from storage.escalations import StoredEscalation

CAUSES_AT_MOST = 5  # most frequent first; a section takes five rows

#: What to look at first, by what most of the failures have in common; {about} is the day, the name, the account.
SETTINGS: Mapping[Cause, str] = {
    Cause.CREDIT_MEMO_APPLIED: "the books' setting “Automatically apply credits” is on and takes what payments were meant for",
    Cause.PERIOD_CLOSED: "the books are closed through {about}",
    Cause.ACCOUNT_INACTIVE: "the deposit account does not take money ({about})",
    Cause.CUSTOMER_INACTIVE: "a client is inactive in the books",
    Cause.CUSTOMER_CHANGED: "a client was merged or moved in the books",
    Cause.RECEIPT_ALREADY_ENTERED: "{about} enters receipts by hand before the sync comes",
}


def escalation_card(one: StoredEscalation, channel: Channel, names: Mapping[str, str] | None = None) -> Message:
    """Opened: what, since when, the likely reason, who looks after it. Cleared: that it is over."""
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
        f"{rate}; the limit is {figures['limit_percentage']} %. {_by_amount(figures.get('money') or {})}"
        "Until this is over, unidentified failures get no advice case by case and many payments are not dismissed at once: "
        "look for what they have in common."
    )
    blocks = [{"type": "header", "text": plain(head, 150)}]
    if channel.tell_people:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": mentions(channel), "verbatim": True}})
    blocks.append({"type": "section", "text": plain(text)})
    reason = probable(str(figures.get("setting") or ""))
    if reason:
        blocks.append({"type": "section", "block_id": "setting", "text": plain(f"Probably: {reason}.")})
    blocks += _causes(figures)
    if one.taken_by is None:
        take = {"type": "button", "action_id": "take", "text": plain("I look after it", BUTTON_AT_MOST)}
        blocks.append({"type": "actions", "block_id": "buttons", "elements": [take | {"value": one.id}]})
        care = "Nobody looks after it yet."
    else:
        care = f"{(names or {}).get(one.taken_by, safe(one.taken_by, 60))} looks after it."
    oldest = figures.get("since")
    failing = f" The oldest open failure is of {moment(datetime.fromisoformat(oldest), zone)}." if oldest else ""
    blocks.append({"type": "context", "elements": [plain(f"Since {since}. {care}{failing} /payments failing lists them.")]})
    return Message(fallback(f"{head}. {rate}."), blocks)


def mentions(channel: Channel) -> str:
    """Slack's own words for the configured people; nothing in it comes from anybody's data."""
    return " ".join(f"<@{slack_id}>" for slack_id in channel.tell_people)


def probable(root: str) -> str:
    """What most of the failures have in common, as something to look at; "" where nothing is known of it."""
    cause, _, about = root.partition(" ")
    known = SETTINGS.get(Cause(cause)) if cause in list(Cause) else None
    return known.format(about=about_in_words(Cause(cause), about)) if known else ""


def about_in_words(cause: Cause, about: str) -> str:
    """What an incident is about, for a sentence: a day as people write it, a name or a message without its full stop."""
    if cause is Cause.PERIOD_CLOSED:
        try:
            return day(date.fromisoformat(about))
        except ValueError:  # not a day: shown as it is
            pass
    return safe(about, 200).rstrip(".")


def _by_amount(amounts: Mapping[str, list[int]]) -> str:
    """The same rate by money: of $12,000.00 taken in, $4,000.00 did not get in."""
    told = [f"{money(failed, currency)} of {money(attempted, currency)}" for currency, (attempted, failed) in amounts.items()]
    return f"By amount: {', '.join(told[:3])}. " if told else ""


def _causes(figures: Mapping[str, object]) -> list[Block]:
    listed, worth = figures.get("causes"), figures.get("causes_money")
    if not isinstance(listed, list) or not listed:
        return []
    amounts: Mapping[str, Mapping[str, int]] = worth if isinstance(worth, dict) else {}
    fields = []
    for cause, count in listed[:CAUSES_AT_MOST]:
        total = ", ".join(money(amount, currency) for currency, amount in list(amounts.get(cause, {}).items())[:3])
        fields += row(CAUSES[Cause(cause)], f"{count} open{f', {total}' if total else ''}")
    return [{"type": "section", "block_id": "causes", "fields": fields}]


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
