"""What the page shows one person, and what tests read: the state as plain documents."""

from __future__ import annotations

from workspace.delivery import Delivery
from workspace.posting import shown
from workspace.records import Channel, Posted
from workspace.refusal import Json
from workspace.seed import Seed
from workspace.state import State
from workspace.web_api import WebApi

MESSAGES_SHOWN = 200  # the latest of a channel; the page is no archive


def page(state: State, delivery: Delivery, seed: Seed, person: str, channel: str, thread_ts: str) -> Json:
    """Everything one person sees with one channel open. Unknown ids fall back to the first there is."""
    people = [one for one in state.people.values() if not one.is_bot]
    person = person if person in {one.id for one in people} else people[0].id
    places = [one for one in state.channels.values() if person in one.members and (not one.im_with or one.im_with == person)]
    place = next((one for one in places if one.id == channel), places[0])
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
        },
        "person": person,
        "people": [{"id": one.id, "name": one.name, "real_name": one.real_name, "title": one.title} for one in people],
        "names": {one.id: one.real_name for one in state.people.values()},
        "groups": {one.id: one.handle for one in state.groups.values()},
        "commands": [vars(one) for one in seed.commands],
        "channels": [_place_shown(state, one, person) for one in places],
        "channel": place.id,
        "messages": _channel_messages(state, place, person),
        "thread": _thread(state, place, person, thread_ts) if thread_ts else None,
        "modal": state.views[stack[-1]].body if stack else None,
        "modal_depth": len(stack),
        "home": home.body if home else None,
    }


def _place_shown(state: State, place: Channel, person: str) -> Json:
    name = state.installed.app_name if place.im_with else place.name
    return {"id": place.id, "name": name, "is_im": bool(place.im_with), "unread": state.unread(place.id, person)}


def _for_person(state: State, place: Channel, person: str) -> list[Posted]:
    private = [one for one in state.ephemerals.values() if one.channel == place.id and one.only_for == person]
    return sorted([*state.messages[place.id].values(), *private], key=lambda one: one.ts)


def _channel_messages(state: State, place: Channel, person: str) -> list[Json]:
    found = [one for one in _for_person(state, place, person) if not one.is_reply]
    return [_message(state, one) for one in found[-MESSAGES_SHOWN:]]


def _thread(state: State, place: Channel, person: str, thread_ts: str) -> list[Json]:
    return [_message(state, one) for one in _for_person(state, place, person) if thread_ts in (one.ts, one.thread_ts)]


def _message(state: State, posted: Posted) -> Json:
    return {**shown(state, posted), "only_for_you": bool(posted.only_for)}


def everything(state: State, delivery: Delivery, api: WebApi) -> Json:
    """The whole state, for tests: by channel and person, with metadata, latest calls and deliveries."""
    return {
        "team": state.installed.team_id,
        "people": {one.name: one.id for one in state.people.values()},
        "channels": {one.name or one.im_with: one.id for one in state.channels.values()},
        "messages": {
            channel: [shown(state, one, with_metadata=True) for one in held.values()] for channel, held in state.messages.items()
        },
        "ephemerals": [
            {"channel": one.channel, "person": one.only_for, "message": one.message} for one in state.ephemerals.values()
        ],
        "modals": {person: [state.views[one].body for one in stack] for person, stack in state.open_modals.items() if stack},
        "homes": {person: state.views[view].body for person, view in state.homes.items()},
        "calls": list(api.calls),
        "deliveries": list(delivery.log),
        "connections": delivery.connections,
        "faults": api.faults.left(),
    }
