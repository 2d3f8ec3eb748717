"""Who did something in Xero, and when: read from a document's history, which costs a call for each document.

Asked only for the few documents that a diagnosis or a second person's right depends on, and remembered: what was done
once stays done. Where the history cannot be read or does not tell, the person stays unnamed: that is no reason to hold
up a diagnosis.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from accounting.xero.asking import Asking
from accounting.xero.wire import Fields, Unreadable, moment, text
from receivables.books_records import CreditApplication, CreditMemo, Stamp
from receivables.errors import BooksRefused, BooksUnavailable, Throttled
from receivables.money import text_from_minor

DOCUMENTS_PER_QUESTION = 10  # the limit is 60 calls a minute for everything; what is left out is found next time
REMEMBERED = 5000  # documents; a few hundred bytes each

_MADE = re.compile(r"creat|received|entered|imported|copied", re.IGNORECASE)
_ENDED = re.compile(r"void|delet", re.IGNORECASE)
_CREDITED = re.compile(r"credit|alloc|appl", re.IGNORECASE)
_TAKEN_OFF = re.compile(r"remov|delet|unalloc|un-?appl|revers", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """One line of a document's history."""

    what: str
    details: str
    stamp: Stamp


class Histories:
    """The histories of one organization's documents, each read once for each version of its document."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: OrderedDict[tuple[str, str, str], tuple[Line, ...]] = OrderedDict()

    def question(self) -> Question:
        """A bounded number of histories that one question to the books may read."""
        return Question(self._read)

    def _read(self, endpoint: str, document_id: str, version: str, may_ask: Callable[[], bool]) -> tuple[Line, ...]:
        key = (endpoint, document_id, version)
        known = self._known.get(key)
        if known is not None or not may_ask():
            return known or ()
        try:
            lines = _lines(self._asking.history(endpoint, document_id))
        except Throttled:
            raise  # more questions would only make it worse
        except (BooksUnavailable, BooksRefused):
            return ()
        self._known[key] = lines
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return lines


class Question:
    """What one question to the books may ask of histories."""

    def __init__(self, read: Callable[[str, str, str, Callable[[], bool]], tuple[Line, ...]]) -> None:
        self._left = DOCUMENTS_PER_QUESTION
        self._read = read

    def made(self, endpoint: str, document_id: str) -> Stamp | None:
        """Who made it, and when. Asked once for ever: that never changes."""
        lines = self._read(endpoint, document_id, "made", self._may_ask)
        return next((line.stamp for line in lines if _MADE.search(line.what)), lines[0].stamp if lines else None)

    def ended(self, endpoint: str, document_id: str, version: str) -> Stamp | None:
        """Who voided or deleted it."""
        lines = self._read(endpoint, document_id, version, self._may_ask)
        return next((line.stamp for line in reversed(lines) if _ENDED.search(f"{line.what} {line.details}")), None)

    def applied(self, memo: CreditMemo, numbers: dict[str, str]) -> CreditMemo:
        """The same credit memo with who applied each part of it, and when. `numbers` are invoice numbers by id."""
        if not memo.applications:
            return memo
        lines = self._read("CreditNotes", memo.id, memo.version, self._may_ask)
        applied = [line for line in lines if _CREDITED.search(line.what) and not _TAKEN_OFF.search(f"{line.what} {line.details}")]
        return replace(
            memo, applications=tuple(_stamped(application, memo, applied, numbers) for application in memo.applications)
        )

    def _may_ask(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _stamped(
    application: CreditApplication, memo: CreditMemo, lines: Sequence[Line], numbers: dict[str, str]
) -> CreditApplication:
    """The newest line that speaks of the invoice and the amount, else of one of them; the only line where there is one."""
    number = numbers.get(application.invoice_id, "")
    shown = text_from_minor(application.amount_minor, memo.currency)

    def speaks_of(line: Line) -> int:
        details = line.details.replace(",", "")
        return 2 * (bool(number) and _holds(details, number)) + _holds(details, shown)

    best = max(lines, key=lambda line: (speaks_of(line), line.stamp.at), default=None)
    if best is None or (not speaks_of(best) and len(lines) > 1):
        return application
    return replace(application, applied=best.stamp)


def _holds(text_with: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?![\w])", text_with) is not None


def _lines(records: Sequence[Fields]) -> tuple[Line, ...]:
    """Oldest first. A line without a readable moment says nothing about when, so it is left out."""
    lines = []
    for record in records:
        try:
            at = moment(record, "DateUTC")
        except Unreadable:
            continue
        lines.append(Line(text(record, "Changes"), text(record, "Details"), Stamp(text(record, "User"), at)))
    return tuple(sorted(lines, key=lambda line: line.stamp.at))
