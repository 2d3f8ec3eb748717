"""Our receipt was in the books, and somebody deleted or voided it."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, telling
from rules.cause_file import CauseFile
from rules.facts import Doubt
from rules.patterns import a, no
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.RECEIPT_DELETED, when=(a("part", missing=True),), certain=(no("doubt", about=Doubt.DELETION),))
def receipt_deleted(reading: Reading, matched: Matched) -> Finding:
    """Our receipt was in the books, and somebody deleted or voided it.

    Shows as: a payment that was posted is no longer in the books.
    Happens when: the books plainly say that the receipt is deleted or voided. Certain once it had been verified.
    Remedy: escalate; somebody wanted it gone. A person recreates the receipt, or dismisses.
    Prevention: ask before deleting a receipt with our mark; to move it, dismiss or reopen the payment here.
    Not to be confused with: a receipt that could not be read: a read that failed proves nothing.
    """
    gone = [fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place])]
    again = () if reading.marked else (Remedy.RECREATE_RECEIPT,)  # another part is there: recreating would double it
    because = (*gone, *observations.our_receipts(reading))
    return matched.finding(Remedy.ESCALATE, *again, Remedy.DISMISS, because=because)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return telling.told(diagnosis.primary.facts("receipt_deleted", "receipt_voided"), words)


CAUSE = CauseFile(
    Cause.RECEIPT_DELETED, title="Receipt was deleted in the books", rules=(receipt_deleted,), sentence=sentence, recorded=True
)
