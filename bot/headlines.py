"""The title of a failure's card: who, how much, and why; once it is over, how it ended. Pure."""

from __future__ import annotations

import rules
from bot.text import HEADER_AT_MOST, cut
from receivables.diagnosis import Remedy
from receivables.payment import Bucket
from receivables.words import Words, plain
from storage.cards import CardFacts
from storage.corrections import CORRECTION

CUSTOMER_AT_MOST = 40  # so that the amount and the reason stand on the first line
_ENDED = {
    "put_right": "Fixed in the books",
    "dismissed": "Dismissed",
    "retried": "Being retried",
    "landed": "Confirmed: recorded",
    "excluded": "Excluded",
}


def headline(facts: CardFacts, words: Words) -> str:
    """Hooli · $500.00 · Credit memo CM-77 applied after payment"""
    payment = facts.payment.payment
    who, how_much = plain(payment.customer, CUSTOMER_AT_MOST), words.money(payment.amount_minor, payment.currency)
    part_minor = rules.asked_minor(payment, facts.evidence)
    if part_minor < payment.amount_minor:
        how_much = f"{words.money(part_minor, payment.currency)} of {how_much}"
    what = _why(facts, words) if facts.failure.state == "open" else _how_it_ended(facts)
    return cut(f"{who} · {how_much} · {what}", HEADER_AT_MOST)


def _why(facts: CardFacts, words: Words) -> str:
    if facts.failure.diagnosis is None:
        return "Checking why"
    if facts.failure.about == "payment" and facts.payment.bucket is Bucket.UNKNOWN:
        return "Checking whether it was recorded"
    return rules.why(facts.failure.diagnosis, words)


def _how_it_ended(facts: CardFacts) -> str:
    failure = facts.failure
    if failure.about == CORRECTION:
        return "Change accepted" if failure.resolution == "carried_out" else "Change not accepted"
    if failure.about != "payment" and failure.resolution not in ("carried_out", "put_right"):
        return "Nothing to record" if failure.resolution == "dismissed" else "Change in the feed settled"
    remedy = facts.decision.remedy if facts.decision and failure.resolution == "carried_out" else None
    if remedy is Remedy.VOID_RECEIPT:
        return "Receipt voided"
    if remedy is Remedy.RECORD_RETURN:
        return f"{(rules.went_back_as(failure.cause) if failure.cause else 'return').capitalize()} recorded"
    return _ENDED.get(failure.resolution or "", "Recorded")
