"""What the page calls, and what tests call to make things go wrong or to read the whole state.

The page asks for everything one person sees after each change; it is told of changes by a stream of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from workspace import showing
from workspace.acts import Acts
from workspace.controls import Controls
from workspace.delivery import Delivery
from workspace.desks import Desks
from workspace.refusal import Json
from workspace.server import json_body
from workspace.web_api import Desk, WebApi

PAGE = Path(__file__).with_name("page.html")
HEARTBEAT_SECONDS = 15.0


class PageDoors:
    """The endpoints that the page and the tests call."""

    def __init__(self, desks: Desks, api: WebApi, delivery: Delivery, acts: Mapping[str, Acts]) -> None:
        """`acts` are by the id of their team."""
        self._desks = desks
        self._api = api
        self._delivery = delivery
        self.acts = acts
        self.controls = Controls(desks, api, delivery)
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
        self._desks.first.state.changed("closing")

    async def page(self, request: Request) -> Response:  # noqa: ARG002
        nonce = self._desks.first.state.ids.secret(12)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return HTMLResponse(PAGE.read_text(encoding="utf-8").replace("__NONCE__", nonce), headers=headers)

    async def state(self, request: Request) -> Response:
        asked = request.query_params
        wanted = asked.get("person", ""), asked.get("channel", ""), asked.get("thread", "")
        shown = showing.page(self._desks, self._delivery, *wanted)
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    async def events(self, request: Request) -> Response:  # noqa: ARG002
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _changes(self) -> AsyncIterator[str]:
        change = asyncio.Event()

        def changed(_: str) -> None:
            change.set()

        listened = [desk.state.listeners for desk in self._desks]
        for listeners in listened:
            listeners.append(changed)
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
            for listeners in listened:
                listeners.remove(changed)

    async def act(self, request: Request) -> Response:
        try:
            given = json_body(await request.body())
            answer = await self._carry_out(str(request.path_params["act"]), given)
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"ok": False, "error": "invalid_arguments", "sentence": f"Not understood: {error}"}, 400)
        return JSONResponse(answer)

    async def _carry_out(self, act: str, given: Json) -> Json:
        acts = self.acts[self._desks.of(str(given.get("person"))).state.installed.team_id]
        match act:
            case "say":
                return await acts.say(**_only(given, "person channel text thread_ts"))
            case "press":
                return await acts.press(**_only(given, "person block_id action_id channel ts view_id choice inputs"))
            case "submit":
                return await acts.submit(**_only(given, "person view_id inputs"))
            case "close":
                return await acts.close(**_only(given, "person view_id"))
            case "home":
                return await acts.open_home(**_only(given, "person tab"))
            case "shortcut":
                return await acts.shortcut(**_only(given, "person callback_id channel ts"))
            case "delete":
                return acts.delete(**_only(given, "person channel ts"))
            case "place":
                return acts.change_place(**_only(given, "person channel change"))
            case "read":
                return acts.mark_read(**_only(given, "person channel"))
        raise ValueError(f"no such act: {act}")

    def everything(self, desk: Desk) -> Json:
        """The whole state of a team."""
        return showing.everything(desk.state, self._delivery, self._api)

    async def control(self, request: Request) -> Response:
        """For tests. GET: the whole state. POST: see Controls."""
        if request.method == "GET":
            return JSONResponse(self.everything(self._desks.first))
        try:
            return JSONResponse(await self.controls.set(json_body(await request.body())))
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400)


def _only(given: Json, names: str) -> dict[str, Any]:
    return {name: given[name] for name in names.split() if name in given}
