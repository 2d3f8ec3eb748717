"""Starts the practice workspace in a thread of its own, and stops it again without leaving anything behind.

The object it returns is also how tests and the demo act as people, set faults and read what was posted.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn

from workspace import api_apps, api_messages, api_places, api_views, loopback
from workspace.acts import Acts
from workspace.delivery import ACK_SECONDS, RETRY_AFTER_SECONDS, Delivery
from workspace.desks import Desks
from workspace.faults import Faults
from workspace.hands import Hands
from workspace.oauth import Grants
from workspace.pace import Pace
from workspace.page_routes import PageDoors
from workspace.refusal import Json
from workspace.seed import Seed
from workspace.server import Doors, Guard, Transports, application, watched_protocol
from workspace.shelf import Shelf
from workspace.state import State
from workspace.web_api import Desk, WebApi

PING_SECONDS = 0.5  # Slack pings its connections too; often, so that an app that closes does not wait for the next
START_SECONDS = 10.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 30.0  # an act waits for the app at most three; this only keeps a broken test from hanging


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
    others: Sequence[Seed] = (),
) -> Workspace:
    """A running workspace, kept in `folder`; port 0 takes any free one.

    `others` are further teams that have, or may install, the same app; each needs a domain of its own. `now` gives seconds
    since 1970, UTC. `messages_per_second` per channel is Slack's limit; 0 switches it off, and the limits of methods with it.
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
    bound_port = listening.getsockname()[1]
    url = f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"
    seeds = [seed or Seed(), *others]
    shelves = [Shelf(folder / (f"workspace-{held.domain}.db" if number else "workspace.db")) for number, held in enumerate(seeds)]
    states: list[State] = []
    for shelf, held in zip(shelves, seeds, strict=True):
        states.append(State(shelf, held, now, random_bytes, states[0] if states else None))
    delivery = Delivery(states[0], ack_seconds, retry_after_seconds)
    pace = Pace(now, messages_per_second)
    desks = Desks([Desk(state, held, pace, url, delivery.tell) for state, held in zip(states, seeds, strict=True)])
    workspace = Workspace(desks, delivery, folder, shelves)
    workspace._run(listening, bound_port)
    return workspace


@dataclass
class _Server:
    """What runs in the thread."""

    loop: asyncio.AbstractEventLoop
    server: uvicorn.Server
    thread: threading.Thread


class Workspace(Hands):
    """A running practice workspace. Acts go to its first team; `teams` has all of them, by domain."""

    def __init__(self, desks: Desks, delivery: Delivery, folder: Path, shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves
        self._delivery = delivery
        self._grants = Grants(desks)
        methods = {**api_apps.methods(desks), **api_places.METHODS, **api_messages.METHODS, **api_views.METHODS}
        api = WebApi(desks, Faults(desks.first.state.now), methods, self._grants)
        acts = {desk.state.installed.team_id: Acts(desk, delivery) for desk in desks}
        self._doors = Doors(desks, self._grants, api, delivery, folder / "files")
        self._page = PageDoors(desks, api, delivery, acts)
        self._running: _Server | None = None
        app = desks.first.state.installed
        super().__init__(desks.first, self._page, self._asked)
        self.url = desks.first.url
        self.api_url = f"{self.url}/api/"
        self.app_token, self.signing_secret = app.app_token, app.signing_secret
        self.client_id, self.client_secret = app.client_id, app.client_secret
        self.teams: Mapping[str, Hands] = {desk.state.installed.domain: Hands(desk, self._page, self._asked) for desk in desks}

    # ---- running

    def _run(self, listening: socket.socket, port: int) -> None:
        transports: Transports = {}
        self._delivery.transports = transports
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
        server = uvicorn.Server(config)
        started = threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            started.set()
            await server.serve(sockets=[listening])
            await self._delivery.close()

        def run() -> None:
            try:
                asyncio.run(serve())
            finally:
                listening.close()
                for shelf in self._shelves:
                    shelf.close()

        thread = threading.Thread(target=run, name="practice-workspace", daemon=True)
        thread.start()
        if not started.wait(START_SECONDS):
            raise RuntimeError("the practice workspace did not start")
        self._running = _Server(loops[0], server, thread)

    def stop(self) -> None:
        """Stops it; a second call does nothing. The folder keeps everything for the next start."""
        running, self._running = self._running, None
        if running is None:
            return
        running.loop.call_soon_threadsafe(self._page.close)
        running.server.should_exit = True
        running.thread.join(STOP_SECONDS)
        if running.thread.is_alive():
            raise RuntimeError("the practice workspace did not stop")

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _asked(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._running is None:
            work.close()
            raise RuntimeError("the practice workspace is not running")
        return asyncio.run_coroutine_threadsafe(work, self._running.loop).result(ANSWER_SECONDS)

    # ---- the app's connection

    def deliver_to(self, request_url: str) -> None:
        """Signed requests to this address from now on, once it has answered the challenge; "" is Socket Mode again."""
        self._control({"request_url": request_url})

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Closes the Socket Mode connections as Slack does every few hours."""
        self._control({"disconnect": reason})

    def deafen(self) -> None:
        """The connections stay open, and nothing that the app says arrives any more."""
        self._control({"deaf": True})

    def allow(self, address: str, person: str) -> str:
        """Presses Allow on the page at which the app asks to be installed; the address it leads back to.

        `address` is that page's, the team that of the person.
        """
        asked = dict(parse_qsl(urlsplit(address).query))

        async def allowed() -> str:
            return self._grants.allowed(asked, person)

        return str(self._asked(allowed()))

    def uninstall(self, domain: str = "") -> None:
        """Removes the app from a team; the first when none is named."""
        self._control({"uninstall": self.teams[domain].team_id if domain else self.team_id})

    # ---- Slack outages

    def fault(self, kind: str, method: str = "*", **more: object) -> None:
        """Makes calls go wrong (see faults.KINDS): times=, for_seconds=, seconds=, error=, retry_after_seconds=."""
        self._control({"fault": {"kind": kind, "method": method, **more}})

    def limit_reads(self, per_minute: int) -> None:
        """Slack's limit on reading messages for a commercial app outside its Marketplace is 1; 0 lifts it."""
        self._control({"reads_per_minute": per_minute})

    def _control(self, given: Json) -> None:
        self._asked(self._controls.set(given))
