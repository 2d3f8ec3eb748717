"""A card that somebody deleted while its failure is open comes back, also when nothing else changes.

Reads: where the cards of open failures, incidents and escalations stand; each is asked for by its address, a few a minute,
the one that was not looked for longest first. Leaves: wishes for those that are gone. Never: reads what anybody wrote.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.rooms import Rooms
from bot.slack_errors import Trouble, trouble_of
from storage import cards, outbox
from storage.alone import Alone
from storage.cards import Place

LOOK_SECONDS = 3  # for one card: a thousand are looked for within an hour, and Slack allows hundreds of questions a minute
LOOK_AGAIN_AFTER = timedelta(minutes=10)
TAKEN_TOGETHER = 20
NOTHING_TO_DO_SECONDS = 60.0
TROUBLE_SECONDS = 60.0


@dataclass
class MissingCards:
    """The looks of one process; while it lives, no other one looks."""

    rooms: Rooms
    client: WebClient
    alone: Alone
    to_look_for: deque[tuple[str, Place]] = field(default_factory=deque)
    idle_until: float = 0.0  # monotonic seconds

    def run_once(self) -> bool:
        """Looks for one card; True where it was gone and is posted again."""
        clock = self.rooms.clock
        if clock.monotonic() < self.idle_until or not self.alone.keep("looking for cards"):
            return False
        if not self.to_look_for:
            self.to_look_for.extend(self._next())
        if not self.to_look_for:
            self.idle_until = clock.monotonic() + NOTHING_TO_DO_SECONDS
            return False
        company, place = self.to_look_for.popleft()
        is_gone = self._is_gone(place)
        with self.rooms.work(company) as work:
            cards.looked_for(work, place)
            if is_gone:
                outbox.want(work, place.subject_kind, place.subject)
        return is_gone

    def _next(self) -> Sequence[tuple[str, Place]]:
        before = self.rooms.clock.now() - LOOK_AGAIN_AFTER
        with self.rooms.db.read() as connection:
            return cards.to_look_for(connection, list(self.rooms.channels), before=before, limit=TAKEN_TOGETHER)

    def _is_gone(self, place: Place) -> bool:
        """Whether Slack says that there is no such message; whatever else it says is no reason to post anything."""
        try:
            self.client.chat_getPermalink(channel=place.channel, message_ts=place.ts)
        except (SlackClientError, OSError) as error:
            answer = trouble_of(error)
            if answer.trouble in (Trouble.AWAY, Trouble.ACCESS, Trouble.WAIT):
                self.idle_until = self.rooms.clock.monotonic() + max(answer.seconds, TROUBLE_SECONDS)
            return answer.word == "message_not_found"
        return False
