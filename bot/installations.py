"""Where the app is installed, and with which token Slack is asked there: one workspace, or several, or an organization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

SLACK = "https://slack.com/api/"
CALL_SECONDS = 10  # for one call of the Web API


@dataclass(frozen=True)
class Installation:
    """A workspace, or with `team` "" a whole organization, that installed the app."""

    team: str
    enterprise: str
    token: str = field(repr=False)
    bot_user: str = ""

    def holds(self, team: str, enterprise: str) -> bool:
        """Whether this is the place, or a workspace of the same organization."""
        return bool(self.team and self.team == team) or bool(self.enterprise and self.enterprise in (team, enterprise))


class Installations(Protocol):
    """Whoever knows where the app is installed."""

    def at(self, team: str, enterprise: str) -> Installation | None:
        """The installation that answers for a place; None where there is none. Raises SlackClientError or OSError."""

    def token(self, team: str, enterprise: str) -> str:
        """The token for a place, without asking Slack; "" where the app is not installed there."""

    def of_company(self, company: str) -> str:
        """The token with which a company's cards are sent; "" where its workspace has not installed the app."""


class OneInstallation:
    """The workspace of the one token that is configured. Slack is asked once which workspace it is."""

    def __init__(self, token: str, base_url: str) -> None:
        self._token, self._base_url = token, base_url
        self._known: Installation | None = None

    def at(self, team: str, enterprise: str) -> Installation | None:
        if self._known is None:
            told = client_of(self._token, self._base_url, seconds=ASKING_SECONDS).auth_test()
            whole, of = bool(told.get("is_enterprise_install")), str(told.get("enterprise_id") or "")
            self._known = Installation("" if whole else str(told["team_id"]), of, self._token, str(told.get("user_id") or ""))
        return self._known if self._known.holds(team, enterprise) else None

    def token(self, team: str, enterprise: str) -> str:  # noqa: ARG002
        return self._token

    def of_company(self, company: str) -> str:  # noqa: ARG002
        return self._token


ASKING_SECONDS = 1  # while somebody waits: Slack gives up a press after three


def client_of(token: str, base_url: str, seconds: int = CALL_SECONDS) -> WebClient:
    """A client that repeats nothing: the SDK's default posts again where a connection broke, and Slack would show it twice."""
    return WebClient(token=token or None, base_url=base_url, timeout=seconds, retry_handlers=[])


def authorizing(installations: Installations) -> Callable[..., AuthorizeResult]:
    """What Bolt asks before each listener. From what we know: asking Slack would keep whoever pressed waiting.

    Where the app is not installed there is no token; the listener then refuses, in words.
    """

    def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        token = installations.token(team_id or "", enterprise_id or "")
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token or None)

    return authorize
