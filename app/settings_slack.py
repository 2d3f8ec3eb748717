"""How Slack is reached: from inside (Socket Mode) or at an address of ours (HTTP mode), and where each company's cards go.

Tokens and secrets are no settings: they come from the environment (`app/secrets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from accounting.tables import Table
from app.secrets import SLACK_WEB_API, Secret, practice_address, read_secret, variable_of
from receivables.errors import ConfigurationError
from receivables.words import listed

ChannelId = Annotated[str, StringConstraints(pattern=r"\A[CG][A-Z0-9]{8,20}\z")]
UserId = Annotated[str, StringConstraints(pattern=r"\A[UW][A-Z0-9]{8,20}\z")]
PlaceId = Annotated[str, StringConstraints(pattern=r"\A[TE][A-Z0-9]{8,20}\z")]
#: What people's browsers and Slack reach us at; a plain address is for trying it on this machine.
PublicAddress = Annotated[
    str, StringConstraints(pattern=r"\A(https://[0-9A-Za-z.:-]+|http://(127\.0\.0\.1|localhost)(:\d+)?)/?\z")
]


class SlackSettings(Table):
    """Where a company's cards go in Slack, and who is mentioned when too many payments fail."""

    channel: ChannelId
    escalations: ChannelId | None = None
    tell: Annotated[tuple[UserId, ...], Field(strict=False)] = ()
    daily_summary: bool = True
    team: PlaceId | None = None


class SlackTable(Table):
    """How Slack tells us what people do. `address` is where browsers reach us, for workspaces that install the app."""

    mode: Literal["socket", "http"] = "socket"
    address: PublicAddress | None = None


@dataclass(frozen=True)
class SlackApp:
    """The app's own id and secret at Slack, with which workspaces install it, and the address to which they come back."""

    client_id: str
    client_secret: Secret
    address: str


@dataclass(frozen=True)
class SlackAccess:
    """The app's tokens and secrets, and where Slack's Web API is: the real one unless the practice workspace is meant.

    A bot token is that of the one workspace; where workspaces install the app themselves there is `app` in its place. An app
    token is for Socket Mode, a signing secret for HTTP mode.
    """

    base_url: str
    bot_token: Secret | None = None
    app_token: Secret | None = None
    signing_secret: Secret | None = None
    app: SlackApp | None = None


def slack_access(table: SlackTable, environment: Mapping[str, str]) -> SlackAccess | None:
    """Slack's tokens and secrets from the environment; None where none is set. Raises ConfigurationError when one is missing."""
    base_url = practice_address("slack_base_url", environment) or SLACK_WEB_API
    bot, app = read_secret("slack_bot_token", environment), read_secret("slack_app_token", environment)
    if table.mode == "socket":
        if bot is None and app is None:
            return None
        if bot is None or app is None:
            missing = "slack_bot_token" if bot is None else "slack_app_token"
            raise ConfigurationError(f"{variable_of(missing)} is not set, but the other Slack token is. Set both or neither.")
        return SlackAccess(base_url, bot, app)
    signing, ours = read_secret("slack_signing_secret", environment), _slack_app(table, environment)
    if bot is None and signing is None and ours is None:
        return None
    if signing is None:
        raise ConfigurationError(
            f"{variable_of('slack_signing_secret')} is not set. HTTP mode needs it: it proves who sent a request."
        )
    if (bot is None) == (ours is None):
        installing = f"{variable_of('slack_client_id')} and {variable_of('slack_client_secret')}"
        raise ConfigurationError(
            f"Set {variable_of('slack_bot_token')} for one workspace, or {installing} for workspaces that install the app."
        )
    return SlackAccess(base_url, bot, signing_secret=signing, app=ours)


def _slack_app(table: SlackTable, environment: Mapping[str, str]) -> SlackApp | None:
    client_id = read_secret("slack_client_id", environment)
    client_secret = read_secret("slack_client_secret", environment)
    if client_id is None and client_secret is None:
        return None
    missing = [
        *([variable_of("slack_client_id")] if client_id is None else []),
        *([variable_of("slack_client_secret")] if client_secret is None else []),
        *(["[slack] address"] if table.address is None else []),
    ]
    if client_id is None or client_secret is None or table.address is None:
        raise ConfigurationError(
            f"With {variable_of('slack_client_id')} workspaces install the app themselves; still missing: {listed(missing)}."
        )
    return SlackApp(client_id.reveal(), client_secret, table.address.rstrip("/"))
