"""The edges of a month: its first and last second in the company's zone, its clocks, decimals, and deposits of later months."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from makers import a_payment
from month_played import figures_tie, made
from scene import Scene

from accounting.embedded.general_ledger import UNDEPOSITED
from receivables.errors import ConfigurationError
from receivables.month import Month
from receivables.payment import Allocation
from storage import nights
from sync.month import Line
from sync.month_package import Sign

FEBRUARY, MARCH, APRIL = (Month.of(f"2026-0{number}") for number in (2, 3, 4))


def goes_to(scene: Scene, moment: datetime) -> None:
    scene.clock.advance((moment - scene.clock.now()).total_seconds())


def test_first_and_last_second_of_a_month_are_those_of_the_company_though_its_clocks_changed_in_it(scene: Scene) -> None:
    """In Chicago March 2026 begins at 06:00 UTC and, after the night of March 8, ends at 05:00 UTC."""
    begins, ends = datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 4, 1, 5, tzinfo=UTC)
    moments = {
        "FEB-LAST": begins - timedelta(seconds=1),
        "MAR-FIRST": begins,
        "MAR-BEFORE": datetime(2026, 3, 8, 7, 59, tzinfo=UTC),  # 1:59 AM, and a minute later it is 3:00 AM
        "MAR-AFTER": datetime(2026, 3, 8, 8, 0, tzinfo=UTC),
        "MAR-LAST": ends - timedelta(seconds=1),
        "APR-FIRST": ends,
    }
    hooli = scene.customer()
    goes_to(scene, datetime(2026, 4, 1, 3, tzinfo=UTC))  # still March in Chicago
    with pytest.raises(ConfigurationError, match=r"April 2026 has not begun. Ask for March 2026 or an earlier month."):
        made(scene, APRIL)
    for number, paid_at in moments.items():
        scene.invoice(number, hooli, 10_000)
        scene.pay(number, 10_000, {number: 10_000}, paid_at=paid_at)
    scene.sync()
    with scene.desk.work("scheduler") as work:
        nights.missed(work, datetime(2026, 4, 1, 2, tzinfo=UTC), "The books did not answer.")
    goes_to(scene, datetime(2026, 4, 2, 12, tzinfo=UTC))

    packages = {month: made(scene, month) for month in (FEBRUARY, MARCH, APRIL)}

    assert [["FEB-LAST"], sorted(number for number in moments if number.startswith("MAR")), ["APR-FIRST"]] == [
        sorted(lines) for _, lines in packages.values()
    ]
    assert [0, 1, 0] == [sum(of.sign is Sign.NOT_PROVEN for of in found.to_sign) for found, _ in packages.values()]
    assert [True, True, False] == [found.is_over for found, _ in packages.values()]
    for found, _ in packages.values():
        figures_tie(found)


def test_months_in_currencies_without_decimals_and_with_three_tie(scene: Scene) -> None:
    amounts = {"JPY": 3_000, "KWD": 12_345}
    hooli = scene.customer()
    for currency, minor in amounts.items():
        scene.ledger.add_invoice(currency, hooli.id, minor, currency, date(2026, 2, 1), by="bea")
        paid = a_payment(transaction_number=f"TXN-{currency}", amount_minor=minor, currency=currency)
        scene.feed(replace(paid, allocations=(Allocation(minor, currency),)))
    scene.sync()
    found, _ = made(scene, MARCH)
    for currency, minor in amounts.items():
        rolled, account = found.roll_forwards[currency], found.clearing[currency, "Undeposited Funds"]
        assert (minor, 0, minor, minor) == (
            rolled.figures[Line.BY_US].amount_minor, rolled.difference.amount_minor, account.closing_minor, account.ledger_minor
        )  # fmt: skip
    figures_tie(found)


def test_month_without_a_payment_has_nothing_to_be_recorded_and_its_accounts_tie(scene: Scene) -> None:
    scene.desk = replace(scene.desk, company=replace(scene.desk.company, deposit_accounts={"default": "Undeposited Funds"}))
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    scene.ledger.enter_receipt(hooli.id, 20_000, "USD", date(2026, 2, 10), by="bea")
    found, lines = made(scene, FEBRUARY)
    assert ({}, {}, [], True) == (lines, found.roll_forwards, found.to_sign, found.adds_up)
    assert (20_000, 30_000) == (
        found.clearing["USD", "Undeposited Funds"].ledger_minor,
        found.receivables["USD"].ledger_minor,
    )
    figures_tie(found)


def test_undeposited_funds_are_those_of_the_end_of_the_month(scene: Scene) -> None:
    hooli = scene.customer()
    for number, deposited_on in (("1", date(2026, 2, 27)), ("2", date(2026, 3, 9)), ("3", date(2026, 4, 2)), ("4", None)):
        paid = datetime(2026, 2, 20, 18, tzinfo=UTC) if number == "1" else datetime(2026, 3, 5, 18, tzinfo=UTC)
        scene.invoice(number, hooli, 10_000)
        scene.pay(f"TXN-{number}", 10_000, {number: 10_000}, paid_at=paid)
        scene.sync()
        if deposited_on:
            scene.ledger.deposit_receipt(scene.ledger.receipts()[-1].id, by="bea", deposited_on=deposited_on)
    goes_to(scene, datetime(2026, 4, 5, 12, tzinfo=UTC))
    accounts = [made(scene, month)[0].clearing["USD", "Undeposited Funds"] for month in (FEBRUARY, MARCH, APRIL)]
    assert [(0, 10_000, 0), (0, 10_000, 20_000), (20_000, 10_000, 10_000)] == [
        (of.opening_minor, of.deposited.amount_minor, of.closing_minor) for of in accounts
    ]
    held = [scene.ledger.trial_balance(month.last).debit_minor(UNDEPOSITED) for month in (FEBRUARY, MARCH, APRIL)]
    assert held == [of.closing_minor for of in accounts] == [of.ledger_minor for of in accounts]
