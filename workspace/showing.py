"""What the page shows one person, and what tests read: the state as plain documents."""

from __future__ import annotations

from workspace.delivery import Delivery
from workspace.desks import Desks
from workspace.posting import shown
from workspace.records import Channel, Person, Posted
from workspace.refusal import Json
from workspace.state import State
from workspace.web_api import WebApi

MESSAGES_SHOWN = 200  # the latest of a channel; the page is no archive


def page(desks: Desks, delivery: Delivery, person: str, channel: str, thread_ts: str) -> Json:
    """Everything one person sees with one channel open. Unknown ids fall back to the first there is."""
    actors = {held: desk for desk in desks for held in desk.state.people if _can_act(desk.state, held)}
    there = (held for held, desk in actors.items() if channel in desk.state.channels)  # a link to a message names no person
    person = person if person in actors else next(there, next(iter(actors)))
    desk = actors[person]
    state = desk.state
    places = [place for place in state.channels.values() if person in place.members and place.im_with in ("", person)]
    place = next((place for place in places if place.id == channel), places[0])
    home = state.views.get(state.homes.get(person, ""))
    stack = state.open_modals.get(person, [])
    app = state.installed
    return {
        "team": app.team_name,
        "app": {
            "name": app.app_name,
            "bot_user_id": app.bot_user_id,
            "connected": bool(delivery.request_url) or delivery.connections > 0,
            "way": "signed requests" if delivery.request_url else "Socket Mode",
            "has_home": desk.seed.has_home_tab,
            "takes_messages": desk.seed.takes_messages,
        },
        "person": person,
        "people": [_person_shown(held.state, held.state.people[name]) for name, held in actors.items()],
        "names": {person.id: person.real_name for person in state.people.values()},
        "groups": {group.id: group.handle for group in state.groups.values()},
        "commands": [vars(command) for command in desk.seed.commands],
        "shortcuts": [vars(shortcut) for shortcut in desk.seed.shortcuts],
        "channels": [_place_shown(state, place, person) for place in places],
        "channel": place.id,
        "messages": _channel_messages(state, place, person),
        "thread": _thread(state, place, person, thread_ts) if thread_ts else None,
        "modal": state.views[stack[-1]].body if stack else None,
        "modal_depth": len(stack),
        "home": home.body if home else None,
    }


def _can_act(state: State, person: str) -> bool:
    return not state.people[person].is_bot and state.people[person].standing != "deactivated"


def _person_shown(state: State, person: Person) -> Json:
    app = state.installed
    guest = "guest" if "guest" in person.standing else ""
    title = ", ".join(part for part in (person.title, guest) if part)
    if person.is_stranger:
        title = f"{person.email.rpartition('@')[2]} · Slack Connect"
    return {"id": person.id, "name": person.name, "real_name": person.real_name, "title": title, "team": app.team_name}


def _place_shown(state: State, place: Channel, person: str) -> Json:
    name = state.installed.app_name if place.im_with else place.name
    return {
        "id": place.id,
        "name": name,
        "is_im": bool(place.im_with),
        "is_private": place.is_private,
        "is_archived": place.is_archived,
        "is_shared": state.is_shared(place),
        "has_app": state.installed.bot_user_id in place.members,
        "unread": state.unread(place.id, person),
    }


def _for_person(state: State, place: Channel, person: str) -> list[Posted]:
    private = [message for message in state.ephemerals.values() if message.channel == place.id and message.only_for == person]
    return sorted([*state.messages[place.id].values(), *private], key=lambda message: message.ts)


def _channel_messages(state: State, place: Channel, person: str) -> list[Json]:
    found = [message for message in _for_person(state, place, person) if not message.is_reply]
    return [_message(state, message) for message in found[-MESSAGES_SHOWN:]]


def _thread(state: State, place: Channel, person: str, thread_ts: str) -> list[Json]:
    return [
        _message(state, message) for message in _for_person(state, place, person) if thread_ts in (message.ts, message.thread_ts)
    ]


def _message(state: State, posted: Posted) -> Json:
    return {**shown(state, posted), "only_for_you": bool(posted.only_for)}


def everything(state: State, delivery: Delivery, api: WebApi) -> Json:
    """The whole state, for tests: by channel and person, with metadata, latest calls and deliveries."""
    return {
        "team": state.installed.team_id,
        "people": {person.name: person.id for person in state.people.values()},
        "channels": {channel.name or channel.im_with: channel.id for channel in state.channels.values()},
        "messages": {
            channel: [shown(state, message, with_metadata=True) for message in held.values()]
            for channel, held in state.messages.items()
        },
        "ephemerals": [
            {"channel": ephemeral.channel, "person": ephemeral.only_for, "message": ephemeral.message}
            for ephemeral in state.ephemerals.values()
        ],
        "modals": {person: [state.views[view].body for view in stack] for person, stack in state.open_modals.items() if stack},
        "homes": {person: state.views[view].body for person, view in state.homes.items()},
        "calls": list(api.calls),
        "deliveries": list(delivery.log),
        "connections": delivery.connections,
        "faults": api.faults.left(),
    }
