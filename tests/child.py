"""A house at another time of day: the whole journey in a process of its own, some seconds into the future.

Tests start it as a script. Everything is the product's own code and files; only the clock, which is an argument
everywhere, runs ahead. `--unanswered NUMBER` breaks the line to the books at that payment, as the demo does.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

from app.clock import SystemClock
from app.connections import Connections
from app.demo.trouble import TroubledBooks
from app.wiring import House, open_house
from storage.watch import Watch
from sync import journey


class LaterClock:
    """The machine's clock, ahead by some seconds; both of its hands are."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.ahead_seconds = 0.0

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self.ahead_seconds)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.ahead_seconds


def at_another_time(house: House, clock: LaterClock) -> House:
    """The same house, with everything in it going by the later clock."""
    connections = Connections(house.settings, house.db, clock, house.ids, {})
    return replace(house, clock=clock, watch=Watch(clock), books_of=connections.books, connections=connections)


def main() -> None:
    """Syncs once for each `--later`, in order, and prints what each sync did."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("config", type=Path)
    arguments.add_argument("--later", type=float, action="append", default=[], help="seconds from now")
    arguments.add_argument("--unanswered", help="a transaction number")
    given = arguments.parse_args()
    clock = LaterClock()
    house = at_another_time(open_house(given.config), clock)
    done = []
    for seconds in given.later or [0.0]:
        clock.ahead_seconds = seconds
        desk = house.desk(None)
        if given.unanswered:
            troubled = TroubledBooks(desk.books)
            troubled.unanswered.add(given.unanswered)
            desk = replace(desk, books=troubled)
        done.append(asdict(journey.run(desk)))
    print(json.dumps(done))


if __name__ == "__main__":
    main()
