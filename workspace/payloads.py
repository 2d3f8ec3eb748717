"""What Slack tells an app about what a person did: the payloads, key for key as captured from the real service.

Left out are only the keys of features not played here (workflow functions). Where the app is installed for a whole organization,
`team` is null and only the organization is named, as in Slack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace.posting import shown
from workspace.records import Channel, Posted, ShownView
from workspace.refusal import Json
from workspace.state import State

_PRESSED_FIELDS = ("text", "value", "style", "url", "placeholder", "initial_option", "initial_options", "confirm")


def _common(state: State, kind: str, person: str) -> Json:
    app, somebody = state.installed, state.people[person]
    organization = {"enterprise_id": app.enterprise_id, "enterprise_name": app.enterprise_name} if app.enterprise_id else {}
    home = somebody.home_id or app.team_id
    return {
        "type": kind,
        "user": {"id": person, "username": somebody.name, "name": somebody.name, "team_id": home},
        "api_app_id": app.app_id,
        "token": app.verification_token,
        "team": None if app.for_organization else {"id": app.team_id, "domain": app.domain, **organization},
        "enterprise": {"id": app.enterprise_id, "name": app.enterprise_name} if app.enterprise_id else None,
        "is_enterprise_install": app.for_organization,
    }


def _viewed(state: State, kind: str, view: ShownView) -> Json:
    """The same for a window. Somebody of another workspace opens it in their own; where the app is installed says only
    `view.app_installed_team_id`.
    """
    told = _common(state, kind, view.person)
    person = state.people[view.person]
    if not person.home_id.startswith("T"):
        return told
    sister = state.installed if not person.is_stranger else None
    organization = {"enterprise_id": sister.enterprise_id, "enterprise_name": sister.enterprise_name} if sister else {}
    told["team"] = {"id": person.home_id, "domain": person.email.rpartition("@")[2].partition(".")[0], **organization}
    return told if sister else {**told, "enterprise": None}


def action(state: State, element: Mapping[str, Any], block_id: str, choice: Mapping[str, Any]) -> Json:
    """One press or choice: the element as the app posted it, and what was chosen."""
    told = {name: element[name] for name in _PRESSED_FIELDS if name in element}
    identity = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id}
    return {**identity, **told, **choice, "action_ts": state.ids.ts()}


def message_action(
    state: State, person: str, posted: Posted, pressed: Json, values: Json, trigger_id: str, response_url: str
) -> Json:
    """block_actions from a message. As in Slack, an ephemeral message itself is not repeated in it."""
    channel = state.channels[posted.channel]
    container: Json = {
        "type": "message",
        "message_ts": posted.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(posted.only_for),
    }
    if posted.thread_ts:
        container["thread_ts"] = posted.thread_ts
    message = {} if posted.only_for else {"message": shown(state, posted)}
    return {
        **_common(state, "block_actions", person),
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        **message,
        "state": {"values": values},
        "response_url": response_url,
        "actions": [pressed],
    }


def view_action(state: State, view: ShownView, pressed: Json, values: Json, trigger_id: str) -> Json:
    """block_actions from a modal or a home tab."""
    return {
        **_viewed(state, "block_actions", view),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger_id,
        "view": {**view.body, "state": {"values": values}},
        "actions": [pressed],
    }


def view_submission(state: State, view: ShownView, values: Json, trigger_id: str) -> Json:
    return {
        **_viewed(state, "view_submission", view),
        "trigger_id": trigger_id,
        "view": {**view.body, "state": {"values": values}},
        "response_urls": [],
    }


def view_closed(state: State, view: ShownView, *, all_of_them: bool) -> Json:
    return {**_viewed(state, "view_closed", view), "view": view.body, "is_cleared": all_of_them}


def slash_command(
    state: State, person: str, channel: Channel, command: str, text: str, trigger_id: str, response_url: str
) -> dict[str, str]:
    """A slash command; a form in Slack, so that every value is text."""
    app = state.installed
    return {
        "token": app.verification_token,
        "team_id": app.team_id,
        "team_domain": app.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person,
        "user_name": state.people[person].name,
        "command": command,
        "text": text,
        "api_app_id": app.app_id,
        "is_enterprise_install": str(app.for_organization).lower(),
        **({"enterprise_id": app.enterprise_id, "enterprise_name": app.enterprise_name} if app.enterprise_id else {}),
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def shortcut(state: State, person: str, callback_id: str, trigger_id: str) -> Json:
    """A shortcut used from anywhere: it says who, never where."""
    return {
        **_common(state, "shortcut", person),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "action_ts": state.ids.ts(),
    }


def message_shortcut(state: State, person: str, posted: Posted, callback_id: str, trigger_id: str, response_url: str) -> Json:
    """A shortcut used from the menu of a message."""
    channel = state.channels[posted.channel]
    return {
        **_common(state, "message_action", person),
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message_ts": posted.ts,
        "message": shown(state, posted),
        "action_ts": state.ids.ts(),
    }


def event(state: State, inner: Json) -> Json:
    """The envelope of an event."""
    app = state.installed
    authorization = {
        "enterprise_id": app.enterprise_id or None,
        "team_id": None if app.for_organization else app.team_id,
        "user_id": app.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": app.for_organization,
    }
    channel = state.channels.get(str(inner.get("channel")))
    return {
        "token": app.verification_token,
        "team_id": app.team_id,
        **({"enterprise_id": app.enterprise_id} if app.enterprise_id else {}),
        "api_app_id": app.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": state.ids.make("Ev"),
        "event_time": int(state.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": bool(channel and state.is_shared(channel)),
        "event_context": f"4-{state.ids.secret(24)}",
    }


def channel_name(channel: Channel) -> str:
    return "directmessage" if channel.im_with else channel.name
