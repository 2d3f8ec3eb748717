"""A QuickBooks Online company on this machine: the vendor's API over our embedded ledger, for tests.

`start_quickbooks(folder)` serves it from a thread; `python -m stand_ins.quickbooks FOLDER PORT` from a process of its
own, which outlives the death of ours. Both keep everything in the folder, so that either goes on where the other
stopped, and a bookkeeper may work in the same books by hand.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from accounting_peers import LINES, EmbeddedBookkeeper
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from accounting.embedded.change import Kind, Temper
from accounting.embedded.ledger import Ledger
from app.clock import SystemClock
from receivables.ports import Clock
from stand_ins import quickbooks_entries
from stand_ins import quickbooks_side as side
from stand_ins.quickbooks_api import Answered, Asked, CompanyApi, Counts, fault_text
from stand_ins.quickbooks_side import Settings, api_id, ledger_id
from stand_ins.serving import Fault, Faults, listening

REALM = "9130347596461146"
TOKEN = "a-token-made-up-for-the-stand-in"
BOOKS = "quickbooks.sqlite"
DISCOVERY = "/.well-known/openid_configuration"


@dataclass(frozen=True)
class FixedAccess:
    """Lets in with the one token there is; a refusal changes nothing."""

    token: str = TOKEN

    def authorization(self) -> str:
        return f"Bearer {self.token}"

    def refused(self, authorization: str) -> None:
        """There is no other token to get."""


class QuickBooks:
    """A running company. `base_url` ends in a slash."""

    def __init__(self, origin: str, api: CompanyApi, faults: Faults) -> None:
        self.origin = origin
        self.base_url = f"{origin}/v3/company/{api.realm}/"
        self.discovery_url = f"{origin}{DISCOVERY}"
        self.api = api
        self.ledger = api.ledger
        self.access = FixedAccess(api.token)
        self.bookkeeper = QuickBooksBookkeeper(api.ledger)
        self.faults = faults

    @property
    def counts(self) -> Counts:
        return self.api.counts

    @property
    def asked(self) -> list[str]:
        """Every request so far, as "METHOD path?parameters" without the company's part."""
        return self.api.asked

    @property
    def violations(self) -> list[str]:
        """What broke Intuit's schema so far, requests and answers alike."""
        return [*self.api.violations["request"], *self.api.violations["answer"]]

    def order(self, fault: Fault) -> None:
        """The next requests that fit go wrong this way."""
        self.faults.order(fault)

    def order_fault(self, code: str, *, path: str = "", times: int = 1, detail: str = "") -> None:
        """The next requests whose path holds this are answered with a Fault of this code, and not carried out."""
        self.faults.order(Fault(status=400, body=fault_text(code, detail), path=path, times=times))

    def break_batch_after(self, items: int) -> None:
        """The next batch is carried out up to so many items; then the line breaks, and no answer comes."""
        self.api.batch_breaks_after = items
        self.faults.order(Fault(cut="after", path="/batch"))

    def settings(self) -> Settings:
        with self.ledger.reading() as connection:
            return side.settings(connection)

    def write_on(self, receipt_id: str, words: Mapping[str, Any]) -> None:
        """Fields of a Payment entered along with it, under Intuit's names; `Description` is that of each of its lines."""
        with self.ledger.changing(self.bookkeeper.name) as change:
            side.keep_words(change, receipt_id, words)

    def enter(self, entity: str, body: Mapping[str, Any]) -> str:
        """A journal entry, an expense or a refund receipt as somebody types it in; returns its id."""
        with self.ledger.changing(self.bookkeeper.name) as change:
            return quickbooks_entries.create(change, entity, body)

    def prefers(self, **changed: bool) -> None:
        """Sets switches of `Settings`; AutoApplyCredit is the ledger's own: `ledger.set_auto_apply_credits`."""
        with self.ledger.changing("QuickBooks") as change:
            side.set_settings(change, changed)


class QuickBooksBookkeeper:
    """Dana, who works in QuickBooks by hand; ids are those of the API. A credit's application is its Payment."""

    name = EmbeddedBookkeeper.name

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._dana = EmbeddedBookkeeper(ledger)

    def customer(self, name: str) -> str:
        return api_id(self._dana.customer(name))

    def invoice(self, number: str, customer_id: str, amount_minor: int) -> str:
        return api_id(self._dana.invoice(number, self._id(customer_id, Kind.CUSTOMER), amount_minor))

    def credit_memo(self, number: str, customer_id: str, amount_minor: int) -> str:
        return api_id(self._dana.credit_memo(number, self._id(customer_id, Kind.CUSTOMER), amount_minor))

    def apply_credit(self, credit_memo_id: str, invoice_id: str, amount_minor: int) -> str:
        memo_id, invoice = self._id(credit_memo_id, Kind.CREDIT_MEMO), self._id(invoice_id, Kind.INVOICE)
        return api_id(self._dana.apply_credit(memo_id, invoice, amount_minor))

    def unapply_credit(self, application_id: str) -> None:
        self._dana.unapply_credit(self._id(application_id, Kind.CREDIT_APPLICATION))

    def receipt(self, customer_id: str, amount_minor: int, lines: LINES, memo: str = "") -> str:
        standing = tuple((self._id(invoice_id, Kind.INVOICE), minor) for invoice_id, minor in lines)
        return api_id(self._dana.receipt(self._id(customer_id, Kind.CUSTOMER), amount_minor, standing, memo))

    def delete_invoice(self, invoice_id: str) -> None:
        self._dana.delete_invoice(self._id(invoice_id, Kind.INVOICE))

    def void_invoice(self, invoice_id: str) -> None:
        self._dana.void_invoice(self._id(invoice_id, Kind.INVOICE))

    def delete_receipt(self, receipt_id: str) -> None:
        self._dana.delete_receipt(self._id(receipt_id, Kind.RECEIPT))

    def void_receipt(self, receipt_id: str) -> None:
        self._dana.void_receipt(self._id(receipt_id, Kind.RECEIPT))

    def close_period(self, closed_through: date) -> None:
        self._dana.close_period(closed_through)

    def ledger_id(self, document_id: str, kind: Kind) -> str:
        """The ledger's own id, for what only the ledger can do: deposits, merging, accounts."""
        return self._id(document_id, kind)

    def _id(self, document_id: str, kind: Kind) -> str:
        with self._ledger.reading() as connection:
            return ledger_id(connection, document_id, kind) or document_id


@contextmanager
def start_quickbooks(
    folder: Path, *, clock: Clock | None = None, port: int = 0, strict_requests: bool = True, home_currency: str = "USD"
) -> Iterator[QuickBooks]:
    """Serves a company whose books lie in this folder until the block ends.

    At the end of a block that did not raise, AssertionError tells every request and answer that broke Intuit's
    schema; with `strict_requests` False requests are not held to it, for clients nobody here wrote.
    """
    clock = clock or SystemClock()
    ledger = Ledger(folder / BOOKS, clock, temper=Temper.SWALLOWING, home_currency=home_currency)
    side.lay(ledger)
    api, faults = CompanyApi(ledger, clock, REALM, TOKEN), Faults()
    try:
        with listening(_Application(api), faults, port=port) as origin:
            quickbooks = QuickBooks(origin, api, faults)
            yield quickbooks
        broken = [*(api.violations["request"] if strict_requests else ()), *api.violations["answer"]]
        if broken:
            raise AssertionError("what was sent or answered breaks Intuit's schema: " + "; ".join(broken))
    finally:
        ledger.close()


class _Application:
    """The ASGI face: the discovery document, and everything else to the company's API."""

    def __init__(self, api: CompanyApi) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path == DISCOVERY:
            answer = Answered(200, _discovery(str(request.base_url).rstrip("/")))
        else:
            headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
            asked = Asked(request.method, request.url.path, dict(request.query_params), headers, body)
            answer = await run_in_threadpool(self._api.answer, asked)
        response = Response(answer.text, answer.status, dict(answer.headers), "application/json")
        await response(scope, receive, send)


def _discovery(origin: str) -> str:
    """What Intuit's OAuth client asks for before it does anything; nothing behind these addresses is served."""
    names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri")
    addresses = ", ".join(f'"{name}": "{origin}/{name}"' for name in names)
    return f'{{"issuer": "{origin}", {addresses}}}'


def main() -> None:
    """Serves from this process and prints the address; ends at an interrupt or a termination signal."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("port", type=int)
    given = arguments.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with start_quickbooks(given.folder, port=given.port) as quickbooks:
        print(quickbooks.base_url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
