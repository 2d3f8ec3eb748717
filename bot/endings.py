"""Who started something in Slack is told how it ended, once: a decision, an approval, one remedy for many, a sync.

Reads: what people wait for, and the rows that say how it ended. Leaves: one message to that person alone. Never: a second one;
where it is not known whether Slack showed it, it is not repeated, because the card shows the end too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.error import URLError

import structlog
from slack_bolt import Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

import rules
from bot import replies, undo
from bot.outcomes import chosen, not_carried_out, outcome
from bot.people import Names
from bot.replies import Reply
from bot.rooms import Rooms
from bot.slack_errors import Trouble, trouble_of
from bot.text import Block, fallback, of_payment, section
from bot.which_company import whose
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from receivables.words import Words, capitalized, counted, plain
from storage import cards, companies, decisions, endings, failure_pages, together
from storage.cards import CardFacts
from storage.decisions import StoredDecision
from storage.endings import Awaited, Bulk, Started

SETTLED_WITHIN = timedelta(minutes=10)  # payments that are tried again by the next sync; after this it is told how far they are
LOOK_AGAIN = timedelta(seconds=5)
TRY_AGAIN = timedelta(seconds=30)
REACHED_WITHIN = timedelta(days=1)  # of asking; whom no message reaches by then, an account that is closed, sees it on the card
TOLD_AT_A_TIME = 20
NEVER = (Trouble.CONTENT, Trouble.GONE, Trouble.UNKNOWN)  # trying again would say the same
ON_THEIR_WAY = (PaymentState.RECEIVED, PaymentState.POSTING, PaymentState.POSTED)

log = structlog.get_logger()


@dataclass
class Endings:
    """Tells people how what they started ended. Several processes may; each end is told by one of them."""

    rooms: Rooms
    client: WebClient
    reaches: Callable[[Awaited], bool] = lambda _: True  # whether they are in the workspace of this client

    def run_once(self) -> int:
        """Tells what is over; returns how many people were told. Never raises for Slack's answers."""
        rooms = self.rooms
        with rooms.db.read() as connection:
            over = endings.ended(connection, list(rooms.channels), rooms.clock.now())
        ours = [waits for waits in over if self.reaches(waits)]
        return sum(self._tell(waits) for waits in ours[:TOLD_AT_A_TIME])

    def _tell(self, waits: Awaited) -> bool:
        text, offered = self._how_it_ended(waits)
        with self.rooms.work(waits.company) as work:
            if not text:
                endings.not_before(work, waits, work.at + LOOK_AGAIN)
                return False
            if not endings.take(work, waits):
                return False  # another process was quicker
        try:
            blocks = [section(text), *offered]
            replies.show(self.client, waits.channel, waits.account, fallback(text), blocks)
        except (SlackClientError, OSError) as error:
            self._troubled(waits, error)
            return False
        return True

    def _troubled(self, waits: Awaited, error: Exception) -> None:
        refused = trouble_of(error)
        log.warning("end_not_told", company=waits.company, what=waits.what.value, error=refused.word)
        certainly_not = isinstance(error, SlackApiError | URLError)  # a connection that was never made
        given_up = refused.trouble is Trouble.CHANNEL and self.rooms.clock.now() - waits.asked_at > REACHED_WITHIN
        if certainly_not and refused.trouble not in NEVER and not given_up:
            with self.rooms.work(waits.company) as work:
                next_at = work.at + max(timedelta(seconds=refused.seconds), TRY_AGAIN)
                endings.begin(work, replace(waits, next_at=next_at))

    def _how_it_ended(self, waits: Awaited) -> tuple[str, list[Block]]:
        """In words, "" while payments of it are still on their way, and what is offered below them."""
        match waits.what:
            case Started.DECISION:
                return self._decision(waits)
            case Started.BULK | Started.CHOSEN:
                return self._bulk(waits)
            case Started.SYNC:
                return self._sync(waits), []

    def _is_early(self, waits: Awaited) -> bool:
        """Whether the next sync may still settle it."""
        until_sync = timedelta(seconds=self.rooms.channels[waits.company].company.sync_every_seconds)
        return self.rooms.clock.now() < waits.asked_at + until_sync + SETTLED_WITHIN

    def _decision(self, waits: Awaited) -> tuple[str, list[Block]]:
        company = self.rooms.channels[waits.company].company
        with self.rooms.work(waits.company) as work:
            made = decisions.get(work.connection, waits.company, waits.subject)
            facts = cards.facts(work, made.failure_id or "", ())
            open_now = failure_pages.open_among(work.connection, [(waits.company, made.transaction_number)])
        failing = next(iter(open_now.values()), None)
        if made.state == "done" and facts.payment.state in ON_THEIR_WAY and self._is_early(waits):
            return "", []
        cause = rules.title(failing.cause) if failing and failing.cause else ""
        told = of_decision(made, facts, cause, company.words, self.rooms.names)
        which = f"{_which(facts, company.words)}{whose(company, self.rooms.channels)}"
        return f"{which}\n{told}", undo.after(made, facts.payment, facts.failure.about)

    def _bulk(self, waits: Awaited) -> tuple[str, list[Block]]:
        with self.rooms.db.read() as connection:
            if waits.what is Started.CHOSEN:
                bulk = together.ended(connection, waits.company, waits.subject)
            else:
                bulk = endings.bulk_since(connection, waits.company, waits.subject, waits.asked_at)
        on_their_way = sum(bulk.states.get(state, 0) for state in ON_THEIR_WAY)
        if bulk.under_way or (on_their_way and self._is_early(waits)):
            return "", []
        return of_bulk(bulk), undo.after_many(bulk)

    def _sync(self, waits: Awaited) -> str:
        company = self.rooms.channels[waits.company].company
        with self.rooms.db.read() as connection:
            counts, problem = endings.sync_since(connection, waits.company, waits.asked_at)
            failing = failure_pages.count_open(connection, [waits.company]).get(waits.company, 0)
            synced_at = companies.get(connection, waits.company).synced_at
        next_at = (synced_at or self.rooms.clock.now()) + timedelta(seconds=company.sync_every_seconds)
        whose = f"{plain(company.name)}: " if len(self.rooms.channels) > 1 else ""
        told = of_sync(counts, problem, failing, company.words.moment(next_at))
        return f"{whose}{told[0].lower()}{told[1:]}" if whose else told


def waits_for(
    respond: Respond, company: str, what: Started, subject: str, at: datetime, next_at: datetime | None = None
) -> Awaited:
    """That whoever pressed or typed waits for this, since a moment before it was recorded; not told before `next_at`."""
    if not isinstance(respond, Reply):
        return Awaited(company, what, subject, "", "", at, next_at or at)
    where = respond.pressed
    return Awaited(company, what, subject, where.user, respond.channel, at, next_at or at, where.place, where.enterprise)


def remember(rooms: Rooms, waits: Awaited) -> None:
    """They are told how it ended, also by the next process."""
    if waits.account:
        with rooms.work(waits.company) as work:
            companies.ensure(work.connection, waits.company)  # somebody may ask before its first sync
            endings.begin(work, waits)


def _which(facts: CardFacts, words: Words) -> str:
    payment = facts.payment.payment
    number, amount = of_payment(payment.transaction_number), words.money(payment.amount_minor, payment.currency)
    return f"{number} · {plain(payment.customer)} · {amount}"


def of_decision(made: StoredDecision, facts: CardFacts, cause: str, words: Words, names: Names) -> str:
    """How a decision ended. Pure. `cause` is why the payment fails now, if it does."""
    if made.changed_nothing:
        return f"{chosen(facts, made, names)}; it was {not_carried_out(made.outcome, names)}"
    if facts.payment.state is PaymentState.FAILED:
        why = f": {cause}" if cause else ""
        return f"{chosen(facts, made, names)}; it was carried out, and the payment is still failing{why}."
    if facts.failure.state == "open":
        return f"{chosen(facts, made, names)}; it was carried out."
    if facts.failure.resolution == "retried" and facts.payment.state is PaymentState.VERIFIED:
        return "It was tried again and is recorded in the books."
    return str(outcome(facts, words, names)["text"]["text"])


def of_bulk(bulk: Bulk) -> str:
    """How one remedy for many payments ended: "6 fixed, 2 still failing". Pure."""
    if not bulk.states:
        return f"What you chose for {counted(len(bulk.left_out), 'payment')} was not recorded: {plain(bulk.left_out[0], 300)}"
    failing = bulk.states.get(PaymentState.FAILED, 0)
    on_their_way = sum(bulk.states.get(state, 0) for state in ON_THEIR_WAY)
    total = sum(bulk.states.values())
    ended = "dismissed" if bulk.remedy is Remedy.DISMISS else "fixed"
    parts = [f"{total - failing - on_their_way:,} {ended}"]
    parts += [f"{failing:,} still failing"] if failing else []
    parts += [f"{on_their_way:,} not finished yet"] if on_their_way else []
    name = f"“{bulk.remedy.label}”" if bulk.remedy else "What you chose"
    said = f"{name} for {counted(total, 'payment')} is done: {', '.join(parts)}."
    return f"{said} {len(bulk.left_out):,} left out: {plain(bulk.left_out[0], 300)}" if bulk.left_out else said


def of_sync(counts: Mapping[str, int], problem: str, failing: int, next_at: str) -> str:
    """What a sync did: "Sync done: 12 recorded, 2 still failing". Pure."""
    if problem:
        return f"Sync not finished. {capitalized(plain(problem, 500).rstrip('.'))}. It is tried again automatically."
    parts = [f"{counts.get('verified', 0):,} recorded"]
    if counts.get("put_right"):
        parts.append(f"{counts['put_right']:,} fixed in the books")
    parts.append(f"{failing:,} still failing" if failing else "none failing")
    return f"Sync done: {', '.join(parts)}. The next one is on {next_at}."
