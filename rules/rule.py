"""What a rule is: a name, the cause it shows, when it fires, and what follows for people.

A rule is one function. Its decorator says when it fires, its docstring says it to people (Shows as / Happens when /
Remedy / Not to be confused with), and its body turns the matched facts into a remedy and the facts it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import cleandoc

from receivables.diagnosis import Cause, Confidence, Fact, Finding, Remedy
from receivables.words import Words
from rules.cage import Match
from rules.kinds import kind
from rules.patterns import EngineRule, Of, Pattern, a, together
from rules.reading import Reading

#: Nothing is certain while a read failed: what was not read may say otherwise.
ALL_READ = a("payment", all_read=True)


@kind
def mends_only_a_part(fact: Fact, words: Words) -> str:
    return "it would fix only a part of this payment."


@dataclass(frozen=True)
class Matched:
    """What the engine found for one rule, and how sure it is."""

    cause: Cause
    rule: str
    matches: tuple[Match, ...]
    confidence: Confidence

    @property
    def certain(self) -> bool:
        return self.confidence is Confidence.CERTAIN

    def places(self, alias: str) -> tuple[int, ...]:
        """Where the facts under this alias stand in the reading's tuple, each once, in order."""
        ids = {fact for match in self.matches for name, fact in match.facts if name == alias}
        return tuple(sorted(int(fact.rpartition("#")[2]) for fact in ids))

    def finding(
        self,
        remedy: Remedy,
        *alternatives: Remedy,
        because: Sequence[Fact],
        applications: tuple[str, ...] = (),
        successors: tuple[tuple[int, str], ...] = (),
        proof: tuple[tuple[str, int], ...] = (),
        blocked: Fact | None = None,
    ) -> Finding:
        """The finding of this rule: the remedy, what else may be done, and the facts it rests on, each once."""
        once = tuple(dict.fromkeys(because))
        return Finding(
            self.cause, self.rule, remedy, self.confidence, alternatives, once, applications, successors, proof, blocked
        )


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
    conclude: Callable[[Reading, Matched], Finding]

    @property
    def summary(self) -> str:
        """What the rule finds, in one sentence."""
        return " ".join(self.explained.split()).partition(" Shows as: ")[0]

    def engine_rules(self) -> tuple[EngineRule, ...]:
        """The same rule as the engine judges it: what makes it fire, and what besides, which other rules may ask as well."""
        return (EngineRule(self.name, together(self.when)), *(asked for asked in (self.for_whole, self.for_certain) if asked))

    @cached_property
    def for_whole(self) -> EngineRule | None:
        return self._besides(self.whole) if self.whole else None

    @cached_property
    def for_certain(self) -> EngineRule | None:
        return None if self.certain is None else self._besides((*self.certain, ALL_READ))

    def _besides(self, asked: tuple[Pattern, ...]) -> EngineRule:
        """Conditions that are judged by themselves; together with `when` where they compare with a fact that made it fire."""
        if any(isinstance(term.value, Of) for pattern in asked for term in pattern.terms):
            return EngineRule(f"{self.name} {asked}", together((*self.when, *asked)))
        return EngineRule(f"{asked}", together(asked))

    def reach(self, fired: Container[str]) -> tuple[bool, bool]:
        """Whether this rule, which fired, is about the whole payment, and is certain; `fired` names the engine's rules."""
        whole = self.for_whole is None or self.for_whole.name in fired
        return whole, whole and self.for_certain is not None and self.for_certain.name in fired

    def finding(self, reading: Reading, found: Mapping[str, Sequence[Match]]) -> tuple[Finding, bool]:
        """The finding of this rule, which fired, and whether it is about the whole payment; `found` by the engine's rules."""
        whole, certain = self.reach(found)
        confidence = Confidence.CERTAIN if certain else Confidence.LIKELY
        finding = self.conclude(reading, Matched(self.cause, self.name, tuple(found[self.name]), confidence))
        return (finding if whole else replace(finding, blocked=mends_only_a_part())), whole


def rule(
    cause: Cause,
    *,
    when: tuple[Pattern, ...],
    whole: tuple[Pattern, ...] = (),
    certain: tuple[Pattern, ...] | None = (),
) -> Callable[[Callable[[Reading, Matched], Finding]], Rule]:
    """Makes a rule of the function that concludes. Its name becomes the rule's name, stable for ever."""

    def made(conclude: Callable[[Reading, Matched], Finding]) -> Rule:
        return Rule(conclude.__name__, cause, cleandoc(conclude.__doc__ or ""), when, whole, certain, conclude)

    return made
