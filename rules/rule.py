"""What a rule is: a name, the cause it shows, when it fires, and what follows for people.

A rule is one function. Its decorator says when it fires, its docstring says it to people (Shows as / Happens when /
Remedy / Not to be confused with), and its body turns the matched facts into a remedy and the facts it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from receivables.diagnosis import Cause, Confidence, Fact, Finding, Remedy
from rules.cage import Match
from rules.patterns import EngineRule, Pattern, a
from rules.reading import Reading

PARTLY = "It would mend only a part of this payment."

#: Nothing is certain while a read failed: what was not read may say otherwise.
ALL_READ = a("reads", failed=0)


@dataclass(frozen=True)
class Matched:
    """What the engine found for one rule."""

    matches: tuple[Match, ...]
    confidence: Confidence

    @property
    def certain(self) -> bool:
        return self.confidence is Confidence.CERTAIN

    def places(self, alias: str) -> tuple[int, ...]:
        """Where the facts under this alias stand in the reading's tuple, each once, in order."""
        ids = {fact for match in self.matches for name, fact in match.facts if name == alias}
        return tuple(sorted(int(fact.rpartition("#")[2]) for fact in ids))


@dataclass(frozen=True)
class Conclusion:
    """What follows from a rule that fired; the fields are those of a finding."""

    remedy: Remedy
    alternatives: tuple[Remedy, ...] = ()
    because: tuple[Fact, ...] = ()
    applications: tuple[str, ...] = ()
    successors: tuple[tuple[int, str], ...] = ()
    proof: tuple[tuple[str, int], ...] = ()
    blocked: str = ""


@dataclass(frozen=True)
class Rule:
    """One way in which a cause shows. `when` makes it fire; with `whole` its remedy mends the whole payment; with
    `certain` as well there is no doubt. `certain=None` means that there is always some doubt.
    """

    name: str
    cause: Cause
    explained: str
    when: tuple[Pattern, ...]
    whole: tuple[Pattern, ...]
    certain: tuple[Pattern, ...] | None
    conclude: Callable[[Reading, Matched], Conclusion]

    def engine_rules(self) -> tuple[EngineRule, ...]:
        """The same rule as the engine judges it: fires, fires for the whole payment, fires without doubt."""
        rules = [EngineRule(self.name, self.when)]
        if self.whole:
            rules.append(EngineRule(f"{self.name}/whole", (*self.when, *self.whole)))
        if self.certain is not None:
            rules.append(EngineRule(f"{self.name}/certain", (*self.when, *self.whole, *self.certain, ALL_READ)))
        return tuple(rules)

    def finding(self, reading: Reading, matches: Iterable[Match]) -> tuple[Finding, bool] | None:
        """The finding and whether it is about the whole payment, or None where the rule did not fire."""
        found = tuple(matches)
        fired = tuple(match for match in found if match.rule == self.name)
        if not fired:
            return None
        names = {match.rule for match in found}
        whole = not self.whole or f"{self.name}/whole" in names
        certain = f"{self.name}/certain" in names
        confidence = Confidence.CERTAIN if certain else Confidence.LIKELY
        conclusion = self.conclude(reading, Matched(fired, confidence))
        return self._as_finding(conclusion, confidence, whole), whole

    def _as_finding(self, conclusion: Conclusion, confidence: Confidence, whole: bool) -> Finding:
        return Finding(
            cause=self.cause,
            rule=self.name,
            remedy=conclusion.remedy,
            confidence=confidence,
            alternatives=conclusion.alternatives,
            because=conclusion.because,
            applications=conclusion.applications,
            successors=conclusion.successors,
            proof=conclusion.proof,
            blocked=conclusion.blocked if whole else PARTLY,
        )


def rule(
    cause: Cause,
    *,
    when: tuple[Pattern, ...],
    whole: tuple[Pattern, ...] = (),
    certain: tuple[Pattern, ...] | None = (),
) -> Callable[[Callable[[Reading, Matched], Conclusion]], Rule]:
    """Makes a rule of the function that concludes. Its name becomes the rule's name, stable for ever."""

    def made(conclude: Callable[[Reading, Matched], Conclusion]) -> Rule:
        return Rule(conclude.__name__, cause, conclude.__doc__ or "", when, whole, certain, conclude)

    return made
