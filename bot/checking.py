"""What Slack says of the app, its channels and its people; asks, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.web import SlackResponse

from bot.installations import client_of
from bot.manifest import BOT_SCOPES
from bot.slack_errors import trouble_of

AWAY, SILENT = "Slack cannot be reached", "silent"
#: What to do about each of Slack's words for a channel that takes nothing.
REMEDIES = {
    "channel_not_found": "Check the id (at the end of Copy link). Into a private channel invite the app: /invite @Resolve Now.",
    "not_in_channel": "Invite the app there: /invite @Resolve Now.",
    "is_archived": "Unarchive it, or name another channel.",
    "missing_scope": "Add the scopes of docs/slack-manifest.json to the app and install it again.",
    "token_revoked": "Install the app again, and set the new bot token.",
    "invalid_auth": "Copy the token again from the app's settings in Slack; see docs/slack.md.",
}
RESTRICTED = "Let the app post there: the channel's posting permissions leave it out."


def said(word: str) -> str:
    """Slack's word in a sentence, or that there was none."""
    if word == SILENT:
        return "Slack does not answer"
    return f"Slack says: {word}" if word.islower() else AWAY


def remedy_of(word: str) -> str:
    """What a person can do about it."""
    return REMEDIES.get(word) or (RESTRICTED if word.startswith("restricted_action") else "See docs/slack.md.")


def refusal(bot_token: str, app_token: str, base_url: str) -> str:
    """Why Slack does not take the tokens, as its own short code with the token it is about; "" when all is well."""
    client = client_of("", base_url)
    questions: dict[str, Callable[[], object]] = {
        "bot token": lambda: client.auth_test(token=bot_token),
        "app token": lambda: client.apps_connections_open(app_token=app_token),
    }
    for which, ask in questions.items():
        if not {"bot token": bot_token, "app token": app_token}[which]:
            continue  # another mode needs none
        try:
            ask()
        except (SlackClientError, OSError) as error:
            return f"{which}: {_word(error)}"
    return ""


def missing_scopes(client: WebClient) -> Sequence[str]:
    """What the app may not do, although its manifest asks for it; nothing where Slack does not say what was granted."""
    try:
        told = client.auth_test()
    except (SlackClientError, OSError):
        return []
    headers = {str(name).lower(): str(value) for name, value in told.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    return [scope for scope in BOT_SCOPES if scope not in granted] if granted else []


def channel_trouble(client: WebClient, channel: str) -> tuple[str, str]:
    """(the channel's name, Slack's word for why it takes no message of ours); the word is "" where it should take one."""
    told, word = _asked(lambda: client.conversations_info(channel=channel))
    if told is None:
        return "", word
    found: dict[str, Any] = told["channel"]
    if found.get("is_archived"):
        word = "is_archived"
    elif not found.get("is_member"):
        word = "not_in_channel"
    return str(found.get("name") or ""), word


def person_trouble(client: WebClient, user: str) -> str:
    """Why somebody who should be told is not told; "" where they are."""
    told, word = _asked(lambda: client.users_info(user=user))
    if told is None:
        return "there is no such account" if word in ("user_not_found", "user_not_visible") else ""
    return "the account is deactivated" if told["user"].get("deleted") else ""


def _asked(ask: Callable[[], SlackResponse]) -> tuple[SlackResponse | None, str]:
    try:
        return ask(), ""
    except (SlackClientError, OSError) as error:
        return None, _word(error)


def _word(error: Exception) -> str:
    word = trouble_of(error).word
    return word if word.islower() else f"{AWAY} ({word})"
