"""Numbers as people type them: what differs only in form has the same key."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receivables.reference_keys import beginnings, cut_keys_in, key_of, keys_in, words_of


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("TX-9001-AB", "tx9001ab"),
        ("tx 9001 ab", "tx9001ab"),
        ("ＴＸ－９００１－ＡＢ", "tx9001ab"),
        ("00042", "42"),
        ("000", "0"),
        ("٠٤٢", "42"),
        ("Straße-1", "strasse1"),
        ("--", ""),
    ],
)
def test_form_makes_no_difference(typed: str, key: str) -> None:
    assert key_of(typed) == key


@pytest.mark.parametrize(
    "text",
    ["portal TX-9001-AB", "TX9001AB.", "Stripe (tx 9001 ab), paid", "tx_9001_AB/1", "re:TX–9001–AB"],
)
def test_a_number_inside_a_sentence_is_found(text: str) -> None:
    assert key_of("TX-9001-AB") in keys_in(text)


@pytest.mark.parametrize("text", ["TX-9001-ABC", "XTX-9001-AB", "TX-9001", "9001 AB TX"])
def test_a_longer_a_shorter_and_a_reordered_number_are_others(text: str) -> None:
    assert key_of("TX-9001-AB") not in keys_in(text)


def test_a_number_without_its_zeros_is_found_in_a_sentence() -> None:
    assert key_of("0055012") in keys_in("Stripe 55012")
    assert key_of("55012") in keys_in("Stripe 0055012")


def test_a_number_that_the_package_cut_is_found_by_its_beginning() -> None:
    number = "PORTAL-2026-03-000123456"
    kept = f"pay {number}"[:21]
    assert set(beginnings(key_of(number))) & cut_keys_in(kept, 21)
    assert cut_keys_in(kept[:20], 21) == frozenset()
    assert cut_keys_in(kept, 0) == frozenset()


def test_no_text_is_too_strange_or_too_long() -> None:
    assert keys_in("") == frozenset()
    assert keys_in("\ud800 a") == {"a"}
    assert len(keys_in(" ".join(f"w{number}" for number in range(500)))) <= 500 * 12
    assert keys_in("x" * 65) == frozenset()


@given(st.text(max_size=30), st.sampled_from([" ", "-", "_", "/", " - ", "#"]))
def test_case_and_separators_never_change_the_key(number: str, separator: str) -> None:
    words = words_of(number)
    assert key_of(separator.join(words)) == key_of("".join(words))
    assert key_of(unicodedata.normalize("NFD", number)) == key_of(unicodedata.normalize("NFC", number))


@given(st.lists(st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True), min_size=1, max_size=6))
def test_what_is_written_into_a_sentence_is_found_again(words: list[str]) -> None:
    number = "-".join(words)
    assert key_of(number) in keys_in(f"paid by ACH, {number.upper()}; thanks")
