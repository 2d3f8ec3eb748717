"""The command of the proof: each payment exactly once in the books."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import json_value, print_json, print_line, print_table
from app.wiring import open_house
from receivables.words import counted
from sync import reconciliation
from sync.reconciliation import Proven


def register(app: typer.Typer) -> None:
    """Adds this command to the command line."""
    app.command()(reconcile)


def reconcile(context: typer.Context, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Prove that each payment is in the books exactly once; show every discrepancy, and exit 1 when there is any."""
    house = open_house(context.obj)
    found: list[Proven] = []
    for desk in house.desks(company):
        with working(f"{desk.company.name}: comparing payments and books") as update:
            found.append(reconciliation.run_once(desk, _telling(desk.company.name, update)))
    if as_json:
        print_json([json_value(proven) | {"clean": proven.clean} for proven in found])
    else:
        for proven in found:
            _say(proven)
    if not all(proven.clean for proven in found):
        sys.exit(1)


def _telling(name: str, update: Callable[[str], None]) -> Callable[[int], None]:
    return lambda done: update(f"{name}: {counted(done, 'payment')}")


def _say(proven: Proven) -> None:
    rows = (
        ("in the books exactly once", proven.exactly_once),
        ("dismissed, with a receipt that is still in the books", proven.dismissed_with_proof),
        ("dismissed by two people without a receipt", proven.dismissed_by_two_people),
        ("not in the books: waiting, assigned to a person, or excluded by a rule", proven.not_in_books),
        ("in progress now", proven.under_way),
        ("with differences", proven.differing),
        ("all payments", proven.payments),
    )
    print_table(f"{proven.company}: payments and books", ("Payments", "Count"), rows, right=("Count",))
    for discrepancy in proven.discrepancies:
        print_line(f"{discrepancy.problem}: {discrepancy.text}")
    if proven.clean:
        print_line(f"{proven.company}: every portal payment we know of is accounted for.")
    else:
        found = counted(len(proven.discrepancies), "discrepancy", "discrepancies")
        print_line(f"{proven.company}: {found}; `resolve-now failures` shows what can be done.")
