"""What only one process may do at a time, whichever machine it runs on: held by a session of PostgreSQL, for as long as it lasts.

A lock that ends after a time would be over while its holder is frozen, and the holder would go on when it wakes. This one
ends with its session and never before: when the process dies, when its machine no longer answers, or when it lets go.
On SQLite there is one process, and each piece of work is claimed by its own rows.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from storage.engine import Database

if TYPE_CHECKING:
    from psycopg import Connection

#: A machine that vanishes is noticed after half a minute, by the server and by us.
_SERVER = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
_OURS = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4, "connect_timeout": 10}


class Hold:
    """One thing held."""

    def __init__(self, alone: Alone, name: str) -> None:
        self._alone = alone
        self.name = name

    def lasts(self) -> bool:
        """Whether it is still ours, as the server says: a session that was cut off has lost everything it held."""
        return self._alone._lasts(self)


class Alone:
    """The locks of one process, all in one session. `idle_seconds`: the server ends a session that is silent for longer."""

    def __init__(self, db: Database, *, idle_seconds: int = 0) -> None:
        self._shared = db.dialect == "postgresql"
        self._address = db.address if self._shared else {}
        options = f"{_SERVER} -c idle_session_timeout={idle_seconds * 1000}"
        self._settings = {"application_name": "resolve-now locks", "options": f"{self._address.get('options', '')} {options}"}
        self._held: dict[str, Hold] = {}
        self._session: Connection[Any] | None = None
        self._turn = threading.Lock()

    @contextmanager
    def holding(self, name: str) -> Iterator[Hold | None]:
        """For as long as the block lasts; None where somebody else has it, be it a thread of this process."""
        hold = self._take(name)
        try:
            yield hold
        finally:
            if hold is not None:
                self._let_go(hold)

    @contextmanager
    def when_free(self, name: str, wait: Callable[[], object]) -> Iterator[Hold]:
        """Waits until nobody else has it; `wait` is called each time that somebody does."""
        while True:
            with self.holding(name) as hold:
                if hold is not None:
                    yield hold
                    return
            wait()

    def keep(self, name: str) -> bool:
        """Whether it is ours from now on; each time the server is asked."""
        hold = self._held.get(name)
        return (hold is not None and hold.lasts()) or self._take(name) is not None

    def close(self) -> None:
        with self._turn:
            self._cut()

    def _take(self, name: str) -> Hold | None:
        with self._turn:
            if self._shared and (name in self._held or not self._lock(name)):
                return None
            self._held[name] = Hold(self, name)
            return self._held[name]

    def _lock(self, name: str) -> bool:
        question = f"SELECT pg_try_advisory_lock({_number(name)})"
        answer = self._ask(question)
        return (self._ask(question) if answer is None else answer) is True  # a session that was cut off is opened anew once

    def _lasts(self, hold: Hold) -> bool:
        if not self._shared:
            return True
        with self._turn:
            return self._held.get(hold.name) is hold and self._ask("SELECT true") is True

    def _let_go(self, hold: Hold) -> None:
        if not self._shared:
            return
        with self._turn:
            if self._held.get(hold.name) is hold:
                del self._held[hold.name]
                self._ask(f"SELECT pg_advisory_unlock({_number(hold.name)})")

    def _ask(self, query: str) -> object:
        """The answer, or None where there is none; then everything that was held is lost."""
        import psycopg  # noqa: PLC0415  # only where there is a PostgreSQL

        try:
            if self._session is None:
                self._session = psycopg.connect(**(_OURS | self._address | self._settings), autocommit=True)
            row = self._session.execute(query.encode()).fetchone()
        except psycopg.Error:
            self._cut()
            return None
        return row[0] if row else None

    def _cut(self) -> None:
        self._held.clear()
        if self._session is not None:
            with suppress(Exception):
                self._session.close()
        self._session = None


def work_for(company: str) -> str:
    """The name of what whoever works for a company holds."""
    return f"company {company}"


def _number(name: str) -> int:
    """PostgreSQL knows its locks by numbers of 64 bits."""
    return int.from_bytes(hashlib.sha256(f"resolve-now {name}".encode()).digest()[:8], "big", signed=True)
