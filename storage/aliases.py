"""What a spelling means, as a person said: of a customer's name or of an invoice number, for the company or for one payment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.payment import Payment
from receivables.twins import folded
from storage import schema
from storage.work import Work

KEYS_AT_ONCE = 500  # in one statement


@dataclass(frozen=True)
class Meaning:
    """`spelling` means this customer or, with an invoice number, that invoice of theirs."""

    spelling: str
    customer_id: str
    invoice_number: str = ""
    transaction_number: str = ""  # the only payment for which it holds, or "" for every one of the company

    @property
    def meaning(self) -> tuple[str, str, str]:
        return (self.customer_id, self.invoice_number, self.transaction_number)


@dataclass(frozen=True)
class Alias:
    """What a person said, when, and in which decision."""

    id: str
    spelling: str
    customer_id: str
    invoice_number: str
    transaction_number: str
    said_by: str
    said_at: datetime
    decision_id: str

    def is_of(self, payment: Payment, text: str) -> bool:
        """Whether it says what this text of the payment means."""
        return self.transaction_number in ("", payment.transaction_number) and folded(self.spelling) == folded(text)


def remember(work: Work, said: Meaning, *, by: str, decision_id: str) -> None:
    """Remembers what a spelling means. What is known already stays as it is."""
    known = held(work.connection, work.company, {said.spelling})
    if any((alias.customer_id, alias.invoice_number, alias.transaction_number) == said.meaning for alias in known):
        return
    made = work.ids.new()
    work.connection.execute(
        sa.insert(schema.alias).values(
            company=work.company,
            id=made,
            spelling=said.spelling,
            spelling_key=folded(said.spelling),
            customer_id=said.customer_id,
            invoice_number=said.invoice_number,
            transaction_number=said.transaction_number or None,
            said_by=by,
            said_at=work.at,
            decision_id=decision_id,
        )
    )
    body = {"alias": made, "spelling": said.spelling, "customer_id": said.customer_id, "decision": decision_id}
    if said.invoice_number:
        body["invoice_number"] = said.invoice_number
    work.record("alias.remembered", transaction_number=said.transaction_number, body=body)


def held(connection: Connection, company: str, spellings: Collection[str]) -> Sequence[Alias]:
    """What these texts mean, as people said and did not take back, oldest first."""
    keys = sorted({folded(spelling) for spelling in spellings})
    found: list[Alias] = []
    for start in range(0, len(keys), KEYS_AT_ONCE):
        found += _load(connection, company, schema.alias.c.spelling_key.in_(keys[start : start + KEYS_AT_ONCE]))
    return found


def of_company(connection: Connection, company: str) -> Sequence[Alias]:
    """Every spelling that binds payments by itself, oldest first."""
    return _load(connection, company, schema.alias.c.transaction_number.is_(None))


def take_back(work: Work, alias_id: str, *, by: str) -> bool:
    """Takes a spelling back: it binds no later payment. False where there is none of that id."""
    table = schema.alias
    here = (table.c.company == work.company, table.c.id == alias_id, table.c.withdrawn_at.is_(None))
    changed = work.connection.execute(sa.update(table).where(*here).values(withdrawn_at=work.at, withdrawn_by=by)).rowcount
    if changed:
        work.record("alias.taken_back", body={"alias": alias_id, "person": by})
    return bool(changed)


def take_back_all(work: Work, decision_id: str, *, by: str) -> None:
    """Takes back every spelling that a decision made known, for the company or for its payment."""
    for alias in _load(work.connection, work.company, schema.alias.c.decision_id == decision_id):
        take_back(work, alias.id, by=by)


def _load(connection: Connection, company: str, condition: sa.ColumnElement[bool]) -> list[Alias]:
    table = schema.alias
    query = (
        sa.select(table)
        .where(table.c.company == company, condition, table.c.withdrawn_at.is_(None))
        .order_by(table.c.said_at, table.c.id)
    )
    return [
        Alias(
            id=row.id,
            spelling=row.spelling,
            customer_id=row.customer_id,
            invoice_number=row.invoice_number,
            transaction_number=row.transaction_number or "",
            said_by=row.said_by,
            said_at=row.said_at,
            decision_id=row.decision_id,
        )
        for row in connection.execute(query)
    ]
