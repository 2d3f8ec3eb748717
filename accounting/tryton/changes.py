"""What changed in Tryton since the last time, by the times that Tryton writes on its records, and by looking again.

Tryton's change times do not move for everything that matters (a canceled statement, a reversed receipt), so open
invoices and credit memos are read again each time, and reported where they differ from what this process reported
before. The cursor holds the newest time seen, and never one after the look began: what is changed while a long look goes on
may be on a page that was read already. A few minutes before it are asked for again, because a long transaction writes the
time of its beginning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounting.tryton import documents
from accounting.tryton.documents import CUSTOMER_FIELDS, INVOICE_FIELDS
from accounting.tryton.reads import Reader
from accounting.tryton.session import Record, Session
from receivables.books_records import Changes, Document
from receivables.errors import BooksRefused
from receivables.refusal import Refusal

OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True)
class Cursor:
    """Where a reading stands: which kind, after which id, and when it began by Tryton's clock. Moments are UTC."""

    serial: int = 0
    since: str = ""
    newest: str = ""
    phase: int = 0
    after: int = 0
    began: str = ""

    def text(self) -> str:
        held = [self.serial, self.since, self.newest, self.phase, self.after, self.began]
        return json.dumps(held, separators=(",", ":"))

    def ended(self, *, news: bool) -> Cursor:
        """Where the next reading begins."""
        reached = min(self.newest, self.began) if self.began else self.newest
        since = max(self.since, reached)
        return Cursor(self.serial + news, since=since, newest=since)


class ChangeReader:
    """Pages of changes. It remembers what it reported, so that nothing is reported twice while this process lives."""

    def __init__(self, session: Session, reader: Reader, per_page: int) -> None:
        self._session = session
        self._reader = reader
        self._per_page = per_page
        self._answered = ""
        self._reported: dict[str, str] = {}
        self._phases: tuple[Callable[[Cursor], tuple[list[Record], list[Document]]], ...] = (
            self._customers,
            self._invoices,
            self._receipts,
            self._still_open,
        )

    def receipts(self, text: str) -> Changes:
        """Receipts that changed since the cursor, which stays where it is: the next look asks for all kinds from there."""
        at = replace(_cursor(text), phase=0, after=0)
        news: list[Document] = []
        while True:
            rows, found = self._receipts(at)
            news += self._news(found)
            if len(rows) < self._per_page:
                return Changes(tuple({document.id: document for document in news}.values()), (), text, more=False)
            at = replace(at, after=rows[-1]["id"])

    def since(self, text: str) -> Changes:
        """The next page, empty only when nothing at all is new. Raises BooksError; the same cursor may then be asked again."""
        if text != self._answered:
            self._reported = {}  # another reader, or a page that was lost: what this process reported is no measure
        at = _cursor(text)
        news: list[Document] = []
        while True:
            whole_round = not at.phase and not at.after
            if whole_round:
                at = replace(at, began=_text(self._session.now_there()))
            while at.phase < len(self._phases) and len(news) < self._per_page:
                rows, found = self._phases[at.phase](at)
                newest = max([at.newest, *(_changed_at(row) for row in rows)])
                done = len(rows) < self._per_page
                at = replace(at, newest=newest, phase=at.phase + done, after=0 if done else rows[-1]["id"])
                news += self._news(found)
            if at.phase < len(self._phases):
                return self._answer(replace(at, serial=at.serial + 1), news, more=True)
            at = at.ended(news=bool(news))
            if news or whole_round:  # else it began in the middle: who keeps no cursor of an empty page must get further
                return self._answer(at, news, more=False)

    def _answer(self, after: Cursor, news: Sequence[Document], *, more: bool) -> Changes:
        self._answered = after.text()
        return Changes(tuple(news), (), self._answered, more)

    def _news(self, found: Iterable[Document]) -> list[Document]:
        news = []
        for document in found:
            if self._reported.get(key := f"{type(document).__name__}:{document.id}") != document.version:
                self._reported[key] = document.version
                news.append(document)
        return news

    def _customers(self, at: Cursor) -> tuple[list[Record], list[Document]]:
        others = ("id", "!=", self._reader.own_party())
        domain = [("active", "in", [True, False]), others, *_changed_since(at), ("id", ">", at.after)]
        rows = self._session.search_read("party.party", domain, CUSTOMER_FIELDS, limit=self._per_page)
        return rows, [documents.customer(row) for row in rows]

    def _invoices(self, at: Cursor) -> tuple[list[Record], list[Document]]:
        """With the receipts on them: a match that was undone changes the invoice, and not the receipt's move."""
        rows = self._invoice_rows(at, _changed_since(at))
        made = self._made(rows)
        if not at.since:
            return rows, made  # from the beginning every receipt comes by itself
        lines = sorted({line for row in rows for line in (*row["payment_lines"], *row["reconciliation_lines"])})
        moves = {line.move for line in self._reader.lines([("id", "in", lines)]) if not line.of_invoice} if lines else set()
        return rows, [*made, *self._reader.receipts_in(sorted(moves))]

    def _receipts(self, at: Cursor) -> tuple[list[Record], list[Document]]:
        domain = [*self._reader.credits(), *_changed_since(at, "move.", "origin."), ("id", ">", at.after)]
        rows = self._session.search_read("account.move.line", domain, ["move", "create_date", "write_date"], limit=self._per_page)
        return rows, list(self._reader.receipts_in(sorted({row["move"] for row in rows})))

    def _still_open(self, at: Cursor) -> tuple[list[Record], list[Document]]:
        if not at.since:
            return [], []
        rows = self._invoice_rows(at, [("state", "=", "posted")])
        return rows, self._made(rows)

    def _invoice_rows(self, at: Cursor, domain: Sequence[object]) -> list[Record]:
        fields = [*INVOICE_FIELDS, "payment_lines", "reconciliation_lines"]
        ours = [("company", "=", self._session.company), ("type", "=", "out"), *domain, ("id", ">", at.after)]
        return self._session.search_read("account.invoice", ours, fields, limit=self._per_page)

    def _made(self, rows: Sequence[Record]) -> list[Document]:
        self._reader.reopen(rows)
        memos = [row for row in rows if documents.is_credit(row)]
        return [
            *(self._reader.invoice_of(row) for row in rows if not documents.is_credit(row)),
            *self._reader.credit_memos_of(memos),
        ]


def _changed_since(at: Cursor, *also: str) -> list[object]:
    """Changed itself, or with `also` in what it belongs to: a text changed on a move leaves its lines as they are."""
    if not at.since:
        return []
    moment = datetime.fromisoformat(at.since) - OVERLAP
    itself: list[object] = [("write_date", ">=", moment), [("write_date", "=", None), ("create_date", ">=", moment)]]
    of_kind = {"origin.": ("account.statement.line",)}
    return [["OR", *itself, *((f"{place}write_date", ">=", moment, *of_kind.get(place, ())) for place in also)]]


def _changed_at(row: Record) -> str:
    return _text(row["write_date"] or row["create_date"])


def _text(moment: datetime) -> str:
    """In one form, so that texts compare as moments do."""
    return moment.isoformat(timespec="microseconds")


def _cursor(text: str) -> Cursor:
    """Raises BooksRefused for a text that is no cursor of ours."""
    if not text:
        return Cursor()
    try:
        serial, since, newest, phase, after, *began = json.loads(text)  # 0.1.0 did not write when it began
    except (ValueError, TypeError) as error:
        raise BooksRefused(
            "The stored position of the last read of Tryton cannot be used.", Refusal.INVALID, vendor_detail=text[:200]
        ) from error
    return Cursor(serial, since, newest, phase, after, *began)
