"""The command of the proof: every portal payment that we know of has exactly one receipt in the books, or a name for why not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import json_value, print_json, print_line, print_table
from receivables.words import Words, counted, day_of, listed, plain

if TYPE_CHECKING:
    from sync.control_totals import ControlTotal, ListedReceipt
    from sync.desk import Desk
    from sync.reconciliation import Proven, Tally
    from sync.standings import Standing

ROWS_AT_MOST = 20  # of each list for people; `--json` has all that is listed


@cache
def said_of() -> Mapping[Standing, str]:
    """What people call each standing of a payment."""
    from sync.standings import Standing

    return {
        Standing.EXACTLY_ONCE: "in the books exactly once",
        Standing.DISMISSED_WITH_PROOF: "dismissed, with a receipt that is still in the books",
        Standing.DISMISSED_AS_TWIN: "dismissed as another payment again",
        Standing.DISMISSED_BY_TWO_PEOPLE: "dismissed by two people without a receipt",
        Standing.BEFORE_START_ON: "paid before the company's start_on",
        Standing.WENT_BACK: "returned, refunded or charged back, and not in the books",
        Standing.RETURN_RECORDED: "returned, refunded or charged back, with the entry of it in the books",
        Standing.DISPUTED: "in dispute: the receipt stays until the chargeback is won or lost",
        Standing.IN_PROGRESS: "in progress, for less than one sync interval",
        Standing.MISSING_WITH_FAILURE: "not in the books, with an open failure",
        Standing.MISSING: "not in the books, without an open failure",
        Standing.MAY_BE_IN_BOOKS: "not posted, and a receipt in the books may be it",
        Standing.DOUBLED: "in the books more than once",
        Standing.DIFFERENT: "in the books otherwise than meant",
        Standing.WENT_BACK_BUT_IN_BOOKS: "returned, refunded or charged back, and still in the books",
        Standing.OUT_TWICE: "went out more than once, and what went out beside is not settled",
        Standing.NOT_READ: "not proven: a receipt could not be read",
    }


def reconcile(context: typer.Context, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Prove that every portal payment we know of has exactly one receipt in the books.

    Exits with 1 for a payment in the books more than once or otherwise than meant, returned or refunded and still in the
    books, gone out more than once, missing without an open failure, or with a receipt that may be it and that nobody has
    decided about. A payment that is missing with an open failure is counted with its money. Control totals and receipts to
    review never change the exit code.
    """
    from app.wiring import open_house
    from sync import reconciliation

    house = open_house(context.obj)
    found: list[tuple[Desk, Proven]] = []
    for desk in house.desks(company):
        with working(f"{desk.company.name}: comparing payments and books") as update:
            found.append((desk, reconciliation.run_once(desk, _telling(desk.company.name, update))))
    if as_json:
        print_json([_as_json(proven) for _, proven in found])
    else:
        for desk, proven in found:
            _say(proven, desk.company.words)
    if not all(proven.clean for _, proven in found):
        sys.exit(1)


def _telling(name: str, update: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: update(f"{name}: {counted(done, 'payment')}")


def _as_json(proven: Proven) -> dict[str, Any]:
    """The keys of 0.1.0, and beside them each standing with its money, the control totals and what is to be reviewed."""
    totals = proven.totals
    return {
        **proven.counts(),
        "discrepancies": json_value(proven.discrepancies),
        "clean": proven.clean,
        "control_accounts": sorted(totals.accounts),
        "control_totals": [json_value(row) | {"others_minor": row.others_minor} for row in totals.rows],
        "other_receipts": json_value(totals.others),
        "to_review": json_value(totals.review),
        "posted_on_other_day": json_value(list(proven.other_days)),
    }


def _say(proven: Proven, words: Words) -> None:
    from sync.standings import Standing

    rows = [
        (said_of()[standing], tally.count, _money(tally, words))
        for standing, tally in proven.standings.items()
        if tally.count or standing is Standing.EXACTLY_ONCE
    ]
    rows.append(("all payments", proven.payments, _money(proven.whole, words)))
    print_table(f"{proven.company}: payments and books", ("Payments", "Count", "Amount"), rows, right=("Count", "Amount"))
    for discrepancy in proven.discrepancies:
        print_line(f"{discrepancy.problem}: {discrepancy.text}")
    _say_totals(proven, words)
    _say_other_days(proven, words)
    if proven.reopened:
        print_line(f"{proven.company}: {proven.reopened.sentence(words)}")
    once = sum(proven.standings[standing].count for standing in (Standing.EXACTLY_ONCE, Standing.DISMISSED_WITH_PROOF))
    if not proven.clean:
        found = counted(len(proven.discrepancies), "discrepancy", "discrepancies")
        print_line(f"{proven.company}: {found}; `resolve-now failures` shows what can be done.")
    elif once == proven.payments:
        print_line(f"{proven.company}: every portal payment we know of has exactly one receipt.")
    else:
        known = counted(proven.payments, "portal payment")
        print_line(f"{proven.company}: {once:,} of {known} we know of have exactly one receipt; the others are counted above.")


def _money(tally: Tally, words: Words) -> str:
    return ", ".join(words.money(amount_minor, currency) for currency, amount_minor in sorted(tally.money.items()))


def _say_totals(proven: Proven, words: Words) -> None:
    """What only informs: how the portal's deposit accounts add up, and receipts that a person should look at."""
    totals = proven.totals
    if not totals.accounts:
        print_line(f"{proven.company}: no control totals; they need the company's deposit_accounts.")
    off = [row for row in totals.rows if row.others_minor]
    if totals.rows:
        accounts = listed(sorted(plain(account) for account in totals.accounts))
        since = words.day(totals.company.start_on)
        print_line(f"{proven.company}: receipts in {accounts} since {since} match {_customers(totals.rows, off)}.")
    if off:
        columns = ("Customer", "Receipts", "Payments recorded", "Other money", "Others")
        cells = [_total(row, words) for row in off[:ROWS_AT_MOST]]
        print_table("Receipts that no payment explains", columns, cells, right=columns[1:])
    _say_receipts("Among them, without our mark", totals.others, words)
    _say_receipts("To review: the same customer and amount as a payment, unapplied, without its number", totals.review, words)


def _say_other_days(proven: Proven, words: Words) -> None:
    """What a reviewer signs at month end: cash of a closed period that stands in a later one; the newest first."""
    rows = [
        (
            plain(of.transaction),
            words.money(of.amount_minor, of.currency),
            words.day(of.paid_at),
            words.day(of.received_on),
            "another year" if day_of(of.paid_at, words.time_zone).year != of.received_on.year else "",
        )
        for of in proven.other_days[:ROWS_AT_MOST]
    ]
    if rows:
        print_table("Posted on another day than paid", ("Payment", "Amount", "Paid", "Dated", ""), rows, right=("Amount",))


def _customers(rows: list[ControlTotal], off: list[ControlTotal]) -> str:
    agree = len(rows) - len(off)
    return f"the payments recorded in them for {agree:,} of {counted(len(rows), 'customer')}"


def _total(row: ControlTotal, words: Words) -> tuple[str, ...]:
    amounts = (row.receipts_minor, row.recorded_minor, row.other_money_minor, row.others_minor)
    name = plain(row.customer) or row.customer_id or "unknown"
    return (name, *(words.money(amount_minor, row.currency) for amount_minor in amounts))


def _say_receipts(title: str, found: Iterable[ListedReceipt], words: Words) -> None:
    rows = [
        (
            plain(receipt.number or receipt.receipt),
            words.money(receipt.amount_minor, receipt.currency),
            words.day(receipt.received_on),
            plain(receipt.reference),
            ", ".join(plain(number) for number in receipt.transactions),
        )
        for receipt in found
    ]
    if rows:
        more = f" (the first {ROWS_AT_MOST} of {len(rows):,})" if len(rows) > ROWS_AT_MOST else ""
        columns = ("Receipt", "Amount", "Received", "Reference", "Payments")
        print_table(title + more, columns, rows[:ROWS_AT_MOST], right=("Amount",))
