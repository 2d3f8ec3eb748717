"""Finding things by what people remember of them: part of a number, part of a name, an amount."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from receivables.twins import folded
from storage import schema
from storage.engine import Connection

FOUND_AT_MOST = 50


@dataclass(frozen=True)
class Found:
    """One thing found. `kind` is payment, customer, invoice, credit-memo or receipt; amounts are minor units."""

    company: str
    kind: str
    number: str
    id: str
    name: str
    amount_minor: int | None
    currency: str
    state: str
    hidden: bool = False


def payments(connection: Connection, companies: Sequence[str], text: str, *, include_hidden: bool) -> list[Found]:
    """Payments whose transaction number, customer or invoice number contains the text, or whose amount it is."""
    table, allocation = schema.payment, schema.allocation
    pattern = _pattern(text)
    on_invoice = sa.exists().where(
        allocation.c.company == table.c.company,
        allocation.c.transaction_number == table.c.transaction_number,
        allocation.c.invoice_number.ilike(pattern, escape="\\"),
    )
    matches = [
        table.c.transaction_number.ilike(pattern, escape="\\"),
        table.c.customer.ilike(pattern, escape="\\"),
        on_invoice,
    ]
    if (amount := _amount(text)) is not None:
        matches.append(table.c.amount_minor.in_(amount))
    query = sa.select(table).where(table.c.company.in_(companies), sa.or_(*matches))
    if not include_hidden:
        query = query.where(table.c.hidden_by.is_(None))
    query = query.order_by(table.c.paid_at.desc(), table.c.transaction_number).limit(FOUND_AT_MOST)
    return [
        Found(
            row.company,
            "payment",
            row.transaction_number,
            row.transaction_number,
            row.customer,
            row.amount_minor,
            row.currency,
            row.state,
            row.hidden_by is not None,
        )
        for row in connection.execute(query)
    ]


def documents(connection: Connection, companies: Sequence[str], text: str, *, kind: str | None) -> list[Found]:
    """Documents of the books, as last seen, whose number or name contains the text; `kind` is the mirror's."""
    table = schema.mirror
    query = sa.select(table).where(
        table.c.company.in_(companies),
        sa.or_(
            table.c.number.ilike(_pattern(text), escape="\\"),
            table.c.name_folded.like(_pattern(folded(text)), escape="\\"),
            table.c.document_id == text.removeprefix("#"),
        ),
    )
    if kind is not None:
        query = query.where(table.c.kind == kind)
    query = query.order_by(table.c.kind, table.c.number, table.c.document_id).limit(FOUND_AT_MOST)
    return [
        Found(
            row.company,
            row.kind.replace("_", "-"),
            row.number,
            row.document_id,
            row.name,
            row.body.get("total_minor", row.body.get("amount_minor")),
            row.body.get("currency", ""),
            "deleted" if row.deleted_at else str(row.body.get("status", "")),
        )
        for row in connection.execute(query)
    ]


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _amount(text: str) -> tuple[int, ...] | None:
    """The minor units an amount may mean, with two decimals or with none ("380.00" and "380")."""
    digits = text.lstrip("$€£ ").replace(",", "")
    whole, _, decimals = digits.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12 and (decimals == "" or decimals.isdigit())):
        return None
    if decimals and len(decimals) <= 3:
        return (int(whole + decimals.ljust(2, "0")), int(whole + decimals.ljust(3, "0")))
    return (int(whole), int(whole) * 100, int(whole) * 1000)
