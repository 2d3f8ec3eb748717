"""What each step of the journey is given: one company's books, our database, the clock. Nothing is global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from feeds.polled import PolledFeed
from receivables.authority import Person
from receivables.company import Company
from receivables.diagnosis import Diagnosis
from receivables.evidence import Evidence
from receivables.ports import Books, Clock, Ids
from storage.engine import Database


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
