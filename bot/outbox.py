"""Cards leave here and nowhere else: one message a second for each channel, the newest state of each subject once.

Reads: waiting outbox rows. Leaves: messages posted or rewritten in place, and where they stand. Never: a second message
for what Slack already has, nor one that is given up: where a channel takes nothing, what is for it waits, and the oldest
message tries it every few minutes. Each message carries its outbox id in its metadata; a row that may have been sent
before is looked for there first. When many fail at once, one digest counts them instead of a card for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import direct, posting, thread
from bot.called import name_in_books
from bot.cards import Message, failure_card
from bot.escalations import digest_card, escalation_card
from bot.incidents import IncidentFacts, incident_card
from bot.mornings import this_morning
from bot.nights import night_card
from bot.pace import SECONDS_BETWEEN_MESSAGES, Pace
from bot.rooms import Channel, Rooms
from bot.slack_errors import NOBODY_THERE, Answer, Trouble, trouble_of
from bot.which_company import naming_its_company
from receivables.authority import Person
from receivables.failpoints import failpoint
from receivables.words import plain
from storage import audit, cards, companies, escalations, failures, incidents, letters, nights, outbox, slack_trouble
from storage.alone import Alone
from storage.cards import Place
from storage.outbox import Waiting
from storage.slack_trouble import SLACK, SlackTrouble
from storage.watch import Watch

MESSAGES_PER_LINE = 5  # of one company in one run; only one leaves a second, and no company waits for another's
CARDS_IN_A_BURST = 20  # more new cards than this at once are a digest: 1,000 cards would take 17 minutes
LEASE_SECONDS = 120.0
FROZEN_SECONDS = 60  # a sender that says nothing for longer leaves its channels to another; each message is claimed anyway
HISTORY_PAGE = 200  # messages of the channel, newest first ...
HISTORY_PAGES = 5  # ... so a thousand at most: a message that was lost is about as old as the trouble
FAILURES_PER_WRITE = 250  # a transaction touches at most 500 rows
EVENT = "resolve_now_card"
#: How long trouble is left alone before it is tried again: (at least, at most) seconds.
PAUSES = {Trouble.AWAY: (5.0, 60.0), Trouble.ACCESS: (60.0, 60.0), Trouble.CHANNEL: (15.0, 180.0)}
UNKNOWN_SECONDS, UNKNOWN_AT_MOST_SECONDS = 5.0, 600.0  # for one message that Slack refuses with a word not known here
WITHOUT_BUTTONS = "Slack did not accept the layout of this card, so it has no buttons. Type {typed} here, or run {run}."

log = structlog.get_logger()


@dataclass
class Outbox:
    """The sender of one process. It remembers when each channel was last written to, whether access is lost, and what it saw."""

    rooms: Rooms
    client: WebClient
    team: str = ""  # Slack's own id, asked for with the first message
    shared: Alone | None = None  # the locks of this process, where it has several senders
    place: str = SLACK  # the name of this workspace where its trouble is remembered

    def __post_init__(self) -> None:
        self.watch = Watch(self.rooms.clock)  # of what other processes hold
        self.pace = Pace(self.rooms.clock)
        self.conversations: dict[Person, str] = {}  # of people who were written to
        self.alone = self.shared or Alone(self.rooms.db, idle_seconds=FROZEN_SECONDS)
        self._troubles: Mapping[str, SlackTrouble] = {}  # as the rows say, since they were read last

    def run_once(self) -> int:
        """Sends what may be sent now; returns how many messages left. Never raises for Slack's answers."""
        rooms, now = self.rooms, self.rooms.clock.now()
        with rooms.db.read() as connection:
            companies_here = [company for company in outbox.leaving(connection) if company in rooms.channels]
            self._troubles = slack_trouble.standing(connection) if companies_here else {}
        if not companies_here or self._is_left_alone(self.place, now):
            return 0
        ours = {channel for channel in self._channels_of_ours(companies_here) if not self._is_left_alone(channel, now)}
        for company in companies_here:
            if rooms.channels[company].cards in ours:
                self._tell_in_incidents(company)
                self._digest_burst(company)
        with rooms.db.read() as connection:
            lines = outbox.lines(connection, companies_here, rooms.clock.now())
        here = [line for line in lines if self._channel(*line) in ours]
        waiting = [wish for company, urgent in here for wish in self._claim(company, urgent)]
        sent = 0
        held: dict[str, list[tuple[Waiting, float]]] = {}
        for wish in waiting:
            with rooms.db.read() as connection:
                if not outbox.is_held(connection, wish):
                    continue  # this process was frozen, and another one sends it
                place = cards.place(connection, wish.company, wish.subject_kind, wish.subject)
            wait = self._seconds_to_wait(wish, place)
            if wait > 0:
                held.setdefault(wish.company, []).append((wish, wait))
            else:
                sent += self._send(wish, place)
        for company, wishes in held.items():
            with rooms.work(company) as work:
                for wish, wait in wishes:
                    next_at = work.at + timedelta(seconds=wait)
                    outbox.put_back(work, wish, next_at=next_at, problem="", never_left=True)
        return sent

    def _is_left_alone(self, place: str, now: datetime) -> bool:
        """Whether Slack takes nothing there and it is too early to try again."""
        trouble = self._troubles.get(place)
        return trouble is not None and trouble.try_at > now

    def _channels_of_ours(self, companies_here: Sequence[str]) -> set[str]:
        """The channels that this process sends to, and no other while it lives."""
        channels = {self._channel(company, urgent) for company in companies_here for urgent in (False, True)}
        return {channel for channel in channels if self.alone.keep(f"channel {channel}")}

    def _channel(self, company: str, urgent: bool) -> str:
        channel = self.rooms.channels[company]
        return channel.escalations if urgent else channel.cards

    def _claim(self, company: str, urgent: bool) -> Sequence[Waiting]:
        """The messages of a line; a single one where it is to find out whether Slack takes anything again."""
        is_trial = not self._troubles.keys().isdisjoint((self._channel(company, urgent), self.place))
        limit = 1 if is_trial else MESSAGES_PER_LINE
        with self.rooms.work(company) as work:
            return outbox.claim(work, self.watch, owner=self.rooms.owner, lease_seconds=LEASE_SECONDS, limit=limit, urgent=urgent)

    # --- many at once -------------------------------------------------------------------------------------------------

    def _tell_in_incidents(self, company: str) -> None:
        """What belongs to an incident and was never shown is told by the incident's card."""
        told = FAILURES_PER_WRITE
        while told == FAILURES_PER_WRITE:
            with self.rooms.work(company) as work:
                told = outbox.tell_in_incidents(work, limit=FAILURES_PER_WRITE)

    def _digest_burst(self, company: str) -> None:
        """New failures above the burst limit are counted in one message; each gets a card of its own when it changes."""
        rooms, digest = self.rooms, ""
        while True:
            with rooms.db.read() as connection:
                fresh = outbox.first_wishes(connection, company, now=rooms.clock.now(), limit=FAILURES_PER_WRITE)
            if len(fresh) <= (0 if digest else CARDS_IN_A_BURST):
                return
            with rooms.work(company) as work:
                digest = outbox.tell_together(work, fresh, digest=digest)

    # --- one message --------------------------------------------------------------------------------------------------

    def _target(self, wish: Waiting) -> str:
        """The channel; of a direct message what names it: its conversation may not be known yet."""
        if wish.subject_kind == letters.DIRECT:
            with self.rooms.db.read() as connection:
                return f"direct {letters.get(connection, wish.company, wish.subject).person}"
        return self._channel(wish.company, wish.subject_kind == "escalation")

    def _seconds_to_wait(self, wish: Waiting, place: Place | None) -> float:
        """0.0 is now. A channel is written to once a second, and one subject's messages leave in order."""
        rewrites = place is not None and place.drawn_at != wish.wanted_at
        if wait := self.pace.seconds_to_wait(self._target(wish), self.place, rewrites=rewrites):
            return wait
        with self.rooms.db.read() as connection:
            return SECONDS_BETWEEN_MESSAGES if outbox.waits_for(connection, wish) else 0.0

    def _send(self, wish: Waiting, place: Place | None) -> int:
        channel, target = self.rooms.channels[wish.company], self._target(wish)
        try:
            if place is None or place.drawn_at != wish.wanted_at:
                self._show(wish, channel, place, target)
            else:
                self._tell(wish, place)
        except (SlackClientError, OSError) as error:
            answer = trouble_of(error)
            if answer.trouble is Trouble.CHANNEL and _is_elsewhere(wish, place, target):
                answer = replace(answer, trouble=Trouble.GONE)  # the channel of now is not to blame, and gets the card anew
            self._troubled(wish, answer, target)
            return 0
        finally:
            self.pace.answered(target)
        self._taken_again(target)
        return 1

    def _show(self, wish: Waiting, channel: Channel, place: Place | None, target: str) -> None:
        """Posts or rewrites the message; its thread, where there is something to tell, follows a second later.

        What it was drawn for is remembered as the wish's own moment: a change made while it was drawn is a later wish.
        """
        if wish.subject_kind == letters.DIRECT:
            with self.rooms.db.read() as connection:
                reader = direct.reader_of(self.rooms, connection, wish.company, wish.subject)
            if reader is None:
                with self.rooms.work(wish.company) as work:
                    outbox.sent(work, wish, note="to nobody: the person does not see this company any more")
                return
            stands, refused = self._write_to(reader, wish, self._draw(wish, channel), place)
        else:
            stands, refused = self._post_or_rewrite(wish, self._draw(wish, channel), place, target)
        if place is None and wish.subject_kind == "escalation":  # its thread begins now
            with self.rooms.db.read() as connection:
                stands = replace(stands, told_seq=audit.last_seq(connection, wish.company))
        with self.rooms.work(wish.company) as work:
            now = cards.place(work.connection, wish.company, wish.subject_kind, wish.subject)
            is_second = now is not None and (now.channel, now.ts) not in [(of.channel, of.ts) for of in (stands, place) if of]
            if is_second or not outbox.is_held(work.connection, wish):  # this process was frozen, and another one sent it
                if now is None:
                    cards.stands_at(work, stands)
                outbox.sent(work, wish, note="another process sent it as well")
                outbox.want(work, wish.subject_kind, wish.subject)  # whatever stands there now may be the older drawing
            elif thread.rows_to_tell(work.connection, wish, stands):
                cards.stands_at(work, replace(stands, drawn_at=wish.wanted_at))
                next_at = work.at + timedelta(seconds=SECONDS_BETWEEN_MESSAGES)
                outbox.put_back(work, wish, next_at=next_at, problem="", never_left=True)
            else:
                cards.stands_at(work, replace(stands, drawn_at=wish.wanted_at))
                outbox.sent(work, wish, note=f"as plain text: {refused}" if refused else "")
        if is_second:
            self._take_back(stands)

    def _take_back(self, second: Place) -> None:
        """Deletes a message of ours that another one already stands for; its buttons would be refused."""
        try:
            self.client.chat_delete(channel=second.channel, ts=second.ts)
        except (SlackClientError, OSError) as error:
            log.warning("second_message_not_deleted", error=trouble_of(error).word)

    def _write_to(self, reader: Person, wish: Waiting, message: Message, place: Place | None) -> tuple[Place, str]:
        """A direct message. Where its conversation takes nothing any more, as one that an earlier user of our app began, it is
        posted in the conversation of now.
        """
        if place is not None:
            try:
                return self._post_or_rewrite(wish, message, place, place.channel)
            except SlackClientError as error:
                self.conversations.pop(reader, None)
                if trouble_of(error).trouble is not Trouble.CHANNEL or self._conversation(reader) == place.channel:
                    raise
        return self._post_or_rewrite(wish, message, None, self._conversation(reader))

    def _conversation(self, reader: Person) -> str:
        """Asked for once: Slack allows fifty such questions a minute."""
        if reader not in self.conversations:
            self.conversations[reader] = direct.address(self.client, reader, self._our_team())
        return self.conversations[reader]

    def _tell(self, wish: Waiting, place: Place) -> None:
        told = thread.tell(self.client, self.rooms, wish, place)
        with self.rooms.work(wish.company) as work:
            cards.stands_at(work, replace(place, told_seq=told))
            outbox.sent(work, wish)

    def _draw(self, wish: Waiting, channel: Channel) -> Message:
        """The message as the database says now."""
        rooms = self.rooms
        with rooms.work(wish.company) as work:
            connection = work.connection
            if wish.subject_kind == "escalation":
                return escalation_card(escalations.get(connection, wish.company, wish.subject), channel, rooms.names)
            if wish.subject_kind == "incident":
                shown = incidents.get(connection, wish.company, wish.subject)
                shown = replace(shown, about=name_in_books(shown.about, rooms.people))
                held = incidents.figures(connection, wish.company, wish.subject)
                frozen = escalations.open_now(connection, wish.company) is not None
                pause = companies.get(connection, wish.company).pause
                return incident_card(IncidentFacts(shown, held, frozen, pause), channel, rooms.names)
            if wish.subject_kind == "night":
                return night_card(nights.get(connection, wish.company, wish.subject), channel, rooms.people)
            if wish.subject_kind == "summary":
                return this_morning(connection, channel, work.at)
            if wish.subject_kind == "digest":
                return digest_card(channel.company.name, escalations.open_causes(connection, wish.company))
            if wish.subject_kind == letters.DIRECT:
                message = direct.message(work, wish.subject, channel, rooms.people)
                reader = direct.reader_of(rooms, connection, wish.company, wish.subject)
                return naming_its_company(message, channel, rooms.seen_by(reader) if reader else ())
            found = failures.get(connection, wish.company, wish.subject)
            facts = cards.facts(work, wish.subject, found.offered)
        return naming_its_company(failure_card(facts, channel.company, rooms.people), channel)

    def _post_or_rewrite(self, wish: Waiting, message: Message, place: Place | None, target: str) -> tuple[Place, str]:
        """Where the message stands now, and Slack's word where it took only its text."""
        how = self._how_without_buttons(wish)
        if place is not None and (stands := self._rewritten(wish, message, place, how)):
            return stands
        with self.rooms.db.read() as connection:
            look = outbox.may_be_there(connection, wish)
        found = self._found(wish, target) if look else None
        if found is not None and found != place and (stands := self._rewritten(wish, message, found, how)):
            return stands
        self._our_team()
        answer, refused = posting.post(self.client, message, _metadata(wish), channel=target, how=how)
        failpoint("outbox.after_post")
        return Place(wish.subject_kind, wish.subject, self.team, str(answer["channel"]), str(answer["ts"])), refused

    def _our_team(self) -> str:
        if not self.team:
            self.team = str(self.client.auth_test()["team_id"])
        return self.team

    def _rewritten(self, wish: Waiting, message: Message, place: Place, how: str) -> tuple[Place, str] | None:
        """Rewrites the message in place; None when it is not there any more, or stands where we no longer send cards."""
        self.pace.rewrites()
        try:
            _, refused = posting.rewrite(self.client, message, _metadata(wish), channel=place.channel, ts=place.ts, how=how)
        except SlackClientError as error:
            trouble = trouble_of(error).trouble
            if trouble is Trouble.GONE or (trouble is Trouble.CHANNEL and _is_elsewhere(wish, place, self._target(wish))):
                return None
            raise
        return place, refused

    def _how_without_buttons(self, wish: Waiting) -> str:
        """How a person does what the card's buttons would have done, where Slack takes its text alone."""
        if wish.subject_kind != "failure":
            return WITHOUT_BUTTONS.format(typed="/payments failing", run="resolve-now failures")
        with self.rooms.db.read() as connection:
            number = plain(failures.get(connection, wish.company, wish.subject).transaction_number)
        return WITHOUT_BUTTONS.format(typed=f"/payments show {number}", run=f"resolve-now show {number}")

    def _found(self, wish: Waiting, target: str) -> Place | None:
        """The message of an earlier sending that nobody remembers, by the subject in its metadata."""
        cursor = ""
        for _ in range(HISTORY_PAGES):
            answer = self.client.conversations_history(
                channel=target, limit=HISTORY_PAGE, include_all_metadata=True, cursor=cursor or None
            )
            messages: Sequence[Mapping[str, Any]] = answer.get("messages") or []
            for message in messages:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("subject") == wish.subject and payload.get("kind") == wish.subject_kind:
                    return Place(wish.subject_kind, wish.subject, self.team, target, str(message["ts"]))
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None
        return None

    # --- trouble ------------------------------------------------------------------------------------------------------

    def _troubled(self, wish: Waiting, answer: Answer, target: str) -> None:
        """Puts the message back: for all of its channel, or of Slack, where the trouble is theirs, else for itself alone."""
        log.warning(
            "slack_refused", company=wish.company, subject=wish.subject, trouble=answer.trouble, error=answer.word, channel=target
        )
        if wish.subject_kind == letters.DIRECT and answer.trouble is Trouble.CHANNEL:
            self.conversations.clear()
            if answer.word in NOBODY_THERE:  # told by doctor and on Home; a reminder tries again
                with self.rooms.work(wish.company) as work:
                    outbox.give_up(work, wish, answer.word)
                return
            answer = replace(answer, trouble=Trouble.UNKNOWN)  # it is one person's conversation: nobody else waits for it
        match answer.trouble:
            case Trouble.AWAY | Trouble.CHANNEL | Trouble.ACCESS:
                seconds = self._leave_alone(self.place if answer.trouble is Trouble.ACCESS else target, answer)
            case Trouble.WAIT:
                seconds = answer.seconds
                self.pace.leave_alone(target, seconds)
            case Trouble.GONE:  # its thread has no beginning any more: the card is posted anew, with all that was told in it
                seconds = SECONDS_BETWEEN_MESSAGES
                with self.rooms.work(wish.company) as work:
                    cards.forget(work, wish.subject_kind, wish.subject)
            case Trouble.CONTENT:
                seconds = UNKNOWN_AT_MOST_SECONDS
            case Trouble.UNKNOWN:
                waited = self.rooms.clock.now() - wish.wanted_at
                seconds = min(max(UNKNOWN_SECONDS, waited.total_seconds()), UNKNOWN_AT_MOST_SECONDS)
        with self.rooms.work(wish.company) as work:
            next_at = work.at + timedelta(seconds=seconds)
            outbox.put_back(work, wish, next_at=next_at, problem=answer.word, never_left=answer.never_left)

    def _leave_alone(self, place: str, answer: Answer) -> float:
        """Remembers for every process that nothing is taken there; returns for how many seconds it is not tried."""
        least, most = PAUSES[answer.trouble]
        now = self.rooms.clock.now()
        try_at = slack_trouble.try_again_at(self._troubles.get(place), now, least_seconds=least, most_seconds=most)
        with self.rooms.db.work() as connection:
            slack_trouble.found(connection, place, answer.word, at=now, try_at=try_at)
        seconds = (try_at - now).total_seconds()
        self.pace.leave_alone(place, seconds)
        return seconds

    def _taken_again(self, target: str) -> None:
        """Something was taken: whatever was wrong there, or with Slack itself, is over."""
        over = [place for place in (target, self.place) if place in self._troubles]
        if over:
            log.info("slack_takes_messages_again", places=over)
            with self.rooms.db.work() as connection:
                slack_trouble.over(connection, *over)


def _is_elsewhere(wish: Waiting, place: Place | None, target: str) -> bool:
    """Whether the message stands where we no longer send what is like it; a direct message stays in its conversation."""
    return place is not None and wish.subject_kind != letters.DIRECT and place.channel != target


def _metadata(wish: Waiting) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"outbox": wish.id, "kind": wish.subject_kind, "subject": wish.subject}}
