"""Causes that lie between us and the books: an answer that never came."""

from __future__ import annotations

from receivables.diagnosis import Cause, Remedy
from rules import observations
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Conclusion, Matched, rule


@rule(Cause.OUTCOME_UNKNOWN, when=(a("part", unanswered=True),))
def outcome_unknown(reading: Reading, matched: Matched) -> Conclusion:
    """A receipt was sent to the books and nobody knows yet whether it was recorded.

    Shows as: a payment on its way, without an answer.
    Happens when: the connection broke or timed out after the receipt was sent.
    Remedy: wait; the books are read until they answer. Nobody can hurry this, because posting again may double it.
    Not to be confused with: a receipt that was found after all (then whatever is wrong with it counts), or two
    that were found for a part already left to a person (receipt_doubled).
    """
    because = tuple(fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place]))
    return Conclusion(Remedy.WAIT, because=because + observations.our_receipts(reading))
