"""Which documents of QuickBooks carry a marker of ours: the search on which "never twice" rests.

QuickBooks cannot be asked for a note, and everything it can be asked for (customer, day, reference) may be changed by a
bookkeeper or by merging two customers. What nobody can change is that a Payment written by us was last changed after
this product existed. So every Payment changed since then is looked at once in a process, in the order of its last
change, and afterwards only what changed since: a Payment that appears, or whose note is edited, changes, and so comes
up. The last minutes are looked at again each time, because a change may become visible a little after its own moment.
Not found can only be a receipt from which a person removed our marker by hand.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from threading import Lock

from accounting.quickbooks import documents, queries
from accounting.quickbooks.documents import Json
from accounting.quickbooks.queries import Reading
from receivables.effects import markers_in, stem_of

NO_MARKER_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # no version of this product wrote to any books before
OVERLAP = timedelta(minutes=10)


class Marks:
    """The ids of one company's Payments by the markers in their notes, kept up with the books at every search."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._seen_until = NO_MARKER_BEFORE
        self._payments: dict[str, set[str]] = {}  # marker to ids
        self._lock = Lock()

    def carrying(self, markers: Collection[str]) -> dict[str, set[str]]:
        """For each marker the ids of the Payments that carry it, or once did; read them to know what they are now."""
        with self._lock:
            self._catch_up()
            return {marker: set(self._payments.get(marker, ())) for marker in markers}

    def with_stems(self, stems: Collection[str]) -> dict[str, set[str]]:
        """The same for stems: whatever part and generation of a payment."""
        with self._lock:
            self._catch_up()
            found: dict[str, set[str]] = {stem: set() for stem in stems}
            for marker, ids in self._payments.items():
                stem = stem_of(marker)
                if stem in found:
                    found[stem] |= ids
            return found

    def forget(self, payment_ids: Collection[str]) -> None:
        """These were read as deleted."""
        with self._lock:
            for ids in self._payments.values():
                ids.difference_update(payment_ids)

    def _catch_up(self) -> None:
        since = max(NO_MARKER_BEFORE, self._seen_until - OVERLAP)
        for page in self._reading.pages("Payment", since=queries.moment_text(since)):
            for payment in page:
                self._note(payment)
            if page:  # in the order of their last change: all before the last one have been seen
                self._seen_until = max(self._seen_until, documents.updated_at(page[-1]))

    def _note(self, payment: Json) -> None:
        for marker in markers_in(documents.text(payment, "PrivateNote")):
            self._payments.setdefault(marker, set()).add(documents.text(payment, "Id"))
