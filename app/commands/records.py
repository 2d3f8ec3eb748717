"""Commands about the record of changes: verify it, or export it for an auditor."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from app.commands.payments import AsJson, CompanyId
from app.output import json_value, print_json, print_line

audit_app = typer.Typer(help="The record of every change: verify it or export it.", no_args_is_help=True)


@audit_app.command()
def verify(context: typer.Context, company: CompanyId = None, as_json: AsJson = False) -> None:
    """Check the hash chain of each company's record; exit 1 when it was tampered with."""
    from app.wiring import open_house
    from storage import audit

    house = open_house(context.obj)
    found = {}
    for desk in house.desks(company):
        with house.db.read() as connection:
            found[desk.company.id] = audit.verify(connection, desk.company.id)
    if as_json:
        print_json({company_id: {"unbroken": broken is None, "break": broken} for company_id, broken in found.items()})
    else:
        for company_id, broken in found.items():
            text = "the record is unbroken" if broken is None else f"the record is BROKEN at row {broken.seq}: {broken.problem}"
            print_line(f"{company_id}: {text}.")
    if any(found.values()):
        sys.exit(1)


@audit_app.command()
def export(
    context: typer.Context,
    company: CompanyId = None,
    transaction: Annotated[str | None, typer.Option(help="Only the rows of this payment.")] = None,
) -> None:
    """Export every row of the record with its hashes, one JSON object per line."""
    from app.wiring import open_house
    from storage import audit

    house = open_house(context.obj)
    for desk in house.desks(company):
        with house.db.read() as connection:
            for row in audit.rows(connection, desk.company.id, transaction):
                sys.stdout.write(json.dumps(json_value(row), ensure_ascii=False) + "\n")
