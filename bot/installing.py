"""Workspaces and organizations that install the app themselves: the way there, the tokens, and what is known of each.

Bolt does the sign-in. A place is taken only if the configuration names it: no configuration means nobody. Tokens are stored
encrypted, and a sign-in that was begun here counts once, within ten minutes, in the browser that began it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urljoin

import structlog
from slack_bolt import App
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth import InstallationStore, OAuthStateStore
from slack_sdk.oauth.installation_store import Installation as Installed

from bot.installations import Installation, client_of
from bot.manifest import BOT_SCOPES, COME_BACK
from bot.requests import Answered, as_answer
from bot.rooms import Rooms
from storage import slack_places, slack_requests
from storage.feeds import DATABASE_SILENT
from storage.slack_places import SlackPlace
from storage.vault import Keyring

STATE_SECONDS = 600
FRESH_SECONDS = 5.0  # what another process stored is known at most this late

log = structlog.get_logger()


@dataclass(frozen=True)
class OurApp:
    """The app's own id and secret at Slack, and the address to which browsers come back."""

    client_id: str
    client_secret: str
    address: str


class WorkspacesThatInstall:
    """Where the app is installed, as our rows say. Implements `bot.installations.Installations`."""

    def __init__(self, rooms: Rooms, keys: Keyring) -> None:
        self._rooms, self._keys = rooms, keys
        self._turn = threading.Lock()
        self._read_at = -FRESH_SECONDS
        self._places: Sequence[SlackPlace] = ()

    def places(self) -> Sequence[SlackPlace]:
        """All that were ever installed; those removed have no token."""
        now = self._rooms.clock.monotonic()
        with self._turn:
            if now - self._read_at >= FRESH_SECONDS:
                try:
                    with self._rooms.db.read() as connection:
                        self._places = slack_places.every(connection, self._keys)
                except DATABASE_SILENT:
                    return self._places  # as they were: Slack waits for an answer
                self._read_at = now
            return self._places

    def changed(self) -> None:
        """Somebody installed or removed it here: it is known at once."""
        with self._turn:
            self._read_at = -FRESH_SECONDS

    def installed(self) -> list[Installation]:
        """Those that have a token and are named still: whoever is taken out of the configuration is nobody again."""
        return [installation_at(place) for place in self.places() if place.token and self._is_named(place)]

    def at(self, team: str, enterprise: str) -> Installation | None:
        """That of the workspace itself, else that of its organization."""
        here = [found for found in self.installed() if found.holds(team, enterprise)]
        return next((found for found in here if found.team and found.team == team), here[0] if here else None)

    def token(self, team: str, enterprise: str) -> str:
        found = self.at(team, enterprise)
        return found.token if found is not None else ""

    def installation_of(self, company: str) -> Installation | None:
        """Where a company's channel is: the workspace that it names, or the only one there is."""
        channel = self._rooms.channels.get(company)
        return chosen(self.installed(), channel.team) if channel is not None else None

    def of_company(self, company: str) -> str:
        found = self.installation_of(company)
        return found.token if found is not None else ""

    def install(self, place: SlackPlace) -> None:
        """Stores the token of a place. Raises NotNamed where the configuration does not name it."""
        if not self._is_named(place):
            raise NotNamed(
                f"{place.name} ({place.id}) is not named in the configuration of Resolve Now, so nothing was stored. "
                f'The administrator adds team = "{place.id}" to a [company.slack]; then install it again.'
            )
        with self._rooms.db.work() as connection:
            slack_places.install(connection, self._keys, place)
        log.info("slack_installed", place=place.id)
        self.changed()

    def _is_named(self, place: SlackPlace) -> bool:
        """Whether the configuration names the place, or the organization that it belongs to."""
        named = {channel.team for channel in self._rooms.channels.values()}
        named |= {account[0] for person in self._rooms.people.values() for account in person.slack_accounts}
        return not {place.id, place.enterprise}.isdisjoint(named - {""})

    def listen(self, app: App) -> None:
        """Slack tells when it is removed somewhere."""
        app.event("app_uninstalled")(self.remove)
        app.event("tokens_revoked")(self._revoked)

    def _revoked(self, event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        if (event.get("tokens") or {}).get("bot"):
            self.remove(body)

    def remove(self, body: Mapping[str, Any]) -> None:
        """The app was removed somewhere, or its token revoked: the token is forgotten."""
        authorized: Mapping[str, Any] = next(iter(body.get("authorizations") or ()), body)
        whole = bool(authorized.get("is_enterprise_install"))
        place = str((authorized.get("enterprise_id") if whole else authorized.get("team_id")) or body.get("team_id") or "")
        with self._rooms.db.work() as connection:
            removed = slack_places.remove(connection, place, self._rooms.clock.now())
        log.warning("slack_removed", place=place, was_installed=removed)
        self.changed()


class NotNamed(BoltError):
    """A place that the configuration does not name wants to install the app."""


class Installing:
    """The two pages on which a workspace installs the app."""

    def __init__(self, rooms: Rooms, places: WorkspacesThatInstall, app: OurApp, base_url: str, signing_secret: str) -> None:
        quiet = logging.getLogger("resolve_now.slack_oauth")
        quiet.setLevel(logging.CRITICAL)  # Bolt's own messages repeat the code; what became of it is logged here
        settings = OAuthSettings(
            client_id=app.client_id,
            client_secret=app.client_secret,
            scopes=list(BOT_SCOPES),
            user_scopes=[],
            redirect_uri=f"{app.address}{COME_BACK}",
            authorization_url=urljoin(base_url, "/oauth/v2/authorize"),
            install_page_rendering_enabled=False,
            installation_store=_Store(rooms, places),
            state_store=_States(rooms, signing_secret),
            state_expiration_seconds=STATE_SECONDS,
            callback_options=CallbackOptions(success=_installed, failure=_not_installed),
            logger=quiet,
        )
        self._flow = OAuthFlow(client=client_of("", base_url), logger=quiet, settings=settings)

    def begin(self, query: Mapping[str, str]) -> Answered:
        """Sends the browser to Slack, where somebody allows it."""
        return as_answer(self._flow.handle_installation(BoltRequest(body="", query=dict(query))))

    def finish(self, query: Mapping[str, str], cookie: str) -> Answered:
        """The browser is back: what Slack's code is worth is stored, and the person is told in words."""
        return as_answer(self._flow.handle_callback(BoltRequest(body="", query=dict(query), headers={"cookie": cookie})))


class _Store(InstallationStore):
    """Hands what Slack gave to our rows."""

    def __init__(self, rooms: Rooms, places: WorkspacesThatInstall) -> None:
        self._rooms, self._places = rooms, places

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger("resolve_now.slack_oauth")

    def save(self, installation: Installed) -> None:
        if installation.bot_refresh_token:
            raise NotNamed("Token rotation is on for this app, and Resolve Now does not renew Slack's tokens. Turn it off.")
        whole = bool(installation.is_enterprise_install)
        self._places.install(
            SlackPlace(
                id=str((installation.enterprise_id if whole else installation.team_id) or ""),
                enterprise=str(installation.enterprise_id or ""),
                name=str((installation.enterprise_name if whole else installation.team_name) or "")[:200],
                bot_user=str(installation.bot_user_id or ""),
                scopes=",".join(installation.bot_scopes or ()),
                installed_at=self._rooms.clock.now(),
                token=str(installation.bot_token or ""),
            )
        )


class _States(OAuthStateStore):
    """Words of ours that a browser brings back: signed, so that nothing is stored for whoever only looks at the page."""

    def __init__(self, rooms: Rooms, signing_secret: str) -> None:
        self._rooms, self._key = rooms, hashlib.sha256(b"install " + signing_secret.encode()).digest()

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger("resolve_now.slack_oauth")

    def issue(self, *args: Any, **kwargs: Any) -> str:  # noqa: ARG002  # Bolt's own form
        begun = f"{int(self._rooms.clock.now().timestamp())}.{self._rooms.ids.new()}"
        return f"{begun}.{self._signature(begun)}"

    def consume(self, state: str) -> bool:
        begun, _, signature = state.rpartition(".")
        if not hmac.compare_digest(self._signature(begun).encode(), signature.encode()):
            return False
        now = self._rooms.clock.now()
        if not 0 <= now.timestamp() - int(begun.partition(".")[0]) <= STATE_SECONDS:
            return False
        with self._rooms.db.work() as connection:
            return slack_requests.first_time(connection, hashlib.sha256(state.encode()).hexdigest(), now)

    def _signature(self, begun: str) -> str:
        return hmac.new(self._key, begun.encode(), hashlib.sha256).hexdigest()


def chosen(installed: Sequence[Installation], team: str) -> Installation | None:
    """The installation that a company names, or the only one there is."""
    if not team:
        return installed[0] if len(installed) == 1 else None
    return next((found for found in installed if team in (found.team, found.enterprise)), None)


def installation_at(place: SlackPlace) -> Installation:
    """A place that has a token, as it is used."""
    whole = place.id.startswith("E")
    return Installation("" if whole else place.id, place.enterprise, place.token, place.bot_user)


_WHY = {
    "access_denied": "It was not allowed in Slack. Nothing was changed.",
    "invalid_browser": "This is not the browser in which the installation was begun. Open /slack/install again.",
    "invalid_state": "This link was used before, or is older than ten minutes. Open /slack/install again.",
    "invalid_code": "Slack did not accept the code that it gave. Open /slack/install again.",
}


def _installed(given: SuccessArgs) -> BoltResponse:
    held = given.installation
    name = held.enterprise_name if held.is_enterprise_install else held.team_name
    return _page(200, "Installed", f"Resolve Now is installed in {name}. Invite it to its channel there: /invite @Resolve Now.")


def _not_installed(given: FailureArgs) -> BoltResponse:
    if isinstance(given.error, NotNamed):
        log.warning("slack_not_installed", reason="not_named")
        return _page(403, "Not installed", str(given.error))
    log.warning("slack_not_installed", reason=given.reason)
    text = _WHY.get(given.reason, "Something was missing in what Slack sent. Open /slack/install again.")
    return _page(given.suggested_status_code, "Not installed", text)


def _page(status: int, title: str, text: str) -> BoltResponse:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Resolve Now: {escape(title)}</title><h1>{escape(title)}</h1><p>{escape(text)}</p></html>"
    )
    headers: dict[str, str | Sequence[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'",
        "Referrer-Policy": "no-referrer",  # the address holds the code
        "Cache-Control": "no-store",
    }
    return BoltResponse(status=status, body=body, headers=headers)
