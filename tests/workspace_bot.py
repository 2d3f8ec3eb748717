"""A small real Bolt app for the tests of the practice workspace: one card, one modal, one command."""

from __future__ import annotations

import http.server
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.request import BoltRequest
from slack_sdk import WebClient

from bot.bolt import closed
from workspace import Seed, Workspace, start

Json = dict[str, Any]
PATIENCE_SECONDS = 10.0


def a_workspace(folder: Path, *, messages_per_second: float = 0.0, seed: Seed | None = None, **more: Any) -> Workspace:
    more = {"now": time.time, "random_bytes": secrets.token_bytes, **more}
    return start(folder, seed=seed, messages_per_second=messages_per_second, **more)


def a_client(workspace: Workspace, token: str = "") -> WebClient:
    return WebClient(token=token or workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def a_confirm(title: str = "Dismiss syncing?") -> Json:
    return {
        "title": plain(title),
        "text": plain("Nothing more is done for it."),
        "confirm": plain("Dismiss"),
        "deny": plain("Keep"),
    }


def a_card(state: str = "could not be posted") -> list[Json]:
    """A card as a finance team would get it: header, figures, buttons, a menu with a confirm dialog."""
    return [
        {"type": "header", "text": plain("Payment TX-1042 " + state)},
        {
            "type": "section",
            "block_id": "what",
            "text": {
                "type": "mrkdwn",
                "text": "*Invoice INV-7* took a credit of `120.00` &amp; is now <smaller> than the payment.",
            },
            "fields": [{"type": "mrkdwn", "text": "*Paid*\n500.00 EUR"}, {"type": "mrkdwn", "text": "*Open*\n380.00 EUR"}],
            "accessory": {
                "type": "overflow",
                "action_id": "more",
                "options": [
                    {"text": plain("Dismiss syncing"), "value": "dismiss"},
                    {"text": plain("History"), "value": "history"},
                ],
                "confirm": a_confirm(),
            },
        },
        {"type": "divider"},
        {
            "type": "actions",
            "block_id": "remedies",
            "elements": [
                {"type": "button", "action_id": "unapply", "text": plain("Unapply credit"), "style": "primary", "value": "d-1"},
                {"type": "button", "action_id": "resolve", "text": plain("Resolve now"), "value": "d-2"},
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Diagnosed just now :hourglass:"}]},
    ]


def a_modal(title: str = "Resolve payment") -> Json:
    options = [{"text": plain(text), "value": text.lower()} for text in ("Recreate", "Dismiss")]
    return {
        "type": "modal",
        "callback_id": "resolve",
        "private_metadata": "d-2",
        "notify_on_close": True,
        "title": plain(title),
        "submit": plain("Resolve"),
        "close": plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": "remedy",
                "label": plain("Remedy"),
                "element": {"type": "radio_buttons", "action_id": "pick", "options": options},
            },
            {
                "type": "input",
                "block_id": "reason",
                "label": plain("Reason"),
                "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
            },
        ],
    }


class Bot:
    """The app and what it was told, in order."""

    def __init__(self, workspace: Workspace) -> None:
        self.told: list[Json] = []
        self.client = a_client(workspace)
        self.app = App(
            name="practice",  # else Bolt looks through the source of everything that calls
            token=workspace.bot_token,
            signing_secret=workspace.signing_secret,
            client=self.client,
            process_before_response=False,
        )
        self._listen()

    def _listen(self) -> None:
        app = self.app

        @app.middleware
        def remember(body: Json, next: Callable[[], Any]) -> Any:
            self.told.append(body)
            return next()

        @app.action("unapply")
        def unapply(ack: Any, body: Json, client: WebClient) -> None:
            ack()
            client.chat_update(
                channel=body["channel"]["id"], ts=body["message"]["ts"], text="done", blocks=a_card("is being put right")[:1]
            )

        @app.action("more")
        def more(ack: Any, body: Json, respond: Any) -> None:
            ack()
            respond(text=f"You chose {body['actions'][0]['selected_option']['value']}", replace_original=False)

        @app.action("resolve")
        def resolve(ack: Any, body: Json, client: WebClient) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=a_modal())

        @app.view("resolve")
        def submitted(ack: Any, view: Json) -> None:
            reason = view["state"]["values"]["reason"]["text"]["value"]
            if len(reason) < 10:
                ack(response_action="errors", errors={"reason": "Please say more."})
            else:
                ack(response_action="update", view={**a_modal("Recorded"), "submit": None, "blocks": [section("Thank you.")]})

        @app.view_closed("resolve")
        def closed(ack: Any) -> None:
            ack()

        @app.command("/receipts")
        def receipts(ack: Any, command: Json, respond: Any) -> None:
            ack(text=f"Looking for {command['text']}")
            respond(text="Found nothing.", response_type="in_channel")

        @app.event("app_mention")
        def mentioned(event: Json, say: Any) -> None:
            say(text="In the thread.", thread_ts=event["ts"])

        @app.event("app_home_opened")
        def home(event: Json, client: WebClient) -> None:
            client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Three payments wait.")]})

    def told_of(self, kind: str) -> list[Json]:
        return [body for body in self.told if body.get("type") == kind or body.get("command") == kind]


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@contextmanager
def over_socket(workspace: Workspace) -> Iterator[Bot]:
    """The app connected by Socket Mode."""
    bot = Bot(workspace)
    handler = SocketModeHandler(bot.app, workspace.app_token, ping_interval=0.2)
    handler.connect()
    try:
        eventually(lambda: workspace.snapshot()["connections"] > 0)
        yield bot
    finally:
        closed(handler)


@contextmanager
def over_http(workspace: Workspace) -> Iterator[Bot]:
    """The app behind an address of its own, checking Slack's signature."""
    bot = Bot(workspace)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers: dict[str, str | Sequence[str]] = {name: [value] for name, value in self.headers.items()}
            answer = bot.app.dispatch(BoltRequest(body=body, headers=headers))
            content = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.first_headers_without_set_cookie().items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    workspace.deliver_to(f"http://127.0.0.1:{server.server_address[1]}/slack/events")
    try:
        yield bot
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def eventually(holds: Callable[[], Any]) -> Any:
    """Waits until something holds and returns it; fails the test when it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("it never happened")
