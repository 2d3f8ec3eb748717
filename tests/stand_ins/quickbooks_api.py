"""QuickBooks Online's API of one company, request by request: query, read, write, change feed and batch.

A write and the memory of its `requestid` are one transaction: who asks again under the same id gets the first
answer again, even when the document it tells of is gone.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import simplejson

from accounting.embedded import reading
from accounting.embedded.change import Change
from accounting.embedded.ledger import Ledger
from receivables.errors import BooksRefused, BooksUnavailable
from receivables.ports import Clock
from stand_ins import quickbooks_contract as contract
from stand_ins import quickbooks_documents as documents
from stand_ins import quickbooks_query as query
from stand_ins import quickbooks_side as side
from stand_ins import quickbooks_writes as writes
from stand_ins.quickbooks_faults import FaultRaised, business, from_refusal
from stand_ins.quickbooks_narrowing import changed_since, narrowed

OUR_PERSON = "Resolve Now"  # who the API's changes are made by, in the books' history
FEED_DAYS, FEED_AT_MOST = 30, 1000
BATCH_ITEMS_AT_MOST = 30
REQUEST_ID_AT_MOST = 50
#: What may be asked within how many seconds; None is of everything, else of this first word of the path.
LIMITS: tuple[tuple[str | None, int, int], ...] = ((None, 10, 1), (None, 500, 60), ("batch", 40, 60))


@dataclass(frozen=True)
class Asked:
    """One request; the names of headers are lower case."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Counts:
    """What reached the API: requests by "METHOD first-word-of-the-path", and the items of batches."""

    requests: Counter[str] = field(default_factory=Counter)
    batch_items: int = 0

    @property
    def all(self) -> int:
        return self.requests.total()


class CompanyApi:
    """The API of one company over one ledger. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, clock: Clock, realm: str, token: str) -> None:
        self.ledger = ledger
        self.clock = clock
        self.realm = realm
        self.token = token
        self.counts = Counts()
        self.asked: list[str] = []  # "METHOD word?parameters", in order
        self.violations: dict[str, list[str]] = {"request": [], "answer": []}
        self.batch_breaks_after: int | None = None  # of the next batch, how many items are carried out
        self.listed_tokens: dict[str, str] = {}  # by id, the SyncToken that queries still tell: lists lag behind
        self.rates: dict[str, str] = {}  # of one unit of a foreign currency in the home currency, on every day
        self._calls: dict[str | None, deque[float]] = {None: deque(), "batch": deque()}
        self._traces = count(1)
        self._lock = threading.Lock()

    def answer(self, asked: Asked) -> Answered:
        """The answer to any request; never raises for what a client can do wrong."""
        trace = {"intuit_tid": f"1-stand-in-{next(self._traces):08d}"}
        prefix, _, rest = asked.path.partition(f"/v3/company/{self.realm}/")
        word, _, document_id = rest.partition("/")
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answered(401, _gateway_fault("AuthenticationFailed", "003200", 401, "Token expired", "AUTHENTICATION"), trace)
        if prefix or not word:
            return Answered(403, _gateway_fault("ApplicationAuthorizationFailed", "003100", 403, "", "AUTHORIZATION"), trace)
        shown = "&".join(f"{name}={value}" for name, value in asked.parameters.items())
        with self._lock:
            self.counts.requests[f"{asked.method} {word.lower()}"] += 1
            self.asked.append(f"{asked.method} {rest}?{shown}")
            within_limits = self._within_limits(word.lower())
        if not within_limits:
            body = _gateway_fault("ThrottleExceeded", "003001", 429, "", "THROTTLE")
            return Answered(429, body, {**trace, "Retry-After": "60"})
        try:
            return Answered(200, self._carried_out(asked, word, document_id), trace)
        except FaultRaised as raised:
            return Answered(raised.status, self._text({"Fault": raised.fault()}), trace)
        except BooksRefused as refusal:
            return Answered(400, self._text({"Fault": from_refusal(refusal).fault()}), trace)
        except BooksUnavailable:
            return Answered(503, "", trace)
        except Exception as bug:
            self.violations["answer"].append(f"{asked.method} {rest} broke the stand-in: {bug!r}")
            raise

    def _carried_out(self, asked: Asked, word: str, document_id: str) -> str:
        if word == "query":
            text = asked.parameters.get("query") or asked.body.decode()
            return self._read(lambda shelf: {"QueryResponse": self._lagging(_queried(shelf, text))})
        if word == "cdc":
            return self._read(lambda shelf: {"CDCResponse": [{"QueryResponse": self._feed(shelf, asked.parameters)}]})
        if word == "batch":
            return self._batch(asked)
        if word == "exchangerate":
            return self._text({"ExchangeRate": self._rate(asked.parameters)})
        entity = query.entity_named(word)
        if asked.method == "GET":
            wanted = document_id or "1"
            return self._read(lambda shelf: {entity: writes.found(shelf, entity, wanted)})
        return self._write(asked, entity)

    # Reading

    def _read(self, read: Callable[[documents.Shelf], Mapping[str, Any]]) -> str:
        with self.ledger.reading() as connection:
            return self._text(read(documents.shelf(connection)))

    def _feed(self, shelf: documents.Shelf, parameters: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """The change feed: whole documents and stubs changed since then, of each entity asked for, 1,000 in all."""
        try:
            since = query.moment(parameters.get("changedSince", ""))
        except ValueError as problem:
            raise FaultRaised("2030", "Invalid Date : changedSince", element="changedSince") from problem
        if since < self.clock.now() - timedelta(days=FEED_DAYS):
            raise FaultRaised("2030", f"changedSince lies more than {FEED_DAYS} days back.", element="changedSince")
        since = since.replace(microsecond=0)
        room, feed = FEED_AT_MOST, list[Mapping[str, Any]]()
        for word in parameters.get("entities", "").split(","):
            entity = query.entity_named(word.strip())
            there = [*shelf.all(entity, changed_since(shelf.connection, entity, since)), *shelf.deleted(entity)]
            changed = [document for document in there if query.moment(document["MetaData"]["LastUpdatedTime"]) >= since]
            changed.sort(key=lambda document: query.moment(document["MetaData"]["LastUpdatedTime"]), reverse=True)
            changed = changed[:room]
            room -= len(changed)
            sizes = {"startPosition": 1, "maxResults": len(changed), "totalCount": len(changed)}
            feed.append({entity: changed, **sizes} if changed else {})
        return feed

    def _lagging(self, answered: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a query, with the older tokens that lists still tell."""
        if not self.listed_tokens:
            return answered
        return {
            name: [{**document, "SyncToken": self.listed_tokens.get(document["Id"], document["SyncToken"])} for document in found]
            if isinstance(found, list)
            else found
            for name, found in answered.items()
        }

    def _rate(self, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """The company's rate of a currency on a day; 1 where nobody entered any."""
        currency = parameters.get("sourcecurrencycode", "")
        return {
            "SourceCurrencyCode": currency,
            "TargetCurrencyCode": self._home_currency(),
            "Rate": Decimal(self.rates.get(currency, "1")),
            "AsOfDate": parameters.get("asofdate") or self.clock.now().date().isoformat(),
        }

    def _home_currency(self) -> str:
        with self.ledger.reading() as connection:
            return reading.settings(connection).home_currency

    # Writing

    def _write(self, asked: Asked, entity: str) -> str:
        body = _parsed(asked.body)
        operation = _operation(asked.parameters, body)
        self._held_to_contract(entity, body, f"POST {entity.lower()} {operation}")
        allows = asked.parameters.get("include", "").lower() == "allowduplicatedocnum"

        def carry_out(change: Change) -> Mapping[str, Any]:
            return {entity: writes.written(change, entity, operation, body, allow_duplicates=allows)}

        return self._once(asked, carry_out)

    def _batch(self, asked: Asked) -> str:
        items = _parsed(asked.body).get("BatchItemRequest") or []
        with self._lock:
            self.counts.batch_items += len(items)
        if len(items) > BATCH_ITEMS_AT_MOST:
            raise business(f"A batch has at most {BATCH_ITEMS_AT_MOST} items.")
        at_most, self.batch_breaks_after = self.batch_breaks_after, None

        def carry_out(change: Change) -> Mapping[str, Any]:
            # Items are carried out one after the other, but none sees what another does: queries are of the time before.
            asked_for = {place: self._batch_item(change, item) for place, item in enumerate(items) if "Query" in item}
            answers = [asked_for.get(place) or self._batch_item(change, item) for place, item in enumerate(items[:at_most])]
            return {"BatchItemResponse": answers}

        return self._once(asked, carry_out, remembers=at_most is None)

    def _batch_item(self, change: Change, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """One item by itself: what one does wrong undoes nothing of the others."""
        named = {"bId": item.get("bId", "")}
        change.connection.execute("SAVEPOINT one_item")
        try:
            answer = {**self._item_carried_out(change, item), **named}
        except (FaultRaised, BooksRefused) as problem:
            change.connection.execute("ROLLBACK TO one_item")
            raised = problem if isinstance(problem, FaultRaised) else from_refusal(problem)
            answer = {"Fault": raised.fault(), **named}
        change.connection.execute("RELEASE one_item")
        return answer

    def _item_carried_out(self, change: Change, item: Mapping[str, Any]) -> Mapping[str, Any]:
        if "Query" in item:
            return {"QueryResponse": _queried(documents.shelf(change.connection), str(item["Query"]))}
        entity = next((name for name in item if name in writes.WRITABLE), "")
        if not entity:
            raise FaultRaised("2020", "Required parameter entity is missing in the request")
        body = item[entity]
        options = {"operation": str(item.get("operation", "")), "include": str(item.get("optionsData", ""))}
        operation = _operation(options, body)
        self._held_to_contract(entity, body, f"batch {entity.lower()} {operation}")
        return {entity: writes.written(change, entity, operation, body)}

    def _once(self, asked: Asked, carry_out: Callable[[Change], Mapping[str, Any]], *, remembers: bool = True) -> str:
        """Carries a write out in one transaction, or repeats what was answered under its requestid."""
        request_id = asked.parameters.get("requestid", "")
        if len(request_id) > REQUEST_ID_AT_MOST:
            raise FaultRaised("2050", f"requestid has more than {REQUEST_ID_AT_MOST} characters", element="requestid")
        parameters = sorted((name, value) for name, value in asked.parameters.items() if name in ("operation", "include"))
        fingerprint = hashlib.sha256(repr((asked.path, parameters)).encode() + asked.body).hexdigest()
        with self.ledger.changing(OUR_PERSON) as change:
            if request_id and (before := side.remembered(change.connection, request_id, self.clock.now())):
                if before[0] != fingerprint:
                    raise FaultRaised("600")
                return before[1]
            text = self._text(carry_out(change))
            if request_id and remembers:
                side.remember(change, request_id, fingerprint, text)
            return text

    # The rest

    def _held_to_contract(self, entity: str, body: Mapping[str, Any], where: str) -> None:
        self.violations["request"] += contract.entity_violations(entity, body, where)
        if body.get("ProcessPayment"):
            self.violations["request"].append(f"{where}: ProcessPayment would charge a card")

    def _text(self, body: Mapping[str, Any]) -> str:
        whole = {**body, "time": self.clock.now().astimezone(documents.PACIFIC).isoformat(timespec="milliseconds")}
        self.violations["answer"] += contract.violations(whole, "answer")
        return simplejson.dumps(whole, use_decimal=True)

    def _within_limits(self, word: str) -> bool:
        with self.ledger.reading() as connection:
            if not side.settings(connection).enforce_limits:
                return True
        now = self.clock.monotonic()
        for kind, at_most, seconds in LIMITS:
            if kind in (None, word) and sum(at > now - seconds for at in self._calls[kind]) >= at_most:
                return False
        for kind, calls in self._calls.items():
            if kind in (None, word):
                calls.append(now)
        return True


def fault_text(code: str, detail: str = "") -> str:
    """The body of an answer with this Fault, for faults that a test orders."""
    return simplejson.dumps({"Fault": FaultRaised(code, detail).fault(), "time": datetime.now(UTC).isoformat()})


def _queried(shelf: documents.Shelf, text: str) -> Mapping[str, Any]:
    asked = query.parsed(text)
    return query.answered(asked, shelf.all(asked.entity, narrowed(shelf.connection, asked)))


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        parsed = simplejson.loads(raw, use_decimal=True)
    except ValueError as problem:
        raise FaultRaised("2010", "Request has invalid or unsupported property") from problem
    if not isinstance(parsed, dict):
        raise FaultRaised("2010", "Request has invalid or unsupported property")
    return parsed


def _operation(parameters: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """create, update, delete or void; an Id in the body makes an update of what names no operation."""
    if parameters.get("include", "").lower() == "void" or parameters.get("operation", "").lower() == "void":
        return "void"
    named = parameters.get("operation", "").lower()
    if named in ("", "create", "update"):
        return "update" if body.get("Id") not in (None, "") else "create"
    return named


def _gateway_fault(message: str, code: str, status: int, detail: str, kind: str) -> str:
    """What the gateway before the API says; its words differ from the API's own faults."""
    error = {
        "Message": f"message={message}; errorCode={code}; statusCode={status}",
        "Detail": detail,
        "code": str(Decimal(code)),
        "element": "",
    }
    return simplejson.dumps({"Fault": {"Error": [error], "type": kind}})
