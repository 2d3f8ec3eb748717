"""One organization's questions to Xero and writes into it: its header and its pages.

Reads raise BooksUnavailable (also Throttled), AccessLost and BooksRefused; a 404 is an answer only where one document
was asked for by its id. Writes go out once; what a 4xx answer means is said by `faults`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from accounting.calling import Calls, Reply
from accounting.xero import faults
from accounting.xero.wire import Fields, elements, fields, is_guid
from receivables.errors import BooksUnavailable

ORGANISATION_HEADER = "Xero-tenant-id"
PAGE_SIZE = 1000  # the largest that Xero allows
SMALLEST_PAGE = 100  # what Xero gives where it does not heed the size asked for; a shorter one is surely the last
PAGES_PER_LIST = 200  # 200,000 documents in one list; beyond it the question was wrong
# What is asked for stands in the address, where others found about 2,000 characters to be the end (pyxero, thread 260).
IDS_PER_FILTER = 25
CUSTOMERS_PER_FILTER = 20  # the filter's field has a longer name
IDS_PER_LIST = 45  # a plain list, without a filter's words
CHARACTERS_PER_LIST = 1500  # of invoice numbers, as they are written in an address

T = TypeVar("T")


class Asking:
    """Calls about one organization."""

    def __init__(self, calls: Calls, organisation: str) -> None:
        self._calls = calls
        self._header = {ORGANISATION_HEADER: organisation}

    def page(
        self, endpoint: str, number: int, *, size: int = PAGE_SIZE, since: str = "", params: Mapping[str, str] | None = None
    ) -> Page:
        """One page of a list. `since` is the header If-Modified-Since. Xero's own count says whether more follow."""
        headers = {**self._header, **({"If-Modified-Since": since} if since else {})}
        asked: dict[str, str | int] = {**(params or {}), "page": number, "pageSize": size}
        reply = self._calls.read("GET", endpoint, params=asked, headers=headers)
        if reply.status == 304 and since:
            return Page([], more=False)  # nothing was modified since
        if not reply.ok:
            raise faults.failed_read(reply)
        found = _documents(reply, endpoint)
        count = fields(fields(reply.body).get("pagination")).get("pageCount")
        more = number < count if isinstance(count, int) else len(found) >= min(size, SMALLEST_PAGE)
        return Page(found, more)

    def every(self, endpoint: str, **params: str) -> Iterator[Fields]:
        """Every document of a list, page after page."""
        for number in range(1, PAGES_PER_LIST + 1):
            page = self.page(endpoint, number, params=params)
            yield from page.documents
            if not page.more:
                return
        raise BooksUnavailable(f"Xero has more {endpoint} than can be read at once.")

    def one(self, endpoint: str, document_id: str) -> Fields | None:
        """One document by its id; None when Xero says plainly that there is none (404, and only 404)."""
        reply = self._calls.read("GET", f"{endpoint}/{document_id}", headers=self._header)
        if reply.status == 404:
            return None
        if not reply.ok:
            raise faults.failed_read(reply)
        found = _documents(reply, endpoint)
        if len(found) != 1:
            raise BooksUnavailable(f"Xero answered with {len(found)} {endpoint} where one was asked for.")
        return found[0]

    def surely(self, endpoint: str, id_name: str, document_id: str) -> Fields | None:
        """One document by its id, where no list left it out before: its absence has to be told twice, in two ways."""
        found = self.one(endpoint, document_id)
        if found is None and list(self.every(endpoint, where=is_guid(id_name, document_id))):
            raise BooksUnavailable(f"Xero says of one of its {endpoint} both that it is there and that it is not.")
        return found

    def organisation(self) -> Fields:
        reply = self._calls.read("GET", "Organisation", headers=self._header)
        if not reply.ok:
            raise faults.failed_read(reply)
        found = _documents(reply, "Organisations")
        if len(found) != 1:
            raise BooksUnavailable("Xero did not say which organization this is.")
        return found[0]

    def history(self, endpoint: str, document_id: str) -> list[Fields]:
        """What was done to one document, by whom and when, as far as Xero tells."""
        reply = self._calls.read("GET", f"{endpoint}/{document_id}/History", headers=self._header)
        if not reply.ok:
            raise faults.failed_read(reply)
        return elements(fields(reply.body).get("HistoryRecords"))

    def write(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        key: str = "",
        body: object = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Reply:
        """Sends once, with the idempotency key where there is one. Raises as `Calls.write` does."""
        headers = {**self._header, **({"Idempotency-Key": key} if key else {})}
        return self._calls.write(method, path, deadline=deadline, params=params, headers=headers, body=body)


@dataclass(frozen=True)
class Page:
    documents: list[Fields]
    more: bool


def chunks_of_text(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The same texts in lists that fit into an address; one that is too long by itself stands alone."""
    held: list[str] = []
    length = 0
    for value in values:
        needed = len(quote(value, safe="")) + len("%2C")
        if held and length + needed > CHARACTERS_PER_LIST:
            yield held
            held, length = [], 0
        held.append(value)
        length += needed
    if held:
        yield held


def _documents(reply: Reply, name: str) -> list[Fields]:
    """The documents of a list. An answer without the list is no answer: it must not look like "there are none"."""
    listed = fields(reply.body).get(name)
    if not isinstance(listed, list):
        raise BooksUnavailable(f"Xero answered without any {name}.")
    return elements(listed)
