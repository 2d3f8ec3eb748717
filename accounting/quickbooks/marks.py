"""Which documents of QuickBooks carry a marker of ours: the search on which "never twice" rests.

QuickBooks cannot be asked for a note, and everything it can be asked for (customer, day, reference) may be changed by a
bookkeeper or by merging two customers. What was mirrored is known by its markers in our own database; what changed since
the mirror's cursor is looked at here, in the order of its last change, once in a process: a Payment that appears, or whose
note is edited, changes, and so comes up. The last minutes are looked at again each time, because a change may become
visible a little after its own moment; not within seconds after the mirror itself looked, but for what decides about a
second sending. Without an index every Payment since this product exists is looked at. Not found can only be a receipt
from which a person removed our marker by hand. Payments that only apply credits are not mirrored: they are found by their
invoices as well.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from threading import Lock

from accounting.quickbooks import fields, queries
from accounting.quickbooks.changes import cursor_from
from accounting.quickbooks.fields import Json
from accounting.quickbooks.queries import Reading
from receivables.effects import markers_in, stem_of
from receivables.ports import MarkIndex

NO_MARKER_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # no version of this product wrote to any books before
NEVER = datetime.max.replace(tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


class Marks:
    """The ids of one company's Payments by the stems of the markers in their notes, kept up with the books at every search."""

    def __init__(self, reading: Reading, index: MarkIndex | None) -> None:
        self._reading = reading
        self._index = index
        self._seen_from = self._seen_until = NEVER  # what changed in between was looked at by this process
        self._payments: dict[str, set[str]] = {}  # stem to ids
        self._stems: dict[str, set[str]] = {}  # id to stems
        self._lock = Lock()

    def with_stems(self, stems: Collection[str]) -> dict[str, set[str]]:
        """For each stem the ids of the Payments that carry it, or once did; read them to know what they are now."""
        cursor, mirrored = self._index.carrying(stems) if self._index else ("", {})
        with self._lock:
            if not (self._index and self._reading.was_read_through()):
                self._catch_up(datetime.fromisoformat(cursor_from(cursor).since))
            return {stem: {*mirrored.get(stem, ()), *self._payments.get(stem, ())} for stem in stems}

    def forget(self, payment_ids: Collection[str]) -> None:
        """These were read as deleted."""
        with self._lock:
            for payment_id in payment_ids:
                for stem in self._stems.pop(payment_id, ()):
                    self._payments[stem].discard(payment_id)

    def _catch_up(self, mirrored_until: datetime) -> None:
        """Looks at what changed since the mirror's cursor, or since the last search where that is later."""
        mirrored_until = max(mirrored_until, NO_MARKER_BEFORE)
        if not self._seen_from <= mirrored_until <= self._seen_until:  # else there would be a gap between the two
            self._seen_from = self._seen_until = mirrored_until
        since = max(NO_MARKER_BEFORE, self._seen_until - OVERLAP)
        for page in self._reading.pages("Payment", since=queries.moment_text(since)):
            for payment in page:
                self._note(payment)
            if page:  # in the order of their last change: all before the last one have been seen
                self._seen_until = max(self._seen_until, fields.updated_at(page[-1]))

    def _note(self, payment: Json) -> None:
        payment_id = fields.text(payment, "Id")
        for stem in map(stem_of, markers_in(fields.text(payment, "PrivateNote"))):
            self._payments.setdefault(stem, set()).add(payment_id)
            self._stems.setdefault(payment_id, set()).add(stem)
