"""Commands about who takes care of a failed payment: assign, and snooze until a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.payments import AsJson, CompanyId, Transaction
from app.output import print_json, print_line

if TYPE_CHECKING:
    from sync.desk import Desk

NOBODY = "nobody"
AsPerson = Annotated[str, typer.Option("--as", help="The configured person who does it.")]


def assign(
    context: typer.Context,
    transaction: Transaction,
    person: AsPerson,
    to: Annotated[
        str | None, typer.Option(help=f"The person who is to take care of it, or {NOBODY}. Default: whoever does this.")
    ] = None,
    company: CompanyId = None,
    as_json: AsJson = False,
) -> None:
    """Assign a failed payment to somebody, who is told in Slack; without --to, take it."""
    from app.wiring import open_house, os_account
    from sync import care

    desk = open_house(context.obj).desk_of(transaction, company)
    assignee = None if to == NOBODY else to or person
    told = care.assign(desk, _failure(desk, transaction), assignee, by=person, os_account=os_account())
    _say(told, as_json, {"transaction": transaction, "assignee": assignee})


def snooze(
    context: typer.Context,
    transaction: Transaction,
    person: AsPerson,
    until: Annotated[str | None, typer.Option(help="The day on whose morning it is back, such as 2026-03-16.")] = None,
    company: CompanyId = None,
    as_json: AsJson = False,
) -> None:
    """Set a failed payment aside until the morning of a day or until its cause changes; without --until, bring it back."""
    from app.wiring import open_house, os_account
    from sync import care

    day = None if until is None else _day(until)
    desk = open_house(context.obj).desk_of(transaction, company)
    told = care.snooze(desk, _failure(desk, transaction), day, by=person, os_account=os_account())
    _say(told, as_json, {"transaction": transaction, "snoozed_until": day})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day. Write it like 2026-03-16.", param_hint="--until") from None


def _failure(desk: Desk, number: str) -> str:
    """The open failure of a payment, or of what the feed says of it. Raises NotFound."""
    from receivables.errors import NotFound
    from storage import failures
    from storage.corrections import CORRECTION

    with desk.db.read() as connection:
        for about in ("payment", CORRECTION, "intake"):
            found = failures.open_of(connection, desk.company.id, number, about)
            if found is not None:
                return found.id
    raise NotFound(f"Payment {number} has no open failure.")


def _say(told: str, as_json: bool, answer: dict[str, object]) -> None:
    if as_json:
        print_json(answer)
    else:
        print_line(told)
