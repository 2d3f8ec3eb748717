"""The play: what goes wrong, what the diagnosis says, what a person decides, and what the books hold in the end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from accounting.embedded.ledger import Ledger
from app.clock import SystemClock
from app.demo import company
from app.demo.company import BOOKKEEPER, COMPANY, CONTROLLER, Days
from app.demo.tally import Tally, count
from app.demo.trouble import TroubledBooks
from app.output import money, print_line, print_table
from app.wiring import House, open_house, open_ledger
from feeds.csv_file import CsvFile
from receivables.books_records import Invoice
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from storage import decisions, failures, payments
from storage.failures import StoredFailure
from sync import intake, journey, mirroring, requests
from sync.desk import Desk

PATIENCE_SECONDS = 90  # for the payment whose answer was lost; the books answer within a few


@dataclass(frozen=True)
class Stage:
    """Where the play is played. `quiet` tells nothing on the way."""

    desk: Desk
    books: TroubledBooks
    ledger: Ledger
    invoices: Mapping[str, Invoice]
    days: Days
    quiet: bool

    def say(self, text: str) -> None:
        if not self.quiet:
            for line in text.split("\n"):
                print_line(line)

    def sync(self, words: str) -> None:
        counts = journey.run(self.desk)
        self.say(
            f"\n$ resolve-now sync\n{words}: {counts.verified} posted and read back, {counts.failed} failed, "
            f"{counts.put_right} put right in the books."
        )

    def failing(self, invoice: str) -> StoredFailure | None:
        with self.desk.db.read() as connection:
            return failures.open_of(connection, COMPANY, company.transaction(invoice))


def play(folder: Path, *, quiet: bool) -> Tally:
    """Plays the whole story in a folder and returns the tally recomputed from its two files."""
    stage, payments_file = _set_up(folder, quiet=quiet)
    go_wrong(stage)
    stage.sync("The first sync")
    _show_failures(stage)
    _put_right_by_hand(stage)
    stage.sync("The next sync")
    _people_decide(stage)
    _the_deposited_receipt(stage)
    _wait_for_the_lost_answer(stage)
    stage.sync("The last sync")
    tally = count(payments_file, folder / "acme-books.sqlite", stage.days.start_on)
    if not quiet:
        _show_tally(stage, tally, folder)
    return tally


def _set_up(folder: Path, *, quiet: bool) -> tuple[Stage, Path]:
    config = company.write_settings(folder, Days(SystemClock().now()))
    house = open_house(config)
    stage = set_the_stage(house, TroubledBooks(house.desk(COMPANY).books), open_ledger(config, COMPANY)[0], quiet=quiet)
    stage.say(
        f"Acme Networks keeps books like QuickBooks Online, which take a receipt too large without a word. Folder: {folder}"
    )
    payments_file = company.write_payments(folder, stage.days)
    counts = take_payments(stage, payments_file)
    stage.say(
        f"\n$ resolve-now import payments.csv\nThe portal took {counts.new + counts.excluded} payments; "
        f"{counts.excluded} was paid before the company's start and is never posted."
    )
    return stage, payments_file


def set_the_stage(house: House, books: TroubledBooks, ledger: Ledger, *, quiet: bool) -> Stage:
    """Customers and invoices are in the books, and we saw them before anything went wrong."""
    days = Days(house.clock.now().replace(microsecond=0))
    invoices = company.open_the_books(ledger, days)
    return Stage(replace(house.desk(COMPANY), books=books), books, ledger, invoices, days, quiet)


def take_payments(stage: Stage, payments_file: Path) -> intake.IntakeCounts:
    """The portal's payments come in, while the invoices are still as the clients saw them."""
    mirroring.run_once(stage.desk)
    return intake.run_once(stage.desk, CsvFile(payments_file, stage.desk.company))


# --- what goes wrong --------------------------------------------------------------------------------------------------


def go_wrong(stage: Stage) -> None:
    """One failure of every kind, before and during the first sync."""
    _what_people_did_to_the_invoices(stage)
    _somebody_is_quicker(stage)
    stage.books.unanswered.add(company.transaction("1018"))


def _what_people_did_to_the_invoices(stage: Stage) -> None:
    """Old habits of the bookkeeper, between the payments and the sync."""
    ledger, invoices, now = stage.ledger, stage.invoices, stage.days.now
    stage.say("\nMeanwhile the bookkeeper:")
    for number, memo, amount in (("1001", "CM-77", 12_000), ("1002", "CM-78", 20_000)):
        _credit(stage, number, memo, amount)
    receipt = invoices["1004"]
    ledger.enter_receipt(
        receipt.customer_id, receipt.total_minor, "USD", now.date() - timedelta(days=2), by=BOOKKEEPER,
        lines=[(receipt.id, receipt.total_minor)], reference=company.transaction("1004"), method="card",
        at=now - timedelta(hours=20),
    )  # fmt: skip
    stage.say("- entered the receipt for invoice 1004 by hand, as she always did")
    ledger.recreate_invoice(invoices["1006"].id, by=BOOKKEEPER, at=now - timedelta(hours=19))
    stage.say("- deleted invoice 1006 and made it again with the same number")
    ledger.void_invoice(invoices["1014"].id, by=BOOKKEEPER, at=now - timedelta(hours=18))
    stage.say("- voided invoice 1014")
    _credit(stage, "1010", "CM-70", 17_000, ago=timedelta(days=9))
    stage.say("  ... but that one days before the client paid the old amount in the portal")
    ledger.close_period(stage.days.closing, by=BOOKKEEPER, at=now - timedelta(hours=16))
    stage.say(f"- closed the books through {stage.days.closing:%d %b}, with one payment of that time still to come")


def _credit(stage: Stage, number: str, memo_number: str, amount_minor: int, ago: timedelta = timedelta(hours=21)) -> str:
    """A credit memo made and applied to an invoice; returns the application's id."""
    invoice, at = stage.invoices[number], stage.days.now - ago
    memo = stage.ledger.add_credit_memo(memo_number, invoice.customer_id, amount_minor, "USD", at.date(), by=BOOKKEEPER, at=at)
    stage.say(f"- applied credit memo {memo_number} ({money(amount_minor, 'USD')}) to invoice {number}")
    return stage.ledger.apply_credit(memo.id, invoice.id, amount_minor, by=BOOKKEEPER, at=at).id


def _somebody_is_quicker(stage: Stage) -> None:
    """Two credits land in the second between our last look and our write; the books swallow the difference."""
    for number in ("1015", "1017"):
        stage.books.before_write[company.transaction(number)] = partial(_quick_credit, stage, number)


def _quick_credit(stage: Stage, number: str) -> None:
    invoice = stage.invoices[number]
    now = stage.desk.clock.now()
    memo = stage.ledger.add_credit_memo(f"CM-{number}", invoice.customer_id, 9_000, "USD", now.date(), by=BOOKKEEPER)
    stage.ledger.apply_credit(memo.id, invoice.id, 9_000, by=BOOKKEEPER)


# --- what people do about it ------------------------------------------------------------------------------------------


def _show_failures(stage: Stage) -> None:
    with stage.desk.db.read() as connection:
        found = failures.open_ones(connection, COMPANY)
    stage.say("\n$ resolve-now failures")
    for one in sorted(found, key=lambda one: one.transaction_number):
        if one.diagnosis:
            primary = one.diagnosis.primary
            stage.say(
                f"{one.transaction_number}  {primary.cause} ({primary.confidence}) -> {primary.remedy}: {one.diagnosis.sentence}"
            )


def _put_right_by_hand(stage: Stage) -> None:
    """The support page's own way: un-apply the credit in the books, and let the next sync do the rest."""
    memo = next(one for one in stage.ledger.credit_memos() if one.number == "CM-77")
    stage.ledger.unapply_credit(memo.applications[0].id, by=BOOKKEEPER)
    stage.say("\nThe bookkeeper un-applies credit memo CM-77 herself. Nobody presses anything.")
    stage.ledger.reopen_period(by=BOOKKEEPER)
    stage.say("The controller has the closed period opened again.")


def _people_decide(stage: Stage) -> None:
    _decide(stage, "1002", Remedy.UNAPPLY_CREDIT_MEMO)
    _decide(stage, "1004", Remedy.DISMISS, reason="entered by hand")
    _decide(stage, "1006", Remedy.RECREATE_RECEIPT)
    _decide(stage, "1010", Remedy.RECREATE_RECEIPT, reason="isolated; the client gets credit for all of it")
    _decide(stage, "1014", Remedy.KEEP_ON_ACCOUNT, reason="to be used for the next invoice")
    _decide(stage, "1015", Remedy.KEEP_ON_ACCOUNT, reason="the credit memo was right")


def _the_deposited_receipt(stage: Stage) -> None:
    """A receipt that the bank already has may not be touched; taken out of the deposit, it may."""
    memo = next(one for one in stage.ledger.credit_memos() if one.number == "CM-1017")
    stage.ledger.unapply_credit(memo.applications[0].id, by=BOOKKEEPER)
    receipt = next(one for one in stage.ledger.receipts() if one.reference == company.transaction("1017"))
    stage.ledger.deposit_receipt(receipt.id, by=BOOKKEEPER)
    stage.say(f"\nThe bookkeeper un-applies CM-1017, and takes receipt {receipt.number} to the bank.")
    stage.sync("Another sync")
    found = stage.failing("1017")
    if found and found.diagnosis:
        stage.say(f"{found.transaction_number}  {found.cause}: {found.diagnosis.sentence}")
    stage.ledger.undo_deposit(receipt.id, by=BOOKKEEPER)
    stage.say("The bookkeeper takes it out of the deposit again.")
    stage.sync("Another sync")
    _decide(stage, "1017", Remedy.APPLY_RECEIPT)


def _decide(stage: Stage, invoice: str, remedy: Remedy, *, reason: str = "") -> None:
    """One person's decision, carried out and read back."""
    number = company.transaction(invoice)
    words = f' --reason "{reason}"' if reason else ""
    made = requests.request(stage.desk, number, remedy, by=CONTROLLER, channel="cli", reason=reason)
    journey.finish_once(stage.desk)
    with stage.desk.db.read() as connection:
        ended = decisions.get(connection, COMPANY, made.id)
        stored = payments.find(connection, COMPANY, number)
    state = stored.state if stored else ""
    stage.say(f"\n$ resolve-now decide {number} {remedy} --as {CONTROLLER}{words}")
    stage.say(f"{ended.state}: {ended.outcome}; the payment is {state}.")


def _wait_for_the_lost_answer(stage: Stage) -> None:
    """Nobody may decide about it: the books are read until they tell whether the receipt is there."""
    number, waited = company.transaction("1018"), 0
    while waited < PATIENCE_SECONDS:
        with stage.desk.db.read() as connection:
            stored = payments.find(connection, COMPANY, number)
        if stored is None or stored.state is PaymentState.VERIFIED:
            break
        time.sleep(1)  # real seconds: the books' own window decides when an empty search is proof
        waited += 1
        journey.finish_once(stage.desk)
    stage.say(f"\nThe lost answer: receipt of {number} was found in the books by its marker. It was not sent again.")


def _show_tally(stage: Stage, tally: Tally, folder: Path) -> None:
    rows: Sequence[Sequence[object]] = [
        (
            line.transaction,
            money(line.amount_minor, line.currency),
            line.parts,
            ", ".join(line.receipts) or "-",
            money(line.recorded_minor, line.currency),
            money(line.on_account_minor, line.currency) if line.on_account_minor else "",
            line.verdict,
        )
        for line in tally.payments
    ]
    stage.say("")
    print_table(
        "The tally, recomputed from payments.csv and the books' own file",
        ("Payment", "Amount", "Parts", "Receipts", "In the books", "On account", "Verdict"),
        rows,
        right=("Amount", "In the books", "On account"),
    )
    problems = stage.ledger.check_books()
    stage.say(
        f"lost = {tally.lost}, doubled = {tally.doubled}, payments = {len(tally.payments)}; the books add up: {not problems}."
    )
    stage.say(f"\nLook further: .venv/bin/resolve-now --config {folder / 'resolve-now.toml'} show {company.transaction('1002')}")
