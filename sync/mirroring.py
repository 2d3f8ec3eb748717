"""What changed in the books is looked at, page by page, and remembered with tombstones.

Reads: the books' changes since the cursor. Leaves: the mirror and the cursor, together. Never: a decision; nothing is
sent before the books were read to the end once, because until then a receipt entered by hand may be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage import companies, mirror
from sync.desk import Desk

PAGES_PER_RUN = 1000  # a first mirror of 200,000 documents; beyond it the next sync goes on


@dataclass(frozen=True)
class Mirrored:
    """How many documents were seen, and whether the books were ever read to the end."""

    seen: int
    whole: bool


def run_once(desk: Desk, *, receipts_only: bool = False) -> Mirrored:
    """Mirrors what changed. Raises BooksError; what was stored stays.

    With `receipts_only`, books that keep receipts in lists of their own are asked for no more than those.
    """
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
        row = companies.get(work.connection, work.company)
    cursor, seen = row.books_cursor, 0
    for _ in range(PAGES_PER_RUN):
        changes = desk.books.changes(cursor, receipts_only=receipts_only)
        if changes.documents or changes.gone or changes.unreadable or changes.cursor != cursor:
            with desk.work() as work:
                longest_reference = desk.books.traits.longest_reference
                mirror.remember(work, changes, time_zone=desk.company.time_zone, longest_reference=longest_reference)
        seen += len(changes.documents) + len(changes.gone)
        cursor = changes.cursor
        if not changes.more:
            return Mirrored(seen, row.mirrored_whole_at is not None or (not receipts_only and _whole_now(desk)))
    return Mirrored(seen, row.mirrored_whole_at is not None)


def is_whole(desk: Desk) -> bool:
    """Whether the books were ever read to the end."""
    with desk.db.read() as connection:
        return companies.get(connection, desk.company.id).mirrored_whole_at is not None


def _whole_now(desk: Desk) -> bool:
    with desk.work() as work:
        companies.set_mirrored_whole(work)
    return True
