"""Open failures are read about again at each sync, where something may have changed for them (`sync/news.py`).

Reads: open failures, and the books about them. Leaves: evidence on each, kept only when it says something new. Never: a
reading that was cut short in the place of one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from receivables.evidence import Evidence, Refused
from receivables.payment import Bucket
from storage import failures, kept_evidence, looks, payments, unread
from storage.failures import StoredFailure
from storage.kept_evidence import ReadEvidence
from storage.payments import StoredPayment
from storage.work import Work
from sync import escalation, news
from sync.desk import Desk
from sync.evidence import gather

FAILURES_PER_BATCH = 100
_READABLE = (Bucket.WAITING_PERSON, Bucket.UNKNOWN)


def run_once(desk: Desk) -> int:
    """Reads about the open failures that are due; returns how many have something new. Raises AccessLost, BooksUnavailable."""
    due, found = news.due(desk), 0
    if not due.numbers:
        return 0
    for begin in range(0, len(due.numbers), FAILURES_PER_BATCH):
        found += _look(desk, due.numbers[begin : begin + FAILURES_PER_BATCH], isolated=due.isolated)
    if due.look is not None:
        with desk.work() as work:
            looks.keep(work, due.look)
    return found


def _look(desk: Desk, numbers: Sequence[str], *, isolated: bool) -> int:
    with desk.db.read() as connection:
        opened = failures.open_of_many(connection, desk.company.id, numbers)
        known = payments.by_numbers(connection, desk.company.id, opened)
    # While a remedy is carried out the books are between two states; there is nothing to say then.
    batch = [found for number, found in opened.items() if known[number].bucket in _READABLE]
    stored = [known[found.transaction_number] for found in batch]
    gathered = gather(desk, stored, isolated=isolated, refusals=_refusals(batch))
    read = [ReadEvidence.of(found, gathered[found.transaction_number]) for found in batch]
    with desk.work() as work:
        return keep(work, read)


def keep(work: Work, read: Sequence[ReadEvidence]) -> int:
    """How many say something new. What was cut short tells less than what is known: it is read again instead."""
    for of in read:
        unread.remember(work, of.found, unread=of.cut_short)
    return kept_evidence.store(work, [of for of in read if not of.cut_short])


def of_one(desk: Desk, stored: StoredPayment, found: StoredFailure) -> Evidence:
    """Fresh evidence about one failed payment, as it is at this moment."""
    with desk.db.read() as connection:
        isolated = escalation.is_isolated(connection, desk.company, desk.clock.now())
    return gather(desk, [stored], isolated=isolated, refusals=_refusals([found]))[stored.number]


def _refusals(batch: Sequence[StoredFailure]) -> Mapping[str, Refused]:
    return {
        found.transaction_number: Refused(found.refusal_code, found.refusal_message, found.changed_at)
        for found in batch
        if found.refusal_code
    }
