"""The command of month end: one package for each company, to be signed by whoever closes the month."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.payments import AsJson, CompanyId, working
from app.output import print_json, print_line
from receivables.words import counted

if TYPE_CHECKING:
    from app.month_end.files import Package
    from sync.month_package import MonthEnd


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
    from sync.month import Month

    try:
        wanted = Month.of(month)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--month") from error
    packages = []
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
    }


def _say(package: Package) -> None:
    for said in in_words(package.found):
        print_line(f"{package.found.company.name}: {said}")
    print_line(f"{package.found.company.name}: wrote {package.workbook}, {package.chart} and its description.")


def in_words(found: MonthEnd) -> list[str]:
    """What a person is told of it, line by line: how much is not recorded, and the difference."""
    from app.month_end.summary import as_of

    words, said = found.company.words, as_of(found)[1:-1]
    for currency in found.currencies:
        rolled = found.roll_forwards[currency]
        asked, closing, off = rolled.to_be_recorded, rolled.closing, rolled.difference
        open_ones = f"{words.money(closing.amount_minor, currency)} of it not recorded ({counted(closing.count, 'payment')})"
        difference = f"difference {words.money(off.amount_minor, currency)}"
        said.append(f"{words.money(asked.amount_minor, currency)} to be recorded, {open_ones}, {difference}.")
        if marked := found.marked_difference_minor(currency):
            said.append(f"Receipts with our mark of {words.money(marked, currency)} belong to no payment.")
    if not found.roll_forwards:
        said.append("there are no payments.")
    if found.to_sign:
        said.append(f"{counted(len(found.to_sign), 'line')} to be signed on sheet E.")
    return said
