"""Blocks for Slack: whatever stands in the books or in a file is shown as text and can be nothing else.

Everything that comes from outside goes into `plain_text` objects without emoji, where Slack parses no mention, link or
formatting; on top of that control and direction-changing characters are made visible and lengths are capped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_bolt import Respond

from receivables.words import plain, visible

SECTION_AT_MOST = 3000
FIELD_AT_MOST = 2000
HEADER_AT_MOST = 150
BUTTON_AT_MOST = 75
OPTION_AT_MOST = 75
CONFIRM_AT_MOST = 300
CONTEXT_AT_MOST = 2000
FALLBACK_AT_MOST = 600  # escaping makes a character up to five: 3,000 in all
VALUE_AT_MOST = 150  # of an option, as Slack has it

NUMBER_AT_MOST = 64  # of a transaction or a document: enough to recognize it by
PERSON_AT_MOST = 60
REASON_AT_MOST = 300  # of what somebody wrote; the history has the rest

Block = dict[str, Any]


def cut(text: str, at_most: int) -> str:
    """The text, or its beginning and a mark. Length as Slack counts it, in UTF-16 units."""
    if _length(text) <= at_most:
        return text
    kept = text[: at_most - 1]
    while _length(kept) > at_most - 1:
        kept = kept[:-1]
    return kept + "…"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain_text(text: str, at_most: int = SECTION_AT_MOST) -> Block:
    """A text object in which nothing is parsed. Slack refuses an empty one, so a dash stands for nothing.

    Line ends are ours, because `plain` leaves none in what comes from outside.
    """
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return {"type": "plain_text", "text": cut(shown, at_most) or "-", "emoji": False}


def fallback(text: str) -> str:
    """The text beside the blocks, for notifications. Slack parses this one, so what it would parse is escaped."""
    shown = cut(visible(" ".join(text.split())), FALLBACK_AT_MOST)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def header(text: str) -> Block:
    """The line at the top of a card."""
    return {"type": "header", "text": plain_text(text, HEADER_AT_MOST)}


def section(text: str, block_id: str = "", accessory: Block | None = None) -> Block:
    """A paragraph, with a menu beside it where there is one."""
    block: Block = {"type": "section", "text": plain_text(text)}
    return block | ({"block_id": block_id} if block_id else {}) | ({"accessory": accessory} if accessory else {})


def mentioning(text: str) -> Block:
    """A paragraph in which Slack's own mentions work; only for text in which nothing comes from outside."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(*lines: str) -> Block:
    """Lines in small print."""
    return {"type": "context", "elements": [plain_text(line, CONTEXT_AT_MOST) for line in lines]}


def row(label: str, value: str) -> list[Block]:
    """Two fields of a section that stand beside each other. The label is a word of ours, so it may be bold."""
    return [{"type": "mrkdwn", "text": f"*{label}*", "verbatim": True}, plain_text(value, FIELD_AT_MOST)]


def button(action: str, label: str, value: str, *, style: str = "", confirm: Block | None = None) -> Block:
    """A button; `action` says which listener answers, `value` is an opaque id."""
    block: Block = {"type": "button", "action_id": action, "text": plain_text(label, BUTTON_AT_MOST), "value": value}
    return block | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirmation(title: str, text: str, yes: str) -> Block:
    """Asked once more before a button does anything."""
    return {
        "title": plain_text(title, 100),
        "text": plain_text(text, CONFIRM_AT_MOST),
        "confirm": plain_text(yes, 30),
        "deny": plain_text("Not now", 30),
    }


def overflow(action: str, options: Sequence[tuple[str, str]]) -> Block:
    """A three-dot menu of (label, value)."""
    shown = [{"text": plain_text(label, OPTION_AT_MOST), "value": value[:VALUE_AT_MOST]} for label, value in options]
    return {"type": "overflow", "action_id": action, "options": shown}


def answer(respond: Respond, text: str, blocks: Sequence[Block] = ()) -> None:
    """Only to the person who pressed or typed, where they did."""
    respond(text=fallback(text), blocks=[section(text), *blocks], response_type="ephemeral", replace_original=False)


def resolve_now(failure_id: str) -> Block:
    """The button that opens the evidence and everything that may be chosen."""
    return button("resolve_now", "Resolve Now", failure_id)


def take(subject: str) -> Block:
    """The button by which somebody takes an incident or an escalation over."""
    return button("take", "Take ownership", subject)


def because(reason: str) -> str:
    """The reason that somebody gave, to follow a sentence; nothing where none was given."""
    return f" Reason: “{plain(reason, REASON_AT_MOST)}”" if reason else ""


def of_payment(number: str) -> str:
    """How a payment is called in a sentence, everywhere."""
    return f"Payment {plain(number, NUMBER_AT_MOST)}"
