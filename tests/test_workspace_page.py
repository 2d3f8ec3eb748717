"""The page in a real browser: pressing, confirming, filling in, and all of it with the keyboard alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from workspace_bot import Bot, a_card, a_workspace, eventually, over_socket, plain, section

from workspace import Command, Seed, Workspace

pytestmark = pytest.mark.slow
COMMANDS = (Command("/receipts", "Find a payment", "NUMBER"),)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path, seed=Seed(app_name="Receipts", commands=COMMANDS)) as running:
        yield running


@pytest.fixture
def bot(workspace: Workspace) -> Iterator[Bot]:
    with over_socket(workspace) as connected:
        yield connected


@pytest.fixture
def page(browser: Browser, workspace: Workspace, bot: Bot) -> Iterator[Page]:
    """The page as Priya sees it, with one card; any error in it fails the test."""
    bot.client.chat_postMessage(channel=workspace.channels["receivables"], text="A card", blocks=a_card())
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.goto(f"{workspace.url}/?as={workspace.people['priya']}")
    opened.get_by_role("heading", name="Payment TX-1042").wait_for()
    yield opened
    if folder := os.environ.get("WORKSPACE_PICTURES"):
        opened.screenshot(path=str(Path(folder) / f"{os.environ['PYTEST_CURRENT_TEST'].split('::')[1].split(' ')[0]}.png"))
    context.close()
    assert [] == wrong


def focused(page: Page) -> str:
    """What has the focus: its label or text."""
    return str(page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()"))


def tab_to(page: Page, label: str) -> None:
    """Tabs until the focus is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == label:
            return
    raise AssertionError(f"{label} cannot be reached with Tab")


def test_it_says_that_it_is_not_slack(page: Page) -> None:
    expect(page.get_by_role("banner")).to_contain_text("Practice workspace, not Slack")
    expect(page.get_by_role("status")).to_contain_text("Receipts connected (Socket Mode)")
    assert "not Slack" in page.title()


def test_a_button_changes_the_card(page: Page) -> None:
    page.get_by_role("button", name="Unapply credit").click()
    expect(page.get_by_role("heading", name="is being put right")).to_be_visible()
    assert 1 == page.get_by_role("article").count()


def test_text_is_never_markup(page: Page, bot: Bot, workspace: Workspace) -> None:
    nasty = (
        "<img src=x onerror=alert(1)> &lt;b&gt;bold&lt;/b&gt; <javascript:alert(1)|click> *strong* <https://example.com|a link>"
    )
    bot.client.chat_postMessage(channel=workspace.channels["receivables"], text=nasty, blocks=[section(nasty)])
    message = page.get_by_role("article").last
    expect(message.get_by_text("<b>bold</b>")).to_be_visible()
    expect(message.locator("strong")).to_have_text("strong")
    assert (0, ["https://example.com"]) == (
        message.locator("img, b b").count(),
        [link.get_attribute("href") for link in message.get_by_role("link").all()],
    )


def test_a_menu_item_asks_first_and_no_means_no(page: Page, bot: Bot) -> None:
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Dismiss syncing").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    assert [] == bot.told
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Dismiss syncing").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("You chose dismiss")).to_be_visible()
    expect(page.get_by_text("Only visible to you")).to_be_visible()


def test_a_modal_shows_its_errors_keeps_what_was_written_and_then_takes_it(page: Page) -> None:
    page.get_by_role("button", name="Resolve now").click()
    modal = page.get_by_role("dialog", name="Resolve payment")
    modal.get_by_role("button", name="Resolve").click()
    expect(modal.get_by_text("Please complete this required field.")).to_have_count(2)
    modal.get_by_label("Dismiss").check()
    modal.get_by_label("Reason").fill("short")
    modal.get_by_role("button", name="Resolve").click()
    expect(modal.get_by_text("Please say more.")).to_be_visible()
    expect(modal.get_by_label("Reason")).to_have_value("short")
    expect(modal.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    modal.get_by_label("Reason").fill("Entered by hand last week")
    modal.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("dialog", name="Recorded")).to_contain_text("Thank you.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_everything_can_be_done_with_the_keyboard_alone(page: Page, bot: Bot) -> None:
    tab_to(page, "More actions")
    page.keyboard.press("Enter")
    assert "Dismiss syncing" == focused(page)
    page.keyboard.press("ArrowDown")
    assert "History" == focused(page)
    page.keyboard.press("Escape")
    assert "More actions" == focused(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("alertdialog").wait_for()
    assert "Dismiss" == focused(page)
    page.keyboard.press("Enter")
    page.get_by_text("You chose dismiss").wait_for()
    assert "More actions" == focused(page)

    tab_to(page, "Resolve now")
    page.keyboard.press("Space")
    modal = page.get_by_role("dialog", name="Resolve payment")
    modal.wait_for()
    page.keyboard.press("Space")  # the first field has the focus: choose its first option
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("short")
    tab_to(page, "Resolve")
    page.keyboard.press("Enter")
    modal.get_by_text("Please say more.").wait_for()
    page.keyboard.type(" no longer")  # the field that is wrong has the focus
    tab_to(page, "Resolve")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Recorded").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert (
        "dismiss" == bot.told_of("view_submission")[-1]["view"]["state"]["values"]["remedy"]["pick"]["selected_option"]["value"]
    )

    tab_to(page, "Message")
    page.keyboard.type("/rec")
    page.keyboard.press("Tab")
    page.keyboard.type("INV-7")
    page.keyboard.press("Enter")
    page.get_by_text("Found nothing.").wait_for()
    assert "INV-7" == bot.told_of("/receipts")[0]["text"]


def test_another_person_acts_in_their_own_name_and_sees_their_own_things(page: Page, bot: Bot, workspace: Workspace) -> None:
    bot.client.chat_postEphemeral(channel=workspace.channels["receivables"], user=workspace.people["priya"], text="For Priya")
    page.get_by_text("For Priya").wait_for()
    page.get_by_role("group", name="Act as").get_by_role("button", name="Marta Lindqvist").click()
    expect(page.get_by_text("You are Marta Lindqvist, Controller")).to_be_visible()
    expect(page.get_by_text("For Priya")).to_be_hidden()
    page.get_by_role("button", name="Unapply credit").click()
    eventually(lambda: bot.told_of("block_actions"))
    assert workspace.people["marta"] == bot.told_of("block_actions")[0]["user"]["id"]
    page.reload()
    expect(page.get_by_text("You are Marta Lindqvist, Controller")).to_be_visible()


def test_a_thread_opens_beside_and_takes_replies(page: Page, workspace: Workspace) -> None:
    page.get_by_role("article").first.hover()
    page.get_by_role("button", name="Reply in thread").first.click()
    page.get_by_label("Reply in thread", exact=True).fill("I will ask them.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Thread").get_by_text("I will ask them.")).to_be_visible()
    expect(page.get_by_role("log", name="Messages").get_by_text("I will ask them.")).to_have_count(0)
    expect(page.get_by_role("button", name="1 reply")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Thread")).to_be_hidden()
    assert 1 == workspace.messages(workspace.channels["receivables"])[0]["reply_count"]


def test_unread_channels_are_marked_until_they_are_looked_at(page: Page, bot: Bot, workspace: Workspace) -> None:
    bot.client.chat_postMessage(channel=workspace.channels["finance-leads"], text="Something new")
    channel = page.get_by_role("navigation").get_by_role("button", name="finance-leads")
    expect(channel).to_contain_text("1 unread")
    channel.click()
    expect(page.get_by_text("Something new")).to_be_visible()
    expect(channel).not_to_contain_text("unread")


def test_the_home_tab_is_shown_and_its_elements_work(page: Page, bot: Bot, workspace: Workspace) -> None:
    page.get_by_role("button", name="Receipts home").click()
    expect(page.get_by_text("Three payments wait.")).to_be_visible()
    options = [{"text": plain(name), "value": name} for name in ("North", "South")]
    select = {"type": "static_select", "action_id": "more", "placeholder": plain("Company"), "options": options}
    element = {"type": "plain_text_input", "action_id": "find"}
    bot.app.action("find")(lambda ack: ack())
    find = {"type": "input", "block_id": "search", "label": plain("Find"), "dispatch_action": True, "element": element}
    home = {"type": "home", "blocks": [{**section("Which company?"), "accessory": select}, find]}
    bot.client.views_publish(user_id=workspace.people["priya"], view=home)
    page.get_by_label("Company").select_option("South")
    told = eventually(lambda: bot.told_of("block_actions"))
    assert "South" == told[0]["actions"][0]["selected_option"]["value"]
    page.get_by_label("Find").fill("INV-7")
    page.get_by_label("Company").focus()  # leaving the field sends nothing; Enter does
    page.get_by_label("Find").press("Enter")
    told = eventually(lambda: found if len(found := bot.told_of("block_actions")) == 2 else None)
    assert "INV-7" == told[1]["actions"][0]["value"]
    bot.client.views_publish(user_id=workspace.people["priya"], view={**home, "blocks": [section("Found 1"), *home["blocks"]]})
    page.get_by_text("Found 1").wait_for()
    assert ["INV-7", "Find"] == [
        page.get_by_label("Find").input_value(),
        page.evaluate("document.activeElement.labels[0].textContent"),
    ]


def test_a_silent_app_is_reported_to_the_person(page: Page, workspace: Workspace, bot: Bot) -> None:
    bot.client.chat_postMessage(
        channel=workspace.channels["receivables"],
        text="x",
        blocks=[{"type": "actions", "elements": [{"type": "button", "action_id": "nobody listens", "text": plain("Ignored")}]}],
    )
    page.get_by_role("button", name="Ignored").click()
    expect(page.get_by_role("alert").filter(has_text="did not answer within 3 seconds")).to_be_visible()


def test_motion_is_reduced_for_who_asks_for_it(browser: Browser, workspace: Workspace) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(workspace.url)
    page.get_by_role("button", name="Send").first.wait_for()
    page.evaluate("document.querySelector('.button').setAttribute('aria-busy', 'true')")
    assert "none" == page.evaluate("getComputedStyle(document.querySelector('.button')).animationName")
    context.close()
