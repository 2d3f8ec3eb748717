"""Slack's requests in HTTP mode: read up to a length, answered by the bot in threads of its own.

A press is answered within three seconds or Slack shows a warning; so these requests wait for no import, and no import for them.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app.health import Health
from app.http_messages import MOST_REQUESTS, TOO_MANY, Answer, Refused, said, told, whole_body
from bot.manifest import COME_BACK, EVENTS, INSTALL
from bot.requests import MOST_BYTES, Answered

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
        if bot.takes_requests and bot.installing is not None:
            self._installing = bot.installing
            self.routes += [Route(INSTALL, self._begin, methods=["GET"]), Route(COME_BACK, self._finish, methods=["GET"])]

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
        return self._sent(request, answered)

    async def _begin(self, request: Request) -> Response:
        """Somebody wants to install the app."""
        return self._sent(request, await run_in_threadpool(self._installing.begin, dict(request.query_params)))

    async def _finish(self, request: Request) -> Response:
        """Their browser is back from Slack."""
        query, cookie = dict(request.query_params), request.headers.get("cookie", "")
        return self._sent(request, await run_in_threadpool(self._installing.finish, query, cookie))

    def _sent(self, request: Request, answered: Answered) -> Response:
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
