"""The slash command /payments: search, show, failing, sync, hide, unhide, help. Answers only to whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

import rules
from bot import story, which_company
from bot.answers import BUSY, Answers
from bot.hiding import hide
from bot.people import NOBODY
from bot.rooms import Rooms
from bot.text import NUMBER_AT_MOST, Block, context, of_payment, overflow, resolve_now, section
from receivables.authority import Person, companies_of
from receivables.errors import NotPermitted, ReceivablesError
from receivables.words import Words, capitalized, counted, plain
from storage import failure_pages, failures, payments, search
from storage.failures import StoredFailure
from storage.feeds import DATABASE_SILENT
from storage.payments import StoredPayment
from storage.search import Found

SHOWN_AT_MOST = 12  # with a menu and a button each, well under Slack's 50 blocks
COMMAND = "/payments"
HELP = (
    "/payments search TEXT   part of a transaction number, a customer, an invoice number, or an amount\n"
    "/payments show NUMBER   one payment's full history\n"
    "/payments failing   the payments that are failing now\n"
    "/payments sync   sync with the books now\n"
    "/payments hide NUMBER, /payments unhide NUMBER   keep a payment out of lists and search\n"
    "/payments help   this list"
)


def register(app: App, rooms: Rooms, answers: Answers) -> None:
    """Adds the slash command."""
    commands = Commands(rooms, answers)
    app.command(COMMAND)(answers.aside(commands.asked))
    app.action("payment_menu")(answers.aside(commands.menu))
    app.action(which_company.ANSWERED)(answers.aside(commands.which))


class Commands:
    """The one listener and its verbs."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers

    def asked(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """Answers what was typed; somebody who is not configured gets one sentence and sees nothing."""
        verb, _, rest = str(body.get("text") or "").strip().partition(" ")
        ack()
        self._answered(
            body, respond, lambda person: self._do(verb.lower(), rest.strip(), person, body["trigger_id"], client, respond)
        )

    def which(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """The company of a number that several have: the same is done with what the person may do there alone."""
        verb, company, number = which_company.answered(body)
        ack()

        def do(person: Person) -> None:
            rights = tuple(right for right in person.rights if right.company == company)
            there = replace(person, rights=rights, reads=person.reads & {company})
            self._do(verb, number, there, body["trigger_id"], client, respond)

        self._answered(body, respond, do)

    def _answered(self, body: Mapping[str, Any], respond: Respond, do: Callable[[Person], None]) -> None:
        try:
            do(self.rooms.person(body))
        except ReceivablesError as error:
            self.answers.tell(respond, error.message)
        except DATABASE_SILENT:
            self.answers.tell(respond, BUSY)

    def menu(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """The three-dot menu of a row that was found. The company is one of the person's own, whatever the row says."""
        verb, _, reference = str(body["actions"][0]["selected_option"]["value"]).partition(" ")
        company, _, number = reference.partition(" ")
        ack()
        try:
            person = self.rooms.person(body)
            if company not in self._companies(person):
                raise NotPermitted(NOBODY)
            with self.rooms.db.read() as connection:
                stored = payments.find(connection, company, number)
            if stored is not None and verb == "payment-hide":
                self.answers.tell(respond, hide(self.rooms, company, number, person, hidden=True))
            elif stored is not None:
                self.answers.open(client, respond, body["trigger_id"], story.modal(self.rooms, company, number))
        except ReceivablesError as error:
            self.answers.tell(respond, error.message)
        except DATABASE_SILENT:
            self.answers.tell(respond, BUSY)

    def _do(self, verb: str, rest: str, person: Person, trigger_id: str, client: WebClient, respond: Respond) -> None:
        if verb == "search" and rest:
            self._search(rest, person, respond)
        elif verb == "failing":
            self._failing(person, respond)
        elif verb == "sync":
            for company in self._companies(person):
                self.rooms.deciding.look_again(company)
            self.rooms.wake.wake()
            self.answers.tell(respond, "A sync starts within seconds.")
        elif verb in ("show", "hide", "unhide") and rest:
            found = self._payments(rest, self._companies(person))
            if len(found) > 1:
                companies = [self.rooms.channels[stored.payment.company].company for stored in found]
                self.answers.tell(respond, *which_company.question(verb, rest, companies))
            elif not found:
                self.answers.tell(respond, f"{of_payment(rest)} is not known here. Use /payments search with part of its number.")
            elif verb == "show":
                view = story.modal(self.rooms, found[0].payment.company, found[0].number)
                self.answers.open(client, respond, trigger_id, view)
            else:
                told = hide(self.rooms, found[0].payment.company, found[0].number, person, hidden=verb == "hide")
                self.answers.tell(respond, told)
        else:
            self.answers.tell(respond, HELP)

    def _companies(self, person: Person) -> list[str]:
        """Those that this person sees."""
        return sorted(companies_of(person) & set(self.rooms.channels))

    def _payments(self, number: str, companies: Sequence[str]) -> list[StoredPayment]:
        with self.rooms.db.read() as connection:
            found = [payments.find(connection, company, number) for company in companies]
        return [stored for stored in found if stored is not None]

    def _search(self, text: str, person: Person, respond: Respond) -> None:
        companies = self._companies(person)
        with self.rooms.db.read() as connection:
            found = search.find(connection, search.Wanted(companies, text, search.PAYMENTS))
            documents = search.find(connection, search.Wanted(companies, text, search.DOCUMENTS))
            failing = failure_pages.open_among(connection, [(match.company, match.number) for match in found[:SHOWN_AT_MOST]])
            caveats = search.caveats(connection, companies)
        blocks: list[Block] = []
        for match in found[:SHOWN_AT_MOST]:
            blocks += _row(match, failing.get((match.company, match.number)), self._words(match.company))
        lines = [_document(match, self._words(match.company)) for match in documents[:SHOWN_AT_MOST]]
        if lines:
            blocks.append(section("In the books:\n" + "\n".join(lines)))
        more, count = len(found) - SHOWN_AT_MOST, counted(len(found), "payment")
        if len(found) == search.FOUND_AT_MOST:
            count = f"At least {count}"
            blocks.append(context(search.NOT_ALL))
        elif more > 0:
            blocks.append(context(f"{counted(more, 'more payment')}. Type more of the number or the name to narrow the search."))
        heading = f"{count} found for “{plain(text)}”" if blocks else f"Nothing found for “{plain(text)}”"
        self.answers.tell(respond, heading, [*blocks, *(context(caveat) for caveat in caveats)])

    def _failing(self, person: Person, respond: Respond) -> None:
        blocks: list[Block] = []
        with self.rooms.db.read() as connection:
            counts = failure_pages.count_open(connection, self._companies(person))
            shown: list[tuple[StoredFailure, StoredPayment]] = []
            for company in counts:
                if len(shown) == SHOWN_AT_MOST:
                    break
                found = failure_pages.page(connection, company, limit=SHOWN_AT_MOST - len(shown))
                stored = payments.by_numbers(connection, company, failures.transaction_numbers(found))
                shown += [(failure, stored[failure.transaction_number]) for failure in found]
        for failure, about in shown:
            blocks += _failure_row(failure, about, self._words(failure.company))
        count = sum(counts.values())
        if count > SHOWN_AT_MOST:
            blocks.append(context(f"{count - SHOWN_AT_MOST:,} more. resolve-now failures lists them all."))
        are = "is" if count == 1 else "are"
        self.answers.tell(respond, f"{counted(count, 'payment')} {are} failing." if count else "No payment is failing.", blocks)

    def _words(self, company: str) -> Words:
        return self.rooms.channels[company].company.words


def _row(found: Found, failing: StoredFailure | None, words: Words) -> list[Block]:
    reference = f"{found.company} {found.number}"
    options = [("Show full history", f"payment-story {reference}")]
    if failing is None:
        options.append(("Hide", f"payment-hide {reference}"))
    amount, state = words.money(found.amount_minor or 0, found.currency), "failing" if failing else found.state
    text = f"{plain(found.number, NUMBER_AT_MOST)}  {plain(found.name)}  {amount}  {state}"
    return [section(text, accessory=overflow("payment_menu", options)), *(_button(failing) if failing else [])]


def _failure_row(failure: StoredFailure, stored: StoredPayment, words: Words) -> list[Block]:
    payment = stored.payment
    cause = rules.title(failure.cause) if failure.cause else "Being checked"
    who = f"{plain(failure.transaction_number, NUMBER_AT_MOST)}  {plain(payment.customer)}"
    return [section(f"{who}  {words.money(payment.amount_minor, payment.currency)}  {cause}"), *_button(failure)]


def _button(failing: StoredFailure) -> list[Block]:
    return [{"type": "actions", "elements": [resolve_now(failing.id)]}]


def _document(found: Found, words: Words) -> str:
    worth = found.amount_minor is not None and found.currency
    amount = f"  {words.money(found.amount_minor or 0, found.currency)}" if worth else ""
    kind = capitalized(found.kind.replace("_", " "))
    return f"{kind} {plain(found.number or found.id, NUMBER_AT_MOST)}  {plain(found.name)}{amount}  {found.state}"
