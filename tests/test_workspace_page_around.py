"""What stands around messages in the page: answers that come into view, menus, shortcuts, files, and why the app is not heard."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Browser, Page, expect
from workspace_bot import Bot, a_card, a_client, a_workspace, eventually, over_socket, plain

from workspace import Command, Seed, Shortcut, Workspace

DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
SEED = Seed(
    commands=(Command("/receipts", "Find a payment", "NUMBER"),),
    shortcuts=(Shortcut("Find a payment", "find"), Shortcut("Explain this", "explain", "message")),
    private_channels=("board",),
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path, seed=SEED) as running:
        yield running


@pytest.fixture
def bot(workspace: Workspace) -> Iterator[Bot]:
    with over_socket(workspace) as connected:
        yield connected


@pytest.fixture
def page(browser: Browser, workspace: Workspace, bot: Bot) -> Iterator[Page]:
    """The page as Priya sees it, with more cards than fit; any error in it fails the test."""
    for number in range(8):
        bot.client.chat_postMessage(channel=workspace.channels["receivables"], text="A card", blocks=a_card(str(number)))
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(10_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.goto(f"{workspace.url}/?as={workspace.people['priya']}")
    opened.get_by_role("heading", name="Payment TX-1042").first.wait_for()
    yield opened
    if folder := os.environ.get("WORKSPACE_PICTURES"):
        opened.screenshot(path=str(Path(folder) / f"{os.environ['PYTEST_CURRENT_TEST'].split('::')[1].split(' ')[0]}.png"))
    opened.close()
    assert [] == wrong


def test_the_answer_to_a_command_comes_into_view_wherever_one_was_reading(page: Page) -> None:
    messages = page.get_by_role("log", name="Messages")
    messages.hover()
    page.mouse.wheel(0, -10_000)
    expect(page.get_by_role("article").first).to_be_in_viewport()
    page.get_by_label("Message", exact=True).fill("/receipts INV-7")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Looking for INV-7")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Found nothing.")).to_be_in_viewport(ratio=1)
    assert "Message" == page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_messages_have_a_menu_files_a_preview_and_the_channel_says_what_is_missing(
    page: Page, bot: Bot, workspace: Workspace
) -> None:
    channel = workspace.channels["receivables"]
    bot.client.files_upload_v2(channel=channel, filename="aging.png", content=DOT, title="Receivables by age", alt_txt="One bar")
    expect(page.get_by_role("img", name="One bar")).to_be_visible()
    expect(page.get_by_text("aging.png · PNG · 70 bytes")).to_be_visible()
    _choose_quickly(page, bot, channel)
    for callback_id in ("find", "explain"):
        bot.app.shortcut(callback_id)(lambda ack: ack())
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("menuitem", name="Find a payment").click()
    assert "find" == eventually(lambda: bot.told_of("shortcut"))[0]["callback_id"]
    card = page.get_by_role("article").nth(7)
    card.hover()
    card.get_by_role("button", name="Message menu").click()
    page.get_by_role("menuitem", name="Explain this").click()
    told = eventually(lambda: bot.told_of("message_action"))[0]
    assert (channel, "A card") == (told["channel"]["id"], told["message"]["text"])
    card.hover()
    card.get_by_role("button", name="Message menu").click()
    page.get_by_role("menuitem", name="Delete message").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("article")).to_have_count(9)
    workspace.remove(channel)
    page.get_by_text("Practice App is not in this channel.").wait_for()
    page.get_by_role("button", name="Invite Practice App").click()
    expect(page.get_by_text("Practice App is not in this channel.")).to_be_hidden()
    workspace.archive(channel)
    page.get_by_role("button", name="Unarchive").click()
    expect(page.get_by_label("Message", exact=True)).to_be_visible()
    assert not a_client(workspace).conversations_info(channel=channel)["channel"]["is_archived"]


def _choose_quickly(page: Page, bot: Bot, channel: str) -> None:
    """Of two quick choices both are delivered, as in Slack."""
    release = Event()

    def slowly(ack: Callable[[], None]) -> None:
        release.wait(2)
        ack()

    bot.app.action("pick")(slowly)
    options = [{"text": plain(name), "value": name} for name in ("North", "South")]
    radios = {"type": "radio_buttons", "action_id": "pick", "options": options}
    block = {"type": "actions", "block_id": "which", "elements": [radios]}
    bot.client.chat_postMessage(channel=channel, text="Which?", blocks=[block])
    for name in ("North", "South"):
        page.get_by_label(name).check()
    release.set()
    told = eventually(lambda: found if len(found := bot.told_of("block_actions")) == 2 else None)
    assert {"North", "South"} == {body["actions"][0]["selected_option"]["value"] for body in told}
