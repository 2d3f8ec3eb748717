"""One message to Slack: with its blocks, or as plain text where Slack refuses the blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.cards import Message
from bot.slack_errors import Trouble, trouble_of
from bot.text import fallback

Sent = tuple[SlackResponse, str]  # Slack's answer, and its word where it took plain text only

log = structlog.get_logger()


def post(
    client: WebClient, message: Message, metadata: dict[str, Any], *, channel: str, thread_ts: str | None = None, how: str = ""
) -> Sent:
    """A new message. `how` tells, where only text passes, how to do what the card's buttons would have done."""

    def say(text: str, blocks: list[dict[str, Any]]) -> SlackResponse:
        return client.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=text,
            blocks=blocks or None,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )

    return _said(say, message, how)


def rewrite(client: WebClient, message: Message, metadata: dict[str, Any], *, channel: str, ts: str, how: str = "") -> Sent:
    """The same in place of an earlier one; no blocks take the earlier ones away."""

    def say(text: str, blocks: list[dict[str, Any]]) -> SlackResponse:
        return client.chat_update(channel=channel, ts=ts, text=text, blocks=blocks, metadata=metadata)

    return _said(say, message, how)


def _said(say: Callable[[str, list[dict[str, Any]]], SlackResponse], message: Message, how: str) -> Sent:
    try:
        return say(message.text, message.blocks), ""
    except SlackApiError as error:
        refused = trouble_of(error)
        if refused.trouble is not Trouble.CONTENT:
            raise
        why = error.response.get("response_metadata") or error.response.get("errors") or ""
        log.error("blocks_refused", error=refused.word, slack=str(why)[:500])
    text = f"{message.text}\n{fallback(how)}" if how else message.text
    return say(text, []), refused.word
