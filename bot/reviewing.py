"""The window of a request that waits for a second person: who asked can withdraw it there, whoever may approve it says yes or no.

A message in a channel is the same for everybody, so the card's one button opens this; a direct message to who must approve has
both buttons itself. It carries the opaque id of the decision; who may is asked again when it is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.answers import BUSY, IN_TIME_SECONDS, RECORDED, Answers, not_recorded, waited_seconds
from bot.called import People, called, names_of
from bot.cards import figures_blocks, following, paid
from bot.choices import REVIEW, approval, named_for
from bot.deciders import may_approve_it
from bot.endings import remember, waits_for
from bot.inputs import choice, entry
from bot.outcomes import other_money
from bot.people import name_of
from bot.replies import Reply
from bot.rooms import Rooms
from bot.text import NUMBER_AT_MOST, OPTION_AT_MOST, Block, because, context, cut, of_payment, plain_text, section
from bot.which_company import window_naming
from receivables.authority import Person, sees
from receivables.company import Company
from receivables.errors import ReceivablesError, StaleDecision
from receivables.words import plain
from storage import cards, decisions
from storage.cards import CardFacts
from storage.decisions import StoredDecision
from storage.endings import Started
from storage.feeds import DATABASE_SILENT

VERDICT, APPROVE, DECLINE = "verdict", "approve", "decline"
FIGURES_AT_MOST = 40
DECIDED = "This request was decided already. The card shows how."
Body = Mapping[str, Any]


def register(app: App, rooms: Rooms, answers: Answers) -> None:
    """Adds the listeners of the card's button and of the window."""
    reviews = Reviews(rooms, answers)
    app.action(REVIEW)(reviews.review)
    app.view(REVIEW)(reviews.submitted)


def window(facts: CardFacts, decision: StoredDecision, company: Company, people: People, person: Person) -> Block:
    """What was asked, by whom, and what it would change; below, what this person may do about it. Pure."""
    words, names, press = company.words, names_of(people), approval(facts, decision, company, people)
    number = plain(facts.failure.transaction_number, NUMBER_AT_MOST)
    asked = f"{name_of(names, decision.requested_by)} requested “{named_for(facts, decision.remedy)}”"
    outcome = f" {plain(decision.outcome, 300)}" if decision.outcome else ""
    reason = other_money(decision) + because(decision.reason)
    payment = facts.payment.payment
    blocks = [
        context(of_payment(number), plain(payment.customer), paid(payment, words)),
        section(f"{asked} on {words.moment(decision.requested_at)}.{outcome}{reason}", "asked"),
        *figures_blocks(press.changes, FIGURES_AT_MOST),
        *(following(facts, decision.remedy, words, decision.options) or [context(press.leaves)]),
    ]
    submit = ""
    if decision.requested_by == person.id:
        blocks.append(section("You asked for this. Withdraw it, and nothing is changed.", "mine"))
        submit = "Withdraw"
    elif may_approve_it(facts, decision, company, people, person):
        options = [choice(cut(f"Approve: {press.label}", OPTION_AT_MOST), APPROVE), choice("Decline", DECLINE)]
        element = {"type": "radio_buttons", "action_id": VERDICT, "options": options}
        blocks.append(entry(VERDICT, "Your decision", element))
        submit = "Confirm"
    else:
        blocks.append(context(press.who))
    view: Block = {
        "type": "modal",
        "callback_id": REVIEW,
        "title": plain_text("Review", 24),
        "close": plain_text("Close", 24),
        "blocks": blocks,
    }
    return view | ({"submit": plain_text(submit, 24)} if submit else {})


class Reviews:
    """The listeners."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers

    def review(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """Opens the window, or says why not."""
        ack()
        decision_id = str(body["actions"][0].get("value", ""))
        channel = respond.channel if isinstance(respond, Reply) else ""

        def show() -> None:
            view = {**self._window(decision_id, self.rooms.person(body)), "private_metadata": f"{decision_id} {channel}"}
            self.answers.open(client, respond, str(body["trigger_id"]), view)

        self.answers.later(respond, show)

    def submitted(self, ack: Ack, body: Body, view: Body, respond: Respond) -> None:
        """Approves, declines or withdraws; what is wrong is said in the window."""
        decision_id, _, channel = str(view.get("private_metadata") or "").partition(" ")
        given = view.get("state", {}).get("values", {}).get(VERDICT, {}).get(VERDICT) or {}
        verdict = str((given.get("selected_option") or {}).get("value") or DECLINE)
        if isinstance(respond, Reply):
            respond.channel = channel  # what Slack says of a window names none
        try:
            told = self._decide(decision_id, verdict, self.rooms.person(body), respond)
        except ReceivablesError as error:
            told = error.message
        except DATABASE_SILENT as error:
            not_recorded(error)
            told = BUSY
        ack(response_action="clear")
        self.rooms.wake.wake()
        self.answers.tell(respond, told)

    def _decide(self, decision_id: str, verdict: str, person: Person, respond: Respond) -> str:
        if waited_seconds(respond) > IN_TIME_SECONDS:
            return BUSY
        company = self._decision(decision_id, person).company
        if verdict != APPROVE:
            self.rooms.deciding.decline(company, decision_id, by=person.id)
            return "Nothing was changed; the card says so."
        decided = self.rooms.deciding.approve(company, decision_id, by=person.id)
        waits = waits_for(respond, company, Started.DECISION, decided.id, self.rooms.clock.now())
        self.answers.later(respond, lambda: remember(self.rooms, waits))
        return RECORDED

    def _window(self, decision_id: str, person: Person) -> Block:
        decision = self._decision(decision_id, person)
        if decision.state != "waiting_approval":
            raise StaleDecision(DECIDED)
        with self.rooms.work(decision.company) as work:
            facts = cards.facts(work, decision.failure_id or "", ())
        company, people = self.rooms.channels[decision.company].company, self.rooms.people
        drawn = window(called(facts, company, people), decision, company, people, person)
        return window_naming(drawn, company, self.rooms.seen_by(person))

    def _decision(self, decision_id: str, person: Person) -> StoredDecision:
        with self.rooms.db.read() as connection:
            company = decisions.company_of(connection, decision_id)
            if company is None or not sees(person, company):
                raise StaleDecision(DECIDED)
            return decisions.get(connection, company, decision_id)
