"""How a company lets us into its books: it signs in once, and the access is renewed before it ends.

Intuit and Xero speak OAuth 2.0. Access lasts an hour or less; the token that renews it changes with every renewal, so the
new one is stored before it is used, and one process at a time renews. A renewal without an answer may be asked again:
Xero accepts the token before for 30 minutes (developer.xero.com, What do I do if a token refresh fails), Intuit for a day.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from accounting.calling import THROTTLED_SECONDS, TIME_OUTS
from accounting.provider import Provider
from receivables import boundary
from receivables.errors import AccessLost, BooksUnavailable, ConfigurationError, NotFound, Throttled
from receivables.failpoints import failpoint
from receivables.ports import Clock, TokenVault

RENEW_AHEAD = timedelta(minutes=5)
STILL_GOOD = timedelta(seconds=30)  # with less left, a call may arrive after the end
FRESH = timedelta(seconds=60)  # refused so soon after it was renewed, another renewal will not help
DEFAULT_ACCESS_SECONDS = 1800  # where the answer does not say, the shorter of the two


@dataclass(frozen=True)
class Credentials:
    """What the provider calls our app. Xero gives apps that use PKCE no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Token:
    """What a provider gave for one company. `organisation` is the realm at Intuit, the organization's id at Xero."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    organisation: str
    issued_at: datetime
    expires_at: datetime
    refresh_expires_at: datetime
    connected_at: datetime

    def to_json(self) -> str:
        """The text that the vault keeps; moments are ISO 8601 in UTC."""
        return json.dumps({name: _text(value) for name, value in vars(self).items()})

    @classmethod
    def from_json(cls, text: str) -> Token:
        raw = json.loads(text)
        moments = {name: datetime.fromisoformat(value) for name, value in raw.items() if name.endswith("_at")}
        return cls(**{**raw, **moments})

    @property
    def authorization(self) -> str:
        return f"Bearer {self.access_token}"


def _text(value: str | datetime) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Consent:
    """A question to the person who keeps the books, on its way: `state` comes back with the answer, once."""

    url: str
    redirect_address: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


class OAuthClient:
    """Our app at one provider. Raises AccessLost, BooksUnavailable, Throttled; no message of its carries a token."""

    def __init__(self, provider: Provider, credentials: Credentials, clock: Clock) -> None:
        self.provider = provider
        self._credentials = credentials
        self._clock = clock

    def ask(self, redirect_address: str, new_id: Callable[[], str]) -> Consent:
        """Where to send the person to sign in. Asks nobody."""
        state, verifier = new_id(), new_id() + new_id()  # a verifier has 43 to 128 characters
        with self._client(redirect_address) as client:
            url, _ = client.create_authorization_url(
                self.provider.authorize_url, state=state, code_verifier=verifier if self.provider.proof_key else None
            )
        return Consent(url, redirect_address, state, verifier if self.provider.proof_key else "")

    def redeem(self, consent: Consent, code: str, organisation: str) -> Token:
        """The first token, for the code with which the person came back."""
        more = {"code_verifier": consent.verifier} if consent.verifier else {}

        def fetch(client: OAuth2Client) -> Any:
            return client.fetch_token(
                self.provider.token_url, grant_type="authorization_code", code=code, redirect_uri=consent.redirect_address, **more
            )

        answer = self._asked(fetch, consent.redirect_address)
        return self._token(answer, organisation, self._clock.now())

    def renew(self, token: Token) -> Token:
        """Another token in exchange for this one."""
        answer = self._asked(lambda client: client.refresh_token(self.provider.token_url, refresh_token=token.refresh_token))
        return self._token({"refresh_token": token.refresh_token, **answer}, token.organisation, token.connected_at)

    def organisations(self, token: Token) -> Mapping[str, str]:
        """The organizations (id to name) that the person let us into; empty where the package has no such list."""
        if not self.provider.organisations_url:
            return {}
        boundary.leaving(f"{self.provider.package} organisations")
        try:
            with httpx2.Client(timeout=TIME_OUTS, follow_redirects=False, trust_env=False) as client:
                reply = client.get(self.provider.organisations_url, headers={"Authorization": token.authorization})
                return self.provider.organisations(reply.raise_for_status().json())
        except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:
            raise BooksUnavailable(f"{self.provider.package} did not list organizations: {type(error).__name__}.") from None

    def _client(self, redirect_address: str | None = None) -> OAuth2Client:
        return OAuth2Client(
            self._credentials.client_id,
            self._credentials.client_secret or None,
            scope=" ".join(self.provider.scopes) if redirect_address else None,
            redirect_uri=redirect_address,
            code_challenge_method="S256",
            timeout=TIME_OUTS,
            follow_redirects=False,
            trust_env=False,
        )

    def _asked(self, ask: Callable[[OAuth2Client], Any], redirect_address: str | None = None) -> dict[str, Any]:
        """What the token endpoint answered. Chains no exception: what it holds could carry a token into a log."""
        package = self.provider.package
        boundary.leaving(f"{package} token endpoint")
        try:
            with self._client(redirect_address) as client:
                return dict(ask(client))
        except OAuthError as error:
            refusal = _word(error.error)
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == 429:
                raise Throttled(f"{package} asks us to wait.", THROTTLED_SECONDS) from None
            raise BooksUnavailable(f"{package} gave no access: it answered {error.response.status_code}.") from None
        except (httpx2.HTTPError, AuthlibBaseError, ValueError, TypeError) as error:
            raise BooksUnavailable(f"{package} gave no access: {type(error).__name__}.") from None
        match refusal:
            case "invalid_grant":
                raise AccessLost(f"{package} no longer accepts our access")
            case "invalid_client" | "unauthorized_client" | "access_denied":
                raise AccessLost(f"{package} does not accept our app ({refusal}): correct its client ID and secret")
            case _:
                raise BooksUnavailable(f"{package} gave no access: {refusal}.")

    def _token(self, answer: Mapping[str, Any], organisation: str, connected_at: datetime) -> Token:
        now = self._clock.now()
        access, renewal = answer.get("access_token"), answer.get("refresh_token")
        if not (isinstance(access, str) and access and isinstance(renewal, str) and renewal):
            raise BooksUnavailable(f"{self.provider.package} gave no access: its answer holds no token.")
        life = _seconds(answer.get("x_refresh_token_expires_in"))  # Intuit says it, Xero does not
        return Token(
            access_token=access,
            refresh_token=renewal,
            organisation=organisation,
            issued_at=now,
            expires_at=now + timedelta(seconds=_seconds(answer.get("expires_in")) or DEFAULT_ACCESS_SECONDS),
            refresh_expires_at=now + (timedelta(seconds=life) if life else self.provider.refresh_life),
            connected_at=connected_at,
        )


def _seconds(value: object) -> int:
    """A number of seconds of ten years at most, 0 where it is none."""
    return value if isinstance(value, int) and 0 < value <= 315_360_000 else 0


def _word(code: object) -> str:
    """An error code of the provider, kept to what such codes consist of."""
    return re.sub(r"[^a-z_]", "", str(code).lower())[:40] or "no reason given"


class OAuthAccess:
    """One company's access in one process. Implements `accounting.calling.Access`."""

    def __init__(self, company: str, client: OAuthClient, vault: TokenVault, clock: Clock) -> None:
        self._company = company
        self._client = client
        self._purpose = client.provider.kind
        self._vault = vault
        self._clock = clock
        self._token: Token | None = None
        self._dead = ""  # a renewal token that the provider refused: it is not asked again with the same
        self._turn = threading.Lock()

    def authorization(self) -> str:
        """The Authorization header. Raises AccessLost, saying what to run, and BooksUnavailable."""
        with self._turn:
            token = self._token
            if token is None or self._ends_within(token, RENEW_AHEAD):
                self._token = token = self._renewed(
                    lambda stored: not self._ends_within(stored, RENEW_AHEAD),
                    lambda stored: not self._ends_within(stored, STILL_GOOD),
                )
            return token.authorization

    def refused(self, authorization: str) -> None:
        """The books answered 401. Raises AccessLost where they refuse what was given a moment ago."""
        with self._turn:
            token = self._token
            if token is not None and token.authorization != authorization:
                return
            self._token = None
            if token is not None and self._clock.now() - token.issued_at < FRESH:
                raise self._lost(f"{self._client.provider.package} refuses an access that it gave just now")
            self._token = self._renewed(lambda stored: stored.authorization != authorization, lambda _: False)

    def _renewed(self, good: Callable[[Token], bool], usable: Callable[[Token], bool]) -> Token:
        """The stored token if it is good, else one renewed by this process alone and stored before anybody uses it.

        One that is `usable` serves where the provider cannot be asked just now.
        """
        stored = self._stored(self._read)
        if good(stored):
            return stored
        if stored.refresh_token == self._dead:
            raise self._lost(f"{self._client.provider.package} no longer accepts our access")
        try:
            with self._vault.exclusively(self._company, self._purpose) as text:
                stored = self._stored(lambda: text)
                if good(stored):
                    return stored
                renewed = self._client.renew(stored)
                failpoint("access.after_answer")
                self._vault.store(self._company, self._purpose, renewed.to_json())
        except AccessLost as error:
            self._dead = stored.refresh_token
            raise self._lost(error.message) from None
        except NotFound as error:
            raise AccessLost(error.message) from None
        except BooksUnavailable:
            if usable(stored):
                return stored  # asked ahead of the end: there is time to ask again
            raise
        return self._stored(self._read)  # as stored: where another process was later, its token is the newest

    def _read(self) -> str:
        return self._vault.read(self._company, self._purpose)

    def _stored(self, read: Callable[[], str]) -> Token:
        try:
            return Token.from_json(read())
        except (NotFound, ConfigurationError) as error:
            raise AccessLost(error.message) from None
        except (ValueError, TypeError, KeyError):
            raise self._lost("What is stored of its access cannot be read") from None

    def _ends_within(self, token: Token, ahead: timedelta) -> bool:
        return token.expires_at - self._clock.now() <= ahead

    def _lost(self, why: str) -> AccessLost:
        return AccessLost(f"{why}. Connect the company again with: resolve-now connect {self._company}")
