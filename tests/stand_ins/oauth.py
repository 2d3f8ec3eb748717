"""A provider of sign-ins on loopback: consent by redirect, codes that count once, refresh tokens that change each time.

Every secret it gives holds the word `canary`, so that a test can look for them wherever none may be.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from stand_ins.serving import Faults, listening

CLIENT_ID = "resolve-now-tests"


@dataclass
class _Code:
    redirect_uri: str
    challenge: str
    used: bool = False


@dataclass
class Provider:
    """One provider with one app. Change its fields to change what happens next."""

    client_secret: str = field(default_factory=lambda: f"canary-client-secret-{secrets.token_hex(8)}", repr=False)
    realm: str = "4620816365"  # what QuickBooks adds to the redirect; "" for a provider that does not
    organisations: dict[str, str] = field(default_factory=dict)
    declines: bool = False
    access_seconds: int = 3600
    honours_the_one_before: bool = False  # as Intuit and Xero do for a while
    faults: Faults = field(default_factory=Faults)
    url: str = ""
    renewals: int = 0
    refused: int = 0
    asked: list[Mapping[str, str]] = field(default_factory=list)  # the parameters of every consent
    given: list[str] = field(default_factory=list)  # every code and token, oldest first

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._codes: dict[str, _Code] = {}
        self._access: set[str] = set()
        self._refresh: list[str] = []

    def begin_anew(self) -> None:
        """As on the first day, at the same address."""
        self.faults.forget()
        vars(self).update(vars(Provider(url=self.url, faults=self.faults)))

    def environment(self, kind: str, *, secret: bool = True) -> dict[str, str]:
        """What points a process of ours here."""
        prefix = f"RESOLVE_NOW_{kind.upper()}"
        found = {f"{prefix}_CLIENT_ID": CLIENT_ID, f"{prefix}_SIGN_IN_URL": self.url}
        return found | ({f"{prefix}_CLIENT_SECRET": self.client_secret} if secret else {})

    def revoke(self) -> None:
        """The person takes the access back."""
        self._access.clear()
        self._refresh.clear()

    def end_access(self) -> None:
        """Every access token ends now; the refresh tokens live on."""
        self._access.clear()

    def new_tokens(self) -> tuple[str, str]:
        """An access token and a refresh token that count from now on."""
        access, refresh = self._secret("access"), self._secret("refresh")
        self._access.add(access)
        self._refresh.append(refresh)
        return access, refresh

    def secrets(self) -> list[str]:
        """Everything that may stand nowhere in clear."""
        return [self.client_secret, *self.given]

    def _secret(self, what: str) -> str:
        made = f"canary-{what}-{next(self._numbers)}-{secrets.token_hex(12)}"
        self.given.append(made)
        return made

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return Response("unknown app", 400)
        if self.declines:
            answer = {"error": "access_denied", "state": asked.get("state", "")}
        else:
            code = self._secret("code")
            self._codes[code] = _Code(asked["redirect_uri"], asked.get("code_challenge", ""))
            answer = {"code": code, "state": asked.get("state", "")} | ({"realmId": self.realm} if self.realm else {})
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not self._is_our_app(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") == "authorization_code":
            return self._redeem(form)
        return self._renew(form.get("refresh_token", ""))

    def _is_our_app(self, request: Request, form: Mapping[str, str]) -> bool:
        header = request.headers.get("authorization", "")
        if not header:
            return (form.get("client_id") == CLIENT_ID and "code_verifier" in form) or form.get("grant_type") == "refresh_token"
        given = base64.b64decode(header.removeprefix("Basic ")).decode()
        return given == f"{CLIENT_ID}:{self.client_secret}"

    def _redeem(self, form: Mapping[str, str]) -> Response:
        code = self._codes.get(form.get("code", ""))
        verifier = form.get("code_verifier", "")
        proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        fits = code is not None and not code.used and code.redirect_uri == form.get("redirect_uri")
        if code is None or not fits or (code.challenge and code.challenge != proof):
            self.refused += 1
            return JSONResponse({"error": "invalid_grant"}, 400)
        code.used = True
        return self._given()

    def _renew(self, refresh: str) -> Response:
        honoured = self._refresh[-2:] if self.honours_the_one_before else self._refresh[-1:]
        if refresh not in honoured:
            self.refused += 1
            return JSONResponse({"error": "invalid_grant", "error_description": f"not {refresh}"}, 400)
        self.renewals += 1
        return self._given()

    def _given(self) -> Response:
        access, refresh = self.new_tokens()
        return JSONResponse(
            {
                "access_token": access,
                "refresh_token": refresh,
                "token_type": "bearer",
                "expires_in": self.access_seconds,
                "x_refresh_token_expires_in": 8_640_000,
            }
        )

    async def connections(self, request: Request) -> Response:
        if not self._let_in(request):
            return JSONResponse({"title": "Unauthorized"}, 401)
        return JSONResponse(
            [
                {"id": f"c-{id_}", "tenantId": id_, "tenantName": name, "tenantType": "ORGANISATION"}
                for id_, name in self.organisations.items()
            ]
        )

    async def books(self, request: Request) -> Response:
        """Books that are open to whoever has access, and hold nothing."""
        return JSONResponse({"open": True}) if self._let_in(request) else JSONResponse({"fault": "401"}, 401)

    def _let_in(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self._access


@contextmanager
def an_oauth_provider(provider: Provider | None = None) -> Iterator[Provider]:
    """A provider that listens on loopback until the end of the block."""
    made = provider or Provider()
    routes = [
        Route("/authorize", made.authorize),
        Route("/token", made.token, methods=["POST"]),
        Route("/connections", made.connections),
        Route("/books/{path:path}", made.books, methods=["GET", "POST"]),
    ]
    with listening(Starlette(routes=routes), made.faults) as made.url:
        yield made
