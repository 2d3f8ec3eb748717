"""The slash command /payments: search, show, failing, sync, hide, unhide, help. Answers only to whoever asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot import story
from bot.cards import context
from bot.hiding import hide
from bot.people import NOBODY, person_of
from bot.rooms import Rooms
from bot.text import Block, fallback, money, plain, safe
from bot.words import CAUSES
from receivables.authority import Person
from receivables.errors import ReceivablesError
from storage import failures, payments, search
from storage.failures import StoredFailure
from storage.payments import StoredPayment
from storage.search import Found

SHOWN_AT_MOST = 12  # with a menu and a button each, well under Slack's 50 blocks
COMMAND = "/payments"
HELP = (
    "/payments search TEXT   part of a transaction number, a customer, an invoice number, or an amount\n"
    "/payments show NUMBER   one payment's story\n"
    "/payments failing   what is failing now\n"
    "/payments sync   look at the books now\n"
    "/payments hide NUMBER, /payments unhide NUMBER   keep a payment out of lists and search\n"
    "/payments help   this"
)


def register(app: App, rooms: Rooms) -> None:
    """Adds the slash command."""
    commands = Commands(rooms)
    app.command(COMMAND)(commands.asked)
    app.action("payment_menu")(commands.menu)


class Commands:
    """The one listener and its verbs."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    def asked(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """Answers what was typed; nobody configured gets one sentence and sees nothing."""
        verb, _, rest = str(body.get("text") or "").strip().partition(" ")
        rest = rest.strip()
        person = person_of(self.rooms.people, body)
        ack()
        if person is None:
            _say(respond, NOBODY)
            return
        try:
            self._do(verb.lower(), rest, person, body, client, respond)
        except ReceivablesError as error:
            _say(respond, error.message)

    def menu(self, ack: Ack, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        """The three-dot menu of a row that was found. The company is one of the person's own, whatever the row says."""
        verb, _, reference = str(body["actions"][0]["selected_option"]["value"]).partition(" ")
        company, _, number = reference.partition(" ")
        person = person_of(self.rooms.people, body)
        ack()
        if person is None or company not in self._companies(person):
            _say(respond, NOBODY)
            return
        with self.rooms.db.read() as connection:
            stored = payments.find(connection, company, number)
        if stored is not None and verb == "payment-hide":
            _say(respond, hide(self.rooms, company, number, person, hidden=True))
        elif stored is not None:
            client.views_open(trigger_id=body["trigger_id"], view=story.modal(self.rooms, company, number))

    def _do(self, verb: str, rest: str, person: Person, body: Mapping[str, Any], client: WebClient, respond: Respond) -> None:
        if verb == "search" and rest:
            self._search(rest, person, respond)
        elif verb == "failing":
            self._failing(person, respond)
        elif verb == "sync":
            for company in self._companies(person):
                self.rooms.deciding.look_again(company)
            self.rooms.wake.wake()
            _say(respond, "A sync begins within seconds.")
        elif verb in ("show", "hide", "unhide") and rest:
            stored = self._payment(rest, person)
            if stored is None:
                _say(respond, f"There is no payment {safe(rest, 64)} here. /payments search finds parts of numbers.")
            elif verb == "show":
                view = story.modal(self.rooms, stored.payment.company, stored.number)
                client.views_open(trigger_id=body["trigger_id"], view=view)
            else:
                _say(respond, hide(self.rooms, stored.payment.company, stored.number, person, hidden=verb == "hide"))
        else:
            _say(respond, HELP)

    def _companies(self, person: Person) -> list[str]:
        """Where this person may decide something; the others they do not see."""
        return sorted({right.company for right in person.rights} & set(self.rooms.channels))

    def _payment(self, number: str, person: Person) -> StoredPayment | None:
        with self.rooms.db.read() as connection:
            found = [payments.find(connection, company, number) for company in self._companies(person)]
        return next((one for one in found if one is not None), None)

    def _search(self, text: str, person: Person, respond: Respond) -> None:
        companies = self._companies(person)
        with self.rooms.db.read() as connection:
            found = search.payments(connection, companies, text, include_hidden=False)
            documents = search.documents(connection, companies, text, kind=None)
            open_ones = {one.number: failures.open_of(connection, one.company, one.number) for one in found[:SHOWN_AT_MOST]}
        blocks: list[Block] = []
        for one in found[:SHOWN_AT_MOST]:
            blocks += _row(one, open_ones[one.number])
        lines = [_document(one) for one in documents[:SHOWN_AT_MOST]]
        if lines:
            blocks.append({"type": "section", "text": plain("In the books:\n" + "\n".join(lines))})
        more = len(found) - SHOWN_AT_MOST
        if more > 0:
            blocks.append(context(f"{more} more payments; say more of the number or the name."))
        _say(
            respond,
            f"Found for {safe(text)}: {len(found)} payments" if blocks else f"Nothing here contains {safe(text)}.",
            blocks,
        )

    def _failing(self, person: Person, respond: Respond) -> None:
        blocks: list[Block] = []
        count = 0
        for company in self._companies(person):
            with self.rooms.db.read() as connection:
                found = failures.open_ones(connection, company)
                shown = found[: SHOWN_AT_MOST - len(blocks) // 2]
                stored = payments.by_numbers(connection, company, {one.transaction_number for one in shown})
            count += len(found)
            for one in shown:
                blocks += _failure_row(one, stored[one.transaction_number])
        if count > SHOWN_AT_MOST:
            blocks.append(context(f"{count - SHOWN_AT_MOST} more; `resolve-now failures` lists them all."))
        _say(respond, f"{count} payments are failing." if count else "No payment is failing.", blocks)


def _row(one: Found, failing: StoredFailure | None) -> list[Block]:
    amount = money(one.amount_minor or 0, one.currency)
    text = f"{safe(one.number, 64)}  {safe(one.name)}  {amount}  {'failing' if failing else one.state}"
    reference = f"{one.company} {one.number}"
    options = [("Show the whole story", f"payment-story {reference}")]
    if failing is None:
        options.append(("Hide", f"payment-hide {reference}"))
    menu: Block = {
        "type": "overflow",
        "action_id": "payment_menu",
        "options": [{"text": plain(label, 75), "value": value[:150]} for label, value in options],
    }
    blocks: list[Block] = [{"type": "section", "text": plain(text), "accessory": menu}]
    return blocks + ([_resolve_now(failing)] if failing else [])


def _failure_row(one: StoredFailure, stored: StoredPayment) -> list[Block]:
    payment = stored.payment
    cause = CAUSES[one.cause] if one.cause else "being looked at"
    text = (
        f"{safe(one.transaction_number, 64)}  {safe(payment.customer)}  {money(payment.amount_minor, payment.currency)}  {cause}"
    )
    return [{"type": "section", "text": plain(text)}, _resolve_now(one)]


def _resolve_now(one: StoredFailure) -> Block:
    button = {"type": "button", "action_id": "resolve_now", "text": plain("Resolve Now", 75), "value": one.id}
    return {"type": "actions", "elements": [button]}


def _document(one: Found) -> str:
    amount = f"  {money(one.amount_minor, one.currency)}" if one.amount_minor is not None and one.currency else ""
    return f"{one.kind} {safe(one.number or one.id, 64)}  {safe(one.name)}{amount}  {one.state}"


def _say(respond: Respond, text: str, blocks: Sequence[Block] = ()) -> None:
    head: Block = {"type": "section", "text": plain(text)}
    respond(text=fallback(text), blocks=[head, *blocks], response_type="ephemeral", replace_original=False)
