"""Search learns what is new or reads differently: a few rows at a time, between which everybody else may write.

Reads: what triggers noted, and the payments and documents that it is about. Leaves: rows of search. Never: a row of a payment.
"""

from __future__ import annotations

from collections.abc import Callable

from storage import searchable
from sync.desk import Desk

STEPS_AT_ONCE = 20  # in one turn of the company; a long backlog goes on in the next


def run_once(desk: Desk) -> int:
    """Teaches search a bounded part of what it does not know yet. Returns how much that was."""
    learned = 0
    for _ in range(STEPS_AT_ONCE):
        step = _step(desk)
        learned += step
        if step < searchable.AT_ONCE:
            break
    return learned


def run_until_done(desk: Desk, progress: Callable[[int], None]) -> None:
    """All of it, saying after each step how much was learned; cut off, the rest follows with the next sync."""
    learned = 0
    while step := _step(desk):
        learned += step
        progress(learned)


def _step(desk: Desk) -> int:
    with desk.db.read() as connection:
        noted = searchable.read(connection, desk.company.id, desk.company.start_of)
    if not noted.notes:
        return 0
    with desk.work() as work:
        return searchable.write(work, noted)
