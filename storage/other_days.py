"""Payments that two people had posted on another day than the customer paid: their receipts, as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from receivables.diagnosis import Remedy
from receivables.effects import EffectKind, EffectState
from storage import schema
from storage.engine import Connection


@dataclass(frozen=True)
class OtherDay:
    """One receipt: `paid_at` is when the customer paid, `received_on` the day that it is dated in the books."""

    transaction: str
    amount_minor: int
    currency: str
    paid_at: datetime
    received_on: date


def posted(connection: Connection, company: str) -> Sequence[OtherDay]:
    """All that stand in the books, the newest day first."""
    effect, decision, payment = schema.effect, schema.decision, schema.payment
    query = (
        sa.select(effect.c.transaction_number, effect.c.write, payment.c.currency, payment.c.paid_at)
        .join(decision, sa.and_(decision.c.company == effect.c.company, decision.c.id == effect.c.decision_id))
        .join(
            payment,
            sa.and_(payment.c.company == effect.c.company, payment.c.transaction_number == effect.c.transaction_number),
        )
        .where(
            effect.c.company == company,
            effect.c.kind == EffectKind.RECEIPT,
            effect.c.state == EffectState.DONE,
            decision.c.remedy == Remedy.POST_ON_OPEN_DAY,
        )
    )
    found = [
        OtherDay(
            row.transaction_number, int(row.write["amount_minor"]), row.currency, row.paid_at,
            date.fromisoformat(row.write["received_on"]),
        )
        for row in connection.execute(query)
    ]  # fmt: skip
    return sorted(found, key=lambda of: (-of.received_on.toordinal(), of.transaction))
