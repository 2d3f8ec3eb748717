"""A closed period that somebody opens again is remembered until it is closed again.

Reads: the books' settings. Leaves: what is open that was closed, on record. Never: a period closed or opened by us.
"""

from __future__ import annotations

from receivables.books_records import BooksSettings
from storage import periods
from sync.desk import Desk


def read(desk: Desk) -> BooksSettings:
    """The books' settings, as they are now. Raises BooksError."""
    settings = desk.books.settings()
    with desk.db.read() as connection:
        news = periods.is_news(connection, desk.company.id, settings)
    if news:
        with desk.work() as work:
            periods.seen(work, settings)
    return settings
