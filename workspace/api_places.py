"""Web API methods for people, groups and channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from workspace import posting, scopes
from workspace.records import Channel, Group, Person
from workspace.refusal import Json, Refusal
from workspace.web_api import Arguments, Desk, Method

PAGE = 100
LARGEST_PAGE = 1000
COLOURS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699")
Item = TypeVar("Item")


def conversations_list(desk: Desk, given: Arguments) -> Json:
    kinds = given.listed("types") or ["public_channel"]
    found = [
        channel
        for channel in desk.state.channels.values()
        if scopes.kind_of(channel) in kinds and not (given.flag("exclude_archived") and channel.is_archived)
    ]
    page, cursor = _page(found, given)
    return {"channels": [channel_shown(desk, channel) for channel in page], "response_metadata": {"next_cursor": cursor}}


def conversations_info(desk: Desk, given: Arguments) -> Json:
    return {"channel": channel_shown(desk, _channel(desk, given))}


def conversations_members(desk: Desk, given: Arguments) -> Json:
    page, cursor = _page(_channel(desk, given).members, given)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def conversations_open(desk: Desk, given: Arguments) -> Json:
    people = given.listed("users")
    if given.optional("channel"):
        return {"channel": {"id": _channel(desk, given).id}}
    if not people:
        raise Refusal("users_list_not_supplied")
    if len(people) > 1:
        raise Refusal("too_many_users")  # group messages are not played here
    person = desk.state.people.get(people[0])
    if person is None or person.is_bot:
        raise Refusal("user_not_found")
    if person.standing == "deactivated":
        raise Refusal("user_disabled")
    known = any(channel.im_with == people[0] for channel in desk.state.channels.values())
    channel = desk.state.direct_message(people[0])
    already = {"no_op": True, "already_open": True} if known else {}
    shown = channel_shown(desk, channel) if given.flag("return_im") else {"id": channel.id}
    return {**already, "channel": shown}


def conversations_join(desk: Desk, given: Arguments) -> Json:
    channel = _channel(desk, given)
    if channel.im_with or channel.is_private:
        raise Refusal("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refusal("is_archived")
    bot = desk.state.installed.bot_user_id
    if bot in channel.members:
        warnings = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {"channel": channel_shown(desk, channel), **warnings}
    channel.members.append(bot)
    desk.state.keep_channel(channel)
    return {"channel": channel_shown(desk, channel)}


def _channel(desk: Desk, given: Arguments) -> Channel:
    return posting.channel_named(desk.state, given.text("channel"), must_be_member=False)


def channel_shown(desk: Desk, channel: Channel) -> Json:
    """A channel as the Web API returns it; a direct message has fewer fields, as there."""
    if channel.im_with:
        return {
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.is_archived,
            "is_im": True,
            "is_org_shared": False,
            "user": channel.im_with,
            "is_user_deleted": False,
            "priority": 0,
        }
    shared = desk.state.is_shared(channel)
    nothing_said = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": False,
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_org_shared": False,
        "pending_shared": [],
        "is_pending_ext_shared": False,
        "is_member": desk.state.installed.bot_user_id in channel.members,
        "created": channel.created,
        "creator": channel.creator,
        "unlinked": 0,
        "topic": nothing_said,
        "purpose": nothing_said,
        "previous_names": [],
        "num_members": len(channel.members),
    }


def users_list(desk: Desk, given: Arguments) -> Json:
    page, cursor = _page(list(desk.state.people.values()), given)
    members = [person_shown(desk, person) for person in page]
    return {"members": members, "cache_ts": int(desk.state.now()), "response_metadata": {"next_cursor": cursor}}


def users_info(desk: Desk, given: Arguments) -> Json:
    person = desk.state.people.get(given.text("user"))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": person_shown(desk, person)}


def users_lookup_by_email(desk: Desk, given: Arguments) -> Json:
    email = given.text("email").lower()
    for person in desk.state.people.values():
        if person.email.lower() == email and person.standing != "deactivated" and not person.is_stranger:
            return {"user": person_shown(desk, person)}
    raise Refusal("users_not_found")


def person_shown(desk: Desk, person: Person) -> Json:
    """A person as the Web API returns them: less of one whose account is off, and of a stranger."""
    app = desk.state.installed
    shown: Json = {
        "id": person.id,
        "team_id": person.home_id if person.is_stranger else app.team_id,
        "name": person.name,
        "deleted": person.standing == "deactivated",
        "profile": _profile(desk, person),
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": app.created,
    }
    if app.enterprise_id and not person.is_bot and not person.is_stranger:
        shown["enterprise_user"] = {
            "id": person.id,
            "enterprise_id": app.enterprise_id,
            "enterprise_name": app.enterprise_name,
            "is_admin": False,
            "is_owner": False,
            "teams": [person.home_id if person.home_id.startswith("T") else app.team_id],
        }
    if person.standing == "deactivated":
        return shown
    shown |= {
        "color": COLOURS[sum(map(ord, person.id)) % len(COLOURS)],
        "real_name": person.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.standing in ("guest", "single_channel_guest"),
        "is_ultra_restricted": person.standing == "single_channel_guest",
    }
    if person.is_stranger:
        return {**shown, "is_stranger": True}
    return shown if person.is_bot else {**shown, "is_email_confirmed": person.email_confirmed}


def _profile(desk: Desk, person: Person) -> Json:
    app = desk.state.installed
    first, _, last = person.real_name.partition(" ")
    profile: Json = {
        "title": person.title,
        "phone": "",
        "skype": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "fields": None,
        "status_text": "",
        "status_emoji": "",
        "avatar_hash": "",
        "first_name": first,
        "last_name": last,
        "team": person.home_id if person.is_stranger else app.team_id,
    }
    if person.is_bot:
        return profile | {"api_app_id": app.app_id, "bot_id": app.bot_id, "always_active": True}
    sees_email = scopes.EMAIL in app.scopes and not person.is_stranger
    return profile | ({"email": person.email} if sees_email else {})


def usergroups_list(desk: Desk, given: Arguments) -> Json:
    return {"usergroups": [_group_shown(desk, group, given.flag("include_users")) for group in desk.state.groups.values()]}


def usergroups_users_list(desk: Desk, given: Arguments) -> Json:
    group = desk.state.groups.get(given.text("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group.people)}


def _group_shown(desk: Desk, group: Group, with_people: bool) -> Json:
    app = desk.state.installed
    creator = next((person.id for person in desk.state.people.values() if not person.is_bot), app.bot_user_id)
    return {
        "id": group.id,
        "team_id": app.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": app.created,
        "date_update": app.created,
        "date_delete": 0,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": creator,
        "updated_by": creator,
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "user_count": len(group.people),
        **({"users": list(group.people)} if with_people else {}),
    }


def _page(found: list[Item], given: Arguments) -> tuple[list[Item], str]:
    """One page and the cursor of the next, which is its position."""
    cursor = given.optional("cursor")
    if cursor and not cursor.isdigit():
        raise Refusal("invalid_cursor")
    begin, limit = int(cursor or 0), given.limit(PAGE, LARGEST_PAGE)
    return found[begin : begin + limit], str(begin + limit) if len(found) > begin + limit else ""


METHODS: Mapping[str, Method] = {
    "conversations.list": conversations_list,
    "conversations.info": conversations_info,
    "conversations.members": conversations_members,
    "conversations.open": conversations_open,
    "conversations.join": conversations_join,
    "users.list": users_list,
    "users.info": users_info,
    "users.lookupByEmail": users_lookup_by_email,
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroups_users_list,
}
