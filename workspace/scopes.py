"""Which permission (scope) each method of the Web API and each event needs, as Slack's method pages say.

A method is refused as `missing_scope` unless the app's token has one of the scopes it needs; without its scope an event is never
sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from workspace.records import Channel

_OF_METHODS: Mapping[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "users.list": "users:read",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "team.info": "team:read",
}
_BY_PLACE: Mapping[str, str] = {
    "conversations.list": "read",
    "conversations.info": "read",
    "conversations.members": "read",
    "conversations.history": "history",
    "conversations.replies": "history",
}
_OF_EVENTS: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "member_joined_channel": "channels:read",
    "channel_left": "channels:read",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "user_change": "users:read",
}
_KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im"}
EMAIL, METADATA, ANY_CHANNEL, COMMANDS = "users:read.email", "metadata.message:read", "chat:write.public", "commands"
EVERY_SCOPE = tuple(
    sorted(
        {*_OF_METHODS.values(), *_OF_EVENTS.values(), EMAIL, METADATA, COMMANDS}
        | {f"{kind}:{what}" for kind in _KINDS.values() for what in ("read", "history")}
    )
)


def kind_of(channel: Channel) -> str:
    """Slack's word for what sort of place it is."""
    if channel.im_with:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def needed(method: str, kinds: list[str]) -> list[str]:
    """The scopes of which a call needs every one; `kinds` are those of the places it is about."""
    if method in _OF_METHODS:
        return [_OF_METHODS[method]]
    return [f"{_KINDS[kind]}:{_BY_PLACE[method]}" for kind in kinds if kind in _KINDS] if method in _BY_PLACE else []


def event_is_sent(name: str, subscribed: tuple[str, ...], granted: tuple[str, ...]) -> bool:
    """Whether the app is told of such an event."""
    return name in subscribed and _OF_EVENTS.get(name, "") in ("", *granted)
