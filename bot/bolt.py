"""The Slack app itself: Bolt with our listeners, over Socket Mode; the same with real Slack and the practice workspace."""

from __future__ import annotations

import logging

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot import commands, presses
from bot.outbox import Outbox
from bot.rooms import Rooms

SLACK = "https://slack.com/api/"
CALL_SECONDS = 10  # for one call of the Web API


class Bot:
    """One process's connection to Slack: it listens from `start` to `stop`, and `outbox.run_once` sends."""

    def __init__(self, rooms: Rooms, *, bot_token: str, app_token: str, base_url: str = SLACK) -> None:
        # No retry handlers: the SDK's default repeats a post whose connection broke, and Slack would show it twice.
        client = WebClient(token=bot_token, base_url=base_url, timeout=CALL_SECONDS, retry_handlers=[])
        logging.getLogger("slack_bolt").setLevel(logging.WARNING)  # at INFO it logs whole bodies of bad requests
        self.app = App(client=client, process_before_response=False)
        presses.register(self.app, rooms)
        commands.register(self.app, rooms)
        team = str(client.auth_test()["team_id"])
        self.outbox = Outbox(rooms, client, team)
        self._socket = SocketModeHandler(self.app, app_token)

    def start(self) -> None:
        """Connects and returns; Bolt reconnects by itself."""
        self._socket.connect()

    def stop(self) -> None:
        """Takes no more presses; those under way are finished."""
        self._socket.close()
