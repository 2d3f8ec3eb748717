"""What each step of the journey is given: one company's books, our database, the clock. Nothing is global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from feeds.polled import PolledFeed
from receivables.authority import Person
from receivables.company import Company
from receivables.diagnosis import Diagnosis
from receivables.errors import ConfigurationError
from receivables.evidence import Evidence
from receivables.ports import Books, Clock, Ids
from storage.engine import Database
from storage.watch import Watch
from storage.work import Work, working


@dataclass(frozen=True)
class Standing:
    """What the configuration allows at this moment. `problem` says why it cannot be relied on, or is ""."""

    writes: bool
    problem: str = ""


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
    watch: Watch  # what this process has seen by its own monotonic clock
    feed: PolledFeed | None = None  # where payments are asked for; files and webhooks come by themselves
    standing: Callable[[], Standing] | None = None  # asked anew each time; None where the configuration cannot change

    @property
    def writes(self) -> bool:
        """Whether anything may be sent to the books at this moment."""
        now = self._standing
        return now.writes and not now.problem

    @property
    def stopped(self) -> str:
        """Why nothing may be decided or sent at this moment, whatever a person's rights; "" where it may."""
        return self._standing.problem

    @property
    def _standing(self) -> Standing:
        return Standing(self.company.writes) if self.standing is None else self.standing()

    def must_be_configured(self) -> None:
        """Raises ConfigurationError while nothing may be decided, with words for whoever asks."""
        if problem := self.stopped:
            raise ConfigurationError(
                "Nothing can be decided and nothing is sent until your administrator corrects the configuration. " + problem
            )

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
