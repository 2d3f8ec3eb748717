"""Two payments that are probably one: what makes them alike, and what keeps them apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import CHICAGO, a_payment

from receivables.payment import Allocation, Payment
from receivables.twins import Alike, alike

MOMENT = datetime(2026, 3, 3, 16, 15, 7, tzinfo=UTC)
FIRST = a_payment(
    transaction_number="00043",
    paid_at=MOMENT,
    has_time=True,
    allocations=(Allocation(30_000, "1042"), Allocation(10_000, "1043")),
)
LATE = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)  # 11:30 PM of Mar 3 in Chicago


def why(**changes: object) -> Alike | None:
    """How the first payment is like another one of its content, with these changes."""
    return alike(replace(FIRST, **({"transaction_number": "PX-9"} | changes)), FIRST, CHICAGO)  # type: ignore[arg-type]


def test_all_but_the_number_is_the_same() -> None:
    assert Alike.MOMENT is why()


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_at": MOMENT + timedelta(milliseconds=480)},
        {"customer": "  HOOLI "},
        {"method": "Card"},
        {"allocations": FIRST.allocations[::-1]},
        {"allocations": (Allocation(30_000, "01042"), Allocation(10_000, "#1043"))},
        {"allocations": (Allocation(30_000, invoice_id="88"), Allocation(10_000, "1043"))},
    ],
    ids=["fraction of a second", "name", "method", "order", "form of the invoice", "invoice by id"],
)
def test_what_another_feed_writes_differently_keeps_them_alike(changes: dict[str, object]) -> None:
    assert Alike.MOMENT is why(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"has_time": False},
        {"paid_at": MOMENT + timedelta(seconds=1)},
        {"customer": "Globex"},
        {"currency": "CAD"},
        {"amount_minor": 50_001},
        {"method": "ach"},
        {"allocations": ()},
        {"allocations": (Allocation(40_000, "1042"),)},
        {"allocations": (Allocation(30_000, "1042"), Allocation(10_000, "1044"))},
    ],
    ids=["a day only", "second", "customer", "currency", "amount", "method", "on account", "fewer", "other invoice"],
)
def test_one_difference_makes_another_payment(changes: dict[str, object]) -> None:
    assert why(**changes) is None


@pytest.mark.parametrize("number", ["43", "0000043", "４３", "٠٤٣", "000-43", " 43"])
def test_a_number_in_another_form_on_the_same_day_is_alike_whatever_else_differs(number: str) -> None:
    changes = {"transaction_number": number, "paid_at": LATE, "method": "ach", "allocations": (), "has_time": False}
    assert Alike.NUMBER is why(**changes)


@pytest.mark.parametrize("name", ["Cafe\u0301 Globex Inc.", "CAFÉ GLOBEX, INC", "Ｃafé Globex Inc"])
def test_such_a_number_is_alike_where_the_name_is_only_spelled_otherwise(name: str) -> None:
    first = replace(FIRST, customer="Café Globex, Inc.")
    assert Alike.NUMBER is alike(replace(first, transaction_number="43", customer=name), first, CHICAGO)


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_number": "44"},
        {"transaction_number": "43", "paid_at": LATE + timedelta(hours=1)},
        {"transaction_number": "43", "customer": "Globex"},
        {"transaction_number": "43", "amount_minor": 50_001},
        {"transaction_number": "43", "currency": "EUR"},
    ],
    ids=["number", "day in the company's calendar", "customer", "amount", "currency"],
)
def test_a_number_in_another_form_is_not_enough(changes: dict[str, object]) -> None:
    assert why(**({"paid_at": LATE} | changes)) is None


def test_a_number_without_letters_and_digits_is_like_no_other() -> None:
    assert alike(replace(FIRST, transaction_number="--", has_time=False), replace(FIRST, transaction_number="#"), CHICAGO) is None


def test_customers_are_told_apart_by_their_ids_where_both_are_given() -> None:
    with_id = replace(FIRST, customer_id="C1")
    assert alike(replace(with_id, transaction_number="P", customer="Hooli Inc."), with_id, CHICAGO) is Alike.MOMENT
    assert alike(replace(with_id, transaction_number="P", customer_id="C2"), with_id, CHICAGO) is None
    assert alike(replace(with_id, transaction_number="P", customer_id=""), with_id, CHICAGO) is Alike.MOMENT


@given(st.integers(0, 3), st.sampled_from(["43", "00043", "PX-9"]), st.booleans(), st.sampled_from(["Hooli", "hooli", "Globex"]))
def test_alike_is_the_same_in_both_directions(seconds: int, number: str, has_time: bool, customer: str) -> None:
    changed: Payment = replace(
        FIRST,
        transaction_number=number,
        paid_at=MOMENT + timedelta(seconds=seconds // 3),
        has_time=has_time,
        customer=customer,
    )
    assert alike(changed, FIRST, CHICAGO) == alike(FIRST, changed, CHICAGO)
