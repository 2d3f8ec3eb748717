"""What changed in the books is looked at, page by page, and remembered with tombstones.

Reads: the books' changes since the cursor. Leaves: the mirror and the cursor, together. Never: a decision.
"""

from __future__ import annotations

from storage import companies, mirror
from sync.desk import Desk

PAGES_PER_RUN = 1000  # a first mirror of 200,000 documents; beyond it the next sync goes on


def run_once(desk: Desk) -> int:
    """Mirrors what changed; returns how many documents were seen. Raises BooksError; what was stored stays."""
    with desk.work() as work:
        companies.ensure(work.connection, work.company)
        cursor = companies.get(work.connection, work.company).books_cursor
    seen = 0
    for _ in range(PAGES_PER_RUN):
        changes = desk.books.changes(cursor)
        if changes.documents or changes.gone or changes.cursor != cursor:
            with desk.work() as work:
                mirror.remember(work, changes)
        seen += len(changes.documents) + len(changes.gone)
        cursor = changes.cursor
        if not changes.more:
            break
    return seen
