"""Slack's Web API as far as a bot needs it: checks the token, reads the arguments, calls the method, answers.

The methods themselves are in api_apps, api_messages, api_places and api_views. Answers have Slack's shape and refusals
Slack's names; anything not played here is refused as `unknown_method`, never answered with a pretended ok.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workspace import scopes
from workspace.faults import Faults
from workspace.pace import Pace
from workspace.refusal import Json, Refusal
from workspace.seed import Seed
from workspace.state import State
from workspace.triggers import Triggers

if TYPE_CHECKING:
    from workspace.desks import Desks
    from workspace.oauth import Grants

CALLS_KEPT = 1000
APP_TOKEN_METHODS = frozenset({"apps.connections.open"})
WITHOUT_TOKEN = frozenset({"api.test", "oauth.v2.access"})


class Arguments:
    """The arguments of one call, from a form or a JSON body. Reading a missing required one raises Refusal."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.held = held

    def text(self, name: str) -> str:
        """A required argument."""
        if self.held.get(name) in (None, ""):
            raise Refusal("invalid_arguments", problems=[f"missing required field: {name}"])
        return str(self.held[name])

    def optional(self, name: str) -> str:
        return str(self.held.get(name) or "")

    def flag(self, name: str) -> bool:
        return str(self.held.get(name, "")).lower() in ("1", "true")

    def limit(self, default: int, most: int) -> int:
        given = self.optional("limit")
        if given and not given.isdigit():
            raise Refusal("invalid_limit")
        return min(int(given or default) or default, most)

    def listed(self, name: str) -> list[str]:
        """Names joined by commas, or a list."""
        given = self.held.get(name) or []
        return [str(item) for item in given] if isinstance(given, list) else [item for item in str(given).split(",") if item]

    def document(self, name: str) -> Any:
        """A required JSON argument; forms carry it as text."""
        given = self.held.get(name)
        if given in (None, ""):
            raise Refusal("invalid_arguments", problems=[f"missing required field: {name}"])
        if not isinstance(given, str):
            return given
        try:
            return json.loads(given)
        except ValueError as error:
            raise Refusal("invalid_arguments", problems=[f"{name} is not JSON"]) from error


class Desk:
    """What the methods need of one team: the state, the pace, the triggers, where the workspace is reached.

    `tell` sends an event to the app, where it subscribed to it: its name, then the event itself.
    """

    def __init__(self, state: State, seed: Seed, pace: Pace, url: str, tell: Callable[[State, Json], None]) -> None:
        self.state = state
        self.seed = seed
        self.pace = pace
        self.triggers = Triggers(state)
        self.url = url
        self.tickets: set[str] = set()  # for Socket Mode connections not yet made
        self._tell = tell

    def tell(self, name: str, inner: Json) -> None:
        """An event that happened now; one that the app did not subscribe to, or has no scope for, is never sent."""
        if scopes.event_is_sent(name, self.seed.events, self.state.installed.scopes):
            self._tell(self.state, {"event_ts": self.state.ids.ts(), **inner})

    def knows(self, name: str) -> bool:
        """Whether this is an id of something here."""
        state = self.state
        held = (state.people, state.channels, state.views, state.groups, state.files)
        return name == state.installed.team_id or any(name in kind for kind in held) or self.triggers.knows(name)


Method = Callable[[Desk, Arguments], Json]


class WebApi:
    """Answers calls. `calls` remembers the latest ones: method, and the error if it was refused."""

    def __init__(self, desks: Desks, faults: Faults, methods: Mapping[str, Method], grants: Grants) -> None:
        self._desks = desks
        self._methods = methods
        self._grants = grants
        self.faults = faults
        self.calls: deque[Json] = deque(maxlen=CALLS_KEPT)

    def call(self, method: str, token: str, given: Mapping[str, Any]) -> tuple[Json, dict[str, str]]:
        """The answer's body and headers. Raises Refusal."""
        if method == "oauth.v2.access":
            return {"ok": True, **self._grants.exchange(given)}, {}
        desk = self._desk(method, token, given)
        held = Arguments(given)
        needed = scopes.needed(method, kinds_of(desk, method, held))
        granted = desk.state.installed.scopes
        headers = {"X-OAuth-Scopes": ",".join(granted)} | ({"X-Accepted-OAuth-Scopes": ",".join(needed)} if needed else {})
        if not set(needed) <= set(granted):
            more = {"needed": ",".join(needed), "provided": ",".join(granted)}
            raise Refusal("missing_scope", headers=headers, more=more)
        desk.pace.admit_call(desk.state.installed.team_id, method)
        return {"ok": True, **self._methods[method](desk, held)}, headers

    def remember(self, method: str, error: str = "", given: Mapping[str, Any] | None = None) -> None:
        channel = str((given or {}).get("channel", ""))
        at = self._desks.first.state.now()
        self.calls.append({"method": method, "ok": not error, "error": error, "channel": channel, "at": at})

    def _desk(self, method: str, token: str, given: Mapping[str, Any]) -> Desk:
        first = self._desks.first
        app_token = first.state.installed.app_token
        if not token and method not in WITHOUT_TOKEN:
            raise Refusal("not_authed")
        desk = first if token == app_token else self._desks.of_token(token, given)
        if token and desk is None:
            revoked = any(token in other.state.installed.revoked for other in self._desks)
            raise Refusal("account_inactive" if revoked else "invalid_auth")
        if method not in self._methods:
            raise Refusal("unknown_method")
        if method not in WITHOUT_TOKEN and (token == app_token) != (method in APP_TOKEN_METHODS):
            raise Refusal("not_allowed_token_type")
        return desk or first


def kinds_of(desk: Desk, method: str, given: Arguments) -> list[str]:
    """What sort of places a call is about, as far as its scope depends on it."""
    if method == "conversations.list":
        return given.listed("types") or ["public_channel"]
    channel = desk.state.channels.get(given.optional("channel"))
    return [scopes.kind_of(channel) if channel else "public_channel"]


def arguments_of(content_type: str, body: bytes, form: Mapping[str, Any], query: Mapping[str, str]) -> Json:
    """What a call was given, whichever way it was sent. Raises Refusal: invalid_json or json_not_object."""
    held: Json = dict(query)
    if "json" in content_type:
        try:
            given = json.loads(body or b"{}")
        except ValueError as error:
            raise Refusal("invalid_json") from error
        if not isinstance(given, dict):
            raise Refusal("json_not_object")
        return held | given
    return held | dict(form)
