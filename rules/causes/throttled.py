"""The books allow no more calls for a while."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.refusal import Refusal
from receivables.words import Words
from rules import observations
from rules.cause_file import CauseFile
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import refused


@rule(Cause.THROTTLED, when=(refused(Refusal.THROTTLED),), certain=None)
def throttled(reading: Reading, matched: Matched) -> Finding:
    """The books allow no more calls for a while.

    Shows as: one notice for the company; its payments wait a minute, or until tomorrow where a daily limit is used up.
    Happens when: we, or other programs on the same books, called more often than the package allows.
    Remedy: wait; we go on by ourselves as soon as the books allow it.
    Prevention: let the sync run less often, or see which other program uses up the calls.
    Not to be confused with: lost access, for which a person must do something.
    """
    return matched.finding(Remedy.WAIT, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    return "The rate limit of the connection to the books was reached. Posting resumes automatically."


CAUSE = CauseFile(
    Cause.THROTTLED,
    title="Rate limit reached",
    rules=(throttled,),
    sentence=sentence,
    incident="The rate limit of the connection to the books was reached. Posting resumes automatically.",
    stops_company=True,
)
