"""Rows made by hand, each complete with defaults, for tests of what the database itself refuses."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from makers import START, CountingIds, ManualClock

from receivables.effects import ReceiptWrite, effect_key, marker
from storage import schema
from storage.effects import PlannedEffect
from storage.engine import Connection, Database
from storage.work import Work, working

_ids = CountingIds()


def at_work(db: Database, company: str = "acme", *, at: datetime = START, actor: str = "a test") -> AbstractContextManager[Work]:
    """A unit of work at a moment of the test's choosing."""
    return working(db.work(), company, ManualClock(at), _ids, actor)


def a_company_row(connection: Connection, company: str = "acme") -> None:
    connection.execute(sa.insert(schema.company).values(id=company))


def a_payment_row(connection: Connection, company: str = "acme", number: str = "TXN-1", **changes: Any) -> None:
    values: dict[str, Any] = {
        "customer": "Hooli",
        "customer_id": "",
        "amount_minor": 50_000,
        "currency": "USD",
        "paid_at": START,
        "method": "card",
        "status": "paid",
        "content_hash": "0" * 64,
        "source": "a test",
        "received_at": START,
        "state": "received",
        "bucket": "to_do",
        "on_account_minor": 0,
        "generation": 0,
        "version": 1,
    }
    connection.execute(sa.insert(schema.payment).values(company=company, transaction_number=number, **values | changes))


def a_failure_row(connection: Connection, id: str, company: str = "acme", number: str = "TXN-1", **changes: Any) -> None:
    values: dict[str, Any] = {
        "about": "payment",
        "state": "open",
        "opened_because": "short",
        "held": False,
        "opened_at": START,
        "changed_at": START,
        "version": 1,
    }
    connection.execute(sa.insert(schema.failure).values(company=company, id=id, transaction_number=number, **values | changes))


def a_decision_row(connection: Connection, id: str, company: str = "acme", number: str = "TXN-1", **changes: Any) -> None:
    values: dict[str, Any] = {
        "remedy": "retry",
        "requested_by": "dana",
        "requested_at": START,
        "channel": "cli",
        "reason": "",
        "options": {},
        "amount_minor": 50_000,
        "currency": "USD",
        "state": "accepted",
        "changed_at": START,
    }
    connection.execute(sa.insert(schema.decision).values(company=company, id=id, transaction_number=number, **values | changes))


def an_effect_row(connection: Connection, id: str, company: str = "acme", number: str = "TXN-1", **changes: Any) -> None:
    values: dict[str, Any] = {
        "kind": "receipt",
        "part": 1,
        "generation": 0,
        "key": f"key-{id}",
        "marker": marker(company, number, 1, 0),
        "write": {},
        "write_hash": "0" * 64,
        "expects": {},
        "attended": False,
        "facts_read_at": START,
        "state": "planned",
        "fence": 0,
        "sendings": 0,
        "next_at": START,
        "planned_at": START,
    }
    connection.execute(sa.insert(schema.effect).values(company=company, id=id, transaction_number=number, **values | changes))


def a_claim_row(connection: Connection, receipt_id: str, company: str = "acme", **changes: Any) -> None:
    values: dict[str, Any] = {"amount_minor": 50_000, "claimed_minor": 0}
    connection.execute(sa.insert(schema.receipt_claim).values(company=company, receipt_id=receipt_id, **values | changes))


def a_planned_effect(number: str = "TXN-1", *, part: int = 1, generation: int = 0, after_id: str | None = None) -> PlannedEffect:
    """An intent to record a receipt, resting on nothing."""
    write = ReceiptWrite("C1", "USD", 50_000, date(2026, 3, 3), "card", number, "", "", ())
    return PlannedEffect(
        id=f"{number}.{part}.{generation}",
        company="acme",
        transaction_number=number,
        part=part,
        generation=generation,
        key=effect_key("acme", number, f"receipt/{part}", generation),
        marker=marker("acme", number, part, generation),
        write=write,
        expects={},
        attended=False,
        facts_read_at=START,
        after_id=after_id,
    )
