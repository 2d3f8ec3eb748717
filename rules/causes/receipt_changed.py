"""Our receipt was in the books as it should be, and somebody changed it."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule


@rule(Cause.RECEIPT_CHANGED, when=(a("part", verified=True, changed=True),))
def receipt_changed(reading: Reading, matched: Matched) -> Finding:
    """Our receipt was in the books as it should be, and somebody changed its amount or its invoices.

    Shows as: the nightly proof finds another amount, or other invoices, than were posted.
    Happens when: the receipt had been verified and differs now.
    Remedy: escalate, with both sides shown. A person recreates the receipt, or dismisses.
    Prevention: leave receipts with our mark as they are and let the remedies here change them.
    Not to be confused with: books that left our receipt unapplied from the beginning (accepted_unapplied).
    """
    changed = [fact for place in matched.places("part") for fact in observations.part(reading, reading.parts[place])]
    return matched.finding(Remedy.ESCALATE, Remedy.RECREATE_RECEIPT, Remedy.DISMISS, because=changed)


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return phrases.told(diagnosis.primary.facts("receipt_changed"), words)


CAUSE = CauseFile(
    Cause.RECEIPT_CHANGED, title="Receipt was changed in the books", rules=(receipt_changed,), sentence=sentence, recorded=True
)
