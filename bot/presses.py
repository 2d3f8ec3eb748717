"""What people press: each press becomes a decision row, or an answer that says why not, before it is acknowledged.

Never: a write to the books. A button carries an opaque id; who may, what and how much come from our own rows. A press is
acknowledged only when its decision is durable, or when the person is told that it was not recorded. What decides nothing, such
as a window, is done aside, so that these threads are there for decisions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltResponse, Respond
from slack_sdk import WebClient

from bot import care_window, story, undo
from bot.answers import BUSY, FAILED, IN_TIME_SECONDS, RECORDED, Answers, Window, not_recorded, waited_seconds
from bot.called import called
from bot.endings import remember, waits_for
from bot.hiding import hide
from bot.incidents import CHOOSE_ALL
from bot.modals import CALLBACK, Shown, Submitted, read_submission, resolve_modal
from bot.people import must_decide_at
from bot.replies import Reply
from bot.rooms import Rooms
from bot.text import Block, of_payment
from bot.which_company import window_naming
from receivables.authority import Person, deciders, decides_at, sees
from receivables.diagnosis import Remedy
from receivables.errors import ReceivablesError, StaleDecision
from receivables.ports import Choice, Decided
from storage import cards, decisions, escalations, failures, incidents, offers
from storage.cards import CardFacts
from storage.endings import Started
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.feeds import DATABASE_SILENT
from storage.offers import Offer
from storage.schema.decisions import BEING_CARRIED_OUT, UNDER_WAY

OUT_OF_DATE = "This card is out of date. Use the newest one, or /payments failing."
CHANGED = "What you see changed meanwhile. Look at it again, then confirm."
Body = Mapping[str, Any]
Told = tuple[str, Sequence[Block]]  # what the person is told, and what they are offered below it

log = structlog.get_logger()


def register(app: App, rooms: Rooms, answers: Answers) -> None:
    """Adds the listeners for buttons, menus and modals."""
    presses = Presses(rooms, answers)
    app.action("choose")(presses.choose)
    app.action("resolve_now")(presses.resolve_now)
    app.action("approve")(presses.approve)
    app.action("withdraw")(presses.withdraw)
    app.action(re.compile(f"{CHOOSE_ALL}.*"))(presses.choose_all)
    app.action("take")(presses.take)
    app.action("more")(presses.more)
    app.action("remedy")(presses.remedy_changed)
    app.view(CALLBACK)(presses.submitted)
    app.error(presses.failed)


class Presses:
    """The listeners. Bolt calls each in a thread of its own."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers

    def choose(self, ack: Ack, body: Body, respond: Respond) -> None:
        """The recommended remedy's own button."""

        def do(person: Person) -> Told:
            offer = self._offer(_value(body), body)
            decided = self._decide(person, offer, reason="", options={})
            if decided.state in UNDER_WAY:  # else it was decided before
                self._awaits(respond, offer.company, Started.DECISION, decided.id)
            return self._told(decided), ()

        self._answered(ack, body, respond, do)

    def approve(self, ack: Ack, body: Body, respond: Respond) -> None:
        """The second person agrees."""

        def do(person: Person) -> Told:
            company = self._company_of(_value(body))
            decided = self.rooms.deciding.approve(company, _value(body), by=person.id)
            self._awaits(respond, company, Started.DECISION, decided.id)
            return self._told(decided), ()

        self._answered(ack, body, respond, do)

    def withdraw(self, ack: Ack, body: Body, respond: Respond) -> None:
        """Somebody says no."""

        def do(person: Person) -> Told:
            self.rooms.deciding.decline(self._company_of(_value(body)), _value(body), by=person.id)
            return "Declined. Nothing was changed.", ()

        self._answered(ack, body, respond, do)

    def choose_all(self, ack: Ack, body: Body, respond: Respond) -> None:
        """One remedy for every payment of an incident."""

        def do(person: Person) -> Told:
            remedy = str(body["actions"][0]["action_id"]).removeprefix(CHOOSE_ALL)
            kind, company = self._care_of(_value(body), person)
            if remedy not in list(Remedy) or kind != "incident":
                raise StaleDecision(OUT_OF_DATE)
            since = self.rooms.clock.now()
            told = self.rooms.deciding.choose_all(company, _value(body), Remedy(remedy), by=person.id)
            self._awaits(respond, company, Started.BULK, _value(body), since)
            return told, ()

        self._answered(ack, body, respond, do)

    def take(self, ack: Ack, body: Body, respond: Respond) -> None:
        """Somebody takes ownership of an incident or an escalation."""

        def do(person: Person) -> Told:
            kind, company = self._care_of(_value(body), person)
            return self.rooms.deciding.take(company, kind, _value(body), by=person.id), ()

        self._answered(ack, body, respond, do)

    def resolve_now(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Opens the modal with the evidence and everything that may be chosen."""
        ack()
        shown = Shown(channel=_channel(respond))
        self._open(body, client, respond, lambda person: self._modal(self._facts(_value(body), person), person, shown))

    def remedy_changed(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Another remedy was picked in the modal: it asks for what that one needs. Of two quick choices the later is shown."""
        ack()
        view, action = body["view"], body["actions"][0]
        is_newest = self.answers.chosen(str(view["id"]), str(action.get("action_ts") or ""))
        window = Window(client, respond, str(view["id"]), view.get("hash"), is_newest)
        shown, chosen = Shown.read(view), str((action.get("selected_option") or {}).get("value", ""))

        def redraw() -> None:
            person = self._person(body)
            facts = self._facts(shown.failure_id, person)
            remedy = next((remedy for remedy, offer_id in facts.offers.items() if offer_id == chosen), None)
            drawn = self._modal(facts, person, replace(shown, notice="" if remedy else CHANGED), remedy)
            self.answers.update(window, drawn)

        self.answers.later(_in_channel(respond, shown), redraw)

    def submitted(self, ack: Ack, body: Body, view: Body, respond: Respond) -> None:
        """The modal was confirmed; what is wrong is said beside the input it belongs to."""
        given = read_submission(view)
        try:
            person = self._person(body)
            if waited_seconds(respond) > IN_TIME_SECONDS:
                raise StaleDecision(BUSY)
            offer = self._offer(given.offer_id, None)
            if anew := self._changed(given, offer, person):
                ack(response_action="update", view=anew)
                return
            problem = _missing(offer, given)
            if problem:
                ack(response_action="errors", errors=problem)
                return
            decided = self._decide(person, offer, reason=given.reason, options=given.options)
        except ReceivablesError as error:
            ack(response_action="errors", errors={"remedy": error.message[:2000]})
            return
        except DATABASE_SILENT as error:
            not_recorded(error)
            ack(response_action="errors", errors={"remedy": BUSY})
            return
        ack(response_action="clear")
        self.rooms.wake.wake()
        respond = _in_channel(respond, given.shown)
        self._awaits(respond, offer.company, Started.DECISION, decided.id)
        self.answers.tell(respond, self._told(decided))

    def _changed(self, given: Submitted, offer: Offer, person: Person) -> Block | None:
        """The modal drawn anew, where it does not show what would be decided: another remedy, or facts that are older."""
        found = self._failure(offer.failure_id, person)
        current = found.state == "open" and found.evidence_id == offer.evidence_id
        if given.offer_id == given.shown.offer_id and (current or not found.offered):
            return None  # where nothing may be chosen any more, deciding says why
        return self._modal(self._facts(found.id, person), person, replace(given.shown, notice=CHANGED), offer.remedy)

    def failed(self, error: Exception, body: Body, respond: Respond) -> BoltResponse | None:
        """Something that nobody thought of: the person is told where to look, and a window stays open with what they wrote."""
        self.answers.tell(respond, FAILED)
        log.error("press_failed", error=type(error).__name__, exc_info=error)
        return None if body.get("type") == "view_submission" else BoltResponse(status=200)

    def more(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """The three-dot menu."""
        verb, _, subject = str(body["actions"][0]["selected_option"]["value"]).partition(" ")
        shown = Shown(channel=_channel(respond))
        if verb == "dismiss":
            ack()
            self._open(
                body, client, respond, lambda person: self._modal(self._facts(subject, person), person, shown, Remedy.DISMISS)
            )
        elif verb == "story":
            ack()
            self._open(body, client, respond, lambda person: self._story(self._failure(subject, person), person))
        elif verb == "care":
            ack()
            self._open(body, client, respond, lambda person: care_window.opened(self.rooms, subject, person, shown.channel))
        else:
            self._answered(ack, body, respond, lambda person: self._menu(verb, subject, person, respond))

    def _menu(self, verb: str, subject: str, person: Person, respond: Respond) -> Told:
        found = self._failure(subject, person)
        number = found.transaction_number
        match verb:
            case "look":
                since = self.rooms.clock.now()
                self.rooms.deciding.look_again(found.company)
                self._awaits(respond, found.company, Started.SYNC, "", since)
                return "The books are being checked again.", ()
            case "reopen":
                self.rooms.deciding.reopen(found.company, number, by=person.id)
                return f"{of_payment(number)} is open again. Nothing was posted.", ()
            case "mine":
                told = self.rooms.deciding.assign(found.company, found.id, person.id, by=person.id)
                return told, undo.button("assign", found.company, number)
            case "hide":
                return hide(self.rooms, found.company, number, person), undo.button("hide", found.company, number)
            case _:
                raise StaleDecision(OUT_OF_DATE)

    def _open(self, body: Body, client: WebClient, respond: Respond, view_for: Callable[[Person], Block]) -> None:
        """Opens a modal, or says why not."""

        def opened() -> None:
            self.answers.open(client, respond, str(body["trigger_id"]), view_for(self._person(body)))

        self.answers.later(respond, opened)

    def _story(self, found: StoredFailure, person: Person) -> Block:
        return self._named(story.modal(self.rooms, found.company, found.transaction_number), found.company, person)

    def _named(self, view: Block, company: str, person: Person) -> Block:
        return window_naming(view, self.rooms.channels[company].company, self.rooms.seen_by(person))

    def _modal(self, facts: CardFacts, person: Person, shown: Shown, chosen: Remedy | None = None) -> Block:
        company, currency = facts.failure.company, facts.payment.payment.currency
        ask = None
        if not decides_at(person, company):
            remedy = facts.failure.remedy or Remedy.DISMISS
            ask = [decider.name for decider in deciders(self.rooms.people.values(), company, remedy, currency)]
        settings = self.rooms.channels[company].company
        drawn = resolve_modal(called(facts, settings, self.rooms.people), settings, chosen=chosen, shown=shown, ask=ask)
        return self._named(drawn, company, person)

    # --- what every press needs ---------------------------------------------------------------------------------------

    def _answered(self, ack: Ack, body: Body, respond: Respond, do: Callable[[Person], Told]) -> None:
        """Does it, acknowledges, and tells the person what became of it.

        Where its turn comes too late for Slack, it is not done: a warning sign beside a button means that nothing was recorded.
        """
        try:
            told, offered = do(self._person(body)) if waited_seconds(respond) <= IN_TIME_SECONDS else (BUSY, ())
        except ReceivablesError as error:
            told, offered = error.message, ()
        except DATABASE_SILENT as error:
            not_recorded(error)
            told, offered = BUSY, ()
        ack()
        self.rooms.wake.wake()
        self.answers.tell(respond, told, offered)

    def _awaits(self, respond: Respond, company: str, what: Started, subject: str, since: datetime | None = None) -> None:
        """Whoever pressed is told how it ends; noted aside, because they wait for the answer now."""
        waits = waits_for(respond, company, what, subject, since or self.rooms.clock.now())
        self.answers.later(respond, lambda: remember(self.rooms, waits))

    def _person(self, body: Body) -> Person:
        return self.rooms.person(body)

    def _offer(self, offer_id: str, body: Body | None) -> Offer:
        """The offer behind a button; the card it stands on must be ours and stand where we put it."""
        with self.rooms.db.read() as connection:
            offer = offers.find(connection, offer_id)
            container = (body or {}).get("container") or {}
            if offer is None or (container.get("type") == "message" and not self._stands(connection, offer, container)):
                raise StaleDecision(OUT_OF_DATE)
        return offer

    def _stands(self, connection: Connection, offer: Offer, container: Body) -> bool:
        """Whether the pressed message is the card of this offer's failure.

        A person can be quicker than we are at writing down where a new card stands: until then its channel must do.
        """
        channel, subject = str(container.get("channel_id")), (offer.company, "failure", offer.failure_id)
        found = cards.at_place(connection, channel, str(container.get("message_ts")))
        if found is None and cards.place(connection, *subject) is None:
            ours = self.rooms.channels.get(offer.company)
            return ours is not None and channel == ours.cards
        return found == subject

    def _decide(self, person: Person, offer: Offer, *, reason: str, options: Mapping[str, object]) -> Decided:
        with self.rooms.db.read() as connection:
            number = failures.get(connection, offer.company, offer.failure_id).transaction_number
        choice = Choice(offer.company, number, offer.remedy, offer.id, offer.evidence_id, reason, options)
        return self.rooms.deciding.choose(choice, by=person.id)

    def _told(self, decided: Decided) -> str:
        if decided.state == "waiting_approval":
            return f"Recorded. {decided.words}"
        if decided.state in BEING_CARRIED_OUT:
            return RECORDED
        return f"This was decided already ({decided.state.replace('_', ' ')}). {decided.words}"

    def _company_of(self, decision_id: str) -> str:
        with self.rooms.db.read() as connection:
            found = decisions.company_of(connection, decision_id)
        if found is None:
            raise StaleDecision(OUT_OF_DATE)
        return found

    def _care_of(self, subject: str, person: Person) -> tuple[str, str]:
        """("incident" or "escalation", its company), where this person may decide something there; who only reads is told."""
        with self.rooms.db.read() as connection:
            incident, escalation = incidents.find(connection, subject), escalations.find(connection, subject)
        found = incident or escalation
        if found is None or not sees(person, found.company):
            raise StaleDecision(OUT_OF_DATE)
        must_decide_at(person, found.company)
        return ("incident" if incident else "escalation"), found.company

    def _failure(self, failure_id: str, person: Person) -> StoredFailure:
        """A failure of a company that this person sees."""
        with self.rooms.db.read() as connection:
            found = failures.find(connection, failure_id)
        if found is None or not sees(person, found.company):
            raise StaleDecision(OUT_OF_DATE)
        return found

    def _facts(self, failure_id: str, person: Person) -> CardFacts:
        found = self._failure(failure_id, person)
        with self.rooms.acknowledge(found.company, person.id) as work:
            return cards.facts(work, found.id, found.offered if decides_at(person, found.company) else ())


def _channel(respond: Respond) -> str:
    return respond.channel if isinstance(respond, Reply) else ""


def _in_channel(respond: Respond, shown: Shown) -> Respond:
    """What Slack says of a window names no channel: the answer goes to the one where the window was opened."""
    if isinstance(respond, Reply):
        respond.channel = respond.channel or shown.channel
    return respond


def _value(body: Body) -> str:
    return str(body["actions"][0].get("value", ""))


def _missing(offer: Offer, given: Submitted) -> dict[str, str]:
    """What the remedy needs and was not told, by input."""
    if offer.remedy is Remedy.DISMISS and len(given.reason) < 3:
        return {"reason": "Say in a few words why. The reason stays on record."}
    return {}
