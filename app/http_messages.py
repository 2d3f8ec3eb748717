"""How a request's message is read, up to a length and within a time, and how it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from receivables.card_numbers import masked

WHOLE_BODY_SECONDS = 10.0  # for 1 MiB; a slow sender is cut off
MOST_REQUESTS = 64  # at the same time; more are answered 503

log = structlog.get_logger()


@dataclass(frozen=True)
class Answer:
    """A status and its body."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.answer = Answer(status, {"error": error})


TOO_MANY = Answer(503, {"error": "Too many messages at once. Send it again."}, {"Retry-After": "1"})


async def whole_body(request: Request, most_bytes: int, advice: str = "") -> bytes:
    """The whole message, up to the allowed length. Raises Refused."""
    too_long = Refused(413, f"The message is longer than {most_bytes:,} bytes{advice}.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(WHOLE_BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > most_bytes:
                    raise too_long
    except TimeoutError:
        raise Refused(408, f"The message did not arrive within {WHOLE_BODY_SECONDS:.0f} seconds.") from None
    return bytes(body)


def said(request: Request, answer: Answer) -> Response:
    """The answer as it is sent, and in the log."""
    told(request, answer.status)
    headers = {**answer.headers, "Connection": "close"} if answer.status in (408, 413) else dict(answer.headers)
    return JSONResponse(answer.body, answer.status, headers)


def told(request: Request, status: int) -> None:
    """One line in the log, never with a body or a query."""
    tell = log.debug if request.url.path.startswith("/health") and status == 200 else log.info  # asked every few seconds
    tell("request", method=request.method, path=masked(request.url.path[:200]), status=status)
