"""Answers by which accounting packages refuse a write, as they come over the wire, and what the connectors make of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.server import BaseHTTPRequestHandler
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from loopback import answered, serving
from makers import ManualClock
from quickbooks_answers import PREFERENCES, Unlimited

from accounting.calling import Calls
from accounting.quickbooks.connector import QuickBooksBooks
from accounting.tryton.session import Session
from accounting.xero.connector import XeroBooks
from receivables.books_records import ReceiptLine
from receivables.effects import Dispatch, Order, ReceiptWrite, effect_key, marker
from receivables.errors import AccessLost, BooksError

Row = Mapping[str, Any]

ORGANISATION = "5ae23193-e4b4-4001-99e9-b98634d6040e"
INVOICE = "96df0dff-43ec-4899-a7d9-e9d63ef12b19"
WHOLE = {"6000": "A business validation error has occurred while processing your request", "610": "Object Not Found"}
KINDS = {401: "AUTHENTICATION", 403: "SERVICE", 429: "SERVICE", 500: "SystemFault"}


class OnlyOnce:
    """Access that was taken back: it cannot be renewed."""

    def authorization(self) -> str:
        return "Bearer made-up"

    def refused(self, authorization: str) -> None:  # noqa: ARG002
        raise AccessLost("Connect the company again.")


@dataclass(frozen=True)
class Answered:
    """One answer of a package: status, what stands in its headers, and its bytes."""

    status: int
    raw: bytes
    headers: Mapping[str, str]


def quickbooks_answer(row: Row) -> Answered:
    """A fault: in the words of an answer, in the small letters of the gateway, or as its XML."""
    status, code, phrase = row.get("status", 400), row.get("code", ""), row["phrase"]
    kind = KINDS.get(status, "ValidationFault")
    if row.get("body") == "xml":
        words = f"<Message>{escape(phrase)}</Message><Detail>Try again later</Detail>"
        fault = f'<Fault type="{kind}"><Error code="{code}">{words}</Error></Fault>'
        return Answered(
            status, f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3">{fault}</IntuitResponse>'.encode(), {}
        )
    if status in (401, 403, 429):
        error = {"message": phrase, "detail": None, "code": code, "element": None}
        return Answered(status, json.dumps({"fault": {"error": [error], "type": kind}}).encode(), {})
    error = {"Message": WHOLE.get(code, ""), "Detail": phrase, "code": code, "element": ""}
    return Answered(status, json.dumps({"Fault": {"Error": [error], "type": kind}}).encode(), {})


def xero_answer(row: Row) -> Answered:
    """A validation exception, the problem of a gateway, or the words of an old one."""
    status, phrase = row.get("status", 400), row["phrase"]
    if limit := row.get("limit"):
        return Answered(status, b"", {"X-Rate-Limit-Problem": limit, "Retry-After": "27"})
    if status in (401, 403):
        title = {401: "Unauthorized", 403: "Forbidden"}[status]
        return Answered(status, json.dumps({"Type": None, "Title": title, "Status": status, "Detail": phrase}).encode(), {})
    if status == 503:
        return Answered(status, phrase.encode(), {})
    if status != 400:
        return Answered(status, json.dumps({"Type": None, "Title": "", "Status": status, "Detail": phrase}).encode(), {})
    element = {"ValidationErrors": [{"Message": phrase}]}
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred", "Elements": [element]}
    return Answered(status, json.dumps(body).encode(), {})


def tryton_answer(row: Row) -> Answered:
    """An error inside a JSON-RPC answer, or the page of its web server."""
    phrase, kind = row["phrase"], row.get("kind", "UserError")
    if "status" in row:
        return Answered(row["status"], f"<!doctype html><title>{row['status']}</title><p>{phrase}</p>".encode(), {})
    said: object = {
        "UserError": [phrase, "", None],
        "UserWarning": ["12ab.some_warning", phrase, ""],
        "ConcurrencyException": phrase,
    }.get(kind, 'Traceback (most recent call last):\n  File "dispatcher.py"')
    name = kind if kind in ("UserError", "UserWarning", "ConcurrencyException") else phrase
    return Answered(200, json.dumps({"id": 1, "error": [name, said]}).encode(), {})


ANSWERS = {"quickbooks": quickbooks_answer, "xero": xero_answer, "tryton": tryton_answer}


class Packages:
    """The connectors of three packages in front of answers that a test says; reads are answered with next to nothing."""

    def __init__(self, base_url: str, clock: ManualClock) -> None:
        def calls(package: str, path: str) -> Calls:
            access, budget = OnlyOnce(), Unlimited()
            address = f"{base_url}{path}"
            return Calls("acme", package, address, access=access, budget=budget, clock=clock, pause=lambda _: None)

        self.next = Answered(404, b"", {})
        self._all = [calls("QuickBooks Online", "/quickbooks/"), calls("Xero", "/xero/"), calls("Tryton", "/tryton/")]
        self._quickbooks = QuickBooksBooks(self._all[0], clock)
        zone = ZoneInfo("America/Chicago")
        self._xero = XeroBooks(self._all[1], clock, organisation=ORGANISATION, time_zone=zone, deposit_account="090")
        self._clock = clock

    def close(self) -> None:
        for calls in self._all:
            calls.close()

    def refuse_one_of_two(self, package: str, row: Row) -> BooksError:
        """The same of two receipts in one dispatch, answered with a 200 in which each has its own fate; both are refused."""
        whole = json.loads(ANSWERS[package](row).raw)
        if package == "quickbooks":
            body: object = {"BatchItemResponse": [{"bId": str(place), **whole} for place in (1, 2)]}
        else:
            body = {"Payments": [{"StatusAttributeString": "ERROR", **element} for element in whole["Elements"] * 2]}
        self.next = Answered(200, json.dumps(body).encode(), {})
        books = self._quickbooks if package == "quickbooks" else self._xero
        first, _ = books.write(Dispatch("key-of-both", (self._order(1), self._order(2)), self._clock.monotonic() + 30))
        assert isinstance(first, BooksError), first
        return first

    def _order(self, part: int) -> Order:
        line = ReceiptLine(INVOICE, 50_000)
        write = ReceiptWrite("7", "USD", 50_000, date(2026, 3, 3), "card", "TXN-1001", "Portal payment TXN-1001", "", (line,))
        key = effect_key("acme", "TXN-1001", f"receipt/{part}", 1)
        return Order(f"e-{part}", key, marker("acme", "TXN-1001", part, 1), write)

    def refuse(self, package: str, row: Row) -> BooksError:
        """What the connector answers, or raises, when the package refuses a receipt in these words."""
        self.next = ANSWERS[package](row)
        deadline = self._clock.monotonic() + 30
        order = self._order(1)
        try:
            match package:
                case "quickbooks":
                    (answer,) = self._quickbooks.write(Dispatch(order.key, (order,), deadline))
                case "xero":
                    (answer,) = self._xero.write(Dispatch(order.key, (order,), deadline))
                case _:
                    answer = Session(self._all[2]).write("account.statement.create", [{}], deadline=deadline)
        except BooksError as error:
            return error
        assert isinstance(answer, BooksError), answer
        return answer


@contextmanager
def packages() -> Iterator[Packages]:
    """All three on loopback until the end of the block."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if handler.command == "GET":
            preferences = "/quickbooks/preferences" in handler.path
            said = Answered(200, json.dumps(PREFERENCES).encode(), {}) if preferences else Answered(404, b"", {})
        elif handler.command == "POST" and b"get_preferences" in sent:
            said = Answered(200, b'{"id": 1, "result": {"company": 1, "name": "us"}}', {})
        else:
            said = books.next
        answered(handler, said.status, said.raw, **said.headers)

    with serving(answer) as port:
        books = Packages(f"http://127.0.0.1:{port}", ManualClock())
        try:
            yield books
        finally:
            books.close()
