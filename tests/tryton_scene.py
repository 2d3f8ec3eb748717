"""A Tryton as a test finds it: put back as it was built, with our connector on it and Dana working in it."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import httpx2
import pytest
import tryton_server
from makers import CHICAGO, START, ManualClock
from tryton_bookkeeper import TrytonBookkeeper
from tryton_people import JOURNAL, OUR_LOGIN, PASSWORD
from tryton_server import PLAIN, TrytonServer

from accounting.calling import Calls, Parameters, Reply
from accounting.tryton.connector import TrytonBooks
from accounting.tryton.session import TrytonAccess
from receivables.errors import OutcomeUnknown
from receivables.ports import Clock


class NoLimit:
    """Tryton counts nobody's calls."""

    def take(self, company: str, calls: int) -> float:  # noqa: ARG002 (the words of the protocol)
        return 0.0


class CutCalls(Calls):
    """Calls whose line breaks after a number of writes were carried out: their answers never arrive."""

    writes_until_cut = -1
    kills = False  # the whole process dies there, as by kill -9
    before_write: Callable[[str], None] | None = None  # told the method
    before_any: Callable[[], None] | None = None

    def write(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        params: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        asked = str(body["method"]) if isinstance(body, dict) else ""
        if self.before_write is not None:
            self.before_write(asked)
        reply = super().write(method, path, deadline=deadline, params=params, headers=headers, body=body)
        self.writes_until_cut -= 1
        if self.writes_until_cut == 0:
            if self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OutcomeUnknown(f"the answer to {asked} was lost")
        return reply

    def _send(self, kind: str, request: httpx2.Request, deadline: float) -> Reply | None:
        if self.before_any is not None:
            self.before_any()
        return super()._send(kind, request, deadline)


@dataclass
class TrytonScene:
    """The connector, with its calls to count, and the person who works by hand in the same books."""

    server: TrytonServer
    database: str
    clock: ManualClock
    calls: CutCalls
    books: TrytonBooks
    dana: TrytonBookkeeper

    def another(self) -> TrytonBooks:
        """A second connector on the same books, as another process of ours would have."""
        return TrytonBooks(
            calls(self.server.url, self.database, self.clock), self.clock, statement_journal=JOURNAL, time_zone=CHICAGO
        )

    def end_sessions(self) -> None:
        """What the server does after some idle minutes: nobody's session is good any more, Dana's aside."""
        with closing(sqlite3.connect(self.server.file(self.database))) as database, database:
            database.execute("DELETE FROM ir_session WHERE create_uid <> ?", (self.dana.clerk.user,))

    def statements(self) -> list[tuple[str, str]]:
        """(name, state) of every statement in the books, oldest first."""
        rows = self.dana.clerk.call("account.statement.search_read", [], 0, None, [["id", "ASC"]], ["name", "state"])
        return [(row["name"], row["state"]) for row in rows]


def calls(url: str, database: str, clock: Clock, password: str = PASSWORD) -> CutCalls:
    access = TrytonAccess(url, database, OUR_LOGIN, lambda: password, clock)
    no_pause = partial(_wait, clock)
    return CutCalls("acme", "Tryton", f"{url}/{database}/", access=access, budget=NoLimit(), clock=clock, pause=no_pause)


def _wait(clock: Clock, seconds: float) -> None:
    if isinstance(clock, ManualClock):
        clock.advance(seconds)


@contextmanager
def tryton_scene(database: str = PLAIN, *, documents_per_page: int = 200, start: datetime = START) -> Iterator[TrytonScene]:
    """Skips the test where Tryton is not installed."""
    if not tryton_server.is_installed():
        pytest.skip(tryton_server.HOW_TO_GET_IT)
    server = tryton_server.shared()
    server.reset(database)
    clock = ManualClock(start)
    made = calls(server.address(), database, clock)
    made.before_any = partial(server.leave, database)
    books = TrytonBooks(made, clock, statement_journal=JOURNAL, time_zone=CHICAGO, documents_per_page=documents_per_page)
    try:
        yield TrytonScene(server, database, clock, made, books, TrytonBookkeeper(server, database))
    finally:
        made.close()
