"""The address where Resolve Now listens: payments sent to it, notices from Stripe, health checks and figures.

A message is answered 200 only when its content is stored durably. Work is done in threads, so that a slow database
delays no other request; the log has one line for each request and never a body.
"""

from __future__ import annotations

import hmac
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from app.health import AtWork, Health
from app.http_connections import Patient
from app.http_messages import MOST_REQUESTS, TOO_MANY, Answer, Refused, said, whole_body
from app.settings_feeds import HttpSettings
from app.wiring import House
from feeds import webhook
from receivables.addresses import ON_THIS_MACHINE
from receivables.errors import ConfigurationError, FeedError
from storage import feeds as stored_feeds
from sync import intake, polling
from sync.desk import Desk

if TYPE_CHECKING:
    from app.http_slack import SlackRoutes
    from bot.bolt import Bot

STOP_SECONDS = 5.0  # what is being imported is finished first; what is not was not answered, and is sent again

log = structlog.get_logger()


Work = Callable[[Desk, Mapping[str, str], bytes], Answer]


class Endpoint:
    """What is answered to which request. `application` is the ASGI application."""

    def __init__(
        self, house: House, settings: HttpSettings, health: Health, *, receives: bool, more_routes: Sequence[Route] = ()
    ) -> None:
        self._house = house
        self._settings = settings
        self._health = health
        self._under_way = 0
        self._desks = {desk.company.id: desk for desk in house.desks()} if receives else {}
        self.application = Starlette(
            routes=[
                Route("/feeds/{company}", self._payments, methods=["POST"]),
                Route("/feeds/{company}/stripe", self._stripe, methods=["POST"]),
                Route("/health/live", self._live, methods=["GET"]),
                Route("/health/ready", self._ready, methods=["GET"]),
                Route("/health", self._ready, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                *more_routes,
            ],
            exception_handlers={404: self._not_here, 405: self._not_so},
        )

    async def _payments(self, request: Request) -> Response:
        return await self._answered(request, self._take_payments)

    async def _stripe(self, request: Request) -> Response:
        return await self._answered(request, self._take_notice)

    async def _live(self, request: Request) -> Response:
        """The process runs and answers; it reads nothing."""
        return self._said(request, Answer(200, {"alive": True}))

    async def _ready(self, request: Request) -> Response:
        ready, standing = await run_in_threadpool(self._health.ready)
        shown = standing if self._may_watch(request) else {}
        return self._said(request, Answer(200 if ready else 503, {"alive": True, "ready": ready, **shown}))

    async def _metrics(self, request: Request) -> Response:
        if not self._may_watch(request):
            return self._said(request, _not_found().answer)
        return Response(await run_in_threadpool(self._health.metrics), media_type=CONTENT_TYPE_LATEST)

    def _may_watch(self, request: Request) -> bool:
        """Whoever shows the token; without one, whoever reaches an address that only this machine has."""
        token = self._house.feeds.metrics_token()
        if token is None:
            return self._settings.host in ON_THIS_MACHINE
        given = request.headers.get("authorization", "").partition(" ")[2]
        return hmac.compare_digest(given.encode(), token.encode())

    async def _answered(self, request: Request, work: Work) -> Response:
        """Reads the message, has a thread import it, and answers with the outcome."""
        if self._under_way >= MOST_REQUESTS:  # counted here: connections on which nothing comes keep nobody out
            return self._said(request, TOO_MANY)
        self._under_way += 1
        try:
            return self._said(request, await self._outcome(request, work))
        finally:
            self._under_way -= 1

    async def _outcome(self, request: Request, work: Work) -> Answer:
        try:
            desk = self._desks.get(request.path_params["company"])
            if desk is None:
                raise _not_found()
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise Refused(415, "Send the message as application/json.")
            body = await whole_body(request, webhook.MOST_BYTES, "; send fewer payments at once")
            return await run_in_threadpool(work, desk, request.headers, body)
        except Refused as refused:
            return refused.answer
        except ClientDisconnect:
            return Answer(400, {"error": "The message ended before it was complete."})
        except stored_feeds.DATABASE_SILENT:
            return Answer(
                503,
                {"error": "Our database does not answer; nothing was imported. Send it again."},
                {"Retry-After": "10"},
            )
        except ConfigurationError as error:
            log.error("configuration", problem=error.message)
            return Answer(
                503, {"error": "This company's feed is not configured correctly; the reason is in the administrator's log."}
            )

    def _take_payments(self, desk: Desk, headers: Mapping[str, str], body: bytes) -> Answer:
        secrets = self._house.feeds.webhook_secrets(desk.company.id)
        if not secrets:
            raise _not_found()
        timestamp, signature = headers.get(webhook.TIMESTAMP_HEADER, ""), headers.get(webhook.SIGNATURE_HEADER, "")
        try:
            webhook.verify(secrets, timestamp, signature, body, now=desk.clock.now())
            message = webhook.Message(body, desk.company, desk.company.day_of(desk.clock.now()))
        except webhook.BadSignature as error:
            raise Refused(401, str(error)) from None
        except FeedError as error:
            return Answer(400, {"error": error.message, "problems": [_problem(asdict(problem)) for problem in error.problems]})
        counts = intake.take_message(desk, message, kind="webhook")
        if counts is None:
            return Answer(200, {"payments": message.count, "note": "This message was imported before; nothing was changed."})
        said: dict[str, object] = {"payments": message.count, **asdict(counts)}
        if counts.contradicting:
            said["note"] = (
                "What contradicts payments imported before was not changed. People have been notified; do not send it again."
            )
        return Answer(200, said)

    def _take_notice(self, desk: Desk, headers: Mapping[str, str], body: bytes) -> Answer:
        secrets = self._house.feeds.stripe_webhook_secrets(desk.company.id)
        if desk.feed is None or not secrets:
            raise _not_found()
        from feeds.stripe import read_notice  # noqa: PLC0415  # the SDK takes half a second to import

        notice = read_notice(body, headers.get("stripe-signature", ""), secrets)
        if notice is None:
            raise Refused(401, "Stripe did not sign this message with a secret we have within the last five minutes.")
        new = polling.note(desk, desk.feed.kind, notice.id, notice.charges)
        return Answer(200, {"charges": len(notice.charges)} if new else {"note": "This message was received before."})

    def _said(self, request: Request, answer: Answer) -> Response:
        self._health.answered(answer.status)
        return said(request, answer)

    async def _not_here(self, request: Request, _: Exception) -> Response:
        return self._said(request, _not_found().answer)

    async def _not_so(self, request: Request, _: Exception) -> Response:
        return self._said(request, Answer(405, {"error": "Send messages with POST; request /health and /metrics with GET."}))


def _not_found() -> Refused:
    """The same answer for a company that does not exist and for one that receives no messages."""
    return Refused(404, "Nothing is received here.")


def _problem(given: dict[str, object]) -> dict[str, object]:
    return {"payment": given["line"], "field": given["column"], "message": given["message"], "remedy": given["remedy"]}


class HttpServer:
    """Listens in a thread of its own until stopped; `port` is where. Raises ConfigurationError when it cannot listen.

    Where it receives nothing, it only answers those who watch.
    """

    def __init__(
        self,
        house: House,
        settings: HttpSettings,
        bot: Bot | None = None,
        *,
        at_work: AtWork | None = None,
        receives: bool = True,
    ) -> None:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((settings.host, settings.port))
            self._socket.listen()  # a request before the thread is up waits and is not refused
        except OSError as error:
            self._socket.close()
            raise ConfigurationError(
                f"[http]: cannot listen on {settings.host} port {settings.port}: {error.strerror}. Name another host or port."
            ) from error
        self.host, self.port = settings.host, int(self._socket.getsockname()[1])
        health = Health(house, bot, at_work)
        self._slack = _slack_routes(bot, health) if bot is not None else None
        routes = self._slack.routes if self._slack is not None else []
        self._server = uvicorn.Server(
            uvicorn.Config(
                Endpoint(house, settings, health, receives=receives, more_routes=routes).application,
                http=Patient,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=int(STOP_SECONDS),
            )
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def _run(self) -> None:
        with suppress(SystemExit):  # how uvicorn reports that it could not start
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Listens from now on; messages that arrived in between wait in the socket."""
        self._thread.start()
        log.info("listening", host=self.host, port=self.port)

    def stop(self) -> None:
        """Accepts no more, and finishes what is in progress."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS + 1.0)
        self._socket.close()
        if self._slack is not None:
            self._slack.stop()


def _slack_routes(bot: Bot, health: Health) -> SlackRoutes:
    from app.http_slack import SlackRoutes  # noqa: PLC0415  # Slack's libraries: only where they are in use

    return SlackRoutes(bot, health)
