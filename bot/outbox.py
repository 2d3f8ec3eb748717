"""Cards leave here and nowhere else: one message a second for each channel, the newest state of each subject once.

Reads: waiting outbox rows. Leaves: messages posted or rewritten in place, and where they stand. Never: a second message
for what Slack already has. Each message carries its outbox id in its metadata; a row that may have been sent before
is looked for there first. When many fail at once, one digest counts them instead of a card for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import thread
from bot.cards import Message, failure_card
from bot.escalations import digest_card, escalation_card
from bot.rooms import Channel, Rooms
from bot.slack_errors import Trouble, trouble_of
from storage import cards, escalations, failures, outbox
from storage.cards import Place
from storage.outbox import Waiting

MESSAGES_PER_RUN = 50
SECONDS_BETWEEN_MESSAGES = 1.0  # Slack allows about one a second for each channel
CARDS_IN_A_BURST = 20  # more new cards than this at once are a digest: 1,000 cards would take 17 minutes
LEASE_SECONDS = 120.0
HISTORY_LOOKED_THROUGH = 200  # messages of the channel since the row was first wanted
EVENT = "resolve_now_card"

log = structlog.get_logger()


@dataclass
class Outbox:
    """The sender of one process. It remembers only when each channel was last written to, and whether access is lost."""

    rooms: Rooms
    client: WebClient
    team: str
    quiet_until: dict[str, float] = field(default_factory=dict)  # channel -> monotonic seconds
    stopped_until: float = 0.0

    def run_once(self) -> int:
        """Sends what may be sent now; returns how many messages left. Never raises for Slack's answers."""
        rooms, now = self.rooms, self.rooms.clock.now()
        if rooms.clock.monotonic() < self.stopped_until:
            return 0
        with rooms.db.work() as connection:
            waiting = outbox.claim(
                connection,
                list(rooms.channels),
                owner=rooms.owner,
                now=now,
                lease_until=now + timedelta(seconds=LEASE_SECONDS),
                limit=MESSAGES_PER_RUN,
            )
        sent = 0
        for one in self._digested(waiting):
            sent += self._send(one)
        return sent

    # --- many at once -------------------------------------------------------------------------------------------------

    def _digested(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """What is sent singly. New cards above the burst limit are counted in one message for each company."""
        kept: list[Waiting] = []
        fresh: dict[str, list[Waiting]] = {}
        with self.rooms.db.read() as connection:
            for one in waiting:
                known = cards.place(connection, one.company, one.subject_kind, one.subject)
                new = one.subject_kind == "failure" and known is None and not one.sendings
                (fresh.setdefault(one.company, []) if new else kept).append(one)
        for company, batch in fresh.items():
            if len(batch) <= CARDS_IN_A_BURST:
                kept += batch
            else:
                self._digest(company, batch)
        return sorted(kept, key=lambda one: (one.wanted_at, one.id))

    def _digest(self, company: str, batch: Sequence[Waiting]) -> None:
        """Counts a burst in one message, which stands for all of them; each gets a card of its own when it changes."""
        at = self.rooms.clock.now()
        with self.rooms.db.work() as connection:
            digest_id = batch[0].subject
            for one in batch:
                outbox.settle(connection, one, state="sent", at=at, problem=f"in digest {digest_id}")
            outbox.want(connection, self.rooms.ids, company=company, subject_kind="digest", subject=digest_id, at=at)

    # --- one message --------------------------------------------------------------------------------------------------

    def _send(self, one: Waiting) -> int:
        rooms = self.rooms
        channel = rooms.channels[one.company]
        target = channel.escalations if one.subject_kind in ("escalation", "incident") else channel.cards
        wait = self.quiet_until.get(target, 0.0) - rooms.clock.monotonic()
        if wait > 0 or rooms.clock.monotonic() < self.stopped_until:
            self._put_back(one, max(wait, 0.1), "its channel was written to a moment ago", never_left=True)
            return 0
        self.quiet_until[target] = rooms.clock.monotonic() + SECONDS_BETWEEN_MESSAGES
        with rooms.db.read() as connection:
            place = cards.place(connection, one.company, one.subject_kind, one.subject)
        try:
            if place is None or place.drawn_at < one.wanted_at:
                self._show(one, channel, place, target)
            else:
                self._tell(one, channel, place)
        except (SlackClientError, OSError) as error:
            self._troubled(one, error, target)
            return 0
        return 1

    def _show(self, one: Waiting, channel: Channel, place: Place | None, target: str) -> None:
        """Posts or rewrites the message; its thread, where there is something to tell, follows a second later."""
        at = self.rooms.clock.now()
        message = self._draw(one, channel)
        stands = self._post_or_rewrite(one, message, place, target)
        with self.rooms.db.work() as connection:
            cards.stands_at(connection, one.company, replace(stands, drawn_at=at))
            if thread.rows_to_tell(connection, one, stands):
                next_at = self.rooms.clock.now() + timedelta(seconds=SECONDS_BETWEEN_MESSAGES)
                outbox.put_back(connection, one, next_at=next_at, problem="", never_left=True)
            else:
                outbox.settle(connection, one, state="sent", at=at)

    def _tell(self, one: Waiting, channel: Channel, place: Place) -> None:
        told = thread.tell(self.client, self.rooms, one, place, channel.company.time_zone)
        with self.rooms.db.work() as connection:
            cards.stands_at(connection, one.company, replace(place, told_seq=told))
            outbox.settle(connection, one, state="sent", at=self.rooms.clock.now())

    def _draw(self, one: Waiting, channel: Channel) -> Message:
        """The message as the database says now."""
        rooms = self.rooms
        with rooms.db.work() as connection:
            if one.subject_kind == "escalation":
                return escalation_card(escalations.get(connection, one.company, one.subject), channel)
            if one.subject_kind == "digest":
                return digest_card(channel.company.name, escalations.open_causes(connection, one.company))
            found = failures.get(connection, one.company, one.subject)
            facts = cards.facts(connection, rooms.ids, one.company, one.subject, found.offered, rooms.clock.now())
        return failure_card(facts, channel.company.time_zone, rooms.names)

    def _post_or_rewrite(self, one: Waiting, message: Message, place: Place | None, target: str) -> Place:
        if place is None and one.sendings:
            place = self._found(one, target)
        if place is not None:
            try:
                self.client.chat_update(
                    channel=place.channel, ts=place.ts, text=message.text, blocks=message.blocks, metadata=_metadata(one)
                )
            except SlackClientError as error:
                if trouble_of(error)[0] is not Trouble.GONE:
                    raise
            else:
                return place
        answer = self.client.chat_postMessage(
            channel=target,
            text=message.text,
            blocks=message.blocks,
            metadata=_metadata(one),
            unfurl_links=False,
            unfurl_media=False,
        )
        return Place(one.subject_kind, one.subject, self.team, str(answer["channel"]), str(answer["ts"]))

    def _found(self, one: Waiting, target: str) -> Place | None:
        """The message of an earlier sending that nobody remembers, by the id in its metadata."""
        answer = self.client.conversations_history(
            channel=target,
            limit=HISTORY_LOOKED_THROUGH,
            oldest=str(int((one.wanted_at - timedelta(hours=1)).timestamp())),
            include_all_metadata=True,
        )
        messages: Sequence[Mapping[str, Any]] = answer.get("messages") or []
        for message in messages:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("subject") == one.subject and payload.get("kind") == one.subject_kind:
                return Place(one.subject_kind, one.subject, self.team, target, str(message["ts"]))
        return None

    # --- trouble ------------------------------------------------------------------------------------------------------

    def _troubled(self, one: Waiting, error: Exception, target: str) -> None:
        trouble, seconds, words = trouble_of(error)
        log.warning("slack_refused", company=one.company, subject=one.subject, trouble=trouble, error=words)
        match trouble:
            case Trouble.GIVE_UP | Trouble.GONE:
                with self.rooms.db.work() as connection:
                    outbox.settle(connection, one, state="given_up", at=self.rooms.clock.now(), problem=words)
            case Trouble.STOP:
                self.stopped_until = self.rooms.clock.monotonic() + seconds
                self._put_back(one, seconds, words, never_left=True)
            case Trouble.LATER:
                self.quiet_until[target] = self.rooms.clock.monotonic() + seconds
                self._put_back(one, seconds, words, never_left=True)
            case Trouble.UNKNOWN:
                self.quiet_until[target] = self.rooms.clock.monotonic() + seconds
                self._put_back(one, seconds, words, never_left=False)

    def _put_back(self, one: Waiting, seconds: float, words: str, *, never_left: bool) -> None:
        with self.rooms.db.work() as connection:
            next_at = self.rooms.clock.now() + timedelta(seconds=seconds)
            outbox.put_back(connection, one, next_at=next_at, problem=words, never_left=never_left)


def _metadata(one: Waiting) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"outbox": one.id, "kind": one.subject_kind, "subject": one.subject}}
