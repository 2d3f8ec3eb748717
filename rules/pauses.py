"""What the causes that stop a whole company share: lost access, a pause the books asked for, books that are away.

The sync pauses such a company as one thing to be told: no payment fails for it and none counts in the failure rate.
`paused` says what is told then; the rules of these causes are for a payment whose refusal says so.
"""

from __future__ import annotations

from receivables.books_records import Stamp
from receivables.diagnosis import Cause, Confidence, Diagnosis, Fact, Finding, Remedy
from receivables.evidence import Refused
from receivables.words import Words, plain
from rules import observations
from rules.cause_file import Pause
from rules.fact_kinds import unchecked
from rules.kinds import kind
from rules.reading import Reading
from rules.rule import Matched


@kind
def books_away(fact: Fact, words: Words, *, message: str) -> str:
    since = f"since {words.day(fact.at)}: " if fact.at else ""
    return f"{since}{plain(message)}"


def waits(reading: Reading, matched: Matched, remedy: Remedy) -> Finding:
    """A payment that the books refused for such a reason."""
    return matched.finding(remedy, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def of_company(cause: Cause, pause: Pause, refused: Refused) -> Diagnosis:
    """What is said of the company. No rule is asked, because there is one fact and it says its own name."""
    fact = books_away("the books", Stamp("", refused.at), message=refused.message)
    finding = Finding(cause, cause.value, pause.remedy, Confidence.CERTAIN, because=(fact,))
    return Diagnosis(finding, not_checked=(unchecked(what="everything in these books, until they answer"),))
