"""Slack's Web API as far as a bot needs it: checks the token, reads the arguments, calls the method, answers.

The methods themselves are in api_messages, api_places and api_views. Answers have Slack's shape and refusals
Slack's names; anything not played here is refused as `unknown_method`, never answered with a pretended ok.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from workspace.faults import Faults
from workspace.posting import Pace
from workspace.refusal import Json, Refusal
from workspace.state import State
from workspace.triggers import Triggers

CALLS_KEPT = 1000
APP_TOKEN_METHODS = frozenset({"apps.connections.open"})


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
    """What the methods need: the state, the pace, the triggers, where the workspace is reached."""

    def __init__(self, state: State, pace: Pace, triggers: Triggers) -> None:
        self.state = state
        self.pace = pace
        self.triggers = triggers
        self.url = ""  # set once the port is known
        self.tickets: set[str] = set()  # for Socket Mode connections not yet made


Method = Callable[[Desk, Arguments], Json]


class WebApi:
    """Answers calls. `calls` remembers the latest ones: method, and the error if it was refused."""

    def __init__(self, desk: Desk, faults: Faults, methods: Mapping[str, Method]) -> None:
        self._desk = desk
        self._methods = methods
        self.faults = faults
        self.calls: deque[Json] = deque(maxlen=CALLS_KEPT)

    def call(self, method: str, token: str, given: Mapping[str, Any]) -> Json:
        """The answer's body. Raises Refusal."""
        self._check(method, token)
        return {"ok": True, **self._methods[method](self._desk, Arguments(given))}

    def remember(self, method: str, error: str = "", given: Mapping[str, Any] | None = None) -> None:
        channel = str((given or {}).get("channel", ""))
        self.calls.append({"method": method, "ok": not error, "error": error, "channel": channel, "at": self._desk.state.now()})

    def _check(self, method: str, token: str) -> None:
        app = self._desk.state.installed
        if not token and method != "api.test":
            raise Refusal("not_authed")
        if token and token not in (app.bot_token, app.app_token):
            raise Refusal("invalid_auth")
        if method not in self._methods:
            raise Refusal("unknown_method")
        if method != "api.test" and (token == app.app_token) != (method in APP_TOKEN_METHODS):
            raise Refusal("not_allowed_token_type")


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
