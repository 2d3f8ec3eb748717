"""Numbers as people type them, so that one written differently is still found.

A bookkeeper copies a transaction number into a reference, a memo or a line: in capitals or not, with other separators,
without leading zeros, in the middle of a sentence. All of that gives the same key here. Nothing is decided: what an
equal key means is asked by `rules`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

LONGEST_KEY = 64  # a feed's transaction number is at most this long
LONGEST_NAME = 200  # characters of a customer's name by which it is known
MOST_WORDS = 12  # of one key; "550e8400-e29b-41d4-a716-446655440000" has five
TELLING_LENGTH = 6  # a shorter key is an invoice or check number as well: it counts beside an equal amount only


#: The plain characters as they are folded below: letters and digits in small letters, and what ends a word.
_PLAIN = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}


def words_of(text: str) -> list[str]:
    """The words of a text, in order: compatibility forms and case are folded, and anything but letters and digits ends one."""
    if text.isascii():
        return text.translate(_PLAIN).split()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(_plain_digit(character) if character.isalnum() else " " for character in folded).split()


def _plain_digit(character: str) -> str:
    """Digits of every script as 0 to 9."""
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def key_of(number: str) -> str:
    """What identifies a number: "TX-0042" and "tx 0042" are "tx0042", "00042" is "42". "" where nothing is left."""
    return _without_zeros("".join(words_of(number)))


def name_key(name: str) -> str:
    """What identifies a customer's name: "Globex, Inc." and "GLOBEX INC" are "globexinc". "" where nothing is left."""
    return "".join(words_of(name))[:LONGEST_NAME]


@lru_cache(4096)  # the same receipts are looked at in every sync
def keys_in(text: str) -> frozenset[str]:
    """Every key that a text holds: each word and each run of neighboring words, joined, without leading zeros."""
    return frozenset(key for run in _runs(words_of(text)) if (key := _without_zeros("".join(run))))


def cut_keys_in(text: str, limit: int) -> frozenset[str]:
    """The keys at the end of a text that its package cut at `limit` characters: each may be the beginning of a number.

    Empty where the text is shorter than the limit: then it is whole.
    """
    if not limit or len(text) < limit:
        return frozenset()
    words = words_of(text)
    return frozenset(
        key
        for start in range(max(0, len(words) - MOST_WORDS), len(words))
        if len(key := _without_zeros("".join(words[start:]))) >= TELLING_LENGTH
    )


def beginnings(key: str) -> tuple[str, ...]:
    """What may be left of a key where a package cut it, the shortest first."""
    return tuple(key[:length] for length in range(TELLING_LENGTH, len(key)))


def _without_zeros(joined: str) -> str:
    """Spreadsheets drop leading zeros; a number that is nothing but zeros keeps one."""
    if len(joined) > LONGEST_KEY:
        return ""
    return joined.lstrip("0") or joined[:1]


def _runs(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(len(words)):
        length = 0
        for end in range(start, min(start + MOST_WORDS, len(words))):
            length += len(words[end])
            if length > LONGEST_KEY:
                break
            yield words[start : end + 1]
