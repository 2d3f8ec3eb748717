"""What people do to channels and messages around the app: inviting and removing it, archiving, deleting; and to accounts.

The app is told of each where it subscribed to the event, as in Slack.
"""

from __future__ import annotations

from workspace.records import Channel, Posted
from workspace.web_api import Desk


def invite(desk: Desk, channel: Channel, by: str) -> bool:
    """Brings the app into a channel; False when it is there already."""
    app = desk.state.installed
    if app.bot_user_id in channel.members or not app.bot_token:
        return False
    channel.members.append(app.bot_user_id)
    desk.state.keep_channel(channel)
    inner = {"user": app.bot_user_id, "channel": channel.id, "channel_type": _letter(channel), "team": app.team_id, "inviter": by}
    desk.tell("member_joined_channel", {"type": "member_joined_channel", **inner})
    return True


def remove(desk: Desk, channel: Channel, by: str) -> bool:
    """Takes the app out of a channel; False when it is not there."""
    app = desk.state.installed
    if app.bot_user_id not in channel.members:
        return False
    channel.members.remove(app.bot_user_id)
    desk.state.keep_channel(channel)
    desk.tell("channel_left", {"type": "channel_left", "channel": channel.id, "actor_id": by})
    return True


def archive(desk: Desk, channel: Channel, by: str) -> None:
    channel.is_archived = True
    desk.state.keep_channel(channel)
    desk.tell("channel_archive", {"type": "channel_archive", "channel": channel.id, "user": by})


def unarchive(desk: Desk, channel: Channel, by: str) -> None:
    """The channel is used again. Archiving took the app out of it in Slack; it stays here, as after an invitation."""
    channel.is_archived = False
    desk.state.keep_channel(channel)
    desk.tell("channel_unarchive", {"type": "channel_unarchive", "channel": channel.id, "user": by})


def delete(desk: Desk, posted: Posted) -> None:
    """A person deletes a message, the app's own too."""
    desk.state.delete(posted)
    channel = desk.state.channels[posted.channel]
    if posted.only_for or desk.state.installed.bot_user_id not in channel.members:
        return
    kind = "im" if channel.im_with else "group" if channel.is_private else "channel"
    gone = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": posted.ts}
    inner = {**gone, "channel": channel.id, "channel_type": kind, "previous_message": posted.message}
    desk.tell(f"message.{kind}{'' if channel.im_with else 's'}", {**inner, "ts": desk.state.ids.ts()})


def deactivate(desk: Desk, person: str) -> None:
    """Switches an account off."""
    gone = desk.state.deactivate(person)
    user = {"id": gone.id, "team_id": desk.state.installed.team_id, "name": gone.name, "deleted": True}
    desk.tell("user_change", {"type": "user_change", "user": user, "cache_ts": int(desk.state.now())})


def _letter(channel: Channel) -> str:
    return "G" if channel.is_private else "C"
