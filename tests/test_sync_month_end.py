"""Month end: a month is played through, and each figure ties to the payments, to our record and to the ledger of the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from month_played import CLEARING, figures_tie, made, played
from scene import Scene

from accounting.embedded.general_ledger import CUSTOMER_DEPOSITS, RECEIVABLE, UNDEPOSITED
from receivables.diagnosis import Remedy
from receivables.errors import ConfigurationError
from receivables.month import Month
from receivables.payment import Allocation
from sync import requests
from sync.month import Line
from sync.month_package import MonthEnd, Sign

FEBRUARY, MARCH, APRIL = (Month.of(f"2026-0{number}") for number in (2, 3, 4))


def figures(found: MonthEnd, currency: str = "USD") -> dict[Line, tuple[int, int]]:
    rolled = found.roll_forwards[currency].figures
    return {line: (figure.count, figure.amount_minor) for line, figure in rolled.items() if figure.count or figure.amount_minor}


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    scene = played(tmp_path_factory.mktemp("march"))
    yield scene
    scene.db.close()
    scene.ledger.close()


def test_every_payment_of_the_month_is_explained(march: Scene) -> None:
    found, _ = made(march, MARCH)
    expected = {
        Line.OPENING: (1, 12_000),
        Line.TAKEN: (7, 50_000 + 7_000 + 20_000 + 9_000 + 6_000 + 8_000 + 1_500),
        Line.REFUNDED: (1, 8_000),
        Line.BY_US: (4, 50_000 + 7_000 + 20_000 + 9_000),
        Line.BY_HAND: (1, 12_000),
        Line.SETTLED: (1, 1_500),
        Line.OPEN_7: (1, 6_000),
    }
    assert (expected, 0) == (figures(found), found.roll_forwards["USD"].difference.amount_minor)
    assert {Line.TAKEN: (1, 4_000), Line.BY_US: (1, 4_000)} == figures(found, "EUR")
    assert {Line.TAKEN: (1, 3_000), Line.BY_US: (1, 3_000)} == figures(found, "JPY")
    assert (True, True) == (found.adds_up, found.is_over)
    assert (1, 5_500) == (found.roll_forwards["USD"].later.count, found.roll_forwards["USD"].later.amount_minor)


def test_what_is_not_recorded_at_the_end_is_the_opening_of_the_next_month(march: Scene) -> None:
    months = [made(march, month)[0].roll_forwards["USD"] for month in (FEBRUARY, MARCH, APRIL)]
    closing, opening = [of.closing.amount_minor for of in months], [of.figures[Line.OPENING].amount_minor for of in months]
    assert ([12_000, 6_000], [12_000, 6_000]) == (closing[:2], opening[1:])
    assert {Line.OPENING: (1, 6_000), Line.TAKEN: (2, 8_000), Line.BY_US: (1, 2_500), Line.EARLIER: (1, 5_500),
            Line.OPEN_30: (1, 6_000)} == figures(made(march, APRIL)[0])  # fmt: skip


def test_deposit_accounts_tie_to_the_ledger_of_the_books(march: Scene) -> None:
    found, _ = made(march, MARCH)
    ledger = march.ledger.trial_balance(MARCH.last)
    clearing = found.clearing["USD", CLEARING]
    assert ledger.debit_minor(CLEARING) == clearing.closing_minor
    assert (11_000, 20_000, 400) == (clearing.opening_minor, clearing.returns.amount_minor, clearing.fees.amount_minor)
    assert ledger.debit_minor(CLEARING, "EUR") == found.clearing["EUR", CLEARING].closing_minor == 4_000
    undeposited = found.clearing["USD", "Undeposited Funds"]
    assert (ledger.debit_minor(UNDEPOSITED), 7_000) == (undeposited.closing_minor, undeposited.deposited.amount_minor)
    figures_tie(found)


def test_receivables_tie_to_the_ledger_now_and_at_the_end_of_the_month(march: Scene) -> None:
    found, _ = made(march, MARCH)
    for currency in ("USD", "EUR", "JPY"):
        owed = found.receivables[currency]
        for expected, through in ((owed.at_end_minor, MARCH.last), (owed.now_minor, None)):
            ledger = march.ledger.trial_balance(through)
            assert expected == ledger.debit_minor(RECEIVABLE, currency) + ledger.debit_minor(CUSTOMER_DEPOSITS, currency)


def test_lines_of_detail_and_unapplied_credits_name_documents_and_people(march: Scene) -> None:
    found, details = made(march, MARCH)
    assert {"FEB-2", "APR-2", *(f"MAR-{number}" for number in range(1, 10))} == set(details)
    plain, waits = details["MAR-1"], details["MAR-7"]
    assert ((("INV-MAR-1", 50_000),), None, False) == (plain.applied, plain.days_open, plain.failed)
    assert (True, 6) == (waits.failed, waits.days_open)
    assert {"MAR-5": 9_000, "MAR-3": 0} == {number: details[number].on_account_minor for number in ("MAR-5", "MAR-3")}
    assert {("MAR-5", 9_000), ("FEB-2", 12_000)} == {
        (of.transaction, of.unapplied_minor) for of in found.credits if of.since <= MARCH.last and of.transaction != "APR-2"
    }


def test_reviewer_signs_what_needs_a_second_look(march: Scene) -> None:
    found, _ = made(march, MARCH)
    signed = {(of.sign, of.transaction) for of in found.to_sign}
    assert {
        (Sign.WITHOUT_RECEIPT, "MAR-9"),
        (Sign.OTHER_PERIOD, "FEB-2"),
        (Sign.OTHER_PERIOD, "APR-2"),
    } <= signed
    (bare,) = (of for of in found.to_sign if of.sign is Sign.WITHOUT_RECEIPT)
    assert ("Dana", "Sam", "written in the old system") == (bare.by, bare.approved_by, bare.reason)


def test_receipt_taken_out_of_the_books_is_the_difference(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    scene.sync()
    assert made(scene, MARCH)[0].adds_up

    scene.ledger.delete_receipt(scene.ledger.receipts()[0].id, by="bea")
    found, details = made(scene, MARCH)

    assert (50_000, 1, False) == (
        found.roll_forwards["USD"].difference.amount_minor,
        found.roll_forwards["USD"].difference.count,
        found.adds_up,
    )
    assert ["TXN-1"] == list(details)
    assert not found.is_over


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_receipt_with_our_mark_that_is_of_no_payment_is_a_difference(scene: Scene, currency: str) -> None:
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    scene.pay()
    scene.sync()
    (receipt,) = scene.ledger.receipts()
    scene.ledger.enter_receipt(hooli.id, 50_000, currency, date(2026, 3, 3), by="bea", memo=receipt.memo)
    found, _ = made(scene, MARCH)
    assert (0, 50_000, False) == (
        found.roll_forwards[currency].difference.amount_minor,
        found.marked_difference_minor(currency),
        found.adds_up,
    )


def test_receipt_of_the_same_customer_and_amount_some_days_later_is_listed_to_be_signed(scene: Scene) -> None:
    hooli = scene.customer()
    scene.invoice("1042", hooli, 50_000)
    scene.pay()
    scene.sync()
    for day in (6, 20):
        scene.ledger.enter_receipt(hooli.id, 50_000, "USD", date(2026, 3, day), by="bank feed", reference="ACH Hooli")
    found, _ = made(scene, MARCH)
    (listed,) = (of for of in found.to_sign if of.sign is Sign.POSSIBLE_DUPLICATE)
    assert ("TXN-1", date(2026, 3, 6), 50_000) == (listed.transaction, listed.on, listed.amount_minor)


def test_correction_that_was_taken_is_listed_with_what_was_and_what_is(scene: Scene) -> None:
    scene.invoice("1042", scene.customer(), 50_000)
    scene.pay()
    scene.feed(replace(scene.payment().payment, amount_minor=45_000, allocations=(Allocation(45_000, "1042"),)))
    asked = requests.request(scene.desk, "TXN-1", Remedy.ACCEPT_CORRECTION, by="dana", channel="cli", reason="as the portal says")
    requests.approve(scene.desk, asked.id, by="sam")
    scene.sync()
    found, _ = made(scene, MARCH)
    (listed,) = (of for of in found.to_sign if of.sign is Sign.CORRECTED)
    expected = "Amount $500.00, now $450.00; amounts by invoice $500.00, now $450.00."
    assert (expected, "Dana", "Sam", "as the portal says") == (listed.what, listed.by, listed.approved_by, listed.reason)
    assert (45_000, True) == (found.roll_forwards["USD"].to_be_recorded.amount_minor, found.adds_up)


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "March", "2026-03-01", "0000-01", "9999-12", "٢٠٢٦-03"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a month"):
        Month.of(text)


def test_month_ends_on_its_last_day() -> None:
    assert [date(2026, 2, 28), date(2028, 2, 29), date(2026, 12, 31)] == [
        Month.of(text).last for text in ("2026-02", "2028-02", "2026-12")
    ]
    assert timedelta(days=1) == Month.of("2026-04").first - Month.of("2026-03").last
