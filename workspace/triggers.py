"""Permission to open a modal: each interaction carries one, good for one use within three seconds, as in Slack."""

from __future__ import annotations

from dataclasses import dataclass

from workspace.refusal import Refusal
from workspace.state import State

TRIGGER_SECONDS = 3.0
KEPT = 500  # enough to tell an expired one from one that never was


@dataclass
class _Trigger:
    person: str
    issued_at: float
    used: bool = False


class Triggers:
    """Issues trigger ids and takes them back."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._issued: dict[str, _Trigger] = {}

    def issue(self, person: str) -> str:
        while len(self._issued) >= KEPT:
            self._issued.pop(next(iter(self._issued)))
        trigger_id = self._state.ids.trigger()
        self._issued[trigger_id] = _Trigger(person, self._state.now())
        return trigger_id

    def knows(self, trigger_id: str) -> bool:
        return trigger_id in self._issued

    def take(self, trigger_id: str) -> str:
        """The person who pressed. Raises Refusal: invalid_trigger_id, exchanged_trigger_id or expired_trigger_id."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if self._state.now() - trigger.issued_at > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger.person
