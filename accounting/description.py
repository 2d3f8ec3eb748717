"""What a connector says of itself: its settings and limits, how a company lets us in, what it can do, and how it is opened.

Each package is a folder here whose `description.py` has one `CONNECTOR`; `accounting/registry.py` lists the folders. The rest
of the house knows a package only by what is said there. A description imports nothing heavy: what talks to a package is
imported when a company needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from accounting.provider import Provider
from accounting.tables import BooksTable
from receivables.company import Company
from receivables.limits import Limit
from receivables.ports import Books, BooksTraits, Clock, MarkIndex

if TYPE_CHECKING:
    from accounting.calling import Access, Calls

TableT = TypeVar("TableT", bound=BooksTable)


class Premises(Protocol):
    """What the house gives a connector for one company. Nothing of it is asked or read before it is needed."""

    @property
    def company(self) -> Company: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def marks(self) -> MarkIndex:
        """What our own database knows of the receipts that carry our markers."""

    def secret(self, name: str, what: str) -> str:
        """A secret from the environment. Raises AccessLost where it is not set: `what` says what it is."""

    def variable(self, name: str) -> str:
        """The environment variable of a secret, for people."""

    def practice_address(self, name: str) -> str | None:
        """Where a practice service on this machine stands in for the package; None for the real one."""

    def signed_in(self) -> Access:
        """The access that a person granted by signing in at the package's provider."""

    def organisation(self) -> str:
        """Which books that person chose there. Raises NotFound, ConfigurationError, and AccessLost where it is damaged."""

    def calls(self, url: str, access: Access, trace_header: str = "") -> Calls:
        """Calls to the package at this address, within its limits. `trace_header` holds the package's own handle of a call."""


@dataclass(frozen=True)
class Opened:
    """One company's books in this process; `calls` is None where they are not reached by calls."""

    books: Books
    calls: Calls | None = None


def _unlimited(_: BooksTable) -> tuple[Limit, ...]:
    return ()


@dataclass(frozen=True)
class Connector(Generic[TableT]):
    """One package. A company lets us in by signing in at `provider`, with a password that `access` uses, or by neither."""

    table: type[TableT]
    traits: BooksTraits
    unapplying: str  # how a credit memo is unapplied from an invoice there, in words that end a sentence
    open: Callable[[TableT, Premises], Opened]
    provider: Provider | None = None
    access: Callable[[TableT, Premises], Access] | None = None
    limits: Callable[[TableT], tuple[Limit, ...]] = _unlimited
    scarce: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)  # by path: limits besides those of every call
    secrets: Mapping[str, str] = field(default_factory=dict)  # by the key somebody may write into the file: where it belongs
    when_down: str = "Check that the service is up and this machine can reach it; syncs try again automatically."

    @property
    def package(self) -> str:
        """What people call it."""
        return self.traits.package
