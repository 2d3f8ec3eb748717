"""Kinds of facts about money that went back: what the feed says, the entries in the books, and whose receipt pays an invoice."""

from __future__ import annotations

from datetime import date

from receivables.diagnosis import Fact, Money
from receivables.words import Words
from rules import return_reasons
from rules.fact_kinds import money
from rules.kinds import kind


@kind
def payment_returned(fact: Fact, words: Words, *, on: date | None = None, reason: str = "") -> str:
    return f"{fact.document} was returned{_on(on, words)}{return_reasons.told(reason)}, according to the portal."


@kind
def payment_refunded(fact: Fact, words: Words, *, on: date | None = None, reason: str = "") -> str:
    return f"{fact.document} was refunded{_on(on, words)}{return_reasons.told(reason)}, according to the portal."


@kind
def payment_charged_back(fact: Fact, words: Words, *, on: date | None = None, reason: str = "", lost: bool = False) -> str:
    stands = "and the dispute was lost" if lost else "and the dispute is open"
    return f"{fact.document} was charged back{_on(on, words)}{return_reasons.told(reason)} {stands}, according to the portal."


@kind
def payment_failed(fact: Fact, words: Words, *, on: date | None = None, reason: str = "") -> str:
    return f"the money of {fact.document} never came{return_reasons.told(reason)}, according to the portal."


def _on(on: date | None, words: Words) -> str:
    return f" on {words.day(on)}" if on else ""


@kind
def money_out(fact: Fact, words: Words, *, of: str, amount: Money, dated: date) -> str:
    return f"{fact.document} of {money(words, amount)} for {of}, dated {words.day(dated)}, is in the books."


@kind
def receipt_of_returned(fact: Fact, words: Words, *, invoice: str, payment: str, status: str, on: date | None = None) -> str:
    """A receipt that still pays an invoice, of a payment whose money went back."""
    return f"{fact.document} of payment {payment}, {_went(status)}{_on(on, words)}, is still applied to {invoice}."


@kind
def receipt_of_recorded(fact: Fact, words: Words, *, invoice: str, payment: str, status: str, on: date | None = None) -> str:
    """The same where it is in the books that the money went back: they keep the receipt on its invoice."""
    which = f"{fact.document} of payment {payment}, {_went(status)}{_on(on, words)},"
    return f"{which} is still applied to {invoice}, although that is recorded."


def _went(status: str) -> str:
    return f"which was {status.replace('_', ' ')}"
