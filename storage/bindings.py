"""Which invoice of the books each line of a payment stands for: versions, of which the highest holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from storage import schema
from storage.given import is_given
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


@dataclass(frozen=True)
class Bound:
    """A line of a payment that is to stand for an invoice of the books; "" takes back what it stood for."""

    number: str
    line: int
    invoice_id: str
    customer_id: str
    decision_id: str | None = None


_NEWEST = (
    sa.select(schema.binding.c.transaction_number, schema.binding.c.line, sa.func.max(schema.binding.c.version))
    .where(schema.binding.c.company == sa.bindparam("of_company"))
    .where(is_given(schema.binding.c.transaction_number, "numbers"))
    .group_by(schema.binding.c.transaction_number, schema.binding.c.line)
)
_BIND = sa.insert(schema.binding)


def bind_many(work: Work, lines: Sequence[Bound]) -> None:
    """Binds lines, as new versions beside those before them."""
    if not lines:
        return
    asked = {"of_company": work.company, "numbers": list({bound.number for bound in lines})}
    newest = {(number, line): version for number, line, version in work.connection.execute(_NEWEST, asked)}
    rows = []
    for bound in lines:
        version = newest[bound.number, bound.line] = newest.get((bound.number, bound.line), 0) + 1
        rows.append(
            {
                "company": work.company,
                "transaction_number": bound.number,
                "line": bound.line,
                "version": version,
                "invoice_id": bound.invoice_id,
                "customer_id": bound.customer_id,
                "bound_at": work.at,
                "bound_by": work.actor,
                "decision_id": bound.decision_id,
            }
        )
        body = {"line": bound.line, "version": version, "invoice_id": bound.invoice_id, "customer_id": bound.customer_id}
        work.record("allocation.bound", transaction_number=bound.number, body=body)
    work.connection.execute(_BIND, rows)


def unbind(work: Work, number: str, decision_id: str) -> bool:
    """Takes back what a decision bound and still holds, as new versions that name no invoice. False where nothing was."""
    table = schema.binding
    query = sa.select(table.c.line, table.c.version).where(
        table.c.company == work.company, table.c.transaction_number == number, table.c.decision_id == decision_id
    )
    now = held(work.connection, work.company, [number])[number]
    lines = [row.line for row in work.connection.execute(query) if row.line in now and now[row.line].version == row.version]
    bind_many(work, [Bound(number, line, "", "") for line in lines])
    return bool(lines)


_HELD = (
    sa.select(schema.binding)
    .where(schema.binding.c.company == sa.bindparam("of_company"))
    .where(is_given(schema.binding.c.transaction_number, "numbers"))
    .order_by(schema.binding.c.transaction_number, schema.binding.c.line, schema.binding.c.version)
)


def held(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Mapping[int, Binding]]:
    """The binding that holds for each line of each payment; unbound lines are absent."""
    found: dict[str, dict[int, Binding]] = {number: {} for number in numbers}
    if not found:
        return found
    for row in connection.execute(_HELD, {"of_company": company, "numbers": list(found)}):
        found[row.transaction_number][row.line] = of_row(row)
    return {number: {line: bound for line, bound in lines.items() if bound.invoice_id} for number, lines in found.items()}


def of_row(row: sa.Row[tuple[object, ...]]) -> Binding:
    """A row of the bindings as a value."""
    return Binding(row.line, row.version, row.invoice_id, row.customer_id, row.bound_at, row.bound_by, row.decision_id)
