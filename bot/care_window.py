"""The window in which a failure is given to somebody or set aside until a day.

It carries the opaque id of the failure; who may do what is asked when it is confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App, Respond

from bot import undo
from bot.answers import BUSY, Answers, not_recorded
from bot.inputs import choice, entry
from bot.modals import Shown
from bot.replies import Reply
from bot.rooms import Rooms
from bot.text import PERSON_AT_MOST, Block, context, of_payment, plain_text
from bot.which_company import window_naming
from receivables.authority import Person, decides_at, sees
from receivables.errors import ReceivablesError, StaleDecision
from receivables.words import plain
from storage import care, failures, payments
from storage.care import NOTE_AT_MOST, Care
from storage.failures import StoredFailure
from storage.feeds import DATABASE_SILENT
from storage.payments import StoredPayment

CALLBACK = "care"
NOBODY = "-"  # no person's id looks so
PEOPLE_AT_MOST = 100  # Slack takes no more in one list
GONE = "This payment has no open failure any more."
Body = Mapping[str, Any]


def opened(rooms: Rooms, failure_id: str, person: Person, channel: str) -> Block:
    """The window for a failure, opened in this channel. Raises StaleDecision."""
    found, stored, held = _look(rooms, failure_id, person)
    drawn = {**_window(found, stored, held, rooms, person), "private_metadata": Shown(found.id, channel=channel).carried}
    return window_naming(drawn, rooms.channels[found.company].company, rooms.seen_by(person))


def _window(found: StoredFailure, stored: StoredPayment, held: Care, rooms: Rooms, person: Person) -> Block:
    """Whom to give it to, what to tell them, and until when to set it aside; who only reads can take it or give it back."""
    words, decides = rooms.channels[found.company].company.words, decides_at(person, found.company)
    payment = stored.payment
    amount = words.money(payment.amount_minor, payment.currency)
    blocks = [context(of_payment(stored.number), plain(payment.customer), amount), _assignee(found, held, rooms, person)]
    if decides:
        note = {"type": "plain_text_input", "action_id": "note", "multiline": True, "max_length": NOTE_AT_MOST}
        blocks.append(entry("note", "What to do", note, optional=True, hint="Told to them in a direct message."))
        day: Block = {"type": "datepicker", "action_id": "until"}
        if held.snoozed_until is not None:
            day["initial_date"] = rooms.channels[found.company].company.day_of(held.snoozed_until).isoformat()
        hint = "Until that morning it is listed apart. It is back at once if its cause changes. Empty: not snoozed."
        blocks.append(entry("until", "Snooze until", day, optional=True, hint=hint))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text("Assign or snooze", 24),
        "submit": plain_text("Save", 24),
        "close": plain_text("Close", 24),
        "blocks": blocks,
    }


def _assignee(found: StoredFailure, held: Care, rooms: Rooms, person: Person) -> Block:
    may_get_it = [of for of in rooms.people.values() if sees(of, found.company)]
    if not decides_at(person, found.company):
        may_get_it = [of for of in may_get_it if of.id in (person.id, held.assignee)]
    people = sorted(may_get_it, key=lambda of: (of.id != person.id, of.name))[: PEOPLE_AT_MOST - 1]
    listed = [choice(plain(of.name, PERSON_AT_MOST) + (" (you)" if of.id == person.id else ""), of.id) for of in people]
    listed.insert(0, choice("Nobody", NOBODY))
    chosen = next((of for of in listed if of["value"] == held.assignee), listed[0])
    element = {"type": "static_select", "action_id": "assignee", "options": listed, "initial_option": chosen}
    return entry("assignee", "Assigned to", element)


def register(app: App, rooms: Rooms, answers: Answers) -> None:
    """Adds the listener of the window."""
    app.view(CALLBACK)(Confirmed(rooms, answers).submitted)


class Confirmed:
    """What is done when the window is confirmed."""

    def __init__(self, rooms: Rooms, answers: Answers) -> None:
        self.rooms = rooms
        self.answers = answers

    def submitted(self, ack: Ack, body: Body, view: Body, respond: Respond) -> None:
        """Assigns and snoozes what changed; what is wrong is said in the window."""
        try:
            told, offered = self._do(self.rooms.person(body), view)
        except ReceivablesError as error:
            ack(response_action="errors", errors={"assignee": error.message[:2000]})
            return
        except DATABASE_SILENT as error:
            not_recorded(error)
            ack(response_action="errors", errors={"assignee": BUSY})
            return
        ack(response_action="clear")
        self.rooms.wake.wake()
        if isinstance(respond, Reply):
            respond.channel = Shown.read(view).channel  # what Slack says of a window names none
        self.answers.tell(respond, told, offered)

    def _do(self, person: Person, view: Body) -> tuple[str, list[Block]]:
        """Returns what to tell the person, and the button that undoes it."""
        found, _, held = _look(self.rooms, Shown.read(view).failure_id, person)
        values: Mapping[str, Any] = view.get("state", {}).get("values", {})
        chosen = _given(values, "assignee").get("selected_option") or {}
        to = str(chosen.get("value") or NOBODY)
        note, until = str(_given(values, "note").get("value") or "").strip(), _given(values, "until").get("selected_date")
        assignee, company = (None if to == NOBODY else to), self.rooms.channels[found.company].company
        before = None if held.snoozed_until is None else company.day_of(held.snoozed_until).isoformat()
        told, offered = [], list[Block]()
        if "until" in values and until != before:
            told.append(self.rooms.deciding.snooze(found.company, found.id, until or "", by=person.id))
            offered = undo.button("snooze", found.company, found.transaction_number) if until else []
        if assignee != held.assignee or note:
            told.append(self.rooms.deciding.assign(found.company, found.id, assignee, by=person.id, note=note))
            offered = offered or (undo.button("assign", found.company, found.transaction_number) if assignee else [])
        return " ".join(told) or "Nothing was changed.", offered


def _given(values: Mapping[str, Any], block: str) -> Mapping[str, Any]:
    return values.get(block, {}).get(block) or {}


def _look(rooms: Rooms, failure_id: str, person: Person) -> tuple[StoredFailure, StoredPayment, Care]:
    """An open failure that this person sees, its payment, and who has it. Raises StaleDecision."""
    with rooms.db.read() as connection:
        found = failures.find(connection, failure_id)
        if found is None or found.state != "open" or not sees(person, found.company):
            raise StaleDecision(GONE)
        stored = payments.by_numbers(connection, found.company, [found.transaction_number])[found.transaction_number]
        return found, stored, care.of_failure(connection, found.company, found.id)
