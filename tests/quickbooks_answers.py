"""QuickBooks answering exactly what a test says: recorded answers on loopback, in their order, and what was asked for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from loopback import answered, serving
from makers import ManualClock

from accounting.calling import Calls
from accounting.quickbooks.connector import QuickBooksBooks
from receivables.ports import Clock

COMPANY = "/v3/company/4620816365/"
PREFERENCES: object = {"Preferences": {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    params: Mapping[str, str]
    body: object


@dataclass
class Recorded:
    """The answers still to be given, first one first; with none left, every request is answered 404 without a word.

    The home currency is USD, which is neither recorded nor remembered unless a test says otherwise.
    """

    answers: list[tuple[int, object]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, body: object, status: int = 200, times: int = 1) -> None:
        self.answers += [(status, body)] * times

    def queries(self) -> list[str]:
        return [request.params["query"] for request in self.asked if request.path == "query"]


class Letting:
    """Access that is always given."""

    def authorization(self) -> str:
        return "Bearer made-up"

    def refused(self, authorization: str) -> None:
        raise AssertionError(authorization)


class Unlimited:
    """A budget that never runs out."""

    def take(self, company: str, calls: int) -> float:  # noqa: ARG002
        return 0.0


def calls_to(base_url: str, clock: Clock, access: object = None, *, at_once: int = 1) -> Calls:
    """Calls without pauses and without a limit; one by one where answers are told in their order."""
    return Calls(
        "acme",
        "QuickBooks Online",
        base_url,
        access=access or Letting(),  # type: ignore[arg-type]
        budget=Unlimited(),
        clock=clock,
        trace_header="intuit_tid",
        pause=lambda seconds: None,  # noqa: ARG005
        at_once=at_once,
    )


@contextmanager
def recorded_quickbooks(clock: ManualClock) -> Iterator[tuple[QuickBooksBooks, Recorded]]:
    """The connector in front of recorded answers."""
    recorded = Recorded()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        sent = json.loads(handler.rfile.read(length)) if length else None
        split = urlsplit(handler.path)
        path = split.path.removeprefix(COMPANY)
        if path == "preferences" and not (recorded.answers and "Preferences" in str(recorded.answers[0][1])):
            status, body = 200, PREFERENCES
        else:
            recorded.asked.append(Asked(handler.command, path, dict(parse_qsl(split.query)), sent))
            status, body = recorded.answers.pop(0) if recorded.answers else (404, None)
        raw = b"" if body is None else json.dumps(body).encode()
        answered(handler, status, raw, intuit_tid=f"tid-{len(recorded.asked)}")

    with serving(answer) as port:
        calls = calls_to(f"http://127.0.0.1:{port}{COMPANY}", clock)
        try:
            yield QuickBooksBooks(calls, clock), recorded
        finally:
            calls.close()


def a_fault(code: str, message: str = "", detail: str = "", kind: str = "ValidationFault") -> dict[str, object]:
    return {"Fault": {"Error": [{"Message": message, "Detail": detail, "code": code}], "type": kind}}


def found(entity: str, *documents: object) -> dict[str, object]:
    return {"QueryResponse": {entity: list(documents)} if documents else {}, "time": "2026-03-10T08:00:00.000-07:00"}


def meta(changed: str = "2026-03-10T08:00:00-07:00", made: str = "2026-03-10T08:00:00-07:00") -> dict[str, object]:
    return {"CreateTime": made, "LastUpdatedTime": changed}


def an_invoice(
    id: str = "1", *, number: str = "1042", total: float = 500.0, balance: float = 500.0, **more: object
) -> dict[str, object]:
    return {
        "Id": id,
        "SyncToken": "0",
        "DocNumber": number,
        "TxnDate": "2026-03-10",
        "CustomerRef": {"value": "7", "name": "Hooli"},
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": total,
        "Balance": balance,
        "MetaData": meta(),
        **more,
    }


def a_payment_in_books(id: str = "5", *, total: float = 500.0, **more: object) -> dict[str, object]:
    return {
        "Id": id,
        "SyncToken": "0",
        "TxnDate": "2026-03-10",
        "CustomerRef": {"value": "7", "name": "Hooli"},
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": total,
        "UnappliedAmt": 0,
        "ProcessPayment": False,
        "Line": [],
        "MetaData": meta(),
        **more,
    }


def a_line(kind: str, id: str, amount: float) -> dict[str, object]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]}
