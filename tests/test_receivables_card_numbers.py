"""Card numbers are recognized however they are written, and shown by their last four digits only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.card_numbers import holds_one, is_card_number, masked

#: Numbers that the brands publish for trying things out.
CARDS = {
    "visa": "4111111111111111",
    "visa of 13": "4222222222222",
    "visa of 19": "4111111111111111110",
    "mastercard": "5555555555554444",
    "mastercard from 2017": "2223003122003222",
    "american express": "378282246310005",
    "diners": "30569309025904",
    "discover": "6011111111111117",
    "jcb": "3530111333300000",
    "unionpay": "6200000000000005",
}


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS)
def test_every_brand_is_recognized_and_one_digit_more_or_less_is_not(number: str) -> None:
    assert is_card_number(number)
    changed = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not is_card_number(changed)
    assert not is_card_number(number + "0" * (20 - len(number)))


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111 - 1111 - 1111 - 1111",
        "4111\u20131111\u00a01111\u200b1111",
        "４１１１１１１１１１１１１１１１",
        "٤١١١١١١١١١١١١١١١",
        "0004111111111111111",
        "TX4111111111111111/7",
        "Hooli, card 4111 1111 1111 1111, invoice 1042",
        "4111111111111111:500.00;1043:20.00",
        "4111111111111111.00",
        "41111111\n11111111",
    ],
)
def test_no_form_hides_a_card_number(text: str) -> None:
    assert holds_one(text)
    shown = masked(text)
    assert "****1111" in shown
    assert not holds_one(shown)
    assert "11111" not in "".join(character for character in shown if character.isalnum() or character in ":;")


def test_what_stands_around_is_left_and_each_number_is_masked() -> None:
    text = "Hooli 4111111111111111 and 5555-5555-5555-4444, invoice 1042"
    assert "Hooli ****1111 and ****4444, invoice 1042" == masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # fails the check
        "9999999999999995",  # passes it, and is of no brand
        "411111111111116",  # of no brand's length
        "41111111111111111111111",
        "TXN-2026-03-03-000042",
        "1042:380.00;1043:120.00",
        "4111111;111111111",
        "550e8400-e29b-41d4-a716-446655440000",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not holds_one(text)
    assert text == masked(text)


@given(st.text(max_size=60))
def test_any_text_can_be_masked_and_then_holds_none(text: str) -> None:
    shown = masked(text)
    assert not holds_one(shown)
    assert (shown == text) == (not holds_one(text))


@given(
    st.text(st.characters(categories=["L", "P", "Zs"]), max_size=10),
    st.sampled_from(sorted(CARDS.values())),
    st.lists(st.sampled_from(["", " ", "-", ".", "\u2009", "\u2011"]), min_size=20, max_size=20),
)
def test_digits_grouped_in_any_way_are_found(before: str, number: str, between: list[str]) -> None:
    written = "".join(digit + gap for digit, gap in zip(number, between, strict=False))
    assert holds_one(f"{before}: {written}")
