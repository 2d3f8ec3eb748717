"""The Slack app itself: Bolt with our listeners, over Socket Mode or HTTP; the same with Slack and the practice workspace."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot import asking, care_window, commands, home_tab, presses, reviewing
from bot import several as choosing
from bot.answers import Answers
from bot.hearing import Hearing, heard_again
from bot.installations import Installations, authorizing, client_of
from bot.installing import Installing, OurApp, WorkspacesThatInstall
from bot.replies import with_replies
from bot.requests import Answered, Requests
from bot.rooms import Rooms
from bot.sending import Sending, Workspaces, sending
from bot.slack_errors import trouble_of
from receivables.ports import Clock

TOLD_AGAIN_SECONDS = 0.2  # a session that just began is told again to end
LISTENERS = 5  # decisions recorded at a time; windows, lists and what people are told have threads of their own
HEARD = 50  # messages of Slack that may wait for a decision's turn at a time; each is acknowledged by its own thread

log = structlog.get_logger()


class _Timed(SocketModeHandler):
    """Tells how long each message of Slack waited until it was acknowledged."""

    def __init__(self, app: App, app_token: str, clock: Clock, told: Callable[[float], None]) -> None:
        self._clock, self._told = clock, told
        super().__init__(app, app_token, concurrency=HEARD)

    def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        begun = self._clock.monotonic()
        super().handle(client, req)
        self._told(self._clock.monotonic() - begun)


def closed(handler: SocketModeHandler) -> None:
    """Closes its connection, and returns once it is.

    A session that begins just then takes back that it was told to end (slack_sdk 3.47, `_run_current_session`), and closing
    would wait for it without end; so it is told until it has heard.
    """
    closing = threading.Thread(target=handler.close, name="slack-closing", daemon=True)
    closing.start()
    while closing.is_alive():
        handler.client.current_session_state.terminated = True
        closing.join(TOLD_AGAIN_SECONDS)


class Bot:
    """One process's connection to Slack: it listens from `start` to `stop`, and `outbox.run_once` sends.

    Making one asks Slack nothing, so that payments go on while Slack does not answer. With an app token it listens over Socket
    Mode; with a signing secret Slack sends requests, which whoever serves HTTP hands to `handle`. With `app` workspaces install
    it themselves.
    """

    def __init__(
        self,
        rooms: Rooms,
        installations: Installations,
        *,
        base_url: str,
        app_token: str = "",
        signing_secret: str = "",
        app: OurApp | None = None,
    ) -> None:
        logging.getLogger("slack_bolt").setLevel(logging.WARNING)  # at INFO it logs whole bodies of bad requests
        self._listeners = ThreadPoolExecutor(LISTENERS, thread_name_prefix="slack-listener")
        self.app = App(
            name="resolve-now",  # else Bolt looks for its caller's file, through the source of everything that calls
            client=client_of("", base_url),
            authorize=authorizing(installations),
            request_verification_enabled=False,  # `Requests` verifies before it remembers a request
            listener_executor=self._listeners,
        )
        self.app.middleware(with_replies(rooms.clock))
        self._answers = Answers()
        presses.register(self.app, rooms, self._answers)
        asking.register(self.app, commands.register(self.app, rooms, self._answers), self._answers)
        care_window.register(self.app, rooms, self._answers)
        reviewing.register(self.app, rooms, self._answers)
        choosing.register(self.app, rooms, self._answers)
        self._home = home_tab.register(self.app, rooms, self._answers)
        several = installations if isinstance(installations, WorkspacesThatInstall) else None
        nobody = replace(rooms, channels={}) if several else rooms  # each workspace has a sender of its own then
        self._own = sending(nobody, client_of("" if several else installations.of_company(""), base_url))
        self.outbox, self.missing_cards, self.endings = self._own.outbox, self._own.missing_cards, self._own.endings
        self._workspaces = Workspaces(rooms, several, base_url) if several else None
        self.installing = Installing(rooms, several, app, base_url, signing_secret) if several and app else None
        if several:
            several.listen(self.app)
        else:  # what is sent next says it too
            self.app.event("app_uninstalled")(lambda: log.warning("slack_removed"))
            self.app.event("tokens_revoked")(lambda: log.warning("slack_removed"))
        self.acknowledged: Callable[[float], None] = lambda _: None  # told the seconds from a press until its acknowledgement
        self._rooms = rooms
        self._socket: SocketModeHandler | None = _Timed(self.app, app_token, rooms.clock, self._tell) if app_token else None
        self._hearing = Hearing(rooms, self._socket) if self._socket is not None else None
        self._requests = Requests(self.app, rooms, self._answers, signing_secret) if signing_secret else None
        self._connected = self._stopped = False

    def _tell(self, seconds: float) -> None:
        self.acknowledged(seconds)

    def sendings(self) -> list[Sending]:
        """What sends for each workspace, as it is now."""
        return [self._own] if self._workspaces is None else self._workspaces.now()

    @property
    def takes_requests(self) -> bool:
        """Whether Slack sends requests to this process, and no connection is kept."""
        return self._requests is not None

    def handle(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """The answer to a request of Slack. It takes as long as a decision takes: call it in a thread of its own."""
        if self._requests is None:
            return Answered(404)
        begun = self._rooms.clock.monotonic()
        answered = self._requests.handle(body, headers)
        self._tell(self._rooms.clock.monotonic() - begun)
        return answered

    @property
    def is_connected(self) -> bool:
        """Whether the connection to Slack stands, as far as this process knows. Where Slack sends requests, none can be lost."""
        if self._socket is None:
            return not self._stopped
        session = self._socket.client.current_session
        return session is not None and session.is_active()

    @property
    def last_pong_at(self) -> datetime | None:
        """When Slack last answered one of our pings."""
        session = self._socket.client.current_session if self._socket is not None else None
        at = session.last_ping_pong_time if session is not None else None
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def start(self) -> bool:
        """Connects, if it is not connected, and returns whether it is; afterwards looks whether anything is heard."""
        if self._stopped:
            return self._connected
        if self._socket is None or self._hearing is None:
            if not self._connected:
                heard_again(self._rooms)  # Slack sends requests: an earlier connection is of no interest
            self._connected = True
            return True
        if self._connected:
            self._hearing.look()
            return True
        try:
            self._socket.connect()
        except (SlackClientError, OSError) as error:
            self._hearing.refused(trouble_of(error).word)
            return False
        self._connected = True
        return True

    def stop(self) -> None:
        """Takes no more presses; those under way are finished."""
        self._stopped = True
        if self._socket is not None:
            closed(self._socket)
        self._listeners.shutdown()
        self._home.stop()
        self._answers.stop()
