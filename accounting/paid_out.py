"""What tells, in every package, that an entry paid out the money of a receipt: the words on it and how much it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from receivables.books_records import MoneyOutKind, Receipt
from receivables.effects import markers_in, stem_of, stems_in
from receivables.reference_keys import TELLING_LENGTH, key_of, keys_in

_KINDS = (
    (re.compile(r"charged? ?-?back|dispute", re.IGNORECASE), MoneyOutKind.CHARGEBACK),
    (re.compile(r"refund", re.IGNORECASE), MoneyOutKind.REFUND),
    (re.compile(r"\bnsf\b|return|bounced|dishono|insufficient|\bR\d\d\b", re.IGNORECASE), MoneyOutKind.RETURN),
)


def kind_of(said: str, otherwise: MoneyOutKind) -> MoneyOutKind:
    """Why the money went out, by the words on the entry."""
    return next((kind for words, kind in _KINDS if words.search(said)), otherwise)


def names(texts: Iterable[str], receipt: Receipt) -> bool:
    """Whether a text of an entry holds the receipt's reference, or a marker of ours for the same payment."""
    said = [text for text in texts if text]
    if stems_in(receipt.memo) & frozenset().union(*map(stems_in, said)):
        return True
    key = key_of(receipt.reference)
    return bool(key) and any(key in keys_in(text) for text in said)


def shares(
    texts: Iterable[str], out_minor: int, receipts: Sequence[Receipt], left: Mapping[str, int]
) -> list[tuple[Receipt, int]]:
    """What an entry of so much paid out of each of these receipts of its customer, in minor units.

    It has to name one payment, which may have several receipts; one that names several payments is nobody's for certain.
    `left` is what other entries leave of each receipt. A short number is a check number as well: beside the whole only.
    """
    said = list(texts)
    named = [receipt for receipt in receipts if names(said, receipt)]
    whole_minor = sum(receipt.amount_minor for receipt in named)
    short = any(len(key_of(receipt.reference)) < TELLING_LENGTH for receipt in named)
    if len({_payment_of(receipt) for receipt in named}) != 1 or out_minor > whole_minor or (short and out_minor < whole_minor):
        return []
    spread: list[tuple[Receipt, int]] = []
    for receipt in named:
        taken_minor = min(out_minor, left[receipt.id])
        if taken_minor > 0:
            spread.append((receipt, taken_minor))
            out_minor -= taken_minor
    return spread


def _payment_of(receipt: Receipt) -> str:
    """What receipts of one payment have in common."""
    return next((stem_of(marker) for marker in markers_in(receipt.memo)), key_of(receipt.reference))
