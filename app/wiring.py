"""Where rooms get what they need: settings in, desks out. Nothing here decides anything."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from accounting.embedded.description import EmbeddedBooksSettings
from app.clock import RandomIds, SystemClock
from app.connections import Connections
from app.settings import CompanySettings, Settings, load_settings
from app.settings_feeds import FeedAccess
from app.settings_now import SettingsNow
from receivables.authority import Person
from receivables.errors import ConfigurationError, NotFound
from receivables.ports import Books, Clock, Ids
from receivables.words import listed
from rules import diagnose
from storage import payments
from storage.engine import Database
from storage.migrating import ensure_current
from storage.watch import Watch
from sync.desk import Desk

if TYPE_CHECKING:
    from accounting.embedded.ledger import Ledger


@dataclass(frozen=True)
class House:
    """Everything one process works with, opened once; what may change in the configuration is that of now."""

    configured: SettingsNow
    db: Database
    clock: Clock
    ids: Ids
    owner: str
    watch: Watch
    books_of: Callable[[CompanySettings], Books]
    connections: Connections
    feeds: FeedAccess = field(default_factory=FeedAccess)

    @property
    def settings(self) -> Settings:
        """The settings of this moment."""
        return self.configured.settings

    @property
    def people(self) -> Mapping[str, Person]:
        """The people of now, however long this is kept."""
        return self.configured.people()

    def as_of_now(self, desk: Desk) -> Desk:
        """The same desk for a new piece of work: its company as configured now."""
        return replace(desk, company=self.settings.company(desk.company.id).company)

    def desk(self, company_id: str | None) -> Desk:
        """One company's desk; None where only one company is configured."""
        company = self.settings.company(company_id)
        return Desk(
            db=self.db,
            books=self.books_of(company),
            company=company.company,
            clock=self.clock,
            ids=self.ids,
            people=self.people,
            diagnose=diagnose,
            owner=self.owner,
            watch=self.watch,
            feed=self.feeds.polled(company.company, company.feed),
            standing=lambda: self.configured.standing(company.id),
        )

    def desks(self, company_id: str | None = None) -> list[Desk]:
        """The desk of one company, or of all."""
        if company_id is not None:
            return [self.desk(company_id)]
        return [self.desk(company.id) for company in self.settings.companies]

    def desk_of(self, transaction_number: str, company_id: str | None = None) -> Desk:
        """The desk of the company that has this payment. Raises NotFound when none has it, or several."""
        if company_id is not None:
            self.settings.company(company_id)  # a company that is not configured has no payments to look for
        with self.db.read() as connection:
            found = payments.find_everywhere(connection, transaction_number)
        holders = [stored.payment.company for stored in found if company_id in (None, stored.payment.company)]
        if len(holders) == 1:
            return self.desk(holders[0])
        if holders:
            raise NotFound(f"Several companies have a payment {transaction_number}. Name one with --company: {listed(holders)}.")
        raise NotFound(f"There is no payment {transaction_number}. `resolve-now search TEXT` finds parts of numbers and names.")


def open_house(config: Path | None, environment: Mapping[str, str] = os.environ) -> House:
    """Opens the database that the configuration names. Raises ConfigurationError."""
    configured = SettingsNow(config, environment)
    settings = configured.settings
    db = Database(settings.database_url)
    ensure_current(db)
    clock, ids = SystemClock(), RandomIds()
    owner = f"{socket.gethostname()}:{os.getpid()}"
    connections = Connections(settings, db, clock, ids, environment)
    return House(
        configured,
        db,
        clock,
        ids,
        owner,
        Watch(clock),
        connections.books,
        connections,
        FeedAccess(environment),
    )


def os_account() -> str:
    """The operating system's account that this process runs as: by its uid, never by what the environment says."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a number that has no name
        return f"uid {uid}"


def open_ledger(config: Path | None, company_id: str | None) -> tuple[Ledger, CompanySettings]:
    """The embedded books themselves, for what a bookkeeper does by hand; created when there are none yet."""
    from accounting.embedded.ledger import Ledger  # noqa: PLC0415  # only where a company needs it

    company = load_settings(config).company(company_id)
    if not isinstance(company.books, EmbeddedBooksSettings):
        raise ConfigurationError(
            f"`resolve-now books` works in embedded books only. The books of {company.id} are {company.books.kind}: "
            "make the change there."
        )
    books = company.books
    return Ledger(books.file, SystemClock(), temper=books.temper, time_zone=company.time_zone), company
