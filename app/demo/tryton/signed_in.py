"""Somebody signed in to Tryton who works there by hand: the administrator, the bookkeeper, an auditor.

The protocol is all that the demo asks of them. `Colleague` speaks with our own session; the tests have another
client, written against Tryton's protocol alone, which does the same work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from accounting.calling import Calls
from accounting.tryton.session import Record, Session, TrytonAccess
from receivables.ports import Clock

ONE_CALL_SECONDS = 90.0  # making a chart of accounts is the longest


class SignedIn(Protocol):
    """Calls any method of any model, as one person. `context` holds the person's preferences, with its company."""

    @property
    def user(self) -> int: ...

    @property
    def context(self) -> Mapping[str, Any]: ...

    def look_around(self) -> None:
        """Reads the preferences anew: they go with every call."""

    def call(self, method: str, *params: object) -> Any: ...

    def ids(self, model: str, *domain: object) -> list[int]: ...

    def read(self, model: str, record: int, *fields: str) -> Record: ...

    def make(self, model: str, **values: object) -> int: ...

    def wizard(self, name: str, model: str, ids: list[int], *steps: tuple[str, Record]) -> list[Any]:
        """Runs states of a wizard on these records, each with its values."""


class NoLimit:
    """Tryton counts nobody's calls."""

    def take(self, company: str, calls: int) -> float:  # noqa: ARG002 (the words of the protocol)
        return 0.0


class Colleague:
    """Somebody over our own session. Every call is sent once: who works by hand does not press twice."""

    def __init__(self, url: str, database: str, login: str, password: str, clock: Clock) -> None:
        access = TrytonAccess(url, database, login, lambda: password, clock)
        self._calls = Calls("demo", "Tryton", f"{url}/{database}/", access=access, budget=NoLimit(), clock=clock)
        self._clock = clock
        self._session = Session(self._calls)
        self.login = login
        self.context: Record = {}
        self.look_around()
        self.user: int = self.ids("res.user", ["login", "=", login])[0]

    def close(self) -> None:
        self._calls.close()

    def look_around(self) -> None:
        self._session = Session(self._calls)
        self.context = self._session.read("res.user.get_preferences", True)

    def call(self, method: str, *params: object) -> Any:
        return self._session.write(method, *params, deadline=self._deadline())

    def ids(self, model: str, *domain: object) -> list[int]:
        found: list[int] = self.call(f"{model}.search", list(domain), 0, None, None)
        return found

    def read(self, model: str, record: int, *fields: str) -> Record:
        found: Record = self.call(f"{model}.read", [record], list(fields))[0]
        return found

    def make(self, model: str, **values: object) -> int:
        made: int = self.call(f"{model}.create", [values])[0]
        return made

    def wizard(self, name: str, model: str, ids: list[int], *steps: tuple[str, Record]) -> list[Any]:
        deadline = self._deadline()
        return [self._session.wizard(name, model, ids, state, values, deadline=deadline) for state, values in steps]

    def _deadline(self) -> float:
        return self._clock.monotonic() + ONE_CALL_SECONDS
