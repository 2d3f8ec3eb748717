"""The books cannot be reached."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words
from rules import not_taken, observations
from rules.cause_file import CauseFile
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import refused


@rule(Cause.BOOKS_UNAVAILABLE, when=(refused(Refusal.BOOKS_UNAVAILABLE),), certain=None)
def books_unavailable(reading: Reading, matched: Matched) -> Finding:
    """The books cannot be reached.

    Shows as: one notice for the company; its payments wait and are posted by a later sync. A payment that the books answered
    five times, or for an hour, that nothing was saved and to try later, is shown by itself, with what they said.
    Happens when: the package or the network is down, or the books are locked or busy.
    Remedy: wait; every sync tries again.
    Prevention: none from our side; look at the package's own status page when it lasts.
    Not to be confused with: a receipt that was sent and not answered (outcome_unknown).
    """
    return matched.finding(Remedy.WAIT, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    for put_off in diagnosis.primary.facts("not_taken"):
        return not_taken.sentence(diagnosis, put_off, words)
    return "The books cannot be reached. We keep trying; nothing is posted until then."


CAUSE = CauseFile(
    Cause.BOOKS_UNAVAILABLE,
    title="The books cannot be reached",
    rules=(books_unavailable,),
    sentence=sentence,
    incident="The books have not answered for a while. Payments are posted as soon as they do.",
    stops_company=True,
)
