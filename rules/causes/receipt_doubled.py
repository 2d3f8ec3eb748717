"""The books hold one payment more than once."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, telling
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.RECEIPT_DOUBLED, when=(a("payment", doubled=True),))
def receipt_doubled(reading: Reading, matched: Matched) -> Finding:
    """The books hold this payment more than once.

    Shows as: two or more living receipts with our mark for one payment, or more money in them than was paid.
    Happens when: a receipt was copied by hand with our mark in it, or a write was carried out twice.
    Remedy: escalate; a person removes one of them in the books, or dismisses. Nothing is ever posted again by itself.
    Prevention: do not copy receipts in the books; a copy takes our mark with it.
    Not to be confused with: a payment that needs several receipts in its books, one for each part.
    """
    return matched.finding(Remedy.ESCALATE, Remedy.DISMISS, because=observations.our_receipts(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    receipts = diagnosis.primary.facts("receipt_ours")
    return (
        f"The books hold this payment of {telling.amount(diagnosis, words)} more than once: {telling.documents(receipts)}, "
        f"{telling.total(receipts, 'amount', words)} together. One of them must be removed."
    )


CAUSE = CauseFile(
    Cause.RECEIPT_DOUBLED, title="Receipt recorded twice", rules=(receipt_doubled,), sentence=sentence, recorded=True
)
