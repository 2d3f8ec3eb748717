"""Scenes that a visitor of the live demo starts by a button: a setting of the books goes wrong, and is put right.

With the setting on, the books apply credit memos by themselves and take what a dozen payments were meant for: one incident
with one remedy for all, and an escalation, because ten percent and more of the payments fail. Turned off, business goes on,
and with enough payments that are posted as usual comes the all-clear.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from slack_bolt import Ack, App, Respond

from accounting.embedded.ledger import Ledger
from app.demo import company
from app.demo.company import CUSTOMERS
from bot.text import answer, button, section
from feeds.csv_file import CsvFile
from receivables.money import text_from_minor
from receivables.ports import Wake
from receivables.words import counted
from storage import attempts, companies
from sync import escalation, intake, mirroring
from sync.desk import Desk

GOES_WRONG, PUT_RIGHT = "demo/goes_wrong", "demo/put_right"
BROKEN = 12
OPENING = 150  # payments of the days before that were posted as usual: the failures of the opening stay under 7 %
FIRST_BROKEN, FIRST_HEALTHY = 4001, 5001  # invoice numbers
SHOPS = ("Acacia", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gum Tree", "Hazel", "Ironwood", "Juniper", "Katsura", "Linden")
WELCOME = (
    "Scenes of this demo. First let a setting go wrong, look at the cards in #payments-sync and #finance-leads, and use the "
    "button for all payments. Then put the setting right: with the payments that follow comes the all-clear."
)


@dataclass
class Scenes:
    """What the buttons do. One at a time, whoever presses."""

    desk: Desk
    ledger: Ledger
    folder: Path
    wake: Wake
    turn: threading.Lock = field(default_factory=threading.Lock)
    broken: int = 0  # payments so far that a setting broke
    healthy: int = 0  # and that nothing broke

    def register(self, app: App) -> None:
        """Adds the buttons to the demo's bot; the product's own bot never has them."""
        app.action(GOES_WRONG)(lambda ack, respond: self._played(ack, respond, self.go_wrong))
        app.action(PUT_RIGHT)(lambda ack, respond: self._played(ack, respond, self.put_right))

    def offer(self, post: Callable[..., object], channel: str) -> None:
        """Posts the buttons into the channel."""
        buttons = [button(GOES_WRONG, "A setting goes wrong", "demo"), button(PUT_RIGHT, "Put the setting right", "demo")]
        blocks: list[dict[str, Any]] = [section(WELCOME), {"type": "actions", "elements": buttons}]
        post(channel=channel, text=WELCOME, blocks=blocks)

    def _played(self, ack: Ack, respond: Respond, scene: Callable[[], str]) -> None:
        ack()
        with self.turn:
            told = scene()
            with self.desk.work() as work:
                companies.want_sync(work)
            self.wake.wake()
            answer(respond, told)

    def business(self, count: int = OPENING) -> None:
        """So many payments that are posted as usual."""
        first = FIRST_HEALTHY + self.healthy
        self.healthy += count
        customers = {customer.name: customer.id for customer in self.ledger.customers()}
        bills = [
            (str(first + place), CUSTOMERS[place % len(CUSTOMERS)], 4_000 + place * 1_300 % 60_000) for place in range(count)
        ]
        for number, name, amount in bills:
            self._invoice(number, customers[name], amount)
        mirroring.run_once(self.desk)
        self._take_in(bills, self.desk.clock.now())

    def go_wrong(self, count: int = BROKEN) -> str:
        """Customers pay; then the books apply credit memos to what they paid, by a setting that somebody turned on."""
        first = FIRST_BROKEN + self.broken
        bills = [
            (str(first + place), f"{SHOPS[place % len(SHOPS)]} Supply {first + place}", 30_000 + place * 4_500)
            for place in range(count)
        ]
        self.broken += count
        customers = {name: self.ledger.add_customer(name, by=company.BOOKKEEPER).id for _, name, _ in bills}
        for number, name, amount in bills:
            self._invoice(number, customers[name], amount)
        mirroring.run_once(self.desk)  # the invoices are seen as the customers saw them
        paid_at = self.desk.clock.now()
        self.ledger.set_auto_apply_credits(True, by=company.BOOKKEEPER)
        today, afterward = self.desk.company.day_of(paid_at), paid_at + timedelta(seconds=1)
        for number, name, amount in bills:
            memo, credit = f"CM-{number}", amount // 5
            self.ledger.add_credit_memo(memo, customers[name], credit, "USD", today, by=company.BOOKKEEPER, at=afterward)
        self._take_in(bills, paid_at)
        paid = counted(count, "customer")
        return (
            f"{paid} paid. Then somebody turned on “Automatically apply credits” in the books, and a credit memo came for each."
        )

    def put_right(self) -> str:
        """The setting is turned off, and so many payments are posted as usual that the failures are few again."""
        self.ledger.set_auto_apply_credits(False, by=company.BOOKKEEPER)
        with self.desk.db.read() as connection:
            week = attempts.tally_since(connection, self.desk.company.id, self.desk.clock.now() - escalation.WINDOWS["7 days"])
        enough = week.failed * 1_000 // (self.desk.company.large_percentage * escalation.CLEARED_UNDER) + 1
        missing = max(enough - week.attempted, escalation.ATTEMPTED_AT_LEAST)
        self.business(missing)
        return f"“Automatically apply credits” is off again, and {counted(missing, 'payment')} came in as usual."

    def _invoice(self, number: str, customer_id: str, amount_minor: int) -> None:
        today = self.desk.company.day_of(self.desk.clock.now())
        self.ledger.add_invoice(number, customer_id, amount_minor, currency="USD", issued_on=today, by=company.BOOKKEEPER)

    def _take_in(self, bills: Sequence[tuple[str, str, int]], paid_at: datetime) -> None:
        """The portal's file of these payments is taken in; the next sync posts them."""
        path = self.folder / f"payments-{bills[0][0]}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices"))
            for number, name, amount in bills:
                text = text_from_minor(amount, "USD")
                rows.writerow((company.transaction(number), name, text, "USD", paid_at.isoformat(), "card", f"{number}:{text}"))
        intake.run_once(self.desk, CsvFile(path, self.desk.company))
