"""How tests and the demo act as the people of one team, change what is around them, and read what was posted.

Everything is done in the server's own thread; each act answers as the page would be answered (see acts).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from workspace import posting
from workspace.acts import Inputs
from workspace.page_routes import PageDoors
from workspace.refusal import Json
from workspace.web_api import Desk

Ask = Callable[[Coroutine[Any, Any, Any]], Any]


class Hands:
    """One team. People, channels and views are named by their ids; see `people`, `channels`."""

    def __init__(self, desk: Desk, page: PageDoors, ask: Ask) -> None:
        self._desk = desk
        self._acts = page.acts[desk.state.installed.team_id]
        self._controls = page.controls
        self._page = page
        self._ask = ask
        app = desk.state.installed
        self.team_id, self.bot_user_id = app.team_id, app.bot_user_id
        self.people: Mapping[str, str] = {person.name: person.id for person in desk.state.people.values()}
        self.channels: Mapping[str, str] = {channel.name: channel.id for channel in desk.state.channels.values() if channel.name}

    @property
    def bot_token(self) -> str:
        """ "" while the app is not installed here."""
        return self._desk.state.installed.bot_token

    @property
    def enterprise_id(self) -> str:
        return self._desk.state.installed.enterprise_id

    # ---- acting as people

    def say(self, person: str, channel: str, text: str, thread_ts: str = "") -> Json:
        return self._done(self._acts.say(person, channel, text, thread_ts))

    def press(
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
        return self._done(
            self._acts.press(person, block_id, action_id, channel=channel, ts=ts, view_id=view_id, choice=choice, inputs=inputs)
        )

    def submit(self, person: str, view_id: str, inputs: Inputs | None = None) -> Json:
        return self._done(self._acts.submit(person, view_id, inputs or {}))

    def close_modal(self, person: str, view_id: str) -> Json:
        return self._done(self._acts.close(person, view_id))

    def open_home(self, person: str) -> Json:
        return self._done(self._acts.open_home(person))

    def shortcut(self, person: str, callback_id: str, channel: str = "", ts: str = "") -> Json:
        """Uses a shortcut, from anywhere or from a message."""
        return self._done(self._acts.shortcut(person, callback_id, channel, ts))

    def _done(self, act: Coroutine[Any, Any, Json]) -> Json:
        answer: Json = self._ask(act)
        return answer

    # ---- what happens around the app

    def invite(self, channel: str) -> None:
        """Somebody invites the app into a channel."""
        self._change("invite", channel)

    def remove(self, channel: str) -> None:
        """Somebody takes the app out of a channel."""
        self._change("remove", channel)

    def archive(self, channel: str) -> None:
        self._change("archive", channel)

    def unarchive(self, channel: str) -> None:
        self._change("unarchive", channel)

    def delete(self, channel: str, ts: str) -> None:
        """Somebody deletes a message, the app's own too."""
        self._change("delete", {"channel": channel, "ts": ts})

    def deactivate(self, person: str) -> None:
        """The account is switched off."""
        self._change("deactivate", person)

    def _change(self, what: str, value: object) -> None:
        self._ask(self._controls.set({what: value}))

    # ---- reading

    def snapshot(self) -> Json:
        """The whole state (see showing.everything)."""

        async def read() -> Json:
            return self._page.everything(self._desk)

        return self._done(read())

    def messages(self, channel: str) -> list[Json]:
        """The messages of a channel, oldest first, replies and metadata included."""

        async def read() -> list[Json]:
            held = self._desk.state.messages[channel].values()
            return [posting.shown(self._desk.state, message, with_metadata=True) for message in held]

        found: list[Json] = self._ask(read())
        return found

    def open_modal(self, person: str) -> Json | None:
        """The modal a person has on top."""
        stack = self.snapshot()["modals"].get(person)
        return stack[-1] if stack else None
