"""The command with which an administrator begins: init asks five questions, writes the configuration, and ends in doctor."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from accounting.registry import CONNECTORS
from app.clock import SystemClock
from app.commands.connections import doctor
from app.output import print_error, print_line
from receivables.errors import ConfigurationError
from receivables.money import text_from_minor
from receivables.words import day_of, listed

if TYPE_CHECKING:
    from app.first_file import Answers

KINDS = ", ".join(CONNECTORS)
LOCAL_TIME = Path("/etc/localtime")  # a link into the time zones of this machine
PAYMENTS_FILE = "practice-payments.csv"
BOOKKEEPER = "Practice bookkeeper"
#: number, customer, cents
INVOICES = (("1001", "Hooli", 50_000), ("1002", "Globex", 120_000), ("1003", "Initech", 8_999))
#: transaction, customer, cents, invoice: two that fit, one with a part for an invoice that is not there
PAYMENTS = (
    ("PRACTICE-1", "Hooli", 50_000, "1001"),
    ("PRACTICE-2", "Globex", 120_000, "1002"),
    ("PRACTICE-3", "Initech", 8_999, "1030"),
)


@dataclass(frozen=True)
class Question:
    """One of the five: how it is asked, the option that answers it beforehand, and what an answer must be."""

    text: str
    option: str
    usual: str
    check: Callable[[str], object]

    def answer(self, given: str) -> str:
        """What was given, else what the person says. Raises ConfigurationError where the option holds no answer."""
        if given:
            try:
                self.check(given)
            except ValueError as error:
                raise ConfigurationError(f"{self.option}: {error}.") from None
            return given
        while True:
            said = str(typer.prompt(self.text, default=self.usual or None, err=True)).strip()
            try:
                self.check(said)
            except ValueError as error:
                print_error(f"{error}.")
            else:
                return said


def init(
    context: typer.Context,
    name: Annotated[str, typer.Option(metavar="NAME", help="The company's name.")] = "",
    time_zone: Annotated[str, typer.Option(metavar="ZONE", help="Its time zone, such as America/Chicago.")] = "",
    start_on: Annotated[str, typer.Option(metavar="DAY", help="The first day whose payments are posted, as 2026-01-01.")] = "",
    books: Annotated[
        str, typer.Option(metavar="KIND", help=f"Where its books are: {KINDS}. embedded makes practice books.")
    ] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="Who may decide about failed payments up to 1,000.00.")] = "",
) -> None:
    """Write a first configuration, with practice books to try it on, and check it. Overwrites nothing."""
    from app.first_file import Answers
    from app.settings import DEFAULT_FILE, config_file

    path = config_file(context.obj)
    _refuse_to_overwrite(path)
    given = (name, time_zone, start_on, books, person)
    questions = _questions()
    missing = [question.option for question, answer in zip(questions, given, strict=True) if not answer]
    if missing and not sys.stdin.isatty():
        raise ConfigurationError(f"There is no terminal to ask on. Answer beforehand with {listed(missing)}.")
    said = [question.answer(answer) for question, answer in zip(questions, given, strict=True)]
    answers = Answers(said[0], said[1], date.fromisoformat(said[2]), said[3], said[4])
    practice = answers.kind == "embedded"
    made = [path, *([path.with_name(answers.books_file), path.with_name(PAYMENTS_FILE)] if practice else [])]
    for file in made:
        _refuse_to_overwrite(file)
    _write(path, answers)
    program = "resolve-now" if path == DEFAULT_FILE else f"resolve-now --config {path}"
    if practice:
        _make_books(path, answers)
        _write_payments(path.with_name(PAYMENTS_FILE))
        then = f"import {path.with_name(PAYMENTS_FILE)}, then {program} sync --dry-run"
    else:
        then = f"connect {answers.id}" if CONNECTORS[answers.kind].provider else "doctor, when [company.books] is filled in"
    print_line(f"Wrote {listed([str(file) for file in made])}. Next: {program} {then}.")
    doctor(context)


def _questions() -> tuple[Question, ...]:
    from app.settings import valid_zone
    from app.wiring import os_account

    today = day_of(SystemClock().now(), ZoneInfo("UTC"))
    return (
        Question("The company's name", "--name", "", _some),
        Question("Its time zone, such as America/Chicago", "--time-zone", _zone_here(), valid_zone),
        Question("The first day whose payments are posted", "--start-on", today.replace(day=1).isoformat(), _day),
        Question(f"Where its books are kept ({KINDS}; embedded makes practice books)", "--books", "embedded", _kind),
        Question("Who may decide about failed payments up to 1,000.00", "--person", os_account(), _some),
    )


def _some(text: str) -> None:
    if not text.isprintable() or not text.strip():
        raise ValueError("Write a name")


def _day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date. Write it as 2026-01-01") from None


def _kind(text: str) -> None:
    if text not in CONNECTORS:
        raise ValueError(f"{text!r} is not a kind of books. Write one of: {KINDS}")


def _zone_here() -> str:
    """The time zone of this machine, where it says so."""
    _, _, name = str(LOCAL_TIME.resolve()).partition("/zoneinfo/")
    return name


def _refuse_to_overwrite(file: Path) -> None:
    if file.exists():
        raise ConfigurationError(f"{file} is there already, and nothing was changed. Name another file: --config PATH.")


def _write(path: Path, answers: Answers) -> None:
    """Leaves no file that the program would refuse."""
    from app.settings import load_settings

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(answers.text())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        load_settings(path)
    except ConfigurationError:
        path.unlink()
        raise


def _make_books(path: Path, answers: Answers) -> None:
    from app.wiring import open_ledger

    ledger, _ = open_ledger(path, None)
    at = datetime.combine(answers.start_on, time(), ZoneInfo(answers.time_zone)).astimezone(UTC)
    for number, customer, amount_minor in INVOICES:
        owner = ledger.add_customer(customer, by=BOOKKEEPER, at=at)
        ledger.add_invoice(number, owner.id, amount_minor, "USD", answers.start_on, by=BOOKKEEPER, at=at)
    ledger.close()


def _write_payments(file: Path) -> None:
    paid_at = SystemClock().now().replace(microsecond=0).isoformat()
    with file.open("x", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices"))
        for number, customer, amount_minor, invoice in PAYMENTS:
            amount = text_from_minor(amount_minor, "USD")
            rows.writerow((number, customer, amount, "USD", paid_at, "card", f"{invoice}:{amount}"))
