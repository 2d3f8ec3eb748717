"""Starts the practice workspace in a thread of its own, and stops it again without leaving anything behind.

The object it returns is also how tests and the demo act as people, set faults and read what was posted.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from workspace import api_messages, api_places, api_views, loopback, posting, showing
from workspace.acts import Acts, Inputs
from workspace.delivery import ACK_SECONDS, RETRY_AFTER_SECONDS, Delivery
from workspace.faults import Faults
from workspace.page_routes import PageDoors
from workspace.posting import Pace
from workspace.refusal import Json
from workspace.seed import Seed
from workspace.server import Doors, Guard, Transports, application, watched_protocol
from workspace.shelf import Shelf
from workspace.state import State
from workspace.triggers import Triggers
from workspace.web_api import Desk, WebApi

PING_SECONDS = 0.5  # Slack pings its connections too; often, so that an app that closes does not wait for the next
START_SECONDS = 10.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 30.0  # an act waits for the app at most three; this only keeps a broken test from hanging
Result = TypeVar("Result")


def start(
    folder: Path,
    port: int = 0,
    *,
    now: Callable[[], float],
    seed: Seed | None = None,
    host: str = "127.0.0.1",
    messages_per_second: float = 1.0,
    ack_seconds: float = ACK_SECONDS,
    retry_after_seconds: Sequence[float] = RETRY_AFTER_SECONDS,
    random_bytes: Callable[[int], bytes],
) -> Workspace:
    """A running workspace, kept in `folder`; port 0 takes any free one.

    `now` gives seconds since 1970, UTC. `messages_per_second` per channel is Slack's limit, 0 switches it off.
    Raises ValueError for a host that is not this machine, OSError when the port is taken.
    """
    loopback.require(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)  # callers wait in line from here on, instead of being refused while the thread starts
    except OSError:
        listening.close()
        raise
    shelf = Shelf(folder / "workspace.db")
    state = State(shelf, seed or Seed(), now, random_bytes)
    desk = Desk(state, Pace(state, messages_per_second), Triggers(state))
    bound_port = listening.getsockname()[1]
    desk.url = f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"
    delivery = Delivery(state, ack_seconds, retry_after_seconds)
    workspace = Workspace(desk, delivery, seed or Seed(), folder, shelf)
    workspace._run(listening, bound_port)
    return workspace


class Workspace:
    """A running practice workspace. People, channels and views are named by their ids; see `people`, `channels`."""

    def __init__(self, desk: Desk, delivery: Delivery, seed: Seed, folder: Path, shelf: Shelf) -> None:
        self._desk = desk
        self._delivery = delivery
        self._shelf = shelf
        methods = {**api_places.METHODS, **api_messages.METHODS, **api_views.METHODS}
        self._api = WebApi(desk, Faults(desk.state.now), methods)
        self._acts = Acts(desk, delivery, seed)
        self._doors = Doors(desk, self._api, delivery, folder / "files")
        self._page = PageDoors(desk, self._api, delivery, self._acts, seed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None
        app = desk.state.installed
        self.url = desk.url
        self.api_url = f"{desk.url}/api/"
        self.bot_token, self.app_token, self.signing_secret = app.bot_token, app.app_token, app.signing_secret
        self.team_id, self.bot_user_id = app.team_id, app.bot_user_id
        self.people: Mapping[str, str] = {person.name: person.id for person in desk.state.people.values()}
        self.channels: Mapping[str, str] = {channel.name: channel.id for channel in desk.state.channels.values() if channel.name}

    # ---- running

    def _run(self, listening: socket.socket, port: int) -> None:
        transports: Transports = {}
        guard = Guard(application([*self._doors.routes(), *self._page.routes()], transports), port)
        config = uvicorn.Config(
            guard,
            http=watched_protocol(transports),
            ws="websockets-sansio",
            ws_ping_interval=PING_SECONDS,
            lifespan="off",
            log_config=None,  # the program that embeds it decides about logs
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            started.set()
            assert self._server is not None  # noqa: S101
            await self._server.serve(sockets=[listening])
            await self._delivery.close()

        def run() -> None:
            try:
                asyncio.run(serve())
            finally:
                listening.close()
                self._shelf.close()

        self._thread = threading.Thread(target=run, name="practice-workspace", daemon=True)
        self._thread.start()
        if not started.wait(START_SECONDS):
            raise RuntimeError("the practice workspace did not start")

    def stop(self) -> None:
        """Stops it; a second call does nothing. The folder keeps everything for the next start."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._server is None:
            return
        self._loop.call_soon_threadsafe(self._page.close)
        self._server.should_exit = True
        thread.join(STOP_SECONDS)
        if thread.is_alive():
            raise RuntimeError("the practice workspace did not stop")

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._loop is None or self._thread is None:
            work.close()
            raise RuntimeError("the practice workspace is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_SECONDS)

    # ---- acting as people; each answers as the page would be answered (see acts)

    def say(self, person: str, channel: str, text: str, thread_ts: str = "") -> Json:
        return self._ask(self._acts.say(person, channel, text, thread_ts))

    def press(
        self,
        person: str,
        block_id: str,
        action_id: str,
        *,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
        choice: object = None,
        inputs: Inputs | None = None,
    ) -> Json:
        return self._ask(
            self._acts.press(person, block_id, action_id, channel=channel, ts=ts, view_id=view_id, choice=choice, inputs=inputs)
        )

    def submit(self, person: str, view_id: str, inputs: Inputs | None = None) -> Json:
        return self._ask(self._acts.submit(person, view_id, inputs or {}))

    def close_modal(self, person: str, view_id: str) -> Json:
        return self._ask(self._acts.close(person, view_id))

    def open_home(self, person: str) -> Json:
        return self._ask(self._acts.open_home(person))

    # ---- reading

    def snapshot(self) -> Json:
        """The whole state (see showing.everything)."""

        async def read() -> Json:
            return showing.everything(self._desk.state, self._delivery, self._api)

        return self._ask(read())

    def messages(self, channel: str) -> list[Json]:
        """The messages of a channel, oldest first, replies and metadata included."""

        async def read() -> list[Json]:
            held = self._desk.state.messages[channel].values()
            return [posting.shown(self._desk.state, message, with_metadata=True) for message in held]

        return self._ask(read())

    def open_modal(self, person: str) -> Json | None:
        """The modal a person has on top."""
        stack = self.snapshot()["modals"].get(person)
        return stack[-1] if stack else None

    # ---- Slack outages

    def fault(self, kind: str, method: str = "*", **more: object) -> None:
        """Makes calls go wrong (see faults.KINDS): times=, for_seconds=, seconds=, error=, retry_after_seconds=."""
        self._control({"fault": {"kind": kind, "method": method, **more}})

    def deliver_to(self, request_url: str) -> None:
        """Signed requests to this address from now on; "" is Socket Mode again."""
        self._control({"request_url": request_url})

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Closes the Socket Mode connections as Slack does every few hours."""
        self._control({"disconnect": reason})

    def _control(self, given: Json) -> None:
        self._ask(self._page.set(given))
