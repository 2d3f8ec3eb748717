"""How a company's books are reached: its vault, its sign-in, its call limits, and what its connector is given to open them.

Nothing is read or opened before it is needed: what needs no books works while they cannot be reached, and before a
company is connected.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from accounting.description import Opened
from app.secrets import practice_address, read_secret, variable_of
from app.settings import CompanySettings, Settings
from receivables.company import Company
from receivables.errors import AccessLost, ConfigurationError, NotFound
from receivables.limits import Limit
from receivables.ports import Books, Clock, Ids
from receivables.words import listed
from storage.call_budget import SharedCallBudget
from storage.engine import Database
from storage.marks import StoredMarks
from storage.vault import Keyring, Vault

if TYPE_CHECKING:
    from accounting.calling import Access, Calls
    from accounting.oauth import OAuthClient, Token
    from accounting.provider import Provider

VAULT_KEYS = "vault_keys"
#: The form of a company's id at its package: it becomes part of an address.
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


class BooksOnceConnected:
    """Books that are opened at the first question, because only then is it known whether they are connected."""

    def __init__(self, opened: Callable[[], Books]) -> None:
        self._opened = opened

    def __getattr__(self, name: str) -> object:
        return getattr(self._opened(), name)


class Connections:
    """What connects every company of one process to its books."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, ids: Ids, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self.db = db
        self.clock = clock
        self._ids = ids
        self.environment = environment
        self._opened: dict[str, Opened] = {}
        self._turn = threading.RLock()

    @cached_property
    def vault(self) -> Vault:
        """Where tokens are kept. Raises ConfigurationError when no key is set."""
        return Vault(self.db, self.keys, self.clock, self._ids)

    @cached_property
    def keys(self) -> Keyring:
        """With which tokens are encrypted. Raises ConfigurationError when no key is set."""
        keys = read_secret(VAULT_KEYS, self.environment)
        if keys is None:
            raise ConfigurationError(
                f"{variable_of(VAULT_KEYS)} is not set: tokens are only stored encrypted. "
                f"Create a key with `resolve-now connect --new-key` and set {variable_of(VAULT_KEYS)} to it."
            )
        return Keyring(keys.reveal())

    @cached_property
    def budget(self) -> SharedCallBudget:
        """How many calls each company's books still allow."""
        return self._budget({company.id: limits_of(company) for company in self._settings.companies})

    @cached_property
    def scarce(self) -> Mapping[str, SharedCallBudget]:
        """By path, how many calls each company's books still allow there; each counts as a call besides."""
        limits: dict[str, dict[str, tuple[Limit, ...]]] = {}
        for company in self._settings.companies:
            for path, allowed in company.connector.scarce.items():
                limits.setdefault(path, {})[company.id] = allowed
        return {path: self._budget(of_companies) for path, of_companies in limits.items()}

    def _budget(self, limits: Mapping[str, tuple[Limit, ...]]) -> SharedCallBudget:
        return SharedCallBudget(self.db, self.clock, limits)

    def oauth(self, company: CompanySettings) -> OAuthClient:
        """Our app at the company's package. Raises ConfigurationError when its id or secret is not set."""
        from accounting.oauth import Credentials, OAuthClient  # noqa: PLC0415  # a quarter of a second to import

        provider = _provider(company)
        practice = practice_address(f"{provider.kind}_sign_in_url", self.environment)
        client_id = read_secret(f"{provider.kind}_client_id", self.environment)
        client_secret = read_secret(f"{provider.kind}_client_secret", self.environment)
        missing = [
            variable_of(f"{provider.kind}_{name}")
            for name, value, needed in (
                ("client_id", client_id, True),
                ("client_secret", client_secret, not provider.proof_key),
            )
            if needed and value is None
        ]
        if client_id is None or missing:
            raise ConfigurationError(
                f"{listed(missing)} must be set, as {provider.package} issued them to your app. See docs/connecting.md."
            )
        credentials = Credentials(client_id.reveal(), client_secret.reveal() if client_secret else "")
        return OAuthClient(provider.at(practice) if practice else provider, credentials, self.clock)

    def token(self, company: CompanySettings) -> Token:
        """What is stored of a company's access. Raises NotFound, ConfigurationError."""
        from accounting.oauth import Token  # noqa: PLC0415

        return Token.from_json(self.vault.read(company.id, _provider(company).kind))

    def password_access(self, company: CompanySettings) -> Access | None:
        """Our sign-in with a password, for packages that have one. It raises AccessLost when that is missing or not accepted."""
        access = company.connector.access
        return access(company.books, CompanyPremises(self, company)) if access else None

    def books(self, company: CompanySettings) -> Books:
        """The company's books, opened at the first question; each question raises AccessLost until they are connected."""
        return cast("Books", BooksOnceConnected(lambda: self.opened(company).books))

    def opened(self, company: CompanySettings) -> Opened:
        """The company's books, opened once in each process. Raises AccessLost: what is not configured pauses one company."""
        with self._turn:
            if company.id not in self._opened:
                try:
                    self._opened[company.id] = company.connector.open(company.books, CompanyPremises(self, company))
                except (NotFound, ConfigurationError) as error:
                    raise AccessLost(error.message) from None
            return self._opened[company.id]


class CompanyPremises:
    """What one company's connector is given. Implements `accounting.description.Premises`."""

    def __init__(self, connections: Connections, company: CompanySettings) -> None:
        self._connections = connections
        self._settings = company
        self.company: Company = company.company
        self.clock = connections.clock
        self.marks = StoredMarks(connections.db, company.id)

    def secret(self, name: str, what: str) -> str:
        secret = read_secret(name, self._connections.environment)
        if secret is None:
            raise AccessLost(f"{variable_of(name)} is not set: {what}.")
        return secret.reveal()

    def variable(self, name: str) -> str:
        return variable_of(name)

    def practice_address(self, name: str) -> str | None:
        return practice_address(name, self._connections.environment)

    def signed_in(self) -> Access:
        from accounting.oauth import OAuthAccess  # noqa: PLC0415

        connections = self._connections
        return OAuthAccess(self.company.id, connections.oauth(self._settings), connections.vault, self.clock)

    def organisation(self) -> str:
        organisation = self._connections.token(self._settings).organisation
        if not _ORGANISATION.fullmatch(organisation):
            raise AccessLost(f"The stored access of {self.company.id} is damaged. Run: resolve-now connect {self.company.id}")
        return organisation

    def calls(self, url: str, access: Access, trace_header: str = "") -> Calls:
        from accounting.calling import Calls  # noqa: PLC0415

        connector, budget = self._settings.connector, self._connections.budget
        return Calls(
            self.company.id,
            connector.package,
            url,
            access=access,
            budget=budget,
            hold=budget.hold,
            clock=self.clock,
            trace_header=trace_header,
            scarce={path: self._connections.scarce[path] for path in connector.scarce},
            at_once=connector.traits.at_once,
        )


def limits_of(company: CompanySettings) -> tuple[Limit, ...]:
    """How many calls the company's package allows; nothing where it has no limits."""
    return company.connector.limits(company.books)


def _provider(company: CompanySettings) -> Provider:
    provider = company.connector.provider
    if provider is None:
        raise ValueError(f"nobody signs in to {company.books.kind} books")
    return provider
