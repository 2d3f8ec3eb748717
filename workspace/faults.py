"""Slack outages on demand: errors, rate limits, answers that never arrive. For tests only.

A fault is set for some calls or for some time; the code that serves a call asks here first what should go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {
    "outage": "HTTP 503 instead of an answer; nothing done",
    "rate_limited": "HTTP 429 with Retry-After; nothing done",
    "error": "refused with the error named",
    "dropped_before": "connection cut before anything is done",
    "dropped_after": "done, then the connection is cut before the answer",
    "slow": "done and answered, but only after `seconds`",
    "slow_after": "done at once, answered only after `seconds`",
}


@dataclass
class Fault:
    """What should go wrong. `method` is a Web API method, "response_url", or "*" for all of them; `channel` only one channel."""

    kind: str
    method: str = "*"
    channel: str = ""
    times: int | None = None  # None: until its time is over, or indefinitely
    until: float | None = None  # seconds since 1970, UTC
    seconds: float = 0.0
    error: str = "internal_error"
    retry_after_seconds: int = 1


class Faults:
    """The faults now set, in the order in which they were set."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._set: list[Fault] = []

    def add(self, given: Mapping[str, Any]) -> None:
        """Sets one from {"kind", "method", "channel", "times", "for_seconds", "seconds", "error", "retry_after_seconds"}.

        Raises ValueError when it says something unknown. Without times or for_seconds it goes wrong once.
        """
        known = {"kind", "method", "channel", "times", "for_seconds", "seconds", "error", "retry_after_seconds"}
        if unknown := set(given) - known:
            raise ValueError(f"unknown in a fault: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        if given.get("kind") not in KINDS:
            raise ValueError(f"unknown kind of fault {given.get('kind')!r}; known: {', '.join(KINDS)}")
        for_seconds = given.get("for_seconds")
        times = given.get("times")
        self._set.append(
            Fault(
                kind=str(given["kind"]),
                method=str(given.get("method", "*")),
                channel=str(given.get("channel", "")),
                times=int(times) if times is not None else (None if for_seconds is not None else 1),
                until=self._now() + float(for_seconds) if for_seconds is not None else None,
                seconds=float(given.get("seconds", 0.0)),
                error=str(given.get("error", "internal_error")),
                retry_after_seconds=int(given.get("retry_after_seconds", 1)),
            )
        )

    def clear(self) -> None:
        self._set.clear()

    def next(self, method: str, channel: str = "") -> Fault | None:
        """The fault for this call, now counted as used."""
        now = self._now()
        self._set = [fault for fault in self._set if fault.until is None or fault.until > now]
        for fault in self._set:
            if fault.method in ("*", method) and fault.channel in ("", channel):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._set.remove(fault)
                return fault
        return None

    def left(self) -> list[dict[str, Any]]:
        return [vars(fault) for fault in self._set]
