"""People who work in a real Tryton from outside: a plain client of its protocol, and the company that they set up.

Written against Tryton's own protocol with nothing but the standard library, so that it shares no mistake with the
connector under test.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from tryton_memory import Remembered

from app.demo.tryton.company import ADMIN_LOGIN, Plan

__all__ = ["ADMIN_LOGIN", "CLERK_LOGIN", "JOURNAL", "OUR_LOGIN", "PASSWORD", "PLAN", "Person", "Record", "TrytonError"]

PASSWORD = "made-up-for-tests-1"
OUR_LOGIN, CLERK_LOGIN = "resolve-now", "dana"
JOURNAL = "Portal receipts"
FIRST_YEAR, LAST_YEAR = 2025, max(2027, date.today().year + 1)  # noqa: DTZ011 (the server goes by its own calendar)
#: Days on which a period ends besides the ends of months, so that a test can close the books at them.
PERIOD_ENDS = frozenset({date(2026, 3, 10)})
Record = dict[str, Any]


class TrytonError(Exception):
    """What Tryton answered instead of a result: the kind and its words."""

    def __init__(self, kind: str, words: object) -> None:
        super().__init__(f"{kind}: {words}")
        self.kind = kind
        self.words = words


def _encoded(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{name: getattr(value, name) for name in names}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value))


def _decoded(found: Record) -> object:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "date":
            return date(found["year"], found["month"], found["day"])
        case "datetime":
            return datetime(*(found[name] for name in ("year", "month", "day", "hour", "minute", "second", "microsecond")))  # noqa: DTZ001
        case _:
            return found


class Person:
    """Somebody signed in to one database of a Tryton server."""

    memory: Remembered | None = None  # of what is asked before anybody else looks

    def __init__(self, url: str, database: str, login: str, password: str = PASSWORD) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._database = parts.hostname or "", parts.port, database
        self._headers = {"Content-Type": "application/json"}
        self.login = login
        self.user, token = self.raw("common.db.login", login, {"password": password}, "en")[:2]
        session = base64.b64encode(f"{login}:{self.user}:{token}".encode()).decode()
        self._headers["Authorization"] = f"Session {session}"
        self.context: Record = {}
        self.look_around()

    def look_around(self) -> None:
        """Reads the preferences that go with every call: company, groups, language."""
        self.context = self.raw("model.res.user.get_preferences", True, {})

    def raw(self, method: str, *params: object) -> Any:
        body = json.dumps({"id": 1, "method": method, "params": list(params)}, default=_encoded).encode()
        send = partial(self._send, body)
        status, data = self.memory.ask(self.login, body, send) if self.memory else send()
        if status != 200:
            raise TrytonError(f"HTTP {status}", data[:300])
        answer = json.loads(data, object_hook=_decoded)
        if "error" in answer:
            raise TrytonError(str(answer["error"][0]), answer["error"][1])
        return answer["result"]

    def _send(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=600)
        try:
            connection.request("POST", f"/{self._database}/rpc/", body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def call(self, method: str, *params: object, **context: object) -> Any:
        return self.raw(f"model.{method}", *params, {**self.context, **context})

    def ids(self, model: str, *domain: object) -> list[int]:
        found: list[int] = self.call(f"{model}.search", list(domain), 0, None, None)
        return found

    def read(self, model: str, record: int, *fields: str) -> Record:
        found: Record = self.call(f"{model}.read", [record], list(fields))[0]
        return found

    def make(self, model: str, **values: object) -> int:
        made: int = self.call(f"{model}.create", [values])[0]
        return made

    def wizard(self, name: str, model: str, ids: Sequence[int], *steps: tuple[str, Record]) -> list[Any]:
        context = {**self.context, "active_model": model, "active_ids": list(ids), "active_id": ids[0] if ids else None}
        session = self.raw(f"wizard.{name}.create", context)[0]
        try:
            return [self.raw(f"wizard.{name}.execute", session, values, state, context) for state, values in steps]
        finally:
            self.raw(f"wizard.{name}.delete", session, context)


PLAN = Plan(
    years=range(FIRST_YEAR, LAST_YEAR + 1),
    people=((OUR_LOGIN, "Resolve Now"), (CLERK_LOGIN, "Dana")),
    password=PASSWORD,
    journal=JOURNAL,
    period_ends=PERIOD_ENDS,
)
