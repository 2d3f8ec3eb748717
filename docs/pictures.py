"""Draws the pictures of docs/pictures: every state of a card and every modal, in the practice workspace's own page.

The cards are posted through the workspace's Web API and the modals opened by a press, as in real life; only what they
are drawn from is made up (tests/card_states.py). Needs Chromium. Run by `make pictures`; with
ARGS="card-night modal-match" only those whose names begin so; "readme" is the two of the README. What each card must tell is
printed by docs/answers.py.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import card_answers
import card_states
import home_states
import message_states
import month_played
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from review_states import review_states
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from app.clock import random_bytes
from app.month_end import chart
from bot.manifest import manifest
from receivables.month import Month
from workspace import PersonSeed, Seed, Workspace, start

PICTURES = Path(__file__).resolve().parent / "pictures"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run"
WIDTH, HEIGHT = 980, 2400  # a width at which a card's figures stand beside each other; no modal is taller
SHARP = 1.5  # dots for each pixel of the two pictures of the README
SEED = Seed(
    team="Acme Networks (practice)",
    bot_name="resolve_now",
    people=(PersonSeed("dana", "Dana Reyes", "dana@example.com", "Controller"),),
    channels=("payments-sync",),
    groups={},
).with_manifest(manifest())

Json = dict[str, Any]


def main(wanted: Sequence[str] = ()) -> int:
    """Draws all of them anew, or those whose names begin as one of `wanted`; returns the exit code."""
    chromium = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if chromium is None:
        print("Chromium is missing, and the pictures are drawn with it. On Debian: apt-get install chromium")
        return 1
    if not wanted:
        shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS.split())
        with start(
            Path(folder), now=card_states.FOUND_AT.timestamp, seed=SEED, messages_per_second=0, random_bytes=random_bytes
        ) as workspace:
            _Studio(workspace, browser, Path(folder)).draw(tuple(wanted))
        if not wanted or "month-end-chart" in wanted:
            _month_end_chart(Path(folder) / "month")
        browser.close()
    made = sorted(PICTURES.glob("*.png"))
    print(f"{len(made)} pictures in docs/pictures, {sum(picture.stat().st_size for picture in made) // 1024} KB.")
    return 0


def _month_end_chart(folder: Path) -> None:
    """The chart that the report of a month brings."""
    folder.mkdir()
    scene = month_played.played(folder)
    found, _ = month_played.made(scene, Month.of("2026-03"))
    (PICTURES / "month-end-chart.png").write_bytes(chart.picture(found))


class _Studio:
    """A workspace, an app that opens what a button names, and a browser that looks at both as Dana."""

    def __init__(self, workspace: Workspace, browser: Browser, folder: Path) -> None:
        scene = card_answers.a_busy_scene(folder)
        self.messages: dict[str, list[Json]] = {
            name: message.blocks
            for name, message in {**card_states.drawn(card_states.card_states()), **message_states.other_messages()}.items()
        }
        of_the_readme = {"credit-memo": card_states.a_card(card_states.credited())}
        self.messages["credit-memo"] = card_states.drawn(of_the_readme)["credit-memo"].blocks
        for name, answer in card_answers.answers(scene).items():
            self.messages[f"payments-{name}"] = answer["blocks"]
        self.modals: Mapping[str, Json] = {**card_states.modal_states(), **review_states()} | {
            f"story-{name}": view for name, view in card_answers.stories(scene).items()
        }
        self.homes: Mapping[str, Json] = home_states.home_states(scene)
        self._calls_dana(workspace.people["dana"])
        self.workspace = workspace
        self.client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
        self.browser = browser
        self.counting = browser.new_page()
        self.dana, self.channel = workspace.people["dana"], workspace.channels["payments-sync"]

    def _calls_dana(self, user: str) -> None:
        """Whoever an escalation calls is somebody whom the workspace knows."""
        self.messages = json.loads(json.dumps(self.messages).replace("U0DANA", user))

    def draw(self, wanted: tuple[str, ...]) -> None:
        page, sharp = self._page(1), self._page(SHARP)
        cards = {name if name.startswith("payments-") else f"card-{name}": blocks for name, blocks in self.messages.items()}
        for picture, blocks in cards.items():
            if not wanted or picture.startswith(wanted):
                self._message(page, picture, blocks)
        for name, view in self.homes.items():
            if not wanted or name.startswith(wanted):
                self._home(name, view)
        app = self._app()
        app.connect()
        for name in self.modals:
            if not wanted or f"modal-{name}".startswith(wanted):
                self._modal(page, f"modal-{name}", name)
        if not wanted or "readme" in wanted:
            self._message(sharp, "card", self.messages["credit-memo"])
            self._modal(sharp, "modal", "unapply-credit-memo")
        app.close()

    def _page(self, scale: float, *, home: bool = False) -> Page:
        page = self.browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=scale,
            color_scheme="light",
            timezone_id="America/Chicago",
        ).new_page()
        page.goto(f"{self.workspace.url}/?as={self.dana}&channel={self.channel}{'&home=1' if home else ''}")
        page.evaluate("document.getElementById('modal').style.borderRadius = '0'")  # what shines through its corners is dark
        return page

    def _home(self, name: str, view: Json) -> None:
        self.client.views_publish(user_id=self.dana, view=view)
        page = self._page(1, home=True)
        self._shoot(page.locator(".home"), name)
        page.context.close()

    def _app(self) -> SocketModeHandler:
        app = App(client=self.client)

        @app.action("open")
        def opened(ack: Any, body: Json, client: WebClient) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=self.modals[body["actions"][0]["value"]])

        app.action(re.compile(".*"))(lambda ack: ack())
        return SocketModeHandler(app, self.workspace.app_token)

    def _message(self, page: Page, name: str, blocks: list[Json]) -> None:
        ts = self.client.chat_postMessage(channel=self.channel, text=name, blocks=blocks)["ts"]
        self._shoot(page.locator(f'article[data-ts="{ts}"]'), name)
        self.client.chat_delete(channel=self.channel, ts=ts)

    def _modal(self, page: Page, picture: str, name: str) -> None:
        button = {"type": "button", "action_id": "open", "value": name, "text": {"type": "plain_text", "text": "Open"}}
        blocks = [{"type": "actions", "block_id": "open", "elements": [button]}]
        ts = str(self.client.chat_postMessage(channel=self.channel, text=name, blocks=blocks)["ts"])
        self.workspace.press(self.dana, "open", "open", channel=self.channel, ts=ts)
        page.locator("dialog#modal[open]").wait_for()
        self._shoot(page.locator("dialog#modal"), picture)
        view = self.workspace.open_modal(self.dana)
        if view is not None:
            self.workspace.close_modal(self.dana, view["id"])
        page.locator("dialog#modal[open]").wait_for(state="detached")
        self.client.chat_delete(channel=self.channel, ts=ts)

    def _shoot(self, found: Locator, name: str) -> None:
        found.wait_for()
        drawn = base64.b64encode(found.screenshot(animations="disabled")).decode()
        (PICTURES / f"{name}.png").write_bytes(_with_few_colours(self.counting.evaluate(COUNT_COLOURS, drawn)))


#: Text on a plain ground has few colours: rounded to at most 256, a picture is a third as large and looks the same.
COUNT_COLOURS = """async (drawn) => {
  const image = new Image();
  image.src = `data:image/png;base64,${drawn}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const dots = context.getImageData(0, 0, image.width, image.height).data;
  for (let step = 4; ; step *= 2) {
    const places = new Map(), palette = [], rounded = (value) => Math.min(255, Math.round(value / step) * step);
    let indices = "";
    for (let at = 0; at < dots.length; at += 4) {
      const colour = [rounded(dots[at]), rounded(dots[at + 1]), rounded(dots[at + 2])], name = colour.join();
      if (!places.has(name)) { places.set(name, palette.length); palette.push(colour); }
      indices += String.fromCharCode(places.get(name));
    }
    if (palette.length <= 256) return { width: image.width, height: image.height, palette, indices: btoa(indices) };
  }
}"""


def _with_few_colours(counted: Json) -> bytes:
    """A PNG file of indexed colours (PNG specification, colour type 3)."""
    width, height, indices = counted["width"], counted["height"], base64.b64decode(counted["indices"])
    rows = b"".join(b"\0" + indices[at : at + width] for at in range(0, width * height, width))
    palette = bytes(value for colour in counted["palette"] for value in colour)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
