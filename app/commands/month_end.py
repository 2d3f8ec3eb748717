"""The command of month end: one package for each company, to be signed by whoever closes the month."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import print_json, print_line

if TYPE_CHECKING:
    from app.month_end.files import Package


def report(
    context: typer.Context,
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Which month, such as 2026-03.")],
    company: CompanyId = None,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files are written.")] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files of an earlier report.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the month-end package: a workbook to be signed, and a chart.

    Exits with 1 where a payment of the month is not explained, or a receipt with our mark belongs to no payment.
    """
    from app.month_end import files
    from app.wiring import open_house
    from receivables.month import Month

    wanted, packages = Month.of(month), []
    for desk in open_house(context.obj).desks(company):
        with working(f"{desk.company.name}: reading the payments of {month}"):
            packages.append(files.write(desk, wanted, out, overwrite=overwrite))
    if as_json:
        print_json([_as_json(package) for package in packages])
    else:
        for package in packages:
            _say(package)
    if not all(package.found.adds_up for package in packages):
        sys.exit(1)


def _as_json(package: Package) -> dict[str, Any]:
    found = package.found
    return {
        "company": found.company.id,
        "month": found.month.text,
        "is_over": found.is_over,
        "adds_up": found.adds_up,
        "as_of": found.as_of,
        "workbook": str(package.workbook),
        "chart": str(package.chart),
        "chart_in_words": str(package.description),
        "lines": found.payments,
        "to_sign": len(found.to_sign),
        "currencies": {
            currency: {
                "to_be_recorded_minor": rolled.to_be_recorded.amount_minor,
                "not_recorded_minor": rolled.closing.amount_minor,
                "difference_minor": rolled.difference.amount_minor,
                "marked_difference_minor": found.marked_difference_minor(currency),
            }
            for currency, rolled in sorted(found.roll_forwards.items())
        },
        "deposit_accounts": [
            {
                "account": of.account,
                "currency": of.currency,
                "closing_minor": of.closing_minor,
                "general_ledger_minor": of.ledger_minor,
            }
            for of in found.clearing.values()
        ],
        "receivables": {
            currency: {
                "now_minor": owed.now_minor,
                "at_end_minor": owed.at_end_minor,
                "general_ledger_minor": owed.ledger_minor,
            }
            for currency, owed in sorted(found.receivables.items())
        },
    }


def _say(package: Package) -> None:
    from app.month_end import files

    for said in files.in_words(package.found):
        print_line(f"{package.found.company.name}: {said}")
    print_line(f"{package.found.company.name}: wrote {package.workbook}, {package.chart} and its description.")
