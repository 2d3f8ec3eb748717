"""How fast messages leave, a little slower than Slack allows, so that a run in which nothing goes wrong is never told to wait."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from receivables.ports import Clock

#: Slack allows about one a second in each channel. Counted from its answer: calls take longer now and then, and one that was
#: slow on its way must not stand less than a second before the next.
SECONDS_BETWEEN_MESSAGES = 1.02
REWRITES_A_MINUTE = 48  # of the 50 that Slack allows a workspace
MINUTE = 60.0
BEHIND_SECONDS = 0.05  # what waits for another message comes due after it, so that the order stays


@dataclass
class Pace:
    """Of one process in one workspace."""

    clock: Clock
    _free_at: dict[str, float] = field(default_factory=dict)  # channel, or the whole workspace -> monotonic seconds
    _rewritten: deque[float] = field(default_factory=lambda: deque(maxlen=REWRITES_A_MINUTE))

    def seconds_to_wait(self, *places: str, rewrites: bool) -> float:
        """Until all of these are free; 0.0 is now."""
        now = self.clock.monotonic()
        until = max(self._free_at.get(place, 0.0) for place in places)
        if rewrites and len(self._rewritten) == REWRITES_A_MINUTE:
            until = max(until, self._rewritten[0] + MINUTE)
        return until - now + BEHIND_SECONDS if until > now else 0.0

    def answered(self, place: str) -> None:
        """Slack just answered a message there."""
        self.leave_alone(place, SECONDS_BETWEEN_MESSAGES)

    def rewrites(self) -> None:
        """A message is about to be rewritten."""
        self._rewritten.append(self.clock.monotonic())

    def leave_alone(self, place: str, seconds: float) -> None:
        """Nothing is sent there for so long, or longer where that was said before."""
        self._free_at[place] = max(self._free_at.get(place, 0.0), self.clock.monotonic() + seconds)
