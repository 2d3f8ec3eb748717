"""What month end reads of our rows beyond payments, effects and the mirror: a page of payments, or a month, at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from receivables.diagnosis import Cause
from receivables.effects import EffectKind, EffectState, UnapplyCredit
from storage import codec, decisions, receipt_claims, schema
from storage.decisions import StoredDecision
from storage.engine import Connection
from storage.given import is_given

DONE = "done"


@dataclass(frozen=True)
class Failed:
    """The newest failure of a payment, without its facts."""

    cause: Cause | None
    state: str
    opened_at: datetime
    resolved_at: datetime | None


_FAILED = (
    sa.select(
        schema.failure.c.transaction_number,
        schema.failure.c.cause,
        schema.failure.c.state,
        schema.failure.c.opened_at,
        schema.failure.c.resolved_at,
    )
    .where(schema.failure.c.company == sa.bindparam("of_company"), is_given(schema.failure.c.transaction_number, "numbers"))
    .order_by(schema.failure.c.opened_at, schema.failure.c.id)
)


def newest_failures(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Failed]:
    """By transaction number; payments that never failed are left out."""
    rows = connection.execute(_FAILED, {"of_company": company, "numbers": numbers})
    return {row.transaction_number: Failed(row.cause, row.state, row.opened_at, row.resolved_at) for row in rows}


def newest_decisions(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, StoredDecision]:
    """The decision that was carried out last about each of these payments, by transaction number."""
    table = schema.decision
    here = sa.and_(table.c.company == company, table.c.transaction_number.in_(numbers), table.c.state == DONE)
    found = decisions.select(connection, here)
    return {made.transaction_number: made for made in sorted(found, key=lambda made: (made.changed_at, made.id))}


def decided_between(connection: Connection, company: str, begins: datetime, ends: datetime) -> Sequence[StoredDecision]:
    """What was decided and carried out from one moment up to before another, oldest first."""
    table = schema.decision
    here = (table.c.company == company, table.c.state == DONE, table.c.changed_at >= begins, table.c.changed_at < ends)
    return sorted(decisions.select(connection, sa.and_(*here)), key=lambda made: (made.changed_at, made.id))


@dataclass(frozen=True)
class Unapplied:
    """A credit memo that was taken off an invoice at somebody's decision."""

    transaction_number: str
    credit_memo_id: str
    amount_minor: int
    settled_at: datetime
    decision_id: str | None


def credits_unapplied(connection: Connection, company: str, ends: datetime) -> Sequence[Unapplied]:
    """All of them before a moment, oldest first."""
    table = schema.effect
    here = (table.c.company == company, table.c.kind == EffectKind.UNAPPLY_CREDIT, table.c.state == EffectState.DONE)
    rows = connection.execute(sa.select(table).where(*here, table.c.settled_at < ends).order_by(table.c.settled_at, table.c.id))
    found = []
    for row in rows:
        write = codec.write_from_json(row.kind, row.write)
        if isinstance(write, UnapplyCredit):
            found.append(
                Unapplied(row.transaction_number, write.credit_memo_id, write.amount_minor, row.settled_at, row.decision_id)
            )
    return found


@dataclass(frozen=True)
class LikeReceipt:
    """A receipt without our mark that is as much as a payment of the same customer."""

    id: str
    number: str
    currency: str
    received_on: date
    texts: tuple[str, ...]


_LIKE = sa.select(schema.hand_receipt).where(
    schema.hand_receipt.c.company == sa.bindparam("of_company"),
    is_given(schema.hand_receipt.c.customer_id, "customers"),
    schema.hand_receipt.c.amount_minor.in_(sa.bindparam("amounts", expanding=True)),
    schema.hand_receipt.c.received_on.between(sa.bindparam("since"), sa.bindparam("through")),
    sa.not_(schema.hand_receipt.c.gone),
)


def receipts_of(
    connection: Connection, company: str, asked: Collection[tuple[str, int]], since: date, through: date
) -> Mapping[tuple[str, int], Sequence[LikeReceipt]]:
    """The living receipts without our mark by (customer id, amount in minor units), those of these days."""
    customers, amounts = sorted({customer for customer, _ in asked}), sorted({minor for _, minor in asked})
    given = {"of_company": company, "customers": customers, "amounts": amounts, "since": since, "through": through}
    found: dict[tuple[str, int], list[LikeReceipt]] = {}
    for row in connection.execute(_LIKE, given):
        if (row.customer_id, row.amount_minor) in asked:
            like = LikeReceipt(
                row.document_id, row.body["number"] if row.body else "", row.currency, row.received_on, tuple(row.texts)
            )
            found.setdefault((row.customer_id, row.amount_minor), []).append(like)
    return found


def dismissed_without_receipt(connection: Connection, company: str, numbers: Collection[str]) -> frozenset[str]:
    """Those of these payments whose dismissal rests on no receipt and on no other payment."""
    rests = set(receipt_claims.standing(connection, company, numbers))
    table = schema.twin
    here = (table.c.company == company, table.c.transaction_number.in_(numbers), table.c.settled == "dismissed")
    rests |= set(connection.execute(sa.select(table.c.transaction_number).where(*here)).scalars())
    return frozenset(numbers) - rests
