"""How a stand-in listens on loopback: an ASGI application in a thread of this process, with faults to order.

A fault is taken by the next request it fits. What a fault cuts is really cut: no byte of an answer leaves.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

START_SECONDS = 20.0
TOGETHER_SECONDS = 10.0
Transports = dict[tuple[Any, ...], asyncio.Transport]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next `times` requests of this method ("" is any) whose path holds `path`.

    With a `status` it is answered at once and nothing is done. `cut` is "before" or "after" it is carried out.
    `wait_seconds` passes first in any case.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    cut: str = ""
    wait_seconds: float = 0.0
    method: str = ""
    path: str = ""
    times: int = 1


class Faults:
    """Faults ordered and not yet taken, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []
        self.slow_seconds = 0.0  # for every request, besides what a fault of its own asks
        self.in_flight = 0  # requests that came and are not answered yet
        self.most: Counter[str] = Counter()  # of them at once, by "reads" and "writes"
        self.in_a_row = 0  # the longest row of requests of which each came after the one before was answered
        self.together: list[int] = []  # of the next requests so many are answered only when all of them came, and so on
        self._now: Counter[str] = Counter()
        self._came: list[asyncio.Event] = []

    def order(self, fault: Fault) -> None:
        with self._lock:
            self._ordered.append(fault)

    @contextmanager
    def under_way(self, method: str) -> Iterator[None]:
        """Counts a request while it is not answered."""
        kind = "reads" if method == "GET" else "writes"
        self.in_flight += 1
        self._now[kind] += 1
        self.most[kind] = max(self.most[kind], self._now[kind])
        place = self.in_a_row + 1
        try:
            yield
        finally:
            self.in_a_row = max(self.in_a_row, place)
            self._now[kind] -= 1
            self.in_flight -= 1

    async def all_came(self) -> None:
        """Waits for those that are to come together; not for ever, where they ask one after the other."""
        if not self.together:
            return
        self._came.append(asyncio.Event())
        last, here = len(self._came) == self.together[0], self._came[-1]
        if last:
            for event in self._came:
                event.set()
            self._came.clear()
            del self.together[0]
        with suppress(TimeoutError):
            await asyncio.wait_for(here.wait(), TOGETHER_SECONDS)

    def forget(self) -> None:
        with self._lock:
            self._ordered.clear()

    @property
    def left(self) -> int:
        """How many are ordered and not yet taken."""
        with self._lock:
            return sum(fault.times for fault in self._ordered)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for place, fault in enumerate(self._ordered):
                if fault.method in ("", method) and fault.path in path:
                    if fault.times > 1:
                        self._ordered[place] = replace(fault, times=fault.times - 1)
                    else:
                        del self._ordered[place]
                    return fault
        return None


class Faulty:
    """An application to which the faults happen that were ordered."""

    def __init__(self, app: ASGIApp, faults: Faults, transports: Transports) -> None:
        self._app = app
        self._faults = faults
        self._transports = transports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._faults.under_way(scope.get("method", "")):
            await self._faults.all_came()
            if self._faults.slow_seconds:
                await asyncio.sleep(self._faults.slow_seconds)
            await self._served(scope, receive, send)

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.take(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.wait_seconds:
            await asyncio.sleep(fault.wait_seconds)
        if fault.status:
            await _whole(receive)
            headers = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
            await send({"type": "http.response.start", "status": fault.status, "headers": headers})
            await send({"type": "http.response.body", "body": fault.body.encode()})
        elif fault.cut:
            await self._cut(fault, scope, receive)
        else:
            await self._app(scope, receive, send)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive) -> None:
        if fault.cut == "after":
            await self._app(scope, receive, _unheard)
        else:
            await _whole(receive)
        transport = self._transports.get(tuple(scope["client"]))
        if transport:
            transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass


async def _unheard(message: Message) -> None:
    """An answer that nobody hears."""


async def _whole(receive: Receive) -> None:
    """Takes the whole request, so that the other side is surely done with sending."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


@contextmanager
def listening(app: ASGIApp, faults: Faults, *, port: int = 0) -> Iterator[str]:
    """Serves on 127.0.0.1 until the end of the block; yields "http://127.0.0.1:PORT". Port 0 takes a free one."""
    transports: Transports = {}
    held = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(
        Faulty(app, faults, transports),
        http=_watched(transports),
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )
    server = _Prompt(config)
    started = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        started.set()
        await server.serve(sockets=[held])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="stand-in", daemon=True)
    thread.start()
    if not started.wait(START_SECONDS):
        raise RuntimeError("the stand-in did not start")
    try:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
    finally:
        loops[0].call_soon_threadsafe(server.told_to_stop.set)
        thread.join(START_SECONDS)
        held.close()


class _Prompt(uvicorn.Server):
    """Stops at once: uvicorn itself looks only ten times a second, which every test would pay for."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_stop = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told_to_stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 (the caller closes it)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def _watched(transports: Transports) -> type[H11Protocol]:
    """The HTTP protocol, noting each open connection by its client's address, so that it can be cut."""

    class Watched(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            # asyncio does it only for sockets that name their protocol; else each answer waits 40 ms for an acknowledgement.
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._address = tuple(transport.get_extra_info("peername")[:2])
            transports[self._address] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self._address, None)
            super().connection_lost(exc)

    return Watched
