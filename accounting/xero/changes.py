"""What changed in Xero since the last look: six lists, one after the other, each with the moment it was read up to.

Xero has no feed of changes and no webhook for payments, only "modified since" for each list. So the cursor holds one
moment for each, and every look goes back a little before it, because a document may show up in a list shortly after its
own stamp; what was seen already is known by id and `UpdatedDateUTC` and left out. A look reads each list to its end once
and is over, so it costs the pages that there are and at most one more for each list.

A page is asked for by number across a changing list only where time cannot tell the pages apart: the next page begins at
the second where the last one ended, so that documents which move to the end meanwhile cannot push others past us.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from accounting.xero import documents
from accounting.xero.asking import DOCUMENTS_PER_PAGE, OLDEST_CHANGE_FIRST, Asking, Page
from accounting.xero.documents import OVERPAYMENTS, PREPAYMENTS, OnAccount
from accounting.xero.reads import Reads
from accounting.xero.wire import Fields, Unreadable, identity, milliseconds, modified_since, text
from receivables.books_records import Changes, Document, Gone, UnreadableReceipt

OVERLAP_MILLISECONDS = 120_000
SEEN_KEPT = 2000  # of one list; a document seen twice costs nothing but the second look
LISTED_WHOLE = 100  # overpayments or prepayments: so many are listed from the beginning, and a diagnosis need not ask again

log = logging.getLogger(__name__)

_OVER = ("DELETED", "VOIDED")

Listed = Document | Gone | None


@dataclass(frozen=True)
class Place:
    """How far one list was read: from which moment on to ask, which page, and what of that time was seen already.

    `began` is where the present look began, `again` how many documents it was given a second time so far.
    """

    since: int = 0  # milliseconds since 1970; 0 is from the beginning
    page: int = 1
    seen: Mapping[str, int] = field(default_factory=dict)  # short digest of id and moment -> moment
    began: int = 0
    again: int = 0


@dataclass(frozen=True)
class Cursor:
    """Where the look stands: the list that is next, how many it has read to their end, and the place in each."""

    next_list: int = 0
    ended: int = 0
    places: Mapping[str, Place] = field(default_factory=dict)

    def as_text(self) -> str:
        places = {
            name: [place.since, place.page, dict(place.seen), place.began, place.again] for name, place in self.places.items()
        }
        held = {"next": self.next_list, "ended": self.ended, "places": places}
        return json.dumps(held, separators=(",", ":"), sort_keys=True)


def cursor_of(written: str) -> Cursor:
    """The cursor from its text; "" is the beginning. One that is not ours begins again: seen twice does no harm."""
    try:
        held = json.loads(written) if written else {}
        places = {str(name): _place_of(*place) for name, place in held["places"].items()}
        return Cursor(int(held["next"]), int(held.get("ended", 0)), places)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Cursor()


def _place_of(since: object, page: object, seen: Mapping[str, int], began: object = None, again: object = 0) -> Place:
    """A place from its text. An earlier version wrote only the first three."""
    return Place(int(str(since)), int(str(page)), dict(seen), int(str(since if began is None else began)), int(str(again)))


@dataclass(frozen=True)
class List:
    """One of Xero's lists, and how a document of it is read; `receipts` are those with money in them."""

    name: str
    id_name: str
    read: Callable[[Fields], Listed]
    params: Mapping[str, str] = field(default_factory=dict)
    receipts: bool = False

    def id_of(self, of: Fields) -> str:
        """Our id of a receipt of this list."""
        found = identity(of, self.id_name)
        return found if self.name == "Payments" or not found else f"{self.name}/{found}"


class ChangeFeed:
    """The changes of one organization."""

    def __init__(
        self,
        asking: Asking,
        reads: Reads,
        with_notes: Callable[[OnAccount, Sequence[Fields]], list[Fields]],
    ) -> None:
        self._looking = ""  # the cursor this look goes on from; any other text begins a look of its own
        self._asking = asking
        self._with_notes = with_notes
        self._reads = reads
        self._lists = (
            List("Contacts", "ContactID", documents.customer, {"includeArchived": "true"}),
            List("Invoices", "InvoiceID", _invoice, {"where": 'Type=="ACCREC"'}),
            List("CreditNotes", "CreditNoteID", _credit_memo, {"where": 'Type=="ACCRECCREDIT"'}),
            List("Payments", "PaymentID", _payment, {"where": f'PaymentType=="{documents.RECEIVED}"'}, receipts=True),
            List("Overpayments", "OverpaymentID", lambda of: _held(OVERPAYMENTS, of), receipts=True),
            List("Prepayments", "PrepaymentID", lambda of: _held(PREPAYMENTS, of), receipts=True),
        )

    def since(self, written: str, *, receipts_only: bool = False) -> Changes:
        """The next page: at most 400 documents of one list, oldest change first.

        A look ends when each of the six lists was read to its end. It may begin at any of them, because whoever keeps the
        cursor need not keep that of an empty page. One for receipts only reads three of them, each to its end, and leaves
        where the other stands.
        """
        cursor = cursor_of(written)
        if receipts_only:
            return self._receipts(cursor)
        if not written or written != self._looking:
            self._asking.look_begins()
            self._asking.each(lambda listed: self._next(listed, cursor.places), self._lists)  # kept until their turn comes
            cursor = replace(cursor, ended=0)
        self._looking = ""  # where this page cannot be read, the next look is a new one
        at = cursor.next_list if cursor.next_list < len(self._lists) else 0
        place, told, unreadable, more = self._page(at, cursor.places)
        ended = cursor.ended + (not more)
        look_ended = ended >= len(self._lists)
        following = at if more else (at + 1) % len(self._lists)
        places = {**cursor.places, self._lists[at].name: place}
        changes = _changes(told, unreadable, Cursor(following, 0 if look_ended else ended, places), more=not look_ended)
        self._looking = changes.cursor if changes.more else ""
        return changes

    def _receipts(self, cursor: Cursor) -> Changes:
        """The next page of each list of receipts, in one answer."""
        asked = [at for at, listed in enumerate(self._lists) if listed.receipts]
        self._asking.look_begins(frozenset(self._lists[at].name for at in asked))
        places, told, unreadable, more = zip(*self._asking.each(lambda at: self._page(at, cursor.places), asked), strict=True)
        following = {**cursor.places, **{self._lists[at].name: place for at, place in zip(asked, places, strict=True)}}
        return _changes([*chain(*told)], [*chain(*unreadable)], replace(cursor, places=following), more=any(more))

    def _page(self, at: int, places: Mapping[str, Place]) -> tuple[Place, list[Document | Gone], list[UnreadableReceipt], bool]:
        """The next page of one list: where to go on, what is new, what of it is read in part only, whether more follow."""
        listed = self._lists[at]
        place = places.get(listed.name, Place())
        page = self._next(listed, places)
        more = page.more and bool(page.documents)
        if not more:
            self._asking.read_through(listed.name)
        found = self._reads.with_invoices(page.documents) if listed.name == "Payments" else page.documents
        moments = [(of, _changed(of)) for of in found]
        new = {_digest(of, listed.id_name, moment): (of, moment) for of, moment in moments}
        fresh = [of for digest, (of, _) in new.items() if digest not in place.seen]
        kind = next((held for held in (OVERPAYMENTS, PREPAYMENTS) if held.kind == listed.name), None)
        told, unreadable = _read(listed, self._with_notes(kind, fresh) if kind else fresh)
        seen = {**place.seen, **{digest: moment for digest, (_, moment) in new.items()}}
        following = next_place(replace(place, seen=seen), [moment for _, moment in moments], full=more)
        if kind and not (more or place.since) and place.page == 1 and len(found) <= LISTED_WHOLE:
            following = Place(seen={digest: moment for digest, (_, moment) in new.items()})
        return following, told, unreadable, more

    def _next(self, listed: List, places: Mapping[str, Place]) -> Page:
        """The next page of one list, as Xero answers it."""
        place = places.get(listed.name, Place())
        since = modified_since(place.since) if place.since else ""
        params = {**listed.params, **OLDEST_CHANGE_FIRST}
        return self._asking.page(listed.name, place.page, size=DOCUMENTS_PER_PAGE, since=since, params=params)


def _changes(told: Sequence[Document | Gone], unreadable: Sequence[UnreadableReceipt], cursor: Cursor, *, more: bool) -> Changes:
    return Changes(
        documents=tuple(document for document in told if not isinstance(document, Gone)),
        gone=tuple(document for document in told if isinstance(document, Gone)),
        cursor=cursor.as_text(),
        more=more,
        unreadable=tuple(unreadable),
    )


def next_place(place: Place, moments: Sequence[int], *, full: bool) -> Place:
    """Where to go on: after the last page a little before its newest document, else where this page ended.

    That is a second before its newest document, where it is later than what was asked from, and where all that is given
    again in this way stays under a page; else it is the next page by number. A list that is not in the order asked for is
    read page by page: to go on from its newest would leave out older ones.
    """
    newest = max(place.seen.values(), default=0)
    if not full:
        since = max(place.began, newest - OVERLAP_MILLISECONDS)
        return Place(since, 1, _kept(place.seen, since), began=since)
    second = max(moments, default=0) // 1000 * 1000 - 1000  # Xero does not say whether "since" holds the moment itself
    again = place.again + sum(moment >= second for moment in moments)
    if second <= place.since or again > len(moments) or list(moments) != sorted(moments):
        return replace(place, page=place.page + 1)
    return Place(second, 1, _kept(place.seen, min(second, newest - OVERLAP_MILLISECONDS)), place.began, again)


def _kept(seen: Mapping[str, int], since: int) -> dict[str, int]:
    newest_first = sorted(((moment, digest) for digest, moment in seen.items() if moment >= since - 1000), reverse=True)
    return {digest: moment for moment, digest in newest_first[:SEEN_KEPT]}


def _digest(of: Fields, id_name: str, moment: int) -> str:
    """Tells one state of one document from every other."""
    told = [
        text(of, id_name),
        str(moment),
        *(str(of.get(name)) for name in ("Status", "AmountDue", "RemainingCredit", "Reference", "Details")),
    ]
    return hashlib.sha256("|".join(told).encode()).hexdigest()[:12]


def _changed(of: Fields) -> int:
    """When it was changed; one that does not say so counts as ancient, and is told again whenever it is listed."""
    try:
        return milliseconds(of, "UpdatedDateUTC")
    except Unreadable:
        return 0


def _read(listed: List, found: Sequence[Fields]) -> tuple[list[Document | Gone], list[UnreadableReceipt]]:
    """Each document; one that cannot be read does not stop the rest, and a receipt among those is told in part."""
    told: list[Document | Gone] = []
    unreadable = []
    for of in found:
        try:
            record = listed.read(of)
        except Unreadable as error:
            log.warning("xero: %s %s cannot be read: %s", listed.name, text(of, listed.id_name), error)
            if listed.receipts and listed.id_of(of) and text(of, "Status") not in _OVER:
                unreadable.append(documents.unreadable_receipt(of, listed.id_of(of), f"Xero's document cannot be read: {error}."))
        else:
            told += [record] if record is not None else []
    return told, unreadable


def _payment(of: Fields) -> Listed:
    return documents.receipt(of) if documents.is_receipt(of) else None


def _invoice(of: Fields) -> Listed:
    return documents.invoice(of) if documents.is_sales_invoice(of) else None


def _credit_memo(of: Fields) -> Listed:
    return documents.credit_memo(of) if documents.is_customer_credit(of) else None


def _held(kind: documents.OnAccount, of: Fields) -> Listed:
    return documents.on_account_receipt(of, kind) if text(of, "Type") in kind.types else None
