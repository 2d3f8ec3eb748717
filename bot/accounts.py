"""What Slack says of whoever pressed: a member, a guest, deactivated, of another organization, with which email address.

Asked with `users.info` (scopes `users:read` and `users:read.email`) and remembered for some minutes, so that a press rarely
waits for it. Where Slack does not answer, what it said last counts, and without that only what the payload itself proves.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.installations import ASKING_SECONDS, Installation, Installations, client_of
from bot.people import Account, Pressed
from bot.slack_errors import trouble_of
from receivables.ports import Clock

FRESH_SECONDS = 300.0  # a deactivated account is refused at most this late
ASK_AGAIN_SECONDS = 30.0  # after no answer
REMEMBERED = 5_000  # accounts; more of them begin anew

_NOT_OF_OURS = frozenset({"user_not_found", "user_not_visible"})

log = structlog.get_logger()


class SlackAccounts:
    """One process's memory of accounts. Implements `bot.people.Accounts`."""

    def __init__(self, installations: Installations, base_url: str, clock: Clock) -> None:
        self._installations, self._base_url, self._clock = installations, base_url, clock
        self._turn = threading.Lock()
        self._known: dict[Pressed, tuple[float, Account | None]] = {}  # until when it counts

    def of(self, pressed: Pressed) -> Account | None:
        now = self._clock.monotonic()
        until, known = self._known.get(pressed, (0.0, None))
        if now < until:
            return known
        found, seconds = known, ASK_AGAIN_SECONDS
        try:
            found, seconds = self._asked(pressed), FRESH_SECONDS
        except (SlackClientError, OSError) as error:
            log.warning("account_not_told", error=trouble_of(error).word)
        with self._turn:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[pressed] = (now + seconds, found)
        return found

    def _asked(self, pressed: Pressed) -> Account:
        installation = self._installations.at(pressed.team, pressed.enterprise)
        if installation is None:
            return Account(frozenset())
        client = client_of(installation.token, self._base_url, seconds=ASKING_SECONDS)
        try:
            return account_of(client.users_info(user=pressed.user)["user"], installation)
        except SlackApiError as error:
            if trouble_of(error).word in _NOT_OF_OURS:
                return Account(frozenset())
            raise


def account_of(user: Mapping[str, Any], installation: Installation) -> Account:
    """An account as `users.info` describes it, seen from where the app is installed."""
    in_organization = user.get("enterprise_user") or {}
    of_organization = str(in_organization.get("enterprise_id") or "")
    team, profile = str(user.get("team_id") or ""), user.get("profile") or {}
    places: set[str] = set()
    if installation.enterprise and installation.enterprise in (of_organization, team):
        places = {installation.enterprise, installation.team, team, *map(str, in_organization.get("teams") or ())}
    elif team and team == installation.team:
        places = {team}
    return Account(
        places=frozenset(places - {""}) if not user.get("is_stranger") else frozenset(),
        email=str(profile.get("email") or ""),
        is_confirmed=bool(user.get("is_email_confirmed")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_deactivated=bool(user.get("deleted")),
        is_bot=bool(user.get("is_bot")),
    )
