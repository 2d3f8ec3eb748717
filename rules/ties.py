"""What the texts of a receipt say about whose money it is: the payment's own number, or another number or tender.

Whoever enters a receipt by hand writes the number where they like: in the reference, a memo, a line, the deposit. All
texts count alike. The normal form of numbers is `receivables.reference_keys`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from receivables.books_records import Receipt
from receivables.evidence import Evidence
from receivables.reference_keys import TELLING_LENGTH, beginnings, cut_keys_in, key_of, keys_in, words_of

CUT_TELLING_LENGTH = 12  # fewer characters of a cut number may begin the numbers of many payments
ENDING_LENGTH = 4  # people copy the last digits of a long number


class Reference(StrEnum):
    """Whether a text of a receipt names the payment's transaction number."""

    EQUAL = "equal"  # a text is the number and nothing else
    CONTAINED = "contained"
    CUT = "cut"  # the reference ends, where its package cuts it, with the beginning of the number
    NONE = "none"


class Tender(StrEnum):
    """How money was handed over, as far as a word tells it."""

    CARD = "card"
    ACH = "ach"
    CHECK = "check"
    CASH = "cash"
    WIRE = "wire"


#: Words that people and packages use. A word that may mean two tenders ("bank transfer") stands for neither.
TENDERS = {
    **dict.fromkeys(("echeck", "ach", "eft", "directdebit"), Tender.ACH),
    **dict.fromkeys(("card", "creditcard", "debitcard", "visa", "mastercard", "amex", "discover"), Tender.CARD),
    **dict.fromkeys(("check", "checks", "cheque", "chk", "lockbox"), Tender.CHECK),
    "cash": Tender.CASH,
    "wire": Tender.WIRE,
}
ELECTRONIC = (Tender.CARD, Tender.ACH)


@dataclass(frozen=True)
class Tie:
    """`telling`: the number is so long that nobody types it by chance. `against`: the receipt speaks of other money."""

    reference: Reference
    telling: bool
    contested: bool  # it names, or may name, another payment that waits for the same money
    against: bool
    invoice: bool = False  # the number is also that of an invoice of the payment: whoever pays that one writes it

    @property
    def to_cash(self) -> bool:
        """It says which money this is. A short number says so only where it stands alone: it may be an invoice's."""
        return not self.invoice and (self.telling or self.reference is Reference.EQUAL)


@dataclass(frozen=True)
class Sought:
    """What the texts of receipts are compared with: the payment's number in its normal form, its invoices', its tender."""

    key: str
    cut_keys: frozenset[str]  # what may be left of it where its package cuts a reference, after so many characters
    longest_reference: int
    invoices: frozenset[str]
    electronic: bool  # paid by card or ACH


def sought(evidence: Evidence) -> Sought:
    """What makes a receipt this payment's."""
    key = key_of(evidence.payment.transaction_number)
    return Sought(
        key,
        frozenset(beginnings(key)),
        evidence.longest_reference,
        frozenset(word for line in evidence.lines for word in keys_in(line.invoice_number)),
        tender_of(evidence.payment.method) in ELECTRONIC,
    )


def tie(receipt: Receipt, of: Sought, rivals: Iterable[str]) -> Tie:
    """How the texts of a receipt tie it to the payment. `rivals` are the numbers of other payments that it may be."""
    key = of.key
    found = {word for text in receipt.written for word in keys_in(text)}
    reference, length = Reference.NONE, len(key)
    if key and any(key_of(text) == key for text in receipt.written):
        reference = Reference.EQUAL
    elif key in found:
        reference = Reference.CONTAINED
    elif cut := of.cut_keys & cut_keys_in(receipt.reference, of.longest_reference):
        reference, length = Reference.CUT, max(len(part) for part in cut)
    others = {key_of(number) for number in rivals}
    return Tie(
        reference,
        telling=reference is not Reference.NONE
        and length >= (CUT_TELLING_LENGTH if reference is Reference.CUT else TELLING_LENGTH),
        contested=bool(others & found) or (reference is not Reference.EQUAL and key not in found and bool(others)),
        against=_other_tender(receipt, of) or (reference is not Reference.CUT and _other_number(receipt, of)),
        invoice=key in of.invoices,
    )


def _other_tender(receipt: Receipt, of: Sought) -> bool:
    """A check, cash or a wire for what was paid by card or ACH."""
    entered = (tender_of(receipt.method) or tender_of(receipt.reference)) if of.electronic else None
    return entered is not None and entered not in ELECTRONIC


def tender_of(text: str) -> Tender | None:
    """The tender that a text names: "E-Check" is ACH, "Check 8841" a check."""
    words = keys_in(text)
    return None if words.isdisjoint(TENDERS) else next(tender for word, tender in TENDERS.items() if word in words)


def _other_number(receipt: Receipt, of: Sought) -> bool:
    """The reference holds a number that is neither the payment's nor one of its invoices': a check's, or another payment's."""
    if of.key in keys_in(receipt.reference):
        return False
    numbers = {key_of(word) for word in words_of(receipt.reference) if any(character.isdigit() for character in word)}
    return any(number not in of.invoices and not (len(number) >= ENDING_LENGTH and of.key.endswith(number)) for number in numbers)
