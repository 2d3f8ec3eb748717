"""What people said of receipts entered by hand: that one is other money than a payment, and which money it is.

It holds for that pair of payment and receipt, and only while the receipt stays as it was when it was said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from receivables.books_records import Receipt
from receivables.effects import facts_of
from storage import schema
from storage.codec import hash_of
from storage.given import is_given
from storage.work import Work


@dataclass(frozen=True)
class OtherMoney:
    """A receipt that is no part of a payment: `cash_reference` says which money it is, `decision_id` who said so and why."""

    transaction_number: str
    receipt_id: str
    cash_reference: str
    receipt_hash: str
    said_at: datetime
    decision_id: str

    def holds_for(self, receipt: Receipt) -> bool:
        """Whether the receipt is still as it was when this was said."""
        return self.receipt_id == receipt.id and self.receipt_hash == _hash_of(receipt)


def _hash_of(receipt: Receipt) -> str:
    """Everything of a receipt by which a person told whose money it is."""
    told = {"currency": receipt.currency, "method": receipt.method, "received_on": receipt.received_on.isoformat()}
    return hash_of(facts_of(receipt) | told)


def say(work: Work, number: str, receipt: Receipt, cash_reference: str, decision_id: str) -> None:
    """Remembers that the receipt is other money than this payment. What was said of the two before is over."""
    _withdraw(work, number, receipt.id)
    work.connection.execute(
        sa.insert(schema.other_money).values(
            company=work.company,
            id=work.ids.new(),
            transaction_number=number,
            receipt_id=receipt.id,
            cash_reference=cash_reference,
            receipt_hash=_hash_of(receipt),
            said_at=work.at,
            decision_id=decision_id,
        )
    )
    body = {"receipt": receipt.id, "cash_reference": cash_reference, "decision": decision_id}
    work.record("receipt.other_money", transaction_number=number, body=body)


_SAID = (
    sa.select(schema.other_money)
    .where(schema.other_money.c.company == sa.bindparam("of_company"))
    .where(is_given(schema.other_money.c.transaction_number, "numbers"), schema.other_money.c.withdrawn_at.is_(None))
    .order_by(schema.other_money.c.said_at, schema.other_money.c.id)
)


def said(connection: Connection, company: str, numbers: Collection[str]) -> Mapping[str, Sequence[OtherMoney]]:
    """What people said of these payments and did not take back, by transaction number, oldest first."""
    found: dict[str, list[OtherMoney]] = {}
    for row in connection.execute(_SAID, {"of_company": company, "numbers": numbers}):
        values = {name: row._mapping[name] for name in OtherMoney.__dataclass_fields__}
        found.setdefault(row.transaction_number, []).append(OtherMoney(**values))
    return found


def withdraw(work: Work, number: str) -> bool:
    """Takes back everything that was said of this payment. False where nothing was."""
    taken_back = _withdraw(work, number)
    if taken_back:
        work.record("receipt.other_money_withdrawn", transaction_number=number)
    return taken_back


def _withdraw(work: Work, number: str, receipt_id: str = "") -> bool:
    table = schema.other_money
    here = [table.c.company == work.company, table.c.transaction_number == number, table.c.withdrawn_at.is_(None)]
    if receipt_id:
        here.append(table.c.receipt_id == receipt_id)
    return bool(work.connection.execute(sa.update(table).where(*here).values(withdrawn_at=work.at)).rowcount)
