"""A real Bolt app lives in the practice workspace as it would in Slack, over Socket Mode and over signed requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Thread

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from workspace_bot import Bot, Json, a_card, a_modal, a_workspace, eventually, over_http, over_socket
from workspace_contracts import needs_contracts, sample

from bot.bolt import closed
from workspace import Command, Seed, Shortcut, Workspace

# Only real for features that are not played: workflow functions, Enterprise Grid, unfurled links, old attachments.
NOT_PLAYED = {"function_data", "interactivity", "bot_access_token", "enterprise_id", "enterprise_name"}
NOT_PLAYED |= {"attachment_id", "is_app_unfurl", "app_unfurl_url", "app_unfurl"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with a_workspace(tmp_path, retry_after_seconds=(0.0, 0.0, 0.0)) as running:
        yield running


Connect = Callable[[Workspace], AbstractContextManager[Bot]]
both_ways = pytest.mark.parametrize("connect", [over_socket, over_http])


def a_posted_card(workspace: Workspace, bot: Bot) -> tuple[str, str]:
    channel = workspace.channels["receivables"]
    return channel, str(bot.client.chat_postMessage(channel=channel, text="A card", blocks=a_card())["ts"])


@both_ways
def test_a_button_rewrites_the_card_in_place(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace) as bot:
        channel, ts = a_posted_card(workspace, bot)
        assert {"ok": True} == workspace.press(workspace.people["priya"], "remedies", "unapply", channel=channel, ts=ts)
        changed = eventually(lambda: [message for message in workspace.messages(channel) if "edited" in message])
        assert (1, ts) == (len(workspace.messages(channel)), changed[0]["ts"])
        assert "d-1" == bot.told_of("block_actions")[0]["actions"][0]["value"]


@both_ways
def test_a_menu_item_is_answered_to_one_person_only(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace) as bot:
        channel, ts = a_posted_card(workspace, bot)
        assert workspace.press(workspace.people["marta"], "what", "more", channel=channel, ts=ts, choice="dismiss")["ok"]
        private = eventually(lambda: workspace.snapshot()["ephemerals"])
        assert [workspace.people["marta"]] == [message["person"] for message in private]
        assert "You chose dismiss" == private[0]["message"]["text"]
        assert 1 == len(workspace.messages(channel))


@both_ways
def test_a_modal_shows_errors_then_the_next_view(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace) as bot:
        priya = workspace.people["priya"]
        channel, ts = a_posted_card(workspace, bot)
        workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        view = eventually(lambda: workspace.open_modal(priya))
        nothing = workspace.submit(priya, view["id"])
        assert {"remedy", "reason"} == set(nothing["errors"])
        assert [] == bot.told_of("view_submission")
        inputs = {"remedy": {"pick": "dismiss"}, "reason": {"text": "short"}}
        assert {"reason": "Please say more."} == workspace.submit(priya, view["id"], inputs)["errors"]
        assert workspace.submit(priya, view["id"], {**inputs, "reason": {"text": "Entered by hand last week"}})["ok"]
        updated = workspace.open_modal(priya)
        assert updated is not None
        assert (view["id"], "Recorded") == (updated["id"], updated["title"]["text"])
        workspace.close_modal(priya, view["id"])
        assert workspace.open_modal(priya) is None


@both_ways
def test_a_slash_command_answers_one_then_all(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace):
        channel = workspace.channels["receivables"]
        assert workspace.say(workspace.people["tomas"], channel, "/receipts INV-7")["ok"]
        assert "Found nothing." == eventually(lambda: workspace.messages(channel))[0]["text"]
        assert ["Looking for INV-7"] == [message["message"]["text"] for message in workspace.snapshot()["ephemerals"]]


@both_ways
def test_a_mention_is_answered_in_its_thread(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace):
        channel = workspace.channels["receivables"]
        asked = workspace.say(workspace.people["tomas"], channel, "@practice_app how many <open>?")["ts"]
        parent, reply = eventually(lambda: workspace.messages(channel) if len(workspace.messages(channel)) == 2 else None)
        assert (asked, asked, 1) == (reply["thread_ts"], parent["ts"], parent["reply_count"])
        assert parent["text"].endswith("how many &lt;open&gt;?")


@both_ways
def test_the_home_tab_is_published_when_it_is_looked_at(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace):
        priya = workspace.people["priya"]
        workspace.open_home(priya)
        home = eventually(lambda: workspace.snapshot()["homes"].get(priya))
        assert "Three payments wait." == home["blocks"][0]["text"]["text"]


@both_ways
def test_views_are_pushed_three_deep_and_closed_one_by_one(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace) as bot:
        priya = workspace.people["priya"]

        @bot.app.view("deeper")
        def deeper(ack: Callable[..., None]) -> None:
            ack(response_action="push", view={**a_modal("Deeper"), "callback_id": "deeper", "blocks": []})

        channel, ts = a_posted_card(workspace, bot)
        workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        first = eventually(lambda: workspace.open_modal(priya))
        bot.client.views_update(view_id=first["id"], view={**a_modal(), "callback_id": "deeper", "blocks": []})
        assert workspace.submit(priya, first["id"])["ok"]
        second = workspace.open_modal(priya) or {}
        assert first["id"] == second["previous_view_id"] == second["root_view_id"]
        assert workspace.submit(priya, second["id"])["ok"]
        third = workspace.open_modal(priya) or {}
        refused = workspace.submit(priya, third["id"])
        assert (False, "push_limit_reached") == (refused["ok"], refused["error"])
        workspace.close_modal(priya, third["id"])
        assert second == workspace.open_modal(priya)


def test_one_answer_can_clear_the_whole_stack(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        priya = workspace.people["priya"]
        answers: Iterator[Json] = iter([{"response_action": "push", "view": a_step()}, {"response_action": "clear"}])

        @bot.app.view("step")
        def step(ack: Callable[..., None]) -> None:
            ack(**next(answers))

        channel, ts = a_posted_card(workspace, bot)
        workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        first = eventually(lambda: workspace.open_modal(priya))
        bot.client.views_update(view_id=first["id"], view=a_step())
        assert workspace.submit(priya, first["id"])["ok"]
        second = workspace.open_modal(priya) or {}
        assert first["id"] != second["id"]
        assert workspace.submit(priya, second["id"])["ok"]
        assert workspace.open_modal(priya) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"response_action": "errors", "errors": {"no such block": "x"}}, "invalid_errors"),
        ({"response_action": "update", "view": {"type": "modal"}}, "invalid_arguments"),
        ({"response_action": "explode"}, "invalid_response_action"),
    ],
)
def test_an_answer_slack_would_not_take_leaves_the_modal_open(workspace: Workspace, answer: Json, error: str) -> None:
    with over_http(workspace) as bot:
        priya = workspace.people["priya"]
        bot.app.view("step")(lambda ack: ack(**answer))
        channel, ts = a_posted_card(workspace, bot)
        workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        view = eventually(lambda: workspace.open_modal(priya))
        bot.client.views_update(view_id=view["id"], view=a_step())
        refused = workspace.submit(priya, view["id"])
        assert (False, error) == (refused["ok"], refused["error"])
        assert view["id"] == (workspace.open_modal(priya) or {})["id"]


def a_step() -> Json:
    return {**a_modal("Step"), "callback_id": "step", "blocks": []}


def test_a_signature_under_another_secret_is_refused_by_bolt(tmp_path: Path) -> None:
    with a_workspace(tmp_path / "one") as ours, a_workspace(tmp_path / "two") as theirs, over_http(theirs) as bot:
        with pytest.raises(ValueError, match="did not answer the challenge: The app answered with HTTP 401"):
            ours.deliver_to(theirs._delivery.request_url)
        assert [] == bot.told


def test_an_app_that_is_not_there_is_said_to_be_missing(workspace: Workspace) -> None:
    refused = workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts x")
    assert (False, "dispatch_failed") == (refused["ok"], refused["error"])


def test_an_app_that_is_too_slow_is_said_to_be_late(tmp_path: Path) -> None:
    with a_workspace(tmp_path, ack_seconds=0.2) as workspace, over_socket(workspace) as bot:

        @bot.app.command("/slow")
        def never_acknowledges() -> None:
            pass

        refused = workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/slow")
        assert (False, "operation_timeout") == (refused["ok"], refused["error"])
        assert 1 == len(bot.told_of("/slow"))


def test_an_event_nobody_acknowledges_is_sent_four_times(tmp_path: Path) -> None:
    seed = Seed(events=("message.channels",))
    with (
        a_workspace(tmp_path, seed=seed, ack_seconds=0.2, retry_after_seconds=(0.0, 0.0, 0.0)) as workspace,
        over_http(workspace) as bot,
    ):
        workspace.say(workspace.people["priya"], workspace.channels["receivables"], "Nobody listens")
        attempts = eventually(lambda: log if len(log := workspace.snapshot()["deliveries"]) == 4 else None)
        assert [0, 1, 2, 3] == [attempt["attempt"] for attempt in attempts]
        assert 1 == len({body["event_id"] for body in bot.told})


def test_an_undeclared_command_is_not_sent(tmp_path: Path) -> None:
    with a_workspace(tmp_path, seed=Seed(commands=(Command("/receipts"),))) as workspace, over_socket(workspace) as bot:
        refused = workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/remind me")
        assert "invalid_command" == refused["error"]
        assert [] == bot.told


def test_a_connection_that_begins_while_it_is_closed_is_closed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = SocketModeHandler(Bot(workspace).app, workspace.app_token)
    handler.connect()
    client, disconnect = handler.client, handler.client.disconnect

    def just_as_it_begins() -> None:
        disconnect()
        client.current_session_state.terminated = False  # what the session's own thread does first

    monkeypatch.setattr(client, "disconnect", just_as_it_begins)
    closing = Thread(target=closed, args=(handler,), daemon=True)
    closing.start()
    closing.join(20)
    assert not closing.is_alive()


def test_a_connection_told_to_go_comes_back(workspace: Workspace) -> None:
    with over_socket(workspace):
        workspace.disconnect()
        eventually(lambda: workspace.snapshot()["connections"] > 0)
        opened = [call for call in workspace.snapshot()["calls"] if call["method"] == "apps.connections.open"]
        assert len(opened) >= 2
        assert workspace.say(workspace.people["priya"], workspace.channels["receivables"], "/receipts again")["ok"]


def test_an_ephemeral_message_is_nobody_elses_to_press(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        channel, priya, marta = workspace.channels["receivables"], workspace.people["priya"], workspace.people["marta"]
        ts = str(bot.client.chat_postEphemeral(channel=channel, user=priya, text="x", blocks=a_card())["message_ts"])
        assert "not_found" == workspace.press(marta, "remedies", "resolve", channel=channel, ts=ts)["error"]
        assert workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)["ok"]
        told = bot.told_of("block_actions")[0]
        assert told["container"]["is_ephemeral"]
        assert "message" not in told


def test_only_what_the_app_offered_can_be_chosen(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        channel, ts = a_posted_card(workspace, bot)
        priya = workspace.people["priya"]
        assert (
            "not_offered" == workspace.press(priya, "what", "more", channel=channel, ts=ts, choice="delete everything")["error"]
        )
        assert "not_found" == workspace.press(priya, "what", "nothing like it", channel=channel, ts=ts)["error"]
        assert [] == bot.told


@needs_contracts
@both_ways
def test_payloads_have_the_keys_and_types_that_were_captured(workspace: Workspace, connect: Connect) -> None:
    with connect(workspace) as bot:
        priya = workspace.people["priya"]
        channel, ts = a_posted_card(workspace, bot)
        bot.client.chat_postMessage(channel=channel, thread_ts=ts, text="A reply")
        workspace.press(priya, "remedies", "resolve", channel=channel, ts=ts)
        view = eventually(lambda: workspace.open_modal(priya))
        workspace.submit(priya, view["id"], {"remedy": {"pick": "dismiss"}, "reason": {"text": "short"}})
        workspace.close_modal(priya, view["id"])
        workspace.say(priya, channel, "/receipts x")
        workspace.say(priya, channel, "@practice_app hello")
        eventually(lambda: bot.told_of("event_callback"))
        captured = {
            "block_actions": "interactive-components/BlockActionPayload",
            "view_submission": "views/ViewSubmissionPayload",
            "view_closed": "views/ViewClosedPayload",
            "/receipts": "slash-commands/SlashCommandPayload",
        }
        for kind, name in captured.items():
            real, ours = sample(f"app-backend/{name}"), bot.told_of(kind)[0]
            # Pressed in a message, not in a view; and the submission's sample has the key of a closing.
            elsewhere = {"block_actions": {"view"}, "view_submission": {"is_cleared"}}.get(kind, set())
            assert set() == set(real) - set(ours) - NOT_PLAYED - elsewhere, kind
            assert set(ours) - set(real) <= {"response_urls", "state"}, kind
            for part in set(real) & set(ours) & {"user", "team", "container", "view"}:
                if part == "container":  # names what is pressed: here a message, in the sample everything at once
                    assert {"type", "message_ts", "channel_id", "is_ephemeral"} == set(ours[part])
                    continue
                assert set() == set(real[part]) - set(ours[part]) - NOT_PLAYED, (kind, part)
            assert {} == {key: (real[key], ours[key]) for key in set(real) & set(ours) if not _alike(real[key], ours[key])}
        mention = bot.told_of("event_callback")[0]
        assert set() == set(sample("events/AppMentionPayload")) - set(mention) - NOT_PLAYED - {"authed_users", "authed_teams"}


@needs_contracts
def test_shortcuts_have_the_keys_that_were_captured(tmp_path: Path) -> None:
    shortcuts = (Shortcut("Find", "find"), Shortcut("Explain", "explain", "message"))
    with a_workspace(tmp_path, seed=Seed(shortcuts=shortcuts), ack_seconds=0.2) as workspace, over_socket(workspace) as bot:
        priya = workspace.people["priya"]
        channel, ts = a_posted_card(workspace, bot)
        workspace.shortcut(priya, "find")
        workspace.shortcut(priya, "explain", channel, ts)
        assert "not_offered" == workspace.shortcut(priya, "explain")["error"]
        real, ours = sample("app-backend/interactive-components/MessageShortcutPayload"), bot.told_of("message_action")[0]
        assert (set(), {"api_app_id"}) == (set(real) - set(ours), set(ours) - set(real))
        assert {"channel", "message", "message_ts", "response_url"} == set(ours) - set(bot.told_of("shortcut")[0])
        assert bot.client.views_open(trigger_id=ours["trigger_id"], view=a_modal())["ok"]


def _alike(real: object, ours: object) -> bool:
    """The same type; null stands for what Slack leaves empty, and a form knows only text."""
    return ours is None or type(real) is type(ours) or ours in ("true", "false")


def test_untouched_elements_are_in_the_state_with_their_first_value(workspace: Workspace) -> None:
    with over_socket(workspace) as bot:
        options: list[Json] = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("one", "two")]
        select = {"type": "static_select", "action_id": "who", "options": options, "initial_option": options[1]}
        block = {"type": "actions", "block_id": "both", "elements": [select, {**a_card()[3]["elements"][1]}]}
        channel = workspace.channels["receivables"]
        ts = str(bot.client.chat_postMessage(channel=channel, text="x", blocks=[block])["ts"])
        workspace.press(workspace.people["priya"], "both", "resolve", channel=channel, ts=ts)
        state = bot.told_of("block_actions")[0]["state"]["values"]
        assert {"who": "two"} == {action: held["selected_option"]["value"] for action, held in state["both"].items()}
