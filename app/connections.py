"""How a company's books are reached: its vault, its sign-in, its call limits, and the connector for its package.

Nothing is read or opened before it is needed: what needs no books works while they cannot be reached, and before a
company is connected.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from app.secrets import practice_address, read_secret, variable_of
from app.settings import CompanySettings, Settings
from app.settings_books import QuickBooksSettings, TrytonSettings, XeroSettings
from receivables.errors import AccessLost, ConfigurationError, NotFound
from receivables.ports import Books, Clock, Ids
from receivables.words import listed
from storage.call_budget import QUICKBOOKS, QUICKBOOKS_BATCHES, Limit, SharedCallBudget, xero_limits
from storage.engine import Database
from storage.marks import StoredMarks
from storage.vault import Keyring, Vault

if TYPE_CHECKING:
    from accounting.calling import Access, Calls
    from accounting.oauth import OAuthClient, Token

VAULT_KEYS = "vault_keys"
QUICKBOOKS_API = {
    "production": "https://quickbooks.api.intuit.com/",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com/",
}
XERO_API = "https://api.xero.com/api.xro/2.0/"
#: The form of a company's id at its package: it becomes part of an address.
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


@dataclass(frozen=True)
class Opened:
    """One company's books in this process."""

    books: Books
    calls: Calls


class WithRemedy:
    """An access that says what a person can do here when it is lost. Implements `accounting.calling.Access`."""

    def __init__(self, access: Access, remedy: str) -> None:
        self._access = access
        self._remedy = remedy

    def authorization(self) -> str:
        try:
            return self._access.authorization()
        except AccessLost as error:
            raise AccessLost(f"{error.message} {self._remedy}") from None

    def refused(self, authorization: str) -> None:
        self._access.refused(authorization)


class BooksOnceConnected:
    """Books that are opened at the first question, because only then is it known whether they are connected."""

    def __init__(self, opened: Callable[[], Books]) -> None:
        self._opened = opened

    def __getattr__(self, name: str) -> object:
        return getattr(self._opened(), name)


class Connections:
    """What connects every company of one process to its books outside."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, ids: Ids, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._ids = ids
        self._environment = environment
        self._opened: dict[str, Opened] = {}
        self._turn = threading.RLock()

    @cached_property
    def vault(self) -> Vault:
        """Where tokens are kept. Raises ConfigurationError when no key is set."""
        keys = read_secret(VAULT_KEYS, self._environment)
        if keys is None:
            raise ConfigurationError(
                f"{variable_of(VAULT_KEYS)} is not set: tokens are only stored encrypted. "
                f"Create a key with `resolve-now connect --new-key` and set {variable_of(VAULT_KEYS)} to it."
            )
        return Vault(self._db, Keyring(keys.reveal()), self._clock, self._ids)

    @cached_property
    def budget(self) -> SharedCallBudget:
        """How many calls each company's books still allow."""
        limits = {company.id: limits_of(company) for company in self._settings.companies}
        return SharedCallBudget(self._db, self._clock, limits)

    @cached_property
    def batches(self) -> SharedCallBudget:
        """How many batches QuickBooks still allows; each counts as a call besides."""
        limits = {
            company.id: QUICKBOOKS_BATCHES
            for company in self._settings.companies
            if isinstance(company.books, QuickBooksSettings)
        }
        return SharedCallBudget(self._db, self._clock, limits)

    def oauth(self, company: CompanySettings) -> OAuthClient:
        """Our app at the company's package. Raises ConfigurationError when its id or secret is not set."""
        from accounting.oauth import PROVIDERS, Credentials, OAuthClient  # noqa: PLC0415  # a quarter of a second to import

        kind = company.books.kind
        provider = PROVIDERS[kind]
        practice = practice_address(f"{kind}_sign_in_url", self._environment)
        client_id = read_secret(f"{kind}_client_id", self._environment)
        client_secret = read_secret(f"{kind}_client_secret", self._environment)
        missing = [
            variable_of(f"{kind}_{name}")
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
        return OAuthClient(provider.at(practice) if practice else provider, credentials, self._clock)

    def token(self, company: CompanySettings) -> Token:
        """What is stored of a company's access. Raises NotFound, ConfigurationError."""
        from accounting.oauth import Token  # noqa: PLC0415

        return Token.from_json(self.vault.read(company.id, company.books.kind))

    def books(self, company: CompanySettings) -> Books:
        """The company's books, opened at the first question; each question raises AccessLost until they are connected."""
        return cast("Books", BooksOnceConnected(lambda: self.opened(company).books))

    def opened(self, company: CompanySettings) -> Opened:
        """The company's books, opened once in each process. Raises AccessLost: what is not configured pauses one company."""
        with self._turn:
            if company.id not in self._opened:
                try:
                    self._opened[company.id] = self._open(company)
                except (NotFound, ConfigurationError) as error:
                    raise AccessLost(error.message) from None
            return self._opened[company.id]

    def _open(self, company: CompanySettings) -> Opened:
        match company.books:
            case QuickBooksSettings():
                return self._open_quickbooks(company, company.books)
            case XeroSettings():
                return self._open_xero(company)
            case TrytonSettings():
                return self._open_tryton(company, company.books)
            case _:
                raise ValueError(f"{company.books.kind} books are not outside")

    def _open_quickbooks(self, company: CompanySettings, books: QuickBooksSettings) -> Opened:
        from accounting.quickbooks.connector import QuickBooksBooks  # noqa: PLC0415  # only where a company needs it

        api = practice_address("quickbooks_base_url", self._environment) or QUICKBOOKS_API[books.environment]
        url = f"{api.rstrip('/')}/v3/company/{self._organisation(company)}/"
        calls = self._calls(company, "QuickBooks Online", url, self._access(company), trace_header="intuit_tid")
        return Opened(QuickBooksBooks(calls, self._clock, StoredMarks(self._db, company.id)), calls)

    def _open_xero(self, company: CompanySettings) -> Opened:
        from accounting.xero.connector import XeroBooks  # noqa: PLC0415  # only where a company needs it

        api = practice_address("xero_base_url", self._environment) or XERO_API
        organisation = self._organisation(company)
        calls = self._calls(company, "Xero", api, self._access(company), trace_header="xero-correlation-id")
        account = company.company.deposit_accounts.get("default", "")
        return Opened(
            XeroBooks(calls, self._clock, organisation=organisation, time_zone=company.time_zone, deposit_account=account), calls
        )

    def _open_tryton(self, company: CompanySettings, books: TrytonSettings) -> Opened:
        from accounting.tryton.connector import TrytonBooks  # noqa: PLC0415  # only where a company needs it

        access = self.tryton_access(company, books)
        calls = self._calls(company, "Tryton", f"{books.url}{books.database}/", access)
        return Opened(
            TrytonBooks(calls, self._clock, statement_journal=books.statement_journal, time_zone=company.time_zone), calls
        )

    def tryton_access(self, company: CompanySettings, books: TrytonSettings) -> Access:
        """Our sign-in to Tryton. It raises AccessLost when the password is not set, or not accepted."""
        from accounting.tryton.session import TrytonAccess  # noqa: PLC0415

        name = f"{company.id}_tryton_password"

        def password() -> str:
            secret = read_secret(name, self._environment)
            if secret is None:
                raise AccessLost(f"{variable_of(name)} is not set: it is the password that Resolve Now signs in to Tryton with.")
            return secret.reveal()

        access = TrytonAccess(books.url, books.database, books.login, password, self._clock)
        remedy = f"Correct {variable_of(name)}, and test it with: resolve-now connect {company.id}"
        return WithRemedy(access, remedy)

    def _access(self, company: CompanySettings) -> Access:
        from accounting.oauth import OAuthAccess  # noqa: PLC0415

        return OAuthAccess(company.id, self.oauth(company), self.vault, self._clock)

    def _organisation(self, company: CompanySettings) -> str:
        organisation = self.token(company).organisation
        if not _ORGANISATION.fullmatch(organisation):
            raise AccessLost(f"The stored access of {company.id} is damaged. Run: resolve-now connect {company.id}")
        return organisation

    def _calls(self, company: CompanySettings, package: str, url: str, access: Access, trace_header: str = "") -> Calls:
        from accounting.calling import Calls  # noqa: PLC0415

        return Calls(
            company.id,
            package,
            url,
            access=access,
            budget=self.budget,
            hold=self.budget.hold,
            clock=self._clock,
            trace_header=trace_header,
            scarce={"batch": self.batches} if isinstance(company.books, QuickBooksSettings) else None,
        )


def limits_of(company: CompanySettings) -> tuple[Limit, ...]:
    """How many calls the company's package allows; nothing where it has no limits."""
    match company.books:
        case QuickBooksSettings():
            return QUICKBOOKS
        case XeroSettings(calls_per_day=calls_per_day):
            return xero_limits(calls_per_day)
        case _:
            return ()
