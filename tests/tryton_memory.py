"""What people do in a Tryton before our connector looks: carried out once, then put back as a copy with the answers they got.

Most tests begin with the same customer and the same invoice, and posting one takes Tryton longer than all the rest. As long as
people ask what was asked in the same order before, they get the same answers and the server is left alone. As soon as somebody
else looks, the database is brought to where those answers belong: by a copy, or by asking for all of it again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Lock

Answered = tuple[int, bytes]  # HTTP status and body
Send = Callable[[], Answered]
MOST_KEPT = 40  # copies of four megabytes each


class Remembered:
    """One database from `begin` on, as its people made it."""

    def __init__(self, file: Path, begin: Path) -> None:
        self._file, self._begin = file, begin
        self._answers: dict[str, Answered] = {}
        self._kept: OrderedDict[str, Path] = OrderedDict()  # by what was asked up to there
        self._asked = ""  # what was asked since it was put back, in order, as one hash
        self._owed: list[Send] | None = None  # answered from memory, and not yet so in the database; None: it is as answered
        self._left = True  # from here on nobody knows what the others do
        self._one_at_a_time = Lock()  # two of us may look at once

    def put_back(self) -> None:
        self._asked, self._owed, self._left = "", [], False

    def ask(self, who: str, body: bytes, send: Send) -> Answered:
        with self._one_at_a_time:
            if not self._left:
                return self._answer(who, body, send)
        return send()

    def _answer(self, who: str, body: bytes, send: Send) -> Answered:
        asked = hashlib.sha256(b"\0".join([self._asked.encode(), who.encode(), body])).hexdigest()
        if self._owed is not None and asked in self._answers:
            self._owed.append(send)
        else:
            self._catch_up()
            self._answers[asked] = send()
        self._asked = asked
        return self._answers[asked]

    def leave(self) -> None:
        """Somebody else is about to look, or to change something."""
        with self._one_at_a_time:
            if self._left:
                return
            self._catch_up()
            if self._asked and self._asked not in self._kept:
                self._keep()
            self._left = True

    def _catch_up(self) -> None:
        owed, self._owed = self._owed, None
        if owed is None:
            return
        kept = self._kept.get(self._asked)
        copy(kept or self._begin, self._file)
        if kept is not None:
            self._kept.move_to_end(self._asked)
            return
        for send in owed:
            send()

    def _keep(self) -> None:
        kept = self._begin.with_name(f"{self._begin.stem}-{self._asked}.kept")
        copy(self._file, kept)
        self._kept[self._asked] = kept
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)[1].unlink()


def copy(source: Path, target: Path) -> None:
    """A whole copy of a database, whatever stands in its log beside it."""
    with closing(sqlite3.connect(source)) as kept, closing(sqlite3.connect(target)) as other:
        kept.backup(other)
