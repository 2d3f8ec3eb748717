"""A look at Xero's changes always ends, within the pages that there are, and tells everything: ten thousand lists at random.

`make feeds` plays ten thousand through all of the feed as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import TypeVar, cast

from accounting.xero.asking import Asking, Page
from accounting.xero.changes import ChangeFeed, Place, next_place
from accounting.xero.documents import OnAccount
from accounting.xero.reads import Reads
from accounting.xero.wire import Fields
from receivables.books_records import Customer, Invoice

LOOKS = int(os.environ.get("FEEDS", "40"))  # through all of the feed, the rest is played on its arithmetic alone
XERO_LISTS = 10_000
LISTS = {
    "Contacts": "ContactID",
    "Invoices": "InvoiceID",
    "CreditNotes": "CreditNoteID",
    "Payments": "PaymentID",
    "Overpayments": "OverpaymentID",
    "Prepayments": "PrepaymentID",
}
NOW = 1_773_154_800_000
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class XeroLists:
    """Xero's six lists: each document with the moment of its last change, in pages of `size` whatever size is asked for."""

    size: int
    says_pages: bool
    moments: dict[str, dict[str, int]] = field(default_factory=dict)
    calls: int = 0

    _pages: dict[tuple[str, int, str], Page] = field(default_factory=dict)  # of this look

    def look_begins(self, only: frozenset[str] = frozenset()) -> None:
        del only
        self._pages.clear()

    def each(self, ask: Callable[[T], R], of: Iterable[T]) -> list[R]:
        return [ask(question) for question in of]

    def read_through(self, endpoint: str) -> None:
        """Nor is what was read to its end."""

    def afresh(self) -> AbstractContextManager[None]:
        return nullcontext()

    def page(self, endpoint: str, number: int, *, size: int, since: str, params: Mapping[str, str]) -> Page:
        del size, params
        if (endpoint, number, since) not in self._pages:
            self._pages[endpoint, number, since] = self._answered(endpoint, number, since)
        return self._pages[endpoint, number, since]

    def _answered(self, endpoint: str, number: int, since: str) -> Page:
        self.calls += 1
        found = self.since(endpoint, since)
        shown = found[(number - 1) * self.size : number * self.size]
        more = number * self.size < len(found) if self.says_pages else len(shown) == self.size
        return Page([a_document(endpoint, id_, at) for at, id_ in shown], more)

    def since(self, endpoint: str, since: str) -> list[tuple[int, str]]:
        asked = datetime.fromisoformat(since).timestamp() * 1000 if since else 0
        return sorted((at, id_) for id_, at in self.moments[endpoint].items() if at >= asked)


def a_document(endpoint: str, document_id: str, at: int) -> Fields:
    """Contacts and sales invoices are told; what stands in the other lists is nobody's receipt and only fills pages."""
    moment = {LISTS[endpoint]: document_id, "UpdatedDateUTC": f"/Date({at}+0000)/"}
    if endpoint == "Contacts":
        return {**moment, "Name": "Hooli"}
    if endpoint == "Invoices":
        contact = {"ContactID": an_id(0)}
        return {
            **moment,
            "Type": "ACCREC",
            "Status": "PAID",
            "CurrencyCode": "USD",
            "Date": f"/Date({at}+0000)/",
            "Contact": contact,
        }
    return {**moment, "Type": "SPEND", "PaymentType": "OTHER"}


def an_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number + 1:012d}"


def some_moments(random: Random) -> dict[str, int]:
    """A quiet list, one import with one stamp, a burst within seconds or minutes, or changes over days."""
    spread = random.choice((0, 1, 900, 3_000, 120_000, 500_000, 86_400_000 * 30))
    count = random.choice((0, 0, 1, 2, 3, 5, 9, 14))
    return {an_id(number): NOW - random.randint(0, spread) for number in range(count)}


def whole_look(feed: ChangeFeed, cursor: str, limit: int) -> tuple[dict[str, int], str]:
    """What one look told, by kind and id with the moment of its state, and the cursor after it."""
    told: dict[str, int] = {}
    for _ in range(limit):
        changes = feed.since(cursor)
        told.update(moments_of([document for document in changes.documents if isinstance(document, Customer | Invoice)]))
        cursor = changes.cursor
        if not changes.more:
            return told, cursor
    raise AssertionError(f"the look does not end within {limit} calls")


def moments_of(documents: Sequence[Customer | Invoice]) -> Iterator[tuple[str, int]]:
    for document in documents:
        yield f"{type(document).__name__} {document.id}", round(document.changed.at.timestamp() * 1000)


def a_feed(lists: XeroLists) -> ChangeFeed:
    class NoReads:
        def with_invoices(self, found: Sequence[Fields]) -> Sequence[Fields]:
            return found

    def as_listed(_: OnAccount, found: Sequence[Fields]) -> list[Fields]:
        return list(found)

    return ChangeFeed(cast("Asking", lists), cast("Reads", NoReads()), as_listed)


def as_it_is(lists: XeroLists) -> dict[str, int]:
    kinds = {"Contacts": "Customer", "Invoices": "Invoice"}
    return {f"{kind} {id_}": at for name, kind in kinds.items() for id_, at in lists.moments[name].items()}


def test_every_look_at_xeros_lists_ends_within_its_pages_and_six_and_tells_everything() -> None:
    random = Random(10)
    for number in range(LOOKS):
        lists = XeroLists(random.randint(1, 5), random.random() < 0.7)
        lists.moments = {name: some_moments(random) for name in LISTS}
        feed = a_feed(lists)
        pages = sum(-(-len(held) // lists.size) for held in lists.moments.values())

        told, cursor = whole_look(feed, "", pages + 6 + (0 if lists.says_pages else 6))
        assert as_it_is(lists) == told, number

        changed = random.choice(("Contacts", "Invoices"))
        later = {an_id(random.randint(0, 14)): NOW + 60_000 + random.randint(0, 100) for _ in range(random.randint(0, 4))}
        lists.moments[changed].update(later)
        pages = sum(-(-len(held) // lists.size) for held in lists.moments.values())
        told, cursor = whole_look(feed, cursor, pages + 6 + (0 if lists.says_pages else 6))

        kind = "Customer" if changed == "Contacts" else "Invoice"
        assert {f"{kind} {id_}": at for id_, at in later.items()} == told, number
        assert {} == whole_look(feed, cursor, pages + 6 + (0 if lists.says_pages else 6))[0], number


def read_to_its_end(moments: Mapping[str, int], size: int, place: Place) -> tuple[set[str], int, Place]:
    """One list as a look reads it: what was new, in how many calls, and where the next look goes on."""
    new: set[str] = set()
    for calls in range(1, len(moments) + 3):
        since = place.since // 1000 * 1000
        listed = sorted((at, id_) for id_, at in moments.items() if at >= since)
        shown = listed[(place.page - 1) * size : place.page * size]
        states = {f"{id_}@{at}": at for at, id_ in shown}
        new |= states.keys() - place.seen.keys()
        more = place.page * size < len(listed)
        place = next_place(replace(place, seen={**place.seen, **states}), [at for at, _ in shown], full=more)
        if not more:
            return new, calls, place
    raise AssertionError("the list does not end")


def test_ten_thousand_of_xeros_lists_end_within_one_call_more_than_their_pages() -> None:
    random = Random(11)
    for number in range(XERO_LISTS):
        size, moments = random.randint(1, 6), some_moments(random)
        pages = -(-len(moments) // size)

        new, calls, place = read_to_its_end(moments, size, Place())

        assert ({f"{id_}@{at}" for id_, at in moments.items()}, True) == (new, calls <= pages + 1), number
        late = {an_id(99): max(moments.values(), default=NOW) - random.randint(0, 119_000)}  # shows up after its own stamp
        new, calls, place = read_to_its_end({**moments, **late}, size, place)
        assert ({f"{id_}@{at}" for id_, at in late.items()}, True) == (new, calls <= pages + 2), number
        assert (set(), True) == ((again := read_to_its_end({**moments, **late}, size, place))[0], again[1] <= pages + 2), number
