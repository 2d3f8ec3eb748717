"""How much went back, where a portal tells another amount than the payment's: a part is a part, and nothing is dropped."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from makers import START, a_company, a_payment
from scene import Scene, a_scene

from feeds.csv_file import CsvFile
from feeds.findings import Findings
from feeds.maps.changes import Change, Changes
from feeds.maps.map import Means
from feeds.polled import Page, Record
from feeds.stripe import StripeFields, read_charge
from feeds.webhook import Message
from receivables.errors import FeedError
from receivables.payment import FeedStatus, Payment
from receivables.reversals import as_held, out_minor, told_by
from storage import payments
from sync import polling

CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "status": "succeeded",
    "captured": True,
    "amount": 50_000,
    "amount_captured": 50_000,
    "currency": "usd",
    "created": 1_772_553_600,
    "metadata": {"customer": "Hooli"},
    "payment_method_details": {"type": "card"},
}


def by_stripe(refunded: int, dispute: dict[str, Any]) -> Payment:
    told = {"status": "lost", "created": 1_773_000_000, "currency": "usd", **dispute}
    found = read_charge(CHARGE | {"amount_refunded": refunded}, [told], a_company(), StripeFields(customer="customer")).payment
    assert found is not None
    return found


def by_rows(*rows: tuple[Means, str]) -> Payment:
    changes, of = Changes(), a_payment()
    for line, (means, digits) in enumerate(rows, 2):
        changes.add(Change(line, "No", means, of.transaction_number, digits, "USD", 0, START, f"R{line}"))
    findings, nobody = Findings(), dict[str, Payment]()
    (told,) = changes.applied({of.transaction_number: (1, of)}, nobody.get, findings)
    assert not findings.problem_count
    return told


def out(told: Payment) -> int:
    reversal = told_by(told, START)
    return out_minor(told, [reversal] if reversal else [])


@pytest.mark.parametrize(
    ("refunded", "dispute", "status", "went_out"),
    [
        (0, {"amount": 50_000}, "charged_back", 50_000),
        (0, {}, "charged_back", 50_000),  # a dispute without an amount is of all of it
        (20_000, {"amount": 30_000}, "charged_back", 50_000),
        (20_000, {"amount": 50_000}, "charged_back", 70_000),
        (0, {"amount": 30_000}, "paid", 30_000),
        (0, {"amount": 30_000, "currency": "eur"}, "charged_back", 50_000),
    ],
)
def test_a_dispute_at_stripe_takes_what_it_says(refunded: int, dispute: dict[str, Any], status: str, went_out: int) -> None:
    told = by_stripe(refunded, dispute)
    assert (status, went_out) == (as_held(told).status, out(told))


@pytest.mark.parametrize(
    ("rows", "status", "went_out"),
    [
        ([(Means.RETURN, "500.00")], "returned", 50_000),
        ([(Means.RETURN, "")], "returned", 50_000),
        ([(Means.RETURN, "300.00")], "paid", 30_000),
        ([(Means.RETURN, "515.00")], "returned", 51_500),
        ([(Means.REFUND, "200.00"), (Means.RETURN, "500.00")], "returned", 70_000),
        ([(Means.REFUND, "200.00"), (Means.RETURN, "300.00")], "returned", 50_000),
        ([(Means.REFUND, "500.00"), (Means.RETURN, "500.00")], "returned", 100_000),
    ],
)
def test_a_row_of_a_portal_takes_what_it_says(rows: list[tuple[Means, str]], status: str, went_out: int) -> None:
    told = by_rows(*rows)
    assert (status, went_out) == (as_held(told).status, out(told))


@pytest.mark.parametrize(("day", "expected"), [("2026-03-10", ""), ("2026-03-11", "'2026-03-11' is after today, 2026-03-10")])
def test_money_that_went_back_on_a_day_to_come_is_refused_with_its_line(tmp_path: Path, day: str, expected: str) -> None:
    header = "transaction_number,customer,amount,currency,paid_at,method,invoices,status,status_at"
    file = tmp_path / "payments.csv"
    file.write_text(f"{header}\nTXN-1,Hooli,500.00,USD,2026-03-03,ach,,returned,{day}\n")
    feed = CsvFile(file, a_company(), partial=True, today=date(2026, 3, 10))
    problems = [(problem.line, problem.column, problem.message) for problem in feed.problems]
    assert ([(2, "status_at", expected)] if expected else []) == problems

    body = {"transaction_number": "TXN-1", "customer": "Hooli", "amount": "500.00", "currency": "USD", "paid_at": "2026-03-03"}
    body |= {"method": "ach", "invoices": "", "status": "returned", "status_at": day}
    if not expected:
        assert 1 == Message(json.dumps(body).encode(), a_company(), date(2026, 3, 10)).count
        return
    with pytest.raises(FeedError) as raised:
        Message(json.dumps(body).encode(), a_company(), date(2026, 3, 10))
    assert [(1, "status_at", expected)] == [(problem.line, problem.column, problem.message) for problem in raised.value.problems]


class OneCharge:
    """A polled feed of one record, of which the money is said to have gone back in two days."""

    name, kind, walks = "Portal", "portal", ("charges",)

    def __init__(self, payment: Payment) -> None:
        self._record = Record("ch_1", payment)

    def check(self) -> str:
        return "It works."

    def page(self, walk: str, cursor: str) -> Page:
        return Page((self._record,) if not cursor else (), f"{walk} read", more=False)

    def look_up(self, record_id: str) -> Record:
        assert self._record.id == record_id
        return self._record


def test_a_polled_record_of_money_that_goes_back_tomorrow_is_kept_until_then(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    soon = scene.clock.now() + timedelta(days=2)
    scene.desk = replace(scene.desk, feed=OneCharge(replace(a_payment(), status=FeedStatus.RETURNED, status_at=soon)))

    assert (1, 0) == (polling.run_once(scene.desk).refused, stored(scene))
    scene.clock.advance(3 * 86_400)

    assert (0, 1) == (polling.run_once(scene.desk).refused, stored(scene))
    scene.db.close()
    scene.ledger.close()


def stored(scene: Scene) -> int:
    with scene.db.read() as connection:
        return len(payments.by_numbers(connection, "acme", {a_payment().transaction_number}))
