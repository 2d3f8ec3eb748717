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

ChannelId = Annotated[str, StringConstraints(pattern=r"\A[CG][A-Z0-9]{8,20}\z")]
UserId = Annotated[str, StringConstraints(pattern=r"\A[UW][A-Z0-9]{8,20}\z")]


class SlackSettings(Table):
    """Where a company's cards go in Slack, and who is mentioned when too many payments fail."""

    channel: ChannelId
    escalations: ChannelId | None = None
    tell: Annotated[tuple[UserId, ...], Field(strict=False)] = ()
    daily_summary: bool = True


class SlackTable(Table):
    """How Slack tells us what people do."""

    mode: Literal["socket", "http"] = "socket"


@dataclass(frozen=True)
class SlackAccess:
    """The app's tokens and secrets, and where Slack's Web API is: the real one unless the practice workspace is meant.

    An app token is for Socket Mode, a signing secret for HTTP mode.
    """

    base_url: str
    bot_token: Secret | None = None
    app_token: Secret | None = None
    signing_secret: Secret | None = None


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
    signing = read_secret("slack_signing_secret", environment)
    if bot is None and signing is None:
        return None
    if bot is None or signing is None:
        missing = "slack_bot_token" if bot is None else "slack_signing_secret"
        raise ConfigurationError(f"{variable_of(missing)} is not set. HTTP mode needs the bot token and the signing secret.")
    return SlackAccess(base_url, bot, signing_secret=signing)
