"""Which invoice of the books each line of a payment stands for: versions, of which the highest holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import schema
from storage.work import Work


@dataclass(frozen=True)
class Binding:
    """Which invoice of the books one allocation stands for; the highest version holds."""

    line: int
    version: int
    invoice_id: str
    customer_id: str
    bound_at: datetime
    bound_by: str
    decision_id: str | None = None


def bind(work: Work, number: str, line: int, *, invoice_id: str, customer_id: str, decision_id: str | None = None) -> None:
    """Binds one allocation to an invoice, as a new version beside those before it."""
    table = schema.binding
    newest = work.connection.execute(
        sa.select(sa.func.max(table.c.version)).where(
            table.c.company == work.company, table.c.transaction_number == number, table.c.line == line
        )
    ).scalar()
    work.connection.execute(
        sa.insert(table).values(
            company=work.company,
            transaction_number=number,
            line=line,
            version=(newest or 0) + 1,
            invoice_id=invoice_id,
            customer_id=customer_id,
            bound_at=work.at,
            bound_by=work.actor,
            decision_id=decision_id,
        )
    )
    work.record(
        "allocation.bound",
        transaction_number=number,
        body={"line": line, "version": (newest or 0) + 1, "invoice_id": invoice_id, "customer_id": customer_id},
    )


def unbind(work: Work, number: str, decision_id: str) -> bool:
    """Takes back what a decision bound and still holds, as new versions that name no invoice. False where nothing was."""
    table = schema.binding
    query = sa.select(table.c.line, table.c.version).where(
        table.c.company == work.company, table.c.transaction_number == number, table.c.decision_id == decision_id
    )
    now = held(work.connection, work.company, [number])[number]
    lines = [row.line for row in work.connection.execute(query) if row.line in now and now[row.line].version == row.version]
    for line in lines:
        bind(work, number, line, invoice_id="", customer_id="")
    return bool(lines)


def held(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Mapping[int, Binding]]:
    """The binding that holds for each line of each payment; unbound lines are absent."""
    table = schema.binding
    found: dict[str, dict[int, Binding]] = {number: {} for number in numbers}
    if not found:
        return found
    query = (
        sa.select(table)
        .where(table.c.company == company, table.c.transaction_number.in_(numbers))
        .order_by(table.c.transaction_number, table.c.line, table.c.version)
    )
    for row in connection.execute(query):
        found[row.transaction_number][row.line] = of_row(row)
    return {number: {line: bound for line, bound in lines.items() if bound.invoice_id} for number, lines in found.items()}


def of_row(row: sa.Row[tuple[object, ...]]) -> Binding:
    """A row of the bindings as a value."""
    return Binding(row.line, row.version, row.invoice_id, row.customer_id, row.bound_at, row.bound_by, row.decision_id)
