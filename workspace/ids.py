"""Identities of the shape Slack gives them, so that nothing in a bot can depend on ours being shorter or nicer.

Everything comes from one source of random bytes and one clock, both handed in; with a seeded source a whole
workspace repeats itself.
"""

from __future__ import annotations

from collections.abc import Callable

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MICROSECONDS = 1_000_000


class IdMaker:
    """Makes ids: T… teams, U… people, C… channels, D… direct messages, V… views, F… files, Ev… events."""

    def __init__(self, now: Callable[[], float], random_bytes: Callable[[int], bytes], last_ts: str = "0.0") -> None:
        self._now = now
        self._random_bytes = random_bytes
        self._last = _microseconds(last_ts)

    def make(self, prefix: str) -> str:
        """An id such as U07QK3M5Z8T: the prefix, a zero, nine capitals or digits."""
        return f"{prefix}0{self._text(_CAPITALS, 9)}"

    def ts(self) -> str:
        """The time of a message and its identity: later than every one before it, even within a microsecond."""
        self._last = max(int(self._now() * _MICROSECONDS), self._last + 1)
        return f"{self._last // _MICROSECONDS:010d}.{self._last % _MICROSECONDS:06d}"

    def trigger(self) -> str:
        return f"{self._digits(13)}.{self._digits(12)}.{self.secret(16)}"

    def token(self, kind: str) -> str:
        """A token of the kind "xoxb" (the bot's) or "xapp" (Socket Mode's)."""
        middle = "1-" if kind == "xapp" else ""
        return f"{kind}-{middle}{self._digits(12)}-{self._digits(13)}-{self._text(_LETTERS, 24)}"

    def secret(self, size_bytes: int) -> str:
        return self._random_bytes(size_bytes).hex()

    def envelope(self) -> str:
        """The shape of a random UUID: the 4 and the 8 say that it is one."""
        digits = self.secret(16)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def block(self) -> str:
        """What Slack puts in for a block_id or action_id that the app left out."""
        return self._text(_LETTERS, 5)

    def view_hash(self) -> str:
        return f"{int(self._now())}.{self._text(_LETTERS, 8)}"

    def _text(self, alphabet: str, length: int) -> str:
        return "".join(alphabet[byte % len(alphabet)] for byte in self._random_bytes(length))

    def _digits(self, length: int) -> str:
        return "1" + self._text("0123456789", length - 1)


def _microseconds(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * _MICROSECONDS + int(fraction.ljust(6, "0")[:6])
