"""Generated feeds of QuickBooks' changes: every look ends, nothing changed is ever missed, and the next look moves on.

`make feeds` plays ten thousand of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar, cast

from makers import ManualClock
from stand_ins import quickbooks_query as query

from accounting.calling import Calls, Reply
from accounting.quickbooks import documents
from accounting.quickbooks.changes import ENTITIES, ChangeFeed, Sizes
from accounting.quickbooks.documents import KINDS
from accounting.quickbooks.fields import Json
from accounting.quickbooks.queries import PAGE_OVERLAP, Reading
from accounting.recent import Recent
from receivables.books_records import Document, UnreadableReceipt
from receivables.errors import BooksRefused

FEEDS = int(os.environ.get("FEEDS", "100"))
SHOWN_LATE_SECONDS = 240  # the overlap is for what shows up within five minutes
MONTHS_SECONDS = 86_400 * 40
Key = tuple[str, str]  # entity, id
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class QuickBooksDocuments:
    """A company's documents. A change is stamped at one moment and may become visible at a later one."""

    clock: ManualClock
    at_most: int  # objects in one answer of the change feed
    whole_seconds: bool  # moments in a question are cut to the second
    says_time: bool  # answers tell the moment that they were given at
    seconds_a_call: float = 0.0
    shown: dict[Key, Json] = field(default_factory=dict)
    hidden: list[tuple[datetime, Key, Json]] = field(default_factory=list)
    tokens: dict[Key, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)  # entities of which the feed, asked for them alone, left something out
    calls: int = 0
    filled: bool = False  # the feed's last answer was as large as they get
    shifted: bool = False  # more left a second that is paged by position than its pages overlap by
    _listed: list[Json] = field(default_factory=list)

    def each(self, ask: Callable[[T], R], of: Iterable[T]) -> list[R]:
        """In turn: what is on its way at once is not what these feeds are about."""
        return [ask(question) for question in of]

    def put(self, key: Key, stamped: datetime, shown_at: datetime, *, deleted: bool = False, fraction: str = "") -> None:
        """A document made, changed or deleted."""
        self.tokens[key] = self.tokens.get(key, -1) + 1
        at = stamped.astimezone(UTC).strftime(f"%Y-%m-%dT%H:%M:%S{fraction}+00:00")
        meta = {"CreateTime": "2026-02-01T10:00:00-08:00", "LastUpdatedTime": at}
        document: dict[str, object] = {"Id": key[1], "SyncToken": str(self.tokens[key]), "MetaData": meta}
        self.hidden.append((shown_at, key, {**document, **({"status": "Deleted"} if deleted else a_document(key[0]))}))

    def show(self) -> None:
        """Lets everything be seen that is to be seen by now."""
        now = self.clock.now()
        for shown_at, key, document in sorted(self.hidden, key=lambda held: held[0]):
            if shown_at <= now and token(document) >= token(self.shown.get(key)):
                self.shown[key] = document
        self.hidden = [held for held in self.hidden if held[0] > now]

    def read(self, method: str, path: str, *, params: Mapping[str, str]) -> Reply:
        """As `Calls.read` does."""
        assert method == "GET"
        self.calls += 1
        self.clock.advance(self.seconds_a_call)
        self.show()
        answered = self._queried(params["query"]) if path == "query" else self._changed(params)
        told = {"time": self.clock.now().isoformat(timespec="milliseconds")} if self.says_time else {}
        return Reply(200, {}, answered | told, "")

    def _queried(self, words: str) -> dict[str, Any]:
        asked = query.parsed(words)
        if self.whole_seconds:
            cut = [
                query.Condition(held.field, held.operator, (query.moment(held.values[0]).replace(microsecond=0).isoformat(),))
                if held.field.startswith("MetaData") else held
                for held in asked.conditions
            ]  # fmt: skip
            asked = query.Query(asked.entity, False, tuple(cut), asked.order, asked.start, asked.most)
        living = [of for (entity, _), of in self.shown.items() if entity == asked.entity and "status" not in of]
        whole = query.Query(asked.entity, False, asked.conditions, (), 1, 1000)
        before, self._listed = self._listed, list(query.answered(whole, living).get(asked.entity, []))
        left = sum(document not in self._listed for document in before)
        self.shifted |= asked.start > 1 and left > min(PAGE_OVERLAP, asked.most // 2)
        return {"QueryResponse": query.answered(asked, living)}

    def _changed(self, params: Mapping[str, str]) -> dict[str, Any]:
        since, entities, room, blocks = query.moment(params["changedSince"]), params["entities"].split(","), self.at_most, []
        for entity in entities:
            found = [of for (kind, _), of in self.shown.items() if kind == entity and changed_at(of) >= since]
            found.sort(key=changed_at, reverse=True)
            if len(entities) == 1 and len(found) > room:
                self.left_out.add(entity)
            blocks.append({entity: found[:room]} if found[:room] else {})
            room -= len(found[:room])
        self.filled = room <= 0
        return {"CDCResponse": [{"QueryResponse": blocks}]}


def token(document: Json | None) -> int:
    return int(str(document["SyncToken"])) if document else -1


def changed_at(document: Json) -> datetime:
    meta = cast("Mapping[str, str]", document["MetaData"])
    return datetime.fromisoformat(meta["LastUpdatedTime"])


def a_document(entity: str) -> Json:
    if entity == "Customer":
        return {"DisplayName": "Hooli", "Active": True}
    money = {"TotalAmt": Decimal(500), "Balance": Decimal(500), "CurrencyRef": {"value": "USD"}}
    return {**money, "TxnDate": "2026-03-01", "CustomerRef": {"value": "1"}, "UnappliedAmt": Decimal(500)}


def as_records(found: Sequence[tuple[str, Json]]) -> tuple[list[Document], list[BooksRefused], list[UnreadableReceipt]]:
    readers: dict[str, Any] = {
        "Customer": documents.customer,
        "Invoice": documents.invoice,
        "CreditMemo": lambda of: documents.credit_memo(of, ()),
        "Payment": documents.receipt,
    }
    return [readers[entity](document) for entity, document in found], [], []


@dataclass
class People:
    """They make, change and delete documents, one by one or hundreds at once."""

    books: QuickBooksDocuments
    random: Random
    count: int = 0

    def work(self, times: int) -> None:
        stamped, shown_at, fraction = self._moment()
        together, entity = self.random.random() < 0.5, self.random.choice(ENTITIES)
        for _ in range(times):
            if not together:
                stamped, shown_at, fraction = self._moment()
                entity = self.random.choice(ENTITIES)
            self._something(entity, stamped, shown_at, fraction)
        self.books.show()

    def _moment(self) -> tuple[datetime, datetime, str]:
        """The stamp of a change, when it shows, and what QuickBooks writes behind the seconds."""
        now = self.books.clock.now()
        late = timedelta(seconds=self.random.choice((0, 0, 0, 1, 60, SHOWN_LATE_SECONDS)))
        stamped, shown_at = self.random.choice(((now - late, now), (now, now + late)))
        return stamped, shown_at, self.random.choice(("", "", ".1", ".999"))

    def _something(self, entity: str, stamped: datetime, shown_at: datetime, fraction: str) -> None:
        known = [key for key in self.books.tokens if key[0] == entity and not self._is_deleted(key)]
        pick = self.random.random()
        if pick < 0.6 or not known:
            self.count += 1
            self.books.put((entity, str(self.count)), stamped, shown_at, fraction=fraction)
        else:
            deleted = pick > 0.9 and entity != "Customer"  # a customer is made inactive, never deleted
            self.books.put(self.random.choice(known), stamped, shown_at, deleted=deleted, fraction=fraction)

    def _is_deleted(self, key: Key) -> bool:
        hidden = [of for _, held, of in self.books.hidden if held == key]
        return "status" in (hidden[-1] if hidden else self.books.shown[key])


@dataclass
class Look:
    """What a reader of the feed knows: of each document the newest version it was told, "gone" of a deleted one."""

    people: People
    feed: ChangeFeed
    per_page: int
    told: dict[Key, str] = field(default_factory=dict)
    cursor: str = ""

    def once(self, *, disturbed: int = 0, receipts_only: bool = False) -> int:
        """One look to its end, while people do so many pieces of work meanwhile; returns how many documents it told."""
        told, kinds = 0, {kind: entity for entity, kind in KINDS.items()}
        names = {"Customer": "Customer", "Invoice": "Invoice", "CreditMemo": "CreditMemo", "Receipt": "Payment"}
        for page in range(12 + 4 * (len(self.people.books.tokens) + disturbed) // self.per_page):
            changes = self.feed.after(self.cursor, receipts_only=receipts_only)
            told += len(changes.documents) + len(changes.gone)
            for document in changes.documents:
                self.told[names[type(document).__name__], document.id] = document.version
            for gone in changes.gone:
                self.told[kinds[gone.kind], gone.id] = "gone"
            self.cursor = changes.cursor
            if not changes.more:
                return told
            if page < disturbed:
                self.people.work(1)
        raise AssertionError("the look does not end")


def missed(look: Look, books: QuickBooksDocuments) -> dict[Key, tuple[str, str | None]]:
    """What the reader knows otherwise than it is. A deletion that the feed left out is told by nobody."""
    wrong: dict[Key, tuple[str, str | None]] = {}
    for key, document in books.shown.items():
        is_gone = "status" in document
        told = look.told.get(key)
        if is_gone and (told is None or key[0] in books.left_out):
            continue
        expected = "gone" if is_gone else str(document["SyncToken"])
        if told != expected:
            wrong[key] = expected, told
    return wrong


def play(seed: int, outcomes: dict[str, int]) -> None:
    random = Random(seed)
    books = QuickBooksDocuments(
        ManualClock(), random.choice((4, 8, 30)), whole_seconds=random.random() < 0.5, says_time=random.random() < 0.8
    )
    people, per_page = People(books, random), random.randint(1, 6)
    reading = Reading(cast("Calls", books), Recent(books.clock))
    feed = ChangeFeed(reading, books.clock, as_records, lambda _: False, Sizes(per_page, books.at_most))
    look = Look(people, feed, per_page)
    for _ in range(random.randint(1, 4)):
        people.work(random.choice((0, 1, 2, 5, 20, 40)))
        books.seconds_a_call = random.choice((0.0, 0.2, 5.0, 90.0))
        look.once(disturbed=random.choice((0, 0, 1, 3)))
        books.seconds_a_call = 0.0  # so that what is there before such a look is there after it
        for _ in range(random.choice((0, 0, 1, 3))):  # as before each sending
            people.work(random.choice((0, 2, 10)))
            books.show()
            there = {key: of for key, of in books.shown.items() if key[0] == "Payment"}
            look.once(receipts_only=True)
            assert books.filled or books.shifted or missed(look, replace(books, shown=there)) == {}, seed
        pause_seconds = random.choice((0, 1, 1, 30, 30, 200, 200, 3600, 3600, MONTHS_SECONDS))
        books.clock.advance(pause_seconds)
        if pause_seconds == MONTHS_SECONDS:
            books.left_out |= set(ENTITIES)  # the feed reaches 30 days back, and queries tell no deletion
    books.seconds_a_call = 0.0
    books.clock.advance(2 * SHOWN_LATE_SECONDS)
    look.once()
    assert books.shifted or missed(look, books) == {}, seed
    books.clock.advance(3600)
    look.once()
    books.calls = 0
    assert (0, 1) == (look.once(), books.calls), seed
    outcomes["shifted" if books.shifted else "left out" if books.left_out else "whole"] += 1


def test_every_look_at_quickbooks_changes_ends_and_tells_the_newest_version_of_everything() -> None:
    outcomes: dict[str, int] = defaultdict(int)
    for seed in range(FEEDS):
        play(seed, outcomes)
    assert outcomes["whole"] > FEEDS // 4  # else little was asked of deletions
