"""What leaves for each workspace: cards, cards that somebody deleted, and how what was started ended.

With one bot token there is one workspace. Where workspaces install the app themselves, each company's messages leave with the
token of its own; trouble with one of them stops no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from slack_sdk import WebClient

from bot.endings import Endings
from bot.installations import Installation, client_of
from bot.installing import WorkspacesThatInstall
from bot.missing_cards import MissingCards
from bot.outbox import FROZEN_SECONDS, Outbox
from bot.rooms import Channel, Rooms
from storage.alone import Alone
from storage.endings import Awaited
from storage.slack_trouble import SLACK


@dataclass(frozen=True)
class Sending:
    """Of one workspace."""

    outbox: Outbox
    missing_cards: MissingCards
    endings: Endings


def sending(rooms: Rooms, client: WebClient, alone: Alone | None = None, place: str = SLACK) -> Sending:
    """Asks Slack nothing yet."""
    outbox = Outbox(rooms, client, shared=alone, place=place)
    return Sending(outbox, MissingCards(rooms, client, outbox.alone), Endings(rooms, client))


class Workspaces:
    """The workspaces that installed the app, as they are now."""

    def __init__(self, rooms: Rooms, places: WorkspacesThatInstall, base_url: str) -> None:
        self._rooms, self._places, self._base_url = rooms, places, base_url
        self._alone = Alone(rooms.db, idle_seconds=FROZEN_SECONDS)
        self._turn = threading.Lock()
        self._made: dict[Installation, Sending] = {}  # a new token is a new sender

    def now(self) -> list[Sending]:
        """The senders of every workspace in which a company has its channel."""
        with self._turn:
            installed = self._places.installed()
            self._made = {found: self._made.get(found) or self._of(found) for found in installed}
            return list(self._made.values())

    def _of(self, installation: Installation) -> Sending:
        def theirs() -> Mapping[str, Channel]:
            return {
                company: channel
                for company, channel in self._rooms.channels.items()
                if self._places.installation_of(company) == installation
            }

        def reaches(waits: Awaited) -> bool:
            """They pressed in this workspace, wherever the company's channel is: elsewhere the same id is somebody else."""
            where = self._places.at(waits.place, waits.enterprise) if waits.place else self._places.installation_of(waits.company)
            return where == installation

        rooms = replace(self._rooms, channels=_Theirs(theirs))
        place, client = f"{SLACK} {installation.team or installation.enterprise}", client_of(installation.token, self._base_url)
        made = sending(rooms, client, self._alone, place)
        return replace(made, endings=Endings(self._rooms, client, reaches))


class _Theirs(Mapping[str, Channel]):
    """The channels of one workspace, looked up anew at each question."""

    def __init__(self, now: Callable[[], Mapping[str, Channel]]) -> None:
        self._now = now

    def __getitem__(self, key: str) -> Channel:
        return self._now()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
