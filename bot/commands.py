"""The slash command /payments: search, show, why, failing, sync, hide, unhide, help, or a number. Only the asker is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot import care_lists, story, undo, which_company, why
from bot import found as finding
from bot.answers import BUSY, Answers
from bot.asker import Asker
from bot.endings import remember, waits_for
from bot.exports import export
from bot.found import SAY, buttons
from bot.hiding import hide
from bot.month_ends import MonthEnds
from bot.people import NOBODY, pressed_by
from bot.rooms import Rooms
from bot.several import offer_groups
from bot.text import NUMBER_AT_MOST, Block, of_payment
from receivables.authority import Person
from receivables.company import Company
from receivables.errors import NotFound, NotPermitted, ReceivablesError
from receivables.words import listed, plain
from storage import named, payments, search_text
from storage.endings import Started
from storage.feeds import DATABASE_SILENT
from storage.search import PAYMENTS, Found

COMMAND = "/payments"
HELP = (
    "/payments NUMBER   what carries this number\n"
    "/payments search TEXT   part of a transaction number, a customer, an invoice number, or an amount; narrowed by\n"
    f"    {search_text.FILTERS}\n"
    "/payments why NUMBER   why a payment is failing, and what would end it\n"
    "/payments show NUMBER   one payment's full history\n"
    "/payments failing   the payments that are failing now\n"
    "/payments mine   what waits for your approval, and what is assigned to you\n"
    "/payments snoozed   what is set aside, and until when\n"
    "/payments reopen NUMBER   undo a dismissal, a match, or that a receipt is other money\n"
    "/payments unsnooze NUMBER, /payments unassign NUMBER   bring it back, or take it from whoever has it\n"
    "/payments sync   sync with the books now\n"
    "/payments several   choose payments that fail for one reason, and decide them together\n"
    "/payments export   the payments that are failing now, as CSV and Excel files, sent to you\n"
    "/payments report MONTH   the month-end package, such as /payments report 2026-03, sent to you\n"
    "/payments hide NUMBER, /payments unhide NUMBER   keep a payment out of lists and search\n"
    "/payments search hidden:only   the hidden payments\n"
    "/payments help   this list"
)
OF_ONE = ("show", "why", "hide", "unhide", "reopen", "unsnooze", "unassign")  # verbs that take one payment
VERBS = ("search", *OF_ONE, "failing", "mine", "snoozed", "several", "export", "sync", "report", "help")
NEAR_VERB = 0.7  # of its letters: "serach" is near "search"
_LOOSE = " \t\n?!.,;:\"'“”‘’()<>"


def register(app: App, rooms: Rooms, answers: Answers) -> Commands:
    """Adds the slash command, and the buttons that say something for the person."""
    commands = Commands(rooms, answers)
    app.command(COMMAND)(answers.aside(commands.asked))
    app.action("payment_menu")(answers.aside(commands.menu))
    app.action(which_company.ANSWERED)(answers.aside(commands.which))
    app.action(re.compile(f"{SAY}.*"))(answers.aside(commands.said_by_button))
    return commands


class Commands:
    """The listeners and the verbs."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers
        self.month_ends = MonthEnds(rooms.reporting, rooms.clock)

    def asked(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """Answers what was typed; somebody who is not configured gets one sentence and sees nothing."""
        ack()
        self.say(str(body.get("text") or ""), body, client, respond)

    def said_by_button(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """Answers what a button says, as if the person had typed it."""
        ack()
        self.say(str(body["actions"][0].get("value") or ""), body, client, respond)

    def which(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """The company of a number that several have: the same is done there."""
        ack()
        verb, company, number = which_company.answered(body)
        self._answered(body, client, respond, lambda asker: self._of_one(verb, company, number, asker))

    def menu(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """The three-dot menu of a row that was found. The company is one of the person's own, whatever the row says."""
        verb, _, reference = str(body["actions"][0]["selected_option"]["value"]).partition(" ")
        company, _, number = reference.partition(" ")
        ack()
        said = {"payment-hide": "hide", "payment-unhide": "unhide"}.get(verb, "show")
        self._answered(body, client, respond, lambda asker: self._of_one(said, company, number, asker))

    def say(self, text: str, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """Answers a text, wherever the person said it."""
        self._answered(body, client, respond, lambda asker: self._do(text.strip(), asker))

    def _answered(self, body: Mapping[str, Any], client: WebClient, respond: Respond, do: Callable[[Asker], object]) -> None:
        try:
            who = pressed_by(body)
            trigger = str(body.get("trigger_id") or "")
            do(Asker(self.rooms.person(body), self.answers, client, respond, trigger, who.user, who.place))
        except ReceivablesError as error:
            self.answers.tell(respond, error.message)
        except DATABASE_SILENT:
            self.answers.tell(respond, BUSY)

    def _do(self, text: str, asker: Asker) -> None:
        verb, _, rest = text.partition(" ")
        verb, rest = verb.lower(), rest.strip()
        if verb == "search" and rest:
            self._search(rest, asker)
        elif verb in OF_ONE and rest:
            found = self._meant(verb, rest, asker)
            if found is not None:
                self._of_one(verb, found.company, found.number, asker)
        elif verb == "failing" and not rest:
            asker.tell(*care_lists.failing(self.rooms, self.rooms.seen_by(asker.person)))
        elif verb == "several" and not rest:
            offer_groups(self.rooms, self.rooms.seen_by(asker.person), asker)
        elif verb == "export":
            export(self.rooms, rest, self._configured(asker.person), asker)
        elif verb == "report":
            self.month_ends.ask(rest, self._configured(asker.person), asker)
        elif verb == "mine" and not rest:
            asker.tell(*care_lists.mine(self.rooms, asker.person, self.rooms.seen_by(asker.person)))
        elif verb == "snoozed" and not rest:
            asker.tell(*care_lists.snoozed(self.rooms, self.rooms.seen_by(asker.person)))
        elif verb == "sync" and not rest:
            self._sync(asker)
        elif not text or verb in VERBS:
            asker.tell(HELP)
        else:
            self._just(text, asker)

    def _sync(self, asker: Asker) -> None:
        for company in self.rooms.seen_by(asker.person):
            since = self.rooms.clock.now()
            self.rooms.deciding.look_again(company)
            remember(self.rooms, waits_for(asker.respond, company, Started.SYNC, "", since))
        self.rooms.wake.wake()
        asker.tell("A sync starts within seconds. You are told here how it ends.")

    def _of_one(self, verb: str, company: str, number: str, asker: Asker) -> None:
        """Does it for one payment, named by its whole number."""
        if company not in self.rooms.seen_by(asker.person):
            raise NotPermitted(NOBODY)
        with self.rooms.db.read() as connection:
            if payments.find(connection, company, number) is None:
                raise NotFound(f"{of_payment(number)} is not known here.")
        if verb in ("hide", "unhide"):
            told = hide(self.rooms, company, number, asker.person, hidden=verb == "hide")
            asker.tell(told, undo.button("hide", company, number) if verb == "hide" else ())
        elif verb in care_lists.BACK:
            asker.tell(care_lists.back(self.rooms, verb, company, number, asker.person))
        elif verb == "reopen":
            self.rooms.deciding.reopen(company, number, by=asker.person.id)
            asker.tell(f"{of_payment(number)} is open again. Nothing was posted.")
        elif verb == "why":
            asker.tell(*why.answer(self.rooms, company, number))
        else:
            drawn, companies = story.modal(self.rooms, company, number), self.rooms.seen_by(asker.person)
            asker.show(which_company.window_naming(drawn, self._company(company), companies))

    def _just(self, text: str, asker: Asker) -> None:
        """No verb: the one payment that is called so, or whatever search finds; else what may have been meant."""
        typed = search_text.read(text, self._configured(asker.person))
        if typed.wanted.text == text:
            with self.rooms.db.read() as connection:
                called = named.named(connection, typed.wanted.companies, text)
            if len(called) == 1 and called[0].kind in PAYMENTS:
                self._of_one("show", called[0].company, called[0].number, asker)
                return
        with self.rooms.db.read() as connection:
            results = finding.look(connection, typed)
            near = [] if results.page or results.hidden else named.near(connection, typed.wanted.companies, typed.wanted.text)
        if not (results.page or results.hidden):
            verb, _, rest = text.partition(" ")
            meant = get_close_matches(verb.lower(), VERBS, 1, NEAR_VERB)
            said = [*(f"{of} {rest}".strip() for of in meant), *near]
            asker.tell(f"Nothing here is called “{plain(text)}”.{_or_was_it(said)}", _suggested(said))
        else:
            asker.tell(*finding.drawn(results, self._company))

    def _meant(self, verb: str, rest: str, asker: Asker) -> Found | None:
        """The payment that a person means, or None where they are asked which, or told what is near."""
        typed = search_text.read(rest, self._configured(asker.person))
        companies, text = typed.wanted.companies, typed.wanted.text
        tried = [text, *(word for of in text.split() if (word := of.strip(_LOOSE)))]
        guess = next((word for word in tried[1:] if any(letter.isdigit() for letter in word)), text)
        with self.rooms.db.read() as connection:
            each = (named.payments_named(connection, companies, word) for word in tried)
            called = next((found for found in each if found), [])
            near = [] if called else named.near(connection, companies, guess)
        owners = [self.rooms.channels[of.company].company for of in called]
        if len(called) > 1 and len({of.number for of in called}) == 1:
            asker.tell(*which_company.question(verb, called[0].number, owners))
        elif len(called) > 1:
            asker.tell(*finding.which(called, verb, self._company))
        elif not called:
            search = "" if near else " Use /payments search with part of its number."
            said = [f"{verb} {of}" for of in near]
            asker.tell(f"{of_payment(guess)} is not known here.{search}{_or_was_it(near)}", _suggested(said, near))
        return called[0] if len(called) == 1 else None

    def _configured(self, person: Person) -> list[Company]:
        return [self._company(company) for company in self.rooms.seen_by(person)]

    def _search(self, text: str, asker: Asker) -> None:
        typed = search_text.read(text, self._configured(asker.person))
        with self.rooms.db.read() as connection:
            results = finding.look(connection, typed)
            nothing = not (results.page or results.hidden) and typed.wanted.text
            near = named.near(connection, typed.wanted.companies, typed.wanted.text) if nothing else []
        heading, blocks = finding.drawn(results, self._company)
        said = [f"search {of}" for of in near]
        asker.tell(heading + (f".{_or_was_it(near)}" if near else ""), [*blocks, *_suggested(said, near)])

    def _company(self, company: str) -> Company:
        return self.rooms.channels[company].company


def _or_was_it(near: list[str]) -> str:
    return f" Did you mean {listed([plain(of, NUMBER_AT_MOST) for of in near], last='or')}?" if near else ""


def _suggested(said: list[str], labels: list[str] | None = None) -> list[Block]:
    """A button for each thing that may have been meant."""
    if not said:
        return []
    return [buttons(*((plain(label, NUMBER_AT_MOST), text) for label, text in zip(labels or said, said, strict=True)))]
