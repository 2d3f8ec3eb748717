"""What the app asks of a Slack workspace, as the manifest to paste when creating it."""

from __future__ import annotations

from typing import Any

from bot.asking import FIND, FIND_HERE
from bot.commands import COMMAND

BOT_SCOPES = (
    "chat:write",  # cards, threads, escalations
    "commands",  # /payments
    "files:write",  # the month-end package
    "channels:read",  # whether a channel is archived, and the app a member of it
    "groups:read",  # the same of private channels
    "channels:history",  # looking for a card before posting it again
    "groups:history",  # the same in private channels
    "metadata.message:read",  # our id in each message
    "im:write",  # direct messages to whoever must approve or do something
    "app_mentions:read",  # "@Resolve Now why did TXN-1 fail?"
    "im:history",  # the same as a direct message; and looking for ours before writing one again
    "users:read",  # members, guests, deactivated accounts, other organizations
    "users:read.email",  # who a person is that is configured with an email address
)


BOT_EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.im",
    "app_uninstalled",  # its token is forgotten
    "tokens_revoked",
)
EVENTS = "/slack/events"  # where Slack sends presses, windows and commands in HTTP mode
INSTALL, COME_BACK = "/slack/install", "/slack/oauth_redirect"  # where workspaces install the app themselves


def manifest(name: str = "Resolve Now", address: str = "") -> dict[str, Any]:
    """What is used and nothing else: Home, a slash command, two shortcuts. Socket Mode, or requests to an address of ours."""
    sends_to = {"url": f"{address}{EVENTS}"} if address else {}
    asks = {"request_url": f"{address}{EVENTS}"} if address else {}
    comes_back = {"redirect_urls": [f"{address}{COME_BACK}"]} if address else {}
    return {
        "display_information": {"name": name, "description": "Shows why payments fail to sync and how to resolve them."},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [
                {
                    "name": "Search payments",
                    "type": "global",
                    "callback_id": FIND,
                    "description": "Find a payment, an invoice, a customer, a credit memo or a receipt",
                },
                {
                    "name": "Find this payment",
                    "type": "message",
                    "callback_id": FIND_HERE,
                    "description": "Find the payment that a message is about",
                },
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "Search payments, see what fails, sync",
                    "usage_hint": "NUMBER | why NUMBER | search TEXT | failing | report MONTH | sync | help",
                    "should_escape": False,
                    **sends_to,
                }
            ],
        },
        "oauth_config": {**comes_back, "scopes": {"bot": list(BOT_SCOPES)}},
        "settings": {
            "event_subscriptions": {**asks, "bot_events": list(BOT_EVENTS)},
            "interactivity": {"is_enabled": True, **asks},
            "socket_mode_enabled": not address,
            "org_deploy_enabled": True,
            "token_rotation_enabled": False,
        },
    }
