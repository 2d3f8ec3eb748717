"""What dismissals rest on: which money of which receipt in the books stands for which payment, and never for two."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from receivables.books_records import Receipt
from storage import schema, twins
from storage.decisions import StoredDecision
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class Proof:
    """What of a receipt in the books stands for a dismissed payment, in minor units."""

    transaction_number: str
    receipt_id: str
    amount_minor: int
    given_at: datetime
    withdrawn_at: datetime | None


def claim(work: Work, decision: StoredDecision, receipt: Receipt, amount_minor: int) -> bool:
    """Ties a dismissed payment to money of a receipt. False when other dismissals already rest on that money."""
    work.only_for(decision.company)
    table = schema.receipt_claim
    proof_id = work.ids.new()
    here = sa.and_(table.c.company == work.company, table.c.receipt_id == receipt.id)
    whole = {"amount_minor": receipt.amount_minor}
    try:
        with work.savepoint():
            if work.connection.execute(sa.select(table.c.receipt_id).where(here)).one_or_none() is None:
                new = {"company": work.company, "receipt_id": receipt.id, "claimed_minor": 0}
                work.connection.execute(sa.insert(table).values(**new, **whole))
            work.connection.execute(
                sa.update(table).where(here).values(claimed_minor=table.c.claimed_minor + amount_minor, **whole)
            )
    except IntegrityError:  # the CHECK: claims never exceed the receipt
        return False
    work.connection.execute(
        sa.insert(schema.proof).values(
            company=work.company,
            id=proof_id,
            decision_id=decision.id,
            transaction_number=decision.transaction_number,
            receipt_id=receipt.id,
            amount_minor=amount_minor,
            given_at=work.at,
        )
    )
    return True


def withdraw(work: Work, number: str) -> None:
    """Gives a reopened payment's claims back, so that the receipt's money can stand for something else.

    Where it rested on another payment, it is that one's twin again, for a person to settle.
    """
    twins.unsettle(work, number)
    proof, table = schema.proof, schema.receipt_claim
    condition = sa.and_(proof.c.company == work.company, proof.c.transaction_number == number, proof.c.withdrawn_at.is_(None))
    for row in work.connection.execute(sa.select(proof.c.receipt_id, proof.c.amount_minor).where(condition)).all():
        work.connection.execute(
            sa.update(table)
            .where(table.c.company == work.company, table.c.receipt_id == row.receipt_id)
            .values(claimed_minor=table.c.claimed_minor - row.amount_minor)
        )
    work.connection.execute(sa.update(proof).where(condition).values(withdrawn_at=work.at))


def claimed(connection: Connection, company: str, receipt_ids: Collection[str] | None = None) -> Mapping[str, int]:
    """What dismissals rest on each receipt, or on each of these, in minor units."""
    table = schema.receipt_claim
    query = sa.select(table.c.receipt_id, table.c.claimed_minor).where(table.c.company == company, table.c.claimed_minor > 0)
    rows = connection.execute(query if receipt_ids is None else query.where(table.c.receipt_id.in_(receipt_ids)))
    return {row.receipt_id: row.claimed_minor for row in rows}


_STANDING = (
    sa.select(schema.proof)
    .where(schema.proof.c.company == sa.bindparam("of_company"), is_given(schema.proof.c.transaction_number, "numbers"))
    .where(schema.proof.c.withdrawn_at.is_(None))
    .order_by(schema.proof.c.given_at, schema.proof.c.id)
)


def standing(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Sequence[Proof]]:
    """What the dismissals of these payments rest on now, by transaction number."""
    found: dict[str, list[Proof]] = {}
    for row in connection.execute(_STANDING, {"of_company": company, "numbers": numbers}):
        found.setdefault(row.transaction_number, []).append(_proof(row))
    return found


def resting_on(connection: Connection, company: str, receipt_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
    """By receipt id, the payments whose dismissals rest on it now."""
    table = schema.proof
    here = (table.c.company == company, table.c.receipt_id.in_(receipt_ids), table.c.withdrawn_at.is_(None))
    rows = connection.execute(sa.select(table.c.receipt_id, table.c.transaction_number).where(*here))
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.receipt_id, []).append(row.transaction_number)
    return found


def every(connection: Connection, company: str, number: str | None = None) -> Sequence[Proof]:
    """The proof of dismissals, withdrawn ones included; of one payment, or of all."""
    table = schema.proof
    query = sa.select(table).where(table.c.company == company).order_by(table.c.given_at, table.c.id)
    if number is not None:
        query = query.where(table.c.transaction_number == number)
    return [_proof(row) for row in connection.execute(query)]


def _proof(row: sa.Row[tuple[object, ...]]) -> Proof:
    return Proof(row.transaction_number, row.receipt_id, row.amount_minor, row.given_at, row.withdrawn_at)
