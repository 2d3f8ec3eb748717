"""Signing in to Tryton and calling its methods: every method is a POST, and a refusal comes as an answer.

Tryton signs people out after some idle minutes, and asks for a fresh session before postings: a 401 is answered by
signing in again, and what was to be written then counts as not done. Moments are UTC, and money is Decimal.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import httpx2
import simplejson

from accounting.calling import TIME_OUTS, Calls, Reply
from accounting.tryton import faults
from receivables.errors import AccessLost, BooksError, BooksRefused, BooksUnavailable, OutcomeUnknown
from receivables.ports import Clock
from receivables.refusal import Refusal

RPC = "rpc/"
SEARCHES = 3
LANGUAGE = "en"  # refusals are told apart by their words, so they must come in the language the table is written in
SIGN_IN_AGAIN_SECONDS = 5.0  # a password that was just refused is not tried again at once: Tryton slows down who does

Record = dict[str, Any]
Domain = Sequence[object]


class TrytonAccess:
    """Our sign-in to one database. `password` is asked for each time, so that a changed one is taken up.

    Raises AccessLost where Tryton does not take login and password, BooksUnavailable where it cannot be asked.
    """

    def __init__(self, url: str, database: str, login: str, password: Callable[[], str], clock: Clock) -> None:
        self._url = f"{url.rstrip('/')}/{database}/{RPC}"
        self._login = login
        self._password = password
        self._clock = clock
        self._held = ""
        self._refused_at: float | None = None
        self._one_at_a_time = threading.Lock()

    def authorization(self) -> str:
        with self._one_at_a_time:
            if not self._held:
                self._held = self._signed_in()
            return self._held

    def refused(self, authorization: str) -> None:
        with self._one_at_a_time:
            if self._held == authorization:
                self._held = ""

    def _signed_in(self) -> str:
        if self._refused_at is not None and self._clock.monotonic() < self._refused_at + SIGN_IN_AGAIN_SECONDS:
            raise self._not_taken()
        body = {"id": 0, "method": "common.db.login", "params": [self._login, {"password": self._password()}, LANGUAGE]}
        try:
            answer = httpx2.post(self._url, json=body, timeout=TIME_OUTS, follow_redirects=False, trust_env=False)
        except httpx2.HTTPError as error:
            raise BooksUnavailable(f"Tryton cannot be reached to sign in: {type(error).__name__}.") from error
        if answer.status_code in (401, 403):
            self._refused_at = self._clock.monotonic()
            raise self._not_taken()
        if answer.status_code == 404:
            raise AccessLost("Tryton has no database of that name at this address.")
        try:
            user, token = simplejson.loads(answer.content)["result"][:2]
        except (ValueError, KeyError, TypeError) as error:
            raise BooksUnavailable(f"Tryton answered {answer.status_code} to our sign-in, but not with a session.") from error
        self._refused_at = None
        session = base64.b64encode(f"{self._login}:{user}:{token}".encode()).decode()
        return f"Session {session}"

    def _not_taken(self) -> AccessLost:
        return AccessLost(f"Tryton does not accept the password of {self._login}. Set the right one.")


class Session:
    """Tryton's methods, called as our user. Raises BooksError; refusals are BooksRefused with our codes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._preferences: Record | None = None
        self._name = ""

    @property
    def company(self) -> int:
        """The company that our user works for. Raises AccessLost where it has none."""
        found = self._context().get("company")
        if not isinstance(found, int):
            raise AccessLost("Our user in Tryton belongs to no company. Give it one in its preferences.")
        return found

    @property
    def name(self) -> str:
        """Our user's name, as Tryton writes it on what we make."""
        if not self._name:
            self._name = str(self._read("model.res.user.get_preferences", False, {})["name"] or "")
        if not self._name:
            raise AccessLost(
                "Our user in Tryton has no name. Give it one, so that what it makes can be told from other people's."
            )
        return self._name

    def now_there(self) -> datetime:
        """What the server's clock shows at this moment."""
        return self._calls.now_there()

    def read(self, method: str, *params: object, **context: object) -> Any:
        """A method that changes nothing: `account.invoice.search`. Asked again where Tryton does not answer."""
        return self._read(f"model.{method}", *params, {**self._context(), **context})

    def search_read(self, model: str, domain: Domain, fields: Sequence[str], *, limit: int | None = None) -> list[Record]:
        """Records by domain, oldest first; fields with dots come as nested records.

        A search names no record, so one that "does not exist" was deleted between its two halves: it is asked again.
        """
        for _ in range(SEARCHES):
            try:
                found: list[Record] = self.read(f"{model}.search_read", domain, 0, limit, [["id", "ASC"]], fields)
            except BooksRefused as refused:
                if refused.refusal is not Refusal.DOCUMENT_GONE:
                    raise
            else:
                return found
        raise BooksUnavailable("Tryton's records change faster than they can be read.")

    def write(self, method: str, *params: object, deadline: float, stamps: Mapping[str, str] | None = None) -> Any:
        """A method that changes something, sent once. `stamps` are the `_timestamp`s that must still hold."""
        context = {**self._context(), **({"_timestamp": dict(stamps)} if stamps else {})}
        return self._write(f"model.{method}", *params, context, deadline=deadline)

    def wizard(
        self,
        name: str,
        model: str,
        ids: Sequence[int],
        state: str,
        values: Mapping[str, object],
        *,
        deadline: float,
    ) -> Any:
        """Runs one state of a wizard. Opening and closing it changes nothing, so only the state itself is a write."""
        active = {"active_model": model, "active_ids": list(ids), "active_id": ids[0]}
        context = {**self._context(), **active}
        opened = self._read(f"wizard.{name}.create", context)[0]
        try:
            return self._write(f"wizard.{name}.execute", opened, values, state, context, deadline=deadline)
        finally:
            with suppress(BooksError):  # Tryton clears abandoned wizards away by itself
                self._read(f"wizard.{name}.delete", opened, context)

    def _context(self) -> Record:
        if self._preferences is None:
            self._preferences = {**self._read("model.res.user.get_preferences", True, {}), "language": LANGUAGE}
        return self._preferences

    def _read(self, method: str, *params: object) -> Any:
        return _result(method, self._calls.read("POST", RPC, body=_body(method, params)))

    def _write(self, method: str, *params: object, deadline: float) -> Any:
        reply = self._calls.write("POST", RPC, deadline=deadline, body=_body(method, params))
        if reply.ok and not _as_agreed(reply):
            raise OutcomeUnknown(f"Tryton answered {method}, but not as its protocol says.")
        return _result(method, reply)


def _body(method: str, params: Sequence[object]) -> Record:
    """All three keys are needed, or Tryton answers without saying whether it is a result."""
    return {"id": 1, "method": method, "params": [encoded(parameter) for parameter in params]}


def _result(method: str, reply: Reply) -> Any:
    if reply.status in (403, 404):
        raise AccessLost(f"Tryton does not let our user call {method}, or does not know it ({reply.status}).")
    if not isinstance(reply.body, dict) or not _as_agreed(reply):
        raise BooksUnavailable(f"Tryton answered {reply.status} to {method}, but not as its protocol says.")
    if "error" in reply.body:
        raise faults.raised(method, reply.body["error"])
    return decoded(reply.body["result"])


def _as_agreed(reply: Reply) -> bool:
    return isinstance(reply.body, dict) and bool({"result", "error"} & set(reply.body))


def encoded(value: object) -> object:
    """A value as Tryton's JSON writes it. Moments lose their zone: Tryton keeps UTC."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            moment = value.astimezone(UTC)
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {"__class__": "datetime", **{name: getattr(moment, name) for name in names}}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case Mapping():
            return {name: encoded(member) for name, member in value.items()}
        case list() | tuple():
            return [encoded(member) for member in value]
        case _:
            return value


def decoded(value: Any) -> Any:
    """A value of Tryton's JSON as Python's own; moments are UTC."""
    match value:
        case {"__class__": "Decimal", "decimal": str(text)}:
            return Decimal(text)
        case {"__class__": "date"}:
            return date(value["year"], value["month"], value["day"])
        case {"__class__": "datetime"}:
            day = date(value["year"], value["month"], value["day"])
            return datetime.combine(day, time(value["hour"], value["minute"], value["second"], value["microsecond"], UTC))
        case dict():
            return {name: decoded(member) for name, member in value.items()}
        case list():
            return [decoded(member) for member in value]
        case _:
            return value
