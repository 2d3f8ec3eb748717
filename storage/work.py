"""A unit of work: one transaction for one company, with its moment, its ids and who acts; its record is written once, at the end.

Whatever a step changes and what it tells the auditor commit together. What was told inside a savepoint that is rolled
back is dropped with it, and nothing is written when the block raises. What one step alone needs is no part of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from receivables.payment import Bucket
from receivables.ports import Clock, Ids
from storage import audit, bucket_counts
from storage.audit import Entry
from storage.engine import Connection


@dataclass(frozen=True)
class Work:
    """What every writing function is given. `at` is the moment (UTC) of all its rows, `actor` the person or step that acts."""

    connection: Connection
    company: str
    at: datetime
    ids: Ids
    actor: str
    _entries: list[Entry] = field(default_factory=list, repr=False)
    _counts: Counter[Bucket] = field(default_factory=Counter, repr=False)

    def record(self, action: str, *, transaction_number: str | None = None, body: Mapping[str, object] | None = None) -> None:
        """Adds a row to the company's record; it is written with all others when the work ends."""
        self._entries.append(Entry(self.at, self.actor, action, transaction_number, audit.words(body or {})))

    def counted(self, bucket: Bucket, *, before: Bucket | None = None) -> None:
        """A payment is in a bucket, and no longer in the one before; the counters of all are written when the work ends."""
        self._counts[bucket] += 1
        if before is not None:
            self._counts[before] -= 1

    def acting_as(self, actor: str) -> Work:
        """The same work, where somebody else is to be named for a part of it."""
        return replace(self, actor=actor)

    def only_for(self, company: str) -> None:
        """Refuses what belongs to another company: nothing is written for two of them in one transaction."""
        if company != self.company:
            raise AssertionError(f"work for {self.company} cannot write for {company}")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone: its rows and what it recorded are dropped, and the error goes on."""
        told, counts = len(self._entries), Counter(self._counts)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            del self._entries[told:]
            self._counts.clear()
            self._counts.update(counts)
            raise


@contextmanager
def working(opened: AbstractContextManager[Connection], company: str, clock: Clock, ids: Ids, actor: str) -> Iterator[Work]:
    """Works for one company in a transaction of `Database.work` or `Database.acknowledge`, and writes the record at its end."""
    with opened as connection:
        work = Work(audit.closed_until_the_end(connection), company, clock.now(), ids, actor)
        yield work
        audit.append(connection, company, work._entries)
        bucket_counts.add(connection, company, work._counts)
