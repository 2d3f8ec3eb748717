"""What this process has seen with its own eyes, timed by its own monotonic clock; a restart forgets all of it.

A wall clock may be set at any moment, and those of two machines never agree. So a lease that another process holds is
over, and a write that was sent is proven absent, only when this process has watched it unchanged for long enough.
PostgreSQL may say of a lease that it is over, by its own clock. Never: a monotonic moment in the database.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.ports import Clock

JUMP_SECONDS = 60.0  # a wall clock that moved by more than this against the monotonic one was set by somebody
THINGS_REMEMBERED = 20_000  # far more than is ever in flight; what is forgotten is watched again, which is always safe


class Sending(Protocol):
    """A write that was sent: the how-manieth sending it is tells it from those before."""

    @property
    def id(self) -> str: ...

    @property
    def sendings(self) -> int: ...

    @property
    def deadline_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Absence:
    """Proof that a sending was never carried out: watched for its whole window, then asked for, and not in the books.

    Only `Watch.absence` makes one, and nothing that may have left is sent again, refused or given up without it.
    """

    effect_id: str
    sendings: int
    watched_seconds: float


class Watch:
    """The eyes of one process. Moments are monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Hashable, tuple[Hashable, float]] = {}
        self._last = clock.now(), clock.monotonic()
        self._jumps = 0
        self._checked: dict[str, int] = {}  # company to the jumps after which its books were read
        self._jump_seconds: float = 0

    def moment(self) -> float:
        """Now. Taken before a question is asked, because that moment is what the answer proves."""
        return self._clock.monotonic()

    def saw(self, thing: Hashable, state: Hashable, at: float | None = None) -> None:
        """Remembers since when a thing is seen as it is: since now, or since `at`. Told again, it keeps its moment."""
        if self._seen.get(thing, (None, 0))[0] != state:
            if len(self._seen) >= THINGS_REMEMBERED:
                self._seen.clear()
            self._seen[thing] = state, self.moment() if at is None else at

    def watched_seconds(self, thing: Hashable, state: Hashable, until: float) -> float:
        """How long, until that moment, the thing was seen in this state. Zero where it never was, or was in another."""
        seen, since = self._seen.get(thing, (None, until))
        return max(until - since, 0) if seen == state else 0

    # --- sendings -----------------------------------------------------------------------------------------------------

    def saw_sending(self, sending: Sending, at: float | None = None) -> None:
        """Remembers since when this process knows of a sending."""
        self.saw(("sending", sending.id), sending.sendings, at)

    def seconds_missing(self, sending: Sending, asked: float, window_seconds: float) -> float:
        """How much of the window was still to come when the books were asked at that moment."""
        return window_seconds - self.watched_seconds(("sending", sending.id), sending.sendings, asked)

    def absence(self, sending: Sending, asked: float, window_seconds: float) -> Absence | None:
        """The proof, where the books were asked after the whole window had been watched and held nothing of it."""
        if self.seconds_missing(sending, asked, window_seconds) > 0:
            return None
        watched = self.watched_seconds(("sending", sending.id), sending.sendings, asked)
        return Absence(sending.id, sending.sendings, watched)

    # --- a clock that is set --------------------------------------------------------------------------------------------

    def jump_seconds(self, company: str) -> float:
        """By how much the wall clock was set (negative: back), while the company's books were not read since; else zero."""
        wall, ran = self._clock.now(), self._clock.monotonic()
        jump = (wall - self._last[0]).total_seconds() - (ran - self._last[1])
        self._last = wall, ran
        if abs(jump) > JUMP_SECONDS:
            self._jumps += 1
            self._jump_seconds = jump
        return self._jump_seconds if self._checked.get(company, 0) < self._jumps else 0

    def checked_after_jump(self, company: str) -> None:
        """The books were read for everything in flight: the company's writes may be sent again."""
        self._checked[company] = self._jumps


# --- leases as rows ---------------------------------------------------------------------------------------------------


def lease_end(connection: Connection, at: datetime, seconds: float) -> datetime | sa.ColumnElement[datetime]:
    """When a lease taken now ends, by the database's clock where it has one; on SQLite a word for people, never compared."""
    if connection.dialect.name != "postgresql":
        return at + timedelta(seconds=seconds)
    return _database_clock() + sa.literal(timedelta(seconds=seconds), sa.Interval)


def lease_ended(connection: Connection, lease_until: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
    """Whether nobody holds it, or the database's own clock says that the lease is over."""
    if connection.dialect.name != "postgresql":
        return lease_until.is_(None)
    return sa.or_(lease_until.is_(None), lease_until < _database_clock())


def _database_clock() -> sa.ColumnElement[datetime]:
    """Not that of the transaction's beginning: a transaction may wait for a lock."""
    return sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
