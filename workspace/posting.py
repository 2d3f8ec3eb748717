"""Puts messages into channels: the app's, through the Web API or a response_url, and what people say.

Leaves: messages in the state, with what Slack adds to them. Never: delivers anything to the app.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workspace import blocks
from workspace.records import Channel, Posted
from workspace.refusal import Json, Refusal
from workspace.state import State

TEXT_CHARACTERS = 40_000  # what is longer is cut by chat.postMessage, silently as in Slack
UPDATED_TEXT_CHARACTERS = 4_000  # and the lower one for chat.update
ATTACHMENTS = 100
METADATA_BYTES = 16_000
# All texts of a message's blocks together, and what each block counts beside its text. Slack does not publish them; these two
# agree with every measurement in its public bug reports (slackapi/bolt-js #2509 and #2867).
BLOCK_TEXT_CHARACTERS = 13_300
CHARACTERS_OF_A_BLOCK = 60


def channel_named(state: State, wanted: str, *, must_be_member: bool = True) -> Channel:
    """A channel by id or name, or a person's direct message by the person's id. Raises Refusal as Slack does."""
    channel = state.channels.get(wanted)
    if channel is None and wanted in state.people and not state.people[wanted].is_bot:
        channel = state.direct_message(wanted)
    if channel is None:
        named = [channel for channel in state.channels.values() if channel.name and channel.name == wanted.removeprefix("#")]
        if not named:
            raise Refusal("channel_not_found")
        channel = named[0]
    if must_be_member:
        check_place(state, channel)
    return channel


def check_place(state: State, channel: Channel, *, must_be_member: bool = True) -> None:
    """Raises Refusal where the app cannot write: archived, or the app is not in it."""
    if channel.is_archived:
        raise Refusal("is_archived")
    if must_be_member and state.installed.bot_user_id not in channel.members:
        raise Refusal("channel_not_found" if channel.is_private else "not_in_channel")


def app_message(state: State, given: Mapping[str, Any], channel: Channel) -> Json:
    """What the app wants to post, completed. Raises Refusal: no_text, msg_too_long, invalid_blocks, thread_not_found ..."""
    text = str(given.get("text") or "")[:TEXT_CHARACTERS]
    app = state.installed
    message: Json = {
        "type": "message",
        "user": app.bot_user_id,
        "bot_id": app.bot_id,
        "app_id": app.app_id,
        "text": text,
        "team": app.team_id,
    }
    if given.get("blocks"):
        message["blocks"] = _completed_blocks(state, given["blocks"])
    if given.get("attachments"):
        message["attachments"] = _attachments(state, given["attachments"])
    if not text and "blocks" not in message and "attachments" not in message:
        raise Refusal("no_text")
    if given.get("metadata"):
        message["metadata"] = _metadata(given["metadata"])
    if given.get("thread_ts"):
        parent = state.messages[channel.id].get(str(given["thread_ts"]))
        if parent is None or parent.is_reply:
            raise Refusal("thread_not_found")
        message["thread_ts"] = parent.ts
        if given.get("reply_broadcast") in (True, "true", "1"):
            message["subtype"] = "thread_broadcast"
    return message


def _attachments(state: State, given: object) -> list[Json]:
    held = blocks.parsed(given)
    if not isinstance(held, list) or not all(isinstance(attachment, dict) for attachment in held):
        raise Refusal("invalid_attachments")
    if len(held) > ATTACHMENTS:
        raise Refusal("too_many_attachments")
    done = []
    for number, item in enumerate(held, start=1):
        attachment = {"id": number, **item}
        if item.get("blocks"):
            attachment["blocks"] = blocks.message_blocks(item["blocks"], state.ids.block)
        done.append(attachment)
    return done


def _metadata(given: object) -> Json:
    held = blocks.parsed(given)
    if isinstance(held, dict) and isinstance(held.get("event_type"), str) and isinstance(held.get("event_payload"), dict):
        if len(json.dumps(held["event_payload"]).encode()) > METADATA_BYTES:
            raise Refusal("metadata_too_large")
        return {"event_type": held["event_type"], "event_payload": held["event_payload"]}
    raise Refusal("invalid_metadata_format")


def changed_message(state: State, posted: Posted, given: Mapping[str, Any]) -> Posted:
    """Rewrites a message in place. What is not given stays; an empty list of blocks removes them."""
    message = dict(posted.message)
    if given.get("text") is not None:
        if len(str(given["text"])) > UPDATED_TEXT_CHARACTERS:
            raise Refusal("msg_too_long")
        message["text"] = str(given["text"])
    for name, complete in (("blocks", _completed_blocks), ("attachments", _attachments)):
        if given.get(name) is not None:
            message[name] = complete(state, given[name])
            if not message[name]:
                del message[name]
    if given.get("metadata") is not None:
        message["metadata"] = _metadata(given["metadata"])
    if not message["text"] and not message.get("blocks") and not message.get("attachments"):
        raise Refusal("no_text")
    if not posted.only_for:
        message["edited"] = {"user": state.installed.bot_user_id, "ts": state.ids.ts()}
    changed = Posted(posted.channel, message, posted.only_for)
    (state.keep_ephemeral if posted.only_for else state.keep_message)(changed)
    return changed


def _completed_blocks(state: State, given: object) -> list[Json]:
    completed = blocks.message_blocks(given, state.ids.block)
    if blocks.text_characters(completed) + CHARACTERS_OF_A_BLOCK * (len(completed) - 1) > BLOCK_TEXT_CHARACTERS:
        raise Refusal("msg_blocks_too_long")
    return completed


def shown(state: State, posted: Posted, *, with_metadata: bool = False) -> Json:
    """A message as the Web API returns it, with the counts of its thread."""
    message = dict(posted.message)
    if not with_metadata:
        message.pop("metadata", None)
    replies = state.thread(posted.channel, posted.ts)
    if posted.thread_ts and posted.thread_ts != posted.ts:
        parent = state.messages[posted.channel].get(posted.thread_ts)
        message["parent_user_id"] = parent.message["user"] if parent else posted.message["user"]
    elif replies:
        people = list(dict.fromkeys(message.message["user"] for message in replies))
        message |= {
            "thread_ts": posted.ts,
            "reply_count": len(replies),
            "reply_users": people,
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
            "subscribed": False,
        }
    return message
