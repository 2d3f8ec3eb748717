"""One organization's questions to Xero and writes into it: its header and its pages.

Reads raise BooksUnavailable (also Throttled), AccessLost and BooksRefused; a 404 is an answer only where one document
was asked for by its id. Writes go out once; what a 4xx answer means is said by `faults`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar
from urllib.parse import quote

from accounting.calling import Calls, Reply
from accounting.recent import Question, Recent
from accounting.xero import faults
from accounting.xero.wire import Fields, elements, fields, identity, is_guid
from receivables.errors import BooksUnavailable
from receivables.ports import Clock

ORGANISATION_HEADER = "Xero-tenant-id"
PAGE_SIZE = 1000  # the largest that Xero allows
SMALLEST_PAGE = 100  # what Xero gives where it does not heed the size asked for; a shorter one is surely the last
DOCUMENTS_PER_PAGE = 400  # of changes: they are stored in one transaction, which stays under 500 rows
OLDEST_CHANGE_FIRST = {"order": "UpdatedDateUTC ASC"}
PAGES_PER_LIST = 200  # 200,000 documents in one list; beyond it the question was wrong
# What is asked for stands in the address, where others found about 2,000 characters to be the end (pyxero, thread 260).
IDS_PER_FILTER = 25
CUSTOMERS_PER_FILTER = 20  # the filter's field has a longer name
IDS_PER_LIST = 45  # a plain list, without a filter's words
CHARACTERS_PER_LIST = 1500  # of invoice numbers, as they are written in an address

#: By the list that is written to, the lists whose documents stay as they were.
UNTOUCHED = {
    "CreditNotes": frozenset({"Organisation", "Contacts", "Payments", "Overpayments", "Prepayments"}),
    "Payments": frozenset({"Organisation", "Contacts", "Overpayments", "Prepayments"}),
}

T = TypeVar("T")


class Asking:
    """Calls about one organization."""

    def __init__(self, calls: Calls, clock: Clock, organisation: str) -> None:
        self._calls = calls
        self.each = calls.each
        self._header = {ORGANISATION_HEADER: organisation}
        self._recent = Recent(clock, UNTOUCHED)

    def look_begins(self, only: frozenset[str] = frozenset()) -> None:
        """A look at the changes, or at these lists only: what was asked before it is asked anew."""
        self._recent.begin(only)

    def read_through(self, endpoint: str) -> None:
        """A look at the changes has come to the end of this list."""
        self._recent.read_through(endpoint)

    def was_read_through(self, *endpoints: str) -> bool:
        """Whether one has come to the end of each of these within the last seconds, and nothing was written there since."""
        return all(self._recent.was_read_through(endpoint) for endpoint in endpoints)

    def afresh(self) -> AbstractContextManager[None]:
        """Nothing asked within is answered from what was asked a moment ago."""
        return self._recent.afresh()

    def page(
        self, endpoint: str, number: int, *, size: int = PAGE_SIZE, since: str = "", params: Mapping[str, str] | None = None
    ) -> Page:
        """One page of a list. `since` is the header If-Modified-Since. Xero's own count says whether more follow."""
        reply = self._read(endpoint, {**(params or {}), "page": number, "pageSize": size}, since)
        if reply.status == 304 and since:
            return Page([], more=False)  # nothing was modified since
        if not reply.ok:
            raise faults.failed_read(reply)
        return _page(reply, endpoint, number, size)

    def listed_whole(self, endpoint: str) -> list[Fields] | None:
        """Every document of a list that the look at the changes has just read from its beginning to its end in one page."""
        asked: dict[str, str | int] = {**OLDEST_CHANGE_FIRST, "page": 1, "pageSize": DOCUMENTS_PER_PAGE}
        reply = self._recent.answer(_question(endpoint, asked))
        page = _page(reply, endpoint, 1, DOCUMENTS_PER_PAGE) if reply else None
        return page.documents if page and not page.more else None

    def listed_lately(self, endpoint: str, id_name: str, ids: Collection[str]) -> dict[str, Fields]:
        """Those of these documents that a list, whatever it was asked for, has just shown."""
        shown = (of for reply in self._recent.answers_about(endpoint) if reply.ok for of in _documents(reply, endpoint))
        return {document_id: of for of in shown if (document_id := identity(of, id_name)) in ids}

    def every(self, endpoint: str, **params: str) -> Iterator[Fields]:
        """Every document of a list, page after page."""
        for number in range(1, PAGES_PER_LIST + 1):
            page = self.page(endpoint, number, params=params)
            yield from page.documents
            if not page.more:
                return
        raise BooksUnavailable(f"Xero has more {endpoint} than can be read at once.")

    def lists(self, endpoint: str, asked: Iterable[Mapping[str, str]]) -> list[Fields]:
        """Every document of several lists, in their order."""
        return [*chain(*self.each(lambda params: [*self.every(endpoint, **params)], asked))]

    def singly(self, endpoint: str, ids: Collection[str]) -> dict[str, Fields]:
        """Those of these documents that are there, each asked for by its own id."""
        asked = sorted(ids)
        found = self.each(lambda document_id: self.one(endpoint, document_id), asked)
        return {document_id: of for document_id, of in zip(asked, found, strict=True) if of}

    def one(self, endpoint: str, document_id: str) -> Fields | None:
        """One document by its id; None when Xero says plainly that there is none (404, and only 404)."""
        reply = self._read(f"{endpoint}/{document_id}")
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

    def whole(self, endpoint: str) -> list[Fields]:
        """Every document of a list that has no pages."""
        reply = self._read(endpoint)
        if not reply.ok:
            raise faults.failed_read(reply)
        return _documents(reply, endpoint)

    def organisation(self) -> Fields:
        reply = self._read("Organisation")
        if not reply.ok:
            raise faults.failed_read(reply)
        found = _documents(reply, "Organisations")
        if len(found) != 1:
            raise BooksUnavailable("Xero did not say which organization this is.")
        return found[0]

    def history(self, endpoint: str, document_id: str) -> list[Fields]:
        """What was done to one document, by whom and when, as far as Xero tells."""
        reply = self._read(f"{endpoint}/{document_id}/History")
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
        try:
            return self._calls.write(method, path, deadline=deadline, params=params, headers=headers, body=body)
        finally:
            self._recent.written_to(path)

    def _read(self, path: str, params: Mapping[str, str | int] | None = None, since: str = "") -> Reply:
        question = _question(path, params or {}, since)
        reply = self._recent.answer(question)
        if reply is None:
            headers = {**self._header, **({"If-Modified-Since": since} if since else {})}
            reply = self._calls.read("GET", path, params=params, headers=headers)
            self._recent.keep(question, reply)
        return reply


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


def _question(path: str, params: Mapping[str, str | int], since: str = "") -> Question:
    return (path, since, tuple(sorted(params.items())))


def _page(reply: Reply, endpoint: str, number: int, size: int) -> Page:
    found = _documents(reply, endpoint)
    count = fields(fields(reply.body).get("pagination")).get("pageCount")
    more = number < count if isinstance(count, int) else len(found) >= min(size, SMALLEST_PAGE)
    return Page(found, more)


def _documents(reply: Reply, name: str) -> list[Fields]:
    """The documents of a list. An answer without the list is no answer: it must not look like "there are none"."""
    listed = fields(reply.body).get(name)
    if not isinstance(listed, list):
        raise BooksUnavailable(f"Xero answered without any {name}.")
    return elements(listed)
