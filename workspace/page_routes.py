"""What the page calls, and what tests call to make things go wrong or to read the whole state.

The page asks for everything one person sees after each change; it is told of changes by a stream of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from workspace import showing
from workspace.acts import Acts
from workspace.delivery import Delivery
from workspace.refusal import Json
from workspace.seed import Seed
from workspace.server import json_body
from workspace.web_api import Desk, WebApi

PAGE = Path(__file__).with_name("page.html")
HEARTBEAT_SECONDS = 15.0


class PageDoors:
    """The endpoints that the page and the tests call."""

    def __init__(self, desk: Desk, api: WebApi, delivery: Delivery, acts: Acts, seed: Seed) -> None:
        self._desk = desk
        self._api = api
        self._delivery = delivery
        self._acts = acts
        self._seed = seed
        self._closing = False

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/page/state", self.state, methods=["GET"]),
            Route("/page/events", self.events, methods=["GET"]),
            Route("/page/{act}", self.act, methods=["POST"]),
            Route("/_control", self.control, methods=["GET", "POST"]),
        ]

    def close(self) -> None:
        """Ends the streams of events."""
        self._closing = True
        self._desk.state.changed("closing")

    async def page(self, request: Request) -> Response:  # noqa: ARG002
        nonce = self._desk.state.ids.secret(12)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return HTMLResponse(PAGE.read_text(encoding="utf-8").replace("__NONCE__", nonce), headers=headers)

    async def state(self, request: Request) -> Response:
        asked = request.query_params
        shown = showing.page(
            self._desk.state,
            self._delivery,
            self._seed,
            asked.get("person", ""),
            asked.get("channel", ""),
            asked.get("thread", ""),
        )
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    async def events(self, request: Request) -> Response:  # noqa: ARG002
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _changes(self) -> AsyncIterator[str]:
        change = asyncio.Event()

        def changed(_: str) -> None:
            change.set()

        self._desk.state.listeners.append(changed)
        try:
            yield "retry: 1000\ndata: connected\n\n"
            while not self._closing:
                try:
                    await asyncio.wait_for(change.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                change.clear()
                yield "data: changed\n\n"
        finally:
            self._desk.state.listeners.remove(changed)

    async def act(self, request: Request) -> Response:
        try:
            given = json_body(await request.body())
            answer = await self._carry_out(str(request.path_params["act"]), given)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"ok": False, "error": "invalid_arguments", "sentence": f"Not understood: {error}"}, 400)
        return JSONResponse(answer)

    async def _carry_out(self, act: str, given: Json) -> Json:
        match act:
            case "say":
                return await self._acts.say(**_only(given, "person channel text thread_ts"))
            case "press":
                return await self._acts.press(**_only(given, "person block_id action_id channel ts view_id choice inputs"))
            case "submit":
                return await self._acts.submit(**_only(given, "person view_id inputs"))
            case "close":
                return await self._acts.close(**_only(given, "person view_id"))
            case "home":
                return await self._acts.open_home(**_only(given, "person"))
            case "read":
                return self._acts.mark_read(**_only(given, "person channel"))
        raise ValueError(f"no such act: {act}")

    async def control(self, request: Request) -> Response:
        """For tests. GET: the whole state. POST: see `set`."""
        if request.method == "GET":
            return JSONResponse(showing.everything(self._desk.state, self._delivery, self._api))
        try:
            return JSONResponse(await self.set(json_body(await request.body())))
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400)

    async def set(self, given: Json) -> Json:
        """Does what a control request says, by name: "fault" (see faults), "clear_faults", "messages_per_second",
        "disconnect" (a reason), "request_url", "archive" (a channel). Raises ValueError or KeyError for anything else.
        """
        for name, value in given.items():
            match name:
                case "fault":
                    self._api.faults.add(value)
                case "clear_faults":
                    self._api.faults.clear()
                case "messages_per_second":
                    self._desk.pace.messages_per_second = float(value)
                case "disconnect":
                    await self._delivery.disconnect(str(value))
                case "request_url":
                    self._delivery.deliver_to(str(value))
                case "archive":
                    channel = self._desk.state.channels[value]
                    channel.is_archived = True
                    self._desk.state.keep_channel(channel)
                case _:
                    raise ValueError(f"unknown control: {name}")
        return {"ok": True}


def _only(given: Json, names: str) -> dict[str, Any]:
    return {name: given[name] for name in names.split() if name in given}
