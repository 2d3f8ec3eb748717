"""Card numbers, which must never be stored: how one is recognized in a text, and how it is shown.

A number is taken for a card's where it passes the Luhn check (ISO/IEC 7812-1, annex B) and has both the length and the
first digits of a brand. One in ten long numbers passes the check by chance, so a person may say that they are none.
"""

from __future__ import annotations

import re
import unicodedata

SHORTEST, LONGEST = 13, 19
LAST_SHOWN = 4

#: First digits from and through, and how many digits there are: the issuers' published ranges.
_BRANDS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset({13, 16, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),
    ("300", "305", frozenset({14})),  # Diners Club
    ("36", "36", frozenset({14})),
    ("38", "39", frozenset({14})),
    ("3528", "3589", frozenset(range(16, 20))),  # JCB
    ("6011", "6011", frozenset(range(16, 20))),  # Discover
    ("644", "649", frozenset(range(16, 20))),
    ("65", "65", frozenset(range(16, 20))),
    ("62", "62", frozenset(range(16, 20))),  # UnionPay
)
_MOST_BETWEEN = 3  # characters between two groups of digits, as in "4111 - 1111"
_POSSIBLE = re.compile(r"\d(?:[\x00-\x20._/\x7f-]{0,3}\d){12}", re.ASCII)  # a cheap look at a text that is plain ASCII
_DIGITS = re.compile(r"[0-9]+")


def is_card_number(digits: str) -> bool:
    """Whether these digits pass the check and have the length and the first digits of a brand."""
    known = any(len(digits) in lengths and first <= digits[: len(first)] <= last for first, last, lengths in _BRANDS)
    return known and _passes_luhn(digits)


def masked(text: str) -> str:
    """The text with every card number in it cut to its last four digits: "card ****1111"."""
    shown, end = "", 0
    for start, stop, digits in _found(text):
        shown += f"{text[end:start]}****{digits[-LAST_SHOWN:]}"
        end = stop
    return shown + text[end:]


def holds_one(text: str) -> bool:
    """Whether a card number stands in the text, however its digits are written and grouped."""
    return len(text) >= SHORTEST and bool(_found(text))


def _found(text: str) -> list[tuple[int, int, str]]:
    """Where card numbers stand (start, end, digits), from left to right; of two that overlap the longer one from the left."""
    if len(text) < SHORTEST or (text.isascii() and not _POSSIBLE.search(text)):
        return []
    plain = "".join(_as_digit(character) for character in text)  # character by character, so that places stay the same
    groups = [(match.start(), match.end()) for match in _DIGITS.finditer(plain)]
    found: list[tuple[int, int, str]] = []
    first = 0
    while first < len(groups):
        last = _card_from(plain, groups, first)
        if last is None:
            first += 1
            continue
        start, end = groups[first][0], groups[last][1]
        found.append((start, end, "".join(_DIGITS.findall(plain[start:end]))))
        first = last + 1
    return found


def _card_from(plain: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with this group, or None. Zeros before it do not count."""
    digits, last = "", None
    for place in range(first, len(groups)):
        start, end = groups[place]
        if place > first and not _joins(plain[groups[place - 1][1] : start]):
            break
        digits = (digits + plain[start:end]).lstrip("0")
        if len(digits) > LONGEST:
            break
        if is_card_number(digits):
            last = place
    return last


def _joins(between: str) -> bool:
    """Whether what stands between two groups of digits leaves them one number: spaces, dashes, points and what is invisible."""
    return len(between) <= _MOST_BETWEEN and all(
        character in "._/\u00b7\u2212" or unicodedata.category(character) in ("Zs", "Pd", "Cf", "Cc") for character in between
    )


def _as_digit(character: str) -> str:
    """Digits of every script and form as 0 to 9."""
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
