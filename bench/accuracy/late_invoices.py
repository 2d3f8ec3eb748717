"""Histories of invoices that are entered after the customer paid, and are not plainly what they paid."""

from __future__ import annotations

from datetime import timedelta

from bench.accuracy.histories import Story, Truth
from bench.accuracy.world import World
from receivables.diagnosis import Cause, Remedy


def not_plainly_the_late_one(w: World, key: str) -> Story:
    """Dated after the payment, or for less: whether it is the one only a person knows."""
    customer, minor, at = w.customer(key), w.amount(), w.paid_moment()
    name, paid_on, smaller = w.number(key), w.company.day_of(at), w.chance(50)
    number = w.pay(key, customer, minor, {name: minor}, at)
    yield
    late = w.ledger.add_invoice(
        name,
        customer.id,
        minor * 9 // 10 if smaller else minor,
        currency="USD",
        issued_on=paid_on - timedelta(days=1) if smaller else paid_on + timedelta(days=2),
        by=w.person(),
        at=w.soon_after(at),
    )
    offered = frozenset({Remedy.RECREATE_RECEIPT, Remedy.KEEP_ON_ACCOUNT})
    documents = frozenset({late.id})
    return Truth("late and not plainly meant", number, frozenset({Cause.INVOICE_LATE}), offered, documents, decidable=False)
