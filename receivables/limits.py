"""How many calls a package allows: so many in any window of time, and how they are shared out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `calls` in any `window`; reserved `block` at a time, for one `slot`.

    Where the slot is longer than the window, what is reserved is a rate: so many calls in each window of the slot.
    """

    name: str
    calls: int
    window: timedelta
    slot: timedelta
    block: int

    @property
    def is_rate(self) -> bool:
        return self.slot > self.window

    @property
    def slots(self) -> int:
        """How many slots a window can touch at most."""
        return 1 if self.is_rate else self.window // self.slot + 1

    def slot_at(self, moment: datetime) -> int:
        return (moment - _EPOCH) // self.slot

    def start_of(self, slot: int) -> datetime:
        return _EPOCH + slot * self.slot

    def usable_until(self, slot: int) -> datetime:
        """When what was reserved in a slot lapses; a rate rests for one window between two slots."""
        ends = self.start_of(slot + 1)
        return ends - self.window if self.is_rate else ends
