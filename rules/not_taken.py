"""What is told of a write that the books keep putting off; nothing of it is there, and it is tried again."""

from __future__ import annotations

from datetime import datetime

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.payment import Payment
from receivables.quoting import MESSAGE_AT_MOST, ended
from receivables.words import Words, counted, plain
from rules import observations, phrases
from rules.kinds import kind


@kind
def not_taken(fact: Fact, words: Words, *, tries: int, message: str) -> str:
    return f"the books put it off in {counted(tries, 'try', 'tries')}: {ended(plain(message, MESSAGE_AT_MOST))}"


def put_off(payment: Payment, tries: int, message: str, at: datetime) -> Diagnosis:
    """The diagnosis of a payment that the books did not take in so many tries, with what they said last."""
    fact = not_taken("", Stamp("", at), tries=tries, message=plain(message, MESSAGE_AT_MOST))
    finding = Finding(Cause.BOOKS_UNAVAILABLE, "not_taken", Remedy.WAIT, Confidence.CERTAIN, because=(fact,))
    return Diagnosis(finding, payment=observations.the_payment(payment))


def sentence(diagnosis: Diagnosis, fact: Fact, words: Words) -> str:
    """How often it was tried, what the books said, and that nobody need do anything."""
    tries = fact.value("tries")
    often = f" in {counted(tries, 'try', 'tries')}" if isinstance(tries, int) else ""
    return (
        f"The books did not record this payment of {phrases.amount(diagnosis, words)}{often}. "
        f"{ended(fact.text('message'))} We keep trying, and record it at most once. Do not enter it by hand meanwhile."
    )
