"""One process of several, started as a script: a scheduler or a worker, with books that take their time and write down who calls.

Everything is the product's own code; around the books of each company a line of a journal is written when a call begins and
when it ends, with this process's id and the monotonic moment, which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, cast

from makers import a_payment
from scene import CREATED, PAID, Payments

from accounting.embedded.ledger import Ledger
from app.alarms import run_until_told_to_stop
from app.clock import SystemClock
from app.settings import CompanySettings
from app.wiring import House, open_house
from receivables.payment import Allocation
from receivables.ports import Books
from sync import intake


class SlowBooks:
    """Books whose every call takes some seconds, and that answer late what they wrote: at once, but nobody hears of it."""

    def __init__(self, books: Books, company: str, journal: int, seconds: float, late: float = 0.0) -> None:
        self._books = books
        self._company = company
        self._journal = journal
        self._seconds = seconds
        self._late = late

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._books, name)
        return found if name == "traits" or not callable(found) else lambda *given, **named: self._call(found, name, given, named)

    def _call(self, found: Callable[..., object], name: str, given: tuple[object, ...], named: dict[str, object]) -> object:
        self._write("begin", name)
        time.sleep(self._seconds)
        try:
            answer = found(*given, **named)
            if name == "write" and self._late:
                self._write("written", name)
                time.sleep(self._late)
            return answer
        finally:
            self._write("end", name)

    def _write(self, what: str, name: str) -> None:
        line = {"pid": os.getpid(), "company": self._company, "what": what, "call": name, "at": time.monotonic()}
        os.write(self._journal, json.dumps(line).encode() + b"\n")


def with_slow_books(house: House, journal: Path, seconds: float, slow: dict[str, float], late: float = 0.0) -> House:
    opened = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @cache
    def books_of(company: str) -> Books:
        made = SlowBooks(house.books_of(house.settings.company(company)), company, opened, slow.get(company, seconds), late)
        return cast("Books", made)

    def of(company: CompanySettings) -> Books:
        return books_of(company.id)

    return replace(house, books_of=of)


def prepare(house: House, payments: int) -> None:
    """So many payments for each company, taken in and never synced; every payment pays an invoice of its own."""
    companies = [company.id for company in house.settings.companies]
    template = house.settings.folder / "template.sqlite"
    _books(template, payments)
    for company in companies:
        (template.parent / f"{company}-books.sqlite").write_bytes(template.read_bytes())
    for company in companies if payments else ():
        given = tuple(
            a_payment(
                company=company,
                transaction_number=f"{company.upper()}-{number}",
                amount_minor=1000 + number,
                customer="Hooli",
                allocations=(Allocation(1000 + number, str(1000 + number)),),
                paid_at=PAID,
            )
            for number in range(payments)
        )
        intake.run_once(house.desk(company), Payments(given, digest=company))
    house.db.close()


def _books(file: Path, invoices: int) -> None:
    ledger = Ledger(file, SystemClock())
    hooli = ledger.add_customer("Hooli", by="bookkeeper", at=CREATED)
    for number in range(invoices):
        ledger.add_invoice(
            str(1000 + number),
            hooli.id,
            1000 + number,
            currency="USD",
            issued_on=date(2026, 2, 1),
            by="bookkeeper",
            at=CREATED,
        )
    ledger.close()


def main() -> None:
    """`prepare` takes payments in, `scheduler` hands over to workers, `worker` works, `alone` does everything itself."""
    asked = argparse.ArgumentParser()
    asked.add_argument("role", choices=["prepare", "scheduler", "worker", "alone"])
    asked.add_argument("config", type=Path)
    asked.add_argument("journal", type=Path)
    asked.add_argument("--seconds", type=float, default=0.05, help="each call")
    asked.add_argument("--slow", action="append", default=[], metavar="COMPANY:SECONDS")
    asked.add_argument("--late", type=float, default=0.0, help="how long the answer to a write takes that is carried out at once")
    asked.add_argument("--slots", type=int, default=4)
    asked.add_argument("--stalled", type=float, default=20.0)
    asked.add_argument("--port", type=int, help="where a worker answers to those who watch it")
    asked.add_argument("--payments", type=int, default=0)
    given = asked.parse_args()
    slow = {company: float(seconds) for company, _, seconds in (entry.partition(":") for entry in given.slow)}
    if given.role == "prepare":
        prepare(open_house(given.config), given.payments)
        return
    house = with_slow_books(open_house(given.config), given.journal, given.seconds, slow, given.late)
    if given.role == "alone":
        run_until_told_to_stop(house)
        return
    from app.worker import Workers, work_until_told_to_stop  # noqa: PLC0415  # an earlier version has none
    from storage.jobs import Pace  # noqa: PLC0415

    if given.role == "scheduler":
        run_until_told_to_stop(house, Workers(house))
    else:
        pace = Pace(heartbeat_seconds=given.stalled / 4, stalled_seconds=given.stalled, look_seconds=1)
        work_until_told_to_stop(house, slots=given.slots, port=given.port, pace=pace)


if __name__ == "__main__":
    main()
