"""What tells, in every package, that an entry paid out the money of a receipt: the words on it and how much it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from receivables.books_records import MoneyOutKind
from receivables.effects import markers_in, stem_of
from receivables.reference_keys import TELLING_LENGTH, key_of, keys_in

_KINDS = (
    (re.compile(r"charge ?back|dispute", re.IGNORECASE), MoneyOutKind.CHARGEBACK),
    (re.compile(r"refund", re.IGNORECASE), MoneyOutKind.REFUND),
    (re.compile(r"\bnsf\b|return|bounced|dishono|insufficient|\bR\d\d\b", re.IGNORECASE), MoneyOutKind.RETURN),
)


def kind_of(said: str, otherwise: MoneyOutKind) -> MoneyOutKind:
    """Why the money went out, by the words on the entry."""
    return next((kind for words, kind in _KINDS if words.search(said)), otherwise)


def names(texts: Iterable[str], reference: str, memo: str) -> bool:
    """Whether a text of an entry holds a receipt's reference, or a marker of ours for the payment that its memo names."""
    written = [text for text in texts if text]
    ours = {stem_of(marker) for marker in markers_in(memo)}
    if ours & {stem_of(marker) for text in written for marker in markers_in(text)}:
        return True
    key = key_of(reference)
    return bool(key) and any(key in keys_in(text) for text in written)


def is_telling(out_minor: int, amount_minor: int, reference: str) -> bool:
    """Whether an entry of so much that names a receipt is its money. A short reference is a check number as well: it counts
    beside the same amount only. In minor units.
    """
    if out_minor == amount_minor:
        return True
    return 0 < out_minor < amount_minor and len(key_of(reference)) >= TELLING_LENGTH
