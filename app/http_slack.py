"""Slack's requests in HTTP mode: read up to a length, answered by the bot in threads of its own.

A press is answered within three seconds or Slack shows a warning; so these requests wait for no import, and no import for them.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app.health import Health
from app.http_messages import MOST_REQUESTS, TOO_MANY, Answer, Refused, said, told, whole_body
from bot.manifest import EVENTS
from bot.requests import MOST_BYTES

if TYPE_CHECKING:
    from bot.bolt import Bot

THREADS = 32


class SlackRoutes:
    """What is answered to Slack, for one process."""

    def __init__(self, bot: Bot, health: Health) -> None:
        self._bot, self._health = bot, health
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="slack-http")
        self._under_way = 0
        self.routes = [Route(EVENTS, self._events, methods=["POST"])] if bot.takes_requests else []

    async def _events(self, request: Request) -> Response:
        if self._under_way >= MOST_REQUESTS:
            return self._refused(request, TOO_MANY)
        self._under_way += 1
        try:
            body = await whole_body(request, MOST_BYTES)
            headers = dict(request.headers)
            answered = await asyncio.get_running_loop().run_in_executor(self._threads, self._bot.handle, body, headers)
        except Refused as refused:
            return self._refused(request, refused.answer)
        except ClientDisconnect:
            return self._refused(request, Answer(400, {"error": "The message ended before it was complete."}))
        finally:
            self._under_way -= 1
        self._health.answered(answered.status)
        told(request, answered.status)
        response = Response(answered.body, answered.status)
        for name, value in answered.headers:
            response.headers.append(name, value)
        return response

    def _refused(self, request: Request, answer: Answer) -> Response:
        self._health.answered(answer.status)
        return said(request, answer)

    def stop(self) -> None:
        """What is under way is finished."""
        self._threads.shutdown()
