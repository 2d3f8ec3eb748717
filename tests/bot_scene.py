"""A finance team in the practice workspace: the real bot over Socket Mode, real books, a clock driven by hand.

Everything is the product's own; only the clock and the feed are the test's. What the alarms would ring is called
directly (`carry_out`, `deliver`), so that no test waits for real seconds.
"""

from __future__ import annotations

import copy
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import templates
from makers import CountingIds, ManualClock, messages_waiting
from scene import PAID, Scene
from slack_bolt.request import BoltRequest
from slack_bolt.response import BoltResponse

from accounting.embedded.connector import EmbeddedBooks
from accounting.embedded.ledger import Ledger
from app.clock import random_bytes
from app.http import HttpServer
from app.settings_feeds import HttpSettings
from app.slack import open_bot
from app.wiring import House, open_house
from bot.bolt import Bot
from bot.manifest import manifest
from receivables.books_records import Invoice
from storage import audit, decisions
from storage.decisions import StoredDecision
from storage.watch import Watch
from sync import journey, preview, reconciliation, searching
from workspace.running import Workspace, start
from workspace.seed import PersonSeed, Seed

Json = dict[str, Any]
PATIENCE_SECONDS = 10.0  # real ones, for what happens in another thread
ROUNDS = 400  # of the outbox, until nothing waits
AFTER_PAID = datetime(2026, 3, 4, 17, 30, tzinfo=UTC)
SEED = Seed(
    team="Acme Networks (practice)",
    bot_name="resolve_now",
    people=(
        PersonSeed("dana", "Dana Reyes", "dana@example.com", "Controller"),
        PersonSeed("sam", "Sam Okafor", "sam@example.com", "Accounts receivable"),
        PersonSeed("bea", "Bea Bookkeeper", "bea@example.com", "Bookkeeper, may decide nothing"),
    ),
    channels=("payments-sync", "finance-leads"),
    groups={"finance": ("dana", "sam")},
).with_manifest(manifest())
HTTP_MODE = '[slack]\nmode = "http"\n[http]\nport = 0\n'
SETTINGS = """\
[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "on"
sync_every_minutes = 1
[company.books]
kind = "embedded"
file = "acme-books.sqlite"
[company.slack]
channel = "{cards}"
escalations = "{escalations}"
tell = ["{dana}"]

[[person]]
id = "dana"
name = "Dana Reyes"
slack = ["{team}/{dana}"]
[[person.may]]
company = "acme"
remedies = [
  "unapply_credit_memo", "recreate_receipt", "dismiss", "not_duplicate", "match", "apply_receipt", "keep_on_account",
  "post_on_open_day", "record_return", "void_receipt",
  "accept_correction", "retry", "wait",
]
limits = {{ USD = "10000.00" }}

[[person]]
id = "sam"
name = "Sam Okafor"
slack = ["{team}/{sam}"]
[[person.may]]
company = "acme"
remedies = [
  "unapply_credit_memo", "recreate_receipt", "dismiss", "not_duplicate", "match", "apply_receipt", "keep_on_account",
  "post_on_open_day", "record_return", "void_receipt",
  "accept_correction", "retry", "wait",
]
limits = {{ USD = "{sams_limit}" }}
"""


#: A second company, and Rosa, who decides there, and in the first one too where both have the same channel.
SECOND = """\
[[company]]
id = "birch"
name = "Birch Supply"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "on"
sync_every_minutes = 1
[company.books]
kind = "embedded"
file = "birch-books.sqlite"
[company.slack]
channel = "{cards}"

[[person]]
id = "rosa"
name = "Rosa Lind"
slack = ["{team}/{rosa}"]
"""
ROSA_MAY = """\
[[person.may]]
company = "{company}"
remedies = ["unapply_credit_memo", "dismiss", "retry"]
limits = {{ USD = "10000.00" }}
"""
ROSA = PersonSeed("rosa", "Rosa Lind", "rosa@example.com", "Controller of Birch Supply")


class SharedIds(CountingIds):
    """Ids that count up, also when several threads ask."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def new(self) -> str:
        with self._turn:
            return super().new()


@dataclass
class Bell:
    """Stands for the alarms: counts how often it was rung."""

    rung: int = 0

    def wake(self) -> None:
        self.rung += 1


@dataclass
class BotScene:
    """One company, its books, its people in the workspace, and the bot. `told` is every interaction the bot got."""

    books: Scene
    house: House
    bot: Bot
    workspace: Workspace
    clock: ManualClock
    bell: Bell
    told: list[Json] = field(default_factory=list)
    holding_back: bool = False
    server: HttpServer | None = None  # where Slack sends, over HTTP
    channel: str = "payments-sync"  # of its cards
    second: BotScene | None = None  # another company of the same house, with books of its own

    # --- what the alarms would do ---------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Rings the outbox, a second and more each time, until nothing waits; returns how many messages left."""
        sent = 0
        for _ in range(ROUNDS):
            with self.house.db.read() as connection:
                if messages_waiting(connection, self.books.desk.company.id) == 0:
                    return sent
            sent += self.ring()
        raise AssertionError("the outbox is never empty")

    def ring(self, seconds: float = 1.1) -> int:
        """One ring of the outbox, after some seconds."""
        self.clock.advance(seconds)
        return self.bot.outbox.run_once()

    def sync(self) -> None:
        """A whole sync, and everything shown."""
        self.clock.advance(1)
        self.books.sync()
        searching.run_once(self.books.desk)
        self.deliver()

    def carry_out(self) -> None:
        """What was decided is carried out and shown, as within seconds of a press."""
        self.clock.advance(1)
        journey.finish_once(self.books.desk)
        searching.run_once(self.books.desk)
        self.deliver()

    # --- Slack ----------------------------------------------------------------------------------------------------

    @property
    def cards_channel(self) -> str:
        return self.workspace.channels[self.channel]

    def messages(self, channel: str = "") -> list[Json]:
        """The messages of a channel without the replies in threads, oldest first."""
        found = self.workspace.messages(self.workspace.channels[channel or self.channel])
        return [message for message in found if message.get("thread_ts", message["ts"]) == message["ts"]]

    def card(self, number: str = "TXN-1") -> Json:
        """The one card of a payment."""
        (found,) = [message for message in self.messages() if f"Payment {number}" in message["text"]]
        return found

    def numbers(self, channel: str = "") -> list[str]:
        """The payments that have a card, in the order in which the cards stand."""
        named = [re.search(r"Payment (TXN-\d+)", message["text"]) for message in self.messages(channel)]
        return [found[1] for found in named if found]

    def calls(self, method: str) -> list[Json]:
        """The calls of one method that reached Slack, with their errors."""
        return [call for call in self.workspace.snapshot()["calls"] if call["method"] == method]

    def trail(self, card: Json) -> str:
        """Everything said in a card's thread."""
        found = self.workspace.messages(self.cards_channel)
        return "\n".join(message["text"] for message in found if message.get("thread_ts") == card["ts"] != message["ts"])

    def press(self, person: str, action: str, card: Json, *, choice: object = None) -> Json:
        """A person presses a button of a card; the answer is the workspace's."""
        block = next(
            block["block_id"]
            for block in card["blocks"]
            for element in (*block.get("elements", ()), block.get("accessory", {}))
            if element.get("action_id") == action
        )
        return self.workspace.press(
            self.workspace.people[person], block, action, channel=self.cards_channel, ts=card["ts"], choice=choice
        )

    def review(self, person: str) -> Json:
        """Opens the window of the request that the card shows; the window."""
        self.press(person, "review", self.card())
        view: Json = eventually(lambda: self.workspace.open_modal(self.workspace.people[person]))
        return view

    def says(self, person: str, verdict: str) -> None:
        """Reviews the request: "approve" or "decline"; who asked withdraws it, whatever the verdict."""
        view = self.workspace.open_modal(self.workspace.people[person]) or self.review(person)
        asked = "verdict" in [block.get("block_id") for block in view["blocks"]]
        self.workspace.submit(self.workspace.people[person], view["id"], {"verdict": {"verdict": verdict}} if asked else {})

    def held_back(self, person: str, action: str, card: Json) -> Json:
        """What Slack would deliver of a press, without the bot having got it; for `replay`."""
        self.holding_back = True
        self.press(person, action, card)
        self.holding_back = False
        return copy.deepcopy(self.told[-1])

    def answers(self, person: str) -> list[str]:
        """What only this person was told, oldest first."""
        told = self.workspace.snapshot()["ephemerals"]
        return [reply["message"]["text"] for reply in told if reply["person"] == self.workspace.people[person]]

    def answered(self, person: str, words: str) -> str:
        """Waits until the newest answer to this person contains these words, and returns it."""
        return str(eventually(lambda: next((answer for answer in self.answers(person)[-1:] if words in answer), "")))

    def replay(self, body: Json) -> int:
        """Delivers an interaction to the bot once more, perhaps changed on the way; returns the HTTP status."""
        body = copy.deepcopy(body)
        return int(self.bot.app.dispatch(BoltRequest(body=body, mode="socket_mode")).status)

    # --- our rows -------------------------------------------------------------------------------------------------

    def decisions(self, number: str = "TXN-1") -> Sequence[StoredDecision]:
        with self.house.db.read() as connection:
            return decisions.of_payment(connection, self.books.desk.company.id, number)

    def audit_actions(self, number: str = "TXN-1") -> list[str]:
        with self.house.db.read() as connection:
            return [row.action for row in audit.rows(connection, self.books.desk.company.id, number)]

    def proof(self) -> dict[str, int]:
        """How many payments stand so in the proof of now, which finds nothing that does not add up."""
        proven = reconciliation.run_once(self.books.desk)
        assert [] == [found.text for found in proven.discrepancies]
        return {standing.value: held.count for standing, held in proven.standings.items() if held.count}

    # --- situations -----------------------------------------------------------------------------------------------

    def paid(self, amounts: Mapping[str, int] | None = None) -> dict[str, Invoice]:
        """An invoice of Hooli for each amount, paid in full by TXN-1, TXN-2 ... Nothing is synced yet."""
        hooli = self.books.customer()
        invoices = {number: self.books.invoice(number, hooli, minor) for number, minor in (amounts or {"1042": 50_000}).items()}
        preview.run_once(self.books.desk)  # reads the books, as a sync before the payment would have
        for place, invoice in enumerate(invoices.values(), start=1):
            self.books.pay(f"TXN-{place}", invoice.total_minor, {invoice.number: invoice.total_minor}, paid_at=PAID)
        return invoices

    def credited(self, *amounts: int, credit_minor: int = 12_000) -> None:
        """Payments from TXN-1 on, each of an invoice to which Bea applied a credit memo after it was paid. Synced and shown."""
        numbers = {str(1042 + place): amount for place, amount in enumerate(amounts or (50_000,))}
        for number, invoice in self.paid(numbers).items():
            self.credit(invoice, f"CM-{number}", credit_minor)
        self.sync()

    def credit(self, invoice: Invoice, number: str, minor: int) -> None:
        day = AFTER_PAID.date()
        memo = self.books.ledger.add_credit_memo(
            number, invoice.customer_id, minor, "USD", day, by="Bea Bookkeeper", at=AFTER_PAID
        )
        self.books.ledger.apply_credit(memo.id, invoice.id, minor, by="Bea Bookkeeper", at=AFTER_PAID)

    def entered_by_hand(self) -> None:
        """Bea entered the receipt of TXN-1 herself. Synced and shown."""
        invoice = self.paid()["1042"]
        self.books.ledger.enter_receipt(
            invoice.customer_id, invoice.total_minor, "USD", PAID.date(), by="Bea Bookkeeper",
            lines=[(invoice.id, invoice.total_minor)], reference="TXN-1", method="card", at=AFTER_PAID,
        )  # fmt: skip
        self.sync()

    def recreated_twice(self) -> tuple[Invoice, Invoice]:
        """The invoice of TXN-1 was deleted, and two may have taken its place. Synced and shown."""
        invoice = self.paid()["1042"]
        first = self.books.ledger.recreate_invoice(invoice.id, by="Bea Bookkeeper", at=AFTER_PAID)
        hooli = next(customer for customer in self.books.ledger.customers() if customer.name == "Hooli")
        second = self.books.invoice(first.number, hooli, 50_000, at=AFTER_PAID)
        self.sync()
        return first, second

    def fitting(self, count: int) -> None:
        """So many payments more, whose invoices are as they were. Not synced yet."""
        globex = self.books.customer("Globex")
        numbers = [str(3000 + place) for place in range(count)]
        for number in numbers:
            self.books.invoice(number, globex, 700)
        preview.run_once(self.books.desk)
        for number in numbers:
            self.books.pay(f"FIT-{number}", 700, {number: 700}, customer="Globex")

    def many_failing(self, count: int) -> None:
        """So many payments at once whose invoices were voided. Not synced yet."""
        for invoice in self.paid({str(2000 + place): 1_000 + place for place in range(1, count + 1)}).values():
            self.books.ledger.void_invoice(invoice.id, by="Bea Bookkeeper", at=AFTER_PAID)


def eventually(holds: Callable[[], Any]) -> Any:
    """Waits until something holds and returns it; fails the test when it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError("it never happened")


def write_slack_settings(folder: Path, workspace: Workspace, *, sams_limit: str = "100.00") -> Path:
    """A configuration for the workspace: Dana decides up to 10,000.00, Sam up to his limit, Bea nothing."""
    config = folder / "resolve-now.toml"
    text = SETTINGS.format(
        cards=workspace.channels["payments-sync"],
        escalations=workspace.channels["finance-leads"],
        team=workspace.team_id,
        dana=workspace.people["dana"],
        sam=workspace.people["sam"],
        sams_limit=sams_limit,
    )
    config.write_text(text, encoding="utf-8")
    return config


def slack_environment(workspace: Workspace) -> dict[str, str]:
    """What a process needs in its environment to find the workspace."""
    return {
        "RESOLVE_NOW_SLACK_BOT_TOKEN": workspace.bot_token,
        "RESOLVE_NOW_SLACK_APP_TOKEN": workspace.app_token,
        "RESOLVE_NOW_SLACK_SIGNING_SECRET": workspace.signing_secret,  # of no use in Socket Mode
        "RESOLVE_NOW_SLACK_BASE_URL": workspace.api_url,
    }


def add_second_company(config: Path, workspace: Workspace, channel: str) -> None:
    """Adds Birch Supply, whose cards go to this channel, to a configuration, and Rosa."""
    cards = workspace.channels[channel]
    is_shared = cards in config.read_text(encoding="utf-8")
    text = SECOND.format(cards=cards, team=workspace.team_id, rosa=workspace.people["rosa"])
    text += "".join(ROSA_MAY.format(company=company) for company in (["birch", "acme"] if is_shared else ["birch"]))
    config.write_text(config.read_text(encoding="utf-8") + text, encoding="utf-8")


@contextmanager
def a_bot_scene(
    folder: Path, *, listening: bool = True, url: str = "", over_http: bool = False, seed: Seed = SEED, second: str = ""
) -> Iterator[BotScene]:
    """Everything started, and stopped again. With `listening` off, only the outbox works; `url` is another database.

    With `over_http` Slack sends signed requests to our own server instead. `second` is the channel of a second company.
    """
    if second:
        seed = replace(seed, people=(*seed.people, ROSA), channels=tuple(dict.fromkeys((*seed.channels, second))))
    clock, bell = ManualClock(), Bell()
    before = set(threading.enumerate())
    with start(
        folder, now=lambda: clock.now().timestamp(), seed=seed, messages_per_second=0.0, random_bytes=random_bytes
    ) as workspace:
        config = write_slack_settings(folder, workspace)
        if second:
            add_second_company(config, workspace, second)
        if over_http:
            config.write_text(HTTP_MODE + config.read_text())
        templates.new_database(folder)
        ledgers = {
            company: Ledger(folder / f"{company}-books.sqlite", clock) for company in ("acme", "birch")[: 2 if second else 1]
        }
        books = {company: EmbeddedBooks(ledger, clock) for company, ledger in ledgers.items()}
        elsewhere = {"RESOLVE_NOW_DATABASE_URL": url} if url else {}
        opened = open_house(config, {**slack_environment(workspace), **elsewhere})
        house = replace(opened, clock=clock, watch=Watch(clock), ids=SharedIds(), books_of=lambda company: books[company.id])
        bot = open_bot(house, bell)
        assert bot is not None
        scenes = {company: Scene(house.db, ledger, clock, house.desk(company)) for company, ledger in ledgers.items()}
        made = BotScene(scenes["acme"], house, bot, workspace, clock, bell)
        if second:
            made.second = replace(made, books=scenes["birch"], channel=second)
        _listen_in(made)
        try:
            if over_http:
                made.server = HttpServer(house, HttpSettings(port=0), bot)
                made.server.start()
                workspace.deliver_to(f"http://127.0.0.1:{made.server.port}/slack/events")
            elif listening:
                bot.start()
                eventually(lambda: workspace.snapshot()["connections"] == 1)
            yield made
        finally:
            if made.server is not None:
                made.server.stop()
            bot.stop()
            house.db.close()
            for ledger in ledgers.values():
                ledger.close()
    eventually(lambda: set(threading.enumerate()) <= before)  # nothing of it is left running


def _listen_in(made: BotScene) -> None:
    """Remembers every interaction before the bot answers it."""

    def remember(body: Json, next: Callable[[], Any]) -> Any:
        made.told.append(copy.deepcopy(body))
        return BoltResponse(status=200) if made.holding_back else next()

    made.bot.app.middleware(remember)
