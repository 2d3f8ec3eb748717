"""What people ask in words: "@Resolve Now why did TXN-1 fail?", a direct message, a shortcut.

It is answered as /payments is, from the rules and by search, without a model. An answer in a channel is shown to the person who
asked, and to nobody else: what they may see, others may not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.answers import Answers
from bot.commands import Commands
from bot.inputs import entry
from bot.text import Block, context, plain_text

FIND, FIND_HERE = "search_payments", "find_payment"  # callback ids of the shortcuts, as the manifest has them
SEARCHED = "search_window"
ASKED_AT_MOST = 300  # characters of what somebody writes to us; nobody asks longer for a payment
_REFERENCE = re.compile(r"<[@#!][^>]*>")
_LINK = re.compile(r"<[^|>]*\|([^>]*)>")
_WHY = re.compile(r"\bwhy\b", re.IGNORECASE)

Body = Mapping[str, Any]


def register(app: App, commands: Commands, answers: Answers) -> None:
    """Adds the listeners."""
    asking = Asking(commands)
    app.event("app_mention")(answers.aside(asking.mentioned))
    app.event("message")(answers.aside(asking.written))
    app.shortcut(FIND)(answers.aside(asking.shortcut))
    app.shortcut(FIND_HERE)(answers.aside(asking.shortcut_on_message))
    app.view(SEARCHED)(asking.searched)


class Asking:
    """The listeners. Each says a text for the person, as if it had been typed after /payments."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def mentioned(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Somebody asks in a channel. What is asked directly comes as a message."""
        ack()
        if body["event"].get("channel_type") != "im":
            self._commands.say(question(str(body["event"].get("text") or "")), body, client, respond)

    def written(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """A direct message of a person; what we and other apps write, and what is edited, asks nothing."""
        ack()
        event = body["event"]
        if event.get("channel_type") == "im" and event.get("user") and not (event.get("subtype") or event.get("bot_id")):
            self._commands.say(question(str(event.get("text") or "")), body, client, respond)

    def shortcut(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Opens a window with a field to search."""
        ack()
        self._commands.answers.open(client, respond, str(body["trigger_id"]), window())

    def shortcut_on_message(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Finds the payment that a message is about."""
        ack()
        self._commands.say(question(str((body.get("message") or {}).get("text") or "")), body, client, respond)

    def searched(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """The window was submitted: what is found comes as a direct message, because a window knows no channel."""
        ack()
        given = body["view"]["state"]["values"]["search"]["search"].get("value")
        text = f"search {given or ''}"
        self._commands.answers.later(respond, lambda: self._commands.say(text, _without_trigger(body), client, respond))


def question(text: str) -> str:
    """What somebody wrote, as it would be typed after /payments: without mentions and Slack's own signs, and from "why" on."""
    plain = html.unescape(_LINK.sub(r"\1", _REFERENCE.sub(" ", text)))
    said = " ".join(plain.split())[:ASKED_AT_MOST]
    why = _WHY.search(said)
    return said[why.start() :] if why else said


def window() -> Block:
    """One field, and what it takes."""
    typed = {
        "type": "plain_text_input",
        "action_id": "search",
        "focus_on_load": True,
        "max_length": ASKED_AT_MOST,
        "placeholder": plain_text("TXN-104, Hooli, 500.00", 150),
    }
    return {
        "type": "modal",
        "callback_id": SEARCHED,
        "title": plain_text("Search payments", 24),
        "submit": plain_text("Search", 24),
        "close": plain_text("Cancel", 24),
        "blocks": [
            entry("search", "Number, customer or amount", typed),
            context("Narrow it with kind:invoice amount:500 after:2026-03-01 before:2026-04-01 status:failed hidden:yes"),
            context("What is found comes as a message from Resolve Now."),
        ],
    }


def _without_trigger(body: Body) -> Body:
    return {name: given for name, given in body.items() if name != "trigger_id"}
