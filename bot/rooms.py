"""What the bot is given: our database, the companies with their channels, the people, and where decisions go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from bot.people import Accounts, NoAccounts, person_of
from receivables.authority import Person, companies_of
from receivables.company import Company
from receivables.errors import NotFound
from receivables.ports import Clock, Deciding, Ids, Report, Reporting, Wake
from receivables.words import counted
from storage.engine import Database
from storage.work import Work, working


@dataclass(frozen=True)
class Channel:
    """Where a company's cards go, and who is told when too many payments fail (Slack ids).

    Where another company has one of these channels too, the cards name their company.
    """

    company: Company
    cards: str
    escalations: str
    tell_people: tuple[str, ...] = ()
    is_shared: bool = False
    team: str = ""  # the workspace or organization of the channels; "" where only one has the app


class NoReports:
    """Where no report can be made."""

    def month_end(self, company: str, month: str) -> Report:
        raise NotFound(f"No report of {company} can be made for {month} here.")

    def failures(self, companies: Sequence[str]) -> Report:
        raise NotFound(f"No list of {counted(len(companies), 'company', 'companies')} can be made here.")


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
    accounts: Accounts = field(default_factory=NoAccounts)
    reporting: Reporting = field(default_factory=NoReports)

    def person(self, body: Mapping[str, Any]) -> Person:
        """Who pressed or typed, from Slack's payload. Raises NotPermitted, in words for whoever that is."""
        return person_of(self.people, body, self.accounts)

    def seen_by(self, person: Person) -> list[str]:
        """The companies with a channel that this person sees."""
        return sorted(companies_of(person) & set(self.channels))

    def work(self, company: str, actor: str = "bot") -> AbstractContextManager[Work]:
        """A unit of work for one company: what is changed and recorded commits together when the block ends well."""
        return working(self.db.work(), company, self.clock, self.ids, actor)

    def acknowledge(self, company: str, actor: str) -> AbstractContextManager[Work]:
        """The same for a person who waits for the answer: it gives up early."""
        return working(self.db.acknowledge(), company, self.clock, self.ids, actor)

    @property
    def names(self) -> dict[str, str]:
        return {person.id: person.name for person in self.people.values()}
