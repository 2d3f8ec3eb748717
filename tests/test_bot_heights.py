"""A card is decided at a glance: in the page, at the width of a channel, none is taller than half a screen."""

from __future__ import annotations

from pathlib import Path

import card_states
import message_states
from playwright.sync_api import Browser
from workspace_bot import a_workspace, eventually

TALLEST, WIDTH, PAGE_WIDTH = 360, 732, 980  # in pixels; with its list of channels the page leaves a card that width

COMPANY_LINE = 20  # where a channel serves several companies, one more line of small print names the company

MEASURED = """(cards) => Object.fromEntries(Object.entries(cards).map(([name, blocks]) => {
  const node = messageNode({ user: seen.app.bot_user_id, ts: "1772647200.000100", blocks }, false);
  document.querySelector(".messages").append(node);
  const { width, height } = node.getBoundingClientRect();
  node.remove();
  return [name, [Math.round(width), Math.round(height)]];
}))"""


def test_no_card_is_taller_than_what_is_read_at_a_glance(browser: Browser, tmp_path: Path) -> None:
    cards = {**card_states.drawn(card_states.card_states()), **message_states.other_messages()}
    with a_workspace(tmp_path) as workspace:
        context = browser.new_context(viewport={"width": PAGE_WIDTH, "height": 900}, timezone_id="America/Chicago")
        page = context.new_page()
        page.goto(f"{workspace.url}/?as={workspace.people['priya']}")
        eventually(lambda: page.evaluate("typeof seen !== 'undefined' && Boolean(seen?.app && seen.people && seen.names)"))
        sizes = page.evaluate(MEASURED, {name: message.blocks for name, message in cards.items()})
        context.close()
    assert {WIDTH} == {width for width, _ in sizes.values()}
    named = {"in-a-shared-channel": COMPANY_LINE}
    assert {} == {name: height for name, (_, height) in sizes.items() if height > TALLEST + named.get(name, 0)}
