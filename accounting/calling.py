"""Calls to books that are reached over HTTP: time-outs, budget and access, and what each answer means for a write.

A read may be repeated. A write leaves at most once, before its deadline, and whatever is not surely an answer is
*unknown*; only one turned away at the door for its access (401) leaves once more, after the access was renewed.
Questions of one kind may be on their way together, as many as the package takes at once; each counts as a call.
Redirects are never followed. Numbers with decimals arrive as Decimal and leave as they are written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import httpx2
import simplejson

from receivables import boundary
from receivables.errors import BooksUnavailable, NotSent, OutcomeUnknown, Throttled
from receivables.ports import CallBudget, Clock
from receivables.words import Words

TIME_OUTS = httpx2.Timeout(connect=5, read=30, write=10, pool=5)  # seconds
WHOLE_READ_SECONDS = 120.0  # a server that sends a byte now and then would pass every single time-out
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
UNPARSED_BYTES = 4_000  # kept of an answer that is no JSON: enough for a reason
READ_PAUSES_MILLISECONDS = (500, 2_000)  # between the tries of a read
LONGEST_WAIT_SECONDS = 10.0  # for the budget; beyond it the company pauses instead of a thread
THROTTLED_SECONDS = 60.0  # where the books do not say how long

#: Raised while connecting: nothing of the request can have been taken.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)

T = TypeVar("T")
R = TypeVar("R")
Parameters = Mapping[str, str | int]


class Access(Protocol):
    """What lets us in. Raises AccessLost where a person must connect again, BooksUnavailable where asking failed."""

    def authorization(self) -> str:
        """The Authorization header, renewed first where it is about to end."""

    def refused(self, authorization: str) -> None:
        """The books answered 401 to it: gets another, unless somebody else already did."""


@dataclass(frozen=True)
class Reply:
    """An answer with a status the connector understands: 2xx, 304, or 4xx other than 401 and 429. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: object  # parsed JSON with Decimal; None where it is no JSON
    trace: str  # the vendor's own handle of this call, for support
    unparsed: str = ""  # the beginning of an answer that is no JSON

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass
class CallCounts:
    """How many calls were made since the start, by the words "read" and "write"."""

    made: dict[str, int] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, kind: str) -> None:
        with self._turn:
            self.made[kind] = self.made.get(kind, 0) + 1


@dataclass(frozen=True)
class Heard:
    """When the books last answered, by their own clock and by ours (UTC)."""

    theirs: datetime
    ours: datetime


class Calls:
    """One company's calls to one package. `base_url` ends in a slash; paths are relative to it."""

    def __init__(
        self,
        company: str,
        package: str,
        base_url: str,
        *,
        access: Access,
        budget: CallBudget,
        clock: Clock,
        trace_header: str = "",
        scarce: Mapping[str, CallBudget] | None = None,
        hold: Callable[[str, float], None] | None = None,
        pause: Callable[[float], None] = time.sleep,
        at_once: int = 1,
    ) -> None:
        """`scarce` names the paths that have a budget of their own besides that of every call.

        `at_once` is how many calls the package takes at once from one company, whichever threads they come from.
        `hold` is told of a company and the seconds that the books asked us to wait, so that other processes wait as well.
        """
        self._company = company
        self._package = package
        self._access = access
        self._budget = budget
        self._clock = clock
        self._trace_header = trace_header
        self._scarce = scarce or {}
        self._hold = hold
        self._pause = pause
        self._at_once = at_once
        self._places = threading.BoundedSemaphore(at_once)
        self._client = httpx2.Client(
            base_url=base_url,
            timeout=TIME_OUTS,
            headers={"Accept": "application/json"},
            follow_redirects=False,
            trust_env=False,
        )
        self.counts = CallCounts()
        self.last_heard: Heard | None = None

    def close(self) -> None:
        self._client.close()

    def now_there(self) -> datetime:
        """What the books' own clock shows at this moment, as far as their last answer told it; else what ours does (UTC)."""
        now, heard = self._clock.now(), self.last_heard
        return now if heard is None else heard.theirs + (now - heard.ours)

    def each(self, ask: Callable[[T], R], of: Iterable[T]) -> list[R]:
        """What is answered to each question, in their order; as many are on their way at once as the package takes.

        Raises what the first of them raises that is not answered. What was not asked by then is not asked any more, and what
        is on its way is waited for.
        """
        questions = list(of)
        if self._at_once == 1 or len(questions) < 2:
            return [ask(question) for question in questions]
        pool = ThreadPoolExecutor(min(self._at_once, len(questions)), thread_name_prefix="books")
        try:
            answers = [pool.submit(copy_context().run, ask, question) for question in questions]
            wait(answers, return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(cancel_futures=True)
        return [answer.result() for answer in answers]

    def read(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        """Asks, a few times where it must. Raises BooksUnavailable (also Throttled) and AccessLost."""
        boundary.leaving(f"{self._package} {method} {path}")
        request = self._request(method, path, params, headers, body)
        for pause_milliseconds in (*READ_PAUSES_MILLISECONDS, None):
            self._wait_for_budgets(path, self._clock.monotonic() + LONGEST_WAIT_SECONDS)
            problem = ""
            try:
                reply = self._send("read", request, self._clock.monotonic() + WHOLE_READ_SECONDS)
                if reply is not None and 200 <= reply.status < 500:
                    if not 300 <= reply.status < 400 or reply.status == 304:  # 304: nothing was modified since
                        return reply
                    problem = f"it answered with a redirect ({reply.status}); check its address"
                elif reply is not None:
                    problem = f"it answered {reply.status}"
                else:
                    continue  # the access was renewed
            except httpx2.HTTPError as error:
                problem = _in_words(error)
            if pause_milliseconds is not None:
                self._pause(pause_milliseconds / 1000)
        raise BooksUnavailable(f"{self._package} cannot be reached: {problem or 'it does not accept the renewed access'}.")

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
        """Sends once, if it still can before `deadline` (monotonic seconds); again only where our access had ended.

        Raises BooksUnavailable (also Throttled) and AccessLost when nothing was done, OutcomeUnknown when it may have been.
        """
        boundary.leaving(f"{self._package} {method} {path}")
        request = self._request(method, path, params, headers, body)
        self._wait_for_budgets(path, deadline)
        try:
            reply = self._send("write", request, deadline)
            if reply is None:
                self._wait_for_budgets(path, deadline)
                reply = self._send("write", request, deadline)
        except _NOT_SENT as error:
            raise BooksUnavailable(f"{self._package} cannot be reached: {_in_words(error)}. Nothing was written.") from error
        except httpx2.HTTPError as error:
            raise OutcomeUnknown(f"{self._package} did not answer: {_in_words(error)}.") from error
        if reply is None:
            raise BooksUnavailable(f"{self._package} does not accept the renewed access. Nothing was written.")
        if not (reply.ok or 400 <= reply.status < 500):
            raise OutcomeUnknown(f"{self._package} answered {reply.status}: we cannot tell whether it was recorded.")
        if reply.ok and reply.body is None:
            raise OutcomeUnknown(f"{self._package} answered {reply.status} with something that is not JSON.")
        return reply

    def _wait_for_budgets(self, path: str, deadline: float) -> None:
        if path in self._scarce:
            self._wait_for_budget(self._scarce[path], deadline)
        self._wait_for_budget(self._budget, deadline)

    def _wait_for_budget(self, budget: CallBudget, deadline: float) -> None:
        """Waits until the budget allows another call. Raises Throttled where that is past the deadline."""
        ends = self._clock.monotonic()
        while (wait_seconds := budget.take(self._company, 1)) > 0:  # a wait reserves nothing: ask again after it
            ends += wait_seconds
            if ends > deadline:
                raise self._throttled(wait_seconds)
            self._pause(wait_seconds)

    def _request(
        self, method: str, path: str, params: Parameters | None, headers: Mapping[str, str] | None, body: object
    ) -> httpx2.Request:
        """What is to be sent, but for the access, which may be renewed between two tries."""
        typed = {} if body is None else {"Content-Type": "application/json"}
        content = None if body is None else simplejson.dumps(body, use_decimal=True).encode()
        return self._client.build_request(method, path, params=params, headers={**typed, **(headers or {})}, content=content)

    def _send(self, kind: str, request: httpx2.Request, deadline: float) -> Reply | None:
        """One request. None when the access was refused and renewed. Raises Throttled, AccessLost and httpx2.HTTPError."""
        authorization = self._access.authorization()
        request.headers["Authorization"] = authorization
        with self._places:
            if self._clock.monotonic() > deadline:
                raise NotSent(f"Time ran out for this call to {self._package}; nothing was sent.")
            self.counts.add(kind)
            response = self._client.send(request, stream=True)
            try:
                raw = self._body(response, deadline)
            finally:
                response.close()
        if response.status_code == 401:
            self._access.refused(authorization)
            return None
        answered = {name.lower(): value for name, value in response.headers.items()}
        self._note_their_clock(answered.get("date", ""))
        if response.status_code == 429:
            wait_seconds = _seconds(answered.get("retry-after", ""))
            if self._hold is not None:
                self._hold(self._company, wait_seconds)
            raise self._throttled(wait_seconds)
        parsed = _parsed(raw)
        unparsed = "" if parsed is not None else raw[:UNPARSED_BYTES].decode("utf-8", "replace")
        return Reply(response.status_code, answered, parsed, answered.get(self._trace_header.lower(), ""), unparsed)

    def _throttled(self, wait_seconds: float) -> Throttled:
        """Says until when, in UTC: nobody knows here which zone the company lives in."""
        until = Words("en_US", ZoneInfo("UTC")).moment(self._clock.now() + timedelta(seconds=wait_seconds))
        return Throttled(f"{self._package} accepts no more calls until {until}.", wait_seconds)

    def _note_their_clock(self, header: str) -> None:
        try:
            self.last_heard = Heard(parsedate_to_datetime(header).astimezone(UTC), self._clock.now())
        except ValueError:  # no date, or none that can be read: nothing depends on it
            return

    def _body(self, response: httpx2.Response, deadline: float) -> bytes:
        """The whole answer. One that is endless, or too slow, is no answer."""
        taken = bytearray()
        for chunk in response.iter_bytes():
            taken += chunk
            if len(taken) > LARGEST_ANSWER_BYTES or self._clock.monotonic() > deadline:
                raise httpx2.ReadTimeout("the answer did not end", request=response.request)
        return bytes(taken)


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in lists of at most so many, for questions that must not be longer."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _parsed(raw: bytes) -> object:
    try:
        parsed: object = simplejson.loads(raw, use_decimal=True)
    except ValueError:  # also UnicodeDecodeError
        return None
    return parsed


def _seconds(text: str) -> float:
    """The header Retry-After in seconds; its other form, a date, is not used by the books we know."""
    return min(86_400, max(1, int(text))) if text.isascii() and text.isdigit() else THROTTLED_SECONDS


def _in_words(error: httpx2.HTTPError) -> str:
    """The kind of trouble. The error's own text may hold an address with secrets in it."""
    return type(error).__name__
