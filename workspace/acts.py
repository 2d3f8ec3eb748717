"""What people do in the practice workspace: say, press, submit, close, look at the home tab.

Each act is delivered to the app and answers what the page must show: {"ok": true, ...}, or {"ok": false} with
Slack's `error`, a `sentence` for the person and, in a modal, `errors` by block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workspace import blocks, choices, payloads, places, reply_addresses, scopes, views
from workspace.delivery import Delivery
from workspace.records import Channel, Posted, ShownView
from workspace.refusal import Json, Refusal, Undelivered
from workspace.web_api import Desk

SAID_CHARACTERS = 12_000
_MENTION = re.compile(r"(?<![\w<])([@#])([\w.-]*\w)")
Inputs = Mapping[str, Mapping[str, object]]


class Acts:
    """Everything a person can do. `person` and `channel` are ids; unknown ones raise KeyError."""

    def __init__(self, desk: Desk, delivery: Delivery) -> None:
        self._desk = desk
        self._state = desk.state
        self._delivery = delivery
        self._seed = desk.seed

    async def say(self, person: str, channel: str, text: str, thread_ts: str = "") -> Json:
        """Posts what a person wrote, or runs the slash command it is."""
        place = self._place(person, channel)
        text = text.strip()[:SAID_CHARACTERS]
        if not text:
            return _no("no_text", "There is nothing to send.")
        if text.startswith("/"):
            return await self._command(person, place, text)
        if place.is_archived:
            return _no("is_archived", f"#{place.name} is archived.")
        if place.im_with and not self._seed.takes_messages:
            return _no("messages_tab_disabled", "Sending messages to this app has been turned off.")
        home = self._state.people[person].home_id or self._state.installed.team_id
        message: Json = {
            "type": "message",
            "user": person,
            "text": self._as_slack_text(text),
            "team": home,
            **({"user_team": home, "source_team": home} if home != self._state.installed.team_id else {}),
            "client_msg_id": self._state.ids.envelope(),
        }
        if thread_ts:
            message["thread_ts"] = thread_ts
        posted = self._state.post(place.id, message)
        self._state.mark_read(place.id, person)
        self._tell_events(place, posted)
        return {"ok": True, "ts": posted.ts}

    def _as_slack_text(self, text: str) -> str:
        """Escaped as Slack stores it, with @names and #names turned into references."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        people = {person.name: person.id for person in self._state.people.values()}
        groups = {group.handle: group.id for group in self._state.groups.values()}
        channels = {channel.name: channel.id for channel in self._state.channels.values() if channel.name}

        def reference(found: re.Match[str]) -> str:
            sign, name = found.groups()
            if sign == "@" and name in people:
                return f"<@{people[name]}>"
            if sign == "@" and name in groups:
                return f"<!subteam^{groups[name]}>"
            if sign == "#" and name in channels:
                return f"<#{channels[name]}|{name}>"
            return found.group()

        return _MENTION.sub(reference, escaped)

    def _tell_events(self, place: Channel, posted: Posted) -> None:
        app = self._state.installed
        if app.bot_user_id not in place.members:
            return
        kind = "im" if place.im_with else "group" if place.is_private else "channel"
        inner = {**posted.message, "channel": place.id, "event_ts": posted.ts}
        self._desk.tell(f"message.{kind}{'' if place.im_with else 's'}", {**inner, "channel_type": kind})
        if f"<@{app.bot_user_id}>" in posted.message["text"]:
            self._desk.tell("app_mention", {**inner, "type": "app_mention"})

    async def _command(self, person: str, place: Channel, text: str) -> Json:
        command, _, rest = text.partition(" ")
        if command in ("/invite", "/remove", "/archive"):
            return self._change_place(person, place, command, rest.strip().removeprefix("@"))
        if scopes.COMMANDS not in self._state.installed.scopes:
            return _no("invalid_command", f"{command} is not a command here: no app that has it is installed.")
        declared = [command.name for command in self._seed.commands]
        if declared and command not in declared:
            return _no("invalid_command", f"{command} is not a command of this app. It has: {', '.join(declared)}.")
        response_url = reply_addresses.issue(self._state, self._desk.url, "commands", place.id, person)
        trigger_id = self._desk.triggers.issue(person)
        payload = payloads.slash_command(self._state, person, place, command, rest.strip(), trigger_id, response_url)
        try:
            ack = await self._delivery.send("slash_commands", dict(payload))
            if ack.get("text") or ack.get("blocks"):
                reply_addresses.post_answer(self._state, place.id, person, ack)
        except (Undelivered, Refusal) as refused:
            return _refused(refused, f"{command} failed. ")
        return {"ok": True}

    def _change_place(self, person: str, place: Channel, command: str, who: str) -> Json:
        """Slack's own commands for channels, as far as they concern the app."""
        app = self._state.installed
        if place.im_with:
            return _no("invalid_command", f"{command} does not work in a direct message.")
        if command == "/archive":
            places.archive(self._desk, place, person)
            return {"ok": True}
        if who.casefold() not in (app.bot_name.casefold(), app.app_name.casefold()):
            return _no("user_not_found", f"{command} takes @{app.bot_name} here.")
        if not (places.invite if command == "/invite" else places.remove)(self._desk, place, person):
            return _no("already", f"@{app.bot_name} is {'already' if command == '/invite' else 'not'} in #{place.name}.")
        return {"ok": True}

    async def press(
        self,
        person: str,
        block_id: str,
        action_id: str,
        *,
        channel: str = "",
        ts: str = "",
        view_id: str = "",
        choice: object = None,
        inputs: Inputs | None = None,
    ) -> Json:
        """Presses a button, picks from a menu or fills in an element, in a message (`channel`, `ts`) or a view.

        `choice` is the value of the option picked, a list of them, or text. `inputs` are the other elements'
        contents by block_id and action_id.
        """
        view = self._state.views.get(view_id) if view_id else None
        posted = None if view_id else self._state.find(self._place(person, channel).id, ts)
        if (view and view.person != person) or (posted and posted.only_for not in ("", person)):
            view = posted = None  # not this person's to press
        shown = _blocks_of(view, posted)
        element = blocks.find_element(shown, block_id, action_id)
        if element is None:
            return _no("not_found", "That is no longer there; the app has changed it.")
        try:
            chosen = choices.chosen(element, choice)
            touched = {**(inputs or {}), block_id: {**(inputs or {}).get(block_id, {}), action_id: choice}}
            values = choices.state_values(shown, touched)
        except choices.NotOffered:
            return _no("not_offered", "That choice is no longer offered.")
        pressed = payloads.action(self._state, element, block_id, chosen)
        trigger_id = self._desk.triggers.issue(person)
        if view:
            payload = payloads.view_action(self._state, view, pressed, values, trigger_id)
        else:
            assert posted is not None  # noqa: S101  # the element was found in one of the two
            response_url = reply_addresses.issue(self._state, self._desk.url, "actions", posted.channel, person, posted)
            payload = payloads.message_action(self._state, person, posted, pressed, values, trigger_id, response_url)
        return await self._interact(payload)

    async def shortcut(self, person: str, callback_id: str, channel: str = "", ts: str = "") -> Json:
        """Uses a shortcut of the app: from anywhere, or from the menu of a message (`channel`, `ts`)."""
        kind = "message" if ts else "global"
        if callback_id not in [offered.callback_id for offered in self._seed.shortcuts if offered.kind == kind]:
            return _no("not_offered", "The app does not offer that shortcut.")
        trigger_id = self._desk.triggers.issue(person)
        if not ts:
            return await self._interact(payloads.shortcut(self._state, person, callback_id, trigger_id))
        posted = self._state.find(self._place(person, channel).id, ts)
        if posted is None or posted.only_for:
            return _no("not_found", "That message is no longer there.")
        response_url = reply_addresses.issue(self._state, self._desk.url, "app", posted.channel, person, posted)
        payload = payloads.message_shortcut(self._state, person, posted, callback_id, trigger_id, response_url)
        return await self._interact(payload)

    def delete(self, person: str, channel: str, ts: str) -> Json:
        """Deletes a message, the app's own too, as an administrator may."""
        posted = self._state.find(self._place(person, channel).id, ts)
        if posted is None or posted.only_for not in ("", person):
            return _no("not_found", "That message is no longer there.")
        places.delete(self._desk, posted)
        return {"ok": True}

    def change_place(self, person: str, channel: str, change: str) -> Json:
        """Invites the app into a channel, or brings an archived one back ("invite", "unarchive")."""
        (places.unarchive if change == "unarchive" else places.invite)(self._desk, self._place(person, channel), person)
        return {"ok": True}

    async def _interact(self, payload: Json) -> Json:
        try:
            await self._delivery.send("interactive", payload)
        except Undelivered as refused:
            return _refused(refused, "")
        return {"ok": True}

    async def submit(self, person: str, view_id: str, inputs: Inputs) -> Json:
        """Submits the modal on top; the app may show errors, another modal, or nothing more."""
        view = self._top(person, view_id)
        if view is None:
            return _no("not_found", "That window is no longer open.")
        try:
            values = choices.state_values(view.body["blocks"], inputs)
        except choices.NotOffered:
            return _no("not_offered", "A choice is no longer offered.")
        if wrong := choices.left_wrong(view.body["blocks"], values):
            return {**_no("incomplete", ""), "errors": wrong}
        trigger_id = self._desk.triggers.issue(person)
        try:
            ack = await self._delivery.send("interactive", payloads.view_submission(self._state, view, values, trigger_id))
            return self._after_submission(view, ack)
        except (Undelivered, Refusal) as refused:
            return _refused(refused, "We had some trouble connecting. Try again? ")

    def _after_submission(self, view: ShownView, ack: Json) -> Json:
        """Carries out the response_action of an acknowledgement. Raises Refusal when Slack would not take it."""
        state = self._state
        match ack.get("response_action"):
            case "errors":
                inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
                errors = ack.get("errors")
                if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
                    raise Refusal("invalid_errors", problems=["errors must name input blocks of the view"])
                return {**_no("errors", ""), "errors": {key: str(text) for key, text in errors.items()}}
            case "update":
                views.rewrite(state, view, ack.get("view"))
            case "push":
                views.push_modal(state, view.person, ack.get("view"))
            case "clear":
                state.show_modals(view.person, [])
            case None if not ack:
                if state.open_modals.get(view.person, [])[-1:] == [view.id]:
                    views.close_top(state, view.person)
            case other:
                raise Refusal("invalid_response_action", problems=[f"unknown response_action: {other}"])
        return {"ok": True}

    async def close(self, person: str, view_id: str) -> Json:
        """Closes the modal on top (all of them when the app wants that) and tells the app if it asked to be told."""
        view = self._top(person, view_id)
        if view is None:
            return {"ok": True}
        everything = bool(view.body["clear_on_close"])
        if everything:
            self._state.show_modals(person, [])
        else:
            views.close_top(self._state, person)
        if view.body["notify_on_close"]:
            return await self._interact(payloads.view_closed(self._state, view, all_of_them=everything))
        return {"ok": True}

    def _top(self, person: str, view_id: str) -> ShownView | None:
        stack = self._state.open_modals.get(person, [])
        return self._state.views[view_id] if stack and stack[-1] == view_id else None

    async def open_home(self, person: str, tab: str = "home") -> Json:
        """Looks at the app's home tab, or its messages ("messages"); the app is told and may publish it."""
        channel = self._state.direct_message(person)
        inner: Json = {
            "type": "app_home_opened",
            "user": person,
            "channel": channel.id,
            "tab": tab,
            "event_ts": self._state.ids.ts(),
        }
        home = self._state.views.get(self._state.homes.get(person, ""))
        if home and tab == "home":
            inner["view"] = home.body
        self._desk.tell("app_home_opened", inner)
        return {"ok": True}

    def mark_read(self, person: str, channel: str) -> Json:
        self._state.mark_read(self._place(person, channel).id, person)
        return {"ok": True}

    def _place(self, person: str, channel: str) -> Channel:
        place = self._state.channels[channel]
        if person not in place.members or self._state.people[person].is_bot:
            raise KeyError(person)
        return place


def _blocks_of(view: ShownView | None, posted: Posted | None) -> list[Json]:
    if view:
        return list(view.body["blocks"])
    if posted is None:
        return []
    attached = [block for attachment in posted.message.get("attachments", []) for block in attachment.get("blocks", [])]
    return [*posted.message.get("blocks", []), *attached]


def _no(error: str, sentence: str) -> dict[str, Any]:
    return {"ok": False, "error": error, "sentence": sentence}


def _refused(refused: Undelivered | Refusal, what: str) -> Json:
    if isinstance(refused, Undelivered):
        return _no(refused.reason, what + refused.sentence)
    return {**_no(refused.error, f"{what}The app's answer was refused."), **_problems(refused)}


def _problems(refused: Refusal) -> Json:
    return {"problems": list(refused.problems)} if refused.problems else {}
