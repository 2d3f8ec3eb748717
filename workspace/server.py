"""Everything the practice workspace answers: Slack's Web API, Socket Mode, reply addresses, files, and the page's own.

Everything is refused that does not come to this machine under its own name (see loopback).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol

from workspace import loopback, oauth, reply_addresses
from workspace.api_messages import LARGEST_FILE_BYTES
from workspace.delivery import Delivery
from workspace.desks import Desks
from workspace.faults import Fault
from workspace.pace import too_many
from workspace.refusal import Json, Refusal
from workspace.web_api import WebApi, arguments_of

Transports = MutableMapping[tuple[str, int], asyncio.Transport]
_DRAWN_INLINE = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif"}


class ConnectionCut(Exception):
    """A fault asks that the caller gets no answer at all."""


class Doors:
    """The endpoints that the app calls."""

    def __init__(self, desks: Desks, grants: oauth.Grants, api: WebApi, delivery: Delivery, files: Path) -> None:
        self._desks = desks
        self._grants = grants
        self._api = api
        self._delivery = delivery
        self._files = files

    def routes(self) -> list[Route | WebSocketRoute]:
        return [
            Route("/api/{method}", self.web_api, methods=["GET", "POST"]),
            Route("/actions/{team}/{number}/{key}", self.reply_address, methods=["POST"]),
            Route("/app/{team}/{number}/{key}", self.reply_address, methods=["POST"]),
            Route("/commands/{team}/{number}/{key}", self.reply_address, methods=["POST"]),
            Route("/upload/{file}", self.upload, methods=["POST"]),
            Route("/files/{file}/{name}", self.file, methods=["GET"]),
            Route("/archives/{channel}/{message}", self.permalink, methods=["GET"]),
            Route("/oauth/v2/authorize", self.authorize, methods=["GET", "POST"]),
            WebSocketRoute("/link/", self.link),
        ]

    async def web_api(self, request: Request) -> Response:
        method = str(request.path_params["method"])
        fault: Fault | None = None
        given: Json = {}
        try:
            given = await _arguments(request)
            fault = self._api.faults.next(method, str(given.get("channel", "")))
            await _before(fault)
            token, given = _credentials(request.headers.get("authorization", ""), given)
            answer, headers = self._api.call(method, token, given)
            self._api.remember(method, given=given)
        except Refusal as refusal:
            self._api.remember(method, refusal.error, given)
            return JSONResponse(refusal.answer(), refusal.status, headers=refusal.headers)
        await _after(fault)
        return JSONResponse(answer, headers=headers)

    async def authorize(self, request: Request) -> Response:
        """Where the app sends people to install it; pressing Allow or Cancel leads them back to the app."""
        if request.method == "POST":
            asked = {name: str(value) for name, value in (await request.form()).items()}
            person, answer = asked.pop("person", ""), asked.pop("answer", "")
            try:
                address = self._grants.allowed(asked, person) if answer == "allow" else self._grants.denied(asked)
            except ValueError as error:
                return PlainTextResponse(str(error), 400)
            return RedirectResponse(address, 303)
        asked = dict(request.query_params)
        objection = self._grants.objection(asked)
        nonce = self._desks.first.state.ids.secret(12)
        back = urlsplit(asked.get("redirect_uri", ""))
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self'{'' if objection else f' {back.scheme}://{back.netloc}'}"  # browsers check where a form leads to
        )
        # The form must say where it comes from, which a policy without any referrer would keep back.
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
        return HTMLResponse(oauth.page(self._desks, asked, objection, nonce), 400 if objection else 200, headers)

    async def reply_address(self, request: Request) -> Response:
        fault = self._api.faults.next("response_url")
        try:
            await _before(fault)
            given = await _arguments(request)
            state = self._desks.of(str(request.path_params["team"])).state
            reply_addresses.use(state, str(request.path_params["key"]), given)
            self._api.remember("response_url")
        except Refusal as refusal:
            self._api.remember("response_url", refusal.error)
            status = refusal.status if refusal.status != 200 else 400
            return JSONResponse(refusal.answer(), status, headers=refusal.headers)
        await _after(fault)
        return PlainTextResponse("ok")

    async def upload(self, request: Request) -> Response:
        desk = self._desks.of(str(request.path_params["file"]))
        file = desk.state.files.get(str(request.path_params["file"]))
        if file is None or file.done:
            return PlainTextResponse("not_found", 404)
        if int(request.headers.get("content-length", "0")) > LARGEST_FILE_BYTES + 10_000:
            return PlainTextResponse("too_large", 413)
        if "multipart" in request.headers.get("content-type", ""):
            parts = [part for part in (await request.form()).values() if isinstance(part, UploadFile)]
            data = await parts[0].read() if parts else b""
        else:
            data = await request.body()
        if len(data) != file.size:
            return PlainTextResponse("length differs from the one announced", 400)
        self._files.mkdir(exist_ok=True)
        (self._files / file.id).write_bytes(data)
        file.done = True
        desk.state.keep_file(file)
        return PlainTextResponse(f"OK - {len(data)}")

    async def file(self, request: Request) -> Response:
        name = str(request.path_params["file"])
        file = self._desks.of(name).state.files.get(name)
        if file is None or not file.done:
            return PlainTextResponse("not_found", 404)
        drawn = _DRAWN_INLINE.get(file.name.rpartition(".")[2].lower())
        return FileResponse(
            self._files / file.id,
            media_type=drawn or "application/octet-stream",
            filename=file.name,
            content_disposition_type="inline" if drawn else "attachment",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    async def permalink(self, request: Request) -> Response:
        """Where chat.getPermalink points: the page, at that message."""
        digits = str(request.path_params["message"]).removeprefix("p")
        thread = request.query_params.get("thread_ts", "")
        target = f"/?channel={request.path_params['channel']}&message={digits[:-6]}.{digits[-6:]}"
        return RedirectResponse(target + (f"&thread={thread}" if thread else ""))

    async def link(self, socket: WebSocket) -> None:
        ticket = socket.query_params.get("ticket", "")
        tickets = self._desks.first.tickets
        if ticket not in tickets:
            await socket.close(1008)
            return
        tickets.discard(ticket)
        await self._delivery.serve_connection(socket)


def _credentials(header: str, given: Json) -> tuple[str, Json]:
    """The token of a call, and what else it was given; an app may name itself in the header instead."""
    kind, _, held = header.partition(" ")
    if kind == "Basic":
        name, _, secret = base64.b64decode(held, validate=False).decode(errors="replace").partition(":")
        return "", {"client_id": name, "client_secret": secret, **given}
    rest = {name: value for name, value in given.items() if name != "token"}
    return (held.strip() if kind == "Bearer" else "") or str(given.get("token", "")), rest


async def _arguments(request: Request) -> Json:
    content_type = request.headers.get("content-type", "")
    body = await request.body() if "json" in content_type else b""
    is_form = "form" in content_type
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)} if is_form else {}
    return arguments_of(content_type, body, form, dict(request.query_params))


async def _before(fault: Fault | None) -> None:
    """Lets a fault happen that must happen before anything is done. Raises Refusal or ConnectionCut."""
    match fault.kind if fault else "":
        case "outage":
            raise Refusal("service_unavailable", status=503)
        case "rate_limited":
            raise too_many(fault.retry_after_seconds if fault else 1)
        case "error":
            raise Refusal(fault.error if fault else "")
        case "dropped_before":
            raise ConnectionCut
        case "slow":
            await asyncio.sleep(fault.seconds if fault else 0.0)


async def _after(fault: Fault | None) -> None:
    if fault and fault.kind == "slow_after":
        await asyncio.sleep(fault.seconds)
    if fault and fault.kind == "dropped_after":
        raise ConnectionCut


class Guard:
    """Comes before every endpoint: refuses requests from elsewhere."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        from_the_page = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(("/page/", "/oauth/"))
        objection = loopback.objection(Headers(scope=scope), self._port, from_the_page=from_the_page)
        if objection:
            await _refuse(scope, receive, send, objection)
            return
        await self._app(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send, objection: str) -> None:
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).close(1008, objection)
    else:
        await PlainTextResponse(f"refused: {objection}", 403)(scope, receive, send)


def watched_protocol(transports: Transports) -> type[H11Protocol]:
    """An HTTP protocol that remembers its connections by the caller's address, so that one can be cut."""

    class Watched(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._address = tuple(transport.get_extra_info("peername")[:2])
            transports[self._address] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self._address, None)
            super().connection_lost(exc)

    return Watched


class NoAnswer(Response):
    """Cuts the connection instead of answering."""

    def __init__(self, transports: Transports) -> None:
        super().__init__()
        self._transports = transports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        transport = self._transports.get(tuple(scope["client"]))
        if transport:
            transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass


def application(routes: list[Any], transports: Transports) -> Starlette:
    async def cut(_request: Request, _error: Exception) -> Response:
        return NoAnswer(transports)

    return Starlette(routes=routes, exception_handlers={ConnectionCut: cut})


def json_body(raw: bytes) -> Json:
    """A JSON object from the page or a test. Raises ValueError."""
    held = json.loads(raw or b"{}")
    if not isinstance(held, dict):
        raise ValueError("not an object")
    return held
