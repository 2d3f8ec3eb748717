"""Plays healthy payments into a package whose calls take a while, in whatever checkout it is started in; prints JSON.

It is started by path, with another version's rooms and tests to import from: it may use only what both versions have. The
stand-in answers from the same process, so that its own work is in the time as well.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2

from accounting.calling import Calls

calls_playing: Any = import_module("calls_playing")  # beside this file, whatever version's rooms are imported


class Line:
    """The way to the books: each call takes so long, and no longer where several are on their way at once.

    `in_a_row` is the longest row of calls of which each began after the one before had ended: what somebody waits for, whatever
    else the machine has to do.
    """

    def __init__(self, seconds: float) -> None:
        self.calls = self.most = self.in_a_row = self._now = 0
        self._seconds = seconds
        self._turn = threading.Lock()
        send = httpx2.Client.send

        def slowly(client: httpx2.Client, request: httpx2.Request, **how: Any) -> httpx2.Response:
            with self._turn:
                self.calls += 1
                self._now += 1
                self.most = max(self.most, self._now)
                place = self.in_a_row + 1
            try:
                time.sleep(self._seconds)
                return send(client, request, **how)
            finally:
                with self._turn:
                    self._now -= 1
                    self.in_a_row = max(self.in_a_row, place)

        vars(sys.modules["httpx2"])["Client"].send = slowly


def one_in_flight() -> None:
    """Every connector asks one thing after the other."""
    begin: Callable[..., None] = Calls.__init__

    def one(calls: Calls, *given: Any, **named: Any) -> None:
        begin(calls, *given, **{**named, "at_once": 1})

    vars(sys.modules["accounting.calling"])["Calls"].__init__ = one


def of_the_stand_in() -> float:
    """What the threads that answer for the package have taken of the processor so far."""
    ours = (threading.main_thread().name, "books", "asking")
    theirs = [thread for thread in threading.enumerate() if thread.ident and not thread.name.startswith(ours)]
    return sum(time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0)) for thread in theirs)


def played(package: str, payments: int, customers: int, seconds: float) -> dict[str, Any]:
    """How long the payments took from the moment they were known until the last was verified."""
    line, counted = Line(seconds), calls_playing.COUNTED
    vars(calls_playing)["SECONDS_A_CALL"] = seconds
    steps: list[tuple[float, ...]] = []

    def measured() -> tuple[float, ...]:
        cpu = time.process_time()
        return time.perf_counter(), cpu, cpu - of_the_stand_in(), line.calls, line.in_a_row

    def timed(step: Callable[[], object]) -> dict[str, int]:
        before, began = measured(), dict(counted.made)
        step()
        steps.append(tuple(now - then for then, now in zip(before, measured(), strict=True)))
        return {f"{kind}s": counted.made[kind] - began.get(kind, 0) for kind in ("read", "write")}

    vars(counted)["of"] = timed
    with (
        tempfile.TemporaryDirectory(prefix="resolve-now-flight-") as folder,
        calls_playing.PACKAGES[package](Path(folder)) as house,
    ):
        calls_playing.healthy(house, payments, customers)
    passed, cpu, own, calls, in_a_row = (sum(figures) for figures in zip(*steps[1:], strict=True))  # the first has nothing new
    made = {"calls": calls, "in_a_row": in_a_row, "most_in_flight": line.most}
    took = {"seconds": passed, "cpu_seconds": cpu, "own_cpu_seconds": own, "apart_seconds": own + in_a_row * seconds}
    return {name: round(figure, 2) for name, figure in took.items()} | made


if __name__ == "__main__":
    if sys.argv[1] == "one":
        one_in_flight()
    print(json.dumps(played(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))))
