"""The play: what goes wrong, what the diagnosis says, what a person decides, and what the books hold in the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import rules
from app.demo import company, embedded
from app.demo.bookkeeper import Bank, Bookkeeper, Practice
from app.demo.company import COMPANY, CONTROLLER, Days
from app.demo.tally import AppliedLine, Line, Tally
from app.demo.trouble import TroubledBooks
from app.output import print_line, print_table
from app.wiring import House, open_house
from feeds.csv_file import CsvFile
from receivables.diagnosis import Remedy
from receivables.payment import PaymentState
from receivables.words import Words, counted
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
    bookkeeper: Bookkeeper
    days: Days
    quiet: bool

    def say(self, text: str) -> None:
        if not self.quiet:
            for line in text.split("\n"):
                print_line(line)

    def sync(self, words: str) -> None:
        counts = journey.run(self.desk)
        self.say(
            f"\n$ resolve-now sync\n{words}: {counted(counts.verified, 'payment')} posted and verified, {counts.failed} failed, "
            f"{counts.put_right} fixed in the books."
        )

    @property
    def words(self) -> Words:
        return self.desk.company.words

    def failing(self, invoice: str) -> StoredFailure | None:
        with self.desk.db.read() as connection:
            return failures.open_of(connection, COMPANY, company.transaction(invoice))


def play(folder: Path, *, quiet: bool, practice: Callable[[Path], AbstractContextManager[Practice]] = embedded.practice) -> Tally:
    """Plays the whole story in a folder and returns the tally, recomputed from the payments' file and the books."""
    with practice(folder) as opened:
        stage, payments_file = _set_up(folder, opened, quiet=quiet)
        try:
            return _played(stage, payments_file, opened.config)
        finally:
            stage.desk.db.close()


def _played(stage: Stage, payments_file: Path, config: Path) -> Tally:
    go_wrong(stage)
    if stage.bookkeeper.pace:
        stage.say(f"\n{stage.bookkeeper.pace}")
    stage.sync("The first sync")
    _show_failures(stage)
    _put_right_by_hand(stage)
    stage.sync("The next sync")
    _people_decide(stage)
    if stage.bookkeeper.bank:
        _the_deposited_receipt(stage, stage.bookkeeper.bank)
    _wait_for_the_lost_answer(stage)
    stage.sync("The last sync")
    tally = stage.bookkeeper.tally(payments_file, stage.days.start_on)
    if not stage.quiet:
        _show_tally(stage, tally, config)
    return tally


def _set_up(folder: Path, practice: Practice, *, quiet: bool) -> tuple[Stage, Path]:
    house = open_house(practice.config, {**os.environ, **practice.environment})
    books = TroubledBooks(house.desk(COMPANY).books)
    stage = set_the_stage(house, books, practice.bookkeeper, practice.days, quiet=quiet)
    stage.say(f"{stage.bookkeeper.introduction} Folder: {folder}")
    if stage.bookkeeper.left_out:
        stage.say(stage.bookkeeper.left_out)
    payments_file = company.write_payments(folder, stage.days)
    counts = take_payments(stage, payments_file)
    stage.say(
        f"\n$ resolve-now import payments.csv\nThe portal took {counted(counts.new + counts.excluded, 'payment')}; "
        f"{counts.excluded} was paid before the company's start date and is never posted."
    )
    return stage, payments_file


def set_the_stage(house: House, books: TroubledBooks, bookkeeper: Bookkeeper, days: Days, *, quiet: bool) -> Stage:
    """Customers and invoices are in the books, and we see them before anything goes wrong."""
    bookkeeper.open_the_books(days)
    return Stage(replace(house.desk(COMPANY), books=books), books, bookkeeper, days, quiet)


def take_payments(stage: Stage, payments_file: Path) -> intake.IntakeCounts:
    """The portal's payments come in, while the invoices are still as the customers saw them."""
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
    bookkeeper, now = stage.bookkeeper, stage.days.now
    stage.say("\nMeanwhile the bookkeeper:")
    for number, memo, amount in (("1001", "CM-77", 12_000), ("1002", "CM-78", 20_000)):
        _credit(stage, number, memo, amount, now - timedelta(hours=21))
    bookkeeper.receipt("1004", company.transaction("1004"), company.day(now) - timedelta(days=2), now - timedelta(hours=20))
    stage.say("- entered the receipt for invoice 1004 by hand, as she always did")
    stage.say(f"- {bookkeeper.recreate('1006', now - timedelta(hours=19))}")
    stage.say(f"- {bookkeeper.void('1014', now - timedelta(hours=18))}")
    _credit(stage, *company.EARLY_CREDIT, stage.days.credited)
    stage.say("  ... but that one days before the customer paid the old amount in the portal")
    bookkeeper.close_period(stage.days.closing, now - timedelta(hours=16))
    stage.say(f"- closed the books through {stage.words.day(stage.days.closing)}, with one payment from before still to come")


def _credit(stage: Stage, number: str, memo: str, amount_minor: int, at: datetime) -> None:
    stage.bookkeeper.credit(number, memo, amount_minor, at)
    stage.say(f"- applied credit memo {memo} ({stage.words.money(amount_minor, 'USD')}) to invoice {number}")


def _somebody_is_quicker(stage: Stage) -> None:
    """Two credits arrive in the second between our last look and our write; the books absorb the difference, or refuse."""
    for number in ("1015", "1017"):
        stage.books.before_write[company.transaction(number)] = partial(_quick_credit, stage, number)


def _quick_credit(stage: Stage, number: str) -> None:
    stage.bookkeeper.credit(number, f"CM-{number}", 9_000, stage.desk.clock.now())


# --- what people do about it ------------------------------------------------------------------------------------------


def _show_failures(stage: Stage) -> None:
    with stage.desk.db.read() as connection:
        found = failures.open_ones(connection, COMPANY)
    stage.say("\n$ resolve-now failures")
    for failure in sorted(found, key=lambda failure: failure.transaction_number):
        if failure.diagnosis:
            primary, sentence = failure.diagnosis.primary, rules.sentence(failure.diagnosis, stage.words)
            stage.say(f"{failure.transaction_number}  {primary.cause} ({primary.confidence}) -> {primary.remedy}: {sentence}")


def _put_right_by_hand(stage: Stage) -> None:
    """The support page's own way: unapply the credit in the books, and let the next sync do the rest."""
    stage.bookkeeper.unapply("CM-77")
    stage.say("\nThe bookkeeper unapplies credit memo CM-77 herself. Nobody presses anything.")
    stage.bookkeeper.reopen_period()
    stage.say("The controller has the closed period reopened.")


def _people_decide(stage: Stage) -> None:
    _decide(stage, "1002", Remedy.UNAPPLY_CREDIT_MEMO)
    _decide(stage, "1004", Remedy.DISMISS, reason="entered by hand")
    _decide(stage, "1006", Remedy.RECREATE_RECEIPT)
    _decide(stage, "1010", Remedy.RECREATE_RECEIPT, reason="isolated; the customer gets credit for all of it")
    _decide(stage, "1014", Remedy.KEEP_ON_ACCOUNT, reason="to be used for the next invoice")
    if stage.bookkeeper.swallows:
        _decide(stage, "1015", Remedy.KEEP_ON_ACCOUNT, reason="the credit memo was right")
    else:
        _decide(stage, "1015", Remedy.UNAPPLY_CREDIT_MEMO)
        _decide(stage, "1017", Remedy.UNAPPLY_CREDIT_MEMO)


def _the_deposited_receipt(stage: Stage, bank: Bank) -> None:
    """A deposited receipt cannot be changed; removed from the deposit, it can."""
    transaction = company.transaction("1017")
    stage.bookkeeper.unapply("CM-1017")
    number = bank.deposit(transaction)
    stage.say(f"\nThe bookkeeper unapplies CM-1017 and deposits receipt {number}.")
    stage.sync("Another sync")
    found = stage.failing("1017")
    if found and found.diagnosis:
        stage.say(f"{found.transaction_number}  {found.cause}: {rules.sentence(found.diagnosis, stage.words)}")
    bank.undo_deposit(transaction)
    stage.say("The bookkeeper removes it from the deposit again.")
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
    """Nobody can decide about it: we keep checking the books for the receipt."""
    number, waited = company.transaction("1018"), 0
    while waited < PATIENCE_SECONDS:
        with stage.desk.db.read() as connection:
            stored = payments.find(connection, COMPANY, number)
        if stored is None or stored.state is PaymentState.VERIFIED:
            break
        time.sleep(1)  # real seconds: the books' own window decides when an empty search is proof
        waited += 1
        journey.finish_once(stage.desk)
    stage.say(f"\nThe lost answer: the receipt for {number} was found in the books by its marker. It was not sent again.")


def _show_tally(stage: Stage, tally: Tally, config: Path) -> None:
    applied_to = any(isinstance(line, AppliedLine) for line in tally.payments)
    stage.say("")
    print_table(
        f"The tally, recomputed from payments.csv and {stage.bookkeeper.counted_in}",
        (
            "Payment",
            "Amount",
            "Parts",
            "Receipts",
            *(["Applied to"] if applied_to else []),
            "In the books",
            "Unapplied",
            "Verdict",
        ),
        [_row(line, stage.words, applied_to=applied_to) for line in tally.payments],
        right=("Amount", "In the books", "Unapplied"),
    )
    stage.say(
        f"lost = {tally.lost}, doubled = {tally.doubled}, payments = {len(tally.payments)}; "
        f"the books {'balance' if stage.bookkeeper.adds_up() else 'do NOT balance'}."
    )
    stage.say(f"\nSee more: resolve-now --config {config} show {company.transaction('1002')}")


def _row(line: Line, words: Words, *, applied_to: bool) -> Sequence[object]:
    return (
        line.transaction,
        words.money(line.amount_minor, line.currency),
        line.parts,
        ", ".join(line.receipts) or "-",
        *([", ".join(line.applied_to) or "-"] if applied_to and isinstance(line, AppliedLine) else []),
        words.money(line.recorded_minor, line.currency),
        words.money(line.on_account_minor, line.currency) if line.on_account_minor else "",
        line.verdict,
    )
