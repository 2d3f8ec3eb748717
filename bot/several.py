"""One remedy for chosen payments that fail for one reason: a window to choose them, then what would change, then a decision each.

Each is decided on the facts that were shown, and checked again before anything is written. The windows carry opaque ids alone.
Never: a remedy that takes two people, or one that needs more than a press.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

import rules
from bot import labels
from bot.answers import BUSY, IN_TIME_SECONDS, Answers, not_recorded, waited_seconds
from bot.asker import Asker
from bot.choices import PRESSABLE, label_of, needs_choice
from bot.endings import waits_for
from bot.figures import takes_two
from bot.inputs import choice
from bot.people import must_decide_at
from bot.replies import Reply
from bot.rooms import Rooms
from bot.text import NUMBER_AT_MOST, Block, button, context, plain_text, section
from bot.which_company import whose, window_naming
from receivables.authority import Person, decides_at
from receivables.company import Company
from receivables.diagnosis import Cause, Remedy
from receivables.errors import ReceivablesError, StaleDecision
from receivables.ports import Choice
from receivables.words import Words, counted, listed, plain
from storage import endings, escalations, failure_pages, failures, kept_evidence, offers, payments, together
from storage.cards import CardFacts
from storage.endings import Awaited, Started
from storage.engine import Connection
from storage.failures import StoredFailure
from storage.feeds import DATABASE_SILENT

PICK, CONFIRM, OPEN = "several", "several_confirm", "several"
CHOSEN_AT_MOST = 100  # their ids are carried along: 2,700 of the 3,000 characters that Slack takes
IN_A_BLOCK = 10  # Slack takes no more checkboxes together; as many lines of what would change are well under a block's size
GROUPS_AT_MOST = 12
NOTHING = "There is no reason for which several payments are failing that one remedy would end."
CHANGED = "What was failing changed meanwhile. Use /payments several again."
FROZEN = "Too many payments are failing: they cannot be dismissed together until the rate is down again."
RECORDED_WITHIN = timedelta(minutes=1)  # after this, what was confirmed and is not on record never will be
FOR_MANY = tuple(remedy for remedy in PRESSABLE if remedy is not Remedy.MATCH)  # each match is looked at by itself
Body = Mapping[str, Any]


def register(app: App, rooms: Rooms, answers: Answers) -> None:
    """Adds the listeners of the two windows and of the button that opens the first."""
    several = Several(rooms, answers)
    app.action(OPEN)(answers.aside(several.opened))
    app.view(PICK)(several.picked)
    app.view(CONFIRM)(several.confirmed)


def offer_groups(rooms: Rooms, companies: Sequence[str], asker: Asker) -> None:
    """The reasons for which several payments fail, each with a button."""
    ours = [company for company in companies if decides_at(asker.person, company)]
    with rooms.db.read() as connection:
        groups = failure_pages.groups(connection, ours)
    blocks: list[Block] = []
    for group in [of for of in groups if of.remedy in FOR_MANY][:GROUPS_AT_MOST]:
        company = rooms.channels[group.company].company
        money = listed([company.words.money(total, currency) for currency, total in group.money.items()], 3)
        worth = f"{counted(group.many, 'payment')}, {money}{whose(company, companies)}"
        text = f"{rules.title(group.cause)}: {worth}. Recommended: {group.remedy.label}."
        value = f"{group.company} {group.cause} {group.remedy}"
        blocks.append(section(text, accessory=button(OPEN, "Choose payments", value)))
    asker.tell("Choose payments that fail for one reason." if blocks else NOTHING, blocks)


class Several:
    """The listeners."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers

    def opened(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:
        """The window in which payments are chosen."""
        ack()
        company, cause, remedy = str(body["actions"][0].get("value") or "").split(" ")
        person = self.rooms.person(body)
        self._must_be_allowed(person, company)
        with self.rooms.db.read() as connection:
            found = self._candidates(connection, company, Cause(cause), Remedy(remedy))
        if not found:
            raise StaleDecision(CHANGED)
        channel = respond.channel if isinstance(respond, Reply) else ""
        ours = self.rooms.channels[company].company
        view = choosing(found, Remedy(remedy), ours.words, f"{company} {cause} {remedy} {channel}")
        self.answers.open(client, respond, str(body["trigger_id"]), window_naming(view, ours, self.rooms.seen_by(person)))

    def picked(self, ack: Ack, body: Body, view: Body) -> None:
        """What would change for each that was chosen."""
        company, cause, remedy, channel = [*str(view.get("private_metadata") or "").split(" "), "", "", "", ""][:4]
        values: Mapping[str, Any] = view.get("state", {}).get("values", {})
        chosen = {
            str(option["value"])
            for block in values.values()
            for given in block.values()
            for option in given.get("selected_options") or ()
        }
        try:
            person = self.rooms.person(body)
            self._must_be_allowed(person, company)
            if not chosen:
                raise StaleDecision("Choose at least one payment.")
            with self.rooms.acknowledge(company, person.id) as work:
                found = self._candidates(work.connection, company, Cause(cause), Remedy(remedy))
                facts = [of for of in found if of.failure.id in chosen]
                shown_facts = [(of.failure.id, of.failure.evidence_id or "") for of in facts]
                made = [offer.id for offer in offers.make_many(work, shown_facts, Remedy(remedy))]
            if not facts:
                raise StaleDecision(CHANGED)
        except ReceivablesError as error:
            ack(response_action="errors", errors={"several0": error.message[:2000]})
            return
        except DATABASE_SILENT as error:
            not_recorded(error)
            ack(response_action="errors", errors={"several0": BUSY})
            return
        ours = self.rooms.channels[company].company
        shown = preview(facts, Remedy(remedy), ours, " ".join([company, channel, *made]))
        if len(facts) < len(chosen):
            shown["blocks"].insert(
                0, context(f"{len(chosen) - len(facts):,} of those chosen changed meanwhile and are left out.")
            )
        ack(response_action="update", view=window_naming(shown, ours, self.rooms.seen_by(person)))

    def confirmed(self, ack: Ack, body: Body, view: Body, respond: Respond) -> None:
        """What was chosen is on record before it is acknowledged; then a decision for each. What is not recorded is said."""
        company, channel, *offer_ids = str(view.get("private_metadata") or "").split(" ")
        if isinstance(respond, Reply):
            respond.channel = channel  # what Slack says of a window names none
        try:
            if waited_seconds(respond) > IN_TIME_SECONDS:
                raise StaleDecision(BUSY)
            person = self.rooms.person(body)
            self._must_be_allowed(person, company)
            since = self.rooms.clock.now()
            waits = waits_for(respond, company, Started.CHOSEN, offer_ids[0], since, since + RECORDED_WITHIN)
            with self.rooms.acknowledge(company, person.id) as work:
                together.note(work, offer_ids)
                endings.begin(work, waits)
        except ReceivablesError as error:
            ack(response_action="clear")
            self.answers.tell(respond, error.message)
            return
        except DATABASE_SILENT as error:
            not_recorded(error)
            ack(response_action="clear")
            self.answers.tell(respond, BUSY)
            return
        ack(response_action="clear")
        told = self._decide(person, offer_ids, waits)
        self.rooms.wake.wake()
        self.answers.tell(respond, told)

    def _decide(self, person: Person, offer_ids: Sequence[str], waits: Awaited) -> str:
        """A decision for each; returns how many are recorded, and why others are not. Of those recorded they hear the end."""
        states, left, why = Counter[str](), list[str](), ""
        for offer_id in offer_ids:
            try:
                states[self._decide_one(person, waits.company, offer_id, len(offer_ids))] += 1
            except ReceivablesError as error:
                left, why = [*left, offer_id], why or error.message
            except DATABASE_SILENT as error:
                not_recorded(error)
                left, why = [*left, offer_id], why or BUSY
        with self.rooms.work(waits.company) as work:
            together.leave_out(work, waits.subject, left)
            if states:
                endings.not_before(work, waits, work.at)
            else:
                endings.take(work, waits)
        waiting = states["waiting_approval"]
        recorded = states.total() - waiting
        said = []
        if recorded:
            said.append(f"Recorded for {counted(recorded, 'payment')}. Each is checked again first; you are told how it ends.")
        if waiting:
            said.append(f"{counted(waiting, 'payment')} {'waits' if waiting == 1 else 'wait'} for a second person.")
        if left:
            said.append(f"{len(left):,} not recorded: {why}")
        return " ".join(said)

    def _decide_one(self, person: Person, company: str, offer_id: str, how_many: int) -> str:
        """How the decision stands then."""
        with self.rooms.db.read() as connection:
            offer = offers.find(connection, offer_id)
            if offer is None or offer.company != company:
                raise StaleDecision(CHANGED)
            if offer.remedy is Remedy.DISMISS and escalations.open_now(connection, company) is not None:
                raise StaleDecision(FROZEN)
            number = failures.get(connection, company, offer.failure_id).transaction_number
        reason = f"chosen for {counted(how_many, 'payment')} together"
        choice = Choice(company, number, offer.remedy, offer.id, offer.evidence_id, reason, {})
        return self.rooms.deciding.choose(choice, by=person.id).state

    def _must_be_allowed(self, person: Person, company: str) -> None:
        if company not in self.rooms.channels:
            raise StaleDecision(CHANGED)
        must_decide_at(person, company)

    def _candidates(self, connection: Connection, company: str, cause: Cause, remedy: Remedy) -> list[CardFacts]:
        """The failures of one reason that this remedy would end by a press alone, those of longest ago first."""
        if remedy not in FOR_MANY:
            return []
        found = failure_pages.of_group(connection, company, cause, remedy, limit=CHOSEN_AT_MOST)
        stored = payments.by_numbers(connection, company, failures.transaction_numbers(found))
        evidence = kept_evidence.by_ids(connection, company, [of.evidence_id for of in found if of.evidence_id])
        facts = [_facts(of, stored, evidence) for of in found if of.evidence_id and remedy in of.offered]
        ours = self.rooms.channels[company].company
        return [of for of in facts if not needs_choice(of, remedy) and takes_two(of, remedy, ours) is None]


def _facts(found: StoredFailure, stored: Mapping[str, Any], evidence: Mapping[str, Any]) -> CardFacts:
    of_it = evidence[found.evidence_id or ""]
    return CardFacts(found, stored[found.transaction_number], of_it, None, (), (), dict.fromkeys(found.offered, ""), 1)


def choosing(found: Sequence[CardFacts], remedy: Remedy, words: Words, carried: str) -> Block:
    """Checkboxes in groups, all of them chosen at first."""
    explained = labels.explained(remedy, "payment")
    blocks = [section(f"{explained} Choose the payments; you see what would change before it is recorded.")]
    if len(found) == CHOSEN_AT_MOST:
        blocks.append(context(f"{CHOSEN_AT_MOST} at a time, those failing longest first. More can be chosen afterwards."))
    for place in range(0, len(found), IN_A_BLOCK):
        options = [choice(_line(of, words), of.failure.id) for of in found[place : place + IN_A_BLOCK]]
        element = {"type": "checkboxes", "action_id": f"several{place}", "options": options, "initial_options": options}
        label = plain_text(f"Payments {place + 1} to {place + len(options)}", 150)
        blocks.append({"type": "input", "block_id": f"several{place}", "label": label, "element": element, "optional": True})
    return _view(PICK, "Choose payments", "See what changes", blocks, carried)


def preview(facts: Sequence[CardFacts], remedy: Remedy, company: Company, carried: str) -> Block:
    """What the remedy would do to each, and how much it is together."""
    words = company.words
    totals: dict[str, int] = {}
    for of in facts:
        currency = of.payment.payment.currency
        totals[currency] = totals.get(currency, 0) + of.payment.payment.amount_minor
    money = listed([words.money(total, currency) for currency, total in totals.items()])
    lines = [f"{_line(of, words)}: {label_of(of, remedy, company)}" for of in facts]
    blocks = [
        section(f"{remedy.label} for {counted(len(facts), 'payment')}, {money} in all."),
        *(section("\n".join(lines[place : place + IN_A_BLOCK])) for place in range(0, len(lines), IN_A_BLOCK)),
        context("Each is checked again before anything is written; any that changed is left out."),
    ]
    return _view(CONFIRM, "What would change", f"Do it for {len(facts):,}", blocks, carried)


def _line(of: CardFacts, words: Words) -> str:
    payment = of.payment.payment
    who = f"{plain(payment.transaction_number, NUMBER_AT_MOST)} · {plain(payment.customer, 30)}"
    return f"{who} · {words.money(payment.amount_minor, payment.currency)}"


def _view(callback: str, title: str, submit: str, blocks: list[Block], carried: str) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain_text(title, 24),
        "submit": plain_text(submit, 24),
        "close": plain_text("Close", 24),
        "private_metadata": carried,
        "blocks": blocks,
    }
