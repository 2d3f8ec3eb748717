"""Reads from QuickBooks in batches: documents by id, by what they say, page by page, and what changed since a moment.

A document counts as gone only when a query that was answered leaves it out *and* a read by its id is answered with
QuickBooks' own "object not found". Anything else that goes wrong is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from threading import Lock

from accounting.calling import Calls, Reply, chunks
from accounting.quickbooks import documents, faults, fields
from accounting.quickbooks.fields import Json
from accounting.recent import Question, Recent
from receivables.books_records import BooksSettings
from receivables.errors import BooksRefused, BooksUnavailable

MINOR_VERSION = 75  # the lowest that Intuit serves since August 2025
TRANSACTIONS = frozenset({"Invoice", "CreditMemo", "Payment"})
PAGE = 1000  # the most that a query answers at once
PAGE_OVERLAP = 100  # many documents of one second are paged by position; those that move meanwhile move by less than this
IDS_PER_QUERY = 100
NUMBERS_PER_QUERY = 50
CUSTOMERS_PER_QUERY = 30
CHANGES = "cdc"
NO_MOMENT = datetime.fromtimestamp(0, UTC)
CHANGES_AT_MOST = 1000  # objects in one answer of the change feed; with so many it may have left some out


@dataclass(frozen=True)
class Page:
    """Documents as QuickBooks sent them, and the moment of its answer where it says so (UTC)."""

    documents: Sequence[Json]
    at: datetime | None


class Reading:
    """Asks one company's QuickBooks. Raises BooksUnavailable (also Throttled), AccessLost and BooksRefused."""

    def __init__(self, calls: Calls, recent: Recent) -> None:
        """`recent` answers what was just asked; what decides about a write is asked afresh."""
        self._calls = calls
        self._recent = recent
        self.each = calls.each
        self._turn = Lock()
        self._home_currency = ""  # QuickBooks does not let it be changed once it is set

    def look_begins(self) -> None:
        """A look at the changes: what was asked before it is asked anew."""
        self._recent.begin()

    def read_through(self) -> None:
        """A look at the changes has come to their end."""
        self._recent.read_through(CHANGES)

    def was_read_through(self) -> bool:
        """Whether one has, within the last seconds, and nothing was written since."""
        return self._recent.was_read_through(CHANGES)

    def settings(self) -> BooksSettings:
        found = documents.settings(self._entity("Preferences", self._ask("preferences", {})))
        self._home_currency = found.home_currency
        return found

    def by_ids(self, entity: str, ids: Collection[str]) -> dict[str, Json | None]:
        """Every document asked for; None is one that QuickBooks plainly says it does not have."""
        found: dict[str, Json | None] = {
            document_id: None for document_id in ids if not is_id(document_id)
        }  # it never had such an id
        asked = sorted(set(ids) - set(found))
        every = ["Active in (true, false)"] if entity == "Customer" else []  # otherwise inactive ones are left out
        for page in self.each(
            lambda chunk: self.query(entity, [f"Id in ({quoted(chunk)})", *every]), chunks(asked, IDS_PER_QUERY)
        ):
            found.update((fields.text(document, "Id"), document) for document in page.documents)
        return found | self._each_one(entity, set(asked) - set(found))

    def now(self, entity: str, ids: Collection[str]) -> dict[str, Json | None]:
        """Each of these documents asked for by its own id: a list may still tell an older one for a while."""
        return {document_id: None for document_id in ids if not is_id(document_id)} | self._each_one(entity, filter(is_id, ids))

    def numbered(self, entity: str, numbers: Collection[str]) -> list[Json]:
        """Every living document with one of these numbers."""
        asked = chunks(sorted(set(numbers)), NUMBERS_PER_QUERY)
        return [*chain(*self.each(lambda chunk: self.everything(entity, [f"DocNumber in ({quoted(chunk)})"]), asked))]

    def payments_of(self, customer_ids: Collection[str], *conditions: str) -> list[Json]:
        """Every Payment of these customers for which the conditions hold, whatever it stands for."""
        asked = chunks(sorted(customer_id for customer_id in set(customer_ids) if is_id(customer_id)), CUSTOMERS_PER_QUERY)
        return [
            *chain(*self.each(lambda some: self.everything("Payment", [f"CustomerRef in ({quoted(some)})", *conditions]), asked))
        ]

    def everything(self, entity: str, conditions: Sequence[str]) -> list[Json]:
        """Every document for which the conditions hold, each once, as last read."""
        found = {fields.text(document, "Id"): document for page in self.pages(entity, conditions) for document in page}
        return list(found.values())

    def pages(self, entity: str, conditions: Sequence[str] = (), since: str = "") -> Iterator[Sequence[Json]]:
        """Page by page in the order of their last change; `since` is a moment as QuickBooks writes it.

        Each page begins at the moment where the last one ended, because what is changed meanwhile moves to the end and
        would shift a page counted by position past a document that nobody has seen. A document may come twice.
        """
        bound, start = since, 1
        while True:
            bounded = [*conditions, *([f"MetaData.LastUpdatedTime >= '{bound}'"] if bound else [])]
            page = self.query(entity, bounded, start=start, order="MetaData.LastUpdatedTime").documents
            yield page
            if len(page) < PAGE:
                return
            bound, start = next_bound(page, bound, start)

    def query(self, entity: str, conditions: Sequence[str] = (), *, start: int = 1, limit: int = PAGE, order: str = "") -> Page:
        """One page of `select * from` this entity."""
        words = ["select * from", entity]
        words += [f"where {' and '.join(conditions)}"] if conditions else []
        words += [f"orderby {order}"] if order else []
        words += [f"startposition {start} maxresults {limit}"]
        body = self._ask("query", {"query": " ".join(words)})
        answered = body.get("QueryResponse")
        if not isinstance(answered, Mapping):
            raise BooksUnavailable("QuickBooks answered a query with something that does not answer it.")
        return Page([self._whole(entity, document) for document in fields.parts(answered, entity)], _moment(body))

    def changed(self, entities: Sequence[str], since: str) -> tuple[list[tuple[str, Json]], datetime | None]:
        """What changed since the moment, as (entity, document or stub of a deleted one), and the moment of the answer."""
        body = self._asked(CHANGES, {"entities": ",".join(entities), "changedSince": since})
        answered = fields.parts(body, "CDCResponse")
        if not answered:
            raise BooksUnavailable("QuickBooks answered its change feed with something that does not answer it.")
        blocks = [block for response in answered for block in fields.parts(response, "QueryResponse")]
        found = [(entity, document) for block in blocks for entity in entities for document in fields.parts(block, entity)]
        return [
            (entity, document if is_deleted(document) else self._whole(entity, document)) for entity, document in found
        ], _moment(body)

    def home_currency(self) -> str:
        with self._turn:  # several answers may need it at once
            return self._home_currency or self.settings().home_currency

    def rate(self, currency: str, day: date | None) -> Decimal | None:
        """What one unit of a foreign currency is in the home currency by the company's own list, on a day or now.

        None where the list holds none; QuickBooks then says 1, or refuses the question.
        """
        on = {"asofdate": day.isoformat()} if day else {}
        try:
            found = self._entity("ExchangeRate", self._ask("exchangerate", {"sourcecurrencycode": currency, **on}))
        except BooksRefused:
            return None
        rate = found.get("Rate")
        of_home = fields.text(found, "TargetCurrencyCode") in ("", self.home_currency())
        return Decimal(rate) if of_home and isinstance(rate, int | Decimal) and rate > 0 and rate != 1 else None

    def account_id(self, name: str) -> str:
        """The id of the one active account of this name ("Bank:Clearing" for one under another), or ""."""
        found = self.query("Account", [f"Name = {quoted([name.rpartition(':')[2]])}"]).documents
        called = [
            account for account in found if name in (fields.text(account, "FullyQualifiedName"), fields.text(account, "Name"))
        ]
        return fields.text(called[0], "Id") if len(called) == 1 else ""

    def _each_one(self, entity: str, ids: Iterable[str]) -> dict[str, Json | None]:
        asked = sorted(set(ids))
        return dict(zip(asked, self.each(lambda document_id: self._one(entity, document_id), asked), strict=True))

    def _one(self, entity: str, document_id: str) -> Json | None:
        """One document by its id; None only for the plain answer that it is not there."""
        reply = self._calls.read("GET", f"{entity.lower()}/{document_id}", params={"minorversion": MINOR_VERSION})
        fault = faults.fault_of(reply)
        if fault is not None and fault.not_found():
            return None
        return self._whole(entity, self._entity(entity, self._body(reply)))

    def _whole(self, entity: str, document: Json) -> Json:
        """The document with its currency: the home currency is asked for only where a transaction does not name its own."""
        if entity not in TRANSACTIONS or fields.currency_of(document):
            return document
        return fields.in_currency(document, self.home_currency())

    def _ask(self, path: str, params: Mapping[str, str]) -> Json:
        """The answer; it may be a few seconds old."""
        question = (path, "", tuple(sorted(params.items())))
        held = self._recent.answer(question)
        return self._asked(path, params, question) if held is None else self._body(held)

    def _asked(self, path: str, params: Mapping[str, str], question: Question | None = None) -> Json:
        reply = self._calls.read("GET", path, params={**params, "minorversion": MINOR_VERSION})
        body = self._body(reply)
        if question is not None:
            self._recent.keep(question, reply)
        return body

    def _body(self, reply: Reply) -> Json:
        fault = faults.fault_of(reply)
        if not reply.ok or fault is not None:
            raise faults.of_read(fault, reply.status, reply.trace)
        if not isinstance(reply.body, Mapping):
            raise BooksUnavailable("QuickBooks answered with something that cannot be read.")
        return reply.body

    def _entity(self, entity: str, body: Json) -> Json:
        found = body.get(entity)
        if not isinstance(found, Mapping):
            raise BooksUnavailable(f"QuickBooks answered without the {entity} that was asked for.")
        return found


def next_bound(page: Sequence[Json], bound: str, start: int) -> tuple[str, int]:
    """Where the page after a full one begins: (moment, position). A moment only ever goes onward, in whole seconds.

    Those of its last second come again. A page that is out of order, or all of one second, is gone on from by position.
    """
    moments, last = [moment_of(document) for document in page], whole_second(page[-1])
    if moments == sorted(moments) and last > (datetime.fromisoformat(bound) if bound else NO_MOMENT):
        return moment_text(last), 1
    return bound, start + len(page) - min(PAGE_OVERLAP, len(page) // 2)


def moment_of(document: Json) -> datetime:
    """When it last changed; one that does not say so understandably counts as old, and is left to its own reading."""
    try:
        return fields.updated_at(document)
    except BooksRefused:
        return NO_MOMENT


def whole_second(document: Json) -> datetime:
    return moment_of(document).replace(microsecond=0)


def changed_text(document: Json) -> str:
    """When a document last changed, as QuickBooks wrote it."""
    meta = document.get("MetaData")
    return fields.text(meta, "LastUpdatedTime") if isinstance(meta, Mapping) else ""


def is_deleted(document: Json) -> bool:
    """Whether it is the stub that the change feed tells a deletion by."""
    return fields.text(document, "status") == "Deleted"


def is_id(text: str) -> bool:
    """Whether QuickBooks can have given this id: its ids are numbers."""
    return text.isascii() and text.isdigit() and len(text) <= 20


def quoted(values: Collection[str]) -> str:
    """Values as QuickBooks' query language wants them: in apostrophes, and an apostrophe inside after a backslash."""
    escaped = [value.replace("\\", "\\\\").replace("'", "\\'") for value in values]
    return ", ".join(f"'{value}'" for value in escaped)


def moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(body: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(fields.text(body, "time"))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
