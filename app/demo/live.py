"""The live demo: a practice workspace with cards, payments arriving, and a bookkeeper who can break things.

Everything else is the product's own: the same bot, scheduler and journey as with real Slack. Only the workspace, the embedded
books and the payments are made up. Ctrl-C leaves nothing behind but the folder it names.
"""

from __future__ import annotations

import csv
import threading
import webbrowser
from dataclasses import replace
from pathlib import Path

from accounting.embedded.ledger import Ledger
from app.alarms import Alarms, until_told_to_stop
from app.clock import SystemClock, random_bytes
from app.demo import company
from app.demo.books_command import BooksCommand
from app.demo.company import COMPANY, CUSTOMERS, Days, InSlack
from app.demo.embedded import EmbeddedBookkeeper
from app.demo.scenes import Scenes
from app.demo.story import go_wrong, set_the_stage, take_payments
from app.demo.trouble import TroubledBooks
from app.output import print_line
from app.slack import open_bot
from app.wiring import House, open_house, open_ledger
from bot.bolt import Bot
from bot.manifest import manifest
from feeds.csv_file import CsvFile
from receivables.money import text_from_minor
from sync import intake
from sync.desk import Desk
from workspace.running import Workspace, start
from workspace.seed import Command, PersonSeed, Seed

SECONDS_BETWEEN_PAYMENTS = 45.0  # slow enough to read what the last one did
APP = Seed(
    team="Acme Networks (practice)",
    bot_name="resolve_now",
    people=(
        PersonSeed("dana", "Dana Reyes", "dana@example.com", "Controller"),
        PersonSeed("sam", "Sam Okafor", "sam@example.com", "Accounts receivable, up to $500"),
        PersonSeed("bea", "Bea Bookkeeper", "bea@example.com", "Bookkeeper, cannot decide"),
    ),
    channels=("payments-sync", "finance-leads", "demo-scenes"),
    groups={"finance": ("dana", "sam")},
).with_manifest(manifest())
SEED = replace(APP, commands=(*APP.commands, Command("/books", "What the bookkeeper does by hand", "help")))


def play_live(folder: Path, port: int) -> None:
    """Runs until Ctrl-C. Prints where to look."""
    workspace = start(folder, port, now=lambda: SystemClock().now().timestamp(), seed=SEED, random_bytes=random_bytes)
    try:
        house, books = _house(folder, workspace)
        _play(folder, house, books, workspace)
    finally:
        workspace.stop()
    print_line(f"Stopped. All files are in {folder}; nothing else was left behind.")


def _house(folder: Path, workspace: Workspace) -> tuple[House, TroubledBooks]:
    """The demo's house: configured for the workspace, with books that let things go wrong."""
    team, people, channels = workspace.team_id, workspace.people, workspace.channels
    slack = InSlack(
        channel=channels["payments-sync"],
        escalations=channels["finance-leads"],
        dana=f"{team}/{people['dana']}",
        sam=f"{team}/{people['sam']}",
    )
    config = company.write_settings(folder, Days(SystemClock().now()), slack)
    house = open_house(
        config,
        {
            "RESOLVE_NOW_SLACK_BOT_TOKEN": workspace.bot_token,
            "RESOLVE_NOW_SLACK_APP_TOKEN": workspace.app_token,
            "RESOLVE_NOW_SLACK_BASE_URL": workspace.api_url,
        },
    )
    books = TroubledBooks(house.books_of(house.settings.company(COMPANY)))
    return replace(house, books_of=lambda _: books), books


def _play(folder: Path, house: House, books: TroubledBooks, workspace: Workspace) -> None:
    ledger, _ = open_ledger(folder / "resolve-now.toml", COMPANY)
    days = Days(house.clock.now().replace(microsecond=0))
    stage = set_the_stage(house, books, EmbeddedBookkeeper(ledger, folder / company.BOOKS_FILE), days, quiet=True)
    alarms = Alarms(house)
    scenes = Scenes(stage.desk, ledger, folder, alarms)
    scenes.business()
    take_payments(stage, company.write_payments(folder, stage.days))
    go_wrong(stage)
    bot = open_bot(house, alarms)
    if bot is None:
        raise AssertionError("the demo's own tokens are set")
    BooksCommand(ledger, stage.desk.company.words).register(bot.app)
    scenes.register(bot.app)
    scenes.offer(bot.outbox.client.chat_postMessage, workspace.channels["demo-scenes"])
    done = threading.Event()
    arriving = threading.Thread(target=_payments_arrive, args=(stage.desk, ledger, folder, done), daemon=True)
    _run(alarms, bot, workspace, folder, arriving)
    done.set()
    arriving.join()
    house.db.close()


def _run(alarms: Alarms, bot: Bot, workspace: Workspace, folder: Path, arriving: threading.Thread) -> None:
    alarms.start()
    alarms.run_sending(bot)
    bot.start()
    arriving.start()
    print_line("A practice workspace (not Slack) with one failure of every kind. Open this page, and act as Dana:")
    print_line(f"    {workspace.url}")
    print_line("#payments-sync has the cards. Press Resolve Now, or type /payments help.")
    print_line("#demo-scenes lets a setting of the books go wrong. As Bea, /books help shows how to break and fix things.")
    print_line(f"Ctrl-C ends it. All its files are in {folder}.")
    webbrowser.open(workspace.url)
    until_told_to_stop()
    bot.stop()
    alarms.stop()


def _payments_arrive(desk: Desk, ledger: Ledger, folder: Path, done: threading.Event) -> None:
    """Now and then a customer pays an invoice that was just added."""
    number = 1100
    while not done.wait(SECONDS_BETWEEN_PAYMENTS):
        number += 1
        customer = next(customer for customer in ledger.customers() if customer.name == CUSTOMERS[number % len(CUSTOMERS)])
        amount = 10_000 + (number * 3_700) % 90_000
        day = desk.company.day_of(desk.clock.now())
        ledger.add_invoice(str(number), customer.id, amount, currency="USD", issued_on=day, by=company.BOOKKEEPER)
        paid_at = desk.clock.now().isoformat()
        path = folder / f"payments-{number}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices"))
            text = text_from_minor(amount, "USD")
            rows.writerow((company.transaction(str(number)), customer.name, text, "USD", paid_at, "card", f"{number}:{text}"))
        intake.run_once(desk, CsvFile(path, desk.company))
