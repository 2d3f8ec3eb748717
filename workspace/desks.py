"""The teams of one practice workspace: which of them a call, a person or a place belongs to.

All of them have the same app. Each has its own people, channels and messages, and its own bot token; an app installed for a whole
organization has one token for all teams of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workspace.web_api import Desk

_PLACES = ("team_id", "channel", "channel_id", "channels", "user", "user_id", "users", "view_id", "trigger_id", "usergroup")


class Desks:
    """The desk of each team; the first is that of the workspace itself."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        self._desks = tuple(desks)
        self.first = self._desks[0]

    def __iter__(self) -> Iterator[Desk]:
        return iter(self._desks)

    def of_token(self, token: str, given: Mapping[str, Any]) -> Desk | None:
        """The team that a bot token is for; with an organization's token, the one that the call is about."""
        found = [desk for desk in self._desks if token and desk.state.installed.bot_token == token]
        named = [str(given[name]) for name in _PLACES if given.get(name)]
        return next((desk for desk in found for name in named if desk.knows(name)), found[0] if found else None)

    def of(self, name: str) -> Desk:
        """The team that knows a person, channel, file, or its own id; the first when none does."""
        return next((desk for desk in self._desks if name and desk.knows(name)), self.first)
