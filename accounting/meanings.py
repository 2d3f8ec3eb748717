"""What packages mean when they say no: tables of codes and phrases, read from the top, in one form for every connector.

A row fits where its code and its phrase do. The vendor's own words are kept beside our meaning, for the log; people read
them too, made safe, where no cause of ours explains the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from receivables.errors import BooksRefused
from receivables.quoting import quoted
from receivables.refusal import UNEXPLAINED, Refusal

LONGEST_DETAIL = 2000  # characters of the vendor's own words that are kept for the log


@dataclass(frozen=True)
class Meaning:
    """One row: what it means, our words for people, and the code and the phrase by which it is known."""

    refusal: Refusal
    words: str
    phrase: str = ""  # a pattern that is searched, upper and lower case alike; "" is any
    code: str = ""  # "" is any


@dataclass(frozen=True)
class Said:
    """One thing that a package said: its code, where it has one, its words, and the sentence among them that people read."""

    code: str
    text: str
    sentence: str = ""  # all of its words where it is empty


def all_of(*phrases: str) -> str:
    """A pattern that fits where all of these are found, in whatever order: packages word one thing both ways around."""
    return "".join(f"(?=.*(?:{phrase}))" for phrase in phrases)


def meaning_of(table: Iterable[Meaning], said: Sequence[Said]) -> Meaning | None:
    """The first row that fits anything that was said: what tells more stands higher, wherever it was said."""
    for row in table:
        if any(row.code in ("", heard.code) and _found(row.phrase, heard.text) for heard in said):
            return row
    return None


def _found(phrase: str, text: str) -> bool:
    return re.search(phrase, text, re.IGNORECASE | re.DOTALL) is not None


def refused(package: str, meaning: Meaning, said: Sequence[Said], *, code: str = "", detail: str = "") -> BooksRefused:
    """The refusal with this meaning; `detail` is for the log."""
    return BooksRefused(in_words(package, meaning, said), meaning.refusal, code, detail[:LONGEST_DETAIL])


def in_words(package: str, meaning: Meaning, said: Sequence[Said]) -> str:
    """Our words, and the package's own where nothing of ours explains the refusal."""
    own = quoted(package, " ".join(heard.sentence or heard.text for heard in said))
    if meaning.refusal not in UNEXPLAINED or not own:
        return meaning.words
    return own if meaning.refusal is Refusal.INVALID else f"{meaning.words} {own}"
