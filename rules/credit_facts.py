"""Kinds of facts about credit memos: when one was applied, what is known of the memo itself, and what keeps it on."""

from __future__ import annotations

from datetime import date
from typing import TypedDict, Unpack

from receivables.diagnosis import Fact, Money
from receivables.words import Words, plain
from rules.fact_kinds import closed, money, when
from rules.kinds import kind


@kind
def write_off_reversed_by_hand(fact: Fact, words: Words, *, how: str) -> str:
    return f"a write-off is reversed in these books so: {how}."


class _Applied(TypedDict):
    invoice: str
    amount: Money


class AppliedCredit(_Applied, total=False):
    """`total`, `said`, `dated` and `made_by` are of the memo itself."""

    total: Money | None
    said: str
    dated: date | None
    made_by: str


@kind
def credit_applied_after(fact: Fact, words: Words, **figures: Unpack[AppliedCredit]) -> str:
    return f"{_applied(fact, words, figures)}, after the customer paid."


@kind
def credit_applied_before(fact: Fact, words: Words, **figures: Unpack[AppliedCredit]) -> str:
    return f"{_applied(fact, words, figures)}, before the customer paid."


def _applied(fact: Fact, words: Words, figures: AppliedCredit) -> str:
    amount = money(words, figures["amount"])
    return f"{fact.document}{_memo(fact, words, figures)} was applied to {figures['invoice']} for {amount}{when(fact, words)}"


def _memo(fact: Fact, words: Words, figures: AppliedCredit) -> str:
    """What of the memo itself its application does not tell: its words, and its total, day and maker where they differ."""
    said, total, dated, made_by = (figures.get("said"), figures.get("total"), figures.get("dated"), figures.get("made_by"))
    told = [f"“{plain(said)}”"] if said else []
    if total and total != figures["amount"]:
        told.append(f"{money(words, total)} in all")
    if dated and (fact.at is None or words.day(dated) != words.day(fact.at)):
        told.append(f"dated {words.day(dated)}")
    if made_by and made_by != fact.person:
        told.append(f"made by {plain(made_by)}")
    return f" ({', '.join(told)})" if told else ""


@kind
def credit_locked(fact: Fact, words: Words, *, through: date | None = None) -> str:
    on = f" on {words.day(fact.at)}" if fact.at else ""
    return f"{fact.document} was applied{on}, and {closed(through, words)}."


@kind
def credit_shared(fact: Fact, words: Words) -> str:
    return f"{fact.document} is reconciled with several invoices at once, and the books take it off all of them or none."
