"""What each step of the journey is given: one company's books, our database, the clock. Nothing is global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from feeds.polled import PolledFeed
from receivables.authority import Person
from receivables.company import Company
from receivables.diagnosis import Diagnosis
from receivables.evidence import Evidence
from receivables.ports import Books, Clock, Ids
from storage.engine import Database
from storage.work import Work, working


@dataclass(frozen=True)
class Desk:
    """One company's desk. `owner` names this process in leases; `diagnose` is the rules engine."""

    db: Database
    books: Books
    company: Company
    clock: Clock
    ids: Ids
    people: Mapping[str, Person]
    diagnose: Callable[[Evidence], Diagnosis]
    owner: str
    feed: PolledFeed | None = None  # where payments are asked for; files and webhooks come by themselves

    def work(self, actor: str = "sync") -> AbstractContextManager[Work]:
        """A unit of work of the journey: its changes and its record commit together when the block ends well."""
        return working(self.db.work(), self.company.id, self.clock, self.ids, actor)

    def acknowledge(self, actor: str) -> AbstractContextManager[Work]:
        """The same for a person who waits for the answer: it gives up early."""
        return working(self.db.acknowledge(), self.company.id, self.clock, self.ids, actor)

    def name_of(self, person_id: str) -> str:
        """What people call that person."""
        person = self.people.get(person_id)
        return person.name if person else person_id
