"""The command of remembered spellings: what a name or a number means that portals write otherwise than the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.payments import AsJson, CompanyId
from app.output import print_json, print_line, print_table
from receivables.books_records import Customer
from receivables.errors import NotFound

if TYPE_CHECKING:
    from storage.aliases import Alias
    from sync.desk import Desk

TakeBack = Annotated[str, typer.Option("--take-back", metavar="ID", help="Take this spelling back: it binds no later payment.")]
AsPerson = Annotated[str, typer.Option("--as", help="With --take-back: the configured person who takes it back.")]


def listed(
    context: typer.Context, take_back: TakeBack = "", person: AsPerson = "", company: CompanyId = None, as_json: AsJson = False
) -> None:
    """List the spellings of names and invoice numbers that people matched, or take one back.

    Later payments that write them so are bound by themselves. Taking one back changes nothing that is bound already.
    """
    from app.wiring import open_house

    house = open_house(context.obj)
    desks = list(house.desks(company))
    if take_back:
        alias = _take_back(desks, take_back, person)
        if as_json:
            print_json({"alias": alias.id, "taken_back": True})
        else:
            print_line(f"Taken back: {alias.spelling} means nothing by itself any more. What is bound already stays as it is.")
        return
    found = [(desk, _of(desk)) for desk in desks]
    if as_json:
        print_json(
            [
                {
                    "company": desk.company.id,
                    "customer": name,
                    **{k: v for k, v in vars(alias).items() if k != "transaction_number"},
                }
                for desk, some in found
                for alias, name in some
            ]
        )
        return
    for desk, some in found:
        if not some:
            print_line(f"{desk.company.id}: no spelling is remembered.")
            continue
        words = desk.company.words
        rows = [
            (alias.id, alias.spelling, _meaning(alias, name), desk.name_of(alias.said_by), words.moment(alias.said_at))
            for alias, name in some
        ]
        print_table(f"{desk.company.name}: remembered spellings", ("Id", "Written", "Means", "Matched by", "On"), rows)


def _of(desk: Desk) -> list[tuple[Alias, str]]:
    """The company's spellings, each with the name of the customer it is about."""
    from storage import aliases, mirror

    with desk.db.read() as connection:
        found = aliases.of_company(connection, desk.company.id)
        seen = mirror.documents(connection, desk.company.id, "customer", {alias.customer_id for alias in found})
    names = {each.document.id: each.document.name for each in seen if isinstance(each.document, Customer)}
    return [(alias, names.get(alias.customer_id, f"#{alias.customer_id}")) for alias in found]


def _meaning(alias: Alias, customer: str) -> str:
    return f"invoice {alias.invoice_number} of {customer}" if alias.invoice_number else f"customer {customer}"


def _take_back(desks: list[Desk], alias_id: str, person: str) -> Alias:
    from app.wiring import os_account
    from sync import matching

    for desk in desks:
        alias = next((alias for alias, _ in _of(desk) if alias.id == alias_id), None)
        if alias is not None:
            matching.take_back(desk, alias, by=person, os_account=os_account())
            return alias
    raise NotFound(f"No spelling of the id {alias_id} is remembered. `resolve-now aliases` lists them.")
