"""Says why a payment failed: facts in, diagnosis out, and nothing else. The same evidence always gives the same answer."""

from __future__ import annotations

from receivables.diagnosis import Diagnosis, Finding
from receivables.evidence import Evidence
from rules import facts, words
from rules.cage import Cage, Match
from rules.catalogue import RULES
from rules.reading import Reading, read
from rules.unidentified import unidentified

_cage = Cage(facts.SCHEMA, [engine_rule for rule in RULES for engine_rule in rule.engine_rules()])


def diagnose(evidence: Evidence) -> Diagnosis:
    """The cause, the recommended remedy, the runners-up and what was not checked. Pure.

    Raises `rules.cage.EngineFailed` when the rules engine could not judge the facts; the next call gets a new engine.
    """
    reading = read(evidence)
    whole, partly = _findings(reading, _cage.run(facts.rows(reading)))
    # A remedy that would mend only a part of the payment is never recommended: a person sees all the facts instead.
    primary, *runners_up = whole or [unidentified(reading)]
    return Diagnosis(
        primary,
        words.sentence(primary, reading),
        runners_up=(*runners_up, *partly),
        not_checked=words.not_checked(primary, reading),
    )


def _findings(reading: Reading, matches: tuple[Match, ...]) -> tuple[list[Finding], list[Finding]]:
    """Those about the whole payment and those about a part, each cause once, in the order of the catalogue."""
    by_rule: dict[str, list[Match]] = {}
    for match in matches:
        by_rule.setdefault(match.rule.partition("/")[0], []).append(match)
    whole: list[Finding] = []
    partly: list[Finding] = []
    for rule in RULES:
        found = rule.finding(reading, by_rule.get(rule.name, ()))
        if found is not None:
            finding, is_whole = found
            (whole if is_whole else partly).append(finding)
    return _each_cause_once(whole), [
        finding for finding in _each_cause_once(partly) if finding.cause not in {better.cause for better in whole}
    ]


def _each_cause_once(findings: list[Finding]) -> list[Finding]:
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.cause, finding)
    return list(first.values())
