"""How often the app may call, as Slack limits it: messages in a channel, and each method in a minute by its tier.

Reaching a limit is answered with HTTP 429 and Retry-After in seconds; nothing is done.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

from workspace.refusal import Refusal

MINUTE = 60.0
# Slack's method pages: tier 2 is 20 calls a minute, tier 3 is 50, tier 4 is 100. What is not named here has a limit of its own
# that an app does not reach.
_CALLS_A_MINUTE: Mapping[str, int] = {
    **dict.fromkeys(("conversations.list", "users.list", "usergroups.list", "usergroups.users.list"), 20),
    **dict.fromkeys(
        (
            "chat.update",
            "chat.delete",
            "conversations.info",
            "conversations.open",
            "conversations.join",
            "conversations.history",
            "conversations.replies",
            "users.lookupByEmail",
            "team.info",
        ),
        50,
    ),
    **dict.fromkeys(("chat.postEphemeral", "conversations.members", "users.info"), 100),
    **dict.fromkeys(("views.open", "views.push", "views.update", "views.publish"), 100),
    **dict.fromkeys(("files.getUploadURLExternal", "files.completeUploadExternal"), 100),
}
READS = frozenset({"conversations.history", "conversations.replies"})


class Pace:
    """About one message per second and channel, Slack's limit for chat.postMessage, and the tiers; 0 switches both off.

    `reads_per_minute` is the limit of conversations.history and conversations.replies for a commercial app outside Slack's
    Marketplace, which is 1; 0 is that of every other app.
    """

    def __init__(self, now: Callable[[], float], messages_per_second: float) -> None:
        self._now = now
        self.messages_per_second = messages_per_second
        self.reads_per_minute = 0
        self._free_at: dict[str, float] = {}
        self._called: dict[tuple[str, str], deque[float]] = {}

    def admit(self, channel: str) -> None:
        """Raises Refusal ratelimited when a channel gets too many messages."""
        if not self.messages_per_second:
            return
        now = self._now()
        wait = self._free_at.get(channel, 0.0) - now
        if wait > 0:
            raise too_many(math.ceil(wait))
        self._free_at[channel] = now + 1.0 / self.messages_per_second

    def admit_call(self, team: str, method: str) -> None:
        """Raises Refusal ratelimited when a method was called too often within a minute."""
        most = self._most(method)
        if most is None:
            return
        now = self._now()
        called = self._called.setdefault((team, method), deque())
        while called and called[0] <= now - MINUTE:
            called.popleft()
        if len(called) >= most:
            raise too_many(math.ceil(called[0] + MINUTE - now))
        called.append(now)

    def _most(self, method: str) -> int | None:
        if self.reads_per_minute and method in READS:
            return self.reads_per_minute
        return _CALLS_A_MINUTE.get(method) if self.messages_per_second else None


def too_many(retry_after_seconds: int) -> Refusal:
    return Refusal("ratelimited", status=429, headers={"Retry-After": str(max(1, retry_after_seconds))})
