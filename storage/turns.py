"""Whose turn it is to write, among the threads of one process: whoever waits for an answer goes before the work.

SQLite lets one write at a time and makes the others try again and again, whoever they are; a press could lose to a sync
each time it tried. This orders them before they try. Between processes SQLite's own lock decides, as before.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class WriteTurns:
    """One writer at a time. Whoever waited in vain tries all the same, and the database says that it is locked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._urgent = 0  # how many wait that somebody waits for

    @contextmanager
    def taken(self, *, urgent: bool, seconds: float) -> Iterator[None]:
        mine = self._take(urgent, seconds)
        try:
            yield
        finally:
            if mine:
                with self._changed:
                    self._taken = False
                    self._changed.notify_all()

    def _take(self, urgent: bool, seconds: float) -> bool:
        with self._changed:
            self._urgent += urgent
            mine = self._changed.wait_for(lambda: not self._taken and (urgent or not self._urgent), seconds)
            self._urgent -= urgent
            self._taken = self._taken or mine
            if urgent:
                self._changed.notify_all()
            return mine
