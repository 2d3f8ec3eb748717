"""The response_url of an interaction: the app may answer there five times within thirty minutes, without a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace import posting
from workspace.records import Posted, ReplyAddress
from workspace.refusal import Refusal
from workspace.state import State

USES = 5
VALID_SECONDS = 30 * 60.0


def issue(state: State, url: str, kind: str, channel: str, person: str, posted: Posted | None = None) -> str:
    """A new address. `kind` is "actions" or "commands", as in Slack's own."""
    key = state.ids.secret(16)
    address = ReplyAddress(key, channel, person, state.now() + VALID_SECONDS, USES)
    if posted:
        address.message_ts, address.thread_ts = posted.ts, posted.thread_ts
    state.keep_reply_address(address)
    return f"{url}/{kind}/{state.installed.team_id}/{state.ids.ts().replace('.', '')}/{key}"


def use(state: State, key: str, given: Mapping[str, Any]) -> None:
    """Posts, replaces or deletes what the app says. Raises Refusal: used_url, expired_url, or as chat.postMessage."""
    address = state.replies.get(key)
    if address is None or state.now() > address.expires_at:
        raise Refusal("expired_url", status=404)
    if address.uses_left <= 0:
        raise Refusal("used_url", status=404)
    _answer(state, address, given)
    address.uses_left -= 1
    state.keep_reply_address(address)


def _answer(state: State, address: ReplyAddress, given: Mapping[str, Any]) -> None:
    posted = state.find(address.channel, address.message_ts) if address.message_ts else None
    if _yes(given.get("delete_original")):
        if posted is None:
            raise Refusal("message_not_found", status=404)
        state.delete(posted)
    elif _yes(given.get("replace_original")) and posted:
        posting.changed_message(state, posted, given)
    else:
        post_answer(state, address.channel, address.person, given)


def post_answer(state: State, channel: str, person: str, given: Mapping[str, Any]) -> None:
    """To the channel when the app says so, else to the one person."""
    place = state.channels[channel]
    message = posting.app_message(state, given, place)
    if given.get("response_type") == "in_channel":
        state.post(channel, message)
    else:
        state.post_ephemeral(channel, person, message)


def _yes(given: object) -> bool:
    return str(given).lower() == "true"
