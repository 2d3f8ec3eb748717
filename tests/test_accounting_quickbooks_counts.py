"""How many calls to QuickBooks healthy payments cost: the whole journey in front of the stand-in, counted at its door.

Run as a program (PYTHONPATH=.:tests) it prints the figures for 1,000 payments.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from math import ceil
from pathlib import Path

from makers import a_payment
from quickbooks_scene import house_over_quickbooks
from scene import CREATED, PAID

from receivables.diagnosis import Remedy
from receivables.payment import Allocation, PaymentState

PAYMENTS_OF_A_CUSTOMER = 3


def calls_for(payments: int, folder: Path) -> tuple[Counter[str], int]:
    """What one sync asks for so many new payments of an invoice each, mirrored before; and how many it verified."""
    with house_over_quickbooks(folder) as (house, quickbooks):
        names = [f"Customer {number}" for number in range(ceil(payments / PAYMENTS_OF_A_CUSTOMER))]
        customers = {name: house.ledger.add_customer(name, by="Dana", at=CREATED).id for name in names}
        given = []
        for number in range(payments):
            name, invoice = names[number % len(names)], str(10_000 + number)
            house.ledger.add_invoice(invoice, customers[name], 50_000, "USD", date(2026, 2, 1), by="Dana", at=CREATED)
            meant = (Allocation(50_000, invoice),)
            given.append(a_payment(transaction_number=f"TXN-{number}", customer=name, paid_at=PAID, allocations=meant))
        house.sync()
        house.clock.advance(3600)
        house.feed(*given)
        before = Counter(quickbooks.counts.requests)
        verified = house.sync().verified
        return quickbooks.counts.requests - before, verified


def test_ninety_healthy_payments_cost_at_most_twenty_calls(tmp_path: Path) -> None:
    made, verified = calls_for(90, tmp_path)
    assert 90 == verified
    assert 3 == made["POST batch"]  # thirty at a time, and nothing else is written
    assert {"POST batch", "GET query", "GET preferences", "GET cdc"} == set(made)
    assert made.total() <= 20, made


def test_a_failure_costs_at_most_ten_calls_and_its_decision_seventeen(tmp_path: Path) -> None:
    """Nothing is asked twice but what decides about a write; the decision unapplies a credit memo and posts the payment."""
    with house_over_quickbooks(tmp_path) as (house, quickbooks):
        customer = house.customer()
        invoice = house.invoice("1042", customer, 50_000)
        memo = house.ledger.add_credit_memo("CM-1", customer.id, 12_000, "USD", PAID.date(), by="Dana")
        house.ledger.apply_credit(memo.id, invoice.id, 12_000, by="Dana")
        house.sync()
        house.pay()
        house.clock.advance(3600)
        before = quickbooks.counts.all

        house.sync()

        assert quickbooks.counts.all - before <= 10
        house.clock.advance(3600)
        before = quickbooks.counts.all
        assert "done" == house.decide(Remedy.UNAPPLY_CREDIT_MEMO, by="sam")
        assert PaymentState.VERIFIED is house.payment().state
        assert quickbooks.counts.all - before <= 17


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        figures, landed = calls_for(1000, Path(name))
        print(f"{landed} payments verified with {figures.total()} calls: {dict(figures)}")
