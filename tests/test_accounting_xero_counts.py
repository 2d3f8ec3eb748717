"""What Xero's limits are spent on: calls for healthy payments, for a look with nothing new, and for one failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scene import PAID
from xero_house import House, a_house

from receivables.diagnosis import Remedy
from receivables.payment import PaymentState

PAYMENTS = 240  # four batches; the printed figures are scaled to 1,000
CUSTOMERS = 30


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with a_house(tmp_path, check_contract=False) as held:
        yield held


def spent(house: House) -> dict[str, int]:
    """Calls so far, by "read" and "write"."""
    return {kind: house.behind.calls.counts.made.get(kind, 0) for kind in ("read", "write")}


def since(house: House, before: dict[str, int]) -> dict[str, int]:
    return {kind: made - before[kind] for kind, made in spent(house).items()}


def test_what_a_thousand_healthy_payments_cost(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Xero allows 5,000 calls a day, some plans 1,000: the calls grow with the batches, not with the payments."""
    each = [(name, number) for name in range(CUSTOMERS) for number in range(PAYMENTS // CUSTOMERS)]
    customers = [house.scene.customer(f"Customer {name}") for name in range(CUSTOMERS)]
    for name, number in each:
        house.scene.invoice(f"{name}-{number}", customers[name], 50_000)
    house.scene.sync()  # the first look at the books is paid once
    before = spent(house)
    for name, number in each:
        house.scene.pay(f"TXN-{name}-{number}", to={f"{name}-{number}": 50_000}, customer=f"Customer {name}")

    counts = house.scene.sync()

    made = since(house, before)
    reads, writes = (round(made[kind] * 1000 / PAYMENTS) for kind in ("read", "write"))
    with capsys.disabled():
        print(f"\nXero: calls for 1,000 healthy payments: {reads} reads, {writes} writes")
    assert (PAYMENTS, PAYMENTS) == (counts.posted, counts.verified)
    assert PAYMENTS == len(house.payments_in_xero())
    assert 5 == made["write"]  # of fifty each, but the last
    assert made["read"] <= PAYMENTS // 3  # three of each run ask once more what came into the lists of receipts


def test_a_look_with_nothing_new_costs_one_call_for_each_list(house: House) -> None:
    house.scene.invoice("1042", house.scene.customer(), 50_000)
    house.scene.sync()
    before = spent(house)

    house.scene.sync()

    assert {"read": 6, "write": 0} == since(house, before)


@pytest.mark.parametrize("process", ["the same", "another"])
def test_a_failure_costs_at_most_twelve_calls_and_so_does_its_decision(house: House, process: str) -> None:
    """The decision takes the credit memo off, posts the payment and reads it back, an hour later."""
    customer = house.scene.customer()
    invoice = house.scene.invoice("1042", customer, 50_000)
    memo = house.scene.ledger.add_credit_memo("CM-1", customer.id, 12_000, "USD", PAID.date(), by="Dana")
    house.scene.ledger.apply_credit(memo.id, invoice.id, 12_000, by="Dana")
    house.scene.sync()
    house.scene.pay()
    house.scene.clock.advance(3600)
    before = spent(house)

    house.scene.sync()

    failed = since(house, before)
    assert 1 == house.behind.xero.counts["GET CreditNotes/{id}/History"]
    assert 0 == failed["write"]
    assert failed["read"] <= 12
    house.scene.clock.advance(3600)
    if process == "another":
        house.scene.with_books(house.another_process())
    before = spent(house)

    assert "done" == house.scene.decide(Remedy.UNAPPLY_CREDIT_MEMO, by="sam")

    decided = since(house, before)
    assert PaymentState.VERIFIED is house.scene.payment().state
    assert 2 == decided["write"]
    assert decided["read"] + decided["write"] <= (12 if process == "the same" else 13)  # another reads the history again
