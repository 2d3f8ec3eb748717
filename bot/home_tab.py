"""The Home tab is published when a person opens it, when they press something of it, and after what they did elsewhere."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import structlog
from slack_bolt import Ack, App, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import found as finding
from bot.answers import Answers
from bot.home import ROWS, WINDOW, HomeFacts, ages, home, nobody, pages
from bot.looking import AGAIN, CHOSEN, TURN, TYPED, Looking
from bot.people import NOBODY, pressed_by
from bot.rooms import Rooms
from bot.slack_errors import trouble_of
from bot.text import Block
from receivables.authority import Person
from receivables.errors import NotPermitted, ReceivablesError
from storage import overview, search_text
from storage.feeds import DATABASE_SILENT
from storage.overview import Asked

AFTER_SECONDS = (1.0, 6.0)  # after an act: by then it is recorded, and then it was carried out
REMEMBERED = 500  # people whose page is kept up to date by this process
_ACTS = ("block_actions", "view_submission")

Body = Mapping[str, Any]

log = structlog.get_logger()


def register(app: App, rooms: Rooms, answers: Answers) -> HomeTab:
    """Adds the listeners of the Home tab."""
    tab = HomeTab(rooms)
    app.middleware(tab.noticed)
    app.event("app_home_opened")(answers.aside(tab.opened))
    app.action(re.compile(f"(?:{TURN}|{CHOSEN}|{TYPED}|{AGAIN})(?:/.*)?"))(answers.aside(tab.pressed))
    return tab


class Whose(NamedTuple):
    """A person's page in their workspace, or in the organization."""

    place: str
    user: str


class HomeTab:
    """Draws and publishes. What each person looks at is in their view; here it is remembered only to publish it again."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self._turn = threading.Lock()
        self._looking: OrderedDict[Whose, Looking] = OrderedDict()
        self._timers: dict[Whose, list[threading.Timer]] = {}

    def opened(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:  # noqa: ARG002  # as below
        """Somebody looks at it."""
        event = body["event"]
        if event.get("tab") == "home":
            self.publish(body, client, Looking.read(event.get("view") or {}))

    def pressed(self, ack: Ack, body: Body, client: WebClient, respond: Respond) -> None:  # noqa: ARG002  # done aside
        """Another page or company, a search, or just again."""
        ack()
        looking = Looking.read(body.get("view") or {}).after(body["actions"][0])
        self.publish(body, client, looking)

    def noticed(self, body: Body, client: WebClient, next: Callable[[], BoltResponse]) -> BoltResponse:
        """A middleware: after somebody did something, their page is published again."""
        whose = _whose(body)
        if (body.get("type") in _ACTS or body.get("command")) and whose in self._looking and not _is_ours(body):
            self._later(whose, lambda: self.publish(body, client, self._looking.get(whose, Looking())))
        return next()

    def publish(self, body: Body, client: WebClient, looking: Looking) -> None:
        """Draws the page of whoever is behind this payload, and publishes it."""
        try:
            view = self.view(self.rooms.person(body), looking)
        except NotPermitted as refused:
            view = nobody(refused.message)
        except (ReceivablesError, *DATABASE_SILENT) as error:
            log.warning("home_not_drawn", error=type(error).__name__)
            return
        whose = _whose(body)
        with self._turn:
            self._looking[whose] = looking
            self._looking.move_to_end(whose)
            while len(self._looking) > REMEMBERED:
                self._looking.popitem(last=False)
        try:
            client.views_publish(user_id=whose.user, view=view)
        except (SlackClientError, OSError) as error:  # hash_conflict: a newer one is there; not_enabled: there is no such tab
            log.warning("home_not_published", error=trouble_of(error).word)

    def view(self, person: Person, looking: Looking) -> Block:
        """The page as a person sees it. Raises NotPermitted where they see no company."""
        seen = [self.rooms.channels[of].company for of in self.rooms.seen_by(person)]
        if not seen:
            raise NotPermitted(NOBODY)
        company = next((of for of in seen if of.id == looking.company), seen[0])
        now = self.rooms.clock.now()
        with self.rooms.db.read() as connection:
            asked = Asked(company.id, person.id, now, ages(company, now), WINDOW, rows=0 if looking.search else ROWS)
            shown = overview.read(connection, replace(asked, place=(looking.page - 1) * ROWS))
            if looking.page > pages(shown):  # fewer fail than when it was turned to
                looking = replace(looking, page=pages(shown))
                shown = overview.read(connection, replace(asked, place=(looking.page - 1) * ROWS))
            found, problem = None, ""
            if looking.search:
                try:
                    found = finding.look(connection, search_text.read(looking.search, seen))
                except search_text.NotUnderstood as error:
                    problem = error.message
        return home(HomeFacts(looking, person, seen, company, shown, self.rooms.people, now, found, problem))

    def stop(self) -> None:
        """Nothing more is published."""
        with self._turn:
            timers = [timer for of in self._timers.values() for timer in of]
            self._timers.clear()
            self._looking.clear()
        for timer in timers:
            timer.cancel()
            timer.join()

    def _later(self, whose: Whose, do: Callable[[], object]) -> None:
        """Does it after a moment, and once more; what an act before wanted to do later is not done besides."""
        timers = [threading.Timer(seconds, do) for seconds in AFTER_SECONDS]
        with self._turn:
            for timer in self._timers.pop(whose, []):
                timer.cancel()
            self._timers[whose] = timers
        for timer in timers:
            timer.daemon = True
            timer.start()


def _whose(body: Body) -> Whose:
    """Whose page it is: the same id in another workspace is somebody else. What they may see is asked anew each time."""
    pressed = pressed_by(body)
    return Whose(pressed.place, pressed.user)


def _is_ours(body: Body) -> bool:
    """Something that draws the page anyway."""
    return any(re.match(f"{TURN}|{CHOSEN}|{TYPED}|{AGAIN}", str(action.get("action_id"))) for action in body.get("actions") or ())
