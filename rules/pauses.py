"""What the causes that stop a whole company share: lost access, a pause the books asked for, books that are away.

The sync pauses such a company as one thing to be told: no payment fails for it and none counts in the failure rate. The
rules of these causes are for a payment whose refusal says so.
"""

from __future__ import annotations

from receivables.diagnosis import Finding, Remedy
from rules import observations
from rules.reading import Reading
from rules.rule import Matched


def waits(reading: Reading, matched: Matched, remedy: Remedy) -> Finding:
    """A payment that the books refused for such a reason."""
    return matched.finding(remedy, Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))
