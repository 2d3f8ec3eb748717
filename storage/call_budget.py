"""How many calls a company's books still allow, shared by every process that works on one database.

Calls are reserved in blocks, each good for one short slot of time, and never one by one. A window may begin at any
moment, so the reservations of every run of slots that a window can touch are held under the limit together: whatever
sixty seconds one looks at, no more calls were made in them than the books allow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.limits import Limit
from receivables.ports import Clock
from storage import companies, schema
from storage.engine import Database

NOW_SECONDS = 0.0  # there is nothing to wait for
_HELD = "held"  # the name of the row with the end of a pause that the books asked for


@dataclass
class _Allotment:
    """What this process may still use of one limit: `left` calls, or the rate `left`, from `since` until `until`."""

    left: int
    since: datetime
    until: datetime

    def covers(self, now: datetime) -> bool:
        return self.since <= now < self.until


@dataclass
class _Share:
    """One company's part of the calls in this process."""

    allotments: dict[str, _Allotment] = field(default_factory=dict)
    lately: dict[str, deque[datetime]] = field(default_factory=dict)  # when calls were made, for rates


class SharedCallBudget:
    """Implements `receivables.ports.CallBudget`: `limits` are those of each company; one without any is never held back."""

    def __init__(self, db: Database, clock: Clock, limits: Mapping[str, tuple[Limit, ...]]) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits
        self._shares: dict[str, _Share] = {}
        self._turn = threading.Lock()
        self.reservations = 0  # database transactions so far

    def take(self, company: str, calls: int) -> float:
        """Seconds to wait and then ask again; 0.0 is now, and only then are the calls counted as made."""
        limits = self._limits.get(company, ())
        if not limits:
            return NOW_SECONDS
        with self._turn:
            share, now = self._shares.setdefault(company, _Share()), self._clock.now()
            wait = max(self._lacking(share, limit, calls, now) for limit in limits)
            missing = [limit for limit in limits if self._must_reserve(share, limit, calls, now)]
            if missing and wait <= timedelta(0):
                wait = self._reserve(company, share, missing, calls, now)
            if wait > timedelta(0):
                return wait.total_seconds()
            for limit in limits:
                _use(share, limit, calls, now)
            return NOW_SECONDS

    def hold(self, company: str, seconds: float) -> None:
        """The books themselves asked for a pause: until it is over nobody reserves a call, in whatever process.

        Another process may still make the few calls that it had reserved before, and is told the same by the books.
        """
        if not self._limits.get(company):
            return
        until = self._clock.now() + timedelta(seconds=seconds)
        with self._turn:
            self._shares.pop(company, None)
            with self._db.work() as connection:
                _one_at_a_time(connection, company)
                held = _held_until(connection, company)
                if held is None:
                    values = {"company": company, "name": _HELD, "window_at": until, "reserved": 0}
                    connection.execute(sa.insert(schema.call_budget).values(**values))
                elif held < until:
                    connection.execute(sa.update(schema.call_budget).where(*_hold_of(company)).values(window_at=until))

    def left(self, company: str) -> dict[str, int]:
        """How many calls nobody has reserved yet, for each limit ("minute", "day")."""
        now = self._clock.now()
        counted = [limit for limit in self._limits.get(company, ()) if not limit.is_rate]
        with self._db.read() as connection:
            return {limit.name: limit.calls - sum(_reserved(connection, company, limit, now).values()) for limit in counted}

    def _must_reserve(self, share: _Share, limit: Limit, calls: int, now: datetime) -> bool:
        held = share.allotments.get(limit.name)
        return held is None or not held.covers(now) or (not limit.is_rate and held.left < calls)

    def _lacking(self, share: _Share, limit: Limit, calls: int, now: datetime) -> timedelta:
        """How long a rate that this process holds makes it wait."""
        if calls > limit.calls:
            raise ValueError(f"{calls} calls at once, where {limit.calls} are allowed")
        if not limit.is_rate:
            return timedelta(0)
        made = share.lately.setdefault(limit.name, deque())
        while made and made[0] <= now - limit.window:
            made.popleft()
        held = share.allotments.get(limit.name)
        too_many = len(made) + calls - held.left if held is not None and held.covers(now) else 0
        if held is None or too_many <= 0:
            return timedelta(0)
        return (made[too_many - 1] + limit.window if too_many <= len(made) else held.until) - now

    def _reserve(self, company: str, share: _Share, limits: list[Limit], calls: int, now: datetime) -> timedelta:
        """Reserves a block of each limit, or, where one of them has nothing left, of none: then what to wait."""
        self.reservations += 1
        with self._db.work() as connection:
            _one_at_a_time(connection, company)
            held_until = _held_until(connection, company)
            if held_until is not None and held_until > now:
                return held_until - now
            reserved = {limit.name: _reserved(connection, company, limit, now) for limit in limits}
            wait = max(_until_free(limit, reserved[limit.name], calls, now) for limit in limits)
            if wait > timedelta(0):
                return wait
            blocks = {limit.name: _book(connection, company, limit, reserved[limit.name], calls, now) for limit in limits}
        for limit in limits:
            held = share.allotments.get(limit.name)
            left = held.left if held is not None and held.covers(now) and not limit.is_rate else 0
            share.allotments[limit.name] = _Allotment(left + blocks[limit.name], now, limit.usable_until(limit.slot_at(now)))
        return timedelta(0)


def _use(share: _Share, limit: Limit, calls: int, now: datetime) -> None:
    if limit.is_rate:
        share.lately[limit.name].extend([now] * calls)
    else:
        share.allotments[limit.name].left -= calls


def _hold_of(company: str) -> tuple[sa.ColumnElement[bool], ...]:
    table = schema.call_budget
    return table.c.company == company, table.c.name == _HELD


def _held_until(connection: Connection, company: str) -> datetime | None:
    """Until when the books asked for no more calls; it may be over."""
    found: datetime | None = connection.execute(sa.select(schema.call_budget.c.window_at).where(*_hold_of(company))).scalar()
    return found


def _one_at_a_time(connection: Connection, company: str) -> None:
    """Makes processes that reserve for one company go one after the other; on SQLite every writer does so anyway."""
    table = schema.company
    locked = sa.select(table.c.id).where(table.c.id == company).with_for_update(key_share=True)
    if connection.execute(locked).one_or_none() is None:
        companies.ensure(connection, company)
        connection.execute(locked).one()


def _reserved(connection: Connection, company: str, limit: Limit, now: datetime) -> dict[int, int]:
    """What is reserved in each slot that a window ending in the present slot, or later, can touch."""
    table = schema.call_budget
    first = limit.start_of(limit.slot_at(now) - limit.slots + 1)
    names = [f"{limit.name}/{place}" for place in range(limit.slots)]
    rows = connection.execute(
        sa.select(table.c.window_at, table.c.reserved).where(
            table.c.company == company, table.c.name.in_(names), table.c.window_at >= first
        )
    )
    return {limit.slot_at(row.window_at): row.reserved for row in rows}


def _book(connection: Connection, company: str, limit: Limit, reserved: Mapping[int, int], calls: int, now: datetime) -> int:
    """Writes a block down in the present slot and returns how large it is; there is room for it."""
    slot = limit.slot_at(now)
    block = min(limit.calls - sum(reserved.values()), max(calls, limit.block))
    table, name = schema.call_budget, f"{limit.name}/{slot % limit.slots}"
    values = {"window_at": limit.start_of(slot), "reserved": reserved.get(slot, 0) + block}
    of_slot = (table.c.company == company, table.c.name == name)
    if connection.execute(sa.update(table).where(*of_slot).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(company=company, name=name, **values))
    return block


def _until_free(limit: Limit, reserved: Mapping[int, int], calls: int, now: datetime) -> timedelta:
    """How long until there is room: nothing when there is.

    Otherwise until enough reservations lie behind every window, or until the next slot where the present one has
    lapsed or another machine's clock is already past it.
    """
    present = limit.slot_at(now)
    free = limit.calls - sum(reserved.values())
    if free >= calls and now < limit.usable_until(present) and not any(slot > present for slot in reserved):
        return timedelta(0)
    until = limit.start_of(present + 1)
    for slot in sorted(reserved):
        if free >= calls:
            break
        free += reserved[slot]
        until = max(until, limit.start_of(slot + limit.slots))
    return until - now
