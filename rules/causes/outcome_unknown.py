"""A receipt was sent to the books, and nobody knows yet whether they recorded it."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import ours, phrases
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.OUTCOME_UNKNOWN, when=(a("part", unanswered=True),))
def outcome_unknown(reading: Reading, matched: Matched) -> Finding:
    """A receipt was sent to the books and nobody knows yet whether it was recorded.

    Shows as: a payment on its way, without an answer.
    Happens when: the connection broke or timed out after the receipt was sent.
    Remedy: wait; we keep checking the books until they answer. Do not enter it by hand meanwhile, and nobody can hurry this:
    posting again may double it.
    Prevention: none is needed; the books are asked before anything is ever sent a second time.
    Not to be confused with: a receipt that was found after all (then whatever is wrong with it counts), or two
    that were found for a part already left to a person (receipt_doubled).
    """
    unanswered = [fact for place in matched.places("part") for fact in ours.part(reading, reading.parts[place])]
    return matched.finding(Remedy.WAIT, because=(*unanswered, *ours.receipts(reading)))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return (
        f"This payment of {phrases.amount(diagnosis, words)} was sent to the books, and it is not confirmed yet whether they "
        "recorded it."
    )


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    return "We keep checking the books, and send nothing again before we know. Do not enter it by hand in the meantime."


def why(diagnosis: Diagnosis, words: Words) -> str:
    return "Checking whether it was recorded"


CAUSE = CauseFile(
    Cause.OUTCOME_UNKNOWN,
    title="Not known whether it was recorded",
    rules=(outcome_unknown,),
    sentence=sentence,
    to_do=to_do,
    why=why,
)
