"""What the bot is given: our database, the companies with their channels, the people, and where decisions go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receivables.authority import Person
from receivables.company import Company
from receivables.ports import Clock, Deciding, Ids, Wake
from storage.engine import Database


@dataclass(frozen=True)
class Channel:
    """Where a company's cards go, and who is told when too many payments fail (Slack ids)."""

    company: Company
    cards: str
    escalations: str
    tell_people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rooms:
    """Handed to every listener and to the outbox; nothing in the bot is global."""

    db: Database
    clock: Clock
    ids: Ids
    channels: Mapping[str, Channel]  # by company id
    people: Mapping[str, Person]  # by our own id
    deciding: Deciding
    wake: Wake
    owner: str

    @property
    def names(self) -> dict[str, str]:
        return {person.id: person.name for person in self.people.values()}
