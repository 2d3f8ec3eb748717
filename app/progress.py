"""How fast something long goes, and how long it will still take, for people who watch a terminal."""

from __future__ import annotations

from receivables.ports import Clock

_MINUTE, _HOUR = 60, 3600


class Progress:
    """Of so many things; what was done before the first report tells nothing of how fast it goes now."""

    def __init__(self, of: int, clock: Clock) -> None:
        self._of = of
        self._clock = clock
        self._first: tuple[int, float] | None = None

    def said(self, done: int) -> str:
        """How far it has come: "120,000 of 1,000,000 payments, 4,100 a second, 3 min 35 s left"."""
        now = self._clock.monotonic()
        before, since = self._first = self._first or (done, now)
        far = f"{done:,} of {self._of:,} payments"
        if now <= since or done <= before:
            return far
        rate = (done - before) / (now - since)
        return f"{far}, {round(rate):,} a second, {in_words((self._of - done) / rate)} left"


def in_words(seconds: float) -> str:
    """A length of time in two units at most: "40 s", "3 min 35 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR:,} h {whole % _HOUR // _MINUTE} min"
