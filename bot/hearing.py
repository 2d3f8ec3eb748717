"""Whether presses reach this process: the connection is looked at, made anew where nothing is heard, and its trouble told.

Slack's library watches its connection too; it does not tell anybody, and was seen to wait on one that was dead.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackClientError

from bot.checking import SILENT
from bot.rooms import Rooms
from bot.slack_errors import trouble_of
from storage import slack_trouble
from storage.slack_trouble import LISTENING

DEAF_SECONDS = 60.0  # Slack answers a ping every ten seconds

log = structlog.get_logger()


class Hearing:
    """The ear of one process."""

    def __init__(self, rooms: Rooms, handler: SocketModeHandler) -> None:
        self._rooms = rooms
        self._handler = handler
        self._deaf_looks = 0

    @property
    def is_deaf(self) -> bool:
        """Whether the connection is closed, or nothing was heard on it for too long."""
        session = self._handler.client.current_session
        if session is None or not session.is_active():
            return True
        heard_at = session.last_ping_pong_time
        return heard_at is not None and self._rooms.clock.now().timestamp() - heard_at > DEAF_SECONDS

    def look(self) -> None:
        """Where nothing is heard at two looks, connects anew; tells every process how it stands."""
        if not self.is_deaf:
            self._deaf_looks = 0
            heard_again(self._rooms)
            return
        self._deaf_looks += 1
        if self._deaf_looks == 1:  # Slack asks for a new connection every few hours, and the library just makes it
            return
        client = self._handler.client
        try:
            client.connect_to_new_endpoint(force=client.is_connected())
        except (SlackClientError, OSError) as error:
            self.refused(trouble_of(error).word)
            return
        if self.is_deaf:
            self.refused(SILENT)

    def refused(self, word: str) -> None:
        """Slack did not let us listen."""
        log.warning("slack_is_not_heard", error=word)
        now = self._rooms.clock.now()
        with self._rooms.db.work() as connection:
            slack_trouble.found(connection, LISTENING, word, at=now, try_at=now + timedelta(seconds=DEAF_SECONDS))


def heard_again(rooms: Rooms) -> None:
    """Presses arrive: what was told of a connection before holds no longer."""
    with rooms.db.read() as connection:
        known = LISTENING in slack_trouble.standing(connection)
    if known:
        log.info("slack_is_heard_again")
        with rooms.db.work() as connection:
            slack_trouble.over(connection, LISTENING)
