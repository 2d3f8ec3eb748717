"""What changed in QuickBooks since we last asked, as pages with a cursor of our own.

The change feed reaches 30 days back and answers at most 1000 objects. A first mirror, a cursor that is older and an
answer that is full are read by queries instead, entity by entity in the order of the last change. Every question
reaches a few minutes further back than the last answer, because a change may become visible a little after its own
moment; what was handed on already is left out by fingerprints in the cursor. The stub of a deleted document has no
number. Of a full answer each entity is asked for once more by itself, for its deletions; those beyond a full answer even
then are not told here: reading such a document by its id tells it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from accounting.quickbooks import fields, queries
from accounting.quickbooks.documents import KINDS
from accounting.quickbooks.fields import Json
from accounting.quickbooks.queries import CHANGES_AT_MOST, Reading
from receivables.books_records import Changes, Document, Gone, Stamp, UnreadableReceipt
from receivables.errors import BooksRefused
from receivables.ports import Clock

RECEIPTS = "Payment"
ENTITIES = ("Customer", "Invoice", "CreditMemo", RECEIPTS)
DOCUMENTS_PER_PAGE = 400  # our own database takes a page in one transaction
OVERLAP = timedelta(minutes=5)
FEED_REACHES = timedelta(days=29)  # Intuit says 30; a day less, for clocks and a slow start
FINGERPRINTS_AT_MOST = 5000  # beyond it a document may be handed on twice, which changes nothing
FORM = 2  # of our records; a cursor of an older form begins anew, so that every document is read with its new fields
FIRST = "1970-01-01T00:00:00Z"

Records = Callable[[Sequence[tuple[str, Json]]], tuple[list[Document], list[BooksRefused], list[UnreadableReceipt]]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cursor:
    """Where we stand: `entity` is what is being paged ("" is the change feed), `since` the moment asked from.

    `bound` and `start` say where its next page begins, `began` when the paging began; `handed` are fingerprints.
    `paged` says that everything since `since` was just read by queries. `receipts_since` is where receipts alone are asked
    from, once they were read further than the rest.
    """

    since: str = FIRST
    entity: str = ENTITIES[0]
    bound: str = ""
    start: int = 1
    began: str = ""
    paged: bool = False
    receipts_since: str = ""
    handed: tuple[str, ...] = ()
    form: int = FORM

    def text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def cursor_from(text: str) -> Cursor:
    """The cursor that was handed out. A text of another package's, or of an older form, begins from the beginning."""
    try:
        stored = json.loads(text)
        return Cursor(**{**stored, "handed": tuple(stored["handed"])}) if stored["form"] == FORM else Cursor()
    except (ValueError, TypeError, KeyError):
        return Cursor()


@dataclass(frozen=True)
class Sizes:
    """How many documents a page has, and how many objects the feed answers at most."""

    page: int = DOCUMENTS_PER_PAGE
    feed_at_most: int = CHANGES_AT_MOST


class ChangeFeed:
    """Asks QuickBooks for changes; `records` turns documents into ours and leaves out documents of other kinds."""

    def __init__(
        self,
        reading: Reading,
        clock: Clock,
        records: Records,
        only_applies_credit: Callable[[str], bool],
        sizes: Sizes = Sizes(),
    ) -> None:
        self._reading = reading
        self._clock = clock
        self._records = records
        self._sizes = sizes
        self._only_applies_credit = only_applies_credit  # such a Payment is no document of its own, nor is its end

    def after(self, text: str, *, receipts_only: bool = False) -> Changes:
        """The next page after the cursor. Raises as every read does.

        With `receipts_only` the feed is asked for those alone: while many receipts are posted, their invoices fill its
        answers. Where receipts alone fill one, and where the rest is still being paged, everything is asked for.
        """
        self._reading.look_begins()
        cursor = cursor_from(text)
        if not cursor.entity and self._clock.now() - datetime.fromisoformat(cursor.since) > FEED_REACHES:
            cursor = Cursor(since=cursor.since, handed=cursor.handed)
        if cursor.entity:
            return self._by_query(cursor)
        return (self._receipts(cursor) if receipts_only else None) or self._by_feed(cursor)

    def _receipts(self, cursor: Cursor) -> Changes | None:
        """The next page of receipts that changed, or None where the answer is full."""
        since = cursor.receipts_since or cursor.since
        found, at = self._reading.changed([RECEIPTS], since)
        if len(found) >= self._sizes.feed_at_most:
            return None
        fresh = _fresh(cursor, found)
        now = fresh[: self._sizes.page]
        following = replace(cursor, handed=(*cursor.handed, *(_fingerprint(*change) for change in now))[-FINGERPRINTS_AT_MOST:])
        if more := len(fresh) > len(now):
            return self._handed_on(cursor, now, following, more=more)
        self._reading.read_through()
        reached = queries.moment_text(self._reached(found, at, since))
        return self._handed_on(cursor, now, replace(following, receipts_since=reached, paged=False), more=more)

    def _by_query(self, cursor: Cursor) -> Changes:
        bound = cursor.bound or cursor.since
        conditions = [] if bound == FIRST else [f"MetaData.LastUpdatedTime >= '{bound}'"]
        if cursor.entity == "Customer":
            conditions.append("Active in (true, false)")
        page = self._reading.query(
            cursor.entity, conditions, start=cursor.start, limit=self._sizes.page, order="MetaData.LastUpdatedTime"
        )
        began = cursor.began or queries.moment_text(page.at or self._clock.now())
        found = [(cursor.entity, document) for document in page.documents]
        again = datetime.fromisoformat(began) - OVERLAP
        # What may come again: by the next page, which begins at the last second of this one, or by the feed afterwards.
        last = min(again, queries.whole_second(found[-1][1])) if found else again
        marks = [_fingerprint(*change) for change in found if queries.moment_of(change[1]) >= last]
        handed = (*cursor.handed, *marks)[-FINGERPRINTS_AT_MOST:]
        if len(found) == self._sizes.page:
            next_bound, start = queries.next_bound(page.documents, bound, cursor.start)
            following = replace(cursor, bound=next_bound, start=start, began=began, handed=handed)
        else:
            place = ENTITIES.index(cursor.entity) + 1
            if place < len(ENTITIES):
                following = Cursor(since=cursor.since, entity=ENTITIES[place], began=began, handed=handed)
            else:
                following = Cursor(since=queries.moment_text(again), entity="", paged=True, handed=handed)
        return self._handed_on(cursor, found, following, more=True)

    def _by_feed(self, cursor: Cursor) -> Changes:
        asked_at = self._clock.now()
        found, at = self._reading.changed(ENTITIES, cursor.since)
        full = len(found) >= self._sizes.feed_at_most
        if full and not cursor.paged:
            # The joint answer left some out.
            each = self._reading.each(lambda entity: self._reading.changed([entity], cursor.since)[0], ENTITIES)
            stubs = [change for of_entity in each for change in of_entity if queries.is_deleted(change[1])]
            handed = (*cursor.handed, *(_fingerprint(*stub) for stub in stubs))
            began = queries.moment_text(at or asked_at)  # a deletion that shows up after its entity was asked is the feed's again
            return self._handed_on(cursor, stubs, Cursor(since=cursor.since, began=began, handed=handed), more=True)
        fresh = _fresh(cursor, found)
        if len(fresh) > self._sizes.page:
            now = fresh[: self._sizes.page]
            handed = (*cursor.handed, *(_fingerprint(*change) for change in now))
            return self._handed_on(cursor, now, replace(cursor, handed=handed), more=True)
        # A full answer just after paging: its rest comes with the next sync, which asks from the same moment again.
        since = datetime.fromisoformat(cursor.since) if full else self._reached(found, at, cursor.since)
        marks = tuple(_fingerprint(*change) for change in found if queries.moment_of(change[1]) >= since)
        following = Cursor(since=queries.moment_text(since), entity="", handed=marks[-FINGERPRINTS_AT_MOST:])
        self._reading.read_through()
        return self._handed_on(cursor, fresh, following, more=False)

    def _reached(self, found: Sequence[tuple[str, Json]], at: datetime | None, since: str) -> datetime:
        """The moment to ask from next, once everything of this answer was handed on; as it is asked for, a whole second."""
        asked_from = datetime.fromisoformat(since)
        reached = at or min(self._clock.now(), max((queries.moment_of(document) for _, document in found), default=asked_from))
        return max(reached - OVERLAP, asked_from).replace(microsecond=0)

    def _handed_on(self, cursor: Cursor, found: Sequence[tuple[str, Json]], following: Cursor, *, more: bool) -> Changes:
        fresh = _fresh(cursor, found)
        records, unreadable, in_part = self._records([change for change in fresh if not queries.is_deleted(change[1])])
        for refusal in unreadable:  # one of them must not stop all others; a receipt blocks what it may be
            log.warning("left out of the mirror: %s %s", refusal.message, refusal.vendor_detail)
        gone = [_gone(entity, stub) for entity, stub in fresh if queries.is_deleted(stub)]
        told = tuple(
            tombstone for tombstone in gone if not (tombstone.kind == "receipt" and self._only_applies_credit(tombstone.id))
        )
        return Changes(tuple(records), told, following.text(), more, tuple(in_part))


def _fresh(cursor: Cursor, found: Sequence[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """What was not handed on yet, the oldest change first."""
    known = set(cursor.handed)
    fresh = [change for change in found if _fingerprint(*change) not in known]
    return sorted(fresh, key=lambda change: queries.moment_of(change[1]))


def _gone(entity: str, stub: Json) -> Gone:
    return Gone(KINDS[entity], fields.text(stub, "Id"), Stamp("", queries.moment_of(stub)))


def _fingerprint(entity: str, document: Json) -> str:
    words = (entity, *(fields.text(document, name) for name in ("Id", "SyncToken", "status")), queries.changed_text(document))
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:12]
