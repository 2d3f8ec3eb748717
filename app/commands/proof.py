"""The command of the proof: each payment exactly once in the books."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import plain, print_json, print_line, print_table
from app.wiring import open_house
from sync import reconciliation
from sync.reconciliation import Proven


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command()(reconcile)


def reconcile(context: typer.Context, company: CompanyId = None, as_json: AsJson = False) -> None:
    """The proof: walk our payments and the books, and show what is not there exactly once; exit 1 when anything is not."""
    house = open_house(context.obj)
    found: list[Proven] = []
    for desk in house.desks(company):
        with working(f"{desk.company.name}: walking both sides") as update:
            found.append(reconciliation.run_once(desk, _telling(desk.company.name, update)))
    if as_json:
        print_json([plain(one) | {"clean": one.clean} for one in found])
    else:
        for one in found:
            _say(one)
    if not all(one.clean for one in found):
        sys.exit(1)


def _telling(name: str, update: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: update(f"{name}: {done} payments")


def _say(one: Proven) -> None:
    rows = (
        ("in the books exactly once", one.exactly_once),
        ("dismissed, and the receipt that proves it stands", one.dismissed_with_proof),
        ("dismissed by two people without a receipt", one.dismissed_by_two_people),
        ("not in the books: waiting, shown to a person, or excluded by a rule", one.not_in_books),
        ("under way just now", one.under_way),
        ("differing", one.differing),
        ("all payments", one.payments),
    )
    print_table(f"{one.company}: both sides", ("Payments", "Count"), rows, right=("Count",))
    for each in one.discrepancies:
        print_line(f"{each.problem}: {each.text}")
    if one.clean:
        print_line(f"{one.company}: every payment is accounted for; nothing is doubled or lost.")
    else:
        print_line(f"{one.company}: {len(one.discrepancies)} do not add up; `resolve-now failures` shows what may be done.")
