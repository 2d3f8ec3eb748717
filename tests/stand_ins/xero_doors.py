"""The doors of Xero's accounting API: who may enter, how often, what is asked, and the envelope of each answer."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import simplejson
from openapi_core.testing import MockResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from accounting.embedded.change import Change, utc_text
from accounting.embedded.ledger import Ledger
from receivables.ports import Clock
from stand_ins import xero_side as side
from stand_ins.serving import Faults
from stand_ins.xero_contract import Checker
from stand_ins.xero_lists import Lists
from stand_ins.xero_shapes import Json
from stand_ins.xero_side import Names, net_date
from stand_ins.xero_where import QueryRefused
from stand_ins.xero_writes import Invalid, Missing, Writes, messages_of

LONGEST_KEY = 128
BASE = "/api.xro/2.0/"
_UUID = "([0-9a-fA-F-]{36})"
NOT_FOUND = "The resource you're looking for cannot be found"


class Refused(Exception):
    """Answered with this status at once."""

    def __init__(self, status: int, body: Json | str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class NotValid(Exception):
    """The whole request is refused, and all of it undone; `elements` are what was sent with Xero's reasons."""

    def __init__(self, elements: list[Json]) -> None:
        super().__init__()
        self.elements = elements


@dataclass(frozen=True)
class Asked:
    """A write as it was asked for. `summarised`: one refusal refuses all elements; otherwise each is answered for itself."""

    writes: Writes
    sent: Json
    summarised: bool
    ids: tuple[str, ...]

    def elements(self, plural: str) -> list[Json]:
        """What was sent, one or many."""
        return list(self.sent.get(plural, [self.sent]))


@dataclass
class Limits:
    """How many calls one organisation allows. Counted always; refused only when `enforced`."""

    enforced: bool = False
    each_minute: int = 60
    each_day: int = 5_000
    at_once: int = 5
    app_each_minute: int = 10_000
    _calls: deque[datetime] = field(default_factory=deque)

    def headers(self, now: datetime) -> dict[str, str]:
        minute, day = self._recent(now)
        return {
            "X-DayLimit-Remaining": str(max(0, self.each_day - day)),
            "X-MinLimit-Remaining": str(max(0, self.each_minute - minute)),
            "X-AppMinLimit-Remaining": str(max(0, self.app_each_minute - minute)),
        }

    def take(self, now: datetime, at_once: int) -> None:
        """Raises Refused (429)."""
        minute, day = self._recent(now)
        if self.enforced and at_once > self.at_once:
            raise _throttled("concurrent", 1)
        if self.enforced and day >= self.each_day:
            raise _throttled("day", int((self._calls[0] + timedelta(days=1) - now).total_seconds()) + 1)
        if self.enforced and minute >= self.each_minute:
            oldest = self._calls[-minute]
            raise _throttled("minute", int((oldest + timedelta(minutes=1) - now).total_seconds()) + 1)
        self._calls.append(now)

    def _recent(self, now: datetime) -> tuple[int, int]:
        """Calls in the last minute and the last day."""
        while self._calls and self._calls[0] <= now - timedelta(days=1):
            self._calls.popleft()
        minute = 0
        for at in reversed(self._calls):
            if at <= now - timedelta(minutes=1):
                break
            minute += 1
        return minute, len(self._calls)


def _throttled(problem: str, seconds: int) -> Refused:
    return Refused(429, "", {"X-Rate-Limit-Problem": problem, "Retry-After": str(seconds)})


Write = Callable[[Asked], Json]


class Doors:
    """Everything that is asked over HTTP."""

    def __init__(self, ledger: Ledger, names: Names, clock: Clock, faults: Faults, app_name: str) -> None:
        self._ledger, self._names, self._clock, self._faults, self._app_name = ledger, names, clock, faults, app_name
        self.lists = Lists(names)
        self.limits = Limits()
        self.checker = Checker()
        self.tokens: set[str] = set()
        self.refusals_are_remembered = True
        self.warnings: list[str] = []  # one for each of the next payments made
        self.counts: Counter[str] = Counter()
        self._answered = 0
        kinds = {"CreditNotes": "credit_memo", "Overpayments": "overpayment", "Prepayments": "prepayment"}
        self._writes: list[tuple[str, re.Pattern[str], Write]] = [
            ("PUT", re.compile("Payments"), self._payments),
            ("POST", re.compile("Payments"), self._payments),
            ("POST", re.compile(f"Payments/{_UUID}"), self._payment_deleted),
            ("PUT", re.compile("BankTransactions"), self._bank_transactions),
            ("POST", re.compile("BankTransactions"), self._bank_transactions),
            ("POST", re.compile(f"BankTransactions/{_UUID}"), self._bank_transaction_deleted),
            ("POST", re.compile(f"CreditNotes/{_UUID}"), self._credit_note_voided),
        ]
        for plural, kind in kinds.items():
            self._writes += [
                ("PUT", re.compile(f"{plural}/{_UUID}/Allocations"), self._allocating(kind)),
                ("DELETE", re.compile(f"{plural}/{_UUID}/Allocations/{_UUID}"), self._taking_off(kind)),
            ]

    def application(self) -> Starlette:
        methods = ["GET", "PUT", "POST", "DELETE"]
        return Starlette(routes=[Route(BASE + "{path:path}", self._answer, methods=methods)])

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        path = request.path_params["path"].strip("/")
        self.counts[f"{request.method} {_endpoint(path)}"] += 1
        headers = {"xero-correlation-id": self._names.uuid("correlation", str(sum(self.counts.values())))}
        try:
            self._enter(request)
            status, text = self._carried_out(request, path, body)
        except Refused as refusal:
            status, headers = refusal.status, {**headers, **refusal.headers}
            text = refusal.body if isinstance(refusal.body, str) else simplejson.dumps(refusal.body, use_decimal=True)
        except Exception:  # a fault of the stand-in itself: the test that caused it must not pass unseen
            status, text = 500, ""
            self.checker.violations.append(f"crash {request.method} {path}: {traceback.format_exc()}")
        headers |= self.limits.headers(self._clock.now())
        kind = "application/json" if text.startswith("{") else "text/html"
        query = {name: ",".join(request.query_params.getlist(name)) for name in request.query_params}
        answer = MockResponse(text.encode(), status, content_type=kind)
        self.checker.check(request.method, path, query, dict(request.headers), body, answer)
        return Response(text, status, headers, media_type=f"{kind}; charset=utf-8")

    def _enter(self, request: Request) -> None:
        """Raises Refused for a caller without a valid access, without our organisation, or too many."""
        if request.headers.get("authorization", "") not in {f"Bearer {token}" for token in self.tokens}:
            raise Refused(401, _unauthorised("Unauthorized", 401, "TokenExpired: token is expired or unknown"))
        if request.headers.get("xero-tenant-id", "").lower() != self._names.organisation:
            raise Refused(403, _unauthorised("Forbidden", 403, "AuthenticationUnsuccessful"))
        self.limits.take(self._clock.now(), self._faults.in_flight)

    def _carried_out(self, request: Request, path: str, body: bytes) -> tuple[int, str]:
        """Status and text of the answer. Raises Refused."""
        side.settle_forms(self._ledger)
        try:
            if request.method == "GET":
                with self._ledger.reading() as connection:
                    return 200, self._enveloped(self.lists.read(connection, path, request.query_params, request.headers))
            for method, pattern, write in self._writes:
                found = pattern.fullmatch(path)
                if method == request.method and found:
                    return self._written(request, path, body, write, found.groups())
        except Missing as missing:
            raise Refused(404, NOT_FOUND) from missing
        except QueryRefused as problem:
            raise Refused(400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": str(problem)}) from problem
        raise Refused(404, NOT_FOUND)

    # Writing

    def _written(self, request: Request, path: str, body: bytes, write: Write, ids: tuple[str, ...]) -> tuple[int, str]:
        """Carries a write out in one change of the ledger, or answers again what its idempotency key was answered."""
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise _invalid_request(f"Idempotency-Key is longer than {LONGEST_KEY} characters")
        sent = _parsed(body)
        asked = hashlib.sha256(f"{request.method} {path}?{request.url.query}\n".encode() + body).hexdigest()
        summarised = request.query_params.get("summarizeErrors", "true").lower() != "false"
        with self._ledger.changing(self._app_name) as change:
            replayed = _replayed(change, key, asked)
        if replayed:
            return replayed
        try:
            with self._ledger.changing(self._app_name) as change:
                text = self._enveloped(write(Asked(Writes(change, self._names), sent, summarised, ids)))
                _remember(change, key, asked, 200, text)
        except NotValid as refusal:
            text = str(simplejson.dumps(_validation_exception(refusal.elements), use_decimal=True))
            if self.refusals_are_remembered:
                with self._ledger.changing(self._app_name) as change:
                    _remember(change, key, asked, 400, text)
            return 400, text
        return 200, text

    def _payments(self, asked: Asked) -> Json:
        def carry_out(element: Json) -> Json:
            if element.get("PaymentID") and element.get("Status") == "DELETED":
                return asked.writes.delete_payment(str(element["PaymentID"]))
            made = asked.writes.create_payment(element)
            return {**made, "Warnings": messages_of([self.warnings.pop(0)])} if self.warnings else made

        return {"Payments": _each(asked, "Payments", carry_out)}

    def _payment_deleted(self, asked: Asked) -> Json:
        def carry_out(element: Json) -> Json:
            if element.get("Status") != "DELETED":
                raise Invalid("Payments cannot be edited, only deleted")
            return asked.writes.delete_payment(asked.ids[0])

        return {"Payments": _each(asked, "Payments", carry_out)}

    def _bank_transactions(self, asked: Asked) -> Json:
        def carry_out(element: Json) -> Json:
            if element.get("BankTransactionID") and element.get("Status") == "DELETED":
                return asked.writes.delete_on_account(str(element["BankTransactionID"]))
            return asked.writes.receive_on_account(element)

        return {"BankTransactions": _each(asked, "BankTransactions", carry_out)}

    def _bank_transaction_deleted(self, asked: Asked) -> Json:
        def carry_out(element: Json) -> Json:
            if element.get("Status") != "DELETED":
                raise Invalid("This stand-in edits no bank transactions")
            return asked.writes.delete_on_account(asked.ids[0])

        return {"BankTransactions": _each(asked, "BankTransactions", carry_out)}

    def _credit_note_voided(self, asked: Asked) -> Json:
        def carry_out(element: Json) -> Json:
            if element.get("Status") != "VOIDED":
                raise Invalid("This stand-in edits no credit notes")
            return asked.writes.void_credit_note(asked.ids[0])

        return {"CreditNotes": _each(asked, "CreditNotes", carry_out)}

    def _allocating(self, kind: str) -> Write:
        def allocate(asked: Asked) -> Json:
            return {
                "Allocations": _each(asked, "Allocations", lambda element: asked.writes.allocate(kind, asked.ids[0], element))
            }

        return allocate

    def _taking_off(self, kind: str) -> Write:
        def take_off(asked: Asked) -> Json:
            (answer,) = _each(asked, "", lambda _nothing: asked.writes.take_off(kind, asked.ids[0], asked.ids[1]))
            return {"": answer}

        return take_off

    def _enveloped(self, answer: Json) -> str:
        """The answer in Xero's envelope; one under the key "" stands alone."""
        self._answered += 1
        bare = answer.get("")
        envelope = bare or {
            "Id": self._names.uuid("answer", str(self._answered)),
            "Status": "OK",
            "ProviderName": self._app_name,
            "DateTimeUTC": net_date(self._clock.now()).replace("+0000", ""),
            **answer,
        }
        return str(simplejson.dumps(envelope, use_decimal=True))


def _each(asked: Asked, plural: str, write: Callable[[Json], Json]) -> list[Json]:
    """Carries each element out. Raises NotValid where they are summarised and one was refused."""
    answers: list[Json] = []
    refused: list[Json] = []
    for element in asked.elements(plural):
        try:
            with side.one_of_several(asked.writes.connection):
                answer = write(element)
            status = {} if asked.summarised else {"StatusAttributeString": "WARNING" if "Warnings" in answer else "OK"}
            answers.append({**answer, **status})
        except Invalid as problem:
            errors = {"ValidationErrors": messages_of(problem.messages)}
            refused.append({**element, **errors})
            flags = {"HasValidationErrors": True} if plural == "Payments" else {}
            answers.append({**element, **flags, "StatusAttributeString": "ERROR", **errors})
    if refused and asked.summarised:
        raise NotValid(refused)
    return answers


def _replayed(change: Change, key: str, asked: str) -> tuple[int, str] | None:
    """What this key was answered while it lives. Raises Refused when it was used for something else."""
    change.connection.execute("DELETE FROM xero_keys WHERE until <= ?", (utc_text(change.at),))
    row = change.connection.execute("SELECT * FROM xero_keys WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["asked"] != asked:
        messages = messages_of([f"Idempotency Key: {key} is used with a different request."])
        raise Refused(400, _validation_exception([{"ValidationErrors": messages}]))
    return int(row["status"]), str(row["answer"])


def _remember(change: Change, key: str, asked: str, status: int, text: str) -> None:
    """Keeps an answer, a refusal too: Xero answers it again even after its cause was put right."""
    if key:
        until = utc_text(change.at + timedelta(seconds=side.KEY_LIFE_SECONDS))
        change.connection.execute("INSERT INTO xero_keys VALUES (?, ?, ?, ?, ?)", (key, asked, status, text, until))


def _parsed(body: bytes) -> Json:
    if not body:
        return {}
    try:
        sent = simplejson.loads(body, use_decimal=True)
    except ValueError as problem:
        raise _invalid_request("The request is no JSON") from problem
    return sent if isinstance(sent, dict) else {"": sent}


def _validation_exception(elements: list[Json]) -> Json:
    return {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": elements,
    }


def _invalid_request(message: str) -> Refused:
    return Refused(400, {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": message})


def _unauthorised(title: str, status: int, detail: str) -> Json:
    return {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": None, "Extensions": {}}


def _endpoint(path: str) -> str:
    return re.sub(_UUID, "{id}", path)
