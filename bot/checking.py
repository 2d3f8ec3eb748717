"""Whether Slack takes the app's two tokens; asks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.installations import CALL_SECONDS


def refusal(bot_token: str, app_token: str, base_url: str) -> str:
    """Why Slack does not take them, as its own short code with the token it is about; "" when all is well."""
    client = WebClient(base_url=base_url, timeout=CALL_SECONDS, retry_handlers=[])
    questions: dict[str, Callable[[], object]] = {
        "bot token": lambda: client.auth_test(token=bot_token),
        "app token": lambda: client.apps_connections_open(app_token=app_token),
    }
    for which, ask in questions.items():
        try:
            ask()
        except SlackApiError as error:
            return f"{which}: {error.response.get('error', 'refused')}"
        except (SlackClientError, OSError) as error:
            return f"{which}: Slack cannot be reached ({type(error).__name__})"
    return ""
