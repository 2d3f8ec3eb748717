"""Connects a company to its books: a person signs in there, and the access they grant is stored before it is used.

A company is never connected to another company's books, nor to other books than before unless the person confirms it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from app.settings import CompanySettings
from app.sign_in import CameBack, Listener, came_back
from app.wiring import House, os_account
from receivables.errors import AccessLost, ConfigurationError, NotFound, ReceivablesError
from storage import companies
from storage.work import working

if TYPE_CHECKING:
    from accounting.oauth import Consent, OAuthClient, Token

SIGN_IN_SECONDS = 600.0  # enough to find the password and the second factor

#: Exchanges what the browser brought for a token, and returns the text for the waiting page.
Redeem = Callable[[CameBack], str]
#: Sends a person to sign in, and hands on what they brought.
SignIn = Callable[["Consent", Redeem], None]
Choose = Callable[[Mapping[str, str]], str]


def listen(
    consent: Consent,
    redeem: Redeem,
    *,
    port: int,
    show: Callable[[str], None],
    patience_seconds: float = SIGN_IN_SECONDS,
) -> None:
    """Waits on this machine for the browser; `show` is given the address to sign in at. Raises what `redeem` raises."""
    with Listener(port, consent.state) as listener:
        show(consent.url)
        brought = listener.wait(patience_seconds)
        try:
            words = redeem(brought)
        except ReceivablesError as error:
            listener.tell(False, error.message)
            raise
        listener.tell(True, words)


def pasted(consent: Consent, redeem: Redeem, *, show: Callable[[str], None], ask: Callable[[], str]) -> None:
    """Asks the person for the address where the browser ended: for redirect addresses on another machine."""
    show(consent.url)
    redeem(came_back(ask().strip(), consent.state))


def connect_by_sign_in(
    house: House, company: CompanySettings, redirect_address: str, sign_in: SignIn, choose: Choose, *, other_books: bool
) -> Token:
    """Connects a company whose package has a sign-in of its own; returns what was stored.

    Raises AccessLost, BooksUnavailable, NotPermitted, ConfigurationError; then nothing was stored.
    """
    vault, client = house.connections.vault, house.connections.oauth(company)
    consent = client.ask(redirect_address, house.ids.new)
    redeemed: list[Token] = []

    def redeem(brought: CameBack) -> str:
        redeemed.append(client.redeem(consent, brought.code, brought.realm))
        return f"{client.provider.package} granted access. You can close this page and return to the terminal."

    sign_in(consent, redeem)
    token = redeemed[0]
    token = replace(token, organisation=_organisation(client, token, choose))
    _must_fit(house, company, token, other_books=other_books)
    vault.store(company.id, client.provider.kind, token.to_json())
    remember(house, company, token.organisation)
    return token


def connect_by_password(house: House, company: CompanySettings) -> bool:
    """Checks login and password; False where the books need none. Raises AccessLost, BooksUnavailable."""
    access = house.connections.password_access(company)
    if access is None:
        return False
    access.authorization()
    remember(house, company, company.books.organisation)
    return True


def remember(house: House, company: CompanySettings, organisation: str) -> None:
    """Records who connected the company, and lets its next sync start at once."""
    actor = f"{os_account()} (operating system)"
    with working(house.db.work(), company.id, house.clock, house.ids, actor) as work:
        companies.ensure(work.connection, work.company)
        work.record("company.connected", body={"kind": company.books.kind, "organisation": organisation})
        companies.want_sync(work)


def _organisation(client: OAuthClient, token: Token, choose: Choose) -> str:
    """Which books these are: the provider says so in the redirect, or lists what the person gave access to."""
    if client.provider.organisations_url:
        listed = client.organisations(token)
        if not listed:
            raise AccessLost("The sign-in gave access to no organization. Run resolve-now connect again, and choose one there.")
        return next(iter(listed)) if len(listed) == 1 else choose(listed)
    if not re.fullmatch(client.provider.organisation_form, token.organisation):
        raise AccessLost(f"{client.provider.package} did not say which company was signed in to. Run resolve-now connect again.")
    return token.organisation


def _must_fit(house: House, company: CompanySettings, token: Token, *, other_books: bool) -> None:
    for other in house.settings.companies:
        if other.books.kind != company.books.kind:
            continue
        try:
            stored = house.connections.token(other).organisation
        except (NotFound, ConfigurationError):
            continue  # not connected, or with a key that is gone
        if other.id == company.id and stored != token.organisation and not other_books:
            raise ConfigurationError(
                f"{company.id} was connected to other books ({stored}); these are {token.organisation}. "
                "Nothing was changed. Sign in to the right books, or add --other-books."
            )
        if other.id != company.id and stored == token.organisation:
            raise ConfigurationError(
                f"These books ({stored}) belong to {other.id}; each company needs its own. Nothing was changed."
            )
