"""How long a connection may take and how many there may be: uvicorn itself waits for a request's head for ever.

A head that is not whole in time, or a connection on which nothing comes, is closed; one too many is closed at once.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0  # from the first byte, or from connecting; a head takes milliseconds
MOST_CONNECTIONS = 256


class Patient(H11Protocol):
    """A connection that is waited for, but not for ever."""

    _head_is_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """While a head is expected its time runs; it is over when the request is there."""
        # uvicorn declares `cycle` as always there; before the first request it is None.
        cycle = cast("object | None", self.cycle)
        if cycle is not None and not self.cycle.response_complete:
            self._rest()
        elif self._head_is_due is None:
            self._head_is_due = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _rest(self) -> None:
        if self._head_is_due is not None:
            self._head_is_due.cancel()
            self._head_is_due = None

    def _too_late(self) -> None:
        self._head_is_due = None
        if not self.transport.is_closing():
            self.transport.abort()
